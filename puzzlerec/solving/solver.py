"""Puzzles in, verified answers out: batches, early halting, attempts.

Nothing is called solved that the rules (`PuzzleKind.check`) have not passed on the puzzle's own question.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.models.config import ModelConfig
from puzzlerec.models.prediction import PADDING
from puzzlerec.puzzles import NO_SOLUTION, SEVERAL_SOLUTIONS, Puzzle, PuzzleError, PuzzleKind, Verdict, get
from puzzlerec.solving.answer import Answer, SolveSettings, refused
from puzzlerec.solving.frames import Frame, Model, Refinement, on_board
from puzzlerec.solving.strategies import Attempt, Outcome, Strategy, Task, strategy, strategy_for

if TYPE_CHECKING:
    import torch

LOST = 0.9  # a run with pins ends where the model is so sure that the answer is lost
LARGEST_ROUND = 8  # attempts of one puzzle that start together; rounds double up to this: 1, 1, 2, 4, 8, 8, ...

OnFrame = Callable[[Frame, Sequence[Attempt]], None]  # row i of the frame belongs to attempt i


class Solver:
    """Solves puzzles of the kind that ``model`` was made for, and of others that it can be put on the boards of.

    ``name`` is what the model is called, for whoever shows the answer; ``precision`` is what it computes in, float32 if
    None.
    """

    def __init__(
        self,
        model: Model,
        device: str | torch.device = "cpu",
        name: str = "",
        precision: torch.dtype | None = None,
    ) -> None:
        self.model, self.device, self.name, self.precision = model, str(device), name, precision
        self.kind = get(model.config.puzzle)
        self.weights: int = getattr(model, "weights", 0)
        self._models = {self.kind: model}  # by the kind of board

    def model_for(self, kind: PuzzleKind) -> Model:
        """The model on boards of ``kind``, with the same weights. Raises `PuzzleError` if it is not for them."""
        if kind not in self._models:
            model = on_board(self.model, kind)
            if model is None:
                called = f"The model {self.name!r}" if self.name else "This model"
                raise PuzzleError(f"{called} solves {self.kind.name}, not {kind.name}: choose another model.")
            self._models[kind] = model
        return self._models[kind]

    def solve(
        self,
        puzzles: Sequence[Puzzle],
        settings: SolveSettings | None = None,
        on_frame: OnFrame | None = None,
    ) -> Iterator[Answer]:
        """Answers in the order of ``puzzles``, batch by batch.

        ``on_frame`` sees every step of every run. A puzzle whose question breaks the rules, or that is too large for
        the model, is answered at once, unsolved, and costs no run. Raises `PuzzleError` for a puzzle of a kind, or with
        an id, that the model does not know, and `StrategyError` for a strategy that there is not, or that is not for
        such puzzles.
        """
        settings = settings or SolveSettings()
        if settings.strategy is not None:
            strategy(settings.strategy)
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
        working: dict[int, _Work] = {}
        waiting = deque(chunk)
        for index in chunk:
            if verdict := self._refusal(puzzles[index]):
                answers[index] = refused(puzzles[index], verdict)
            else:
                working[index] = self._begin(index, puzzles[index], settings)
        while True:
            for attempts in self._round(working, settings):
                most = [working[attempt.puzzle].allowance for attempt in attempts]
                for attempt, outcome in zip(
                    attempts, self._run(attempts, most, puzzles, settings, on_frame), strict=True
                ):
                    working[attempt.puzzle].learn(attempt, outcome)
            for index, work in list(working.items()):
                answer = work.answer()
                if settings.proof and not work.proved and not answer.verdict.solved:
                    work.proved = True
                    answer = _unless_unique(answer)
                elif settings.proof and answer.verdict.solved:
                    answer = _with_doubt(answer)
                settled = answer.verdict.solved or NO_SOLUTION in answer.verdict.problems
                if settled or work.spent >= settings.attempts or work.left == 0 or work.exhausted:
                    answers[index] = answer
                    del working[index]
            while waiting and waiting[0] in answers:
                answer = answers.pop(waiting.popleft())
                yield answer if answer.verdict.solved or not settings.exact else solve_exactly(answer)
            if not working:
                return

    def _begin(self, index: int, puzzle: Puzzle, settings: SolveSettings) -> _Work:
        config = self.model_for(puzzle.kind).config
        task = Task(
            index,
            fit(puzzle.question, config),
            puzzle.kind,
            config,
            seed=settings.seed,
            start_noise=settings.start_noise,
        )
        return _Work(puzzle, strategy_for(task, settings.strategy), self.name, self.weights, settings.evaluations)

    def _round(self, working: dict[int, _Work], settings: SolveSettings) -> Iterator[list[Attempt]]:
        """Everybody's next attempts, in batches that run side by side: puzzles of one kind, on its board."""
        groups: dict[PuzzleKind, list[list[Attempt]]] = {}
        for work in working.values():
            most = min(max(work.spent, 1), LARGEST_ROUND, settings.batch, settings.attempts - work.spent)
            most = most if work.left is None else min(most, work.left)
            groups.setdefault(work.puzzle.kind, []).append(work.propose(most))
        for kind, together in groups.items():
            yield from _packed(together, settings.batch, self.model_for(kind).config.cells)

    def _refusal(self, puzzle: Puzzle) -> Verdict | None:
        """Why the puzzle cannot be given to the model, if it cannot."""
        verdict = puzzle.kind.check_question(puzzle.question)
        if not verdict.solved:
            return verdict
        config, shape = self.model_for(puzzle.kind).config, puzzle.question.shape
        if not config.takes(shape):
            (height, width), grid = shape, config.grid
            problem = f"it has {height}x{width} cells, this model takes at most {grid[0]}x{grid[1]}"
            return Verdict(False, np.zeros(shape, bool), (problem,))
        return None

    def _run(
        self,
        attempts: Sequence[Attempt],
        most: Sequence[int | None],
        puzzles: Sequence[Puzzle],
        settings: SolveSettings,
        on_frame: OnFrame | None,
    ) -> list[Outcome]:
        """Run ``attempts`` side by side, each for so many steps at ``most``.

        All attempts at a puzzle end as soon as one of them has solved it.
        """
        clock = time.perf_counter()
        refinement = self._refinement(attempts, puzzles, settings)
        kind, steps = refinement.kind, settings.steps or refinement.model.config.most_steps(refinement.grid)
        last = np.array([steps if each is None else min(steps, each) for each in most])
        outcomes: list[Outcome | None] = [None] * len(attempts)
        seconds = np.zeros(len(attempts))
        active = np.arange(len(attempts))
        while len(active):
            frame = refinement.advance()
            if on_frame is not None:
                on_frame(frame, [attempts[int(run)] for run in active])
            ended = last[active] <= frame.step
            if frame.settled is not None:
                ended |= frame.settled
            if frame.conflict is not None:  # pins may be wrong: what the question itself says is not
                pins = np.array([bool(attempts[int(run)].pins) for run in active])
                ended |= pins & (frame.conflict > LOST)
            due = ended.copy()
            if settings.early:  # whose answer is worth the full check
                due[kind.promising(refinement.questions, frame.tokens, frame.halt, frame.masked)] = True
            verdicts: dict[int, Verdict] = {}
            for slot in map(int, np.flatnonzero(due)):
                question = puzzles[attempts[int(active[slot])].puzzle].question
                height, width = question.shape
                verdicts[slot] = kind.check(question, frame.tokens[slot, :height, :width])
            solved = {attempts[int(active[slot])].puzzle for slot, verdict in verdicts.items() if verdict.solved}
            leaving = ended | np.array([attempts[int(run)].puzzle in solved for run in active])
            now = time.perf_counter()
            seconds[active] += (now - clock) / len(active)
            clock = now
            for slot in map(int, np.flatnonzero(leaving)):
                run = int(active[slot])
                outcomes[run] = _outcome(frame, slot, attempts[run].how, float(seconds[run]), verdicts.get(slot))
            if leaving.any():
                active = active[~leaving]
                if len(active):
                    refinement.keep(~leaving)
        return [outcome for outcome in outcomes if outcome is not None]

    def _refinement(
        self, attempts: Sequence[Attempt], puzzles: Sequence[Puzzle], settings: SolveSettings
    ) -> Refinement:
        return Refinement(
            self.model_for(puzzles[attempts[0].puzzle].kind),
            [attempt.question for attempt in attempts],
            device=self.device,
            precision=self.precision,
            puzzle_ids=[puzzles[attempt.puzzle].puzzle_id for attempt in attempts],
            symmetries=[attempt.symmetry for attempt in attempts],
            noise=[attempt.noise for attempt in attempts],
            seeds=[attempt.seed for attempt in attempts],
            steps=settings.steps,
        )


