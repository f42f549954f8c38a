"""What a character of a canvas is, and the style that it is drawn in."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.color import Color
from rich.style import Style

LEVELS = 8  # of heat
VIRIDIS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "12345678"
TINT = "#7c5cff"  # of cells on a diagonal that is a unit

# Categories; the first is also that of everything outside the grid.
PAPER, LINE, GIVEN, OPEN, MASKED, STONE, FILLED, FAULT, WRONG, CURSOR = range(10)
NAMES = ("paper", "line", "given", "open", "masked", "wall", "filled", "fault", "wrong", "cursor")
HEAT = 16  # to HEAT + LEVELS - 1
BOLD, FAINT, EDGE, TINTED = 32, 64, 128, 256  # added to a category


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
    _styles: dict[int, Style] = field(default_factory=dict, compare=False, repr=False)

    def style(self, code: int) -> Style:
        """The style of a category with its flags, made once: new styles are dear."""
        if code not in self._styles:
            self._styles[code] = self._made(code)
        return self._styles[code]

    def _made(self, code: int) -> Style:
        category = code & (BOLD - 1)
        style = self._heat(category, bool(code & FAINT)) if category >= HEAT else self._plain(category, code)
        if code & EDGE:
            style += Style(color=self.cursor.bgcolor)
        if code & BOLD:
            style += Style(bold=True)
        return style

    def _heat(self, category: int, faint: bool) -> Style:
        paper = VIRIDIS[category - HEAT]
        ink = "#f4f6ff" if category - HEAT < 4 else "#0b0d12"
        return Style(color=_mixed(ink, paper, 0.45) if faint else ink, bgcolor=paper)

    def _plain(self, category: int, code: int) -> Style:
        style: Style = getattr(self, NAMES[category])
        if code & TINTED and style.bgcolor is not None:
            style += Style(bgcolor=_mixed(TINT, _hex(style.bgcolor), 0.3))
        return style


DARK = Palette(
    paper=Style.parse("#c8ccd4 on #14161c"),
    line=Style.parse("#5b6270 on #14161c"),
    given=Style.parse("bold #f4f4f8 on #2b303b"),
    open=Style.parse("#6b7280 on #1b1e26"),
    masked=Style.parse("#8a91a0 on #1b1e26"),
    wall=Style.parse("#3a404d on #3a404d"),
    filled=Style.parse("#7fd1ff on #1b1e26"),
    fault=Style.parse("bold #ffffff on #c1121f"),
    wrong=Style.parse("bold #000000 on #ff9f1c"),
    cursor=Style.parse("bold #000000 on #ffffff"),
)  # for whoever has no theme


def _hex(colour: Color) -> str:
    return colour.get_truecolor().hex


def _mixed(ink: str, paper: str, share: float) -> str:
    parts = ([int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (ink, paper))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(*parts, strict=True))
