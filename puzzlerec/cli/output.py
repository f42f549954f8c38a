"""Answers in the form that was asked for: drawn on a terminal, else as text, JSON, JSON lines or SVG."""

from __future__ import annotations

import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from puzzlerec.cli.terminal import printable, speaks_unicode
from puzzlerec.files import replacing

if TYPE_CHECKING:
    from rich.console import Console

    from puzzlerec.puzzles import Puzzle
    from puzzlerec.solving.answer import Answer


class Format(StrEnum):
    text = "text"
    json = "json"
    jsonl = "jsonl"
    svg = "svg"


class Writer(ABC):
    """Takes answers one by one."""

    @abstractmethod
    def write(self, answer: Answer) -> None:
        """The next answer."""

    def close(self) -> None:  # noqa: B027
        """All answers that will come have come."""


class Drawings(Writer):
    """Grids drawn on a terminal, a verdict line under each."""

    def __init__(self, console: Console, titles: bool, quiet: bool) -> None:
        """``titles`` says where each puzzle stood; ``quiet`` leaves out that a puzzle is solved."""
        self.console, self.titles, self.quiet = console, titles, quiet

    def write(self, answer: Answer) -> None:
        from rich.text import Text

        from puzzlerec.views.text import draw
        from puzzlerec.views.words import verdict_line

        unicode = speaks_unicode(self.console)
        if self.titles:
            self.console.print(Text(place(answer.puzzle), "bold"), soft_wrap=True)
        offending = answer.verdict.offending
        drawing = draw(answer.puzzle, answer.tokens, offending, self.console.width, unicode)
        self.console.print(drawing, soft_wrap=True)
        if not (self.quiet and answer.verdict.solved):
            style = "bold green" if answer.verdict.solved else "bold red"
            sign = ("✓ " if answer.verdict.solved else "✗ ") if unicode else ""
            head, tail = verdict_line(answer, " · " if unicode else ", ")
            self.console.print(Text.assemble((sign + head, style), (tail, "dim")))
        if self.titles:
            self.console.print()


class Lines(Writer):
    """Plain text: an answer in its question's own layout, for what is unsolved a line that says so."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._grid_before: bool | None = None

    def write(self, answer: Answer) -> None:
        from puzzlerec.views.words import words_of

        is_grid = answer.puzzle.layout != "line"
        if self._grid_before is not None and (is_grid or self._grid_before):
            self.stream.write("\n")
        self._grid_before = is_grid
        if answer.verdict.solved:
            self.stream.write(answer.text + "\n")
        else:
            self.stream.write(f"# not solved: {place(answer.puzzle)}: {words_of(answer).fault}\n")
        self.stream.flush()


class JSONLines(Writer):
    """One object a line."""

    def __init__(self, stream: TextIO, seed: int) -> None:
        self.stream, self.seed = stream, seed

    def write(self, answer: Answer) -> None:
        self.stream.write(json.dumps(answer.to_dict() | {"seed": self.seed}) + "\n")
        self.stream.flush()


class JSONArray(Writer):
    """One array of objects, well-formed however early `close` comes."""

    def __init__(self, stream: TextIO, seed: int) -> None:
        self.stream, self.seed = stream, seed
        self._first = True

    def write(self, answer: Answer) -> None:
        text = json.dumps(answer.to_dict() | {"seed": self.seed}, indent=2)
        self.stream.write(("[\n" if self._first else ",\n") + text)
        self.stream.flush()
        self._first = False

    def close(self) -> None:
        self.stream.write("[]\n" if self._first else "\n]\n")
        self.stream.flush()


class Pictures(Writer):
    """One SVG document, written when all answers are there."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._answers: list[Answer] = []

    def write(self, answer: Answer) -> None:
        self._answers.append(answer)

    def close(self) -> None:
        from puzzlerec.views.pictures import of_answer
        from puzzlerec.views.svg import document

        self.stream.write(document([of_answer(answer) for answer in self._answers]))
        self.stream.flush()


def writer(form: Format, stream: TextIO, seed: int) -> Writer:
    if form is Format.json:
        return JSONArray(stream, seed)
    if form is Format.jsonl:
        return JSONLines(stream, seed)
    return Pictures(stream) if form is Format.svg else Lines(stream)


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a stream whose text becomes the file ``path`` when the block ends well, all at once."""
    if path is None:
        yield sys.stdout
        return
    with replacing(path) as partial, partial.open("w", encoding="utf-8") as stream:
        yield stream


def place(puzzle: Puzzle) -> str:
    """Where the puzzle stood, as ``file:line``."""
    source = "standard input" if puzzle.source == "-" else puzzle.source
    return printable(f"{source}:{puzzle.line}" if puzzle.line else source)
