"""Generated mazes: long enough, answered by the published sets' rule, different, and like the published ones."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from puzzlerec.data import Dataset
from puzzlerec.data.building import generator
from puzzlerec.puzzles import get
from puzzlerec.puzzles.maze.generate import HARD, hashes
from puzzlerec.puzzles.maze.hard import least_moves
from puzzlerec.puzzles.maze.kernels import first_moves, timetable
from puzzlerec.puzzles.maze.rules import answer, distances, shortest_path

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))


def test_answers_follow_the_rule_and_are_long(mazes: Path) -> None:
    with Dataset.open(mazes) as dataset:
        assert dataset.shape == (20, 20)
        for split in dataset.splits.values():
            some = split.read()
            for question, label in zip(some.inputs.reshape(-1, 20, 20), some.labels.reshape(-1, 20, 20), strict=True):
                np.testing.assert_array_equal(label, answer(question))
                moves = shortest_path(question)
                assert moves is not None
                assert moves >= least_moves(20)


@pytest.mark.parametrize("size", [36, 45, 62])
def test_mazes_larger_than_the_published_are_found_in_seconds(size: int) -> None:
    chunk = generator(f"maze-{size}x{size}").chunk({"kind": HARD, "moves": 0}, "test", np.array([1], np.uint64))
    assert ((chunk.labels == 5).sum(axis=1) + 1 >= least_moves(size)).all()
    assert least_moves(size) > least_moves(30)


def test_a_least_length_can_be_asked_for() -> None:
    chunk = generator("maze-9x9").chunk({"kind": HARD, "moves": 12}, "train", np.array([1], np.uint64))
    moves = (chunk.labels == 5).sum(axis=1) + 1
    assert moves.min() >= 12
    assert moves.min() < least_moves(9)


def test_symmetric_copies_are_the_eight_and_each_has_its_own_answer() -> None:
    chunk = generator("maze-9x9").chunk({"kind": HARD, "moves": 0}, "train", np.array([2], np.uint64))
    questions = chunk.inputs[:3].reshape(3, 9, 9)
    copies, answers = get("maze").copies(questions)
    assert copies.shape == answers.shape == (24, 9, 9)
    np.testing.assert_array_equal(answers[:3], chunk.labels[:3].reshape(3, 9, 9))
    assert len({copy.tobytes() for copy in copies}) == 24
    assert len(set(hashes(copies, False).tolist())) == 3
    for copy, label in zip(copies, answers, strict=True):
        np.testing.assert_array_equal(label, answer(copy))


def test_first_moves_lead_from_the_start_along_the_answer_and_everywhere_nearer() -> None:
    chunk = generator("maze-9x9").chunk({"kind": HARD, "moves": 0}, "train", np.array([5], np.uint64))
    questions = chunk.inputs.reshape(-1, 9, 9)
    steps = {1: (1, 0), 2: (0, -1), 3: (0, 1), 4: (-1, 0)}
    labels = chunk.labels.reshape(-1, 9, 9)
    for question, label, moves, far in zip(questions, labels, *first_moves(questions), strict=True):
        away = distances(question)
        moves = moves.reshape(9, 9)
        np.testing.assert_array_equal(far.reshape(9, 9), away.clip(min=0))
        assert ((moves > 0) == (away > 0)).all()
        for row, column in np.argwhere(moves > 0):
            down, right = steps[int(moves[row, column])]
            assert away[row + down, column + right] == away[row, column] - 1
        row, column = np.argwhere(question == 3)[0]
        path = set()
        while question[row, column] != 4:
            down, right = steps[int(moves[row, column])]
            row, column = row + down, column + right
            path.add((int(row), int(column)))
        assert path == {(int(r), int(c)) for r, c in np.argwhere((label == 5) | (label == 4))}


def test_news_of_the_goal_comes_to_the_start_and_from_there_along_the_path() -> None:
    question = np.array([[2, 4, 1, 3], [2, 1, 1, 2], [2, 2, 2, 2], [1, 1, 1, 2]], np.uint8)
    label = answer(question)
    hints, labels = timetable(label.reshape(1, -1), first_moves(question[None])[1])[0].reshape(2, 4, 4)
    np.testing.assert_array_equal(hints, [[1, 0, 0, 8], [2, 0, 0, 7], [3, 4, 5, 6], [0, 0, 0, 7]])
    np.testing.assert_array_equal(labels, [[15, 0, 0, 0], [14, 0, 0, 9], [13, 12, 11, 10], [0, 0, 0, 0]])


def test_like_published_ones() -> None:
    path = REAL_DATA / "maze-hard" / "train.txt.gz"
    if not path.is_file():
        pytest.skip(f"no published mazes: {path} is missing (PUZZLEREC_REAL_DATA names the folder)")
    with gzip.open(path, "rt") as file:
        pairs = [line.rstrip("\n").split("\t") for line in file]
    real = np.stack([get("maze").parse(pair[1]).reshape(-1) for pair in pairs])
    made = np.concatenate(
        [
            generator("maze").chunk({"kind": HARD, "moves": 0}, "train", np.array([seed], np.uint64)).labels
            for seed in range(2)
        ]
    )
    for tokens, tolerance in (((5,), 2.5), ((1,), 15.0)):  # path cells, walls of 900
        counts = [np.isin(labels, tokens).sum(axis=1) for labels in (real, made)]
        assert np.median(counts[1]) == pytest.approx(np.median(counts[0]), abs=tolerance)
    assert ((made == 5).sum(axis=1) + 1).min() >= 109


def test_the_same_seed_makes_the_same_mazes_from_release_to_release(mazes: Path) -> None:
    with Dataset.open(mazes) as dataset:
        assert dataset.sha256 == "d77732fa1e7c6a7c25c2f156a0c73fa240c26a680a4a91a055b9ebf804044496"
