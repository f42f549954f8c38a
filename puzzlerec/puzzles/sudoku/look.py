"""Sudokus to look at: lines between boxes or regions, and the candidates of cells that are not settled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puzzlerec.puzzles.look import Look

TILES = ((15, 7), (11, 5), (7, 3), (6, 3), (3, 1), (2, 1), (1, 1))
MINIATURES = ((2, 1), (1, 1))
LARGE_TILES = ((15, 7), (11, 5), (8, 4), (5, 4), (3, 1), (2, 1), (1, 1))  # with room for 4 x 4 candidates


@dataclass(frozen=True, eq=False, kw_only=True)
class BoxLook(Look):
    """Of Sudokus whose boxes are the same in every question."""

    boxes: np.ndarray  # [N, N] int, the number of each cell's box
    marks: np.ndarray | None = None  # [N, N] int, as `diagonals` gives them

    def regions(self, question: np.ndarray) -> np.ndarray:
        return self.boxes

    def diagonals(self, question: np.ndarray) -> np.ndarray | None:
        return self.marks


class JigsawLook(Look):
    """Of jigsaws, whose tokens are digits in regions: 1 + 10 region + digit, 0 for a blank."""

    def regions(self, question: np.ndarray) -> np.ndarray:
        regions: np.ndarray = np.maximum(question.astype(int) - 1, 0) // 10
        return regions

    def symbols(self, question: np.ndarray) -> np.ndarray:
        """Nine digits in the cell's own region."""
        blanks = 10 * self.regions(question) + 1
        return (blanks[..., None] + np.arange(1, 10)).astype(np.uint8)


def sudoku_look(vocabulary: tuple[str, ...], box: tuple[int, int], crossed: bool = False) -> Look:
    """Of Sudokus with boxes of ``box`` (rows, columns); ``crossed``: both diagonals are units.

    ``vocabulary`` is padding, a blank and then a character for each of N symbols.
    """
    size = len(vocabulary) - 2
    rows, columns = np.indices((size, size))
    return BoxLook(
        characters=vocabulary,
        answers=tuple(range(2, size + 2)),
        blanks=(1,),
        tiles=LARGE_TILES if size > 9 else TILES,
        miniatures=MINIATURES,
        pencil=box,
        boxes=rows // box[0] * size + columns // box[1],
        marks=(rows == columns) + 2 * (rows + columns == size - 1) if crossed else None,
    )


def jigsaw_look() -> Look:
    """Of jigsaws: their digits, and lines between their regions."""
    return JigsawLook(
        characters=("?", *(".123456789" * 9)),
        answers=tuple(token for token in range(1, 91) if (token - 1) % 10),
        blanks=tuple(range(1, 91, 10)),
        tiles=TILES,
        miniatures=MINIATURES,
        pencil=(3, 3),
    )
