"""What a puzzle is, whatever its kind: text in, tokens, rules, text out.

A *grid* is a NumPy ``uint8`` array ``[H, W]`` of tokens. Token 0 is padding in every vocabulary and never stands in a
question or an answer of the puzzle's own size. Nothing here knows a tensor, a model or a file format on disk.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np

from puzzlerec.display import Displayed
from puzzlerec.files import shorten
from puzzlerec.puzzles.choices import Choice
from puzzlerec.puzzles.edit import Editing
from puzzlerec.puzzles.generator import Generator
from puzzlerec.puzzles.look import Look

RATING_EDGES = (0, 1, 2, 5, 10, 20, 50)  # of the bins that results are told by; the last is open
NO_SOLUTION = "there is no solution"  # problems that only an exact solver can name
SEVERAL_SOLUTIONS = "it has more than one solution; this is one"


# Of tokens [H, W], probabilities [H, W, V] and hints [H, W], if there are any: a number, NaN where it is not known.
Measure = Callable[[np.ndarray, np.ndarray, np.ndarray | None], float]


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


@dataclass(frozen=True, eq=False, repr=False)
class Puzzle(Displayed):
    """One question as it was read, with all that is needed to write its answer in the same form."""

    kind: PuzzleKind
    question: np.ndarray  # [H, W] uint8 tokens
    layout: str = "line"  # how it was written, one of `kind.layouts`
    source: str = ""  # file name, "-" for standard input
    line: int = 0  # first line in the source, from 1
    puzzle_id: int = 0  # the row of a model's puzzle embedding, 0 where there is but one
    answer: np.ndarray | None = None  # [H, W] uint8 tokens, unchecked, if the source has one beside the question

    def written(self, tokens: np.ndarray) -> str:
        """Its question or its answer in one line, where grids of this shape have one."""
        height, width = tokens.shape
        return self.kind.format(tokens, "line" if height == width else self.layout)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "puzzle": self.kind.name,
            "source": self.source,
            "line": self.line,
            "input": self.written(self.question),
        }

    def __repr__(self) -> str:
        place = f" at {f'{self.source}:{self.line}'!r}" if self.source else ""
        return f"<{self.kind.name}{place}: {shorten(self.written(self.question))!r}>"


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
    tokens[grid.flat[cells[i]]]``.
    """

    cells: np.ndarray  # [H * W] int64, which old cell each new cell takes
    tokens: np.ndarray  # [V] uint8, the new token of each old token
    shape: tuple[int, int]  # of the copy
    old_shape: tuple[int, int]  # of the original

    def apply(self, grid: np.ndarray) -> np.ndarray:
        return self.tokens.take(grid.reshape(-1).take(self.cells)).reshape(self.shape)

    def undo(self, copy: np.ndarray) -> np.ndarray:
        old_tokens = np.argsort(self.tokens).astype(np.uint8)
        grid = np.empty(self.cells.size, np.uint8)
        grid[self.cells] = old_tokens[copy.reshape(-1)]
        return grid.reshape(self.old_shape)


