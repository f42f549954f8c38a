"""Mazes: text, shortest paths and the rules, against searches written independently of the package's."""

from __future__ import annotations

import gzip
import io
import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from puzzlerec.puzzles import PuzzleError, get, read
from puzzlerec.puzzles.maze import rules as mazes
from puzzlerec.puzzles.maze.tokens import LARGEST

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
MAZE = get("maze")
WALL, FREE, START, GOAL, PATH = 1, 2, 3, 4, 5

BOX = MAZE.parse("S   \n ## \n   G")


def random_maze(rng: np.random.Generator, height: int, width: int, walls: float = 0.3) -> np.ndarray:
    grid = np.where(rng.random((height, width)) < walls, WALL, FREE).astype(np.uint8)
    start, goal = rng.choice(height * width, 2, replace=False)
    grid.flat[start], grid.flat[goal] = START, GOAL
    return grid


@st.composite
def maze_grids(draw: st.DrawFn, largest: int = 9) -> np.ndarray:
    seed, height, width = draw(st.tuples(st.integers(0, 2**32), st.integers(2, largest), st.integers(2, largest)))
    return random_maze(np.random.default_rng(seed), height, width, draw(st.sampled_from([0.0, 0.2, 0.4])))


def neighbours(grid: np.ndarray) -> np.ndarray:
    """[4, H, W]: of every cell the one below, above, right and left; 0 outside."""
    wide = np.pad(grid, 1)
    return np.stack([wide[2:, 1:-1], wide[:-2, 1:-1], wide[1:-1, 2:], wide[1:-1, :-2]])


def independent_distances(question: np.ndarray) -> np.ndarray:
    """Waves from G over the whole grid: a cell that the wave first touches at its n-th step is n moves away."""
    touched = question == GOAL
    moves = np.where(touched, 0, -1)
    for step in range(1, question.size):
        wave = neighbours(touched).any(0) & (question != WALL) & ~touched
        moves[wave] = step
        touched = touched | wave
    return moves


def independently_valid(question: np.ndarray, answer: np.ndarray) -> bool:
    """One path: the rest unchanged, connected, and every cell with as many neighbours as a path has."""
    if not np.array_equal(np.where(answer == PATH, FREE, answer), question):
        return False
    ends = (answer == START) | (answer == GOAL)
    on_path = ends | (answer == PATH)
    degrees = neighbours(on_path.astype(int)).sum(0)
    connected = independent_distances(np.where(on_path, answer, WALL))[on_path].min() >= 0
    return bool(connected and (degrees[ends] == 1).all() and (degrees[answer == PATH] == 2).all())


def drawn(text: str) -> np.ndarray:
    return MAZE.parse(text)


@given(maze_grids(), st.sampled_from(["line", "grid"]), st.booleans())
def test_parsing_what_was_formatted(question: np.ndarray, layout: str, mark: bool) -> None:
    grid = np.where((question == FREE) & mark, PATH, question).astype(np.uint8)
    if layout == "line" and grid.shape[0] != grid.shape[1]:
        with pytest.raises(PuzzleError, match="square"):
            MAZE.format(grid, layout)
    else:
        parsed = MAZE.parse(MAZE.format(grid, layout))
        assert parsed.dtype == np.uint8
        assert np.array_equal(parsed, grid)


def test_tokens_and_meaningful_spaces() -> None:
    assert drawn(" S\nG#").tolist() == [[2, 3], [4, 1]]
    assert drawn("  S# #G  ").tolist() == [[2, 2, 3], [1, 2, 1], [4, 2, 2]]
    assert drawn("  \n S\nG").tolist() == [[2, 2], [2, 3], [4, 2]]  # a row of spaces first, a trailing space cut off
    assert np.array_equal(drawn("S   \n ##\n   G\n"), BOX)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("S  \n #x\n  G", 2, 3, "'x'"),
        ("S \t\n  G", 1, 3, "'\\\\t'"),
        ("S" + " " * 897 + "G", 1, 900, "899 characters"),
        ("S" + " " * 300 + "\nG", 1, 0, "301 columns"),
        ("", 1, 0, "0 rows"),
    ],
)
def test_faults_are_named_with_their_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(PuzzleError, match=words) as caught:
        MAZE.parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)


