"""What a model is measured on: the rows of a dataset, or puzzles whose answers are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from puzzlerec.data.store import Dataset
from puzzlerec.evaluation.report import Report
from puzzlerec.evaluation.run import Rows, evaluate
from puzzlerec.puzzles import Puzzle, PuzzleError, PuzzleKind, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.solver import Solver


class ExamplesError(ValueError):
    """What a model cannot be measured on."""


@dataclass(frozen=True, eq=False)
class Examples:
    """Questions and labels as `evaluate` takes them."""

    kind: PuzzleKind
    questions: Rows  # [N, L], an array or an h5py dataset, or a list of [H, W]
    labels: Rows
    puzzle_ids: Rows | None = None
    ratings: Rows | None = None
    grid: tuple[int, int] | None = None  # of [N, L]
    about: dict[str, Any] = field(default_factory=dict)  # where they come from
    left_out: int = 0  # puzzles without an answer, or too large for the model

    def measured(self, solver: Solver, settings: SolveSettings, **how: Any) -> Report:
        """`evaluate` with these."""
        return evaluate(
            solver.model,
            self.questions,
            self.labels,
            settings,
            puzzle_ids=self.puzzle_ids,
            ratings=self.ratings,
            kind=self.kind,
            grid=self.grid,
            device=solver.device,
            name=solver.name,
            **how,
        )


def of_dataset(dataset: Dataset, split: str, solver: Solver) -> Examples:
    """A split, read in slices as it is needed. Raises `ExamplesError` if it is not for the model."""
    kind = get(dataset.puzzle)
    config = solver.model_for(kind).config if _takes(solver, kind) else solver.model.config
    if config.puzzle != kind.name or not config.takes(dataset.shape):
        sizes = ["x".join(map(str, shape)) for shape in (dataset.shape, config.grid)]
        raise ExamplesError(
            f"{dataset.path} holds {dataset.puzzle} of {sizes[0]}, the model is for {config.puzzle} of {sizes[1]}."
        )
    part = dataset.split(split)
    about = {"dataset": str(dataset.path), "split": split, "sha256": dataset.sha256}
    return Examples(kind, part.inputs, part.labels, part.puzzle_ids, part.ratings, dataset.shape, about)


def of_puzzles(
    puzzles: Sequence[Puzzle], solver: Solver, source: str, progress: Callable[[int], None] = lambda more: None
) -> Examples:
    """Puzzles of one kind with their computed answers; ``source`` is what to call them. Raises `ExamplesError`."""
    kinds = list(dict.fromkeys(puzzle.kind for puzzle in puzzles))
    if others := sorted(kind.name for kind in kinds if not _takes(solver, kind)):
        raise ExamplesError(f"{source} holds {', '.join(others)}, the model is for {solver.kind.name}.")
    if len(kinds) > 1:
        raise ExamplesError(f"{source} holds {', '.join(kind.name for kind in kinds)}: measure one kind at a time.")
    questions, labels, ids = [], [], []
    for puzzle in puzzles:
        progress(1)
        fits = solver.model_for(puzzle.kind).config.takes(puzzle.question.shape)
        answer = _answer(puzzle) if fits else None
        if answer is not None:
            questions.append(puzzle.question)
            labels.append(answer)
            ids.append(puzzle.puzzle_id)
    if not questions:
        raise ExamplesError(f"{source} holds no puzzle that could be measured.")
    left_out = len(puzzles) - len(questions)
    return Examples(kinds[0], questions, labels, ids, about={"dataset": source}, left_out=left_out)


def _takes(solver: Solver, kind: PuzzleKind) -> bool:
    try:
        solver.model_for(kind)
    except PuzzleError:
        return False
    return True


def _answer(puzzle: Puzzle) -> np.ndarray | None:
    if not puzzle.kind.check_question(puzzle.question).solved:
        return None
    return next(iter(puzzle.kind.solutions(puzzle.question, limit=1) or ()), None)
