"""What a strategy is: it proposes attempts at one puzzle, learns how they ended, and says what the answer is."""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from puzzlerec.models.config import ModelConfig
from puzzlerec.puzzles import PuzzleKind, Symmetry, Verdict

Pin = tuple[int, int, int]  # row and column from 0, token


@dataclass(frozen=True, eq=False)
class Task:
    """One puzzle to solve, and with what."""

    puzzle: int  # its index among those to solve
    question: np.ndarray  # [H, W] uint8 in the model's grid
    kind: PuzzleKind
    config: ModelConfig
    seed: int = 0
    start_noise: float = 1.0


@dataclass(frozen=True, eq=False)
class Attempt:
    """One run of the network on a puzzle, or on a variant of it."""

    puzzle: int  # index of the puzzle among those to solve
    number: int  # from 1, of the attempts at this puzzle
    how: str  # what sort of attempt, such as "one pass" or "pin"
    question: np.ndarray  # [H, W] uint8 in the model's grid, pins filled in
    pins: tuple[Pin, ...] = ()
    symmetry: Symmetry | None = None
    noise: float = 0.0
    seed: int = 0
    detail: str = ""  # what sets it apart from others of its sort, such as "r3c4=7"

    @property
    def label(self) -> str:
        """What sets this attempt apart, such as "pin r3c4=7"."""
        return f"{self.how} {self.detail}".rstrip()


@dataclass(frozen=True, eq=False)
class Outcome:
    """How an attempt ended, or what a strategy made of several."""

    tokens: np.ndarray  # [H, W] uint8 in the model's grid
    confidence: np.ndarray  # [H, W] float32
    probabilities: np.ndarray  # [L, V] float32
    halt: float  # the model's probability that every token is right
    steps: int
    seconds: float  # this run's share of the batch's computing time
    verdict: Verdict | None  # None if another attempt at the puzzle ended this one, or nobody has asked the rules yet
    how: str = ""  # of the attempt
    conflict: float = 0.0  # the model's probability that the answer had been lost

    @property
    def solved(self) -> bool:
        return self.verdict is not None and self.verdict.solved

    @property
    def rank(self) -> tuple[bool, int]:
        """The better outcome has the higher one: solved, or else with fewer offending cells."""
        if self.verdict is None:
            return False, -self.tokens.size
        return self.verdict.solved, -int(self.verdict.offending.sum())


class Strategy(ABC):
    """The attempts at one puzzle: `propose` says what to run next, `learn` takes in how it went.

    The first attempt is always the plain pass. The same task makes the same attempts.
    """

    registry: ClassVar[dict[str, type[Strategy]]] = {}
    name: ClassVar[str]

    def __init_subclass__(cls, name: str) -> None:
        super().__init_subclass__()
        cls.name = name
        Strategy.registry[name] = cls

    @classmethod
    def applies(cls, task: Task) -> bool:
        """Whether it makes sense for such a puzzle and such a model."""
        return True

    def __init__(self, task: Task) -> None:
        self.task = task
        self.best: Outcome | None = None
        self._proposed = 0
        self._identity = zlib.crc32(task.question.tobytes())

    @abstractmethod
    def next(self, number: int) -> Attempt | None:
        """Attempt ``number``, from 2; None if there is nothing left to try."""

    def propose(self, count: int) -> list[Attempt]:
        """The next attempts, at most ``count``; they may run side by side. Empty if there is nothing left to try."""
        attempts: list[Attempt] = []
        while len(attempts) < count:
            number = self._proposed + 1
            attempt = self.attempt(number, "one pass") if number == 1 else self.next(number)
            if attempt is None:
                break
            self._proposed = number
            attempts.append(attempt)
        return attempts

    def learn(self, attempt: Attempt, outcome: Outcome) -> None:
        """Take in how an attempt ended."""
        if outcome.verdict is not None and (self.best is None or outcome.rank > self.best.rank):
            self.best = outcome

    def answer(self) -> Outcome:
        """What the attempts so far come to: a solved one, or else the one with the fewest offending cells.

        One without a verdict is put to the rules by the solver: no strategy can call a puzzle solved.
        """
        assert self.best is not None, "the answer is asked for once an attempt has ended"
        return self.best

    # ---- for subclasses

    def attempt(self, number: int, how: str, question: np.ndarray | None = None, **more: Any) -> Attempt:
        """An attempt at the question, or at a variant of it, with a seed of its own."""
        seed = int(np.random.SeedSequence(self._entropy(number)).generate_state(1)[0])
        return Attempt(
            self.task.puzzle, number, how, self.task.question if question is None else question, seed=seed, **more
        )

    def rng(self, number: int) -> np.random.Generator:
        """The random numbers of attempt ``number``, which depend on the task's seed, its question and the number."""
        return np.random.default_rng(self._entropy(number))

    def _entropy(self, number: int) -> list[int]:
        return [self.task.seed, self._identity, number]
