from __future__ import annotations

import numpy as np
import pytest
from doubles import Singles

from puzzlerec.puzzles import Verdict, get
from puzzlerec.refine.attempts import Outcome, PinSearch, Plan, constraints, contradictions, open_candidates, with_pins

HARD = "98.7..6..5...9..7...7..4...3.......2..85...6.....23....1..8...6..59...4......61.."


def outcome(probabilities: np.ndarray, size: int) -> Outcome:
    return Outcome(
        tokens=probabilities.argmax(1).astype(np.uint8).reshape(size, size),
        confidence=probabilities.max(1).astype(np.float32).reshape(size, size),
        probabilities=probabilities.astype(np.float32),
        halt=0.0,
        steps=16,
        seconds=0.0,
        verdict=Verdict(False, np.ones((size, size), bool), ("unsolved",)),
    )


def undecided(question: np.ndarray, rng: np.random.Generator) -> Outcome:
    """Some belief in every digit of every open cell."""
    size = len(question)
    probabilities = np.zeros((size * size, size + 2))
    probabilities[:, 2:] = rng.dirichlet(np.ones(size), size * size)
    given = np.flatnonzero(question.reshape(-1) >= 2)
    probabilities[given] = np.eye(size + 2)[question.reshape(-1)[given]]
    return outcome(probabilities, size)


@pytest.mark.parametrize(("name", "closed"), [("sudoku", 28), ("sudoku-4x4", 10), ("sudoku-6x6", 17)])
def test_every_candidate_is_in_four_constraints_and_closes_those_it_shares_one_with(name: str, closed: int) -> None:
    kind = get(name)
    members, closes = constraints(kind)
    assert members.shape == (4 * kind.size**2, kind.size)
    assert (np.bincount(members.reshape(-1)) == 4).all()
    assert (closes == closes.T).all()
    assert (closes.sum(1) == closed).all()


def test_open_candidates_are_those_whose_placing_breaks_no_rule() -> None:
    kind = get("sudoku")
    question = kind.parse(HARD)
    left = open_candidates(kind, question)
    for cell in range(81):
        for digit in range(9):
            placed = question.copy()
            placed.reshape(-1)[cell] = digit + 2
            allowed = question.reshape(-1)[cell] == 1 and kind.check_question(placed).solved
            assert left[cell, digit] == allowed


def test_children_are_likely_candidates_of_one_constraint_the_likeliest_first() -> None:
    kind = get("sudoku")
    question = kind.parse(HARD)
    members, _ = constraints(kind)
    for seed in range(5):
        search = PinSearch(kind)
        ending = undecided(question, np.random.default_rng(seed))
        search.expand(question, (), ending)
        children = [search.pop() for _ in range(len(search.frontier))]
        assert len(children) >= 2 and all(len(pins) == 1 for pins in children)
        pinned = {(9 * row + column) * 9 + token - 2 for ((row, column, token),) in children}
        assert any(pinned <= set(constraint.tolist()) for constraint in members)
        assert all(kind.check_question(with_pins(question, pins)).solved for pins in children)


def test_a_question_with_an_open_cell_that_no_digit_fits_has_no_children() -> None:
    kind = get("sudoku-4x4")
    question = kind.parse("12.....3...4....")  # r1c3 sees 1 and 2; r1c4 sees 1, 2 and 3
    question = with_pins(question, ((0, 3, 5), (3, 2, 4)))  # now r1c3 sees 1, 2, 4 and 3
    search = PinSearch(kind)
    search.expand(question, (), undecided(question, np.random.default_rng(0)))
    assert not search.frontier


def test_contradictions_are_counted_among_confident_cells_alone() -> None:
    kind = get("sudoku-4x4")
    question = kind.parse("................")
    solution = kind.parse("1234341221434321")
    sure = np.eye(6)[solution.reshape(-1)]
    assert contradictions(kind, question, outcome(sure, 4)) == 0
    wrong = solution.copy()
    wrong[0, 0] = solution[0, 1]
    assert contradictions(kind, question, outcome(np.eye(6)[wrong.reshape(-1)], 4)) > 0
    unsure = np.eye(6)[wrong.reshape(-1)]
    unsure[0] = unsure[1] = (0, 0, 0.25, 0.25, 0.25, 0.25)
    assert contradictions(kind, question, outcome(unsure, 4)) == 0


def test_a_plan_is_the_same_for_the_same_seed() -> None:
    kind, config = get("maze"), Singles().config.model_copy(update={"mixer": "attention"})
    maze = kind.parse("S   \n ## \n #  \n   G")

    def copies(seed: int) -> list[bytes]:
        attempts = Plan(0, maze, kind, config, seed, 1.0).propose(8)
        return [a.symmetry.apply(maze).tobytes() if a.symmetry else b"" for a in attempts]

    assert copies(0) == copies(0) != copies(1)
    assert len(set(copies(0))) == len([copy for copy in copies(0) if copy]) + 1, "no copy is run twice"
