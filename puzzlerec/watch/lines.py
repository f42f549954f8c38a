"""A widget whose lines are made of pieces of text by whoever has something to say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from puzzlerec.watch.colours import colours


class Piece(NamedTuple):
    """Text, and the name of its ink: see `colours.Colours`."""

    text: str
    ink: str = "text"


class Lines(Widget):
    """Lines of pieces, cut or filled to the widget's width, in the colours of the theme."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1fr; }
    """
    PAPER: ClassVar[str] = ""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[list[Piece]] = []

    def put(self, lines: Sequence[Iterable[Piece]]) -> None:
        made = [list(line) for line in lines]
        if made != self._lines:
            self._lines = made
            self.refresh()

    @property
    def text(self) -> str:
        return "\n".join("".join(piece.text for piece in line) for line in self._lines)

    def render_line(self, y: int) -> Strip:
        here = colours(self.app)
        line = self._lines[y] if y < len(self._lines) else ()
        return strip_of(line, self.size.width, here.inks, here.papers[self.PAPER])


def strip_of(pieces: Iterable[Piece], width: int, inks: Mapping[str, Style], paper: Style) -> Strip:
    """Pieces on ``width`` columns of ``paper``."""
    return Strip([Segment(text, paper + inks[ink]) for text, ink in pieces]).adjust_cell_length(width, paper)


def spread(left: Sequence[Piece], right: Sequence[Piece], width: int) -> list[Piece]:
    """One line with ``left`` at its start and ``right`` at its end; where both do not fit, ``left`` is cut."""
    room = max(width - sum(cell_len(piece.text) for piece in right), 0)
    line = []
    for text, ink in left:
        line.append(Piece(set_cell_size(text, min(cell_len(text), room)), ink))
        room -= cell_len(line[-1].text)
    return [*line, Piece(" " * room), *right]


def centred(pieces: Sequence[Piece], width: int) -> list[Piece]:
    """``pieces`` in the middle of a line."""
    return [Piece(" " * max((width - sum(cell_len(piece.text) for piece in pieces)) // 2, 0)), *pieces]
