"""Sudoku in three sizes: 9x9 (boxes 3x3), 6x6 (boxes of 2 rows and 3 columns) and 4x4 (boxes 2x2).

Tokens: 0 padding, 1 blank, digit d is d + 1.

Text: a *line* is all cells in reading order, a *grid* one row a line. A blank is ``.``, ``0`` or ``_``. Spaces, ``|``,
``!``, ``:``, ``,``, ``;``, ``+``, ``-`` and box-drawing characters between cells are decoration, lines that hold
nothing else are rules, and ``#`` starts a comment.
"""

from __future__ import annotations

import re

import numpy as np

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind, Verdict

BLANK = 1

_DECORATION = set("|!:+-,;") | {chr(code) for code in range(0x2500, 0x2580)}
_RULE = re.compile(r"[-+|:!,;=*'.\s\u2500-\u257f]*")  # a rule may have dots for corners, as in .---.---.
_RUN = re.compile(r"--|==")


def cells_of(line: str) -> list[tuple[int, str]]:
    """The cells in one line of text, as (column from 1, character); none if it is a rule, a comment or empty.

    A character that is no cell of any Sudoku counts as one: it stands where a cell should.
    """
    line = line.partition("#")[0]
    if _RULE.fullmatch(line) and ("." not in line or _RUN.search(line)):
        return []
    return [
        (column, character)
        for column, character in enumerate(line, 1)
        if character not in _DECORATION and not character.isspace()
    ]


