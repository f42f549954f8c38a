"""Sudoku: text and rules, against definitions written independently of the package's."""

from __future__ import annotations

import gzip
import os
from io import StringIO
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzlerec.puzzles import KINDS, PuzzleError, Sudoku, get, read
from puzzlerec.puzzles.sudoku.regions import random_regions

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
BOXES = {  # size, and rows and columns of a box
    "sudoku": (9, 3, 3),
    "sudoku-6x6": (6, 2, 3),
    "sudoku-4x4": (4, 2, 2),
    "sudoku-16x16": (16, 4, 4),
    "sudoku-x": (9, 3, 3),
}
NAMES = [*BOXES, "jigsaw"]
NINE = "abcdefghi"
BOXED = [name for name in BOXES if name != "sudoku-x"]  # any order of bands keeps these right

QUESTION = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
X_ANSWER = "854316729162897453937254168685972341723145986491683572518469237279538614346721895"
GIVENS = "...4........6.7..3..9.........3...........539..5.6.7.....8.9....3..5.1..........."
REGIONS = "aaaaabcccabbabbcccabbbbdcecafffddeecfffdddeeeggfdddeeegffhhhiiigggghiiiigghhhhhii"
JIGSAW_ANSWER = "352491876124687953769538214897325461286714539415963782641879325938256147573142698"
JIGSAW_DRAWN = """\
+-------------------+---+-----------+
| .   .   .   4   . | . | .   .   . |
|   +-------+   +---+   |           |
| . | .   . | 6 | .   7 | .   .   3 |
|   |       +---+   +---+   +---+   |
| . | .   9   .   . | . | . | . | . |
|   +-----------+---+   +---+   |   |
| . | .   .   3 | .   . | .   . | . |
+---+       +---+       |       +---+
| .   .   . | .   .   . | 5   3   9 |
+-------+   |           |           |
| .   . | 5 | .   6   . | 7   .   . |
|   +---+   +-----------+-----------+
| . | .   . | 8   .   9 | .   .   . |
|   +-------+---+   +---+           |
| .   3   .   . | 5 | .   1   .   . |
|       +-------+   +-------+       |
| .   . | .   .   .   .   . | .   . |
+-------+-------------------+-------+"""


def kind_of(name: str) -> Sudoku:
    kind = get(name)
    assert isinstance(kind, Sudoku)
    return kind


def tokens_of(name: str, digits: np.ndarray, regions: str = REGIONS) -> np.ndarray:
    """The grid of digits [N, N], 0 for blank."""
    if name != "jigsaw":
        return (digits + 1).astype(np.uint8)
    region = np.array([ord(letter) - ord("a") for letter in regions]).reshape(9, 9)
    return (1 + 10 * region + digits).astype(np.uint8)