class PuzzleKind(ABC):
    """One type of puzzle. Instances are stateless and compare by name.

    What every kind must say are its rules: `parse`, `format`, `check_question`, `check`, `given`. All else are
    *abilities*, which have a harmless default here. Whoever needs one asks for it and never for the class.
    """

    name: str  # what `--puzzle` takes: "sudoku", "sudoku-4x4", "maze"
    family: str  # kinds of one family are read, edited and generated alike, and may share a model: "sudoku"
    title: str  # in words, such as "9x9 Sudoku"
    vocabulary: tuple[str, ...]  # the character of each token; vocabulary[0] is padding
    layouts: tuple[str, ...]  # the forms it is written in; the first is the plain one-line form
    shape: tuple[int, int] | None  # the grid's shape, None where any is allowed

    # ---- rules

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
        """Bool, shaped like ``question`` [..., H, W] or [..., L]: the cells that the question fixes."""

    # ---- tokens

    filler: int = 0  # the token around a smaller question in a larger grid; 0 is padding

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        """The tokens that an answer may hold somewhere."""
        return tuple(range(1, len(self.vocabulary)))

    def allowed(self, questions: np.ndarray) -> np.ndarray:
        """[B, L, V] bool: what each cell of an answer to ``questions`` [B, H, W] may hold: a given its own token."""
        flat = questions.reshape(len(questions), -1)
        tokens = np.arange(len(self.vocabulary))
        answers = np.isin(tokens, self.answer_tokens)
        return np.where(self.given(flat)[..., None], tokens == flat[..., None], answers)

    def from_array(self, grid: np.ndarray) -> np.ndarray:
        """The question that an array of numbers stands for, as a caller of the API gives it. Raises `PuzzleError`."""
        highest = len(self.vocabulary) - 1
        if not np.issubdtype(grid.dtype, np.integer) or grid.min() < 1 or grid.max() > highest:
            raise PuzzleError(
                f"An array for {self.name} holds tokens 1 to {highest}; this one, of {grid.dtype}, does not."
            )
        return grid.astype(np.uint8)

    # ---- exact answers, by search or by rule, never from a model

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray] | None:
        """At most ``limit`` answers to a sound question; none if there is no solution. None: no way to find them.

        Where many answers are right and published sets choose one of them, that is the only one.
        """
        return None

    def quick_solutions(self, question: np.ndarray) -> list[np.ndarray] | None:
        """At most two `solutions`, if some hundredths of a second settle them, where a question may have 0 or several.

        None otherwise: it is not known, or a sound question has one answer as a rule.
        """
        return None

    def another(self, question: np.ndarray, answer: np.ndarray) -> np.ndarray | None:
        """A second solution beside ``answer``, a first one, if it can be seen at a glance. None proves nothing."""
        return None

    def truth(self, question: np.ndarray) -> np.ndarray | None:
        """[H, W] tokens that `wrong` compares answers with; None where there is no single truth or it is not known."""
        if not self.check_question(question).solved:
            return None
        found = self.solutions(question, limit=2)
        return found[0] if found and len(found) == 1 else None

    def wrong(self, tokens: np.ndarray, truth: np.ndarray) -> np.ndarray:
        """[H, W] bool: the cells of an answer that differ from the truth."""
        different: np.ndarray = tokens != truth
        return different

    # ---- units: for kinds whose rule is that a unit holds each of its symbols once

    def units(self, question: np.ndarray) -> np.ndarray | None:
        """[U, N] int64: the cells (row-major) of every unit of N cells, which holds each of N symbols once."""
        return None

    def candidates(self, question: np.ndarray) -> np.ndarray | None:
        """[L, N] uint8: the token that each of the N symbols has in each cell."""
        return None

    def board(self) -> dict[str, Any] | None:
        """The settings of a model that say what board it plays on; None for kinds whose models cannot change boards.

        For models that work on any board of a family: `puzzle`, `vocabulary`, `grid`, and what the family's boards
        differ in.
        """
        return None

    # ---- symmetries

    answers_move_along: bool = True  # whether the copy of a right answer is the answer to the copy of the question

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """``count`` symmetries of grids of this shape that keep it, drawn uniformly and independently.

        ``cells`` int64 [n, H * W] and ``tokens`` uint8 [n, V], as in `Symmetry`. By default the identity.
        """
        cells = np.tile(np.arange(shape[0] * shape[1]), (count, 1))
        return cells, np.tile(np.arange(len(self.vocabulary), dtype=np.uint8), (count, 1))

    def random_symmetry(self, rng: np.random.Generator, shape: tuple[int, int]) -> Symmetry:
        """One of them."""
        cells, tokens = self.random_symmetries(rng, 1, shape)
        return Symmetry(cells[0], tokens[0], shape, shape)

    def copies(self, questions: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """All symmetric copies of ``questions`` [N, H, W] with answers of their own, [K N, H, W] each, copy by copy.

        For kinds whose answers do not move along; None for all others.
        """
        return None

    def class_of(self, question: np.ndarray, answer: np.ndarray) -> int:
        """What symmetric copies of a puzzle share, so that none of a test's is trained on. By default all differ."""
        return int.from_bytes(blake2b(question.tobytes(), digest_size=8).digest(), "little")

    def restored(self, name: str, question: np.ndarray, tokens: np.ndarray) -> tuple[str, np.ndarray | None]:
        """What stands on ``tokens`` [H, W], the question or an answer of the copy called ``name`` with this question.

        The puzzle's own name, and the grid as it is there without the copy's changes, None if there is none to be read.
        For kinds whose datasets have named copies, `pairs`.
        """
        return name, tokens

    # ---- training

    def hints(self, questions: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """What a model may be taught beside the answers ``labels`` [N, L] to ``questions`` [N, H, W].

        Classes uint8 [N, L], 0 for no hint, and when hint and label can be known: moves int16 [N, 2, L]. None: nothing.
        """
        return None

    # ---- data

    choices: tuple[Choice, ...] = ()  # of what can be generated, where it is more than one sort

    pairs: bool = False  # whether question and answer are two grids, each to be shown, rather than one filled in

    def generator(self, shape: tuple[int, int] | None = None) -> Generator | None:
        """What makes puzzles of this kind and ``shape``, of the usual one if None. None: nothing does.

        Raises `DatasetError` for a shape that it cannot make.
        """
        return None

    # ---- solving

    strategies: tuple[str, ...] = ("copies", "noise")  # how attempts may differ, the usual one first

    def promising(
        self, questions: np.ndarray, tokens: np.ndarray, halt: np.ndarray, masked: np.ndarray | None
    ) -> np.ndarray:
        """Indices of the answers ``tokens`` [B, H, W] that are worth a full check before a model's last step.

        ``halt`` [B] is the model's probability that all is right, ``masked`` [B, H, W] says which cells have no answer
        yet. By default the model decides.
        """
        return np.flatnonzero(halt > 0.5)

    # ---- evaluation

    facts: tuple[str, ...] = ()  # the facts of a verdict that an evaluation counts beside `solved`
    rating_words: str = "difficulty"  # what a dataset's ratings of this kind are

    def rating_bins(self, ratings: np.ndarray) -> dict[str, np.ndarray]:
        """The groups by which results are told, of puzzles with these ``ratings`` [N]: label -> bool [N]."""
        edges = (*RATING_EDGES, np.inf)
        return {
            f"{low} or more" if high == np.inf else f"{low} to {high}": (ratings >= low) & (ratings < high)
            for low, high in pairwise(edges)
        }

    # ---- looks and editing

    def measures(self, question: np.ndarray) -> dict[str, Measure]:
        """How far an answer to ``question`` is on its way, by the name of what is counted: the most telling first."""
        return {}

    @cached_property
    def look(self) -> Look:
        """How puzzles and answers are drawn: by default a plain grid of the vocabulary's characters."""
        return Look(self.vocabulary, self.answer_tokens)

    def partial(self, question: np.ndarray, tokens: np.ndarray, masked: np.ndarray) -> np.ndarray:
        """[H, W] bool: the cells of an unfinished answer that break a rule; ``masked`` [H, W] ones hold nothing yet."""
        offending: np.ndarray = self.check(question, tokens).offending & ~masked
        return offending

    @cached_property
    def editing(self) -> Editing | None:
        """How questions are typed: by default as the vocabulary's characters. None: not at all, see `not_edited`."""
        return Editing.of(self.title, self.vocabulary, self.shape or (9, 9), self.layouts[0])

    not_edited: str = ""  # in words, how else one comes by such a puzzle

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PuzzleKind) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<puzzle {self.name}>"
