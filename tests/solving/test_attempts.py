from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles import Verdict, get
from puzzlerec.solving.attempts import (
    Outcome,
    PinSearch,
    Plan,
    constraints,
    contradictions,
    fitted,
    open_candidates,
    with_pins,
)
from tests.solving.doubles import Singles

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


def test_pins_obey_the_rules_and_no_set_is_proposed_twice() -> None:
    kind, rng = get("sudoku"), np.random.default_rng(0)
    question = kind.parse(HARD)
    search = PinSearch(kind)
    search.learn(question, (), undecided(question, rng))
    seen = set()
    for _ in range(40):
        pins = search.propose()
        assert pins is not None
        pinned = with_pins(question, pins)
        assert kind.check_question(pinned).solved and (pinned != question).sum() == len(pins)
        seen.add(frozenset(pins))
        search.learn(pinned, pins, undecided(pinned, rng))
    assert len(seen) == 40


def test_a_failed_pin_speaks_for_its_rival() -> None:
    kind = get("sudoku-4x4")
    question = kind.parse("1...............")
    left = open_candidates(kind, question).astype(float)
    probabilities = np.concatenate([np.zeros((16, 2)), left / np.maximum(left.sum(1, keepdims=True), 1)], 1)
    probabilities[0] = np.eye(6)[2]
    probabilities[5] = (0, 0, 0, 0, 0.5, 0.5)  # r2c2 is 3 or 4, every other cell is open
    search = PinSearch(kind)
    search.learn(question, (), outcome(probabilities, 4))
    (row, column, first), *_ = search.propose() or ()
    before = PinSearch(kind)
    before.learn(question, (), outcome(probabilities, 4))
    cell = 4 * row + column
    rivals = [4 * cell + token - 2 for token in range(2, 6) if token != first and left[cell, token - 2]]
    prior, posterior = before._beliefs()[0][0], search._beliefs()[0][0]
    assert posterior[4 * cell + first - 2] < prior[4 * cell + first - 2]
    assert all(posterior[rival] > prior[rival] for rival in rivals)


def test_beliefs_are_fitted_to_one_in_every_constraint() -> None:
    kind = get("sudoku-6x6")
    beliefs = np.random.default_rng(1).uniform(0.2, 1, (3, 6**3))
    members, _ = constraints(kind)
    before, after = (np.abs(part[:, members].sum(-1) - 1).max() for part in (beliefs, fitted(kind, beliefs)))
    assert after < 0.1 < before


def test_the_search_goes_deeper_when_single_pins_keep_failing() -> None:
    kind, rng = get("sudoku"), np.random.default_rng(2)
    question = kind.parse(HARD)
    search = PinSearch(kind)
    search.learn(question, (), undecided(question, rng))
    depths = []
    for _ in range(60):
        pins = search.propose()
        assert pins is not None
        depths.append(len(pins))
        pinned = with_pins(question, pins)
        search.learn(pinned, pins, undecided(pinned, rng))
    assert np.mean(depths[:8]) < np.mean(depths[-8:])
    assert max(depths) >= 2


def test_nothing_is_left_where_no_digit_fits_a_cell() -> None:
    kind = get("sudoku-4x4")
    question = with_pins(kind.parse("12.....3...4...."), ((3, 2, 4),))  # r1c3 sees 1, 2, 3 and 4
    assert kind.check_question(question).solved
    plan = Plan(0, question, kind, Singles("sudoku-4x4").config, 0, 1.0)
    (first,) = plan.propose(1)
    plan.learn(first, undecided(question, np.random.default_rng(0)))
    assert plan.propose(4) == [] and plan.exhausted and plan.spent == 1


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
    first, second, other = (Plan(0, maze, kind, config, seed, 1.0).propose(1)[0] for seed in (0, 0, 1))
    assert first.seed == second.seed != other.seed, "what a system draws in its first pass has a seed too"
    assert len(set(copies(0))) == len([copy for copy in copies(0) if copy]) + 1, "no copy is run twice"
