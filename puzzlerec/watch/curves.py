"""Series over steps, drawn with braille dots, or with ASCII characters where a terminal has no braille."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from puzzlerec.watch.colours import colours
from puzzlerec.watch.lines import Piece, strip_of

Raster = list[list[int]]  # [rows][columns] bits: the dots of a character cell, numbered as in Unicode's braille

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of the left and the right half, from the top
_UPPER, _LOWER = 0x1B, 0xE4  # the dots of a cell's upper and lower half
_NARROWEST = 16  # columns: with less there is no room for the axis
_LOWEST = 5  # lines: with less there is no room for the steps


def braille(bits: int) -> str:
    return chr(0x2800 + bits) if bits else " "


def ascii_dots(bits: int) -> str:
    """The same dots coarsely: ``'`` above, ``.`` below, ``:`` both."""
    return " '.:"[bool(bits & _UPPER) + 2 * bool(bits & _LOWER)]


def raster(
    values: Sequence[float], columns: int, rows: int, low: float, high: float, scale: Callable[[float], float] = float
) -> Raster:
    """The line through ``values`` in ``columns`` x ``rows`` character cells of 2 x 4 dots.

    ``low`` and ``high`` are the values of the lowest and the highest dots; both, and all values, go through ``scale``.
    A value that ``scale`` makes NaN is left out: the line goes straight on to the next.
    """
    width, height = 2 * columns, 4 * rows
    dots = [[0] * columns for _ in range(rows)]
    bottom, top = scale(low), scale(high)
    lift = (height - 1) / (top - bottom) if top > bottom else 0.0
    points: list[tuple[int, int]] = []
    for index, value in enumerate(values):
        if not math.isnan(scaled := scale(value)):
            y = round((top - min(max(scaled, bottom), top)) * lift) if lift else (height - 1) // 2
            points.append((column_of(index, len(values), width), y))
    for (x, y), (next_x, next_y) in zip(points, points[1:] or points, strict=False):
        steps = max(abs(next_x - x), abs(next_y - y), 1)
        for step in range(steps + 1):
            dot_x, dot_y = x + round((next_x - x) * step / steps), y + round((next_y - y) * step / steps)
            dots[dot_y // 4][dot_x // 2] |= _DOTS[dot_x % 2][dot_y % 4]
    return dots


def column_of(index: int, count: int, width: int) -> int:
    """Where value ``index`` of ``count`` stands among ``width`` places."""
    return round(index * (width - 1) / (count - 1)) if count > 1 else 0


def thinned(values: Sequence[float], most: int) -> Sequence[float]:
    """``values``, or where there are more than ``most`` of them, the least and the greatest of each stretch."""
    if len(values) <= most:
        return values
    kept: list[float] = []
    stretches = most // 2
    for part in range(stretches):
        stretch = values[part * len(values) // stretches : (part + 1) * len(values) // stretches]
        known = [(value, place) for place, value in enumerate(stretch) if not math.isnan(value)]
        ends = sorted((min(known), max(known)), key=lambda end: end[1]) if known else []
        kept += [value for value, _ in ends] or [math.nan, math.nan]
    return kept


class Curve(Widget):
    """One series over steps: its name, the value at the cursor, the line with its axis, and a mark at the cursor."""

    DEFAULT_CSS = """
    Curve { height: 1fr; min-height: 3; }
    """

    class Picked(Message):
        """A click on the value ``index``."""

        def __init__(self, curve: Curve, index: int) -> None:
            super().__init__()
            self.curve, self.index = curve, index

        @property
        def control(self) -> Curve:
            return self.curve

    def __init__(
        self,
        label: str,
        *,
        low: float | None = None,
        high: float | None = None,
        log: bool = False,
        form: str = ".2f",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """The axis goes from ``low`` to ``high``, or as far as the values do; ``log`` makes it logarithmic.

        ``form`` is the format of the numbers, as in ``format(value, form)``.
        """
        super().__init__(id=id, classes=classes)
        self.label, self.low, self.high, self.form = label, low, high, form
        self.logarithmic = log
        self._values: Sequence[float] = ()
        self._cursor: int | None = None
        self._steps: Sequence[int] | None = None
        self._strips: list[Strip] = []
        self._drawn: tuple[int, int, str] | None = None  # width, height and theme of the strips; None: out of date

    def show(self, values: Sequence[float], cursor: int | None = None, steps: Sequence[int] | None = None) -> None:
        """Draw ``values``, NaN where there is none, with a mark at the index ``cursor``.

        ``steps`` are the values' own numbers on the axis, 1, 2, ... if None.
        """
        self._values, self._cursor, self._steps = values, cursor, steps
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        (width, height), here = self.size, colours(self.app)
        paper = here.papers[""]
        if self._drawn != (width, height, self.app.theme):
            lines = self._draw(width, height)
            self._strips = [strip_of(line, width, here.inks, paper) for line in lines]
            self._drawn = width, height, self.app.theme
        return self._strips[y] if y < len(self._strips) else Strip.blank(width, paper)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._pick(event)
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self._pick(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def _pick(self, event: events.MouseEvent) -> None:
        offset = event.get_content_offset_capture(self)
        left = self._gutter(self.size.width)
        if self._values:
            share = (offset.x - left) / max(self.size.width - left - 1, 1)
            index = round(min(max(share, 0.0), 1.0) * (len(self._values) - 1))
            self.post_message(self.Picked(self, index))

    # ---- drawing

    def _draw(self, width: int, height: int) -> list[list[Piece]]:
        left, rows = self._gutter(width), height - 1 - (height >= _LOWEST)
        lines = [self._heading(width)]
        if rows < 1 or width - left < 1:
            return lines
        columns = width - left
        low, high = self._range()
        values = thinned(self._values, 8 * columns)
        dots = raster(values, columns, rows, low, high, self._scale)
        cursor = -1
        if self._cursor is not None and self._values:
            cursor = column_of(min(self._cursor, len(self._values) - 1), len(self._values), 2 * columns) // 2
        character, bar = (braille, "│") if self._has_braille else (ascii_dots, "|")
        ends = {rows - 1: self._number(low), 0: self._number(high)}
        for row, bits in enumerate(dots):
            text = "".join(map(character, bits))
            line = [Piece(f"{ends.get(row, ''):>{left - 1}} ", "muted")] if left else []
            if cursor < 0:
                line.append(Piece(text, "line"))
            else:
                at = text[cursor] if bits[cursor] else bar
                line += [Piece(text[:cursor], "line"), Piece(at, "mark"), Piece(text[cursor + 1 :], "later")]
            lines.append(line)
        if height >= _LOWEST:
            lines.append(self._foot(left, columns))
        return lines

    def _heading(self, width: int) -> list[Piece]:
        index = len(self._values) - 1 if self._cursor is None else min(self._cursor, len(self._values) - 1)
        while self._cursor is None and index >= 0 and math.isnan(self._values[index]):
            index -= 1
        known = index >= 0 and not math.isnan(self._values[index])
        number = self._number(self._values[index]) if known else ""
        room = max(width - len(number) - 1, 0)
        name = self.label if len(self.label) <= room else self.label[: max(room - 1, 0)] + "." * (room > 0)
        gap = " " * max(width - len(name) - len(number), 0)
        return [Piece(name + gap), Piece(number, "value")]

    def _foot(self, left: int, columns: int) -> list[Piece]:
        count = len(self._values)
        if not count:
            return []
        first, last = (str(self._steps[index] if self._steps else index + 1) for index in (0, count - 1))
        text = first + f"{last:>{max(columns - len(first), 0)}}" if count > 1 else first
        return [Piece(" " * left + text, "muted")]

    def _gutter(self, width: int) -> int:
        """The columns that the axis takes."""
        if not self._values or width < _NARROWEST:
            return 0
        return max(len(self._number(end)) for end in self._range()) + 1

    def _range(self) -> tuple[float, float]:
        known = [value for value in self._values if not math.isnan(self._scale(value))]
        low = min(known, default=0.0) if self.low is None else self.low
        high = max(known, default=1.0) if self.high is None else self.high
        return low, high if high > low or self.low is None else low + 1  # what is all at the lowest stands at the foot

    def _scale(self, value: float) -> float:
        if not math.isfinite(value):
            return math.nan
        if self.logarithmic:
            return math.log10(value) if value > 0 else math.nan
        return value

    def _number(self, value: float) -> str:
        return format(value, self.form)

    @property
    def _has_braille(self) -> bool:
        """Not in ASCII, and not on the Linux console, whose fonts lack it."""
        return self.app.console.encoding.lower().startswith("utf") and os.environ.get("TERM") != "linux"
