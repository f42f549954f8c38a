"""``puzzlerec data``: builds datasets, describes them, shows examples."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli.errors import INTERRUPTED, UNSOLVED, CommandError
from puzzlerec.cli.options import Seed
from puzzlerec.cli.terminal import answers, messages, progress, speaks_unicode

if TYPE_CHECKING:
    import numpy as np

app = typer.Typer(no_args_is_help=True, help="Datasets: build, describe and show them.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="A dataset that was built or imported.")]
BARS = 40  # characters of the longest bar of a histogram


@app.command()
def build(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="sudoku, sudoku-6x6, sudoku-4x4, maze, maze-20x20, maze-9x9, ...")
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
    force: Annotated[bool, typer.Option("--force", "-f", help="Build even if the file is there.")] = False,
) -> None:
    """Generate a dataset: Sudokus, half of them extremely hard, or mazes with long shortest paths.

    \b
    puzzlerec data build sudoku --train 1000 --test 1000
    puzzlerec data build maze --size 20 --seed 7 --out mazes.h5
    puzzlerec data build sudoku --set extreme=1 --set hard=0 --set plain=0 --set few=0

    Every puzzle is proved to have one solution (mazes: the shortest path that the published sets choose). The same
    seed makes the same dataset. The file appears when it is complete; Ctrl-C leaves what was there before.

    Exit status: 0 built, or already there; 2 wrong usage; 130 interrupted.
    """
    from puzzlerec import data
    from puzzlerec.data.building import default_path

    if size is not None:
        if "-" in name:
            raise CommandError(f"The name {name} says the size already; leave --size out.")
        name = f"{name}-{size}x{size}"
    chosen = dict(map(_setting, settings or []))
    path = out or default_path(name, train=train, test=test, seed=seed, **chosen)
    if path.exists() and not force:
        data.Dataset.open(path).close()
        messages.note(f"{path} is there already; --force builds it again.")
        return
    try:
        with progress(name, train + test, "puzzles") as advance:
            sha256 = data.build(
                name, path, train=train, test=test, seed=seed, workers=workers, progress=advance, **chosen
            )
    except KeyboardInterrupt:
        messages.note(f"Interrupted; {path} was not {'changed' if path.exists() else 'written'}.")
        raise typer.Exit(INTERRUPTED) from None
    messages.note(f"{train:,} training and {test:,} test puzzles, seed {seed}, content SHA-256 {sha256[:16]}...")
    print(path)


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
    file: File,
    split: Annotated[str, typer.Option(metavar="NAME", help="train or test.")] = "train",
    index: Annotated[int, typer.Option(metavar="N", min=0, help="The first example to show, from 0.")] = 0,
    count: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")] = 1,
) -> None:
    """Draw examples: given cells in bold, the answer's in colour; question and answer where there are no colours."""
    import numpy as np

    from puzzlerec.cli.drawing import draw
    from puzzlerec.data import Dataset
    from puzzlerec.puzzles import Puzzle, get

    with Dataset.open(file) as dataset:
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
    table.add_row("settings", ", ".join(f"{key} {value}" for key, value in facts["settings"].items()))
    proof = "proved" if facts["sound"] else "NOT that of the content"
    table.add_row("SHA-256", f"{facts['sha256']} ({proof})")
    console.print(table)
    for name, column in ratings.items():
        console.print(f"difficulty of {name}: guesses of a solver, published scale", style="dim")
        for line in _histogram(column, "█" if speaks_unicode(console) else "#"):
            console.print(line)


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
