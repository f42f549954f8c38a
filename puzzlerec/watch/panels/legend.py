"""What the colours and marks of a grid mean."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from puzzlerec.puzzles import PuzzleKind
from puzzlerec.views.strips import legend
from puzzlerec.watch.colours import colours


class Legend(Widget):
    """One line."""

    DEFAULT_CSS = """
    Legend { height: 1; }
    """

    _about: tuple[PuzzleKind, bool] | None = None

    def show(self, kind: PuzzleKind, hides: bool) -> None:
        """Of a ``kind`` of puzzle; ``hides``: cells may have no answer yet."""
        if self._about != (kind, hides):
            self._about = kind, hides
            self.refresh()

    def render_line(self, y: int) -> Strip:
        here, width = colours(self.app), self.size.width
        if self._about is None:
            return Strip.blank(width, here.papers[""])
        kind, hides = self._about
        unicode = self.app.console.encoding.lower().startswith("utf")
        return legend(kind, width, here.palette.style, unicode, hides)
