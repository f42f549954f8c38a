"""``puzzlerec data``: builds datasets, describes them, shows examples."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli.errors import INTERRUPTED, UNSOLVED, CommandError
from puzzlerec.cli.options import Seed
from puzzlerec.cli.terminal import answers, messages, progress, speaks_unicode

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console

    from puzzlerec.data import Dataset
    from puzzlerec.data.arc_agi import Collection
    from puzzlerec.data.building import Progress

app = typer.Typer(no_args_is_help=True, help="Datasets: build, describe and show them.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A dataset that was built or imported.")]
BARS = 40  # characters of the longest bar of a histogram
MOST_IDS = 8  # tasks that are named in a sentence

# The parameters of `build` for generated puzzles and for ARC's tasks, which are loaded
GENERATED = {"train": "--train", "test": "--test", "size": "--size", "workers": "--workers", "settings": "--set"}
LOADED = {"version": "--version", "folders": "--with", "copies": "--copies"}


@app.command()
def build(
    context: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="sudoku, sudoku-6x6, sudoku-4x4, maze, maze-20x20, maze-9x9, ..., arc")
    ],
    train: Annotated[int, typer.Option(metavar="N", min=0, help="Training puzzles.")] = 1000,
    test: Annotated[int, typer.Option(metavar="N", min=0, help="Test puzzles, none a copy of a training one.")] = 1000,
    seed: Seed = 0,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes; all free processors if not given. Changes no puzzle."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; a name under ./datasets if not given.")
    ] = None,
    size: Annotated[int | None, typer.Option(metavar="N", help="Rows and columns: the same as NAME-NxN.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=NUMBER",
            help="A setting of the generator. sudoku: the shares extreme, hard, plain, few; maze: the least moves.",
        ),
    ] = None,
    version: Annotated[
        int | None, typer.Option("--version", metavar="1|2", min=1, max=2, help="arc: the tasks of ARC-AGI-1 or -2.")
    ] = None,
    folders: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="FOLDER",
            help="arc: tasks as JSON, to train on. Without --version their tests are the test set. Repeatable.",
        ),
    ] = None,
    copies: Annotated[
        int, typer.Option(metavar="N", min=0, help="arc: rotated and recoloured copies of each task.")
    ] = 1000,
    force: Annotated[bool, typer.Option("--force", "-f", help="Build even if the file is there.")] = False,
) -> None:
    """Make a dataset: Sudokus, half of them extremely hard; mazes with long shortest paths; lines to complete (copy,
    reverse, addition); ARC's tasks.

    \b
    puzzlerec data build sudoku --train 1000 --test 1000
    puzzlerec data build maze --size 20 --seed 7 --out mazes.h5
    puzzlerec data build sudoku --set extreme=1 --set hard=0 --set plain=0 --set few=0
    puzzlerec data build addition --set shortest=11 --set longest=20
    puzzlerec data build arc --version 1 --with ConceptARC/corpus
    puzzlerec data build arc --with my-tasks --copies 100

    Every puzzle is proved to have one solution (mazes: the shortest path that the published sets choose). The same
    seed makes the same dataset. The file appears when it is complete; Ctrl-C leaves what was there before.

    Exit status: 0 built, or already there; 2 wrong usage; 130 interrupted.
    """
    from puzzlerec.data import Dataset

    for parameter, option in (GENERATED if name == "arc" else LOADED).items():
        source = context.get_parameter_source(parameter)
        if source and source.name == "COMMANDLINE":
            remedy = f"it has {', '.join(LOADED.values())}" if name == "arc" else "it is for arc"
            raise CommandError(f"{option} does not apply to {name}; {remedy}.")
    if name == "arc":
        making = _from_tasks(out, version, folders or [], copies, seed)
    else:
        making = _generated(out, name, size, train, test, seed, workers, dict(map(_setting, settings or [])))
    path = making.path
    if path.exists() and not force:
        Dataset.open(path).close()
        messages.note(f"{path} is there already; --force builds it again.")
        return
    try:
        with progress(name, making.rows, "puzzles") as advance:
            sha256 = making.write(advance)
    except KeyboardInterrupt:
        messages.note(f"Interrupted; {path} was not {'changed' if path.exists() else 'written'}.")
        raise typer.Exit(INTERRUPTED) from None
    with Dataset.open(path) as dataset:
        counts = {split: len(dataset.splits[split]) if split in dataset.splits else 0 for split in ("train", "test")}
    messages.note(
        f"{counts['train']:,} training and {counts['test']:,} test puzzles, seed {seed}, "
        f"content SHA-256 {sha256[:16]}..."
    )
    for remark in making.remarks:
        messages.note(remark)
    print(path)


@dataclass(frozen=True)
class _Making:
    """A dataset that is to be made."""

    path: Path
    rows: int  # about
    write: Callable[[Progress], str]  # writes the file and returns its SHA-256
    remarks: Sequence[str] = ()  # what else there is to say when it is made


def _generated(
    out: Path | None,
    name: str,
    size: int | None,
    train: int,
    test: int,
    seed: int,
    workers: int | None,
    settings: dict[str, int | float],
) -> _Making:
    from puzzlerec import data
    from puzzlerec.data.building import default_path

    if size is not None:
        if "-" in name:
            raise CommandError(f"The name {name} says the size already; leave --size out.")
        name = f"{name}-{size}x{size}"
    path = out or default_path(name, train=train, test=test, seed=seed, **settings)

    def write(advance: Progress) -> str:
        return data.build(name, path, train=train, test=test, seed=seed, workers=workers, progress=advance, **settings)

    return _Making(path, train + test, write)


def _from_tasks(out: Path | None, version: int | None, folders: Sequence[Path], copies: int, seed: int) -> _Making:
    from puzzlerec.data import arc_agi
    from puzzlerec.data.building import datasets_folder

    tasks = arc_agi.collect(version, folders)
    path = out or arc_agi.default_path(tasks, datasets_folder(), copies=copies, seed=seed)

    def write(advance: Progress) -> str:
        return arc_agi.build(tasks, path, copies=copies, seed=seed, progress=advance)

    return _Making(path, arc_agi.most_rows(tasks, copies), write, _remarks(tasks))


def _remarks(tasks: Collection) -> list[str]:
    remarks = [f"{_count(len(tasks.training), 'training task')}, {_count(len(tasks.evaluation), 'evaluation task')}."]
    if tasks.dropped:
        remarks.append(f"Dropped from training, because the evaluation has them: {_named(tasks.dropped)}.")
    if tasks.repeated:
        remarks.append(f"{_count(tasks.repeated, 'task')} of the folders had the id of a training task: left out.")
    if tasks.unknown:
        remarks.append(f"{_count(tasks.unknown, 'test')} without a known output: left out.")
    return remarks


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _named(ids: Sequence[str]) -> str:
    """How many tasks there are, and which, at least the first of them."""
    if not ids:
        return "none"
    more = f" and {len(ids) - MOST_IDS:,} more" if len(ids) > MOST_IDS else ""
    return f"{_count(len(ids), 'task')} ({', '.join(ids[:MOST_IDS])}{more})"


@app.command()
def info(
    file: File, as_json: Annotated[bool, typer.Option("--json", help="As JSON, without the histogram.")] = False
) -> None:
    """Tell what a dataset is, how hard its puzzles are, and prove its hash.

    Exit status: 0 sound; 1 changed since it was written; 2 no dataset.
    """
    from puzzlerec.data import Dataset, DatasetError

    with Dataset.open(file) as dataset:
        try:
            dataset.verify()
            damage = ""
        except DatasetError as error:
            damage = str(error)
        facts: dict[str, Any] = {
            "file": str(file),
            "puzzle": dataset.puzzle,
            "shape": list(dataset.shape),
            "generator": dataset.generator,
            "settings": dataset.settings,
            "seed": dataset.seed,
            "rows": {name: len(split) for name, split in dataset.splits.items()},
            "sha256": dataset.sha256,
            "sound": not damage,
        }
        if dataset.identifiers is not None:
            facts["puzzle_ids"] = dataset.puzzle_id_count
        ratings = {name: split.ratings[:] for name, split in dataset.splits.items() if split.ratings is not None}
    if as_json:
        facts["mean_rating"] = {name: round(float(column.mean()), 3) for name, column in ratings.items()}
        print(json.dumps(facts, indent=2))
    else:
        _print_info(facts, ratings)
    if damage:
        messages.error(damage)
        raise typer.Exit(UNSOLVED)


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A dataset, or ARC tasks as JSON.")],
    split: Annotated[str, typer.Option(metavar="NAME", help="train or test.")] = "train",
    index: Annotated[int, typer.Option(metavar="N", min=0, help="The first example, or task, to show, from 0.")] = 0,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")] = 1,
    digits: Annotated[bool, typer.Option("--digits", help="ARC: write the digits of the colours on them.")] = False,
) -> None:
    """Draw examples: given cells in bold, the answer's in colour; question and answer where there are no colours.

    Of ARC, inputs and outputs; of a JSON file of ARC tasks, all demonstrations and tests.
    """
    import numpy as np

    from puzzlerec.data import Dataset
    from puzzlerec.puzzles import Puzzle, get
    from puzzlerec.views.text import draw

    if _holds_tasks(file):
        _show_tasks(file, index, count, digits)
        return
    with Dataset.open(file) as dataset:
        if dataset.puzzle == "arc":
            _show_pairs(dataset, split, index, count, digits)
            return
        rows = dataset.split(split)
        if index >= len(rows):
            raise CommandError(f"{file} has {len(rows):,} examples in {split}, from 0; there is no {index}.")
        chosen = rows.read(index, index + count)
        kind, shape = get(dataset.puzzle), dataset.shape
    console = answers()
    for i in range(len(chosen)):
        rating = "" if chosen.ratings is None else f", rated {chosen.ratings[i]:.1f}"
        console.print(f"{split} {index + i}{rating}", style="dim")
        puzzle = Puzzle(kind, chosen.inputs[i].reshape(shape))
        answer = chosen.labels[i].reshape(shape)
        for tokens in [answer] if console.color_system else [puzzle.question, answer]:
            drawing = draw(puzzle, tokens, np.zeros(shape, bool), console.width, speaks_unicode(console))
            console.print(drawing, soft_wrap=True)


def _holds_tasks(file: Path) -> bool:
    """Whether the file is JSON rather than a dataset."""
    from puzzlerec.files import is_hdf5

    if not file.is_file() or is_hdf5(file):
        return False
    if file.suffix.lower() == ".json":
        return True
    with file.open("rb") as stream:
        return stream.read(2000).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")


def _show_tasks(file: Path, index: int, count: int, digits: bool) -> None:
    from puzzlerec.data.arc_agi import read_tasks

    tasks = read_tasks(file)
    if index >= len(tasks):
        raise CommandError(f"{file} has {_count(len(tasks), 'task')}, from 0; there is no {index}.")
    console = answers()
    for task in tasks[index : index + count]:
        for name, pairs in (("train", task.demonstrations), ("test", task.tests)):
            for number, pair in enumerate(pairs, 1):
                _print_pair(console, f"{task.id} · {name} {number}", pair.input, pair.output, digits)


def _show_pairs(dataset: Dataset, split: str, index: int, count: int, digits: bool) -> None:
    from puzzlerec.puzzles.arc.rules import decode

    rows = dataset.split(split)
    if index >= len(rows):
        raise CommandError(f"{dataset.path} has {len(rows):,} examples in {split}, from 0; there is no {index}.")
    chosen = rows.read(index, index + count)
    names = dataset.identifiers
    console = answers()
    for number, (question, answer, id) in enumerate(
        zip(chosen.inputs, chosen.labels, chosen.puzzle_ids.tolist(), strict=True), index
    ):
        title = f"{split} {number} · " + (f"puzzle id {id}" if names is None else names[id])
        _print_pair(console, title, decode(question), decode(answer), digits)


def _print_pair(console: Console, title: str, question: np.ndarray, answer: np.ndarray | None, digits: bool) -> None:
    from puzzlerec.puzzles.arc.look import PALETTE
    from puzzlerec.views.text import draw_pair

    unicode, colour = speaks_unicode(console), console.color_system is not None and not console.no_color
    sizes = ["?" if grid is None else "x".join(map(str, grid.shape)) for grid in (question, answer)]
    title = f"{title} · {' → '.join(sizes)}"
    if not unicode:
        title = title.replace(" · ", ", ").replace("→", "->")
    console.print(title, style="dim", markup=False, soft_wrap=True)
    drawing = draw_pair(question, answer, PALETTE, console.width, digits=digits, colour=colour, unicode=unicode)
    console.print(drawing, "", sep="\n", soft_wrap=True)


@app.command("import")
def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="With train/ or test/, and all__inputs.npy there.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The dataset file to write.")],
) -> None:
    """Turn a dataset folder of the reference code for HRM and TRM into a dataset file."""
    from puzzlerec.data.reference import import_reference

    sha256 = import_reference(folder, file)
    messages.note(f"Imported; content SHA-256 {sha256[:16]}...")
    print(file)


@app.command("export")
def export_file(
    file: File, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write train/ and test/.")]
) -> None:
    """Turn a dataset file into a folder that the reference code for HRM and TRM reads."""
    from puzzlerec.data import Dataset
    from puzzlerec.data.reference import export_reference

    with Dataset.open(file) as dataset:
        export_reference(dataset, folder)
    print(folder)


def _setting(text: str) -> tuple[str, int | float]:
    key, equals, value = text.partition("=")
    try:
        if not equals:
            raise ValueError
        number = float(value)
    except ValueError:
        raise CommandError(f"--set takes KEY=NUMBER, such as extreme=1, not {text!r}.") from None
    return key, int(number) if number.is_integer() else number


def _print_info(facts: dict[str, Any], ratings: dict[str, np.ndarray]) -> None:
    from rich import box
    from rich.table import Table

    from puzzlerec.puzzles import Characters, get

    console = answers()
    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    height, width = facts["shape"]
    table.add_row("file", facts["file"])
    table.add_row("puzzle", f"{facts['puzzle']}, {height}x{width}")
    for name, rows in facts["rows"].items():
        mean = f", rated {ratings[name].mean():.1f} on average" if name in ratings else ""
        table.add_row(name, f"{rows:,} examples{mean}")
    table.add_row("generator", f"{facts['generator']}, seed {facts['seed']}")
    settings = facts["settings"]
    if "puzzle_ids" in facts:
        table.add_row("puzzle ids", f"{facts['puzzle_ids']:,}, 0 for none")
    if "dropped" in settings:
        settings = settings | {"dropped": _named(settings["dropped"])}
    table.add_row("settings", ", ".join(f"{key} {_plain(value)}" for key, value in settings.items()))
    proof = "proved" if facts["sound"] else "NOT that of the content"
    table.add_row("SHA-256", f"{facts['sha256']} ({proof})")
    console.print(table)
    is_line = isinstance(get(facts["puzzle"]), Characters)
    for name, column in ratings.items():
        difficulty = f"difficulty of {name}: guesses of a solver, published scale"
        console.print(f"{name}: characters of the longest operand" if is_line else difficulty, style="dim")
        for line in _histogram(column, "█" if speaks_unicode(console) else "#"):
            console.print(line)


def _plain(value: Any) -> str:
    """A setting's value, as one reads it."""
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    return "none" if value is None else str(value)


def _histogram(ratings: np.ndarray, block: str) -> list[str]:
    import numpy as np

    edges = np.array([0, 1, 2, 5, 10, 20, 50, 100, 200, np.inf])
    counts, _ = np.histogram(ratings, edges)
    labels = [f"{low:.0f} to {high:.0f}" for low, high in pairwise(edges[:-1])] + [f"{edges[-2]:.0f} or more"]
    scale = BARS / max(1, counts.max())
    return [
        f"{label:>12}  {block * round(count * scale):<{BARS}}  {count:,}"
        for label, count in zip(labels, counts, strict=True)
    ]
