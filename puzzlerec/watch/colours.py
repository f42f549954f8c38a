"""What a theme's colours come to: asked for at every paint, so that nothing keeps those of the theme before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color
from textual.theme import Theme

from puzzlerec.views.palette import PLAIN, VIRIDIS, VISIBLE, Palette, legible, mixed

_NAMES = ("foreground", "background", "primary", "success", "error", "accent", "warning")
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito's: told apart by all
# where a theme leaves them to the terminal
_DARK = ("#dfe3ea", "#101218", "#1fa187", "#4ac16d", "#e5484d", "#fde725", "#ff9f1c")
_LIGHT = ("#1b1f27", "#fbfbf8", "#277f8e", "#1a7f37", "#b00020", "#440154", "#b35900")


@dataclass(frozen=True, eq=False)
class Colours:
    """The palette of grids, and by name the inks and papers of all else."""

    palette: Palette
    inks: Mapping[str, Style]  # of text, of lines that are drawn, "heat0" to "heat7", and "series0" and so on
    papers: Mapping[str, Style]  # "" of the screen, and of bars

    @classmethod
    def of(cls, theme: Theme) -> Colours:
        """All text can be read on all papers. The papers of a theme that leaves them to the terminal are its own."""
        known = theme.to_color_system().generate()
        chosen = [known[name] for name in _NAMES] if not theme.ansi else _DARK if theme.dark else _LIGHT
        foreground, background, primary, success, error, accent, warning = chosen
        bars = {"heading": mixed(primary, background, 0.2), "title": mixed(foreground, background, 0.06)}
        papers = {"": background, **bars}
        text = {name: legible(colour, *papers.values()) for name, colour in {
            "text": foreground,
            "muted": mixed(foreground, background, 0.65),
            "strong": primary,
            "good": success,
            "bad": error,
            "warn": warning,
            **{f"series{index}": colour for index, colour in enumerate(SERIES)},
            "value": accent,
        }.items()}  # fmt: skip
        drawn = {name: legible(colour, background, least=VISIBLE) for name, colour in {
            "line": primary,
            "mark": accent,
            **{f"heat{level}": colour for level, colour in enumerate(VIRIDIS)},
        }.items()}  # fmt: skip
        rest = {"rest": mixed(foreground, background, 0.3), "later": mixed(primary, background, 0.55)}
        bold = ("strong", "good", "bad", "warn", "value")
        inks = {name: Style(color=colour, bold=name in bold) for name, colour in (text | drawn | rest).items()}
        palette = Palette.of(foreground, background, primary, success)
        if theme.ansi:
            bare = {name: Style() for name in papers}
            return cls(replace(palette, paper=Style(), line=Style(color=palette.line.color)), inks, bare)
        return cls(palette, inks, {name: Style(bgcolor=colour) for name, colour in papers.items()})


def readable(variables: Mapping[str, str]) -> dict[str, str]:
    """Those of a theme's CSS variables that colour text, moved as far as it takes to read it in boxes and bars."""
    papers = [Color.parse(variables[name]).hex6 for name in ("background", "surface", "panel")]
    foreground, surface, primary = (Color.parse(variables[name]).hex6 for name in ("foreground", "surface", "primary"))
    cursor = Color.parse(variables["block-cursor-background"]).hex6
    chosen = [mixed(primary, paper, 0.3) for paper in papers]  # of what is chosen, without the focus
    foreground = legible(foreground, *papers, *chosen)
    inks = {
        "foreground": foreground,
        "footer-foreground": foreground,
        "footer-description-foreground": foreground,
        "text-muted": mixed(foreground, surface, 0.7),
        "text-disabled": mixed(foreground, surface, 0.5),
        "footer-key-foreground": Color.parse(variables["accent"]).hex6,
        **{
            f"text-{name}": Color.parse(variables[name]).hex6
            for name in ("primary", "secondary", "accent", "success", "warning", "error")
        },
    }
    return {
        **{name: legible(ink, *papers) for name, ink in inks.items()},
        "block-cursor-foreground": legible(Color.parse(variables["background"]).hex6, cursor),
        "block-cursor-blurred-foreground": foreground,
    }


_known: dict[str, Colours] = {}


def colours(app: App[Any]) -> Colours:
    """Those of the app's theme, made once: they are dear. With ``NO_COLOR`` there are none."""
    theme = app.current_theme
    if theme.name not in _known:
        _known[theme.name] = Colours.of(theme)
    known = _known[theme.name]
    return replace(known, palette=PLAIN) if app.no_color else known
