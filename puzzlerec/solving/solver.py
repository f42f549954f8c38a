"""Puzzles in, verified answers out: batches, early halting, attempts.

Nothing is called solved that the rules (`PuzzleKind.check`) have not passed on the puzzle's own question.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from puzzlerec.models.config import ModelConfig
from puzzlerec.models.system import PADDING
from puzzlerec.puzzles import NO_SOLUTION, Puzzle, PuzzleError, PuzzleKind, Verdict, get
from puzzlerec.solving.attempts import Attempt, How, Outcome, Plan
from puzzlerec.solving.frames import Frame, Model, Refinement

LARGEST_ROUND = 8  # attempts of one puzzle that start together; rounds double up to this: 1, 1, 2, 4, 8, 8, ...

OnFrame = Callable[[Frame, Sequence[Attempt]], None]  # row i of the frame belongs to attempt i


@dataclass(frozen=True)
class SolveSettings:
    """How much work a puzzle is worth."""

    steps: int | None = None  # of each attempt; None: as many as the model was trained with
    attempts: int = 1  # network runs a puzzle may cost, the first pass among them
    early: bool = True  # stop at the first step whose answer the rules accept
    exact: bool = False  # let the exact solver finish what the network could not
    start_noise: float = 1.0  # standard deviation of the noise in random starts
    seed: int = 0
    batch: int = 64  # runs side by side

    def __post_init__(self) -> None:
        for name in ("steps", "attempts", "batch"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")


@dataclass(eq=False)
class Answer:
    """A puzzle's answer and what the rules say of it."""

    puzzle: Puzzle
    tokens: np.ndarray  # [H, W] uint8; if unsolved, of the attempt with the fewest offending cells
    verdict: Verdict
    steps: int  # of the attempt whose answer this is
    attempts: int  # network runs spent
    how: How  # what solved it; "none" if unsolved
    seconds: float  # this puzzle's share of the computing time
    confidence: np.ndarray  # [H, W] float32, the probability that the model gives each of the tokens

    @property
    def text(self) -> str:
        """The answer in the form that the question was written in."""
        return self.puzzle.kind.format(self.tokens, self.puzzle.layout)


