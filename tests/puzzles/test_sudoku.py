"""Sudoku: text and rules, against definitions written independently of the package's."""

from __future__ import annotations

import gzip
import os
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzlerec.puzzles import KINDS, PuzzleError, Sudoku, get

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
SIZES = {"sudoku": (9, 3, 3), "sudoku-6x6": (6, 2, 3), "sudoku-4x4": (4, 2, 2)}
NAMES = list(SIZES)

QUESTION = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


def kind_of(name: str) -> Sudoku:
    kind = get(name)
    assert isinstance(kind, Sudoku)
    return kind


def right_grid(name: str, seed: int = 0) -> np.ndarray:
    """A right answer: the cyclic pattern, moved by a random symmetry written out here."""
    size, box_rows, box_columns = SIZES[name]
    rng = np.random.default_rng(seed)
    row, column = np.indices((size, size))
    grid = (box_columns * (row % box_rows) + row // box_rows + column) % size
    return (rng.permutation(size)[grid] + 2).astype(np.uint8)


def is_right(grid: np.ndarray, box_rows: int, box_columns: int) -> bool:
    """The rules of Sudoku, as slowly and plainly as they can be said."""
    size = len(grid)
    digits = set(range(2, size + 2))
    rows = [set(grid[i].tolist()) for i in range(size)]
    columns = [set(grid[:, i].tolist()) for i in range(size)]
    boxes = [
        set(grid[r : r + box_rows, c : c + box_columns].flatten().tolist())
        for r, c in product(range(0, size, box_rows), range(0, size, box_columns))
    ]
    return all(unit == digits for unit in rows + columns + boxes)


@st.composite
def grids(draw: st.DrawFn) -> tuple[Sudoku, np.ndarray]:
    """Any cells at all, blank or digit."""
    kind = kind_of(draw(st.sampled_from(NAMES)))
    area = kind.size**2
    cells = draw(st.lists(st.integers(1, kind.size + 1), min_size=area, max_size=area))
    return kind, np.array(cells, np.uint8).reshape(kind.shape)


def test_tokens_and_shapes() -> None:
    nine = kind_of("sudoku")
    assert len(nine.vocabulary) == 11
    assert nine.parse(QUESTION)[0].tolist() == [6, 4, 1, 1, 8, 1, 1, 1, 1]
    assert nine.parse(QUESTION).dtype == np.uint8
    assert nine.answer_tokens == tuple(range(2, 11))
    assert {name: kind.shape for name, kind in KINDS.items()} == {
        "sudoku": (9, 9),
        "sudoku-4x4": (4, 4),
        "sudoku-6x6": (6, 6),
        "maze": None,
        "arc": (30, 30),
        "copy": None,
        "reverse": None,
        "addition": None,
    }


@pytest.mark.parametrize("name", NAMES)
def test_units_are_rows_columns_and_boxes(name: str) -> None:
    size, box_rows, box_columns = SIZES[name]
    kind = kind_of(name)
    units = kind.units(np.ones(kind.shape, np.uint8))
    assert units.shape == (3 * size, size)
    rows, columns = np.divmod(units, size)
    assert all(len(set(unit)) == 1 for unit in rows[:size].tolist())
    assert all(len(set(unit)) == 1 for unit in columns[size : 2 * size].tolist())
    boxes = (rows // box_rows) * size + columns // box_columns
    assert all(len(set(unit)) == 1 for unit in boxes[2 * size :].tolist())
    for third in np.split(units, 3):
        assert sorted(third.flatten().tolist()) == list(range(size * size))


@given(grids(), st.sampled_from(["line", "grid"]))
def test_parsing_what_was_formatted(example: tuple[Sudoku, np.ndarray], layout: str) -> None:
    kind, grid = example
    assert np.array_equal(kind.parse(kind.format(grid, layout)), grid)


def test_grid_layout_is_that_of_ss_files() -> None:
    kind = kind_of("sudoku")
    text = kind.format(kind.parse(QUESTION), "grid")
    assert text.split("\n")[:4] == ["53.|.7.|...", "6..|195|...", ".98|...|.6.", "---+---+---"]
    assert kind_of("sudoku-6x6").format(right_grid("sudoku-6x6"), "grid").split("\n")[2] == "---+---"


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.replace(".", "0"),
        QUESTION.replace(".", "_"),
        f"  {QUESTION}\n",
        "\n".join(QUESTION[i : i + 9] for i in range(0, 81, 9)),
        "\n".join(" ".join(QUESTION[i : i + 9]) for i in range(0, 81, 9)),
        " ".join(QUESTION[i : i + 9] for i in range(0, 81, 9)),
        "*-----------*\n"
        + "\n".join(
            f"|{QUESTION[i : i + 3]}|{QUESTION[i + 3 : i + 6]}|{QUESTION[i + 6 : i + 9]}|" for i in range(0, 81, 9)
        )
        + "\n*-----------*",
        ".-------.-------.-------.\n"
        + "\n".join("| " + " ".join(QUESTION[i : i + 9]) + " |" for i in range(0, 81, 9))
        + "\n'-------'-------'-------'",
        "┌───────┐\n" + "\n".join(f"│{QUESTION[i : i + 9]}│" for i in range(0, 81, 9)) + "\n└───────┘",
    ],
)
def test_forms_of_text(text: str) -> None:
    kind = kind_of("sudoku")
    assert kind.format(kind.parse(text)) == QUESTION


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (QUESTION[:80], 1, 81, "80 cells"),
        (QUESTION + ".", 1, 82, "82 cells"),
        (QUESTION[:40] + "x" + QUESTION[41:], 1, 41, "'x'"),
        ("\n".join(QUESTION[i : i + 9] for i in range(0, 72, 9)), 8, 0, "8 rows"),
        ("\n".join(QUESTION[i : i + 9] for i in range(0, 72, 9)) + "\n" + QUESTION[72:80], 9, 9, "Row 9 has 8 cells"),
        ("53.|.7.|...\n6..|l95|...", 2, 5, "'l'"),
        ("５" + QUESTION[1:], 1, 1, "'５'"),
        ("", 0, 0, "no cells"),
    ],
)
def test_faults_are_named_with_their_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(PuzzleError) as caught:
        kind_of("sudoku").parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in caught.value.message