@settings(max_examples=60)
@given(maze_grids())
def test_distances_and_answer(question: np.ndarray) -> None:
    expected = independent_distances(question)
    assert np.array_equal(mazes.distances(question), expected)
    moves = int(expected[question == START][0])
    assert mazes.shortest_path(question) == (None if moves < 0 else moves)
    if moves < 0:
        with pytest.raises(PuzzleError, match="No path"):
            mazes.answer(question)
        return
    answer = mazes.answer(question)
    verdict = MAZE.check(question, answer)
    assert verdict.solved
    assert verdict.problems == ()
    assert verdict.facts == {"valid": True, "optimal": True, "length": moves, "shortest": moves}


def test_tie_break_is_down_left_right_up() -> None:
    assert MAZE.format(mazes.answer(BOX), "grid") == "S   \no## \nooo" + "G"
    open_field = drawn("   G\n    \nS   ")
    assert MAZE.format(mazes.answer(open_field), "grid") == "   G\n   o\nSooo"
    assert MAZE.format(mazes.answer(drawn("G  \n   \n  S")), "grid") == "G  \no  \nooS"


@settings(max_examples=150)
@given(maze_grids(6), st.integers(0, 2**32), st.sampled_from([0.02, 0.3, 1.0]))
def test_verdict_is_the_rules(question: np.ndarray, seed: int, noise: float) -> None:
    """Right answers with a few cells redrawn, and free cells marked at random."""
    rng = np.random.default_rng(seed)
    assume(mazes.shortest_path(question) is not None)
    answer = mazes.answer(question)
    redrawn = rng.random(answer.shape) < noise
    answer = np.where(redrawn, np.where(question == FREE, rng.choice([FREE, PATH]), answer), answer).astype(np.uint8)
    verdict = MAZE.check(question, answer)
    valid = independently_valid(question, answer)
    assert verdict.facts["valid"] == valid
    assert verdict.offending.any() != valid
    if valid:
        assert verdict.facts["length"] == (answer == PATH).sum() + 1
        assert verdict.solved == (verdict.facts["length"] == mazes.shortest_path(question))
    assert verdict.solved == verdict.facts["optimal"] == (not verdict.problems)


@settings(max_examples=60)
@given(maze_grids(7), st.data())
def test_any_change_of_one_cell_is_found(question: np.ndarray, data: st.DataObject) -> None:
    assume(mazes.shortest_path(question) is not None)
    answer = mazes.answer(question)
    place = data.draw(st.integers(0, answer.size - 1))
    answer.flat[place] = data.draw(st.integers(0, 6).filter(lambda token: token != answer.flat[place]))
    verdict = MAZE.check(question, answer)
    assert not verdict.facts["valid"]
    assert verdict.offending.any()


@pytest.mark.parametrize(
    ("question", "answer", "words", "places"),
    [
        ("S   \n####\nG   ", "S   \n####\nG   ", "no path joins S and G", []),
        ("S  G\n    ", "S  G\n    ", "no path is marked", [(0, 0), (0, 3)]),
        ("S    G\n      ", "So  oG\n      ", "breaks off at row 1, column 2", [(0, 1), (0, 4)]),
        ("S # G\n     ", "SoooG\n     ", "through 1 wall at row 1, column 3", [(0, 1), (0, 2), (0, 3)]),
        ("S  G\n    \n    ", "SooG\n    \n o  ", "1 cell is marked off the path", [(2, 1)]),
        ("S  G\n    \n    ", "SooG\n o  \n o  ", "2 cells are marked off the path", [(1, 1), (2, 1)]),
        ("S  G\n    ", "SooG\n oo ", "forks or touches itself, first at row 1, column 2", [(0, 1), (0, 2)]),
        ("S  G\n    ", "Soo#\n    ", "changes 1 cell at row 1, column 4", [(0, 3)]),
        ("S  G\n    ", "oooG\n    ", "changes 1 cell at row 1, column 1", [(0, 0)]),
        ("S   G\n     \n     ", "S   G\no   o\nooooo", "4 moves longer than the shortest, which has 4", []),
    ],
)
def test_problems_in_words(question: str, answer: str, words: str, places: list[tuple[int, int]]) -> None:
    verdict = MAZE.check(drawn(question), drawn(answer))
    assert not verdict.solved
    assert any(words in problem for problem in verdict.problems), verdict.problems
    assert [tuple(place) for place in np.argwhere(verdict.offending)] == places