class Solver:
    """Solves puzzles of the kind that ``model`` was made for, and of others that it can be put on the boards of.

    ``name`` is what the model is called, for whoever shows the answer.
    """

    def __init__(self, model: Model, device: str | torch.device = "cpu", name: str = "") -> None:
        self.model, self.device, self.name = model, torch.device(device), name
        self.kind = get(model.config.puzzle)
        self._models = {self.kind: model}  # by the kind of board

    def model_for(self, kind: PuzzleKind) -> Model:
        """The model on boards of ``kind``, with the same weights. Raises `PuzzleError` if it is not for them."""
        if kind not in self._models:
            board = kind.board() if kind.family == self.kind.family else None
            if board is None or not getattr(self.model.config, "any_board", False):
                called = f"The model {self.name!r}" if self.name else "This model"
                raise PuzzleError(f"{called} solves {self.kind.name}, not {kind.name}: choose another model.")
            model: Any = self.model  # which has `on` where its config has `any_board`
            self._models[kind] = model.on(board)
        return self._models[kind]

    def solve(
        self,
        puzzles: Sequence[Puzzle],
        settings: SolveSettings | None = None,
        on_frame: OnFrame | None = None,
    ) -> Iterator[Answer]:
        """Answers in the order of ``puzzles``, batch by batch.

        ``on_frame`` sees every step of every run. A puzzle whose question breaks the rules, or that is too large for
        the model, is answered at once, unsolved, and costs no run. Raises `PuzzleError` for a puzzle of another kind.
        """
        settings = settings or SolveSettings()
        for puzzle in puzzles:
            try:
                self.model_for(puzzle.kind)
            except PuzzleError as error:
                raise PuzzleError(error.message, source=puzzle.source, line=puzzle.line) from None
        for first in range(0, len(puzzles), settings.batch):
            chunk = range(first, min(first + settings.batch, len(puzzles)))
            yield from self._solve_chunk(puzzles, chunk, settings, on_frame)

    def _solve_chunk(
        self, puzzles: Sequence[Puzzle], chunk: range, settings: SolveSettings, on_frame: OnFrame | None
    ) -> Iterator[Answer]:
        """The answers in order, each as soon as it and all before it are there."""
        answers: dict[int, Answer] = {}
        plans: dict[int, Plan] = {}
        waiting = deque(chunk)
        for index in chunk:
            if verdict := self._refusal(puzzles[index]):
                answers[index] = _unanswered(puzzles[index], verdict)
            else:
                question = fit(puzzles[index].question, self.model.config)
                plans[index] = Plan(index, question, self.kind, self.model.config, settings.seed, settings.start_noise)
        while True:
            groups = []
            for plan in plans.values():
                left = settings.attempts - plan.spent
                groups.append(plan.propose(min(max(plan.spent, 1), LARGEST_ROUND, settings.batch, left)))
            for group in _packed(groups, settings.batch, self.model.config.cells):
                for attempt, outcome in zip(group, self._run(group, puzzles, settings, on_frame), strict=True):
                    plans[attempt.puzzle].learn(attempt, outcome)
            for index, plan in list(plans.items()):
                if plan.best.solved or plan.spent >= settings.attempts or plan.exhausted:
                    answers[index] = _answer(puzzles[index], plan)
                    del plans[index]
            while waiting and waiting[0] in answers:
                answer = answers.pop(waiting.popleft())
                yield answer if answer.verdict.solved or not settings.exact else solve_exactly(answer)
            if not plans:
                return

    def _refusal(self, puzzle: Puzzle) -> Verdict | None:
        """Why the puzzle cannot be given to the model, if it cannot."""
        verdict = self.kind.check_question(puzzle.question)
        if not verdict.solved:
            return verdict
        shape, grid = puzzle.question.shape, self.model.config.grid
        if not self.model.config.takes(shape):
            problem = f"it has {shape[0]}x{shape[1]} cells, this model takes at most {grid[0]}x{grid[1]}"
            return Verdict(False, np.zeros(shape, bool), (problem,))
        return None

    def _run(
        self,
        attempts: Sequence[Attempt],
        puzzles: Sequence[Puzzle],
        settings: SolveSettings,
        on_frame: OnFrame | None,
    ) -> list[Outcome]:
        """Run ``attempts`` side by side. All attempts at a puzzle end as soon as one of them has solved it."""
        clock = time.perf_counter()
        refinement = Refinement(
            self.model,
            [attempt.question for attempt in attempts],
            device=self.device,
            symmetries=[attempt.symmetry for attempt in attempts],
            noise=[attempt.noise for attempt in attempts],
            seeds=[attempt.seed for attempt in attempts],
            steps=settings.steps,
        )
        outcomes: list[Outcome | None] = [None] * len(attempts)
        seconds = np.zeros(len(attempts))
        active = np.arange(len(attempts))
        steps = settings.steps or self.model.config.supervision_steps
        while len(active):
            frame = refinement.advance()
            if on_frame is not None:
                on_frame(frame, [attempts[int(run)] for run in active])
            last = frame.step == steps
            solved: set[int] = set()  # puzzles
            verdicts: dict[int, Verdict] = {}
            due = range(len(active)) if last else self._promising(refinement, frame) if settings.early else ()
            for slot in due:
                attempt = attempts[int(active[slot])]
                height, width = puzzles[attempt.puzzle].question.shape
                verdict = self.kind.check(puzzles[attempt.puzzle].question, frame.tokens[slot, :height, :width])
                verdicts[int(slot)] = verdict
                if verdict.solved:
                    solved.add(attempt.puzzle)
            leaving = np.array([last or attempts[int(run)].puzzle in solved for run in active])
            now = time.perf_counter()
            seconds[active] += (now - clock) / len(active)
            clock = now
            for slot in np.flatnonzero(leaving):
                run = int(active[slot])
                outcomes[run] = Outcome(
                    tokens=frame.tokens[slot],
                    confidence=frame.confidence[slot],
                    probabilities=frame.probabilities[slot].astype(np.float32),
                    halt=float(frame.halt[slot]),
                    steps=frame.step,
                    seconds=float(seconds[run]),
                    verdict=verdicts.get(int(slot)),
                )
            if leaving.any():
                active = active[~leaving]
                if len(active):
                    refinement.keep(~leaving)
        return [outcome for outcome in outcomes if outcome is not None]

    def _promising(self, refinement: Refinement, frame: Frame) -> np.ndarray:
        """Slots whose answer is worth the full check before the last step."""
        return self.kind.promising(refinement.questions, frame.tokens, frame.halt, frame.masked)


