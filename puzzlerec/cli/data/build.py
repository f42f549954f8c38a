"""``puzzlerec data build``: datasets that are generated, and ARC's, which are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.data import arc
from puzzlerec.cli.data.making import Making, Progress
from puzzlerec.cli.errors import INTERRUPTED, CommandError
from puzzlerec.cli.options import Seed
from puzzlerec.cli.terminal import messages, progress
from puzzlerec.cli.together import together
from puzzlerec.processes import Processes

# The parameters of `build` for generated puzzles and for ARC's tasks, which are loaded
GENERATED = {"train": "--train", "test": "--test", "size": "--size", "workers": "--workers", "settings": "--set"}
LOADED = {"version": "--version", "folders": "--with", "copies": "--copies"}


HELP = """Make a dataset: Sudokus, half of them extremely hard, and others (16x16, X, jigsaw); mazes, those with long
shortest paths first of all; lines to complete (copy, reverse, addition); ARC's tasks.

\b
puzzlerec data build sudoku --train 1000 --test 1000
puzzlerec data build maze --size 20 --seed 7 --out mazes.h5
puzzlerec data build maze-12x37 --set kind=depth-first
puzzlerec data build sudoku --set extreme=1 --set hard=0 --set plain=0 --set few=0
puzzlerec data build addition --set shortest=11 --set longest=20
puzzlerec data build arc --version 1 --with ConceptARC/corpus
puzzlerec data build arc --with my-tasks --copies 100
puzzlerec data build arc-10x10 --version 1 --copies 30

Several processes share the work: torchrun --nproc-per-node N -m puzzlerec data build NAME

Every puzzle is proved to have one solution (mazes: the shortest path that the published sets choose). The same
seed makes the same dataset. The file appears when it is complete; Ctrl-C leaves what was there before.

Exit status: 0 built, or already there; 2 wrong usage; 130 interrupted.
"""


def build(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion.kinds,
            help="A puzzle kind: sudoku, sudoku-4x4, jigsaw, maze, maze-20x20, ..., arc.",
        ),
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
            metavar="KEY=VALUE",
            help="A setting of the generator. sudoku: the shares extreme, climbed, hard, plain, few; maze: the kind "
            "(hard, random, depth-first, prim, kruskal, wilson, rooms, open, spiral, mixed), the least moves, "
            "border=0 or 1; jigsaw, sudoku-x, sudoku-16x16: spare clues.",
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
    from puzzlerec.data import Dataset
    from puzzlerec.data.building import is_loaded

    with together() as processes:
        loaded = is_loaded(name)
        for parameter, option in (GENERATED if loaded else LOADED).items():
            source = context.get_parameter_source(parameter)
            if source and source.name == "COMMANDLINE":
                remedy = f"it has {', '.join(LOADED.values())}" if loaded else "it is for arc"
                raise CommandError(f"{option} does not apply to {name}; {remedy}.")
        if loaded and not processes.leads:
            return  # there is nothing to share: tasks are read, and not generated
        if loaded:
            making = arc.from_tasks(name, out, version, folders or [], copies, seed)
        else:
            made_of = dict(map(_setting, settings or []))
            making = _generated(out, name, size, train, test, seed, workers, made_of, processes)
        if not processes.told(making.path.exists() and not force):
            _make(name, making, seed, processes)
        elif processes.leads:
            Dataset.open(making.path).close()
            messages.note(f"{making.path} is there already; --force builds it again.")


def _make(name: str, making: Making, seed: int, processes: Processes) -> None:
    """Write the file, and say what is in it."""
    from puzzlerec.data import Dataset

    path = making.path
    try:
        with progress(name, making.rows, "puzzles") as advance:
            sha256 = making.write(advance)
    except KeyboardInterrupt:
        if not processes.leads:
            raise
        messages.note(f"Interrupted; {path} was not {'changed' if path.exists() else 'written'}.")
        raise typer.Exit(INTERRUPTED) from None
    if not processes.leads:
        return
    with Dataset.open(path) as dataset:
        counts = {split: len(dataset.splits[split]) if split in dataset.splits else 0 for split in ("train", "test")}
    messages.note(
        f"{counts['train']:,} training and {counts['test']:,} test puzzles, seed {seed}, "
        f"content SHA-256 {sha256[:16]}..."
    )
    for remark in making.remarks:
        messages.note(remark)
    print(path)


def _generated(
    out: Path | None,
    name: str,
    size: int | None,
    train: int,
    test: int,
    seed: int,
    workers: int | None,
    settings: dict[str, int | float | str],
    processes: Processes,
) -> Making:
    """A dataset from a generator."""
    from puzzlerec import data
    from puzzlerec.data.building import checked, default_path

    if size is not None:
        if "-" in name:
            raise CommandError(f"The name {name} says the size already; leave --size out.")
        name = f"{name}-{size}x{size}"
    checked(name, settings)
    path = out or default_path(name, train=train, test=test, seed=seed, **settings)

    def write(advance: Progress) -> str:
        return data.build(
            name,
            path,
            train=train,
            test=test,
            seed=seed,
            workers=workers,
            progress=advance,
            processes=processes,
            **settings,
        )

    return Making(path, train + test, write)


def _setting(text: str) -> tuple[str, int | float | str]:
    """A number where the value is one, else a word; whether it is what the generator wants, that will say."""
    key, equals, value = text.partition("=")
    if not (equals and key and value):
        raise CommandError(f"--set takes KEY=VALUE, such as extreme=1, not {text!r}.")
    try:
        number = float(value)
    except ValueError:
        return key, value
    return key, int(number) if number.is_integer() else number
