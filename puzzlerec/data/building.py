"""Builds datasets from generators, the same rows for the same seed whatever the workers, and ARC's from its tasks.

The work is cut into chunks, each with a random state of its own from (seed, split, number of the chunk). Chunks come
back in order; rows that repeat an earlier one are dropped. Test is built first, and training rows that are symmetric to
a test row, or share more than a generator allows (a Sudoku's solution grid, a maze's walls), are dropped too.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import re
import signal
import threading
from collections import abc, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing
from difflib import get_close_matches
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from puzzlerec.data import arc_agi
from puzzlerec.data.store import SPLITS, Attributes, Dataset, Rows, write_dataset
from puzzlerec.processes import Processes
from puzzlerec.puzzles import KINDS, PuzzleKind
from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator

if TYPE_CHECKING:
    from puzzlerec.puzzles.kernels import KeySet

DEFAULT_ROWS = {"train": 1000, "test": 1000}
_BARREN = 50  # chunks in a row without a new puzzle, after which there are no more to expect

Progress = Callable[[int], None]  # is told how many more rows there are


def build(
    name: str,
    path: Path | str,
    *,
    train: int = DEFAULT_ROWS["train"],
    test: int = DEFAULT_ROWS["test"],
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = lambda more: None,
    processes: Processes | None = None,
    **settings: Any,
) -> str:
    """Builds the dataset ``name`` into the file ``path`` and returns the SHA-256 of its content.

    ``workers`` processes generate, as many as there are free processors if None. ``settings`` are the generator's own.
    The file appears when it is complete. Raises `DatasetError` for a name, number or setting that cannot be used.
    Several ``processes`` that call this generate together, without workers; the leading one writes the file.

    Tasks are loaded and not generated: ``train`` and ``test`` mean nothing to them, the settings are
    `arc_agi.SETTINGS`, and the leading process does all.
    """
    processes = processes or Processes()
    kind, shape = kind_and_shape(name)
    settings = checked(name, settings)
    if is_loaded(name):
        if not processes.leads:
            return processes.told("")
        tasks = arc_agi.collect_by(settings, shape)
        return processes.told(arc_agi.build(tasks, path, copies=settings["copies"], seed=seed, progress=progress))
    maker = generator(name)
    wanted = {"test": test, "train": train}
    for split, rows in wanted.items():
        if rows < 0:
            raise DatasetError(f"A dataset cannot have {rows} rows in {split}.")
    if not any(wanted.values()):
        raise DatasetError("A dataset needs at least one row in train or test.")
    if workers is not None and workers < 1:
        raise DatasetError(f"At least one worker is needed, not {workers}.")
    if workers is not None and processes.size > 1:
        raise DatasetError(f"The {processes.size} processes generate themselves: leave workers out.")
    shape = maker.shape_of(settings)
    version, told = maker.signature(settings)
    attributes = Attributes(kind.name, shape, kind.vocabulary, version, seed, told | {"train": train, "test": test})
    from puzzlerec.puzzles.kernels import KeySet

    kept_out = KeySet()
    with _Workers(1 if processes.size > 1 else workers or len(_processors())) as pool:

        def chunks_of(split: str) -> AbstractContextManager[Iterator[Chunk]]:
            chunk = partial(make, maker, settings, seed, split)
            if processes.size == 1:
                return closing(pool.map(chunk))
            return closing(processes.shared(count(), lambda number: [chunk(number)]))

        def rows_of(split: str) -> Iterator[Rows]:
            with chunks_of(split) as chunks:
                for rows in _distinct(chunks, wanted[split], split, kept_out):
                    yield rows
                    progress(len(rows))

        splits = [split for split, rows in wanted.items() if rows]
        if processes.leads:
            return processes.told(write_dataset(path, {split: rows_of(split) for split in splits}, attributes))
        for split in splits:
            with chunks_of(split) as chunks:
                list(chunks)  # all are the leader's
        return processes.told("")


def ensure(
    name: str,
    *,
    train: int = DEFAULT_ROWS["train"],
    test: int = DEFAULT_ROWS["test"],
    seed: int = 0,
    workers: int | None = None,
    progress: Progress = lambda more: None,
    **settings: Any,
) -> Path:
    """The file of such a dataset in the datasets folder, built if it is missing; arguments as for `build`."""
    path = default_path(name, train=train, test=test, seed=seed, **settings)
    if path.exists():
        Dataset.open(path).close()
    else:
        build(name, path, train=train, test=test, seed=seed, workers=workers, progress=progress, **settings)
    return path


def default_path(name: str, *, train: int, test: int, seed: int, **settings: Any) -> Path:
    """Where `ensure` keeps a dataset: its name tells what it is, the version and settings by a short hash."""
    settings = checked(name, settings)
    if is_loaded(name):
        tasks = arc_agi.collect_by(settings, kind_and_shape(name)[1])
        return arc_agi.default_path(tasks, datasets_folder(), copies=settings["copies"], seed=seed)
    maker = generator(name)
    exact = json.dumps(maker.signature(settings), sort_keys=True)
    digest = hashlib.sha256(exact.encode()).hexdigest()[:8]
    return datasets_folder() / f"{name}-{train}-{test}-seed{seed}-{digest}.h5"


def rows_of(name: str, train: int, test: int, **settings: Any) -> int:
    """About how many rows such a dataset has."""
    if not is_loaded(name):
        return train + test
    settings = checked(name, settings)
    return arc_agi.most_rows(arc_agi.collect_by(settings, kind_and_shape(name)[1]), settings["copies"])


def is_loaded(name: str) -> bool:
    """Whether the dataset's puzzles are tasks that are loaded, and not generated."""
    return kind_and_shape(name)[0].pairs