class Sudoku(PuzzleKind):
    """Sudoku of one size: every row, column and box holds each digit once."""

    family = "sudoku"
    layouts = ("line", "grid")
    shape: tuple[int, int]
    strategies = ("pins", "copies", "noise")
    rating_words = "guesses of a solver, published scale"

    def __init__(self, size: int, box: tuple[int, int], fewest_givens: int) -> None:
        """``box`` is (rows, columns); with less than ``fewest_givens`` no puzzle has a unique solution."""
        self.size, self.box, self.fewest_givens = size, box, fewest_givens
        self.name = "sudoku" if size == 9 else f"sudoku-{size}x{size}"
        self.title = f"{size}x{size} Sudoku"
        self.vocabulary = ("?", ".", *(str(digit) for digit in range(1, size + 1)))
        self.shape = (size, size)
        self._token_of = np.zeros(128, np.uint8)  # [ASCII code]; 0: no cell
        for character in ".0_":
            self._token_of[ord(character)] = BLANK
        for digit in range(1, size + 1):
            self._token_of[ord(str(digit))] = digit + 1
        box_rows, box_columns = box
        places = np.arange(size * size).reshape(size, size)
        boxes = places.reshape(size // box_rows, box_rows, size // box_columns, box_columns).swapaxes(1, 2)
        self._units = np.concatenate([places, places.T, boxes.reshape(size, size)])
        self._units.flags.writeable = False

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        return tuple(range(2, self.size + 2))

    def units(self, question: np.ndarray) -> np.ndarray:
        """[3 N, N] int64: the cells (row-major) of each row, then of each column, then of each box."""
        return self._units

    def candidates(self, question: np.ndarray) -> np.ndarray:
        return np.tile(np.array(self.answer_tokens, np.uint8), (self.size**2, 1))

    def from_array(self, grid: np.ndarray) -> np.ndarray:
        """Digits, 0 for a blank."""
        if not np.issubdtype(grid.dtype, np.integer) or grid.min() < 0 or grid.max() > self.size:
            raise PuzzleError(
                f"An array for {self.name} holds digits 1 to {self.size}, 0 for a blank; this one, of {grid.dtype}, "
                "does not."
            )
        return (grid + BLANK).astype(np.uint8)

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray]:
        from puzzlerec.puzzles.sudoku.exact import solve_sudoku  # compiles with Numba: only when asked for

        return solve_sudoku(question, limit)

    def promising(
        self, questions: np.ndarray, tokens: np.ndarray, halt: np.ndarray, masked: np.ndarray | None
    ) -> np.ndarray:
        """Answers whose units hold every digit, seen at NumPy's speed: the model need not believe in them."""
        digits = np.left_shift(1, tokens.reshape(len(tokens), -1).astype(np.int32))
        held = np.bitwise_or.reduce(digits[:, self._units], axis=-1)  # [B, U]
        return np.flatnonzero((held == sum(1 << token for token in self.answer_tokens)).all(-1))

    def parse(self, text: str) -> np.ndarray:
        size, area = self.size, self.size * self.size
        plain = text.strip()
        if len(plain) == area and plain.isascii():
            tokens = self._token_of[np.frombuffer(plain.encode(), np.uint8)]
            if tokens.all():
                return tokens.reshape(self.shape)

        rows = [(number, cells) for number, line in enumerate(text.split("\n"), 1) if (cells := cells_of(line))]
        if not rows:
            raise PuzzleError(f"There are no cells here; a {self.title} has {area}.")
        one_line = len(rows) == 1
        width = area if one_line else size
        what = "The line" if one_line else "Row {}"
        for index, (number, cells) in enumerate(rows, 1):
            for column, character in cells:
                if not character.isascii() or not self._token_of[ord(character)]:
                    message = f"{character!r} is no cell of a {self.title}: write 1-{size}, and . or 0 for a blank."
                    raise PuzzleError(message, line=number, column=column)
            if len(cells) != width:
                column = cells[-1][0] + 1 if len(cells) < width else cells[width][0]
                message = f"{what.format(index)} has {len(cells)} cells instead of {width} ({self.title})."
                raise PuzzleError(f"{message} Blanks are written . or 0.", line=number, column=column)
        if not one_line and len(rows) != size:
            line = rows[size][0] if len(rows) > size else rows[-1][0]
            remedy = "Separate grids by an empty line." if len(rows) > size else "Add what is missing."
            raise PuzzleError(f"The grid has {len(rows)} rows, a {self.title} has {size}. {remedy}", line=line)
        codes = [ord(character) for _, cells in rows for _, character in cells]
        return self._token_of[codes].reshape(self.shape)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        self._require_shape(grid)
        rows = [
            "".join(self.vocabulary[token] if token < len(self.vocabulary) else "?" for token in row) for row in grid
        ]
        if layout == "line":
            return "".join(rows)
        if layout != "grid":
            raise PuzzleError(f"A {self.title} has no layout {layout!r}; it has {' and '.join(self.layouts)}.")
        box_rows, box_columns = self.box
        rule = "+".join(["-" * box_columns] * (self.size // box_columns))
        lines: list[str] = []
        for index, row in enumerate(rows):
            if index and index % box_rows == 0:
                lines.append(rule)
            lines.append("|".join(row[start : start + box_columns] for start in range(0, self.size, box_columns)))
        return "\n".join(lines)

    def given(self, question: np.ndarray) -> np.ndarray:
        return question > BLANK

    def check_question(self, question: np.ndarray) -> Verdict:
        """No digit is given twice in a unit.

        Facts: ``givens``, their number, and ``too_few_givens``, True if there are so few that several solutions are
        certain (17 is the fewest for 9x9: McGuire, Tugemann and Civario 2014). That does not make a question unsound.
        """
        self._require_shape(question)
        offending, problems = self._duplicates(question)
        foreign = (question < BLANK) | (question > self.size + 1)
        problems += self._sentence(foreign, "is neither a digit nor blank", "are neither digits nor blank")
        offending |= foreign
        givens = int(self.given(question).sum())
        facts: dict[str, bool | int | float] = {"givens": givens, "too_few_givens": givens < self.fewest_givens}
        return Verdict(not problems, offending, tuple(problems), facts)

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """Every given kept, every cell a digit, every digit once in each row, column and box.

        Facts: ``blank`` (cells without a digit), ``changed`` (givens not kept), ``offending`` (cells at fault).
        """
        self._require_shape(question)
        self._require_shape(answer)
        offending, problems = self._duplicates(answer)
        blank = answer == BLANK
        foreign = (answer < BLANK) | (answer > self.size + 1)
        changed = self.given(question) & (answer != question)
        problems += self._sentence(blank, "is blank", "are blank")
        problems += self._sentence(foreign, "holds no digit", "hold no digit")
        problems += self._sentence(changed, "differs from its given digit", "differ from their given digits")
        offending |= blank | foreign | changed
        facts: dict[str, bool | int | float] = {
            "blank": int((blank | foreign).sum()),
            "changed": int(changed.sum()),
            "offending": int(offending.sum()),
        }
        return Verdict(not problems, offending, tuple(problems), facts)

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Digits, bands, rows in a band, stacks, columns in a stack and, where boxes are square, the two axes."""
        size, (box_rows, box_columns) = self.size, self.box
        rows, columns = (_shuffled(rng, count, size, group) for group in (box_rows, box_columns))
        places = rows[:, :, None] * size + columns[:, None, :]  # [n, N, N]
        if box_rows == box_columns:
            places = np.where(rng.integers(2, size=(count, 1, 1)) == 1, places.swapaxes(1, 2), places)
        tokens = np.tile(np.arange(size + 2, dtype=np.uint8), (count, 1))
        tokens[:, 2:] = rng.permuted(tokens[:, 2:], axis=1)
        return places.reshape(count, -1), tokens

    def _require_shape(self, grid: np.ndarray) -> None:
        if grid.shape != self.shape:
            raise PuzzleError(f"A {self.title} cannot have the shape {'x'.join(map(str, grid.shape))}.")

    def _duplicates(self, grid: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """The cells [N, N] bool whose digit stands twice in a unit, and a sentence for each such unit."""
        values = grid.reshape(-1)[self._units]  # [3 N, N]
        twice = (values[:, :, None] == values[:, None, :]).sum(-1) > 1
        twice &= (values > BLANK) & (values <= self.size + 1)
        offending = np.zeros(grid.size, bool)
        problems = []
        for unit in np.flatnonzero(twice.any(1)):
            offending[self._units[unit][twice[unit]]] = True
            name = ("row", "column", "box")[unit // self.size]
            problems.append(f"{twice[unit].sum()} cells break {name} {unit % self.size + 1}")
        return offending.reshape(self.shape), problems

    @staticmethod
    def _sentence(mask: np.ndarray, one: str, many: str) -> list[str]:
        """What is wrong with the cells of ``mask``, as one sentence, or none."""
        rows, columns = np.nonzero(mask)
        if rows.size == 0:
            return []
        if rows.size == 1:
            return [f"cell r{rows[0] + 1}c{columns[0] + 1} {one}"]
        return [f"{rows.size} cells {many}"]


def _shuffled(rng: np.random.Generator, count: int, size: int, group: int) -> np.ndarray:
    """[n, size] int64: orders of rows (or columns) that keep each band (or stack) of ``group`` together."""
    groups = rng.permuted(np.tile(np.arange(size // group), (count, 1)), axis=1)
    within = rng.permuted(np.tile(np.arange(group), (count, size // group, 1)), axis=2)
    return (groups[..., None] * group + within).reshape(count, size)


SUDOKUS = (Sudoku(9, (3, 3), 17), Sudoku(4, (2, 2), 4), Sudoku(6, (2, 3), 8))
