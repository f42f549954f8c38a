"""Which size an output is assumed to have, and where its input lies beside it."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.puzzles.arc.sizes import NOTHING, size_rule
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
    assert rule is not None
    assert (rule.words, rule.shape(input)) == (words, output)


def test_sizes_that_are_not_known() -> None:
    assert size_rule(task(((2, 2), (3, 3)), ((3, 3), (4, 4)))) is None
    tripled, halved = size_rule(task(((2, 2), (6, 6)))), size_rule(task(((2, 2), (1, 1))))
    assert tripled is not None and halved is not None
    assert tripled.shape((11, 2)) is None  # more than 30 rows
    assert halved.shape((3, 2)) is None


def test_a_rule_that_knows_a_size_for_every_test_comes_first() -> None:
    halved = task(((4, 6), (2, 3)), ((4, 6), (2, 3)))
    odd = Task("odd", halved.demonstrations, (Pair(np.zeros((3, 3), np.uint8), None),))
    for one, words in ((halved, "1/2 times as high, 1/2 times as wide"), (odd, "all 2x3")):
        rule = size_rule(one)
        assert rule is not None and rule.words == words


def test_where_inputs_lie() -> None:
    grid = np.array([[1, 2]], np.uint8)
    larger, repeated = np.array([[1, 1, 2, 2]] * 2, np.uint8), np.array([[1, 2, 1, 2]] * 2, np.uint8)
    for output in (larger, repeated):  # whichever is more like the outputs
        rule = size_rule(Task("toy", (Pair(grid, output),), ()))
        assert rule is not None
        assert (rule.laid_out(grid, (2, 4)) == output).all()
    rule = size_rule(task(((1, 2), (3, 1)), ((2, 2), (3, 1))))
    assert rule is not None
    assert rule.laid_out(grid, (3, 1)).tolist() == [[1, 2], [NOTHING, NOTHING], [NOTHING, NOTHING]]
