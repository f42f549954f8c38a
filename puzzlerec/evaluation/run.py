"""One evaluation: a model on questions with labels."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import torch

from puzzlerec.evaluation.report import CalibrationBin, Rate, Report
from puzzlerec.puzzles import Puzzle, PuzzleKind
from puzzlerec.solving.attempts import Attempt
from puzzlerec.solving.frames import Frame, Model
from puzzlerec.solving.solver import Answer, Solver, SolveSettings

HALTING_BINS = 10


class Rows(Protocol):
    """An array, an h5py dataset or a list: known length, read in slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> Any: ...


def evaluate(
    model: Model,
    questions: Rows,
    labels: Rows,
    settings: SolveSettings | None = None,
    *,
    grid: tuple[int, int] | None = None,
    ratings: Rows | None = None,
    device: str | torch.device = "cpu",
    name: str = "",
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """The accuracy of ``model`` on N ``questions`` [H, W], or [L] on ``grid`` (the model's if None); ``labels`` alike.

    Without ``settings`` as the papers do: all steps, one attempt, the last answer counts. Where a label is padding
    (token 0) a cell does not count. ``progress`` is called with the number of puzzles done and their total. A
    `KeyboardInterrupt` ends it early: the report is then of the puzzles done so far.
    """
    settings = settings or SolveSettings(early=False)
    solver = Solver(model, device, name)
    results: list[_Result] = []
    total = len(questions)
    clock = time.perf_counter()
    try:
        for first in range(0, total, settings.batch):
            rows = slice(first, min(first + settings.batch, total))
            asked, wanted = (_grids(part[rows], grid or model.config.grid) for part in (questions, labels))
            endings = _FirstPasses()
            answers = solver.solve([Puzzle(solver.kind, question) for question in asked], settings, endings)
            for index, (answer, label) in enumerate(zip(answers, wanted, strict=True)):
                results.append(_result(answer, label, endings.last.get(index)))
                if progress is not None:
                    progress(first + index + 1, total)
    except KeyboardInterrupt:
        pass
    rated = None if ratings is None else np.asarray(ratings[: len(results)])
    return _report(results, solver, settings, rated, time.perf_counter() - clock)


class _FirstPasses:
    """Keeps how the first pass at each puzzle ended: tokens, halting probability, steps."""

    def __init__(self) -> None:
        self.last: dict[int, tuple[np.ndarray, float, int]] = {}

    def __call__(self, frame: Frame, attempts: Sequence[Attempt]) -> None:
        for row, attempt in enumerate(attempts):
            if attempt.number == 1:
                self.last[attempt.puzzle] = frame.tokens[row], float(frame.halt[row]), frame.step


@dataclass
class _Result:
    """What one puzzle adds to the report."""

    token: float
    blank_token: float
    exact: bool
    first_pass: bool
    facts: dict[str, bool]
    length_ratio: float | None  # of a valid path to the shortest
    halt: float
    steps: int
    attempts: int
    solved: bool


def _result(answer: Answer, label: np.ndarray, ending: tuple[np.ndarray, float, int] | None) -> _Result:
    kind, question = answer.puzzle.kind, answer.puzzle.question
    height, width = question.shape
    tokens, halt, steps = ending or (question, 0.0, 0)  # a contradictory question has no first pass
    tokens = tokens[:height, :width]
    right = tokens == label
    counts = label != 0
    blank = counts & ~kind.given(question)
    first = answer.attempts == 1 and answer.how != "exact solver"
    verdict = answer.verdict if first else kind.check(question, tokens)
    valid = bool(verdict.facts.get("valid"))
    return _Result(
        token=float(right[counts].mean()),
        blank_token=float(right[blank].mean()) if blank.any() else 1.0,
        exact=bool(right[counts].all()),
        first_pass=verdict.solved,
        facts={fact: bool(verdict.facts[fact]) for fact in kind.facts if fact in verdict.facts},
        length_ratio=verdict.facts["length"] / verdict.facts["shortest"] if valid else None,
        halt=halt,
        steps=steps,
        attempts=answer.attempts,
        solved=answer.verdict.solved and answer.how != "exact solver",
    )


def _report(
    results: list[_Result], solver: Solver, settings: SolveSettings, ratings: np.ndarray | None, seconds: float
) -> Report:
    exact, solved = (np.array([getattr(one, name) for one in results], bool) for name in ("exact", "solved"))
    attempts = np.array([one.attempts for one in results])
    bins = _halting_bins(np.array([one.halt for one in results]), exact)
    facts = {fact: [one.facts[fact] for one in results if fact in one.facts] for fact in solver.kind.facts}
    ratios = [one.length_ratio for one in results if one.length_ratio is not None]
    return Report(
        model=solver.name,
        puzzle=solver.kind.name,
        settings=asdict(settings),
        puzzles=len(results),
        token=_rate([one.token for one in results]),
        blank_token=_rate([one.blank_token for one in results]),
        exact=_rate(exact),
        first_pass=_rate([one.first_pass for one in results]),
        rules={fact: _rate(values) for fact, values in facts.items() if values},
        length_ratio=float(np.mean(ratios)) if ratios else None,
        solved_within={limit: _rate(solved & (attempts <= limit)) for limit in _limits(settings.attempts)},
        steps=float(np.mean([one.steps for one in results])) if results else 0.0,
        attempts=float(attempts.mean()) if results else 0.0,
        halting=bins,
        halting_error=sum(bin.count * abs(bin.probability - bin.right) for bin in bins) / max(len(results), 1),
        ratings={} if ratings is None else _by_rating(solver.kind, ratings, exact, solved),
        seconds=seconds,
    )


def _limits(attempts: int) -> list[int]:
    """1, 2, 4, ... up to ``attempts``, which is the last."""
    limits = [1]
    while limits[-1] < attempts:
        limits.append(min(2 * limits[-1], attempts))
    return limits


def _rate(values: Sequence[float] | np.ndarray) -> Rate:
    return Rate(float(np.mean(values)) if len(values) else 0.0, len(values))


def _halting_bins(halt: np.ndarray, right: np.ndarray) -> tuple[CalibrationBin, ...]:
    index = np.minimum((halt * HALTING_BINS).astype(int), HALTING_BINS - 1)
    bins = []
    for number in range(HALTING_BINS):
        here = index == number
        low, high = number / HALTING_BINS, (number + 1) / HALTING_BINS
        mean = (float(halt[here].mean()), float(right[here].mean())) if here.any() else (0.0, 0.0)
        bins.append(CalibrationBin(low, high, int(here.sum()), *mean))
    return tuple(bins)


def _by_rating(
    kind: PuzzleKind, ratings: np.ndarray, exact: np.ndarray, solved: np.ndarray
) -> dict[str, tuple[Rate, Rate]]:
    bins = kind.rating_bins(ratings)
    return {label: (_rate(exact[here]), _rate(solved[here])) for label, here in bins.items() if here.any()}


def _grids(rows: Any, grid: tuple[int, int]) -> list[np.ndarray]:
    """[H, W] uint8 each, from that or from [L] on ``grid``."""
    arrays = [np.asarray(row, np.uint8) for row in rows]
    return [array if array.ndim == 2 else array.reshape(grid) for array in arrays]
