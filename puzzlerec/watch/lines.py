"""A widget whose lines are made as strips by whoever has something to say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget


class Lines(Widget):
    """Strips, one a line, cut or filled to the widget's width; only lines that differ are drawn anew."""

    DEFAULT_CSS = """
    Lines { width: 1fr; height: 1fr; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[list[Segment]] = []

    def put(self, lines: Sequence[Iterable[Segment]]) -> None:
        made = [list(line) for line in lines]
        if made != self._lines:
            self._lines = made
            self.refresh()

    def render_line(self, y: int) -> Strip:
        style, width = self.rich_style, self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, style)
        return Strip(Segment.apply_style(self._lines[y], style)).adjust_cell_length(width, style)


def spread(left: Sequence[Segment], right: Sequence[Segment], width: int, gap: Style) -> list[Segment]:
    """One line with ``left`` at its start and ``right`` at its end; where both do not fit, ``left`` is cut."""
    ends = sum(segment.cell_length for segment in right)
    room = max(width - ends, 0)
    line = Strip(left).adjust_cell_length(room, gap)
    return [*line, *right]
