"""Pictures as SVG: shapes alone, text where there are characters, in colours that follow the reader's light or dark."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import ceil, sqrt
from xml.sax.saxutils import escape

import numpy as np

from puzzlerec.views.film import Sheet
from puzzlerec.views.pictures import Picture
from puzzlerec.views.shapes import CELL, COLOURS, SQUARE, Letters, Mark, Shape

MOST_COLUMNS = 4  # pictures in a row
_FONT = "ui-sans-serif,system-ui,sans-serif"


def document(pictures: Sequence[Picture]) -> str:
    """An SVG document with all ``pictures`` side by side."""
    across = min(MOST_COLUMNS, max(1, ceil(sqrt(len(pictures)))))
    rows = [pictures[first : first + across] for first in range(0, len(pictures), across)]
    body, y, wide = [], 0.0, 0.0
    for row in rows:
        x = tallest = 0.0
        for picture in row:
            width, height = pixels(picture)
            body += [
                f'<svg x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" '
                f'viewBox="0 0 {picture.width:g} {picture.height:g}"><title>{escape(picture.title)}</title>',
                *elements(picture.marks),
                "</svg>",
            ]
            x, tallest = x + width, max(tallest, height)
        y, wide = y + tallest, max(wide, x)
    marks = [mark for picture in pictures for mark in picture.marks]
    return page(max(wide, 1), max(y, 1), max(wide, 1), max(y, 1), style(marks), body)


def animation(sheet: Sheet, times: Sequence[float]) -> str:
    """An SVG document that plays ``sheet`` again and again, frame t from ``times[t]`` to ``times[t + 1]`` seconds.

    Readers that know no animations, or want none, show the last frame.
    """
    rest = "@media(prefers-reduced-motion:reduce){.a{animation:none!important}}"
    return _animated(sheet, times, f".a{{animation:{times[-1]:g}s step-end infinite}}{rest}")


def still_animation(sheet: Sheet) -> str:
    """An SVG document that shows frame t of ``sheet`` where the property ``--at`` is t + 0.5."""
    play = f".a{{animation:{sheet.length}s step-end infinite paused;animation-delay:calc(var(--at)*-1s)}}"
    return _animated(sheet, range(sheet.length + 1), play)


def _animated(sheet: Sheet, times: Sequence[float], play: str) -> str:
    percent = [f"{_short(100 * time / times[-1])}%" for time in times]
    stretches: dict[tuple[int, int, int], list[Mark]] = {}
    for start, stop, mark in sorted(sheet.marks, key=lambda lasting: lasting[2].layer):
        stretches.setdefault((mark.layer, start, stop), []).append(mark)
    body, rules = [f"<title>{escape(sheet.title)}</title>"], []
    for (_, start, stop), marks in stretches.items():
        if (start, stop) == (0, sheet.length):
            body += elements(marks)
            continue
        name = f"k{start}-{stop}"
        hidden = ' visibility="hidden"' * (stop < sheet.length)
        body += [f'<g class="a" style="animation-name:{name}"{hidden}>', *elements(marks), "</g>"]
        before = f"0%{{visibility:hidden}}{percent[start]}{{visibility:visible}}" if start else "0%{visibility:visible}"
        after = f"{percent[stop]},to{{visibility:hidden}}" if stop < sheet.length else "to{visibility:visible}"
        rules.append(f"@keyframes {name}{{{before}{after}}}")
    css = "".join([style(mark for *_, mark in sheet.marks), play, *dict.fromkeys(rules)])
    return page(*pixels(sheet), sheet.width, sheet.height, css, body)


def page(width: float, height: float, wide: float, high: float, css: str, body: Iterable[str]) -> str:
    """A document of ``width`` x ``height`` pixels that shows ``wide`` x ``high`` units of paper."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {wide:g} {high:g}">',
            f"<style>{css}</style>",
            '<rect class="paper f" width="100%" height="100%"/>',
            *body,
            "</svg>\n",
        ]
    )


def pixels(picture: Picture | Sheet) -> tuple[float, float]:
    """How large a picture is shown where nobody says otherwise."""
    return picture.pixels, round(picture.pixels * picture.height / picture.width)


