"""How a kind of puzzle looks, whatever draws it: data and NumPy alone.

The fields say what differs between kinds; what depends on a question is a method that a kind may override. A grid is
drawn cell by cell unless the kind is a line of text (`prompt`) or stands for a picture (`picture`).

Letters: H x W grid, K tokens that one cell may show, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TILES = ((8, 4), (6, 3), (4, 2), (2, 1), (1, 1))  # w x h characters, the largest first


POSSIBLE = 0.02  # a token less likely than this is no candidate any more


@dataclass(frozen=True, eq=False)
class Look:
    """A plain grid of characters, until a kind says more."""

    characters: tuple[str, ...]  # [V], each one column wide
    answers: tuple[int, ...]  # the tokens that an open cell may show, in the order in which they are listed
    blanks: tuple[int, ...] = ()  # tokens of cells that hold nothing
    names: tuple[str, ...] = ()  # [V], the tokens in words; by default their characters
    tiles: tuple[tuple[float, float], ...] = TILES  # sizes of a cell, of which the last two serve where none fits
    miniatures: tuple[tuple[float, float], ...] = ()  # smaller ones, without lines between rows, where no tile fits
    small: tuple[int, int] = (3, 1)  # the tile of one puzzle among many
    pencil: tuple[int, int] | None = None  # rows and columns in which an unsure cell shows its candidates
    line: int | None = None  # the token of a path, drawn as a line through its cells
    ends: tuple[int, ...] = ()  # the tokens that the line joins
    solid: int | None = None  # the token that fills its cell, such as a wall
    heat: int | None = None  # the token whose probability is the heat; None: that of the token that is shown
    heat_words: str = "confidence"
    hints: tuple[str, str] = ("", "")  # what stands for each class of `PuzzleKind.hints`, plainly and in ASCII
    one_truth: bool = True  # whether the exact answer says of each cell what it must hold
    prompt: str | None = None  # of a line of text: what comes before its first cell; None: a grid
    palette: tuple[str, ...] = ()  # the colours of a `picture`

    @property
    def joined(self) -> tuple[int, ...]:
        """The tokens that a line runs through."""
        return self.ends if self.line is None else (self.line, *self.ends)

    def name(self, token: int) -> str:
        """A token in words."""
        names = self.names or self.characters
        return names[token] if token < len(names) else "?"

    def character(self, token: int) -> str:
        """What stands for a token in a cell; whatever is no token of the vocabulary is a question mark."""
        return self.characters[token] if token < len(self.characters) else "?"

    def regions(self, question: np.ndarray) -> np.ndarray:
        """[H, W] int: the number of each cell's region. Lines are drawn between regions, none if there is but one."""
        return np.zeros(question.shape, int)

    def diagonals(self, question: np.ndarray) -> np.ndarray | None:
        """[H, W] int: 1 where a unit falls through the cell, 2 where one rises, 3 both; None if there are none."""
        return None

    def symbols(self, question: np.ndarray) -> np.ndarray:
        """[H, W, K] uint8: the tokens that each open cell may show, in the order in which they are listed."""
        return np.broadcast_to(np.array(self.answers, np.uint8), (*question.shape, len(self.answers)))

    def candidates(self, question: np.ndarray, row: int, column: int) -> tuple[int, ...]:
        """The tokens whose probabilities are worth showing for one cell."""
        return tuple(self.symbols(question)[row, column].tolist())

    def written(self, tokens: np.ndarray) -> int:
        """How many cells of a line of text are there; the rest is behind its end."""
        return tokens.size

    def picture(self, tokens: np.ndarray) -> np.ndarray | None:
        """[H, W] uint8: the colours of the picture that a grid stands for; None where it is what it is."""
        return None
