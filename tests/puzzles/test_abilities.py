"""What kinds can do beside their rules, and what they do where they say nothing."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles import KINDS, PuzzleError, get
from puzzlerec.puzzles.arc.canvas import encode
from puzzlerec.puzzles.generator import DatasetError
from puzzlerec.puzzles.maze.tokens import PATH
from puzzlerec.puzzles.registry import GRAMMARS
from tests.views.toy import Toy

SOLVED_4X4 = "1234341221434321"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SOLVED_4X4[:-1] + ".", SOLVED_4X4),
        ("1...............", None),  # many solutions
        ("11..............", None),  # unsound
    ],
)
def test_the_truth_of_a_sudoku_is_its_only_solution(text: str, expected: str | None) -> None:
    kind = get("sudoku-4x4")
    truth = kind.truth(kind.parse(text))
    assert (None if truth is None else kind.format(truth)) == expected


def test_the_truth_of_a_maze_is_every_shortest_path_and_only_a_path_off_them_is_wrong() -> None:
    kind = get("maze")
    question = kind.parse("S  #\n # #\n  G \n### ")
    truth = kind.truth(question)
    assert truth is not None
    assert kind.format(truth, "grid") == "Soo#\no#o#\nooG \n### "
    assert np.array_equal(question, kind.parse("S  #\n # #\n  G \n### "))
    astray = question.copy()
    astray[2, 3] = astray[0, 1] = PATH
    assert np.argwhere(kind.wrong(astray, truth)).tolist() == [[2, 3]]
    assert not kind.wrong(question, truth).any()  # what is not marked is not wrong
    assert kind.truth(kind.parse("S# \n## \n  G")) is None


def test_an_answer_is_wrong_where_it_differs_from_the_truth() -> None:
    kind = get("sudoku-4x4")
    truth = kind.parse(SOLVED_4X4)
    other = truth.copy()
    other[2, 1] = 5 if truth[2, 1] != 5 else 4
    assert np.argwhere(kind.wrong(other, truth)).tolist() == [[2, 1]]


def test_what_is_hidden_is_at_odds_with_nothing() -> None:
    toy, masked = Toy(), np.array([[False, True], [False, False]])
    assert toy.partial(toy.parse("...."), toy.parse("aabb"), masked).tolist() == [[True, False], [True, True]]


def test_a_kind_without_abilities_has_harmless_ones() -> None:
    toy = Toy()
    question = toy.parse("a..b")
    assert toy.solutions(question) is None and toy.truth(question) is None
    assert toy.units(question) is None and toy.candidates(question) is None and toy.board() is None
    assert toy.copies(question[None]) is None and toy.hints(question[None], question.reshape(1, -1)) is None
    cells, tokens = toy.random_symmetries(np.random.default_rng(0), 2, (2, 2))
    assert cells.tolist() == [[0, 1, 2, 3]] * 2 and tokens.tolist() == [[0, 1, 2, 3]] * 2
    allowed = toy.allowed(question[None])[0]
    assert [np.flatnonzero(cell).tolist() for cell in allowed] == [[2], [2, 3], [2, 3], [3]]
    three = question[None].repeat(3, 0)
    assert toy.promising(three, three, np.array([0.4, 0.5, 0.6]), None).tolist() == [2]
    bins = toy.rating_bins(np.array([0.0, 1.0, 4.9, 60.0]))
    assert {label: np.flatnonzero(found).tolist() for label, found in bins.items() if found.any()} == {
        "0 to 1": [0], "1 to 2": [1], "2 to 5": [2], "50 or more": [3],
    }  # fmt: skip


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.family == "sudoku"])
def test_units_and_candidates_say_what_the_rules_say(name: str) -> None:
    """An answer is right just if every unit holds each symbol once, whatever the kind."""
    kind = get(name)
    maker = kind.generator()
    assert maker is not None
    chunk = maker.chunk(dict(maker.settings), "test", np.array([5], np.uint64))
    question, answer = chunk.inputs[0].reshape(maker.shape), chunk.labels[0].reshape(maker.shape)
    units, tokens = kind.units(question), kind.candidates(question)
    assert units is not None and tokens is not None
    symbols = (tokens == answer.reshape(-1, 1)).argmax(1)
    assert (np.sort(symbols[units], axis=1) == np.arange(units.shape[1])).all()
    assert kind.check(question, answer).solved
    wrong = answer.reshape(-1).copy()
    cell = int(np.flatnonzero(~kind.given(question).reshape(-1))[0])
    wrong[cell] = tokens[cell, (symbols[cell] + 1) % len(tokens[cell])]
    assert not kind.check(question, wrong.reshape(maker.shape)).solved


def test_words_that_are_no_puzzle_speak_for_no_family() -> None:
    lines = ["hello world", "what is this"]
    assert {family: grammar.score(lines) for family, grammar in GRAMMARS.items() if grammar.score(lines)} == {}


def test_no_family_takes_a_line_of_words_for_its_own() -> None:
    assert [family for family, grammar in GRAMMARS.items() if grammar.resembles("hello world")] == []


def test_looks_list_the_tokens_that_answers_hold() -> None:
    assert get("arc").look.answers == tuple(range(1, 12))
    assert get("maze").look.answers == (2, 5)
    line = get("copy")
    assert line.look.written(line.parse("copy:a1b2=")) == 5
    grid = np.array([[3, len(line.vocabulary), 3]], np.uint8)
    assert line.format(grid) == "copy:0?0"


def test_a_new_maze_has_its_ends_in_opposite_corners() -> None:
    editing = get("maze").editing
    assert editing is not None
    empty = editing.empty((3, 4))
    assert get("maze").format(empty, "grid") == "S   \n    \n   G"


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (31, 1), (1, 31)])
def test_a_canvas_holds_no_empty_and_no_larger_grid(shape: tuple[int, int]) -> None:
    with pytest.raises(PuzzleError, match="does not fit"):
        encode(np.zeros(shape, np.uint8))


@pytest.mark.parametrize(("side", "fits"), [(3, False), (4, True), (62, True), (63, False)])
def test_sides_of_hard_mazes(side: int, fits: bool) -> None:
    maker = get("maze").generator((side, side))
    assert maker is not None
    if fits:
        maker.check(dict(maker.settings))
    else:
        with pytest.raises(DatasetError, match=str(side)):
            maker.check(dict(maker.settings))


def test_a_path_lacks_the_moves_that_no_cell_is_marked_for() -> None:
    maze = get("maze")
    question = maze.parse("S   \n  # \n   G")
    measures = maze.measures(question)
    for text, missing in (
        ("S   \n  # \n   G", 4),
        ("So  \no # \n   G", 3),  # two cells for one move
        ("S   \n  #o\n   G", 3),
        ("Sooo\n  #o\n   G", 0),
        ("S  o\n  # \noooG", 1),
    ):
        assert measures["path cells missing"](maze.parse(text), np.zeros((3, 4, 6)), None) == missing
    hints = np.zeros((3, 4), np.uint8)
    hints[0] = 1  # S among them, which is no free cell
    assert measures["first moves known"](question, np.zeros((3, 4, 6)), hints) == 3
    assert np.isnan(measures["first moves known"](question, np.zeros((3, 4, 6)), None))
    assert maze.measures(maze.parse("S#\n#G")) == {}


def test_open_candidates_are_those_beyond_the_one_that_a_cell_must_have() -> None:
    kind = get("sudoku-4x4")
    question = kind.parse("12..3...2.4....1")
    probabilities = np.zeros((4, 4, 6))
    probabilities[..., 2:] = 0.25
    count = kind.measures(question)["open candidates"]
    assert count(question, probabilities, None) == 10 * 3
    probabilities[0, 2] = (0, 0, 0.01, 0.01, 0.97, 0.01)
    probabilities[0, 3] = (0, 0, 0.5, 0.01, 0.48, 0.01)
    assert count(question, probabilities, None) == 8 * 3 + 0 + 1
