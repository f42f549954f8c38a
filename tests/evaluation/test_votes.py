"""Votes on ARC's tests: an oracle proves that every copy is turned back, and hand-made ballots how votes are ranked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from puzzlerec.cli.app import app
from puzzlerec.data import Dataset, arc_agi
from puzzlerec.data.arc_agi import Collection
from puzzlerec.evaluation.examples import ExamplesError
from puzzlerec.evaluation.votes import PASSES, Answered, Ballot, Ballots, VoteReport, rows_to_answer, vote
from puzzlerec.models import build, checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.prediction import Prediction
from puzzlerec.puzzles import get
from puzzlerec.puzzles.arc.augmentation import Augmentation
from puzzlerec.puzzles.arc.canvas import encode
from puzzlerec.puzzles.arc.tasks import Pair, Task

SIDE = 8


def some_tasks() -> list[Task]:
    """Three of grids of all shapes, with one, two and three tests; the outputs of the last are not known."""
    rng = np.random.default_rng(1)

    def grid() -> np.ndarray:
        return rng.integers(0, 10, rng.integers(1, SIDE + 1, 2), np.uint8)

    def pairs(count: int, known: bool = True) -> tuple[Pair, ...]:
        return tuple(Pair(grid(), grid() if known else None) for _ in range(count))

    return [Task(name, pairs(2), pairs(count, name != "c")) for count, name in enumerate("abc", 1)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them in 40 copies on 8x8."""
    path = tmp_path_factory.mktemp("votes") / "arc.h5"
    arc_agi.build(Collection((), tuple(some_tasks()), side=SIDE), path, copies=40)
    return path


class State(NamedTuple):
    nothing: Tensor


class Oracle:
    """Says of every copy what its label is, found by puzzle id and question; of some ids something else."""

    frames: ClassVar[str] = "supervision"
    config = TRMConfig(
        puzzle="arc", vocabulary=12, grid=(SIDE, SIDE), puzzle_ids=200, width=16, heads=2, supervision_steps=2
    )

    def __init__(self, dataset: Dataset, wrong: Any = lambda id: False) -> None:
        self.labels = {}
        for split in dataset.splits.values():
            rows = split.read()
            for question, label, id in zip(rows.inputs, rows.labels, rows.puzzle_ids.tolist(), strict=True):
                self.labels[id, question.tobytes()] = label
        self.wrong = wrong

    def start(self, question: Tensor, steps: int | None = None, seeds: Any = None) -> State:
        return State(torch.zeros(len(question), 0))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor) -> tuple[State, Prediction]:
        said = []
        for one, id in zip(question.flatten(1).numpy().astype(np.uint8), puzzle_ids.tolist(), strict=True):
            label = self.labels[id, one.tobytes()].copy()
            if self.wrong(id):
                label[0] = 2 + (int(label[0]) + 1) % 10
            label[label == 0] = 5  # beyond the grid a network may say anything
            said.append(label)
        tokens = torch.from_numpy(np.stack(said)).long()
        halt = torch.zeros(len(question))
        return state, Prediction(torch.nn.functional.one_hot(tokens, 12).float() * 20, halt, halt)


def test_true_answers_to_all_copies_score_all_and_wrong_ones_nothing(path: Path) -> None:
    with Dataset.open(path) as dataset:
        right = vote(Oracle(dataset), dataset, batch=7)  # type: ignore[arg-type]
        wrong = vote(Oracle(dataset, lambda id: True), dataset)  # type: ignore[arg-type]
        assert right.answered == rows_to_answer(dataset) == 41 * (1 + 2 + 3)
    assert (right.tasks, right.tests, right.copies) == (2, 3, 41)
    for k in PASSES:
        assert [rate.share for rate in right.passes[k]] == [1, 1]
        assert [rate.share for rate in wrong.passes[k]] == [0, 0]
    for task in some_tasks()[:2]:
        for tries, pair in zip(right.tries[task.id], task.tests, strict=True):
            assert len(tries) == 1 and np.array_equal(tries[0], pair.known)  # all copies agree
    assert len(right.tries["c"]) == 3  # which are answered, and not measured


def test_the_most_votes_win_though_some_copies_are_wrong(path: Path) -> None:
    """Also those of the task as it is: with one vote each they would be the answer."""
    with Dataset.open(path) as dataset:
        model = Oracle(dataset, lambda id: id % 41 == 1 or id % 5 == 0)
        alone, all_copies = (vote(model, dataset, copies=copies) for copies in (0, None))  # type: ignore[arg-type]
        assert [rate.share for rate in alone.passes[1000]] == [0, 0] and alone.copies == 1
        assert [rate.share for rate in all_copies.passes[1]] == [1, 1]
        assert vote(model, dataset, limit=1).tests == 1  # type: ignore[arg-type]


def test_interrupted_votes_say_so(path: Path) -> None:
    def interrupted(more: int) -> None:
        raise KeyboardInterrupt

    with Dataset.open(path) as dataset:
        whole = vote(Oracle(dataset), dataset, copies=1)  # type: ignore[arg-type]
        part = vote(Oracle(dataset), dataset, copies=1, progress=interrupted)  # type: ignore[arg-type]
    assert (whole.whole, whole.asked, whole.answered) == (True, 12, 12)
    assert (part.whole, part.asked, part.answered) == (False, 12, 1)


