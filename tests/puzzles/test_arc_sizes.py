"""Which size an output is assumed to have, and where its input lies beside it."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles.arc.sizes import NOTHING, SizeRule, size_rule
from puzzlerec.puzzles.arc.tasks import Pair, Task

Shape = tuple[int, int]


def task(*shapes: tuple[Shape, Shape]) -> Task:
    pairs = tuple(Pair(np.zeros(before, np.uint8), np.zeros(after, np.uint8)) for before, after in shapes)
    return Task("toy", pairs, ())


@pytest.mark.parametrize(
    ("shapes", "words", "input", "output"),
    [
        ([((2, 3), (2, 3)), ((5, 5), (5, 5))], "as large as their inputs", (7, 9), (7, 9)),
        ([((2, 3), (4, 9)), ((1, 1), (2, 3))], "2 times as high, 3 times as wide", (3, 3), (6, 9)),
        ([((4, 9), (2, 3)), ((2, 3), (1, 1))], "1/2 times as high, 1/3 times as wide", (6, 3), (3, 1)),
        ([((4, 9), (3, 3)), ((2, 8), (3, 3))], "all 3x3", (20, 1), (3, 3)),
        ([((4, 4), (4, 4)), ((5, 5), (4, 4))], "all 4x4", (5, 5), (4, 4)),
    ],
)
def test_rules(shapes: list[tuple[Shape, Shape]], words: str, input: Shape, output: Shape) -> None:
    rule = size_rule(task(*shapes))
    assert (rule.words, said(rule, input)) == (words, output)


def said(rule: SizeRule, input: Shape) -> Shape | None:
    layout = rule.laid_out(np.zeros(input, np.uint8))
    return None if layout is None else layout.size


def test_sizes_that_are_not_possible() -> None:
    tripled, halved = size_rule(task(((2, 2), (6, 6)))), size_rule(task(((2, 4), (1, 2)), ((4, 2), (2, 1))))
    assert said(tripled, (11, 2)) is None  # more than 30 rows
    assert said(halved, (3, 2)) is None


def test_where_no_rule_holds_the_place_outside_an_output_is_a_colour() -> None:
    rule = size_rule(task(((2, 2), (3, 3)), ((3, 3), (5, 4))))
    assert rule.words == "as large as the network has learned to make them"
    assert said(rule, (2, 9)) == (5, 9)  # room for the largest output, and for the input
    answer = np.full((5, 9), NOTHING, np.uint8)
    assert rule.trimmed(answer) is None
    answer[:2, :3] = 4
    found = rule.trimmed(answer)
    assert found is not None and found.tolist() == [[4, 4, 4], [4, 4, 4]]
    for row, column, value in ((1, 2, NOTHING), (4, 8, 4), (3, 0, 4)):  # no rectangle in the corner
        spoilt = answer.copy()
        spoilt[row, column] = value
        assert rule.trimmed(spoilt) is None
    thirds = task(((3, 3), (1, 3)), ((6, 3), (2, 3)))
    impossible = Task("thirds", thirds.demonstrations, (Pair(np.zeros((4, 3), np.uint8), None),))
    assert size_rule(impossible) == size_rule(Task("thirds", thirds.demonstrations[::-1], impossible.tests))
    assert said(size_rule(impossible), (4, 3)) == (4, 3)  # the rule that holds knows a size for no test


def test_a_rule_that_knows_a_size_for_every_test_comes_first() -> None:
    halved = task(((4, 6), (2, 3)), ((4, 6), (2, 3)))
    odd = Task("odd", halved.demonstrations, (Pair(np.zeros((3, 3), np.uint8), None),))
    for one, words in ((halved, "1/2 times as high, 1/2 times as wide"), (odd, "all 2x3")):
        rule = size_rule(one)
        assert rule.words == words


def test_where_inputs_lie() -> None:
    grid = np.array([[1, 2]], np.uint8)
    larger, repeated = np.array([[1, 1, 2, 2]] * 2, np.uint8), np.array([[1, 2, 1, 2]] * 2, np.uint8)
    for output in (larger, repeated):  # whichever is more like the outputs
        rule = size_rule(Task("toy", (Pair(grid, output),), ()))
        layout = rule.laid_out(grid)
        assert layout is not None and (layout.grid == output).all() and layout.size == (2, 4)
    rule = size_rule(task(((1, 2), (3, 1)), ((2, 2), (3, 1))))
    layout = rule.laid_out(grid)
    assert layout is not None
    assert layout.grid.tolist() == [[1, 2], [NOTHING, NOTHING], [NOTHING, NOTHING]]


FIGURE = """
0 0 0 0 0 2
0 2 2 2 0 0
0 2 8 2 0 5
0 2 2 2 0 0
0 0 0 0 5 5
"""


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("rectangle around the largest object of one colour", np.s_[1:4, 1:4]),
        ("rectangle around the rarest colour", np.s_[2:3, 2:3]),
        ("rectangle around colour 5", np.s_[2:5, 4:6]),
        ("rectangle around all that is not black", np.s_[0:5, 1:6]),
        ("inside of the rectangle around all that is not black", np.s_[1:4, 2:5]),
    ],
)
def test_outputs_are_parts_of_inputs(words: str, part: tuple[slice, slice]) -> None:
    figure = np.array([line.split() for line in FIGURE.strip().splitlines()]).astype(np.uint8)
    wider = np.pad(figure, ((0, 0), (2, 0)))
    moved = (part[0], slice(part[1].start + 2, part[1].stop + 2))
    pairs = (Pair(figure, figure[part]), Pair(wider, wider[moved]))
    cropped, coloured = (
        size_rule(Task("toy", pairs, ())),
        size_rule(Task("toy", tuple(Pair(pair.input, np.full_like(pair.known, 3)) for pair in pairs), ())),
    )
    assert cropped is not None and coloured is not None
    layout = cropped.laid_out(wider)
    assert layout is not None and np.array_equal(layout.grid, wider[moved])
    assert cropped.words == f"as large as the {words}"


def test_the_rest_of_an_input_is_kept_where_its_part_is_not_the_output() -> None:
    grids = [np.zeros((5, size), np.uint8) for size in (6, 7)]
    for grid in grids:
        grid[2:4, 2:-1] = 4
    rule = size_rule(Task("toy", tuple(Pair(grid, np.full((2, grid.shape[1] - 3), 6, np.uint8)) for grid in grids), ()))
    assert rule is not None and rule.words == "as large as the rectangle around all that is not black"
    layout = rule.laid_out(grids[0])
    assert layout is not None and layout.size == (2, 3) and layout.grid.shape == (5, 6)
    assert layout.grid[:2, :3].min() == 4 and layout.grid.sum() == grids[0].sum()


def test_sizes_that_go_with_colours_or_are_some_cells_more() -> None:
    grids = [np.array([[1, 2], [0, 1]], np.uint8), np.array([[1, 2, 3], [0, 0, 1]], np.uint8)]
    outputs = [np.kron(grid, np.ones((count, count), np.uint8)) for grid, count in zip(grids, (2, 3), strict=True)]
    rule = size_rule(Task("toy", tuple(map(Pair, grids, outputs)), ()))
    assert rule is not None and rule.words == "as many times as large as their inputs have colours"
    more = size_rule(task(((2, 2), (3, 1)), ((3, 5), (4, 4))))
    assert more is not None and more.words == "+1 rows high and -1 columns wide beside their inputs"
    assert said(more, (8, 8)) == (9, 7) and said(more, (8, 1)) is None
