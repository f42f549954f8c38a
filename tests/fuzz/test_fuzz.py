"""Two minutes of spoilt files. For hours of others: `python -m tests.fuzz --minutes 60`."""

from __future__ import annotations

import pytest

from .cases import run_cases, workplace
from .rules import is_solved
from .targets import FOUR, MAZE, SUDOKU, TARGETS

SECONDS = 120


@pytest.mark.parametrize("target", TARGETS)
def test_spoilt_files_are_refused_in_words_and_solved_rightly_or_not_at_all(target: str) -> None:
    found = run_cases(SECONDS / len(TARGETS), [target])
    assert not found.faults, "\n".join(found.faults)
    assert found.statuses[target][2] > 0 and found.statuses[target].total() > 10


def test_a_case_is_its_number() -> None:
    with workplace() as case:
        first = case("puzzles", 7)
        case("puzzles", 8)
        assert case("puzzles", 7) == first


def test_the_checker_knows_right_from_wrong() -> None:
    assert is_solved(SUDOKU[:80] + ".", SUDOKU) and is_solved("." + FOUR[1:], FOUR)
    assert not is_solved(SUDOKU, SUDOKU[:80] + "8") and not is_solved("2" + "." * 15, FOUR)
    maze = MAZE.strip()
    solved = "######\n#S # #\n#o## #\n#oooG#\n######"
    assert is_solved(maze, solved)
    assert not is_solved(maze, maze) and not is_solved(maze, solved.replace("oooG", "oo G"))
    assert not is_solved(maze, solved.replace("#S #", "#So#")) and not is_solved(maze, solved.replace("S # ", "S o "))
