"""What a character of a canvas is, and the style that it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from rich.color import Color
from rich.style import Style

LEVELS = 8  # of heat
VIRIDIS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "12345678"
TINT = "#7c5cff"  # of cells on a diagonal that is a unit
READABLE, VISIBLE = 4.5, 3.0  # the least contrasts that WCAG asks of text, and of what is no text

# Categories; the first is also that of everything outside the grid.
PAPER, LINE, GIVEN, OPEN, MASKED, STONE, FILLED, FAULT, WRONG, CURSOR, SOLVED = range(11)
NAMES = ("paper", "line", "given", "open", "masked", "wall", "filled", "fault", "wrong", "cursor", "solved")
HEAT = 16  # to HEAT + LEVELS - 1
BOLD, FAINT, EDGE, TINTED, UNDER = 32, 64, 128, 256, 512  # added to a category
INK = 32  # added to a category in a `pair`: its ink rather than its paper
_PAIR = 1 << 15


def pair(upper: np.ndarray | int, lower: np.ndarray | int) -> np.ndarray:
    """Codes for characters with two colours: the paper of one category as ink, on the paper of another."""
    codes: np.ndarray = np.asarray(_PAIR | upper << 6 | lower).astype(np.uint16)
    return codes


@dataclass(frozen=True)
class Palette:
    """The styles of what is drawn. Heat is viridis in every theme."""

    paper: Style
    line: Style
    given: Style
    open: Style
    masked: Style
    wall: Style
    filled: Style
    fault: Style
    wrong: Style
    cursor: Style
    solved: Style
    _styles: dict[int, Style] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, foreground: str, background: str, primary: str, success: str) -> Palette:
        """The palette of a theme's colours, each ``#rrggbb``, moved as far as it takes to read what is written."""
        cell, calm = mixed(foreground, background, 0.05), mixed(success, background, 0.12)
        clue, wall = mixed(foreground, background, 0.18), mixed(foreground, background, 0.32)
        return cls(
            paper=Style(color=foreground, bgcolor=background),
            line=Style(color=mixed(foreground, background, 0.4), bgcolor=background),
            given=Style(color=legible(foreground, clue), bgcolor=clue, bold=True),
            open=Style(color=legible(mixed(foreground, cell, 0.45), cell, least=VISIBLE), bgcolor=cell),
            masked=Style(color=legible(mixed(foreground, cell, 0.6), cell), bgcolor=cell),
            wall=Style(color=wall, bgcolor=wall),
            filled=Style(color=legible(primary, cell), bgcolor=cell),
            fault=Style(color="#ffffff", bgcolor="#c1121f", bold=True),
            wrong=Style(color="#000000", bgcolor="#ff9f1c", bold=True),
            cursor=Style(color="#000000", bgcolor="#ffffff", bold=True),
            solved=Style(color=legible(success, calm), bgcolor=calm),
        )

    def style(self, code: int) -> Style:
        """The style of a category with its flags, or of a `pair`, made once: new styles are dear."""
        if code not in self._styles:
            self._styles[code] = self._pair(code) if code & _PAIR else self._made(code)
        return self._styles[code]

    def _pair(self, code: int) -> Style:
        ink, paper = (self._half(half) for half in (code >> 6 & 63, code & 63))
        return Style(color=ink, bgcolor=paper)

    def _half(self, half: int) -> Color | None:
        style = self.style(half & ~INK)
        return style.color if half & INK else style.bgcolor

    def _made(self, code: int) -> Style:
        category = code & (BOLD - 1)
        style = self._heat(category, bool(code & FAINT)) if category >= HEAT else self._plain(category, code)
        if code & EDGE:
            style += Style(color=self.cursor.bgcolor)
        if code & BOLD:
            style += Style(bold=True)
        if code & UNDER:
            style += Style(underline=True)
        return style

    def _heat(self, category: int, faint: bool) -> Style:
        paper = VIRIDIS[category - HEAT]
        ink = legible("#f4f6ff" if category - HEAT < 4 else "#0b0d12", paper)
        return Style(color=legible(mixed(ink, paper, 0.45), paper, least=VISIBLE) if faint else ink, bgcolor=paper)

    def _plain(self, category: int, code: int) -> Style:
        style: Style = getattr(self, NAMES[category])
        if code & TINTED and style.color is not None and style.bgcolor is not None:
            paper = mixed(TINT, _hex(style.bgcolor), 0.3)
            style += Style(color=legible(_hex(style.color), paper), bgcolor=paper)
        return style


class Plain(Palette):
    """Without colours: attributes tell what is given, at fault and under the cursor, and characters the rest."""

    def _pair(self, code: int) -> Style:
        return Style(reverse=CURSOR in (code >> 6 & 63, code & 63))

    def _made(self, code: int) -> Style:
        category = code & (BOLD - 1)
        style: Style = Style() if category >= HEAT else getattr(self, NAMES[category])
        return style + Style(dim=bool(code & FAINT) or None, underline=bool(code & UNDER) or None)


def contrast(one: str, other: str) -> float:
    """WCAG's contrast of two colours ``#rrggbb``, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def legible(ink: str, *papers: str, least: float = READABLE) -> str:
    """``ink``, or the nearest to it towards black or white whose contrast with all ``papers`` is ``least``."""

    def worst(shade: str) -> float:
        return min(contrast(shade, paper) for paper in papers)

    far = max("#000000", "#ffffff", key=worst)
    shades = (mixed(far, ink, step / 16) for step in range(17))
    return next((shade for shade in shades if worst(shade) >= least), far)


def mixed(ink: str, paper: str, share: float) -> str:
    """``share`` of one colour and the rest of another."""
    parts = zip(_rgb(ink), _rgb(paper), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in parts)


def _luminance(colour: str) -> float:
    parts = (part / 255 for part in _rgb(colour))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _hex(colour: Color) -> str:
    return colour.get_truecolor().hex


DARK = Palette.of("#dfe3ea", "#101218", "#7fd1ff", "#4ac16d")  # for whoever has no theme
_REVERSE = Style(reverse=True)
PLAIN = Plain(
    paper=Style(),
    line=Style(dim=True),
    given=Style(bold=True),
    open=Style(dim=True),
    masked=Style(),
    wall=Style(dim=True),
    filled=Style(),
    fault=_REVERSE,
    wrong=_REVERSE,
    cursor=_REVERSE,
    solved=Style(),
)
