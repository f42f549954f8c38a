"""Films as GIF, drawn with Pillow: for viewers that show no animated SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

from PIL import Image, ImageColor, ImageDraw, ImageFont

from puzzlerec.views.film import Sheet
from puzzlerec.views.shapes import COLOURS, Letters, Mark

SHARP = 2  # drawn so many times as large, then made smaller, for smooth edges


def animation(sheet: Sheet, times: Sequence[float], dark: bool = False) -> bytes:
    """A GIF that plays ``sheet`` again and again, frame t from ``times[t]`` to ``times[t + 1]`` seconds."""
    frames = [_drawn(sheet, sheet.at(index), dark) for index in range(sheet.length)]
    palette = _palette(sheet, dark)
    flat = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    lasts = [round(1000 * (end - start)) for start, end in pairwise(times)]
    file = io.BytesIO()
    flat[0].save(file, "GIF", save_all=True, append_images=flat[1:], duration=lasts, loop=0, optimize=False)
    return file.getvalue()


def _palette(sheet: Sheet, dark: bool) -> Image.Image:
    """Every colour of the film, and each half way to the paper for smooth edges."""
    paper, used = COLOURS["paper"][dark], dict.fromkeys(_colour(mark, dark) for *_, mark in sheet.marks)
    pure = [ImageColor.getrgb(colour) for colour in (paper, *used)]
    edges = [tuple((part + other) // 2 for part, other in zip(colour, pure[0], strict=True)) for colour in pure[1:]]
    image = Image.new("P", (1, 1))
    image.putpalette([part for colour in (*pure, *edges) for part in colour])
    return image


def _colour(mark: Mark, dark: bool) -> str:
    return COLOURS[mark.paint][dark] if mark.paint in COLOURS else mark.paint


def _drawn(sheet: Sheet, marks: Sequence[Mark], dark: bool) -> Image.Image:
    scale = SHARP * sheet.pixels / sheet.width
    size = round(sheet.width * scale), round(sheet.height * scale)
    image = Image.new("RGB", size, COLOURS["paper"][dark])
    draw = ImageDraw.Draw(image)
    for mark in sorted(marks, key=lambda mark: mark.layer):
        colour = _colour(mark, dark)
        for x, y in mark.places.tolist():
            if isinstance(mark.shape, Letters):
                _write(draw, mark.shape, x * scale, y * scale, scale, colour)
            else:
                points = [((x + dx) * scale, (y + dy) * scale) for dx, dy in mark.shape.points]
                _draw(draw, points, mark.shape.width * scale, colour)
    return image.resize((size[0] // SHARP, size[1] // SHARP), Image.Resampling.LANCZOS)


def _draw(draw: ImageDraw.ImageDraw, points: list[tuple[float, float]], width: float, colour: str) -> None:
    if not width:
        draw.polygon(points, fill=colour)
        return
    if len(points) > 1:
        draw.line(points, fill=colour, width=max(1, round(width)))
    if width > SHARP:
        for x, y in points:
            draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def _write(draw: ImageDraw.ImageDraw, letters: Letters, x: float, y: float, scale: float, colour: str) -> None:
    font = ImageFont.load_default(letters.size * scale)
    weight = letters.bold * letters.size * scale / 40
    anchor = "mm" if letters.centred else "lm"
    draw.text((x, y), letters.text, colour, font, anchor, stroke_width=weight, stroke_fill=colour)
