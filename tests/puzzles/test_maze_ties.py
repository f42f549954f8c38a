"""Which of a maze's shortest paths is its answer, and how short is short enough, drawn by hand."""

from __future__ import annotations

import pytest

from puzzlerec.puzzles import get
from puzzlerec.puzzles.maze.rules import answer

MAZE = get("maze")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("S  \n   \n  G", "S  \no  \nooG"),  # down before right
        ("  S\n   \nG  ", "  S\n  o\nGoo"),  # down before left
        ("   \nS#G\n   ", "   \nS#G\nooo"),  # down before up
        (" S \n # \n G ", "oS \no# \noG "),  # left before right
        ("G  \n   \n  S", "G  \no  \nooS"),  # left before up
        ("  G\n   \nS  ", "  G\n  o\nSoo"),  # right before up
    ],
)
def test_of_two_first_moves_the_earlier_in_the_order_is_taken(question: str, expected: str) -> None:
    """Down, left, right, up: each pair of them once."""
    assert MAZE.format(answer(MAZE.parse(question)), "grid") == expected


@pytest.mark.parametrize(
    ("question", "path", "longer"),
    [
        ("S  G\n    ", "SooG\n    ", 0),
        ("S  G\n    ", "S  G\noooo", 2),
        ("S  G\n    \n    ", "S  G\no  o\noooo", 4),
    ],
)
def test_a_path_is_solved_if_none_is_shorter(question: str, path: str, longer: int) -> None:
    verdict = MAZE.check(MAZE.parse(question), MAZE.parse(path))
    assert verdict.facts == {"valid": True, "optimal": not longer, "length": 3 + longer, "shortest": 3}
    assert verdict.solved == (not longer)
    assert [f"{longer} moves longer" in problem for problem in verdict.problems] == ([True] if longer else [])