def test_digits_beyond_the_size_are_refused() -> None:
    with pytest.raises(PuzzleError, match="'5'"):
        kind_of("sudoku-4x4").parse("5...............")


def test_unknown_names_and_layouts() -> None:
    with pytest.raises(PuzzleError, match="Did you mean 'sudoku'"):
        get("soduku")
    with pytest.raises(PuzzleError, match="layout"):
        kind_of("sudoku").format(right_grid("sudoku"), "tower")


def test_right_answer_is_solved() -> None:
    kind = kind_of("sudoku")
    verdict = kind.check(kind.parse(QUESTION), kind.parse(ANSWER))
    assert verdict.solved
    assert not verdict.offending.any()
    assert verdict.problems == ()


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.integers(0, 2**32), st.data())
def test_any_change_of_one_cell_is_found(name: str, seed: int, data: st.DataObject) -> None:
    kind, grid = kind_of(name), right_grid(name, seed)
    question = grid * np.random.default_rng(seed).integers(0, 2, grid.shape, dtype=np.uint8)
    question[question == 0] = 1
    assert kind.check(question, grid).solved
    place = data.draw(st.integers(0, grid.size - 1))
    token = data.draw(st.integers(0, kind.size + 3).filter(lambda token: token != grid.flat[place]))
    wrong = grid.copy()
    wrong.flat[place] = token
    verdict = kind.check(question, wrong)
    assert not verdict.solved
    assert verdict.offending.flat[place]
    assert verdict.problems
    assert verdict.facts["offending"] == verdict.offending.sum()


def test_verdict_is_the_rules_on_many_small_grids() -> None:
    """4x4 grids whose rows are right, so that right grids are among them; all 288 right ones are found."""
    kind = kind_of("sudoku-4x4")
    question = np.ones((4, 4), np.uint8)
    rows = [np.array(row, np.uint8) for row in permutations(range(2, 6))]
    rng = np.random.default_rng(5)
    for _ in range(3000):
        grid = np.stack([rows[index] for index in rng.integers(0, 24, 4)])
        assert kind.check(question, grid).solved == is_right(grid, 2, 2)

    columns = np.array([list(row) for row in permutations(range(2, 6))])
    right = 0
    for first, second, third in product(range(24), repeat=3):
        top = columns[[first, second, third]]
        if all(len(set(top[:, c])) == 3 for c in range(4)) and len(set(top[:2, :2].flat)) == 4:
            fourth = 14 - top.sum(0)  # the digit that each column lacks
            grid = np.vstack([top, fourth]).astype(np.uint8)
            assert kind.check(question, grid).solved == is_right(grid, 2, 2)
            right += is_right(grid, 2, 2)
    assert right == 288


