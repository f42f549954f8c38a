"""How the screen is shared out: the puzzle is always whole, and around it stands what there is room for.

What there is no room for yields in a fixed order: the panels, the last of `PANELS` first, then the `LINES`, the first
first. Nothing yields for cells that are merely larger, unless it is asked for (`zoomed`).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import NamedTuple

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.tiling import Tiling

PANELS = ("curves", "candidates", "attempts")
LINES = ("legend", "heading", "keys", "track", "title")  # around the puzzle, one line each
BESIDE, BELOW = 40, 3  # columns beside the puzzle and lines below it, with less there are no panels there
WIDEST = 84  # columns of panels beside the puzzle
CURVE = 3, 12  # lines of a curve, at least and at most
AIRY = 26  # lines from which on there are empty ones between panels


class Arrangement(NamedTuple):
    """Which lines there are, and the columns beside the puzzle or the lines below it that panels have."""

    lines: Collection[str] = ()
    beside: int = 0
    below: int = 0


def arrange(
    puzzle: Puzzle, width: int, height: int, *, panels: bool = True, zoomed: bool = False, unicode: bool = True
) -> Arrangement:
    """For ``puzzle`` on ``width`` x ``height`` characters, one line of which always says which step is shown.

    The largest tiles decide whether panels stand beside the puzzle or below it, or else which gives them more room.
    """
    whole = partial(Tiling.whole, puzzle, unicode=unicode)
    for miniature in (False, True):
        for yielded in range(len(LINES) * zoomed, len(LINES) + 1):
            lines, room = LINES[yielded:], height - 1 - len(LINES[yielded:])
            found = []
            if panels and not yielded:
                if beside := whole(width - BESIDE, room, miniature=miniature):
                    columns = min(width - beside.width - 2, WIDEST)
                    found.append((beside.tile, columns * room, Arrangement(lines, beside=columns)))
                if below := whole(width, room - BELOW, miniature=miniature):
                    left = room - below.height
                    found.append((below.tile, width * left, Arrangement(lines, below=left)))
            if found:
                return max(found, key=lambda one: one[:2])[2]
            if whole(width, room, miniature=miniature):
                return Arrangement(lines)
    return Arrangement()


class Shares(NamedTuple):
    """Lines of each panel, those that are not there left out, and the columns and rows of curves."""

    lines: dict[str, int]
    columns: int
    rows: int


def share_out(room: int, panels: Collection[str], *, columns: int, curves: int, aimed: bool) -> Shares:
    """``room`` lines for ``panels``, with at most so many ``curves`` in ``columns``.

    ``aimed``: there is a cell whose candidates are to be shown; they then come before the curves.
    """
    rows = max(min(-(-curves // columns), room // CURVE[0]), 1)
    least = {"curves": CURVE[0] * rows, "candidates": min(max(room // 4, 3), 10) if aimed else 1, "attempts": 3}
    lines: dict[str, int] = {}
    for panel in sorted(PANELS, key=lambda panel: not (aimed and panel == "candidates")):
        if panel in panels and least[panel] <= room - sum(lines.values()):
            lines[panel] = least[panel]
    if "curves" in lines:
        left = (room - sum(lines.values())) // (1 + ("attempts" in lines))
        lines["curves"] += rows * max(min(left // rows, CURVE[1] - CURVE[0]), 0)
    return Shares(lines, columns, rows)
