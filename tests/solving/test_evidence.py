"""What the search over pins makes of runs that fail, by hand on 4x4 Sudokus."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest

from puzzlerec.puzzles import Verdict, get
from puzzlerec.solving.strategies.base import Outcome
from puzzlerec.solving.strategies.pins import PinSearch, contradictions, with_pins

KIND = get("sudoku-4x4")


def outcome(probabilities: np.ndarray) -> Outcome:
    return Outcome(
        tokens=probabilities.argmax(1).astype(np.uint8).reshape(4, 4),
        confidence=probabilities.max(1).astype(np.float32).reshape(4, 4),
        probabilities=probabilities.astype(np.float32),
        halt=0.0,
        steps=16,
        seconds=0.0,
        verdict=Verdict(False, np.ones((4, 4), bool), ("unsolved",)),
    )


def sure_of(text: str, confidence: float = 1.0) -> Outcome:
    """Confident of the digits in ``text``, at a loss elsewhere."""
    probabilities = np.zeros((16, 6))
    probabilities[:, 2:] = 0.25
    for cell, character in enumerate(text):
        if character != ".":
            probabilities[cell, 2:] = (1 - confidence) / 3
            probabilities[cell, int(character) + 1] = confidence
    return outcome(probabilities)


@pytest.mark.parametrize(
    ("confident", "count"),
    [
        ("1..1............", 3),  # two 1s in row 1, so that row 2 has no place for one
        ("1..11...........", 3),  # three of them: in row 1, in column 1 and box 1
        ("..12....3...4...", 1),  # r1c1 sees 1, 2, 3 and 4
        ("..1.2....1......", 3),  # no place for a 1 in box 1, in row 2 and in column 1
        ("1234341221434321", 0),
        ("................", 0),
    ],
)
def test_contradictions_of_each_sort(confident: str, count: int) -> None:
    """Cells whose digit another holds in a unit; cells without a candidate; digits without a place in a unit."""
    blank = KIND.parse("." * 16)
    assert contradictions(KIND, blank, sure_of(confident)) == count
    assert contradictions(KIND, KIND.parse(confident), sure_of("." * 16)) == count  # givens count as well
    assert contradictions(KIND, blank, sure_of(confident, 0.89)) == 0  # what is not sure does not


def test_a_failed_pair_of_pins_speaks_against_the_first_as_far_as_the_second_was_believed_in() -> None:
    question = KIND.parse("1.........2.....")
    search = PinSearch(KIND, question)
    beliefs = np.zeros((16, 6))
    beliefs[:, 2:] = np.random.default_rng(5).dirichlet(np.ones(4), 16)
    search.learn(question, (), outcome(beliefs))
    pins = search.propose()
    assert pins is not None
    search.learn(with_pins(question, pins), pins, outcome(beliefs))
    fitted = search._beliefs()[0]
    first, second = search._nodes[1].candidate, int(fitted[1].argmax())
    before = [node.evidence.copy() for node in search._nodes]
    search._failed(1, second, 0.5, fitted)
    changes = [node.evidence - old for node, old in zip(search._nodes, before, strict=True)]
    assert [np.flatnonzero(change).tolist() for change in changes] == [[first], [second]]
    assert 0 < fitted[1, second] < 1
    assert changes[1][second] == pytest.approx(log(0.5))
    assert changes[0][first] == pytest.approx(log(1 - 0.5 * fitted[1, second]))


def test_pins_end_when_every_open_candidate_was_tried() -> None:
    question = KIND.parse("1234341221434...")
    search = PinSearch(KIND, question)
    search.learn(question, (), sure_of("." * 16))
    proposed = set()
    while (pins := search.propose()) is not None:
        assert pins not in proposed
        proposed.add(pins)
    assert proposed == {((3, column, token),) for column, token in ((1, 4), (2, 3), (3, 2))}


@pytest.mark.parametrize(("conflict", "speaks"), [(0.95, True), (0.5, False)])
def test_a_lost_answer_speaks_against_the_pins(conflict: float, speaks: bool) -> None:
    question = KIND.parse("1.........2.....")
    changed = []
    for said in (0.0, conflict):
        search = PinSearch(KIND, question)
        search.learn(question, (), sure_of("1.........2....."))
        pins = search.propose()
        assert pins is not None
        search.learn(with_pins(question, pins), pins, replace(sure_of("1.........2....."), conflict=said))
        changed.append(search._nodes[0].evidence.min())
    assert bool(changed[1] < changed[0]) is speaks
