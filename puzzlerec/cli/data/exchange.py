"""``puzzlerec data import`` and ``export``: puzzles of one's own, and folders of the reference code for HRM and TRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import CommandError, assumed, in_words
from puzzlerec.cli.options import Kind, Seed
from puzzlerec.cli.terminal import messages, progress

MOST_FAULTS = 3  # puzzles that are left out and named one by one

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", autocompletion=completion.datasets, help="A dataset that was built or imported."),
]

IMPORT_HELP = """Turn puzzles of your own into a dataset file.

They are in a file of any form that solve reads, or in a dataset folder of the reference code for HRM and TRM: train/ or
test/ with all__inputs.npy.

\b
puzzlerec data import own.csv --puzzle sudoku
puzzlerec data import mazes.txt mazes.h5 --test 100

Answers are found by exact search, or checked where a table has a column of them. A puzzle that has no solution or
several is left out, as are repeated puzzles and training puzzles that are copies of a test.

Exit status: 0 written; 2 wrong usage, or nothing to make a dataset of.
"""


def import_any(
    source: Annotated[Path, typer.Argument(metavar="SOURCE", help="A file of puzzles, or a reference folder.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="The dataset to write; ./datasets/SOURCE.h5 if not given.")
    ] = None,
    puzzle: Kind = None,
    test: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="Puzzles for the test set; a tenth, 1000 at most, if not given."),
    ] = None,
    seed: Seed = 0,
) -> None:
    from puzzlerec.data.building import datasets_folder
    from puzzlerec.data.reference import import_reference

    target = file or datasets_folder() / f"{source.resolve().stem}.h5"
    if source.is_dir():
        if puzzle or test is not None:
            raise CommandError("A reference folder says itself what its puzzles are, and which are tests.")
        sha256 = import_reference(source, target)
    else:
        sha256 = _import_file(source, target, puzzle, test, seed)
    messages.note(f"Imported; content SHA-256 {sha256[:16]}...")
    print(target)


def _import_file(source: Path, target: Path, kind: str | None, test: int | None, seed: int) -> str:
    from puzzlerec.data import own
    from puzzlerec.puzzles import read

    reading = read(source, kind)
    for note in assumed(reading.notes, source):
        messages.note(note)
    with progress("checking", len(reading.puzzles), "puzzles") as advance:
        found = own.collect(reading.puzzles, test, seed, advance)
    faults = [*reading.errors, *found.faults]
    for fault in faults[:MOST_FAULTS]:
        messages.warning(in_words(fault))
    left_out = [
        (len(faults), "cannot be used"),
        (found.repeated, "repeated"),
        (found.copies, "copies of tests"),
    ]
    if told := ", ".join(f"{count:,} {what}" for count, what in left_out if count):
        messages.note(f"Left out: {told}.")
    if found.corrected:
        messages.warning(f"Wrong answers in {source}: {found.corrected:,}. The right ones take their place.")
    messages.note(f"{len(found.train):,} training and {len(found.test):,} test puzzles, seed {seed}.")
    return own.write(found, target, seed)


def export_file(
    file: File, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write train/ and test/.")]
) -> None:
    """Turn a dataset file into a folder that the reference code for HRM and TRM reads."""
    from puzzlerec.data import Dataset
    from puzzlerec.data.reference import export_reference

    with Dataset.open(file) as dataset:
        export_reference(dataset, folder)
    print(folder)
