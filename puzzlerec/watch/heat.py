"""How sure a network is, as a colour."""

from __future__ import annotations

from rich.style import Style

from puzzlerec.views.palette import BARS, LEVELS, VIRIDIS

_STYLES = [Style(color=colour) for colour in VIRIDIS]


def level(share: float) -> int:
    """``share``, 0 to 1, in `LEVELS` levels."""
    return max(0, min(int(share * LEVELS), LEVELS - 1))


def style(share: float) -> Style:
    return _STYLES[level(share)]


def bar(share: float) -> str:
    """One character, the higher the more."""
    return BARS[level(share)]
