"""The exact solver: all solutions, none invented, for any units; wrong questions refused, unsettled ones admitted."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from puzzlerec.puzzles import get
from puzzlerec.puzzles.sudoku.exact import solve

INKALA = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."
LARGE = (  # 98 givens
    ".9....A3...40..6..DA...49..1..5E...E.F....0...7..0....9..76..4.A"
    ".B..72..1.5F...31..0......CB6.....2F8.16.D...A..57.3..FC..E....1"
    "96...8..B..3.C....C8...B.E..5.27DF3......5.68.0...B..9...0F....."
    "....3B.7F..8E.AD24.9D....63.1....A..5...C..0.2..8.....02....37.."
)


def units_of(name: str) -> np.ndarray:
    kind = get(name)
    assert kind.shape is not None
    units = kind.units(np.ones(kind.shape, np.uint8))
    assert units is not None
    return units


def blank(size: int) -> np.ndarray:
    return np.zeros(size * size, np.uint8)


def test_a_hard_puzzle_has_its_one_solution() -> None:
    kind = get("sudoku")
    question = kind.parse(INKALA)
    found = kind.solutions(question)
    assert found is not None
    assert len(found) == 1
    assert found[0].dtype == np.uint8
    assert kind.check(question, found[0]).solved


def test_every_4x4_grid_is_found_once() -> None:
    found = solve(blank(4), units_of("sudoku-4x4"), 1000)
    assert found is not None
    assert len({grid.tobytes() for grid in found}) == len(found) == 288
    assert all(get("sudoku-4x4").check(np.ones((4, 4), np.uint8), grid.reshape(4, 4) + 1).solved for grid in found)


def test_units_are_all_that_it_knows() -> None:
    """4x4 with diagonals, and with rows and columns alone, against all squares of four rows."""
    rows = np.array(list(permutations(range(1, 5))))
    squares = np.array([rows[list(chosen)] for chosen in product(range(24), repeat=4)])
    squares = squares[(np.sort(squares, axis=1) == np.arange(1, 5)[:, None]).all((1, 2))]
    units = units_of("sudoku-4x4")
    assert len(squares) == 576
    latin = solve(blank(4), units[:8], 1000)
    assert latin is not None
    assert {grid.tobytes() for grid in latin} == {square.astype(np.uint8).tobytes() for square in squares}

    diagonals = np.array([[0, 5, 10, 15], [3, 6, 9, 12]])
    flat = squares.reshape(-1, 16)
    right = [grid for grid in flat if all(len(set(grid[unit])) == 4 for unit in [*units[8:], *diagonals])]
    found = solve(blank(4), np.concatenate([units, diagonals]), 1000)
    assert found is not None
    assert {grid.tobytes() for grid in found} == {grid.astype(np.uint8).tobytes() for grid in right}
    assert len(right) == 48


def test_givens_in_conflict_and_dead_ends_have_no_solution() -> None:
    twice = blank(9)
    twice[:2] = 1
    assert solve(twice, units_of("sudoku")) == []
    dead_end = blank(4)
    dead_end[:4] = [1, 2, 3, 0]
    dead_end[7] = 4
    assert solve(dead_end, units_of("sudoku-4x4")) == []


def test_the_question_is_left_alone_and_the_limit_kept() -> None:
    question = blank(6)
    found = solve(question, units_of("sudoku-6x6"), 7)
    assert found is not None
    assert len(found) == 7
    assert (question == 0).all()


def test_16x16_is_solved_and_proved_in_little_time() -> None:
    kind = get("sudoku-16x16")
    question = kind.parse(LARGE)
    found = kind.solutions(question)
    assert found is not None
    assert len(found) == 1
    assert kind.check(question, found[0]).solved


def test_what_takes_too_long_is_not_known() -> None:
    units = units_of("sudoku-16x16")
    givens = get("sudoku-16x16").parse(LARGE).reshape(-1) - np.uint8(1)
    assert solve(givens, units, sweeps=5) is None
    assert solve(blank(16), units, limit=1, sweeps=10) is None
    assert solve(blank(4), units_of("sudoku-4x4"), limit=2, sweeps=100) is not None


def test_random_order_finds_the_same_solutions_and_depends_on_the_state_alone() -> None:
    units = units_of("sudoku-4x4")
    runs = [solve(blank(4), units, 1000, rng=np.array([seed], np.uint64)) for seed in (1, 1, 2)]
    in_order = solve(blank(4), units, 1000)
    first, again, other, plain = ([grid.tobytes() for grid in run or []] for run in (*runs, in_order))
    assert first == again
    assert first != other
    assert sorted(first) == sorted(other) == sorted(plain)


@pytest.mark.parametrize(
    ("givens", "limit", "match"),
    [
        (np.zeros(15, np.uint8), 2, "do not fit"),
        (np.zeros((4, 4), np.uint8), 2, "do not fit"),
        (np.full(16, 5, np.uint8), 2, "not 5 to 5"),
        (np.zeros(16, np.uint8), 0, "At least one"),
    ],
)
def test_what_is_no_puzzle_is_refused(givens: np.ndarray, limit: int, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        solve(givens, units_of("sudoku-4x4"), limit)


def test_too_many_symbols_are_refused() -> None:
    with pytest.raises(ValueError, match="17"):
        solve(np.zeros(17, np.uint8), np.arange(17)[None])


@pytest.mark.parametrize("name", ["sudoku", "sudoku-6x6", "sudoku-x", "jigsaw"])
def test_another_solution_is_one_and_none_is_claimed_of_a_puzzle_with_one(name: str) -> None:
    kind = get(name)
    maker = kind.generator(None)
    assert maker is not None and kind.shape is not None
    rows = maker.chunk(dict(maker.settings), "test", np.random.SeedSequence(1).generate_state(1, np.uint64))
    for inputs, labels in zip(rows.inputs[:20], rows.labels[:20], strict=True):
        question, answer = inputs.reshape(kind.shape), labels.reshape(kind.shape)
        assert kind.another(question, answer) is None
        if name == "jigsaw":
            continue
        blank = question[~kind.given(question)][0]
        opened = np.where(np.isin(answer, np.unique(answer)[:2]), blank, answer)  # two symbols may change places
        other = kind.another(opened, answer)
        assert other is not None and kind.check(opened, other).solved and (other != answer).any()
