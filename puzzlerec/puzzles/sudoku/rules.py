"""A Sudoku is its units: sets of N cells that hold each of N digits once.

Rows and columns always, and boxes (`Sudoku`), both diagonals besides (``diagonals``), or regions of any form that each
question brings along (`jigsaw.Jigsaw`). Whatever is asked of a Sudoku, its checks, solutions or copies, follows from
`Sudoku.units` and from the digit and the region of each token.

Tokens: 0 padding, 1 blank, digit d is d + 1. Where cells lie in regions, 1 + region * (N + 1) + digit, digit 0 blank.
"""

from __future__ import annotations

from functools import cached_property
from itertools import permutations, product
from typing import Any

import numpy as np

from puzzlerec.puzzles.base import Measure, PuzzleError, PuzzleKind, Verdict
from puzzlerec.puzzles.edit import Editing
from puzzlerec.puzzles.generator import DatasetError, Generator
from puzzlerec.puzzles.look import POSSIBLE, Look
from puzzlerec.puzzles.sudoku.choices import CHOICES
from puzzlerec.puzzles.sudoku.edit import sudoku_editing
from puzzlerec.puzzles.sudoku.forms import Cells, boxed, require_size, rows_of
from puzzlerec.puzzles.sudoku.look import sudoku_look

BLANK = 1
NO_REGION = 255