def fit(question: np.ndarray, config: ModelConfig) -> np.ndarray:
    """``question`` as the model takes it: in the top left corner of its grid, unless it takes any size.

    Around a smaller one stands padding or, where the model knows none, what is as good as that in such a puzzle.
    """
    if config.any_size or question.shape == config.grid:
        return question
    fitted = np.full(config.grid, PADDING if config.mask_padding else get(config.puzzle).filler, np.uint8)
    fitted[: question.shape[0], : question.shape[1]] = question
    return fitted


def solve_exactly(answer: Answer) -> Answer:
    """An unsolved ``answer`` finished by search, without the model.

    If there is no solution, or more than one, the verdict's problems say so; of several solutions one is given.
    """
    puzzle, kind = answer.puzzle, answer.puzzle.kind
    if not kind.check_question(puzzle.question).solved:
        return answer
    clock = time.perf_counter()
    solutions = kind.solutions(puzzle.question)
    seconds = answer.seconds + time.perf_counter() - clock
    if solutions is None:  # nobody can
        return answer
    if not solutions:
        verdict = Verdict(False, answer.verdict.offending, (*answer.verdict.problems, NO_SOLUTION))
        return Answer(puzzle, answer.tokens, verdict, answer.steps, answer.attempts, "none", seconds, answer.confidence)
    verdict = kind.check(puzzle.question, solutions[0])
    if len(solutions) > 1:
        problems = (*verdict.problems, "there is more than one solution; this is one of them")
        verdict = Verdict(verdict.solved, verdict.offending, problems, verdict.facts)
    certain = np.ones(puzzle.question.shape, np.float32)
    return Answer(puzzle, solutions[0], verdict, answer.steps, answer.attempts, "exact solver", seconds, certain)


def _packed(groups: Sequence[Sequence[Attempt]], batch: int, cells: int) -> Iterator[list[Attempt]]:
    """Batches of attempts that keep each puzzle's attempts together.

    They hold at most ``batch`` attempts, and no more cells than so many grids of the model's ``cells`` would have.
    """
    together: list[Attempt] = []
    largest = (0, 0)
    for group in groups:
        height, width = group[0].question.shape if group else (0, 0)
        grown = max(largest[0], height), max(largest[1], width)
        count = len(together) + len(group)
        if together and (count > batch or count * grown[0] * grown[1] > batch * cells):
            yield together
            together, grown = [], (height, width)
        together, largest = [*together, *group], grown
    if together:
        yield together


def _answer(puzzle: Puzzle, plan: Plan) -> Answer:
    best, (height, width) = plan.best, puzzle.question.shape
    assert best.verdict is not None
    return Answer(
        puzzle=puzzle,
        tokens=best.tokens[:height, :width],
        verdict=best.verdict,
        steps=best.steps,
        attempts=plan.spent,
        how=plan.how if best.solved else "none",
        seconds=plan.seconds,
        confidence=best.confidence[:height, :width],
    )


def _unanswered(puzzle: Puzzle, verdict: Verdict) -> Answer:
    certain = puzzle.kind.given(puzzle.question).astype(np.float32)
    return Answer(puzzle, puzzle.question, verdict, 0, 0, "none", 0.0, certain)