def datasets_folder() -> Path:
    """The folder of built datasets: PUZZLEREC_DATASETS, or ./datasets."""
    return Path(os.environ.get("PUZZLEREC_DATASETS") or "datasets")


def generator(name: str) -> Generator:
    """The generator of the datasets called ``name``. Raises `DatasetError`, with the nearest name, if there is none."""
    kind, shape = kind_and_shape(name)
    maker = kind.generator(shape)
    if maker is None:
        raise DatasetError(f"Nothing generates puzzles of the kind {kind.name!r}; ARC's tasks are loaded.")
    return maker


def kind_and_shape(name: str) -> tuple[PuzzleKind, tuple[int, int] | None]:
    """What the datasets called ``name`` hold: a name is a kind's own, for its usual shape (None), or says the shape.

    "sudoku-4x4" is a kind's own, "maze-20x20" says the shape. Raises `DatasetError` if there is no such kind.
    """
    kind_name, shape = name, None
    if name not in KINDS and (match := re.fullmatch(r"(.+)-(\d+)x(\d+)", name)):
        kind_name, shape = match[1], (int(match[2]), int(match[3]))
    kind = KINDS.get(kind_name)
    if kind is None:
        nearest = get_close_matches(name, KINDS, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        raise DatasetError(
            f"There is no dataset {name!r} to build; there are {', '.join(KINDS)}, and other sizes of some.{hint}"
        )
    return kind, shape


def checked(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of the datasets called ``name``, those that are not given at their defaults. Raises `DatasetError`.

    Of what is generated they are the generator's.
    """
    maker = None if is_loaded(name) else generator(name)
    defaults = arc_agi.SETTINGS if maker is None else maker.settings
    for key, value in settings.items():
        if key not in defaults:
            known = f"it has {', '.join(defaults)}" if defaults else "it has none"
            raise DatasetError(f"The dataset {name!r} has no setting {key!r}; {known}.")
        default = defaults[key]
        if isinstance(default, str):
            if not isinstance(value, str):
                raise DatasetError(f"The setting {key!r} is a word such as {default}, not {value!r}.")
        elif isinstance(value, bool) or not isinstance(value, (int, float) if isinstance(default, float) else int):
            raise DatasetError(f"The setting {key!r} is a number such as {default}, not {value!r}.")
    complete = {key: type(default)(settings.get(key, default)) for key, default in defaults.items()}
    if maker is not None:
        maker.check(complete)
    return complete


def _distinct(chunks: Iterator[Chunk], wanted: int, split: str, kept_out: KeySet) -> Iterator[Rows]:
    """The first ``wanted`` rows, none twice; test rows' classes go into ``kept_out``, training rows avoid those."""
    from puzzlerec.puzzles.kernels import KeySet

    seen = KeySet()
    written, barren = 0, 0
    for chunk in chunks:
        new = np.flatnonzero(seen.add(chunk.keys))
        if split == "train":
            new = new[~kept_out.has(chunk.classes[new])]
        new = new[: wanted - written]
        if split == "test":
            kept_out.add(chunk.classes[new])
        barren = 0 if len(new) else barren + 1
        if barren == _BARREN:
            raise DatasetError(f"There are no more than about {written} different puzzles for {split}; ask for fewer.")
        if len(new):
            yield Rows(
                chunk.inputs[new],
                chunk.labels[new],
                np.zeros(len(new), np.int32),
                np.arange(written, written + len(new), dtype=np.int32),
                None if chunk.ratings is None else chunk.ratings[new],
            )
            written += len(new)
        if written == wanted:
            return


def make(maker: Generator, settings: dict[str, Any], seed: int, split: str, number: int) -> Chunk:
    """The dataset's chunk ``number``: its random state depends on the seed, the split and the number alone."""
    state = np.random.SeedSequence([seed, SPLITS.index(split), number]).generate_state(1, np.uint64)
    return maker.chunk(settings, split, state)


class _Workers:
    """Processes that make chunks; with one worker, this process itself."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> _Workers:
        if self._count > 1:
            # Spawned, not forked: a fork would copy the state of whatever threads and devices the caller has.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(self._count, context, initializer=_follow_the_parent)
        return self

    def __exit__(self, *error: object) -> None:
        if self._pool:
            if error[0] is not None:  # a signal may have cut short what wakes the pool's thread: dead workers wake it
                for process in list((self._pool._processes or {}).values()):
                    process.terminate()
            self._pool.shutdown(cancel_futures=True)

    def map(self, chunk: Callable[[int], Chunk]) -> abc.Generator[Chunk]:
        """Chunks 0, 1, ... without end, a few of them made ahead."""
        if self._pool is None:
            yield from map(chunk, count())
            return
        ahead: deque[Future[Chunk]] = deque()
        numbers = count()
        try:
            while True:
                while len(ahead) < 2 * self._count:
                    ahead.append(self._pool.submit(chunk, next(numbers)))
                yield ahead.popleft().result()
        except BrokenProcessPool:
            raise DatasetError("A worker was ended from outside, perhaps for want of memory: use fewer.") from None
        finally:
            for future in ahead:
                future.cancel()


def _follow_the_parent() -> None:
    """A worker ends when its parent does, however that ends, and leaves it to that to act on Ctrl-C.

    Ctrl-C reaches the whole process group. A worker that waits for work does not notice that nobody is left.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _processors() -> list[int]:
    """The processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))
