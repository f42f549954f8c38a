"""One evaluation: a model on questions with labels. There is no other, in training neither."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from puzzlerec.evaluation.report import Report
from puzzlerec.evaluation.tally import Ending, PuzzleResult, Tally
from puzzlerec.processes import Processes
from puzzlerec.puzzles import Puzzle, PuzzleKind
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.frames import Frame, Model
from puzzlerec.solving.solver import Solver
from puzzlerec.solving.strategies import Attempt

if TYPE_CHECKING:
    import torch


class Rows(Protocol):
    """An array, a tensor on the CPU, an h5py dataset or a list: known length, read in slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Any: ...


def evaluate(
    model: Model,
    questions: Rows,
    labels: Rows,
    settings: SolveSettings | None = None,
    *,
    puzzle_ids: Rows | None = None,
    ratings: Rows | None = None,
    limit: int | None = None,
    kind: PuzzleKind | None = None,
    grid: tuple[int, int] | None = None,
    device: str | torch.device = "cpu",
    precision: torch.dtype | None = None,
    processes: Processes | None = None,
    name: str = "",
    progress: Callable[[int, int], None] | None = None,
    curve: bool = False,
    known: Iterable[PuzzleResult] = (),
    each: Callable[[PuzzleResult], None] = lambda one: None,
) -> Report:
    """The accuracy of ``model`` on N ``questions`` [H, W], or [L] on ``grid`` (the model's if None); ``labels`` alike.

    Without ``settings`` as the papers do: all steps, one attempt, the last answer counts. They are puzzles of ``kind``,
    the model's own if None; the first ``limit`` of them count. Where a label is padding a cell does not count.
    ``precision`` is float32 if None.

    No more than ``settings.batch`` rows are read at a time. Several ``processes`` share the rows, batch by batch, and
    each returns the report of all, which is that of one process to the bit. ``curve`` has every step of the first pass
    checked too. What is ``known`` of the first rows already is not measured again. ``each`` is told of every puzzle
    that is, in their order, and ``progress`` is called with the number of puzzles that are done and their total, both
    in the leading process alone. A `KeyboardInterrupt` ends it early: the report is then of the puzzles done so far,
    and not ``whole``.
    """
    settings = settings or SolveSettings(early=False)
    processes = processes or Processes()
    solver = Solver(model, device, name, precision)
    kind = kind or solver.kind
    grid = grid or solver.model_for(kind).config.grid
    most = settings.steps or solver.model_for(kind).config.most_steps(grid)
    tally = Tally(kind, settings.attempts, most if curve else 0)
    total = len(questions) if limit is None else min(limit, len(questions))

    def measured(rows: slice) -> Iterator[PuzzleResult]:
        puzzles = _puzzles(kind, questions[rows], puzzle_ids[rows] if puzzle_ids is not None else None, grid)
        wanted = list(_grids(labels[rows], grid))
        rated = [None] * len(wanted) if ratings is None else np.asarray(ratings[rows], float).tolist()
        endings = _FirstPasses(puzzles, wanted, curve)
        answers = solver.solve(puzzles, settings, endings)
        for index, (answer, label, rating) in enumerate(zip(answers, wanted, rated, strict=True)):
            yield PuzzleResult.of(answer, label, endings.last.get(index), rating)

    clock = time.perf_counter()
    for one in known:
        tally.add(one)
    first = processes.told(tally.puzzles)
    batches = (slice(row, min(row + settings.batch, total)) for row in range(first, total, settings.batch))
    try:
        with closing(processes.shared(batches, measured)) as found:
            for one in found:
                tally.add(one)
                each(one)
                if progress is not None:
                    progress(tally.puzzles, total)
    except KeyboardInterrupt:
        if not processes.leads:  # the leader has what was done
            raise
    return processes.told(tally).report(solver.name, asdict(settings), total, time.perf_counter() - clock)


class _FirstPasses:
    """Keeps how the first pass at each puzzle ended, and if ``curve``, how right it was after every step."""

    def __init__(self, puzzles: Sequence[Puzzle], labels: Sequence[np.ndarray], curve: bool) -> None:
        self.last: dict[int, Ending] = {}
        self._puzzles, self._labels, self._curve = puzzles, labels, curve

    def __call__(self, frame: Frame, attempts: Sequence[Attempt]) -> None:
        for row, attempt in enumerate(attempts):
            if attempt.number == 1:
                path = self._path(attempt.puzzle, frame.tokens[row]) if self._curve else ()
                self.last[attempt.puzzle] = Ending(frame.tokens[row], float(frame.halt[row]), frame.step, path)

    def _path(self, index: int, tokens: np.ndarray) -> tuple[tuple[bool, bool], ...]:
        question, label = self._puzzles[index].question, self._labels[index]
        cut = tokens[: question.shape[0], : question.shape[1]]
        exact = bool((cut == label)[label != 0].all())
        solved = self._puzzles[index].kind.check(question, cut).solved
        before = self.last[index].path if index in self.last else ()
        return (*before, (exact, solved))


def _puzzles(kind: PuzzleKind, questions: Any, puzzle_ids: Any | None, grid: tuple[int, int]) -> list[Puzzle]:
    grids = list(_grids(questions, grid))
    ids = [0] * len(grids) if puzzle_ids is None else np.asarray(puzzle_ids).tolist()
    return [Puzzle(kind, question, puzzle_id=number) for question, number in zip(grids, ids, strict=True)]


def _grids(rows: Any, grid: tuple[int, int]) -> Iterator[np.ndarray]:
    """[H, W] uint8 each, from that or from [L] on ``grid``."""
    for row in rows:
        array = np.asarray(row, np.uint8)
        yield array if array.ndim == 2 else array.reshape(grid)
