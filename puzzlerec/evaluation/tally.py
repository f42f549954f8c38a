"""What has been counted so far: sums, whatever the number of puzzles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

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


@dataclass(frozen=True)
class PuzzleResult:
    """What one puzzle has shown: plain numbers, so that they can be kept as JSON and lose nothing."""

    token: float  # share of the cells as in the label, after the first pass
    blank_token: float  # of those that the question leaves open
    exact: bool  # all of them
    first_pass: bool  # whether the rules accept the first pass's answer
    facts: dict[str, bool]  # the first pass by the rules' facts, as far as they are known
    length: float | None  # of the first pass's valid path, the shortest being 1
    halt: float  # the first pass's last probability that all is right
    steps: int  # of the first pass
    attempts: int
    evaluations: int  # steps of all attempts
    solved: bool  # whether the rules accept the answer of one of the attempts
    rating: float | None
    path: tuple[tuple[bool, bool], ...]  # after each step of the first pass, if asked for: exact, accepted by the rules

    @classmethod
    def of(cls, answer: Answer, label: np.ndarray, ending: Ending | None, rating: float | None) -> PuzzleResult:
        """Of one puzzle: its answer after all attempts, its ``label`` [H, W], and how its first pass ended.

        Padding (token 0) in the label is no cell of the puzzle's: it is never counted, neither as right nor as wrong.
        """
        kind, question = answer.puzzle.kind, answer.puzzle.question
        ending = ending or Ending(question, 0.0, 0)  # a contradictory question has no first pass
        tokens = ending.tokens[: question.shape[0], : question.shape[1]]
        counts = label != 0
        blank = counts & ~kind.given(question)
        right = tokens == label
        searched = answer.how == "exact solver"
        verdict = answer.verdict if answer.attempts == 1 and not searched else kind.check(question, tokens)
        facts = verdict.facts
        return cls(
            token=float(right[counts].mean()),
            blank_token=float(right[blank].mean()) if blank.any() else 1.0,
            exact=bool(right[counts].all()),
            first_pass=bool(verdict.solved),
            facts={fact: bool(facts[fact]) for fact in kind.facts if fact in facts},
            length=float(facts["length"] / facts["shortest"]) if facts.get("valid") else None,
            halt=float(ending.halt),
            steps=ending.steps,
            attempts=answer.attempts,
            evaluations=answer.evaluations,
            solved=bool(answer.verdict.solved and not searched),
            rating=rating,
            path=ending.path,
        )


class Tally:
    """Adds up what each puzzle has shown."""

    def __init__(self, kind: PuzzleKind, attempts: int, steps: int = 0) -> None:
        """``attempts`` is the most that a puzzle may cost, ``steps`` how many of the first pass to tell apart."""
        self.kind, self.limits, self.steps = kind, _limits(attempts), steps
        self._lowest: dict[str, float] = {}  # rating of each bin that there are puzzles in
        self._sums: defaultdict[tuple[str, ...], float] = defaultdict(float)

    @property
    def puzzles(self) -> int:
        return int(self._sums["puzzles",])

    def add(self, one: PuzzleResult) -> None:
        self._count("puzzles", 1)
        self._count("token", one.token)
        self._count("blank token", one.blank_token)
        self._count("exact", one.exact)
        self._count("first pass", one.first_pass)
        self._count("steps", one.steps)
        self._count("attempts", one.attempts)
        self._count("evaluations", one.evaluations)
        for limit in self.limits:
            self._count("solved within", one.solved and one.attempts <= limit, str(limit))
        for fact, holds in one.facts.items():
            self._count("fact", holds, fact)
            self._count("fact known", 1, fact)
        if one.length is not None:
            self._count("length", one.length)
            self._count("paths", 1)
        for step in range(1, self.steps + 1):  # what has ended stays as it is
            exact_then, solved_then = one.path[min(step, len(one.path)) - 1] if one.path else (False, False)
            self._count("exact after", exact_then, str(step))
            self._count("solved after", solved_then, str(step))
            self._count("takes step", step <= len(one.path), str(step))
        bin = str(min(int(one.halt * HALTING_BINS), HALTING_BINS - 1))
        for name, value in (("halting", 1), ("halting probability", one.halt), ("halting right", one.exact)):
            self._count(name, value, bin)
        if one.rating is not None:
            for label, here in self.kind.rating_bins(np.array([one.rating])).items():
                if here.any():
                    self._lowest[label] = min(one.rating, self._lowest.get(label, one.rating))
                    for name, value in (("rated", 1), ("rated exact", one.exact), ("rated solved", one.solved)):
                        self._count(name, value, label)

    def _count(self, name: str, value: float, part: str = "") -> None:
        self._sums[(name, part) if part else (name,)] += float(value)

    # ---- the report

    def report(self, model: str, settings: dict[str, Any], asked: int, seconds: float) -> Report:
        puzzles, sums = max(self.puzzles, 1), self._sums
        bins = tuple(self._halting_bin(number) for number in range(HALTING_BINS))
        return Report(
            model=model,
            puzzle=self.kind.name,
            settings=settings,
            asked=asked,
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
                for label in sorted(self._lowest, key=self._lowest.__getitem__)
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
