"""A puzzle on the screen, drawn line by line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from textual import events
from textual.binding import Binding, BindingType
from textual.filter import ANSIToTruecolor, LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.palette import PAPER, Palette
from puzzlerec.views.scene import Scene, scene
from puzzlerec.views.strips import Painted, StripCache, painter_of
from puzzlerec.views.tiling import Tiling
from puzzlerec.watch.colours import colours

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame


class GridView(ScrollView, can_focus=True, inherit_bindings=False):
    """One puzzle with cells as large as fit, and a cursor that arrow keys and clicks move."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Cell above", id="cell-above", show=False),
        Binding("down", "move(1, 0)", "Cell below", id="cell-below", show=False),
        Binding("left", "move(0, -1)", "Cell to the left", id="cell-left", show=False),
        Binding("right", "move(0, 1)", "Cell to the right", id="cell-right", show=False),
        Binding("escape", "leave", "Take the cursor away", id="no-cell", show=False),
    ]
    DEFAULT_CSS = """
    GridView {
        width: 1fr;
        height: 1fr;
        min-height: 3;
        scrollbar-size-vertical: 1;
    }
    """

    cursor: reactive[tuple[int, int] | None] = reactive(None, init=False)
    heat: reactive[bool] = reactive(True, init=False)
    glyphs: reactive[bool] = reactive(False, init=False)

    class CursorMoved(Message):
        """The cursor is on another cell (rows and columns count from 0), or on none."""

        def __init__(self, grid: GridView, cell: tuple[int, int] | None) -> None:
            super().__init__()
            self.grid, self.cell = grid, cell

        @property
        def row(self) -> int:
            return self.cell[0] if self.cell else -1

        @property
        def column(self) -> int:
            return self.cell[1] if self.cell else -1

        @property
        def control(self) -> GridView:
            return self.grid

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._scene: Scene | None = None
        self._tiling: Tiling | None = None
        self._painter: Painted | None = None
        self._cache: StripCache | None = None
        self._strips: list[Strip] = []
        self._top = self._left = 0

    def show(
        self,
        puzzle: Puzzle,
        frame: Frame | None = None,
        *,
        previous: Frame | None = None,
        truth: np.ndarray | None = None,
        offending: np.ndarray | None = None,
        solved: bool | None = None,
    ) -> None:
        """Draw ``puzzle``'s question, or one frame (B = 1) of its answer; the rest is as in `views.scene`."""
        before = self._scene
        self._scene = scene(puzzle, frame, previous=previous, truth=truth, offending=offending, solved=solved)
        if before is None or before.puzzle is not puzzle:
            if before is None or before.puzzle.question.shape != puzzle.question.shape:
                self.set_reactive(GridView.cursor, None)
            self._lay_out()
        self._draw()

    @property
    def puzzle(self) -> Puzzle | None:
        return self._scene.puzzle if self._scene else None

    @property
    def tile(self) -> tuple[float, float] | None:
        """The size of a cell in characters."""
        return self._tiling.tile if self._tiling else None

    def get_line_filters(self) -> Sequence[LineFilter]:
        """All but the one that turns the terminal's 16 colours into others: the grid has none, and it is dear."""
        return [known for known in super().get_line_filters() if not isinstance(known, ANSIToTruecolor)]

    def render_lines(self, crop: Region) -> list[Strip]:
        if self._cache is not None and self._cache.palette is not self.palette:
            self._make_strips()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        line = y + round(self.scroll_y) - self._top
        if not 0 <= line < len(self._strips):
            return Strip.blank(width, self.palette.style(PAPER))
        strip = self._strips[line]
        return (
            strip
            if strip.cell_length == width
            else strip.crop_extend(round(self.scroll_x), round(self.scroll_x) + width, self.palette.style(PAPER))
        )

    def on_resize(self) -> None:
        self._lay_out()
        self._draw()

    def watch_heat(self) -> None:
        self._draw()

    def watch_glyphs(self) -> None:
        self._draw()

    def watch_cursor(self, cursor: tuple[int, int] | None) -> None:
        self._draw()
        if cursor is not None and self._tiling is not None:
            row, column = cursor
            w, h = (max(int(side), 1) for side in self._tiling.tile)
            place = Region(self._tiling.left(column), self._tiling.top(row), w, h)
            self.scroll_to_region(place, animate=False)
        self.post_message(self.CursorMoved(self, cursor))

    def action_move(self, rows: int, columns: int) -> None:
        if self._scene is None:
            return
        H, W = self._scene.puzzle.question.shape
        if self.cursor is None:
            open_cells = np.argwhere(~self._scene.given)
            self.cursor = tuple(map(int, open_cells[0])) if len(open_cells) else (0, 0)  # type: ignore[assignment]
        else:
            self.cursor = (self.cursor[0] + rows) % H, (self.cursor[1] + columns) % W

    def action_leave(self) -> None:
        self.cursor = None

    def on_click(self, event: events.Click) -> None:
        if self._tiling is not None:
            x = event.x + round(self.scroll_x) - self._left
            cell = self._tiling.cell_at(x, event.y + round(self.scroll_y) - self._top)
            if cell is not None:
                self.cursor = cell

    def _lay_out(self) -> None:
        """Choose the size of the tiles anew."""
        width, height = self.container_size
        if self._scene is None or not width or not height:
            return
        puzzle = self._scene.puzzle
        unicode = self.app.console.encoding.lower().startswith("utf")
        tiling = Tiling.fitting(puzzle, width, height, unicode)
        if tiling.height > height and tiling.width > width - self.scrollbar_size_vertical:
            tiling = Tiling.fitting(puzzle, width - self.scrollbar_size_vertical, height, unicode)
        self._tiling, self._painter = tiling, painter_of(tiling, unicode, not self.app.no_color)
        self._top = max((height - tiling.height) // 2, 0)
        self._left = max((width - tiling.width) // 2, 0)
        self._cache = None
        self.virtual_size = Size(tiling.width, tiling.height)

    def _draw(self) -> None:
        """Make the strips anew and have the lines drawn that differ."""
        if self._scene is None or self._painter is None:
            return
        before = [] if self._cache is None else self._strips
        self._make_strips()
        if len(before) != len(self._strips):
            self.refresh()
            return
        offset, width = self._top - round(self.scroll_y), self.size.width
        changed = [y for y, (old, new) in enumerate(zip(before, self._strips, strict=True)) if old is not new]
        if changed:
            self.refresh(*(Region(0, y + offset, width, 1) for y in changed))

    def _make_strips(self) -> None:
        assert self._scene is not None and self._painter is not None
        if self._cache is None or self._cache.palette is not self.palette:
            width = max(self.size.width, self._painter.tiling.width)
            self._cache = StripCache(self.palette, width, self._left)
        canvas = self._painter.paint(self._scene, heat=self.heat, glyphs=self.glyphs, cursor=self.cursor)
        self._strips = self._cache.strips(*canvas)

    @property
    def palette(self) -> Palette:
        """The colours of the theme as it is now."""
        return colours(self.app).palette
