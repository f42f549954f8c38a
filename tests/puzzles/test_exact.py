"""The exact solver: all solutions, none invented, wrong questions refused."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles import get
from puzzlerec.puzzles.sudoku.exact import solve_sudoku

INKALA = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."


def test_a_hard_puzzle_has_its_one_solution() -> None:
    kind = get("sudoku")
    question = kind.parse(INKALA)
    (found,) = solve_sudoku(question)
    assert found.dtype == np.uint8
    assert kind.check(question, found).solved


def test_every_4x4_grid_is_found_once() -> None:
    found = solve_sudoku(np.ones((4, 4), np.uint8), 1000)
    assert len({grid.tobytes() for grid in found}) == len(found) == 288
    assert all(get("sudoku-4x4").check(np.ones((4, 4), np.uint8), grid).solved for grid in found)


def test_boxes_of_6x6_are_two_rows_high() -> None:
    question = np.ones((6, 6), np.uint8)
    for grid in solve_sudoku(question, 20):
        assert get("sudoku-6x6").check(question, grid).solved


def test_givens_in_conflict_and_dead_ends_have_no_solution() -> None:
    twice = np.ones((9, 9), np.uint8)
    twice[0, :2] = 2
    assert solve_sudoku(twice) == []
    dead_end = np.ones((4, 4), np.uint8)
    dead_end[0] = [2, 3, 4, 1]
    dead_end[1, 3] = 5
    assert solve_sudoku(dead_end) == []


def test_the_question_is_left_alone_and_the_limit_kept() -> None:
    question = np.ones((6, 6), np.uint8)
    assert len(solve_sudoku(question, 7)) == 7
    assert (question == 1).all()


@pytest.mark.parametrize(
    ("question", "limit", "match"),
    [
        (np.ones((5, 5), np.uint8), 2, "no Sudoku"),
        (np.ones((9, 4), np.uint8), 2, "no Sudoku"),
        (np.ones(81, np.uint8), 2, "no Sudoku"),
        (np.zeros((4, 4), np.uint8), 2, "not 0 to 0"),
        (np.full((4, 4), 6, np.uint8), 2, "not 6 to 6"),
        (np.ones((4, 4), np.uint8), 0, "At least one"),
    ],
)
def test_what_is_no_sudoku_is_refused(question: np.ndarray, limit: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        solve_sudoku(question, limit)
