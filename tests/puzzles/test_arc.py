"""ARC grids and tasks: canvases and augmentations lose nothing, malformed tasks are refused with their place."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from puzzlerec.puzzles import Puzzle, PuzzleError, get
from puzzlerec.puzzles.arc.augmentation import DIHEDRAL, DIHEDRAL_INVERSE, Augmentation
from puzzlerec.puzzles.arc.canvas import decode, encode
from puzzlerec.puzzles.arc.tasks import format_task, is_task, parse_solutions, parse_task, parse_tasks

ARC = get("arc")
GRIDS = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=30), elements=st.integers(0, 9))
AUGMENTATIONS = st.builds(
    Augmentation,
    st.integers(0, 7),
    st.permutations(range(1, 10)).map(lambda colours: (0, *colours)),
)


def task(**changes: object) -> str:
    """A small task as JSON, with some keys changed."""
    pair = {"input": [[0, 1], [2, 3]], "output": [[4]]}
    return json.dumps({"train": [pair, pair], "test": [pair]} | changes)


def test_tokens() -> None:
    assert len(ARC.vocabulary) == 12
    canvas = encode(np.array([[0, 9, 5]], np.uint8))
    assert (canvas.shape, canvas.dtype) == ((30, 30), np.uint8)
    assert canvas[0].tolist() == [2, 11, 7, 1] + 26 * [0]
    assert canvas[1].tolist() == [1, 1, 1] + 27 * [0]
    assert not canvas[2:].any()
    assert (encode(np.zeros((30, 30), np.uint8)) == 2).all()


@given(GRIDS, st.data())
def test_every_grid_comes_back_from_wherever_it_stands(grid: np.ndarray, data: st.DataObject) -> None:
    row, column = (data.draw(st.integers(0, 30 - side)) for side in grid.shape)
    canvas = encode(grid, row, column)
    assert np.array_equal(decode(canvas), grid)
    assert np.array_equal(decode(canvas.reshape(-1)), grid)
    assert ARC.check_question(canvas).solved


@given(GRIDS, AUGMENTATIONS)
def test_augmentations_are_undone_and_named(grid: np.ndarray, augmentation: Augmentation) -> None:
    copy = augmentation.apply(grid)
    assert np.array_equal(augmentation.undo(copy), grid)
    assert ((copy == 0).sum()) == (grid == 0).sum()
    name = augmentation.identifier("007bbfb7")
    assert Augmentation.parse(name) == ("007bbfb7", augmentation)
    assert augmentation.identifier("x") == "x" or augmentation != Augmentation()


def test_the_eight_turns_differ_and_are_numbered_as_the_reference_does() -> None:
    grid = np.arange(6).reshape(2, 3)
    assert len({turn(grid).tobytes() + bytes(turn(grid).shape) for turn in DIHEDRAL}) == 8
    for turn, back in zip(DIHEDRAL, DIHEDRAL_INVERSE, strict=True):
        assert np.array_equal(DIHEDRAL[back](turn(grid)), grid)
    expected = [
        [[0, 1, 2], [3, 4, 5]],
        [[2, 5], [1, 4], [0, 3]],  # a quarter anticlockwise
        [[5, 4, 3], [2, 1, 0]],
        [[3, 0], [4, 1], [5, 2]],
        [[2, 1, 0], [5, 4, 3]],  # left and right
        [[3, 4, 5], [0, 1, 2]],  # up and down
        [[0, 3], [1, 4], [2, 5]],
        [[5, 2], [4, 1], [3, 0]],
    ]
    assert [turn(grid).tolist() for turn in DIHEDRAL] == expected


@pytest.mark.parametrize(
    "name", ["a|||t8|||0123456789", "a|||t1|||0123456788", "a|||t1|||1023456789", "a|||t1", "a|||"]
)
def test_names_that_name_no_copy(name: str) -> None:
    with pytest.raises(PuzzleError, match="names no copy"):
        Augmentation.parse(name)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (["33", "33"], ["33", "33"]),  # no end marker at all
        (["3331", "3311", "3111"], ["33", "33"]),  # 4 cells rather than 3 in a row or a column
        (["331", "331", "3 1"], ["33", "33"]),  # padding in the grid
        (["3333333", "3", "3"], ["3333333"]),
        (["13", "33"], []),
        ([" 3", "33"], []),
        (["   ", "  4", "  4"], ["4", "4"]),
        ([], []),
    ],
)
def test_decoding_what_a_network_wrote(rows: list[str], expected: list[str]) -> None:
    canvas = np.zeros((30, 30), np.uint8)
    for number, row in enumerate(rows):
        canvas[number, : len(row)] = [{" ": 0, "1": 1}.get(cell, int(cell.strip() or 0) + 2) for cell in row]
    assert ["".join(map(str, row)) for row in decode(canvas).tolist()] == expected


@settings(max_examples=30)
@given(arrays(np.uint8, (30, 30), elements=st.integers(0, 11)))
def test_decoding_anything(canvas: np.ndarray) -> None:
    grid = decode(canvas)
    assert grid.size == 0 or grid.max() <= 9
    assert not ARC.check(canvas, canvas).solved


def test_grids_that_do_not_fit() -> None:
    for grid, row, column in ((np.zeros((31, 1)), 0, 0), (np.zeros((2, 2)), 29, 0), (np.zeros((0, 3)), 0, 0)):
        with pytest.raises(PuzzleError, match="does not fit"):
            encode(grid.astype(np.uint8), row, column)
    with pytest.raises(PuzzleError, match="does not fit"):
        encode(np.zeros((2, 2), np.uint8), -1, 0)


@settings(max_examples=30)
@given(st.lists(st.tuples(GRIDS, GRIDS), min_size=1, max_size=3), st.lists(GRIDS, max_size=2))
def test_what_is_written_as_json_is_read(pairs: list[tuple[np.ndarray, np.ndarray]], tests: list[np.ndarray]) -> None:
    document = {
        "train": [{"input": question.tolist(), "output": answer.tolist()} for question, answer in pairs],
        "test": [{"input": question.tolist()} for question in tests],
    }
    read = parse_task(json.dumps(document), "folder/a.json")
    assert read.id == "a"
    assert json.loads(format_task(read)) == document
    assert all(pair.output is None for pair in read.tests)


def test_tasks_by_their_ids() -> None:
    tasks = parse_tasks(f'{{"a1": {task()}, "b2": {task(test=[])}}}', "x_challenges.json")
    assert [(one.id, len(one.demonstrations), len(one.tests)) for one in tasks] == [("a1", 2, 1), ("b2", 2, 0)]
    assert parse_tasks(task(), "c.json")[0].id == "c"
    assert parse_tasks(task())[0].id == "task"
    solutions = parse_solutions('{"a1": [[[1, 2]], [[3]]]}')
    assert [grid.tolist() for grid in solutions["a1"]] == [[[1, 2]], [[3]]]


def broken(grid: object) -> str:
    return task(test=[{"input": [[1]], "output": grid}])


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"train": [\n  {"input" [[1]]}', "t.json:2:12: This is no JSON: Expecting ':' delimiter."),
        ("[" * 100_000, "t.json: This JSON is no ARC task."),
        ("[[1]]", "t.json: An ARC task is an object with the keys 'train' and 'test'."),
        (task(train=[]), "t.json: The task has no demonstrations: 'train' is empty."),
        ('{"test": []}', "t.json: The task has no 'train'; it needs 'train' and 'test'."),
        (task(train=3), "t.json: 'train' should be a list of pairs."),
        (task(train=[[]]), "t.json: train 1: A pair is an object with the keys 'input' and 'output'."),
        (task(train=[{"output": [[1]]}]), "t.json: train 1: The pair has no 'input'."),
        (task(train=[{"input": [[1]]}]), "t.json: train 1: The pair has no 'output'."),
        (broken([]), "t.json: test 1, output: The grid is empty."),
        (broken([[]]), "t.json: test 1, output: The grid is empty."),
        (broken([1, 2]), "t.json: test 1, output: A grid is a list of rows, which are lists of colours."),
        (broken("12"), "t.json: test 1, output: A grid is a list of rows, which are lists of colours."),
        (
            broken([[1, 2, 3], [1, 2, 3], [1, 2]]),
            "t.json: test 1, output: Row 3 has 2 cells, row 1 has 3; all rows must be equally long.",
        ),
        (
            broken(31 * [[1, 2]]),
            "t.json: test 1, output: The grid is 31x2; at most 30 rows and 30 columns are possible.",
        ),
        (
            broken([["x" * 18]]),
            f't.json: test 1, output: Row 1, column 1 holds "{18 * "x"}"; colours are whole numbers from 0 to 9.',
        ),
        (
            broken([[1, 2], [3, 10]]),
            "t.json: test 1, output: Row 2, column 2 holds 10; colours are whole numbers from 0 to 9.",
        ),
        (broken([[-1]]), "t.json: test 1, output: Row 1, column 1 holds -1; colours are whole numbers from 0 to 9."),
        (broken([[1.0]]), "t.json: test 1, output: Row 1, column 1 holds 1.0; colours are whole numbers from 0 to 9."),
        (
            broken([[True]]),
            "t.json: test 1, output: Row 1, column 1 holds true; colours are whole numbers from 0 to 9.",
        ),
        (f'{{"a": {broken([])}}}', "t.json: task a, test 1, output: The grid is empty."),
        (f'{{"a\\nb": {task()}}}', "t.json: 'a\\nb' cannot be a task's id; give it a name of plain characters."),
        (f'{{"a|||b": {task()}}}', "t.json: 'a|||b' cannot be a task's id; give it a name of plain characters."),
    ],
)
def test_malformed_tasks_are_refused_with_their_place(text: str, error: str) -> None:
    with pytest.raises(PuzzleError) as caught:
        parse_tasks(text, "t.json")
    assert str(caught.value) == error


@settings(max_examples=50)
@given(st.text(max_size=60) | st.lists(st.lists(st.none() | st.integers()), max_size=3).map(json.dumps))
def test_nonsense_is_refused_in_words(text: str) -> None:
    with pytest.raises(PuzzleError):
        parse_tasks(text)
    assert isinstance(is_task(text), bool)


def test_a_task_is_recognised_by_its_content() -> None:
    assert is_task(task())
    assert is_task(f'\n {{"id": {task()}}}')
    assert not is_task('{"question": 1}')
    assert not is_task('[{"input": 1}]')


@settings(max_examples=50)
@given(GRIDS)
def test_single_grids_as_text(grid: np.ndarray) -> None:
    canvas = encode(grid)
    for layout in ARC.layouts:
        assert np.array_equal(ARC.parse(ARC.format(canvas, layout)), canvas)
    spaced = "\n".join(" ".join(map(str, row)) for row in grid.tolist())
    assert np.array_equal(ARC.parse(spaced), canvas)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("012\n01x", "2:3: 'x' is no colour"),
        ("\n012\n01", "3: The row has 2 cells, the first has 3"),
        ("012\n012\n01", "3: The row has 2 cells, the first has 3"),
        ("", "The grid is empty"),
        ("1" * 31, "at most 30 rows"),
        ("[[1, 2], [3]]", "Row 2 has 1 cell, row 1 has 2"),
        ("[[1,", "This is no JSON"),
        ("٣", "is no colour"),
    ],
)
def test_single_grids_that_are_none(text: str, words: str) -> None:
    with pytest.raises(PuzzleError, match=words):
        ARC.parse(text)


def test_no_rule_decides() -> None:
    question, answer = encode(np.ones((2, 3), np.uint8)), encode(np.ones((4, 5), np.uint8))
    verdict = ARC.check(question, answer)
    assert not verdict.solved
    assert verdict.facts == {"rows": 4, "columns": 5}
    assert "only a known output can confirm" in verdict.problems[0]
    assert ARC.check(question, np.zeros((30, 30), np.uint8)).problems == ("no grid can be read from the answer",)
    assert not ARC.given(question).any()
    with pytest.raises(PuzzleError, match="no layout 'csv'"):
        ARC.format(answer, "csv")
    assert Puzzle(ARC, question).kind.format(question, "line") == "[[1, 1, 1], [1, 1, 1]]"


def test_canvases_that_are_not_one_grid() -> None:
    sound = encode(np.ones((2, 3), np.uint8), 4, 5)
    for place, token in (((0, 0), 1), ((4, 5), 1), ((5, 6), 0), ((6, 5), 0), ((29, 29), 3)):
        canvas = sound.copy()
        canvas[place] = token
        assert not ARC.check_question(canvas).solved
    assert not ARC.check_question(np.zeros((30, 30), np.uint8)).solved
    assert not ARC.check_question(sound[:, :20]).solved


def test_a_symmetry_renames_colours() -> None:
    grid = np.arange(10, dtype=np.uint8).reshape(2, 5)
    symmetry = ARC.random_symmetry(np.random.default_rng(1), (30, 30))
    copy = symmetry.apply(encode(grid))
    assert np.array_equal(symmetry.undo(copy), encode(grid))
    assert decode(copy).shape == grid.shape
    assert decode(copy)[0, 0] == 0
    assert not np.array_equal(decode(copy), grid)
