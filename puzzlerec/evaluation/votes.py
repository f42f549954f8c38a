"""Votes: every copy of a task is answered, each answer is turned back into the task's own, and those that agree add up.

This is how the papers measure ARC. A test's answers are ranked by (votes, mean halting probability); pass@k says that
one of the first k is right. What is right of a task is counted in two ways: the share of its tests, as Kaggle does, and
whether all of them are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch

from puzzlerec.data.store import Dataset, Rows, Split
from puzzlerec.evaluation.examples import ExamplesError
from puzzlerec.evaluation.report import Rate
from puzzlerec.processes import Processes
from puzzlerec.puzzles import PuzzleKind, get
from puzzlerec.solving.frames import Model, Refinement
from puzzlerec.tables import Table, Tabular

PASSES = (1, 2, 5, 10, 100, 1000)  # k of pass@k
TRIES = 2  # that a test may be given
SPLITS = ("test", "asked")  # what is measured, and what can only be answered


@dataclass(frozen=True, eq=False)
class Answered:
    """A copy of a test and what a model says to it; `question`, `tokens` and `label` are [H, W] tokens."""

    name: str  # of its puzzle id: which copy of which task it is
    question: np.ndarray
    tokens: np.ndarray
    halt: float  # the model's probability that all is right
    label: np.ndarray  # all padding where it is not known


@dataclass(eq=False)
class Ballot:
    """The votes on one test."""

    known: np.ndarray | None  # its output [H, W]
    copies: int = 0
    votes: dict[tuple[tuple[int, ...], bytes], list[float]] = field(default_factory=dict)  # halting of each vote

    def add(self, grid: np.ndarray | None, halt: float) -> None:
        """Take in an answer; None is one that no grid can be read from."""
        self.copies += 1
        if grid is not None:
            self.votes.setdefault((grid.shape, grid.tobytes()), []).append(halt)

    def ranked(self) -> list[np.ndarray]:
        """All answers, the best first; of equals the one that came first."""
        order = sorted(self.votes.items(), key=lambda one: (-len(one[1]), -float(np.mean(one[1]))))
        return [np.frombuffer(cells, np.uint8).reshape(shape) for (shape, cells), _ in order]

    def rank(self) -> int | None:
        """The place of the output among the answers, from 1; None if it is not among them, or not known."""
        known = self.known
        if known is None:
            return None
        return next((place for place, one in enumerate(self.ranked(), 1) if np.array_equal(one, known)), None)


class Ballots:
    """The votes on all tests, by task and, within it, in the order in which they first came."""

    def __init__(self, kind: PuzzleKind) -> None:
        self.kind = kind
        self.tasks: dict[str, dict[tuple[tuple[int, ...], bytes], Ballot]] = {}

    def add(self, one: Answered) -> None:
        task, question = self._restored(one, one.question)
        assert question is not None
        tests = self.tasks.setdefault(task, {})
        key = question.shape, question.tobytes()
        if key not in tests:
            tests[key] = Ballot(self._restored(one, one.label)[1] if one.label.any() else None)
        tests[key].add(self._restored(one, one.tokens)[1], one.halt)

    def _restored(self, one: Answered, tokens: np.ndarray) -> tuple[str, np.ndarray | None]:
        return self.kind.restored(one.name, one.question, tokens)

    def places(self) -> dict[str, list[int | None]]:
        """The place of each test's output among the answers to it, by task: `Ballot.rank`."""
        return {task: [ballot.rank() for ballot in tests.values()] for task, tests in self.tasks.items()}

    def tries(self) -> dict[str, list[list[np.ndarray]]]:
        """The best answers to each task's tests, `TRIES` at most."""
        return {task: [ballot.ranked()[:TRIES] for ballot in tests.values()] for task, tests in self.tasks.items()}


