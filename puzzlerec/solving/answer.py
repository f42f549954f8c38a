"""What is asked of the solver beside puzzles, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from puzzlerec.display import Displayed
from puzzlerec.files import shorten
from puzzlerec.puzzles import Puzzle, Verdict


@dataclass(frozen=True)
class SolveSettings:
    """How much work a puzzle is worth."""

    steps: int | None = None  # of each attempt; None: as many as the model was trained with
    attempts: int = 1  # network runs a puzzle may cost, the first pass among them
    evaluations: int | None = None  # steps a puzzle may cost, over all of its attempts; None: what they come to
    early: bool = True  # stop at the first step whose answer the rules accept
    exact: bool = False  # let the exact solver finish what the network could not
    proof: bool = False  # say so if there is no solution or another one, where that is quick to see
    strategy: str | None = None  # how attempts differ; None: the first of the kind's that applies
    start_noise: float = 1.0  # standard deviation of the noise in random starts
    seed: int = 0
    batch: int = 64  # runs side by side

    def __post_init__(self) -> None:
        for name in ("steps", "attempts", "evaluations", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")


@dataclass(eq=False, repr=False)
class Answer(Displayed):
    """A puzzle's answer and what the rules say of it."""

    puzzle: Puzzle
    tokens: np.ndarray  # [H, W] uint8; if unsolved, what the strategy makes of its attempts
    verdict: Verdict
    steps: int  # of the attempt whose answer this is
    attempts: int  # network runs spent
    how: str  # what solved it, such as "one pass" or "exact solver"; "none" if unsolved
    seconds: float  # this puzzle's share of the computing time
    confidence: np.ndarray  # [H, W] float32, the probability that the model gives each of the tokens
    model: str = ""  # what the model is called that was asked, "" if none was
    weights: int = 0  # of that model
    attempt: int = 0  # the number of the run that solved it, from 1; 0 if it was no single one
    evaluations: int = 0  # steps that all runs took together

    @property
    def text(self) -> str:
        """The answer in the form that the question was written in."""
        return self.puzzle.kind.format(self.tokens, self.puzzle.layout)

    @property
    def tried(self) -> bool:
        """Whether a model or a search was asked at all, or the question itself broke the rules."""
        return self.attempts > 0 or self.how == "exact solver"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON. Rows and columns count from 1."""
        return {
            **self.puzzle.to_dict(),
            "answer": self.puzzle.written(self.tokens) if self.tried else None,
            "solved": self.verdict.solved,
            "problems": list(self.verdict.problems),
            "offending": (np.argwhere(self.verdict.offending) + 1).tolist(),
            "facts": self.verdict.facts,
            "how": self.how,
            "model": self.model or None,
            "steps": self.steps,
            "attempts": self.attempts,
            "evaluations": self.evaluations,
            "seconds": round(self.seconds, 6),
        }

    def __repr__(self) -> str:
        verdict = "solved" if self.verdict.solved else "not solved"
        return f"<{self.puzzle.kind.name}, {verdict}: {shorten(self.puzzle.written(self.tokens))!r}>"


def refused(puzzle: Puzzle, verdict: Verdict) -> Answer:
    """The answer to a puzzle that no model was asked, and why."""
    certain = puzzle.kind.given(puzzle.question).astype(np.float32)
    return Answer(puzzle, puzzle.question, verdict, 0, 0, "none", 0.0, certain)
