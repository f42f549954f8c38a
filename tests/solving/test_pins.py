from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles import Verdict, get
from puzzlerec.puzzles.sudoku.rules import Sudoku
from puzzlerec.solving.strategies import Outcome, Task
from puzzlerec.solving.strategies.pins import Cover, Pins, PinSearch, contradictions, with_pins
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


class Irregular(Sudoku):
    """4x4, the two diagonals are units too, and a symbol's token depends on its column: 1 + 5 column + digit."""

    def __init__(self) -> None:
        super().__init__(4, (2, 2), 4)
        diagonals = np.stack([np.arange(4) * 5, np.arange(1, 5) * 3])
        self.name, self._units = "irregular", np.concatenate([self._units, diagonals])
        self.vocabulary = ("?", *(f"{column}{symbol}" for column in "abcd" for symbol in ".1234"))

    def candidates(self, question: np.ndarray) -> np.ndarray:
        return (2 + 5 * (np.arange(16) % 4)[:, None] + np.arange(4)).astype(np.uint8)

    def given(self, question: np.ndarray) -> np.ndarray:
        return question % 5 != 1

    def plain(self, grid: np.ndarray) -> np.ndarray:
        """As a plain Sudoku has it, with 1 for a blank."""
        return (grid - 5 * np.arange(4)).astype(np.uint8)

    def check_question(self, question: np.ndarray) -> Verdict:
        return super().check_question(self.plain(question))


BLANK = np.tile((1 + 5 * np.arange(4)).astype(np.uint8), (4, 1))  # of an irregular puzzle


def closes(cover: Cover) -> np.ndarray:
    """[L K, L K] bool: whether the candidate of the row rules out that of the column."""
    doubts = np.eye(cover.tokens.size).reshape(-1, *cover.tokens.shape)
    return np.array([cover.settled(doubt).reshape(-1) for doubt in doubts]) - np.eye(cover.tokens.size) > 0


@pytest.mark.parametrize(("name", "closed"), [("sudoku", 28), ("sudoku-4x4", 10), ("sudoku-6x6", 17)])
def test_every_candidate_is_in_four_constraints_and_closes_those_it_shares_one_with(name: str, closed: int) -> None:
    kind = get(name)
    cover = Cover.of(kind, np.ones(kind.shape, np.uint8))
    assert cover.members.shape == (4 * kind.size**2, kind.size)
    assert (np.bincount(cover.members.reshape(-1)) == 4).all()
    others = closes(cover)
    assert (others == others.T).all() and (others.sum(1) == closed).all()
    for members in cover.members:
        assert (others[np.ix_(members, members)] | np.eye(len(members), dtype=bool)).all()


def test_open_candidates_are_those_whose_placing_breaks_no_rule() -> None:
    kind = get("sudoku")
    question = kind.parse(HARD)
    left = Cover.of(kind, question).open(kind, question)
    for cell in range(81):
        for digit in range(9):
            placed = question.copy()
            placed.reshape(-1)[cell] = digit + 2
            allowed = question.reshape(-1)[cell] == 1 and kind.check_question(placed).solved
            assert left[cell, digit] == allowed


def test_pins_obey_the_rules_and_no_set_is_proposed_twice() -> None:
    kind, rng = get("sudoku"), np.random.default_rng(0)
    question = kind.parse(HARD)
    search = PinSearch(kind, question)
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
    left = Cover.of(kind, question).open(kind, question).astype(float)
    probabilities = np.concatenate([np.zeros((16, 2)), left / np.maximum(left.sum(1, keepdims=True), 1)], 1)
    probabilities[0] = np.eye(6)[2]
    probabilities[5] = (0, 0, 0, 0, 0.5, 0.5)  # r2c2 is 3 or 4, every other cell is open
    search = PinSearch(kind, question)
    search.learn(question, (), outcome(probabilities, 4))
    (row, column, first), *_ = search.propose() or ()
    before = PinSearch(kind, question)
    before.learn(question, (), outcome(probabilities, 4))
    cell = 4 * row + column
    rivals = [4 * cell + token - 2 for token in range(2, 6) if token != first and left[cell, token - 2]]
    prior, posterior = before._beliefs()[0][0], search._beliefs()[0][0]
    assert posterior[4 * cell + first - 2] < prior[4 * cell + first - 2]
    assert all(posterior[rival] > prior[rival] for rival in rivals)


