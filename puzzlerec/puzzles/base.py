"""What a puzzle is, whatever its kind: text in, tokens, rules, text out.

A *grid* is a NumPy ``uint8`` array ``[H, W]`` of tokens. Token 0 is padding in every vocabulary and never stands in a
question or an answer of the puzzle's own size. Nothing here knows a tensor, a model or a file format on disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

NO_SOLUTION = "there is no solution"  # a problem that only an exact solver can name


class PuzzleError(ValueError):
    """Text that is no puzzle: what is wrong, where, and what to do about it.

    ``line`` and ``column`` count from 1 and are 0 where they are not known; ``source`` is the file's name.
    """

    def __init__(self, message: str, *, source: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message, self.source, self.line, self.column = message, source, line, column

    def __str__(self) -> str:
        source = "standard input" if self.source == "-" else self.source
        place = ":".join(str(part) for part in (source, self.line, self.column) if part)
        return f"{place}: {self.message}" if place else self.message


@dataclass(frozen=True, eq=False)
class Puzzle:
    """One question as it was read, with all that is needed to write its answer in the same form."""

    kind: PuzzleKind
    question: np.ndarray  # [H, W] uint8 tokens
    layout: str = "line"  # how it was written, one of `kind.layouts`
    source: str = ""  # file name, "-" for standard input
    line: int = 0  # first line in the source, from 1


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the rules say of an answer. ``solved`` is True only if every rule was checked and holds."""

    solved: bool
    offending: np.ndarray  # [H, W] bool, the cells that break a rule
    problems: tuple[str, ...] = ()  # one sentence a kind of fault, empty if solved
    facts: dict[str, bool | int | float] = field(default_factory=dict)  # e.g. {"optimal": True, "length": 112}


@dataclass(frozen=True, eq=False)
class Symmetry:
    """A change of names and places that keeps right answers right.

    ``copy = symmetry.apply(grid)``, ``grid = symmetry.undo(copy)``. Row-major: ``copy.flat[i] =
    tokens[grid.flat[cells[i]]]``. ``fixed_answer`` is False where a right answer's copy is right but need not be the
    answer that a dataset's tie-break would choose (mazes): there the copy's answer is computed anew.
    """

    cells: np.ndarray  # [H * W] int64, which old cell each new cell takes
    tokens: np.ndarray  # [V] uint8, the new token of each old token
    shape: tuple[int, int]  # of the copy
    old_shape: tuple[int, int]  # of the original
    fixed_answer: bool = True

    def apply(self, grid: np.ndarray) -> np.ndarray:
        return self.tokens[grid.reshape(-1)[self.cells]].reshape(self.shape)

    def undo(self, copy: np.ndarray) -> np.ndarray:
        old_tokens = np.argsort(self.tokens).astype(np.uint8)
        grid = np.empty(self.cells.size, np.uint8)
        grid[self.cells] = old_tokens[copy.reshape(-1)]
        return grid.reshape(self.old_shape)


class PuzzleKind(ABC):
    """One type of puzzle. Instances are stateless and compare by name."""

    name: str  # what `--puzzle` takes: "sudoku", "sudoku-4x4", "maze"
    vocabulary: tuple[str, ...]  # the character of each token; vocabulary[0] is padding
    layouts: tuple[str, ...]  # the forms it is written in; the first is the plain one-line form
    shape: tuple[int, int] | None  # the grid's shape, None where any is allowed

    @abstractmethod
    def parse(self, text: str) -> np.ndarray:
        """The grid that ``text`` (one puzzle, in any of the layouts) holds. Raises `PuzzleError`."""

    @abstractmethod
    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """``grid`` (question or answer) as text, no final newline; ``parse(format(q)) == q`` in every layout.

        Raises `PuzzleError` for a layout that the kind, or a grid of this shape, does not have.
        """

    @abstractmethod
    def check_question(self, question: np.ndarray) -> Verdict:
        """Whether the question itself breaks no rule (no digit given twice, S in the maze). ``solved`` means sound."""

    @abstractmethod
    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """The rules' verdict on ``answer`` to ``question``."""

    @abstractmethod
    def given(self, question: np.ndarray) -> np.ndarray:
        """[H, W] bool: the cells that the question fixes."""

    @abstractmethod
    def random_symmetry(self, rng: np.random.Generator, shape: tuple[int, int]) -> Symmetry:
        """A symmetry of grids of this shape, drawn uniformly."""

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        """The tokens that an answer may hold."""
        return tuple(range(1, len(self.vocabulary)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PuzzleKind) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<puzzle {self.name}>"