def style(marks: Iterable[Mark]) -> str:
    """What the classes of `elements` mean: the colour of each paint that is used, and what is filled or drawn."""
    used = ["paper", *dict.fromkeys(mark.paint for mark in marks if mark.paint in COLOURS and mark.paint != "paper")]
    light = "".join(f".{paint}{{color:{COLOURS[paint][0]}}}" for paint in used)
    dark = "".join(f".{paint}{{color:{COLOURS[paint][1]}}}" for paint in used if len(set(COLOURS[paint])) > 1)
    return (
        f"{light}@media(prefers-color-scheme:dark){{{dark}}}.f,.t{{fill:currentColor}}"
        ".l{fill:none;stroke:currentColor;stroke-linecap:round;stroke-linejoin:round}"
        f".t{{font-family:{_FONT};text-anchor:middle}}.s{{text-anchor:start}}.b{{font-weight:700}}"
    )


def elements(marks: Iterable[Mark]) -> Iterator[str]:
    """``marks`` from the lowest layer to the highest, as few elements as that takes."""
    for _, alike in groupby(sorted(marks, key=_order), _order):
        some = list(alike)
        shape, paint = some[0].shape, some[0].paint
        colour, own = (paint, "") if paint in COLOURS else ("", f' color="{paint}"')
        if isinstance(shape, Letters):
            names = f"{colour} t{' b' * shape.bold}{' s' * (not shape.centred)}".strip()
            yield f'<g class="{names}"{own} font-size="{_short(shape.size)}">'
            yield from (text for mark in some for text in _texts(mark))
            yield "</g>"
        else:
            drawn = "".join(_path(mark) for mark in some)
            if shape.width:
                yield f'<path class="{f"{colour} l".strip()}"{own} stroke-width="{_short(shape.width)}" d="{drawn}"/>'
            else:
                yield f'<path class="{f"{colour} f".strip()}"{own} d="{drawn}"/>'


def _order(mark: Mark) -> tuple[object, ...]:
    shape = mark.shape
    if isinstance(shape, Letters):
        return mark.layer, mark.paint, 1, shape.size, shape.bold, shape.centred
    return mark.layer, mark.paint, 0, shape.width


def _texts(mark: Mark) -> Iterator[str]:
    assert isinstance(mark.shape, Letters)
    text, lift = escape(mark.shape.text), 0.36 * mark.shape.size  # half of a digit's height: baselines differ by reader
    for x, y in mark.places.tolist():
        yield f'<text x="{_short(x)}" y="{_short(y + lift)}">{text}</text>'


def _path(mark: Mark) -> str:
    shape = mark.shape
    assert isinstance(shape, Shape)
    if shape == SQUARE:
        return "".join(f"M{_short(x)} {_short(y)}h{wide}v{CELL}h-{wide}z" for x, y, wide in _rows(mark.places))
    (first_x, first_y), *rest = shape.points
    parts, (last_x, last_y) = [], shape.points[0]
    for x, y in rest:
        parts.append(_towards(x - last_x, y - last_y))
        last_x, last_y = x, y
    drawn = "".join(parts) + ("" if shape.width else "z") or "h0"
    return "".join(f"M{_short(x + first_x)} {_short(y + first_y)}{drawn}" for x, y in mark.places.tolist())


def _rows(places: np.ndarray) -> Iterator[tuple[float, float, int]]:
    """Squares that stand side by side as one: x, y and width."""
    order = places[np.lexsort((places[:, 0], places[:, 1]))].tolist()
    start = 0
    for index in range(1, len(order) + 1):
        ends = index == len(order) or order[index][1] != order[start][1]
        if ends or order[index][0] != order[index - 1][0] + CELL:
            yield order[start][0], order[start][1], CELL * (index - start)
            start = index


def _towards(x: float, y: float) -> str:
    if y == 0:
        return f"h{_short(x)}"
    return f"v{_short(y)}" if x == 0 else f"l{_short(x)} {_short(y)}"


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".") if number % 1 else f"{number:.0f}"
