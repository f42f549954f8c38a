"""What has been counted so far: sums, whatever the number of puzzles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from puzzlerec.evaluation.report import CalibrationBin, Rate, Report, Spent
from puzzlerec.puzzles import PuzzleKind
from puzzlerec.solving.answer import Answer

HALTING_BINS = 10


@dataclass(frozen=True, eq=False)
class Ending:
    """How the first pass at a puzzle ended."""

    tokens: np.ndarray  # [H, W] uint8, in the model's grid
    halt: float
    steps: int
    path: tuple[tuple[bool, bool], ...] = ()  # after each step, if asked for: exact, and accepted by the rules


class Tally:
    """Adds up what each puzzle shows. Its sums are plain numbers, so those of several processes add up too."""

    def __init__(self, kind: PuzzleKind, attempts: int, steps: int = 0) -> None:
        """``attempts`` is the most that a puzzle may cost, ``steps`` how many of the first pass to tell apart."""
        self.kind, self.limits, self.steps = kind, _limits(attempts), steps
        self.ratings: dict[str, None] = {}  # the bins, in order
        self._sums: defaultdict[tuple[str, ...], float] = defaultdict(float)

    @property
    def puzzles(self) -> int:
        return int(self._sums["puzzles",])

    def rated(self, ratings: np.ndarray) -> list[str]:
        """The bin of each of the ``ratings`` [N], "" for none; a bin that is asked for is one to tell of."""
        labels = [""] * len(ratings)
        for label, here in self.kind.rating_bins(ratings).items():
            if here.any():
                self.ratings.setdefault(label)
            for index in np.flatnonzero(here):
                labels[index] = label
        return labels

    def add(self, answer: Answer, label: np.ndarray, ending: Ending | None, rating: str = "") -> dict[str, bool]:
        """Take in one puzzle: its answer after all attempts, its ``label`` [H, W], and how its first pass ended.

        Returns what the first pass was: exact, solved, and what the kind's rules have besides.

        Padding (token 0) in the label is no cell of the puzzle's: it is never counted, neither as right nor as wrong.
        """
        question = answer.puzzle.question
        ending = ending or Ending(question, 0.0, 0)  # a contradictory question has no first pass
        tokens = ending.tokens[: question.shape[0], : question.shape[1]]
        counts = label != 0
        blank = counts & ~self.kind.given(question)
        right = tokens == label
        exact = bool(right[counts].all())
        searched = answer.how == "exact solver"
        first = answer.attempts == 1 and not searched
        verdict = answer.verdict if first else self.kind.check(question, tokens)
        solved = answer.verdict.solved and not searched
        self._count("puzzles", 1)
        self._count("token", right[counts].mean())
        self._count("blank token", right[blank].mean() if blank.any() else 1)
        self._count("exact", exact)
        self._count("first pass", verdict.solved)
        self._count("steps", ending.steps)
        self._count("attempts", answer.attempts)
        self._count("evaluations", answer.evaluations)
        for limit in self.limits:
            self._count("solved within", solved and answer.attempts <= limit, str(limit))
        facts = {fact: bool(verdict.facts[fact]) for fact in self.kind.facts if fact in verdict.facts}
        for fact, holds in facts.items():
            self._count("fact", holds, fact)
            self._count("fact known", 1, fact)
        if verdict.facts.get("valid"):
            self._count("length", verdict.facts["length"] / verdict.facts["shortest"])
            self._count("paths", 1)
        for step in range(1, self.steps + 1):  # what has ended stays as it is
            exact_then, solved_then = ending.path[min(step, len(ending.path)) - 1] if ending.path else (False, False)
            self._count("exact after", exact_then, str(step))
            self._count("solved after", solved_then, str(step))
            self._count("takes step", step <= len(ending.path), str(step))
        bin = str(min(int(ending.halt * HALTING_BINS), HALTING_BINS - 1))
        for name, value in (("halting", 1), ("halting probability", ending.halt), ("halting right", exact)):
            self._count(name, value, bin)
        if rating:
            for name, value in (("rated", 1), ("rated exact", exact), ("rated solved", solved)):
                self._count(name, value, rating)
        return {"exact": exact, "solved": verdict.solved, **facts}

    def _count(self, name: str, value: float, part: str = "") -> None:
        self._sums[(name, part) if part else (name,)] += float(value)

    # ---- several processes

    def vector(self) -> torch.Tensor:
        """All sums [S] float64, in an order that tallies share which know of the same bins of ratings."""
        return torch.tensor([self._sums[key] for key in self._keys()], dtype=torch.float64)

    def take(self, sums: torch.Tensor) -> None:
        """Have these ``sums`` [S], as `vector` gives them, instead of one's own."""
        self._sums = defaultdict(float, zip(self._keys(), sums.tolist(), strict=True))

    def _keys(self) -> Iterable[tuple[str, ...]]:
        of_puzzles = ("puzzles", "token", "blank token", "exact", "first pass", "steps", "attempts", "evaluations")
        yield from ((name,) for name in (*of_puzzles, "length", "paths"))
        parts: dict[tuple[str, ...], Iterable[Any]] = {
            ("solved within",): self.limits,
            ("exact after", "solved after", "takes step"): range(1, self.steps + 1),
            ("fact", "fact known"): self.kind.facts,
            ("halting", "halting probability", "halting right"): range(HALTING_BINS),
            ("rated", "rated exact", "rated solved"): self.ratings,
        }
        for names, some in parts.items():
            for part in some:
                yield from ((name, str(part)) for name in names)

    # ---- the report

    def report(self, model: str, settings: dict[str, Any], seconds: float) -> Report:
        puzzles, sums = max(self.puzzles, 1), self._sums
        bins = tuple(self._halting_bin(number) for number in range(HALTING_BINS))
        return Report(
            model=model,
            puzzle=self.kind.name,
            settings=settings,
            puzzles=self.puzzles,
            token=self._rate("token"),
            blank_token=self._rate("blank token"),
            exact=self._rate("exact"),
            first_pass=self._rate("first pass"),
            rules={fact: self._rate("fact", fact) for fact in self.kind.facts if sums["fact known", fact]},
            length_ratio=sums["length",] / sums["paths",] if sums["paths",] else None,
            solved_within={limit: self._rate("solved within", str(limit)) for limit in self.limits},
            steps=sums["steps",] / puzzles,
            attempts=sums["attempts",] / puzzles,
            evaluations=sums["evaluations",] / puzzles,
            halting=bins,
            halting_error=sum(bin.count * abs(bin.probability - bin.right) for bin in bins) / puzzles,
            ratings={
                label: (self._rate("rated exact", label), self._rate("rated solved", label))
                for label in self.ratings
                if sums["rated", label]
            },
            seconds=seconds,
            curve=tuple(self._curve()),
        )

    def _curve(self) -> Iterator[Spent]:
        taken = [step for step in range(1, self.steps + 1) if self._sums["takes step", str(step)]]
        for step in taken:
            yield Spent(step, 1, self._rate("exact after", str(step)), self._rate("solved after", str(step)))
        for limit in self.limits[1:] if taken else ():
            yield Spent(limit * taken[-1], limit, None, self._rate("solved within", str(limit)))

    def _rate(self, *key: str) -> Rate:
        of = {"fact": "fact known", "rated exact": "rated", "rated solved": "rated"}.get(key[0])
        count = int(self._sums[(of, *key[1:])]) if of else self.puzzles
        return Rate(self._sums[key] / count if count else 0.0, count)

    def _halting_bin(self, number: int) -> CalibrationBin:
        names = ("halting", "halting probability", "halting right")
        count, probability, right = (self._sums[name, str(number)] for name in names)
        low, high = number / HALTING_BINS, (number + 1) / HALTING_BINS
        return CalibrationBin(low, high, int(count), probability / max(count, 1), right / max(count, 1))


def _limits(attempts: int) -> list[int]:
    """1, 2, 4, ... up to ``attempts``, which is the last."""
    limits = [1]
    while limits[-1] < attempts:
        limits.append(min(2 * limits[-1], attempts))
    return limits
