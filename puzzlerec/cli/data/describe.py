"""``puzzlerec data info`` and ``show``: what a dataset is, and what its puzzles look like."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.data import arc
from puzzlerec.cli.data.exchange import File
from puzzlerec.cli.errors import UNSOLVED, CommandError
from puzzlerec.cli.terminal import answers, messages, speaks_unicode

if TYPE_CHECKING:
    import numpy as np

BARS = 40  # characters of the longest bar of a histogram


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


def show(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", autocompletion=completion.datasets, help="A dataset, or ARC tasks as JSON."),
    ],
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

    if arc.holds_tasks(file):
        arc.show_tasks(file, index, count, digits)
        return
    with Dataset.open(file) as dataset:
        kind, shape = get(dataset.puzzle), dataset.shape
        if kind.pairs:
            arc.show_pairs(dataset, split, index, count, digits)
            return
        rows = dataset.split(split)
        if index >= len(rows):
            raise CommandError(f"{file} has {len(rows):,} examples in {split}, from 0; there is no {index}.")
        chosen = rows.read(index, index + count)
    console = answers()
    for i in range(len(chosen)):
        rating = "" if chosen.ratings is None else f", rated {chosen.ratings[i]:.1f}"
        console.print(f"{split} {index + i}{rating}", style="dim")
        puzzle = Puzzle(kind, chosen.inputs[i].reshape(shape))
        answer = chosen.labels[i].reshape(shape)
        for tokens in [answer] if console.color_system else [puzzle.question, answer]:
            drawing = draw(puzzle, tokens, np.zeros(shape, bool), console.width, speaks_unicode(console))
            console.print(drawing, soft_wrap=True)


def _print_info(facts: dict[str, Any], ratings: dict[str, np.ndarray]) -> None:
    from rich import box
    from rich.table import Table

    from puzzlerec.puzzles import get

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
        settings = settings | {"dropped": arc.named(settings["dropped"])}
    table.add_row("settings", ", ".join(f"{key} {_plain(value)}" for key, value in settings.items()))
    proof = "proved" if facts["sound"] else "NOT that of the content"
    table.add_row("SHA-256", f"{facts['sha256']} ({proof})")
    console.print(table)
    words = get(facts["puzzle"]).rating_words
    for name, column in ratings.items():
        console.print(f"difficulty of {name}: {words}", style="dim")
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