@dataclass
class _Work:
    """A strategy at work on a puzzle, and what it has cost."""

    puzzle: Puzzle
    strategy: Strategy
    model: str  # its name
    weights: int
    most: int | None  # evaluations that it may cost
    spent: int = 0  # attempts
    evaluations: int = 0  # steps of these attempts
    together: int = 1  # attempts in the round at work
    seconds: float = 0.0
    solved_by: int = 0  # the number of an attempt
    exhausted: bool = False  # the strategy has nothing left to try
    proved: bool = False  # whether the exact solver was asked if there is one solution

    def propose(self, count: int) -> list[Attempt]:
        attempts = self.strategy.propose(count)
        self.spent, self.together = self.spent + len(attempts), max(1, len(attempts))
        self.exhausted = not attempts
        return attempts

    @property
    def left(self) -> int | None:
        """How many evaluations it may cost yet."""
        return None if self.most is None else max(0, self.most - self.evaluations)

    @property
    def allowance(self) -> int | None:
        """How many steps each attempt of this round may take."""
        return None if self.left is None else max(1, self.left // self.together)

    def learn(self, attempt: Attempt, outcome: Outcome) -> None:
        self.evaluations += outcome.steps
        self.seconds += outcome.seconds
        if outcome.verdict is not None and outcome.verdict.solved:
            self.solved_by = self.solved_by or attempt.number
        self.strategy.learn(attempt, outcome)

    def answer(self) -> Answer:
        """What the strategy answers, and the rules' verdict on it."""
        found, (height, width) = self.strategy.answer(), self.puzzle.question.shape
        tokens = found.tokens[:height, :width]
        verdict = found.verdict or self.puzzle.kind.check(self.puzzle.question, tokens)
        return Answer(
            puzzle=self.puzzle,
            tokens=tokens,
            verdict=verdict,
            steps=found.steps,
            attempts=self.spent,
            evaluations=self.evaluations,
            how=found.how if verdict.solved else "none",
            seconds=self.seconds,
            confidence=found.confidence[:height, :width],
            model=self.model,
            weights=self.weights,
            attempt=self.solved_by,
        )


def _outcome(frame: Frame, run: int, how: str, seconds: float, verdict: Verdict | None) -> Outcome:
    """How a run of the frame's ended."""
    return Outcome(
        tokens=frame.tokens[run],
        confidence=frame.confidence[run],
        probabilities=frame.probabilities[run].astype(np.float32),
        halt=float(frame.halt[run]),
        conflict=0.0 if frame.conflict is None else float(frame.conflict[run]),
        steps=frame.step,
        seconds=seconds,
        verdict=verdict,
        how=how,
    )


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
    kind, question = answer.puzzle.kind, answer.puzzle.question
    if not kind.check_question(question).solved:
        return answer
    clock = time.perf_counter()
    solutions = kind.solutions(question)
    if solutions is None:  # nobody can
        return answer
    return _exact(answer, solutions, answer.seconds + time.perf_counter() - clock)


def _unless_unique(answer: Answer) -> Answer:
    """An unsolved ``answer`` as it is, or by search if that quickly finds no solution or several."""
    clock = time.perf_counter()
    solutions = answer.puzzle.kind.quick_solutions(answer.puzzle.question)
    if solutions is None or len(solutions) == 1:
        return answer
    return _exact(answer, solutions, answer.seconds + time.perf_counter() - clock)


def _with_doubt(answer: Answer) -> Answer:
    """A solved ``answer``, whose verdict says so if there is another one that can be seen at a glance."""
    question, kind, verdict = answer.puzzle.question, answer.puzzle.kind, answer.verdict
    if SEVERAL_SOLUTIONS in verdict.problems:  # exact search has said it
        return answer
    another = kind.another(question, answer.tokens)
    if another is None or not kind.check(question, another).solved:
        return answer
    return replace(answer, verdict=replace(verdict, problems=(*verdict.problems, SEVERAL_SOLUTIONS)))


def _exact(answer: Answer, solutions: Sequence[np.ndarray], seconds: float) -> Answer:
    """What exact search makes of an unsolved ``answer``: the first of its ``solutions``, or that there is none."""
    puzzle, kind = answer.puzzle, answer.puzzle.kind
    if not solutions:
        verdict = Verdict(False, answer.verdict.offending, (*answer.verdict.problems, NO_SOLUTION))
        return replace(answer, verdict=verdict, how="none", seconds=seconds)
    verdict = kind.check(puzzle.question, solutions[0])
    if len(solutions) > 1:
        problems = (*verdict.problems, SEVERAL_SOLUTIONS)
        verdict = Verdict(verdict.solved, verdict.offending, problems, verdict.facts)
    certain = np.ones(puzzle.question.shape, np.float32)
    return replace(
        answer, tokens=solutions[0], verdict=verdict, how="exact solver", seconds=seconds, confidence=certain
    )


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