def test_both_conventions_of_credit() -> None:
    """One task with one of two tests right, one with its only test right in the second try."""
    ballots = Ballots(get("arc"))
    one, two, three = (np.full((2, 2), colour, np.uint8) for colour in (1, 2, 3))

    def add(task: str, question: np.ndarray, answers: list[np.ndarray], label: np.ndarray) -> None:
        for grid in answers:
            ballots.add(Answered(task, encode(question), encode(grid), 0.5, encode(label)))

    add("half", one, [one], one)
    add("half", two, [one], two)
    add("second", one, [one, one, two], two)
    report = VoteReport("", 2, 3, 1.0, ballots.places(), ballots.tries(), asked=9, answered=9, seconds=1.0)
    passes = report.passes
    assert [rate.share for rate in passes[1]] == [0.25, 0]
    assert [rate.share for rate in passes[2]] == [0.75, 0.5]
    assert passes[2][0].count == 2
    assert report.right(2) == [False, True]
    assert three.tobytes() not in [key[1] for key in ballots.tasks["half"]]


def test_answers_are_ranked_by_votes_then_by_halting() -> None:
    ballot = Ballot(np.full((1, 1), 4, np.uint8))
    for colour, halts in ((1, [0.9]), (2, [0.2, 0.3]), (3, [0.6, 0.1]), (4, [0.95])):
        for halt in halts:
            ballot.add(np.full((1, 1), colour, np.uint8), halt)
    ballot.add(None, 0.99)  # no grid could be read
    assert [int(grid[0, 0]) for grid in ballot.ranked()] == [3, 2, 4, 1]
    assert (ballot.rank(), ballot.copies) == (3, 7)


def test_copies_that_stand_elsewhere_are_turned_back() -> None:
    """Colours, turn and place: an answer is read where its question stands."""
    made = Augmentation(3, (0, 2, 3, 4, 5, 6, 7, 8, 9, 1))
    question, output = np.arange(6, dtype=np.uint8).reshape(2, 3), np.array([[7, 8, 9]], np.uint8)
    canvases = [encode(made.apply(grid), 4, 2, side=12) for grid in (question, output)]
    said = np.where(canvases[1] == 0, 5, canvases[1])  # a network's answer has no padding
    kind = get("arc")
    for tokens, grid in ((canvases[0], question), (canvases[1], output), (said, output)):
        task, restored = kind.restored(made.identifier("a"), canvases[0], tokens)
        assert task == "a" and np.array_equal(restored, grid)
    assert kind.restored("a", canvases[0], np.ones_like(said))[1] is None


def test_what_cannot_be_voted_on(path: Path, tmp_path: Path) -> None:
    from puzzlerec.data import build as build_dataset

    build_dataset("sudoku-4x4", tmp_path / "s.h5", train=1, test=1, workers=1)
    with Dataset.open(path) as dataset, Dataset.open(tmp_path / "s.h5") as other:
        oracle = Oracle(dataset)
        with pytest.raises(ExamplesError, match="holds sudoku-4x4: votes"):
            vote(oracle, other)  # type: ignore[arg-type]
        oracle.config = oracle.config.model_copy(update={"grid": (30, 30)})
        with pytest.raises(ExamplesError, match="arc of 8x8, the model is for arc of 30x30"):
            vote(oracle, dataset)  # type: ignore[arg-type]


def test_the_command_and_kaggles_submission(path: Path, tmp_path: Path) -> None:
    config = TRMConfig(
        puzzle="arc", vocabulary=12, grid=(SIDE, SIDE), puzzle_ids=124, width=8, heads=2, layers=1, multiple=8,
        latent_updates=1, recursions=1, supervision_steps=1,
    )  # fmt: skip
    checkpoint.save(build(config), tmp_path / "model", "card")
    run = CliRunner().invoke
    words = ["eval", str(tmp_path / "model"), str(path), "--votes"]
    told = run(app, [*words, "--copies", "3", "--submission", str(tmp_path / "submission.json")])
    assert told.exit_code == 0, told.output
    assert "3 tests of 2 tasks" in told.stdout and "4 votes a test" in told.stdout
    assert "pass@1000" in told.stdout and "all tests of a task" in told.stdout
    submission = json.loads((tmp_path / "submission.json").read_text("utf-8"))
    assert {task: len(tests) for task, tests in submission.items()} == {"a": 1, "b": 2, "c": 3}
    assert all(set(test) == {"attempt_1", "attempt_2"} for tests in submission.values() for test in tests)
    facts = json.loads(run(app, [*words, "--copies", "1", "--json"]).stdout)
    assert facts["passes"]["2"]["tests"]["count"] == facts["tasks"] == 2
    assert "--curve does not apply to --votes" in run(app, [*words, "--curve"]).stderr
    assert "--copies is for --votes" in run(app, [*words[:3], "--copies", "3"]).stderr
