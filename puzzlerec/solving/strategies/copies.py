"""Symmetric copies: the same puzzle, as another question to the model."""

from __future__ import annotations

import numpy as np

from puzzlerec.models.config import ModelConfig
from puzzlerec.puzzles import PuzzleKind, Symmetry
from puzzlerec.solving.strategies.base import Attempt, Task
from puzzlerec.solving.strategies.noise import Noise

DRAWS = 16  # that may find no new copy before there is taken to be none


def sees_copies_as_one(config: ModelConfig) -> bool:
    """Whether the model commutes with every symmetry, so that a copy would tell it nothing new."""
    return config.mixer == "candidates"


class NewCopies:
    """Draws copies of a question that look different from it and from one another."""

    def __init__(self, kind: PuzzleKind, question: np.ndarray) -> None:
        self.kind, self.question = kind, question
        self._seen = {question.tobytes()}

    def draw(self, rng: np.random.Generator) -> Symmetry | None:
        """A new one; None if a few draws find none."""
        for _ in range(DRAWS):
            symmetry = self.kind.random_symmetry(rng, self.question.shape)
            if (copy := symmetry.apply(self.question).tobytes()) not in self._seen:
                self._seen.add(copy)
                return symmetry
        return None


class Copies(Noise, name="copies"):
    """A new copy for each attempt; random starts where there is none, as for kinds without symmetries."""

    @classmethod
    def applies(cls, task: Task) -> bool:
        return not sees_copies_as_one(task.config)

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._copies = NewCopies(task.kind, task.question)

    def next(self, number: int) -> Attempt | None:
        symmetry = self._copies.draw(self.rng(number))
        if symmetry is None:
            return super().next(number)
        return self.attempt(number, "symmetric copy", symmetry=symmetry)