def test_longer_path_is_valid_and_not_optimal() -> None:
    verdict = MAZE.check(drawn("S   G\n     \n     "), drawn("S   G\no   o\nooooo"))
    assert verdict.facts == {"valid": True, "optimal": False, "length": 8, "shortest": 4}
    assert not verdict.solved


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("   G\n    ", "there is no S"),
        ("S   \n    ", "there is no G"),
        ("SS G\n    ", "there are 2 S"),
        ("So G\n    ", "1 cell is already marked as path"),
        ("S#G\n # ", "no path joins S and G"),
    ],
)
def test_unsound_questions(question: str, words: str) -> None:
    verdict = MAZE.check_question(drawn(question))
    assert not verdict.solved
    assert any(words in problem for problem in verdict.problems)
    assert not MAZE.check(drawn(question), drawn(question)).solved


def test_sound_question_and_given_cells() -> None:
    assert MAZE.check_question(BOX).solved
    assert MAZE.check_question(BOX).facts == {"shortest": 5}
    assert MAZE.given(BOX).sum() == 4


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(PuzzleError, match="3x4"):
        MAZE.check(BOX, np.ones((4, 4), np.uint8))


@settings(max_examples=60)
@given(maze_grids(), st.integers(0, 2**32))
def test_symmetries_keep_shortest_paths(question: np.ndarray, seed: int) -> None:
    symmetry = MAZE.random_symmetry(np.random.default_rng(seed), question.shape)
    assert not MAZE.answers_move_along
    copy = symmetry.apply(question)
    assert copy.shape == question.shape
    assert np.array_equal(symmetry.undo(copy), question)
    assert mazes.shortest_path(copy) == mazes.shortest_path(question)
    if mazes.shortest_path(question) is not None:
        assert MAZE.check(copy, symmetry.apply(mazes.answer(question))).solved
        assert MAZE.check(question, symmetry.undo(mazes.answer(copy))).solved


@pytest.mark.parametrize(("shape", "count"), [((5, 5), 8), ((4, 6), 4)])
def test_number_of_symmetries(shape: tuple[int, int], count: int) -> None:
    rng = np.random.default_rng(0)
    assert len({MAZE.random_symmetry(rng, shape).cells.tobytes() for _ in range(200)}) == count


def test_largest_maze() -> None:
    question = np.full((200, 200), FREE, np.uint8)
    question[1::2] = WALL
    question[1::4, -1] = FREE
    question[3::4, 0] = FREE
    question[0, 0], question[198, 0] = START, GOAL
    verdict = MAZE.check(question, mazes.answer(question))
    assert verdict.solved
    assert verdict.facts["length"] == mazes.shortest_path(question) == 198 + 100 * 199


def test_real_answers_are_found_cell_by_cell() -> None:
    path = REAL_DATA / "maze-hard" / "train.txt.gz"
    if not path.exists():
        pytest.skip(f"real data are missing: {path}")
    with gzip.open(path, "rt") as lines:
        pairs = [line.rstrip("\n").split("\t") for line in lines]
    assert len(pairs) == 1000
    spent = 0.0
    for question_text, answer_text in pairs:
        question, expected = MAZE.parse(question_text), MAZE.parse(answer_text)
        assert np.array_equal(mazes.answer(question), expected)
        began = time.perf_counter()
        verdict = MAZE.check(question, expected)
        spent += time.perf_counter() - began
        assert verdict.solved
        assert verdict.facts["length"] >= 109
    assert spent / len(pairs) < 0.02  # about 1 ms on one idle core; room for a busy one


def test_tokens_that_are_no_cells_are_counted() -> None:
    question = MAZE.parse("S \n G")
    question[0, 1], question[1, 0] = 0, 7
    verdict = MAZE.check_question(question)
    assert not verdict.solved and verdict.problems[0].startswith("2 cells are neither wall nor free")
    assert verdict.offending.tolist() == [[False, True], [True, False]]


def test_rows_of_the_largest_width_are_rows_and_wider_ones_mazes_of_their_own() -> None:
    row = " " * (LARGEST - 1)
    (puzzle,) = read(io.StringIO(f"S{row}\n{row}G\n")).puzzles
    assert puzzle.question.shape == (2, LARGEST)
    wider = read(io.StringIO(f"S{row} \n {row}G\n"))
    assert not wider.puzzles and len(wider.errors) == 2


def test_rows_with_some_ends_are_one_maze_unless_most_of_them_have_both() -> None:
    faulty = read(io.StringIO("S G#\nS  #\n#  G\nG S#\n#S #\n"))
    assert not faulty.puzzles and len(faulty.errors) == 1 and "The maze has 4 S" in str(faulty.errors[0])