def right_digits(name: str, seed: int = 0) -> np.ndarray:
    """A right answer's digits [N, N]: the cyclic pattern, or one of the answers above, with digits renamed."""
    rng = np.random.default_rng(seed)
    if name in BOXED:
        size, box_rows, box_columns = BOXES[name]
        row, column = np.indices((size, size))
        grid = (box_columns * (row % box_rows) + row // box_rows + column) % size
    else:
        size = 9
        grid = np.array([int(digit) - 1 for digit in (X_ANSWER if name == "sudoku-x" else JIGSAW_ANSWER)])
    return (rng.permutation(size)[grid] + 1).reshape(size, size)


def right_grid(name: str, seed: int = 0) -> np.ndarray:
    return tokens_of(name, right_digits(name, seed))


def groups_of(name: str, regions: str = REGIONS) -> list[tuple[str, list[int]]]:
    """Name and cells of whatever holds each digit once, as slowly and plainly as it can be said."""
    size = BOXES.get(name, (9, 0, 0))[0]
    cells = [(row, column) for row in range(size) for column in range(size)]
    groups = {f"row {i + 1}": [cell for cell in cells if cell[0] == i] for i in range(size)}
    groups |= {f"column {i + 1}": [cell for cell in cells if cell[1] == i] for i in range(size)}
    if name == "jigsaw":
        for cell, letter in zip(cells, regions, strict=True):
            groups.setdefault(f"region {letter}", []).append(cell)
    else:
        _, height, width = BOXES[name]
        for row, column in cells:
            number = row // height * (size // width) + column // width + 1
            groups.setdefault(f"box {number}", []).append((row, column))
    if name == "sudoku-x":
        groups["diagonal 1"] = [(i, i) for i in range(9)]
        groups["diagonal 2"] = [(i, 8 - i) for i in range(9)]
    return [(name, [size * row + column for row, column in group]) for name, group in groups.items()]


def is_right(name: str, digits: np.ndarray, regions: str = REGIONS) -> bool:
    """The rules of Sudoku."""
    every = set(range(1, len(digits) + 1))
    return all({int(digits.flat[cell]) for cell in group} == every for _, group in groups_of(name, regions))


@st.composite
def grids(draw: st.DrawFn) -> tuple[Sudoku, np.ndarray]:
    """Any cells at all, blank or digit, one of them blank, and any regions."""
    name = draw(st.sampled_from(NAMES))
    kind = kind_of(name)
    area = kind.size**2
    digits = draw(st.lists(st.integers(0, kind.size), min_size=area - 1, max_size=area - 1))
    cells = np.array(draw(st.permutations([0, *digits])) if area < 100 else [0, *digits]).reshape(kind.shape)
    seed = draw(st.integers(0, 2**32))
    regions = "".join(NINE[region] for region in random_regions(np.array([seed], np.uint64), 9, 3))
    return kind, tokens_of(name, cells, regions)


def test_tokens_and_shapes() -> None:
    nine = kind_of("sudoku")
    assert len(nine.vocabulary) == 11
    assert nine.parse(QUESTION)[0].tolist() == [6, 4, 1, 1, 8, 1, 1, 1, 1]
    assert nine.parse(QUESTION).dtype == np.uint8
    assert nine.answer_tokens == tuple(range(2, 11))
    assert [len(kind_of(name).vocabulary) for name in ("sudoku-16x16", "jigsaw")] == [18, 91]
    jigsaw = kind_of("jigsaw").parse(GIVENS + REGIONS)
    assert jigsaw[0].tolist() == [1, 1, 1, 5, 1, 11, 21, 21, 21]
    assert [kind_of("jigsaw").vocabulary[token] for token in jigsaw[1, 3:6]] == ["a6", "b.", "b7"]
    assert {name: kind.shape for name, kind in KINDS.items()} == {
        "sudoku": (9, 9),
        "sudoku-4x4": (4, 4),
        "sudoku-6x6": (6, 6),
        "sudoku-16x16": (16, 16),
        "sudoku-x": (9, 9),
        "jigsaw": (9, 9),
        "maze": None,
        "arc": (30, 30),
        "copy": None,
        "reverse": None,
        "addition": None,
    }


@pytest.mark.parametrize("name", NAMES)
def test_units_are_what_holds_each_digit_once(name: str) -> None:
    kind = kind_of(name)
    units = kind.units(right_grid(name))
    assert units.dtype == np.int64
    found = dict(zip(kind.unit_names, (sorted(unit) for unit in units.tolist()), strict=True))
    assert found == {title: sorted(group) for title, group in groups_of(name)}


@pytest.mark.parametrize("name", NAMES)
def test_candidates_are_the_tokens_of_each_digit_in_each_cell(name: str) -> None:
    kind, grid = kind_of(name), right_grid(name)
    question = np.where(np.random.default_rng(0).random(grid.shape) < 0.5, grid, tokens_of(name, 0 * grid))
    candidates = kind.candidates(question)
    assert candidates.shape == (grid.size, kind.size)
    for digit in range(1, kind.size + 1):
        expected = tokens_of(name, np.full(grid.shape, digit))
        assert (candidates[:, digit - 1].reshape(grid.shape) == expected).all()
    assert (kind.blanks(question) == tokens_of(name, 0 * grid)).all()
    assert set(candidates.flat) <= set(kind.answer_tokens)


@pytest.mark.parametrize("name", NAMES)
def test_a_given_is_kept_and_a_blank_may_be_any_digit_of_its_own(name: str) -> None:
    kind, grid = kind_of(name), right_grid(name)
    blank = tokens_of(name, 0 * grid)
    question = np.where(np.random.default_rng(0).random(grid.shape) < 0.5, grid, blank)
    allowed = kind.allowed(np.stack([question, blank]))
    assert allowed.shape == (2, grid.size, len(kind.vocabulary))
    for number, asked in enumerate((question, blank)):
        for cell in range(grid.size):
            given = asked.flat[cell] != blank.flat[cell]
            expected = [int(asked.flat[cell])] if given else kind.candidates(asked)[cell].tolist()
            assert np.flatnonzero(allowed[number, cell]).tolist() == expected


@settings(max_examples=200, deadline=None)
@given(grids(), st.integers(0, 2))
def test_parsing_what_was_formatted(example: tuple[Sudoku, np.ndarray], which: int) -> None:
    kind, grid = example
    layout = kind.layouts[which % len(kind.layouts)]
    text = kind.format(grid, layout)
    assert np.array_equal(kind.parse(text), grid)
    assert kind.layout_of(text) == layout


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


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32), st.data())
def test_any_change_of_one_cell_is_found(name: str, seed: int, data: st.DataObject) -> None:
    kind, grid = kind_of(name), right_grid(name, seed)
    blank = tokens_of(name, 0 * grid)
    question = np.where(np.random.default_rng(seed).random(grid.shape) < 0.5, grid, blank)
    assert kind.check(question, grid).solved
    place = data.draw(st.integers(0, grid.size - 1))
    token = data.draw(st.integers(0, len(kind.vocabulary) + 2).filter(lambda token: token != grid.flat[place]))
    wrong = grid.copy()
    wrong.flat[place] = token
    verdict = kind.check(question, wrong)
    assert not verdict.solved
    assert verdict.offending.flat[place]
    assert verdict.problems
    assert verdict.facts["offending"] == verdict.offending.sum()


