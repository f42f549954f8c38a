"""What a file holds for those who look at one puzzle: puzzles, or saved solves."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from puzzlerec.cli.errors import UNUSABLE, CommandError, assumed, in_words
from puzzlerec.cli.terminal import messages
from puzzlerec.files import is_hdf5

if TYPE_CHECKING:
    from puzzlerec.puzzles import Puzzle
    from puzzlerec.solving.trace import Trace

MOST_ERRORS = 3  # that are named


def opened(file: str, kind: str | None) -> tuple[list[Puzzle], list[Trace]]:
    """The puzzles in ``file`` (- is standard input), read as ``kind`` if given, and their traces if it holds these.

    Raises `CommandError` and the errors of reading, and leaves with exit status 2 if there is no puzzle.
    """
    from puzzlerec.puzzles import get, read

    path = Path(file)
    if file != "-" and is_hdf5(path):
        from puzzlerec.solving.trace import load

        traces = load(path)
        if not traces:
            raise CommandError(f"{path} holds no trace.")
        return [trace.answer.puzzle for trace in traces], traces
    if file == "-" and sys.stdin.isatty():
        messages.note("Type or paste puzzles, then press Ctrl-D.")
    reading = read(file, get(kind) if kind else None)
    for note in assumed(reading.notes, file):
        messages.note(note)
    for error in reading.errors[:MOST_ERRORS]:
        messages.error(in_words(error))
    if not reading.puzzles:
        raise typer.Exit(UNUSABLE)
    return reading.puzzles, []
