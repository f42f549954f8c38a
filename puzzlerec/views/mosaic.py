"""Cells that begin within characters, which keep a large maze in sight: half blocks, and dots where it is larger still.

With half blocks a character is two *points*, one above the other, each in a colour of its own; a cell is n x n points,
which are about square. With dots a character is 4 x 2 cells in one colour: the path or, where it does not run, the
walls. Without colour the path is solid and walls are dotted, so that one is told from the other.

Letters: H x W grid, n points a cell.
"""

from __future__ import annotations

import numpy as np

from puzzlerec.views.lines import DOWN, LEFT, RIGHT, UP, codes, openings
from puzzlerec.views.palette import BOLD, CURSOR, FAINT, FAULT, HEAT, INK, OPEN, PAPER, STONE, WRONG, pair
from puzzlerec.views.scene import Scene
from puzzlerec.views.tiling import Tiling

_SOLID, _DOTTED = codes(" ▀▄█"), codes(" ⠛⣤⣿")  # by upper half + 2 * lower half
_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])  # of a braille character


class Mosaic:
    """Paints scenes of one tiling, as `strips.Painter` does."""

    def __init__(self, tiling: Tiling, colour: bool = True) -> None:
        self.tiling, self.look, self.colour = tiling, tiling.look, colour
        self._points = int(tiling.tile[0])  # a cell, each way; 0: dots

    def paint(
        self,
        scene: Scene,
        *,
        heat: bool = True,
        glyphs: bool = False,
        cursor: tuple[int, int] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        base = scene.categories(heat).astype(int)
        base[scene.wrong] = WRONG
        base[scene.offending] = FAULT
        if cursor is not None:
            base[cursor] = CURSOR
        characters, styles = self._blocks(scene, base) if self._points else self._dots(scene, base)
        if self._points > 2 and scene.hints is not None and self.look.hints[0] and not scene.solved:
            bare = (scene.hints > 0) & ~scene.given & ~scene.joined
            self._write(characters, styles, bare, codes(self.look.hints[0])[scene.hints], base | FAINT)
        ends = np.isin(scene.tokens, self.look.ends)
        self._write(characters, styles, ends, codes(self.look.characters)[scene.tokens], base | BOLD)
        if glyphs and self._points:
            for mask, mark, style in ((scene.wrong, "×", WRONG), (scene.offending, "!", FAULT)):
                self._write(characters, styles, mask & ~ends, ord(mark), style)
        return characters, styles

    def _blocks(self, scene: Scene, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n, (H, W) = self._points, base.shape
        rows = H * n + H * n % 2
        points = np.full((rows, W * n), PAPER)
        points[: H * n] = base.repeat(n, 0).repeat(n, 1)
        path = np.zeros((rows, W * n), bool)
        joined, middle = scene.joined, n // 2
        path[middle : H * n : n, middle::n] = joined
        sides = openings(joined)
        for step in range(1, middle + 1):
            for side, down, right in ((UP, -step, 0), (DOWN, step, 0), (LEFT, 0, -step), (RIGHT, 0, step)):
                path[middle + down : H * n : n, middle + right :: n] |= joined & (sides & side > 0)
        if n > 1:
            points[path] |= INK
        else:
            glows = np.isin(base, (FAULT, WRONG, CURSOR)) | (base >= HEAT)  # other papers do not show a path
            points[:H][joined & ~glows] |= INK
        upper, lower = points[::2], points[1::2]
        if self.colour:
            characters = np.where(upper == lower, ord(" "), ord("▀")).astype("<u4")
        else:
            walls = points == STONE
            solid, dotted = (half[::2] + 2 * half[1::2] for half in (path, walls))
            characters = np.where(solid > 0, _SOLID[solid], _DOTTED[dotted]).astype("<u4")
        return characters, pair(upper, lower)

    def _dots(self, scene: Scene, base: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        path, walls = (_braille(cells) for cells in (scene.joined, base == STONE))
        most = _blocks_of(np.where(scene.joined, base, 0)).max((1, 3))  # the hottest, or what is wrong
        inks = np.where(most >= HEAT, most, np.where(most > 0, most | INK, STONE))
        for category in (WRONG, FAULT, CURSOR):
            inks[_blocks_of(base == category).any((1, 3))] = category
        characters = (0x2800 + np.where(path > 0, path, walls)).astype("<u4")
        return characters, pair(inks, np.full(inks.shape, OPEN))

    def _write(
        self,
        characters: np.ndarray,
        styles: np.ndarray,
        mask: np.ndarray,
        signs: np.ndarray | int,
        inks: np.ndarray | int,
    ) -> None:
        """Write over the middles of the cells in ``mask`` [H, W]."""
        rows, columns = np.nonzero(mask)
        w, h = self.tiling.tile
        place = ((rows + 0.5) * h).astype(int), ((columns + 0.5) * w).astype(int)
        characters[place] = signs[rows, columns] if isinstance(signs, np.ndarray) else signs
        styles[place] = inks[rows, columns] if isinstance(inks, np.ndarray) else inks


def _blocks_of(cells: np.ndarray) -> np.ndarray:
    """[lines, 4, columns, 2]: what the cells [H, W] are in each character of dots."""
    height, width = cells.shape
    whole = np.pad(cells, ((0, -height % 4), (0, -width % 2)))
    return whole.reshape(len(whole) // 4, 4, -1, 2)


def _braille(cells: np.ndarray) -> np.ndarray:
    """[lines, columns]: the dots of the cells [H, W] bool, as bits."""
    bits: np.ndarray = (_blocks_of(cells) * _DOTS[None, :, None]).sum((1, 3))
    return bits