@dataclass(frozen=True)
class VoteReport(Tabular):
    """What the votes came to."""

    model: str
    tasks: int  # that were measured
    tests: int  # of them
    copies: float  # mean votes on a test, the task as it is among them
    places: dict[str, list[int | None]]  # task -> of each test, the place of its output among the answers, from 1
    tries: dict[str, list[list[np.ndarray]]]  # task -> of each test up to two answers [H, W], the best first
    asked: int  # copies of tests to answer
    answered: int  # answered: fewer if that was interrupted
    seconds: float

    @property
    def whole(self) -> bool:
        """Whether all copies that it was asked for have voted."""
        return self.answered == self.asked

    @cached_property
    def passes(self) -> dict[int, tuple[Rate, Rate]]:
        """For each k of `PASSES`: the mean share of a task's tests that are right in k tries, and of tasks that are."""
        found = {}
        for k in PASSES:
            shares = [
                float(np.mean([place is not None and place <= k for place in task])) for task in self.places.values()
            ]
            pair = (shares, self.right(k))
            found[k] = tuple(Rate(float(np.mean(each)) if shares else 0.0, len(shares)) for each in pair)
        return found  # type: ignore[return-value]

    def right(self, tries: int) -> list[bool]:
        """Of each task, whether all of its tests are right in so many tries."""
        return [all(place is not None and place <= tries for place in task) for task in self.places.values()]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, without the tries."""
        passes = {
            str(k): {"tests": share.to_dict(), "tasks": whole.to_dict()} for k, (share, whole) in self.passes.items()
        }
        own = {name: value for name, value in vars(self).items() if name not in ("passes", "places", "tries")}
        return own | {"passes": passes}

    def records(self) -> list[dict[str, Any]]:
        return [
            {
                "model": self.model,
                "pass": k,
                "credit": credit,
                "share": rate.share,
                "low": rate.interval[0],
                "high": rate.interval[1],
                "tasks": rate.count,
            }
            for k, rates in self.passes.items()
            for credit, rate in zip(("tests", "tasks"), rates, strict=True)
        ]

    def tables(self) -> list[Table]:
        rows = [(f"pass@{k}", str(share), str(whole)) for k, (share, whole) in self.passes.items()]
        return [Table("right", ("tries", "share of a task's tests", "all tests of a task"), rows)]


def vote(
    model: Model,
    dataset: Dataset,
    *,
    copies: int | None = None,
    limit: int | None = None,
    steps: int | None = None,
    batch: int = 64,
    device: str | torch.device = "cpu",
    precision: torch.dtype = torch.float32,
    name: str = "",
    progress: Callable[[int], None] = lambda more: None,
    processes: Processes | None = None,
) -> VoteReport:
    """The tests of ``dataset`` answered in all copies, or at most so many, and the votes counted.

    Of its first ``limit`` tasks alone, if that is given. Several ``processes`` share the copies, batch by batch, and
    the leading one has the votes. A `KeyboardInterrupt` ends it early: the votes are then those that have been cast,
    and the report is not ``whole``. Raises `ExamplesError` for a dataset that is not for the model, or whose
    puzzles have no named copies.
    """
    kind = get(dataset.puzzle)
    require(model, dataset)
    processes = processes or Processes()
    parts = {split: Ballots(kind) for split in SPLITS}
    answered, clock = 0, time.perf_counter()
    pieces = (
        (split, rows)
        for split in SPLITS
        if split in dataset.splits
        for rows in _chosen(dataset.splits[split], copies, limit).pieces(batch)
    )

    def answers(piece: tuple[str, Rows]) -> Iterator[tuple[str, Answered]]:
        split, rows = piece
        for one in _answers(model, dataset, rows, steps, torch.device(device), precision):
            yield split, one

    try:
        with closing(processes.shared(pieces, answers)) as found:
            for split, one in found:
                parts[split].add(one)
                answered += 1
                progress(1)
    except KeyboardInterrupt:
        if not processes.leads:  # the leader has what was done
            raise
    measured = parts["test"]
    tests = [ballot for task in measured.tasks.values() for ballot in task.values()]
    return VoteReport(
        model=name,
        tasks=len(measured.tasks),
        tests=len(tests),
        copies=float(np.mean([ballot.copies for ballot in tests])) if tests else 0.0,
        places=measured.places(),
        tries=measured.tries() | parts["asked"].tries(),
        asked=rows_to_answer(dataset, copies, limit),
        answered=answered,
        seconds=time.perf_counter() - clock,
    )


def require(model: Model, dataset: Dataset) -> None:
    """Raises `ExamplesError` if the dataset has nothing to vote on, or not for the model."""
    kind, config = get(dataset.puzzle), model.config
    if not kind.pairs or dataset.identifiers is None:
        raise ExamplesError(
            f"{dataset.path} holds {dataset.puzzle}: votes are taken on the named copies of ARC's tasks."
        )
    if config.puzzle != kind.name or not (config.any_size or dataset.shape == config.grid):
        sizes = ["x".join(map(str, shape)) for shape in (dataset.shape, config.grid)]
        raise ExamplesError(
            f"{dataset.path} holds {dataset.puzzle} of {sizes[0]}, the model is for {config.puzzle} of {sizes[1]}."
        )
    if not set(SPLITS) & set(dataset.splits):
        raise ExamplesError(f"{dataset.path} has no tests to answer.")


def rows_to_answer(dataset: Dataset, copies: int | None = None, limit: int | None = None) -> int:
    """How many copies of tests `vote` would answer."""
    return sum(len(_chosen(dataset.splits[split], copies, limit)) for split in SPLITS if split in dataset.splits)


def _chosen(split: Split, copies: int | None, limit: int | None) -> Split:
    return split.copies(copies).first_groups(limit)


def _answers(
    model: Model, dataset: Dataset, rows: Rows, steps: int | None, device: torch.device, precision: torch.dtype
) -> Iterator[Answered]:
    """The ``rows`` with what the model says to them, side by side."""
    assert dataset.identifiers is not None
    questions, labels = (columns.reshape(-1, *dataset.shape) for columns in (rows.inputs, rows.labels))
    ids = rows.puzzle_ids.tolist()
    names = dataset.identifiers[min(ids) : max(ids) + 1]  # rows are in the order of the ids
    refinement = Refinement(model, list(questions), device=device, precision=precision, puzzle_ids=ids, steps=steps)
    for _ in range(steps or model.config.most_steps(dataset.shape)):
        frame = refinement.advance()
    for row, id in enumerate(ids):
        yield Answered(names[id - min(ids)], questions[row], frame.tokens[row], float(frame.halt[row]), labels[row])