def test_beliefs_are_fitted_to_one_in_every_constraint() -> None:
    kind = get("sudoku-6x6")
    beliefs = np.random.default_rng(1).uniform(0.2, 1, (3, 6**3))
    cover = Cover.of(kind, np.ones((6, 6), np.uint8))
    before, after = (np.abs(part[:, cover.members].sum(-1) - 1).max() for part in (beliefs, cover.fitted(beliefs)))
    assert after < 0.1 < before


def test_the_search_goes_deeper_when_single_pins_keep_failing() -> None:
    kind, rng = get("sudoku"), np.random.default_rng(2)
    question = kind.parse(HARD)
    search = PinSearch(kind, question)
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
    pins = Pins(Task(0, question, kind, Singles("sudoku-4x4").config))
    (first,) = pins.propose(1)
    pins.learn(first, undecided(question, np.random.default_rng(0)))
    assert pins.propose(4) == []


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


def test_units_may_be_any_and_a_symbols_token_may_depend_on_its_cell() -> None:
    kind = Irregular()
    question = BLANK.copy()
    question[0, 0] += 1  # a 1: no other in row, column, box and diagonal
    cover = Cover.of(kind, question)
    left = cover.open(kind, question)
    seen = {1, 2, 3, 4, 5, 8, 12, 10, 15}
    assert [cell for cell in range(16) if not left[cell, 0]] == sorted({0, *seen})
    assert not left[0].any() and left[1:, 1:].all()
    beliefs = np.random.default_rng(1).uniform(0.2, 1, (2, 64))
    before, after = (np.abs(part[:, cover.members].sum(-1) - 1).max() for part in (beliefs, cover.fitted(beliefs)))
    assert after < 0.25 < before
    doubt = np.random.default_rng(2).uniform(size=(16, 4))
    by_hand = doubt[5].sum() + sum(doubt[cell, 2] for cell in (0, 1, 4, 6, 7, 9, 13, 10, 15))
    assert cover.settled(doubt)[5, 2] == pytest.approx(by_hand)


def test_pins_on_irregular_puzzles_obey_their_rules_and_are_told_by_their_symbol() -> None:
    kind, rng = Irregular(), np.random.default_rng(3)
    pins = Pins(Task(0, BLANK, kind, Singles("sudoku-4x4").config))
    (first,) = pins.propose(1)
    assert (first.how, first.label) == ("one pass", "one pass")

    def irregular(question: np.ndarray) -> Outcome:
        probabilities = np.zeros((16, len(kind.vocabulary)))
        np.put_along_axis(probabilities, kind.candidates(question).astype(int), rng.dirichlet(np.ones(4), 16), 1)
        return outcome(probabilities, 4)

    pins.learn(first, irregular(BLANK))
    for attempt in pins.propose(20):
        (row, column, token), *_ = attempt.pins
        assert kind.check_question(attempt.question).solved
        assert token in kind.candidates(BLANK)[4 * row + column]
        assert attempt.how == "pin" and attempt.label.startswith(
            f"pin r{row + 1}c{column + 1}={kind.vocabulary[token][1]}"
        )
        pins.learn(attempt, irregular(attempt.question))


def test_pins_go_onto_copies_where_the_model_does_not_see_all_as_one() -> None:
    kind = get("sudoku-4x4")
    question = kind.parse("1....2....3....4")
    for mixer, copied in (("candidates", False), ("attention", True)):
        config = Singles("sudoku-4x4").config.model_copy(update={"mixer": mixer})
        pins = Pins(Task(0, question, kind, config))
        (first,) = pins.propose(1)
        pins.learn(first, undecided(question, np.random.default_rng(0)))
        attempts = pins.propose(6)
        assert first.symmetry is None and [attempt.symmetry is not None for attempt in attempts] == [copied] * 6
        assert [attempt.how for attempt in attempts] == ["pin"] * 6
