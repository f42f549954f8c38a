"""Series over steps, drawn with braille dots, or with ASCII characters where a terminal has no braille."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

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
    values: Sequence[float],
    columns: int,
    rows: int,
    low: float,
    high: float,
    scale: Callable[[float], float] = float,
    places: Sequence[float] | None = None,
) -> Raster:
    """The line through ``values`` in ``columns`` x ``rows`` character cells of 2 x 4 dots.

    ``low`` and ``high`` are the values of the lowest and the highest dots; both, and all values, go through ``scale``.
    ``places`` say where each value stands, from 0 to 1 and rising; evenly from end to end if None. A value that
    ``scale`` makes NaN, or that has NaN as its place, is left out: the line goes straight on to the next.
    """
    width, height = 2 * columns, 4 * rows
    dots = [[0] * columns for _ in range(rows)]
    bottom, top = scale(low), scale(high)
    lift = (height - 1) / (top - bottom) if top > bottom else 0.0
    points: list[tuple[int, int]] = []
    for index, value in enumerate(values):
        if not math.isnan(scaled := scale(value)) and not (places and math.isnan(places[index])):
            x = round(places[index] * (width - 1)) if places else column_of(index, len(values), width)
            y = round((top - min(max(scaled, bottom), top)) * lift) if lift else (height - 1) // 2
            points.append((x, y))
    for (x, y), (next_x, next_y) in zip(points, points[1:] or points, strict=False):
        steps = max(abs(next_x - x), abs(next_y - y), 1)
        for step in range(steps + 1):
            dot_x, dot_y = x + round((next_x - x) * step / steps), y + round((next_y - y) * step / steps)
            dots[dot_y // 4][dot_x // 2] |= _DOTS[dot_x % 2][dot_y % 4]
    return dots


def column_of(index: int, count: int, width: int) -> int:
    """Where value ``index`` of ``count`` stands among ``width`` places."""
    return round(index * (width - 1) / (count - 1)) if count > 1 else 0


def thinned(values: Sequence[float], most: int) -> Sequence[int]:
    """The indices of ``values``, or where there are more than ``most``, of the least and greatest of each stretch."""
    if len(values) <= most:
        return range(len(values))
    kept: list[int] = []
    stretches = most // 2
    for part in range(stretches):
        stretch = range(part * len(values) // stretches, (part + 1) * len(values) // stretches)
        known = [index for index in stretch if not math.isnan(values[index])]
        if known:
            kept += sorted({min(known, key=values.__getitem__), max(known, key=values.__getitem__)})
    return kept


@dataclass(frozen=True, eq=False)
class Series:
    """Values, NaN where there is none, and where they stand on the axis (rising; None: at 1, 2, ...)."""

    values: Sequence[float]
    at: Sequence[float] | None = None
    ink: str = "line"  # see `colours.Colours`
    sign: str = ""  # a letter at the end of the line: a second cue beside the colour

    def place(self, index: int) -> float:
        return self.at[index] if self.at else index + 1

    def nearest(self, place: float) -> int:
        """The index of the value that stands nearest to ``place``."""
        return min(range(len(self.values)), key=lambda index: abs(self.place(index) - place))


class Curve(Widget):
    """Series over steps: their name, the value at the cursor, the lines with their axes, and a mark at the cursor."""

    DEFAULT_CSS = """
    Curve { height: 1fr; min-height: 3; }
    """

    class Picked(Message):
        """A click on the value ``index`` of the first series."""

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
        self.logarithmic, self.logarithmic_steps = log, False  # what is drawn next has them
        self._series: Sequence[Series] = ()
        self._cursor: int | None = None
        self._span: tuple[float, float] = (1, 1)  # the first and the last place on the axis of steps
        self._strips: list[Strip] = []
        self._drawn: tuple[int, int, str] | None = None  # width, height and theme of the strips; None: out of date

    def show(self, values: Sequence[float], cursor: int | None = None, steps: Sequence[float] | None = None) -> None:
        """Draw one series with a mark at the index ``cursor``; ``steps`` are where its values stand."""
        self.show_all([Series(values, steps)] if values else [], cursor)

    def show_all(self, series: Sequence[Series], cursor: int | None = None) -> None:
        """Draw several, the first over the others; the mark and the number above are those of the first."""
        self._series, self._cursor = [one for one in series if one.values], cursor
        places = [one.place(index) for one in self._series for index in range(len(one.values))]
        known = [place for place in places if not math.isnan(self._along(place))]
        self._span = min(known, default=1), max(known, default=1)
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
        if self._series:
            share = (offset.x - left) / max(self.size.width - left - 1, 1)
            first, last = map(self._along, self._span)
            place = first + min(max(share, 0.0), 1.0) * (last - first)
            self.post_message(
                self.Picked(self, self._series[0].nearest(10**place if self.logarithmic_steps else place))
            )

    # ---- drawing

    def _draw(self, width: int, height: int) -> list[list[Piece]]:
        left, rows = self._gutter(width), height - 1 - (height >= _LOWEST)
        lines = [self._heading(width)]
        if rows < 1 or width - left < 1:
            return lines
        columns, (low, high) = width - left, self._range()
        bits, inks, signs = self._layers(columns, rows)
        cursor = -1
        if self._cursor is not None and self._series:
            first = self._series[0]
            share = self._share(first.place(min(self._cursor, len(first.values) - 1)))
            cursor = round(share * (2 * columns - 1)) // 2
        character, bar = (braille, "│") if self._has_braille else (ascii_dots, "|")
        ends = {rows - 1: self._number(low), 0: self._number(high)}
        for row in range(rows):
            texts = [
                signs[row, column].text if (row, column) in signs else character(bit)
                for column, bit in enumerate(bits[row])
            ]
            if cursor >= 0:
                inks[row][cursor:] = ["mark", *("later" if ink == "line" else ink for ink in inks[row][cursor + 1 :])]
                texts[cursor] = texts[cursor] if bits[row][cursor] else bar
            line = [Piece(f"{ends.get(row, ''):>{left - 1}} ", "muted")] if left else []
            for ink, run in groupby(zip(inks[row], texts, strict=True), key=itemgetter(0)):
                line.append(Piece("".join(text for _, text in run), ink))
            lines.append(line)
        if height >= _LOWEST:
            lines.append(self._foot(left, columns))
        return lines

    def _layers(self, columns: int, rows: int) -> tuple[Raster, list[list[str]], dict[tuple[int, int], Piece]]:
        """All series in one raster, the ink of each character, and the letters at the ends of the lines."""
        bits = [[0] * columns for _ in range(rows)]
        inks = [["line"] * columns for _ in range(rows)]
        signs: dict[tuple[int, int], Piece] = {}
        low, high = self._range()
        for series in reversed(self._series):
            kept = thinned(series.values, 8 * columns)
            values, places = [series.values[index] for index in kept], [self._share(series.place(i)) for i in kept]
            dots = raster(values, columns, rows, low, high, self._scale, places)
            for row in range(rows):
                for column, dot in enumerate(dots[row]):
                    if dot:
                        bits[row][column] |= dot
                        inks[row][column] = series.ink
            if series.sign and any(map(any, dots)):
                column = max(column for row in dots for column, dot in enumerate(row) if dot)
                row = next(row for row in range(rows) if dots[row][column])
                while (row, column) in signs and column:
                    column -= 1  # where several end alike their letters stand side by side
                signs[row, column] = Piece(series.sign, series.ink)
        for (row, column), (_, ink) in signs.items():
            inks[row][column] = ink
        return bits, inks, signs

    def _heading(self, width: int) -> list[Piece]:
        values = self._series[0].values if self._series else ()
        index = len(values) - 1 if self._cursor is None else min(self._cursor, len(values) - 1)
        while self._cursor is None and index >= 0 and math.isnan(values[index]):
            index -= 1
        known = index >= 0 and not math.isnan(values[index])
        number = self._number(values[index]) if known else ""
        room = max(width - len(number) - 1, 0)
        name = self.label if len(self.label) <= room else self.label[: max(room - 1, 0)] + "." * (room > 0)
        gap = " " * max(width - len(name) - len(number), 0)
        return [Piece(name + gap), Piece(number, "value")]

    def _foot(self, left: int, columns: int) -> list[Piece]:
        if not self._series:
            return []
        first, last = (f"{round(end)}" for end in self._span)
        text = first + f"{last:>{max(columns - len(first), 0)}}" if last != first else first
        return [Piece(" " * left + text, "muted")]

    def _gutter(self, width: int) -> int:
        """The columns that the axis takes."""
        if not self._series or width < _NARROWEST:
            return 0
        return max(len(self._number(end)) for end in self._range()) + 1

    def _range(self) -> tuple[float, float]:
        """The least and the greatest value on the axis."""
        known = [value for one in self._series for value in one.values if not math.isnan(self._scale(value))]
        low = min(known, default=0.0) if self.low is None or self.logarithmic else self.low
        high = max(known, default=1.0) if self.high is None else self.high
        return low, high if high > low or self.low is None else low + 1  # what is all at the lowest stands at the foot

    def _share(self, place: float) -> float:
        """Where ``place`` is on the axis of steps, 0 to 1; NaN if it is not on it."""
        first, last = map(self._along, self._span)
        return (self._along(place) - first) / (last - first) if last > first else 0.0

    def _along(self, place: float) -> float:
        if self.logarithmic_steps:
            return math.log10(place) if place > 0 else math.nan
        return place

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