class Sudoku(PuzzleKind):
    """A Sudoku with fixed units: every row, column and box, and perhaps diagonal, holds each digit once."""

    family = "sudoku"
    layouts: tuple[str, ...] = ("line", "grid")
    shape: tuple[int, int]
    strategies = ("pins", "copies", "noise")
    rating_words = "guesses of a solver, published scale"
    regions = 0  # how many regions the tokens tell apart, if any

    def __init__(
        self, name: str, box: tuple[int, int] | None, fewest_givens: int, *, diagonals: bool = False, title: str = ""
    ) -> None:
        """``box`` is (rows, columns), None without boxes; fewer than ``fewest_givens`` never have a unique solution."""
        self.size = size = box[0] * box[1] if box else self.regions
        self.name, self.box, self.diagonals, self.fewest_givens = name, box, diagonals, fewest_givens
        self.title = title or f"{size}x{size} Sudoku"
        self.choices = CHOICES.get(name, ())
        self.shape = (size, size)
        self.vocabulary = ("?", *self._characters())
        self._set_units()
        self._set_tables()
        self.places = self._symmetric_places()

    def _characters(self) -> tuple[str, ...]:
        """Of every token but padding: here of the blank and the digits."""
        return (".", *(str(digit) for digit in range(1, self.size + 1)))

    def _readings(self) -> dict[str, int]:
        """The token that each character is read as, where a cell is a character."""
        digits = {character: token for token, character in enumerate(self.vocabulary) if token > BLANK}
        return dict.fromkeys(".0_", BLANK) | digits

    def _set_units(self) -> None:
        size = self.size
        places = np.arange(size * size).reshape(size, size)
        units, names = [places, places.T], ["row", "column"]
        if self.box:
            height, width = self.box
            boxes = places.reshape(size // height, height, size // width, width).swapaxes(1, 2)
            units, names = [*units, boxes.reshape(size, size)], [*names, "box"]
        if self.diagonals:
            units, names = [*units, np.stack([places.diagonal(), places[:, ::-1].diagonal()])], [*names, "diagonal"]
        self._units = np.concatenate(units)  # all but regions
        self._units.flags.writeable = False
        self.unit_names = tuple(
            f"{name} {number}" for name, some in zip(names, units, strict=True) for number in range(1, len(some) + 1)
        )

    def _set_tables(self) -> None:
        """What a token, or a cell with it, is: by tables that are as long as there are numbers in a ``uint8``."""
        size, count = self.size, len(self.vocabulary)
        self._token_of = np.zeros(128, np.uint8)  # [ASCII code]; 0: no cell
        for character, token in self._readings().items():
            self._token_of[ord(character)] = token
        tokens = np.arange(1, count)
        self._digit_of = np.zeros(256, np.uint8)
        self._digit_of[1:count] = (tokens - 1) % (size + 1)
        self._given = self._digit_of > 0
        self._region_of = np.full(256, NO_REGION, np.uint8)
        self._region_of[1:count] = (tokens - 1) // (size + 1)
        first = np.where(self._region_of == NO_REGION, 0, self._region_of).astype(np.int64) * (size + 1) + BLANK
        self._blank_of = first.astype(np.uint8)
        self._candidates_of = (first[:, None] + np.arange(1, size + 1)).astype(np.uint8)  # [256, N]
        self._bit_of = np.left_shift(1, self._digit_of.astype(np.int32))
        # [V, V]: what an answer may hold where the question has a token
        same_region = self._region_of[:count, None] == self._region_of[:count]
        same_region[0] = True  # padding says nothing
        given = self._given[:count]
        self._allowed = np.where(given[:, None], np.eye(count, dtype=bool), same_region & given)

    # ---- tokens

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        return tuple(token for token in range(len(self.vocabulary)) if self._digit_of[token])

    def digits(self, grid: np.ndarray) -> np.ndarray:
        """The digit of each token, shaped like ``grid``; 0 for blanks and for what is no token."""
        return self._digit_of.take(grid)

    def blanks(self, question: np.ndarray) -> np.ndarray:
        """The token that each cell has when it is blank, shaped like ``question``."""
        return self._blank_of.take(question)

    def given(self, question: np.ndarray) -> np.ndarray:
        return self._given.take(question)

    def allowed(self, questions: np.ndarray) -> np.ndarray:
        return self._allowed.take(questions.reshape(len(questions), -1), axis=0)

    def from_array(self, grid: np.ndarray) -> np.ndarray:
        """Digits, 0 for a blank."""
        if not np.issubdtype(grid.dtype, np.integer) or grid.min() < 0 or grid.max() > self.size:
            raise PuzzleError(
                f"An array for {self.name} holds digits 1 to {self.size}, 0 for a blank; this one, of {grid.dtype}, "
                "does not."
            )
        return (grid + BLANK).astype(np.uint8)

    # ---- units

    def measures(self, question: np.ndarray) -> dict[str, Measure]:
        """The candidates of open cells beyond the one that each must have."""
        cells = ~self.given(question)

        def candidates(tokens: np.ndarray, probabilities: np.ndarray, hints: np.ndarray | None) -> float:
            return float(np.maximum((probabilities[cells] >= POSSIBLE).sum(-1) - 1, 0).sum())

        return {"open candidates": candidates}

    def units(self, question: np.ndarray) -> np.ndarray:
        """[U, N] int64: the cells (row-major) of each row, column, box or region, and diagonal, as in `unit_names`.

        Raises `PuzzleError` if the question's regions are no units.
        """
        return self._units

    def candidates(self, question: np.ndarray) -> np.ndarray:
        return self._candidates_of.take(question.reshape(-1), axis=0)

    def board(self) -> dict[str, Any]:
        return {
            "puzzle": self.name,
            "vocabulary": len(self.vocabulary),
            "grid": self.shape,
            "box": self.box,
            "diagonals": self.diagonals,
            "regions": self.regions,
            "symbols": (self.answer_tokens[0], self.size),
        }

    # ---- exact answers and early checks

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray] | None:
        from puzzlerec.puzzles.sudoku.exact import SWEEPS  # compiles with Numba: only when asked for

        return self._solutions(question, limit, SWEEPS)

    def quick_solutions(self, question: np.ndarray) -> list[np.ndarray] | None:
        from puzzlerec.puzzles.sudoku.exact import QUICK_SWEEPS

        return self._solutions(question, 2, QUICK_SWEEPS)

    def another(self, question: np.ndarray, answer: np.ndarray) -> np.ndarray | None:
        """As in the base class: two symbols change places where no given ties them down.

        In every unit a pair of symbols has two cells, which change together. What hangs together so and has no given
        may change: most Sudokus with several solutions have such a part.
        """
        units, tokens = self.units(question), self.candidates(question)
        symbols = (tokens == answer.reshape(-1, 1)).argmax(1)
        first, second = np.triu_indices(tokens.shape[1], 1)  # of each pair
        holds = (symbols == first[:, None]) | (symbols == second[:, None])  # [pairs, L]
        pairs, unit, place = np.nonzero(holds[:, units])
        edges = units[unit, place].reshape(-1, 2)  # of each pair and unit, its two cells
        of = pairs.reshape(-1, 2)[:, 0]
        tied = holds & self.given(question).reshape(-1)
        while True:
            either = tied[of, edges[:, 0]] | tied[of, edges[:, 1]]
            grown = tied.copy()
            np.logical_or.at(grown, (of, edges[:, 0]), either)
            np.logical_or.at(grown, (of, edges[:, 1]), either)
            if (grown == tied).all():
                break
            tied = grown
        loose = holds & ~tied
        pair = int(loose.any(1).argmax())
        if not loose[pair].any():
            return None
        change = np.where(symbols == first[pair], second[pair], first[pair])
        swapped = np.where(loose[pair], tokens[np.arange(len(tokens)), change], answer.reshape(-1))
        return swapped.reshape(answer.shape).astype(answer.dtype)

    def _solutions(self, question: np.ndarray, limit: int, sweeps: int) -> list[np.ndarray] | None:
        from puzzlerec.puzzles.sudoku.exact import solve

        found = solve(self.digits(question).reshape(-1), self.units(question), limit, sweeps)
        if found is None:
            return None
        tokens, cells = self.candidates(question), np.arange(question.size)
        return [tokens[cells, digits - 1].reshape(self.shape) for digits in found]

    def promising(
        self, questions: np.ndarray, tokens: np.ndarray, halt: np.ndarray, masked: np.ndarray | None
    ) -> np.ndarray:
        """Answers whose units hold every digit, seen at NumPy's speed: the model need not believe in them."""
        held = np.bitwise_or.reduce(self._in_units(questions, self._bit_of.take(tokens)), axis=-1)  # [B, U]
        return np.flatnonzero((held == (1 << self.size + 1) - 2).all(-1))

    def _in_units(self, questions: np.ndarray, values: np.ndarray) -> np.ndarray:
        """[B, U, N]: the ``values`` [B, H, W] of the cells of every unit."""
        inside: np.ndarray = values.reshape(len(values), -1)[:, self._units]
        return inside

    def generator(self, shape: tuple[int, int] | None = None) -> Generator:
        from puzzlerec.puzzles.sudoku.generate import generator  # compiles with Numba: only when asked for

        if shape not in (None, self.shape):
            raise DatasetError(f"A {self.title} cannot have the shape {'x'.join(map(str, shape))}.")
        return generator(self)

    # ---- text

    def parse(self, text: str) -> np.ndarray:
        plain = text.strip()
        if len(plain) == self.size * self.size and plain.isascii():
            found = self._token_of[np.frombuffer(plain.encode(), np.uint8)]
            if found.all():
                return found.reshape(self.shape)
        rows = self._rows(text)
        tokens = [self._token(*cell, number) for number, cells in rows for cell in cells]
        require_size(rows, self.size, self.title)
        return np.array(tokens, np.uint8).reshape(self.shape)

    def _token(self, column: int, character: str, line: int) -> int:
        if not character.isascii() or not self._token_of[ord(character)]:
            message = f"{character!r} is no cell of a {self.title}: write 1-{self.size}, and . or 0 for a blank."
            raise PuzzleError(message, line=line, column=column)
        return int(self._token_of[ord(character)])

    def recognises(self, text: str) -> bool:
        """Whether ``text``, a puzzle, has what only this kind has, beyond the number of its cells."""
        return False

    def _rows(self, text: str) -> list[tuple[int, Cells]]:
        """The lines that hold cells."""
        return rows_of(text)

    def layout_of(self, text: str) -> str:
        """The layout that ``text``, one puzzle, is written in."""
        return "line" if len(rows_of(text)) == 1 else "grid"

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        self._require_shape(grid)
        self._require_layout(layout)
        rows = [[self._character(token) for token in row] for row in grid]
        if layout == "line" or not self.box:
            return "".join(map("".join, rows))
        return boxed(rows, self.box)

    def _character(self, token: int) -> str:
        return self.vocabulary[token] if token < len(self.vocabulary) else "?"

    def _require_layout(self, layout: str) -> None:
        if layout not in self.layouts:
            raise PuzzleError(f"A {self.title} has no layout {layout!r}; it has {' and '.join(self.layouts)}.")

    # ---- verdicts

    def check_question(self, question: np.ndarray) -> Verdict:
        """No digit is given twice in a unit, and regions are of N cells each, in one piece.

        Facts: ``givens``, their number, and ``too_few_givens``, True if there are so few that several solutions are
        certain (17 is the fewest for 9x9: McGuire, Tugemann and Civario 2014; with one digit less than all of them but
        one, two can be swapped). That does not make a question unsound.
        """
        self._require_shape(question)
        foreign = self._region_of.take(question) == NO_REGION
        offending, problems = self._misshapen(question)
        if not problems:
            offending, problems = self._duplicates(question, question)
        problems += self._sentence(foreign, "is neither a digit nor blank", "are neither digits nor blank")
        offending |= foreign
        givens = int(self.given(question).sum())
        facts: dict[str, bool | int | float] = {"givens": givens, "too_few_givens": givens < self.fewest_givens}
        return Verdict(not problems, offending, tuple(problems), facts)

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """Every given and region kept, every cell a digit, every digit once in each unit.

        Facts: ``blank`` (cells without a digit), ``changed`` (givens not kept), ``offending`` (cells at fault). Raises
        `PuzzleError` for grids of another shape and for a question whose regions are no units.
        """
        self._require_shape(question)
        self._require_shape(answer)
        offending, problems = self._duplicates(question, answer)
        region = self._region_of.take(answer)
        foreign = region == NO_REGION
        blank = ~foreign & (self.digits(answer) == 0)
        moved = ~foreign & (region != self._region_of.take(question))
        changed = self.given(question) & (answer != question)
        problems += self._sentence(blank, "is blank", "are blank")
        problems += self._sentence(foreign, "holds no digit", "hold no digit")
        problems += self._sentence(moved, "is put into another region", "are put into other regions")
        problems += self._sentence(changed, "differs from its given digit", "differ from their given digits")
        offending |= blank | foreign | moved | changed
        facts: dict[str, bool | int | float] = {
            "blank": int((blank | foreign).sum()),
            "changed": int(changed.sum()),
            "offending": int(offending.sum()),
        }
        return Verdict(not problems, offending, tuple(problems), facts)

    def partial(self, question: np.ndarray, tokens: np.ndarray, masked: np.ndarray) -> np.ndarray:
        """What is hidden is at odds with nothing."""
        return self.check_question(np.where(masked, question, tokens)).offending

    # ---- looks and editing

    @cached_property
    def look(self) -> Look:
        assert self.box is not None
        return sudoku_look(self.vocabulary, self.box, self.diagonals)

    @cached_property
    def editing(self) -> Editing:
        return sudoku_editing("Sudoku X" if self.diagonals else "Sudoku", self.vocabulary)

    def _require_shape(self, grid: np.ndarray) -> None:
        if grid.shape != self.shape:
            raise PuzzleError(f"A {self.title} cannot have the shape {'x'.join(map(str, grid.shape))}.")

    def _misshapen(self, question: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """The cells [N, N] bool of regions that are no units, and a sentence for each such region."""
        return np.zeros(self.shape, bool), []

    def _duplicates(self, question: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, list[str]]:
        """The cells [N, N] bool of ``grid`` whose digit stands twice in a unit, and a sentence for each such unit."""
        units = self.units(question)
        values = self.digits(grid).reshape(-1)[units]  # [U, N]
        twice = ((values[:, :, None] == values[:, None, :]).sum(-1) > 1) & (values > 0)
        offending = np.zeros(grid.size, bool)
        problems = []
        for unit in np.flatnonzero(twice.any(1)):
            offending[units[unit][twice[unit]]] = True
            problems.append(f"{twice[unit].sum()} cells break {self.unit_names[unit]}")
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

    # ---- symmetries

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Names of digits and regions, and the places: with boxes alone, bands, rows in a band, stacks, columns in a
        stack and, where boxes are square, the two axes; else one of `places`.
        """
        if self.places is None:
            cells = self._by_bands(rng, count)
        else:
            cells = self.places[rng.integers(len(self.places), size=count)]
        tokens = np.tile(np.arange(len(self.vocabulary), dtype=np.uint8), (count, 1))
        tokens[:, 2 : self.size + 2] = rng.permuted(tokens[:, 2 : self.size + 2], axis=1)
        if self.regions:
            regions = rng.permuted(np.tile(np.arange(self.regions, dtype=np.uint8), (count, 1)), axis=1)
            digits = tokens[:, None, 1 : self.size + 2]
            tokens[:, 1:] = (digits + regions[:, :, None] * np.uint8(self.size + 1)).reshape(count, -1)
        return cells, tokens

    def class_of(self, question: np.ndarray, answer: np.ndarray) -> int:
        """Of its solution grid, as generated datasets are split; for small sizes, which have few, of the puzzle."""
        from puzzlerec.puzzles.sudoku.symmetry import class_of  # compiles with Numba: only when asked for

        regions = self._region_of.take(question).reshape(-1).astype(np.int64)
        asked, filled = (self.digits(grid).reshape(-1) for grid in (question, answer))
        return int(class_of(asked, filled, regions, self.box, self.places))

    def _by_bands(self, rng: np.random.Generator, count: int) -> np.ndarray:
        assert self.box is not None
        rows, columns = (_shuffled(rng, count, self.size, group) for group in self.box)
        places = rows[:, :, None] * self.size + columns[:, None, :]  # [n, N, N]
        if self.box[0] == self.box[1]:
            places = np.where(rng.integers(2, size=(count, 1, 1)) == 1, places.swapaxes(1, 2), places)
        cells: np.ndarray = places.reshape(count, -1)
        return cells

    def _symmetric_places(self) -> np.ndarray | None:
        """[S, L] int64: the old cell of each cell in every symmetry, where they are few; None where bands move freely.

        With diagonals, rows and columns move alike, or the columns against the rows, and what is before the centre
        moves as its mirror image behind it: 24 orders for boxes of 3x3, 96 symmetries with the axes.
        """
        if not self.diagonals:
            return None
        assert self.box is not None
        bands = np.arange(self.size).reshape(-1, self.box[0])
        within = [np.array(orders) for orders in product(*(permutations(band) for band in bands.tolist()))]
        orders = [order[list(places)].reshape(-1) for order in within for places in permutations(range(len(bands)))]
        mirrored = [order for order in orders if (order + order[::-1] == self.size - 1).all()]
        return grid_places([(order, columns) for order in mirrored for columns in (order, order[::-1])])


def grid_places(orders: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """[2 S, L] int64: the old cell of each cell for S ``orders`` of rows and columns, then for the transposed ones."""
    places = np.stack([rows[:, None] * len(columns) + columns for rows, columns in orders])
    return np.concatenate([places, places.swapaxes(1, 2)]).reshape(2 * len(orders), -1)


def _shuffled(rng: np.random.Generator, count: int, size: int, group: int) -> np.ndarray:
    """[n, size] int64: orders of rows (or columns) that keep each band (or stack) of ``group`` together."""
    groups = rng.permuted(np.tile(np.arange(size // group), (count, 1)), axis=1)
    within = rng.permuted(np.tile(np.arange(group), (count, size // group, 1)), axis=2)
    orders: np.ndarray = (groups[..., None] * group + within).reshape(count, size)
    return orders