def test_problems_are_counted_sentences() -> None:
    kind = kind_of("sudoku")
    question, answer = kind.parse(QUESTION), kind.parse(ANSWER)
    answer[3, 4] = 1
    assert "cell r4c5 is blank" in kind.check(np.ones_like(question), answer).problems
    answer[0, 2] = answer[0, 3]
    verdict = kind.check(question, answer)
    assert "2 cells break row 1" in verdict.problems
    assert verdict.offending[0, 2]
    assert verdict.offending[0, 3]
    assert verdict.facts["blank"] == 1
    assert verdict.facts["changed"] == 1
    answer[:] = 1
    assert "81 cells are blank" in kind.check(question, answer).problems


def test_a_right_grid_that_changes_a_given_is_not_solved() -> None:
    kind = kind_of("sudoku")
    answer = kind.parse(ANSWER)
    swap = np.arange(11, dtype=np.uint8)
    swap[[2, 3]] = [3, 2]
    verdict = kind.check(kind.parse(QUESTION), swap[answer])
    assert not verdict.solved
    assert verdict.facts["changed"] == verdict.offending.sum() == sum(QUESTION.count(digit) for digit in "12")


def test_questions() -> None:
    kind = kind_of("sudoku")
    question = kind.parse(QUESTION)
    assert kind.check_question(question).solved
    assert kind.check_question(question).facts == {"givens": 30, "too_few_givens": False}
    assert kind.given(question).sum() == 30
    question[0, 3] = 6
    verdict = kind.check_question(question)
    assert not verdict.solved
    assert verdict.problems == ("2 cells break row 1", "2 cells break box 2")
    assert np.argwhere(verdict.offending).tolist() == [[0, 0], [0, 3], [1, 5]]
    sparse = kind.check_question(np.ones((9, 9), np.uint8))
    assert sparse.solved
    assert sparse.facts["too_few_givens"]


def test_wrong_shapes_are_refused() -> None:
    kind = kind_of("sudoku")
    with pytest.raises(PuzzleError, match="4x4"):
        kind.check(kind.parse(QUESTION), np.ones((4, 4), np.uint8))


@settings(max_examples=60)
@given(st.sampled_from(NAMES), st.integers(0, 2**32))
def test_symmetries_keep_right_grids_right(name: str, seed: int) -> None:
    kind, grid = kind_of(name), right_grid(name, seed)
    _, box_rows, box_columns = SIZES[name]
    symmetry = kind.random_symmetry(np.random.default_rng(seed), kind.shape)
    copy = symmetry.apply(grid)
    assert kind.answers_move_along
    assert is_right(copy, box_rows, box_columns)
    assert np.array_equal(symmetry.undo(copy), grid)
    question = np.where(np.random.default_rng(seed).random(grid.shape) < 0.5, grid, 1).astype(np.uint8)
    assert np.array_equal(kind.given(symmetry.apply(question)).sum(), kind.given(question).sum())
    assert kind.check(symmetry.apply(question), copy).solved


def test_symmetries_reach_everything() -> None:
    """4x4: 2·2·2 orders of rows, as many of columns, 2 axes: 128 ways to place the cells. 6x6: 3!·2³ · 2!·6² = 3456."""
    rng = np.random.default_rng(0)
    four = kind_of("sudoku-4x4")
    assert len({four.random_symmetry(rng, (4, 4)).cells.tobytes() for _ in range(2000)}) == 128
    six = kind_of("sudoku-6x6")
    places = {six.random_symmetry(rng, (6, 6)).cells.tobytes() for _ in range(10000)}
    assert 3200 < len(places) <= 3456
    nine = kind_of("sudoku")
    draws = [nine.random_symmetry(rng, (9, 9)) for _ in range(1000)]
    assert {int(draw.cells[0]) for draw in draws} == set(range(81))
    assert {int(draw.tokens[2]) for draw in draws} == set(range(2, 11))
    assert all(draw.tokens[:2].tolist() == [0, 1] for draw in draws)


def test_real_puzzles_are_sound() -> None:
    path = REAL_DATA / "sudoku" / "17_clue_part.csv.gz"
    if not path.exists():
        pytest.skip(f"real data are missing: {path}")
    kind = kind_of("sudoku")
    with gzip.open(path, "rt") as lines:
        next(lines)
        for line in lines:
            verdict = kind.check_question(kind.parse(line.partition(",")[0]))
            assert verdict.solved
            assert verdict.facts == {"givens": 17, "too_few_givens": False}