@pytest.mark.parametrize("name", NAMES)
def test_promising_are_answers_whose_units_are_full(name: str) -> None:
    kind, grid = kind_of(name), right_grid(name, 3)
    answers = np.stack([grid] * 3)
    answers[1, 0, 0] = kind.candidates(grid)[0, kind.digits(grid)[0, 0] % kind.size]
    answers[2, -1, -1] = kind.blanks(grid)[-1, -1]
    questions = np.stack([tokens_of(name, 0 * grid)] * 3)
    assert kind.promising(questions, answers, np.zeros(3), None).tolist() == [0]


def test_verdict_is_the_rules_on_many_small_grids() -> None:
    """4x4 grids whose rows are right, so that right grids are among them; all 288 right ones are found."""
    kind = kind_of("sudoku-4x4")
    question = np.ones((4, 4), np.uint8)
    rows = [np.array(row, np.uint8) for row in permutations(range(2, 6))]
    rng = np.random.default_rng(5)
    for _ in range(3000):
        grid = np.stack([rows[index] for index in rng.integers(0, 24, 4)])
        assert kind.check(question, grid).solved == is_right("sudoku-4x4", grid.astype(int) - 1)

    columns = np.array([list(row) for row in permutations(range(2, 6))])
    right = 0
    for first, second, third in product(range(24), repeat=3):
        top = columns[[first, second, third]]
        if all(len(set(top[:, c])) == 3 for c in range(4)) and len(set(top[:2, :2].flat)) == 4:
            fourth = 14 - top.sum(0)  # the digit that each column lacks
            grid = np.vstack([top, fourth]).astype(np.uint8)
            assert kind.check(question, grid).solved == is_right("sudoku-4x4", grid.astype(int) - 1)
            right += is_right("sudoku-4x4", grid.astype(int) - 1)
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


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(NAMES), st.integers(0, 2**32))
def test_symmetries_keep_right_grids_right(name: str, seed: int) -> None:
    kind, grid = kind_of(name), right_grid(name, seed)
    symmetry = kind.random_symmetry(np.random.default_rng(seed), kind.shape)
    copy = symmetry.apply(grid)
    assert kind.answers_move_along
    regions = "".join(NINE[(token - 1) // 10] for token in copy.flat) if name == "jigsaw" else ""
    assert is_right(name, kind.digits(copy).astype(int), regions)
    assert np.array_equal(symmetry.undo(copy), grid)
    question = np.where(np.random.default_rng(seed).random(grid.shape) < 0.5, grid, tokens_of(name, 0 * grid))
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


def test_symmetries_of_x_are_all_that_keep_the_diagonals() -> None:
    """Against all orders of rows and columns that keep bands and stacks: those that keep both diagonals, transposed
    or not. Of a jigsaw, whose regions may lie anywhere, the eight of the square."""
    rng = np.random.default_rng(0)
    bands = [list(order) for order in permutations(range(3))]
    lines = [
        tuple(3 * band + row for band, rows in zip(outer, inner, strict=True) for row in rows)
        for outer, inner in product(bands, product(bands, repeat=3))
    ]
    diagonals = {frozenset((i, i) for i in range(9)), frozenset((i, 8 - i) for i in range(9))}
    kept = set()
    for rows in lines:
        for columns in (rows, rows[::-1]):  # no other columns can take the main diagonal to a diagonal
            places = [(rows[i], columns[i]) for i in range(9)], [(rows[i], columns[8 - i]) for i in range(9)]
            if {frozenset(some) for some in places} == diagonals:
                cells = np.array([[9 * row + column for column in columns] for row in rows])
                kept |= {cells.astype(np.int64).tobytes(), cells.T.astype(np.int64).tobytes()}
    drawn = {kind_of("sudoku-x").random_symmetry(rng, (9, 9)).cells.tobytes() for _ in range(3000)}
    assert drawn == kept
    assert len(drawn) == 96
    square = np.arange(81).reshape(9, 9)
    turned = {np.rot90(grid, turns).tobytes() for grid in (square, square.T) for turns in range(4)}
    jigsaws = [kind_of("jigsaw").random_symmetry(rng, (9, 9)) for _ in range(500)]
    assert {symmetry.cells.tobytes() for symmetry in jigsaws} == turned
    assert {int(symmetry.tokens[1]) for symmetry in jigsaws} == set(range(1, 91, 10))


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


@pytest.mark.parametrize(("name", "problem"), [("sudoku-x", "diagonal 2"), ("jigsaw", "region b")])
def test_units_of_its_own_have_their_names(name: str, problem: str) -> None:
    kind = kind_of(name)
    question = tokens_of(name, np.zeros((9, 9), int))
    first, second = ((0, 8), (8, 0)) if name == "sudoku-x" else ((0, 5), (2, 1))
    for place in (first, second):
        question[place] += 4
    verdict = kind.check_question(question)
    assert verdict.problems == (f"2 cells break {problem}",)
    assert np.argwhere(verdict.offending).tolist() == sorted(map(list, (first, second)))


def test_an_answer_that_moves_a_region_is_not_solved() -> None:
    kind = kind_of("jigsaw")
    question, answer = kind.parse(GIVENS + REGIONS), kind.parse(JIGSAW_ANSWER + REGIONS)
    assert kind.check(question, answer).solved
    answer[0, 0] += 10
    verdict = kind.check(question, answer)
    assert verdict.problems == ("cell r1c1 is put into another region",)
    assert np.argwhere(verdict.offending).tolist() == [[0, 0]]


def test_regions_that_are_no_units_are_unsound() -> None:
    kind = kind_of("jigsaw")
    question = kind.parse(GIVENS + REGIONS)
    larger, apart = question.copy(), question.copy()
    larger[0, 5] -= 10
    assert kind.check_question(larger).problems == (
        "region a has 10 cells instead of 9",
        "region b has 8 cells instead of 9",
    )
    with pytest.raises(PuzzleError, match="region a has 10 cells"):
        kind.units(larger)
    apart[0, 0], apart[8, 8] = apart[8, 8], apart[0, 0]
    assert kind.check_question(apart).problems == ("region a is in several pieces", "region i is in several pieces")


@pytest.mark.parametrize("name", NAMES)
def test_solutions_are_tokens_of_the_question(name: str) -> None:
    kind, grid = kind_of(name), right_grid(name)
    question = grid.copy()
    question[1:3] = tokens_of(name, 0 * grid)[1:3]
    found = kind.solutions(question, 5)
    assert found
    assert all(kind.check(question, answer).solved for answer in found)
    assert any(np.array_equal(answer, grid) for answer in kind.solutions(question, 1000) or ())
    assert kind.truth(question) is None or len(found) == 1
    assert np.array_equal(kind.truth(np.where(np.arange(grid.size).reshape(grid.shape) % 7, grid, grid)), grid)


def test_a_jigsaw_may_be_written_in_many_ways() -> None:
    kind = kind_of("jigsaw")
    question = kind.parse(GIVENS + REGIONS)
    assert kind.format(question) == GIVENS + REGIONS
    assert kind.format(question, "grid") == JIGSAW_DRAWN
    rows = [line[i : i + 9] for line in (GIVENS, REGIONS) for i in range(0, 81, 9)]
    other_names = REGIONS.translate(str.maketrans(NINE, "594832761"))
    unicode = JIGSAW_DRAWN.translate(str.maketrans("|-+", "│─┼"))
    forms = [
        *(GIVENS + mark + REGIONS for mark in " \t,;\n"),
        GIVENS.replace(".", "0") + other_names,
        GIVENS + REGIONS.upper(),
        "\n".join(rows),
        "\n".join(rows[:9]) + "\n\n" + "\n".join(" ".join(row) for row in rows[9:]),
        unicode,
        "\n".join(line.rstrip() for line in unicode.replace("┼", " ").split("\n")),
        JIGSAW_DRAWN + "  # a comment",
        JIGSAW_DRAWN.replace("| 5   3   9 |", "| 5 | 3   9 |"),  # a line that ends within a region parts nothing
    ]
    for text in forms:
        assert np.array_equal(kind.parse(text), question), text
        assert [puzzle.kind for puzzle in read(StringIO(text), kind).puzzles] == [kind], text


def test_a_jigsaw_is_told_from_other_sudokus() -> None:
    nine = kind_of("sudoku")
    boxes = "".join(NINE[row // 3 * 3 + column // 3] for row in range(9) for column in range(9))
    for text, name in (
        (QUESTION, "sudoku"),
        (nine.format(nine.parse(QUESTION), "grid"), "sudoku"),
        (QUESTION + boxes, "jigsaw"),
        (GIVENS + " " + REGIONS, "jigsaw"),
        (JIGSAW_DRAWN, "jigsaw"),
    ):
        assert [puzzle.kind.name for puzzle in read(StringIO(text)).puzzles] == [name]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        (GIVENS, 1, 82, "81 cells; a jigsaw Sudoku has 81 givens and the 81 regions"),
        (GIVENS + REGIONS + "a", 1, 163, "163 cells"),
        (GIVENS + REGIONS[:-1] + "z", 1, 82, "10 regions"),
        (GIVENS + "b" + REGIONS[1:], 1, 82, "region b has 8 cells instead of 9"),
        ("x" + GIVENS[1:] + REGIONS, 1, 1, "'x'"),
        ("\n".join([GIVENS[i : i + 9] for i in range(0, 81, 9)]), 1, 0, "make 1 region,"),
        (JIGSAW_DRAWN.replace(". | . | .   .   . |", ".   . | .   .   . |", 1), 2, 0, "make 8 regions"),
    ],
)
def test_faults_of_jigsaws_are_named(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(PuzzleError) as caught:
        kind_of("jigsaw").parse(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert words in caught.value.message


def large_forms(symbols: str, blank: str) -> tuple[np.ndarray, str]:
    """A right 16x16 grid with the first two rows blank, and its line in these symbols."""
    digits = right_digits("sudoku-16x16", 8)
    digits[:2] = 0
    return tokens_of("sudoku-16x16", digits), "".join((blank + symbols)[digit] for digit in digits.flat)


@pytest.mark.parametrize(
    ("symbols", "blank", "layout"),
    [
        ("0123456789ABCDEF", ".", "line"),
        ("0123456789abcdef", ".", "line"),
        ("123456789ABCDEFG", ".", "letters"),
        ("123456789ABCDEFG", "0", "letters"),
        ("123456789abcdefg", "_", "letters"),
    ],
)
def test_16x16_says_by_what_occurs_which_symbols_it_has(symbols: str, blank: str, layout: str) -> None:
    kind = kind_of("sudoku-16x16")
    grid, line = large_forms(symbols, blank)
    rows = [line[start : start + 16] for start in range(0, 256, 16)]
    bars = "\n".join("|".join(row[start : start + 4] for start in range(0, 16, 4)) for row in rows)
    for text in (line, "\n".join(rows), bars):
        assert np.array_equal(kind.parse(text), grid)
        assert kind.layout_of(text) == layout
        assert [puzzle.kind for puzzle in read(StringIO(text)).puzzles] == [kind]


def test_zeros_are_blank_where_they_cannot_be_a_symbol() -> None:
    """More zeros than a symbol can have, and no other blank; a full grid with sixteen of them is hexadecimal."""
    kind = kind_of("sudoku-16x16")
    few = "0" * 17 + "1" * 239
    assert (kind.digits(kind.parse(few)).reshape(-1)[:18] == [0] * 17 + [1]).all()
    full = kind.format(right_grid("sudoku-16x16"))
    assert full.count("0") == 16
    assert np.array_equal(kind.parse(full), right_grid("sudoku-16x16"))


@pytest.mark.parametrize("blank", [".", "0", "_"])
def test_16x16_may_be_a_grid_of_numbers(blank: str) -> None:
    kind = kind_of("sudoku-16x16")
    grid, _ = large_forms("0123456789ABCDEF", ".")
    rows = [[blank if digit == 0 else str(digit) for digit in row] for row in kind.digits(grid).tolist()]
    plain = "\n".join(" ".join(row) for row in rows)
    barred = "\n".join("| " + " | ".join("\t".join(row[i : i + 4]) for i in (0, 4, 8, 12)) + " |" for row in rows)
    commas = "\n".join(",".join(row) for row in rows)
    for text in (plain, barred, commas, plain.replace("\n", " "), kind.format(grid, "grid")):
        assert np.array_equal(kind.parse(text), grid)
        assert kind.layout_of(text) == "grid"
    assert kind.format(grid, "grid").split("\n")[4] == "+".join(
        ["------------", *["-------------"] * 2, "------------"]
    )
    with pytest.raises(PuzzleError, match="'17' is no cell") as caught:
        kind.parse(plain.replace("16", "17", 1))
    assert caught.value.line == next(line for line, row in enumerate(rows, 1) if "16" in row)


def test_sixteen_small_sudokus_are_no_large_one() -> None:
    block = "\n".join(["12..34..21..43.."] * 16)
    assert [puzzle.kind.name for puzzle in read(StringIO(block)).puzzles] == ["sudoku-4x4"] * 16


@pytest.mark.parametrize(("rows", "line"), [(3, 3), (5, 5), (7, 5)])
def test_a_missing_row_is_named_by_the_last_and_one_too_many_by_the_first_of_them(rows: int, line: int) -> None:
    with pytest.raises(PuzzleError, match=f"{rows} rows") as caught:
        kind_of("sudoku-4x4").parse("\n".join(["...."] * rows))
    assert caught.value.line == line
