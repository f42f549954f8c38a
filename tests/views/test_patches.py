"""ARC's grids as characters: every cell can be told, with colours and without."""

from __future__ import annotations

import numpy as np
import pytest
from rich.color import Color
from rich.text import Text

from puzzlerec.puzzles.arc.look import PALETTE
from puzzlerec.views.palette import VISIBLE, contrast
from puzzlerec.views.patches import CELLS, Block, beside, flowing, patches

PICTURE = np.arange(10, dtype=np.uint8).reshape(2, 5)


def shown(block: Block) -> list[str]:
    return [line.plain.rstrip() for line in block.lines]


@pytest.mark.parametrize("cell", CELLS)
def test_without_colours_digits_tell_cells_apart(cell) -> None:  # type: ignore[no-untyped-def]
    for digits in (True, False):
        block = patches(PICTURE, PALETTE, cell, digits=digits, colour=False)
        assert ["".join(line.split()) for line in shown(block)] == ["·1234", "56789"]
        assert not any(line.spans for line in block.lines if any(span.style for span in line.spans))


def test_digits_are_a_second_cue_that_can_be_seen_on_every_colour() -> None:
    block = patches(PICTURE, PALETTE, CELLS[0], digits=True, colour=True)
    assert shown(block) == ["· 1 2 3 4", "5 6 7 8 9"] and block.width == 10
    styles = [str(span.style) for line in block.lines for span in line.spans]
    for number, style in enumerate(styles):
        ink, paper = style.split(" on ")
        assert paper == PALETTE[number] and contrast(ink, paper) >= VISIBLE
    plain = patches(PICTURE, PALETTE, CELLS[0], digits=False, colour=True)
    assert shown(plain) == ["·", ""]


def test_half_blocks_have_two_rows_a_line() -> None:
    block = patches(np.array([[1], [2], [3]], np.uint8), PALETTE, CELLS[2], digits=True, colour=True)
    assert shown(block) == ["▀", "▀"] and block.width == 1
    styles = [line.spans[0].style for line in block.lines]
    assert styles == [f"{PALETTE[1]} on {PALETTE[2]}", PALETTE[3]]
    assert all(Color.parse(colour) for colour in PALETTE)


def test_blocks_stand_side_by_side_as_long_as_there_is_room() -> None:
    one, two = Block.of([Text("aaa"), Text("a")]), Block.of([Text("b"), Text("b"), Text("b")])
    assert shown(beside(one, two, gap=Text(" > "))) == ["aaa > b", "a     b", "      b"]
    assert [line.plain.rstrip() for line in flowing([one, two], 7)] == ["aaa   b", "a     b", "      b"]
    assert [line.plain.rstrip() for line in flowing([one, two], 6)] == ["aaa", "a", "", "b", "b", "b"]
