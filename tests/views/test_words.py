"""Verdicts in words."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles import NO_SOLUTION, Puzzle, Verdict, get
from puzzlerec.solving.answer import Answer
from puzzlerec.views.words import in_short, words_of

KIND = get("sudoku-4x4")
PUZZLE = Puzzle(KIND, KIND.parse("12..3...2.4....1"))
SOLVED = KIND.parse("1234341221434321")


def answer(verdict: Verdict, how: str = "one pass", attempts: int = 1, puzzle: Puzzle = PUZZLE) -> Answer:
    return Answer(puzzle, puzzle.question, verdict, 16, attempts, how, 0.5, np.ones((4, 4)))  # type: ignore[arg-type]


def faulty(count: int, *problems: str) -> Verdict:
    offending = np.zeros(16, bool)
    offending[:count] = True
    return Verdict(False, offending.reshape(4, 4), problems)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("one pass", "in one pass"),
        ("copy", "at attempt 3 (copy)"),
        ("exact solver", "by the exact solver"),
    ],
)
def test_how_an_answer_was_found(how: str, words: str) -> None:
    found = words_of(answer(KIND.check(PUZZLE.question, SOLVED), how, 3))
    assert found.solved and found.how == words and found.fault == "" and found.short == "solved"
    assert (found.attempts, found.steps, found.seconds) == ("3 attempts", "16 steps", "0.50 s")
    assert found.exact == (how == "exact solver")


def test_what_is_wrong_is_the_one_fault_or_how_many_cells() -> None:
    assert words_of(answer(faulty(2, "2 cells break row 1"))).fault == "2 cells break row 1"
    many = words_of(answer(faulty(3, "2 cells break row 1", "cell r1c3 is blank")))
    assert many.fault == "3 offending cells" and many.short == "3 cells at fault"
    assert words_of(answer(faulty(3, "2 cells break row 1", NO_SOLUTION))).fault == NO_SOLUTION


def test_a_question_that_breaks_a_rule_was_not_tried_and_says_all_that_is_wrong() -> None:
    words = words_of(answer(faulty(4, "2 cells break row 1", "2 cells break row 2"), "none", 0))
    assert not words.tried and words.fault == "2 cells break row 1, 2 cells break row 2" and words.how == ""
    assert words_of(answer(faulty(4, "a", "b"), "exact solver", 0)).tried


def test_several_solutions_are_mentioned() -> None:
    few = Puzzle(KIND, KIND.parse("12.............."))
    solved = Verdict(True, np.zeros((4, 4), bool))
    assert words_of(answer(solved, puzzle=few)).facts == ("one of several solutions",)
    assert words_of(answer(solved)).facts == ()


def test_a_path_that_is_too_long_is_no_fault_of_a_cell() -> None:
    maze = get("maze")
    question = maze.parse("S  \n   \nG  ")
    long = maze.parse("Soo\n  o\nGoo")
    assert in_short(maze.check(question, long)) == "the path is 4 moves longer than the shortest, which has 2"
    assert in_short(faulty(1, "x")) == "1 cell at fault"


def test_the_attempt_that_solved_it_is_told_from_those_that_were_spent() -> None:
    found = answer(KIND.check(PUZZLE.question, SOLVED), "pin", 24)
    found.attempt = 17
    assert words_of(found).how == "at attempt 17 of 24 (pin)" and words_of(found).attempts == "24 attempts"
    found.attempt = 24
    assert words_of(found).how == "at attempt 24 (pin)"
