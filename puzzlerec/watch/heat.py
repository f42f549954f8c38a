"""How sure a network is, as an ink."""

from __future__ import annotations

from puzzlerec.views.palette import BARS, LEVELS


def level(share: float) -> int:
    """``share``, 0 to 1, in `LEVELS` levels."""
    return max(0, min(int(share * LEVELS), LEVELS - 1))


def ink(share: float) -> str:
    return f"heat{level(share)}"


def bar(share: float) -> str:
    """One character, the higher the more."""
    return BARS[level(share)]
