"""Votes: what attempts at symmetric copies agree on.

For puzzles whose rules decide no answer (ARC: the papers take the answers that most copies give), and for models that
are wrong in a few cells, but in others for each copy.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from puzzlerec.solving.strategies.base import Attempt, Outcome, Task
from puzzlerec.solving.strategies.copies import Copies, sees_copies_as_one
from puzzlerec.solving.strategies.noise import Noise


class Votes(Copies, name="votes"):
    """Copies, each with a vote that weighs as much as the model believes in it.

    An attempt weighs its halting probability times its mean confidence in the open cells. Of whole answers that several
    attempts agree on, the heaviest wins. If no two agree, each cell takes the token of the highest weighted mean
    probability.
    """

    @classmethod
    def applies(cls, task: Task) -> bool:
        return True  # a model that sees copies as one votes from random starts

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._open = ~task.kind.given(task.question)
        self._voters: list[Outcome] = []

    def next(self, number: int) -> Attempt | None:
        return Noise.next(self, number) if sees_copies_as_one(self.task.config) else super().next(number)

    def learn(self, attempt: Attempt, outcome: Outcome) -> None:
        super().learn(attempt, outcome)
        if outcome.verdict is not None:
            self._voters.append(outcome)

    def answer(self) -> Outcome:
        best = super().answer()
        if best.solved or len(self._voters) == 1:
            return best
        ballots: dict[bytes, list[int]] = {}
        for voter, outcome in enumerate(self._voters):
            ballots.setdefault(outcome.tokens.tobytes(), []).append(voter)
        weights = np.array([self._weight(outcome) for outcome in self._voters])
        winners = max(ballots.values(), key=lambda voters: (len(voters) > 1, weights[voters].sum()))
        if len(winners) > 1:
            heaviest = max(winners, key=lambda voter: weights[voter])
            return replace(self._voters[heaviest], how="vote")
        return self._cell_by_cell(weights)

    def _weight(self, outcome: Outcome) -> float:
        confidence = outcome.confidence[self._open].mean() if self._open.any() else 1.0
        return max(outcome.halt * float(confidence), 1e-9)  # a vote that nobody believes in is one still

    def _cell_by_cell(self, weights: np.ndarray) -> Outcome:
        heaviest = self._voters[int(weights.argmax())]
        shape = heaviest.tokens.shape
        stacked = np.stack([outcome.probabilities for outcome in self._voters])  # [voters, L, V]
        mean = np.tensordot(weights / weights.sum(), stacked, 1).astype(np.float32)
        return replace(
            heaviest,
            tokens=mean.argmax(-1).astype(np.uint8).reshape(shape),
            confidence=mean.max(-1).reshape(shape),
            probabilities=mean,
            verdict=None,
            how="vote",
        )
