"""Grids as strips: what stands where, in which style, with cells of every size."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from rich.style import Style
from textual.app import App, ComposeResult

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.frames import Frame
from puzzlerec.views.palette import (
    BOLD,
    DARK,
    FAULT,
    GIVEN,
    HEAT,
    LEVELS,
    OPEN,
    SOLVED,
    STONE,
    UNDER,
    WRONG,
    pair,
)
from puzzlerec.views.scene import scene
from puzzlerec.views.strips import Painter, StripCache, grid_strips, legend, painter_of
from puzzlerec.views.tiling import Tiling
from puzzlerec.watch.grid import GridView

from .conftest import SOLVED_4X4, frame_of, sudoku, trace_of

MAZE = Puzzle(get("maze"), get("maze").parse("S #\n# #\n  G"), "grid")
UNSOLVED_4X4 = "1234341221434312"  # its first row is right
QUESTION_9X9 = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"


def lines(puzzle: Puzzle, frame: Frame | None = None, width: int = 12, height: int = 7, **more: object) -> list[str]:
    return [strip.text for strip in grid_strips(puzzle, frame, width=width, height=height, **more)]  # type: ignore[arg-type]


def style_at(puzzle: Puzzle, frame: Frame | None, row: int, column: int, offset: int = 0, **more: object) -> Style:
    """Of a character of a cell, in tiles of 2 x 1 characters."""
    strips = grid_strips(puzzle, frame, width=11, height=7, **more)  # type: ignore[arg-type]
    tiling = Tiling.fitting(puzzle, 11, 7)
    assert tiling.tile == (2, 1)
    place = tiling.left(column) + offset
    part = next(iter(strips[tiling.top(row)].crop(place, place + 1)))
    assert part.style is not None
    return part.style


def test_a_question() -> None:
    assert lines(sudoku(), width=11) == [
        "╭────┬────╮",
        "│1 2 │· · │",
        "│3 · │· · │",
        "├────┼────┤",
        "│2 · │4 · │",
        "│· · │· 1 │",
        "╰────┴────╯",
    ]


def test_ascii_where_nothing_else_can_be_shown() -> None:
    frame = frame_of(sudoku(), "1243341221434321", 1, 0.5)
    text = "\n".join(lines(sudoku(), frame, unicode=False, glyphs=True))
    assert text.isascii() and "!" in text and "+" in text
    assert "\n".join(lines(MAZE, trace_of_maze(), unicode=False)).isascii()


@pytest.mark.parametrize(
    ("size", "tile"),
    [
        ((200, 60), (11, 5)),
        ((69, 35), (7, 3)),
        ((60, 35), (6, 3)),
        ((36, 19), (3, 1)),
        ((25, 19), (2, 1)),
        ((9, 9), (1, 1)),
    ],
)
def test_tiles_grow_with_the_room(size: tuple[int, int], tile: tuple[int, int]) -> None:
    puzzle = sudoku(QUESTION_9X9)
    assert Tiling.fitting(puzzle, *size).tile == tile
    widths = {len(line) for line in lines(puzzle, width=size[0], height=size[1])}
    assert len(widths) == 1


def test_every_character_of_a_tile_belongs_to_its_cell() -> None:
    tiling = Tiling.fitting(sudoku(QUESTION_9X9), 69, 35)
    for row in range(9):
        for column in range(9):
            for x in (0, 6):
                for y in (0, 2):
                    assert tiling.cell_at(tiling.left(column) + x, tiling.top(row) + y) == (row, column)
    assert tiling.cell_at(0, 0) is None and tiling.cell_at(500, 3) is None


def test_given_cells_look_different_from_predicted_ones() -> None:
    frame = frame_of(sudoku(), UNSOLVED_4X4, 1, 0.99)
    assert style_at(sudoku(), frame, 0, 0) == DARK.style(GIVEN) + Style(bold=True)
    assert style_at(sudoku(), frame, 0, 2).bgcolor == DARK.style(HEAT + LEVELS - 1).bgcolor
    assert style_at(sudoku(), None, 0, 2).bgcolor == DARK.style(OPEN).bgcolor


def test_heat_has_eight_levels_that_rise_with_confidence() -> None:
    levels = [
        int(scene(sudoku(), frame_of(sudoku(), SOLVED_4X4, 1, sure)).levels[0, 2]) for sure in np.linspace(0.26, 1, 40)
    ]
    assert levels == sorted(levels) and set(levels) == set(range(LEVELS))
    assert scene(sudoku(), frame_of(sudoku(), SOLVED_4X4, 1, 0.5)).levels[0, 0] == -1


def test_heat_can_be_left_out() -> None:
    frame = frame_of(sudoku(), UNSOLVED_4X4, 1, 0.99)
    assert style_at(sudoku(), frame, 0, 2, heat=False).bgcolor == DARK.filled.bgcolor


def test_violations_wrong_and_changed_cells_have_marks_and_the_worst_wins() -> None:
    puzzle, truth = sudoku(), get("sudoku-4x4").parse(SOLVED_4X4)
    before = frame_of(puzzle, "1243341221434321", 1, 0.5)
    after = frame_of(puzzle, UNSOLVED_4X4, 2, 0.5)
    assert "!" in "".join(lines(puzzle, before, width=11))
    assert style_at(puzzle, before, 0, 2, 1) == DARK.style(FAULT)
    assert lines(puzzle, after, width=11, previous=before)[1] == "│1 2 │3•4•│"
    swapped = frame_of(puzzle, "1234341243212143", 1, 0.5)  # breaks no rule but the givens; check them by hand
    assert scene(puzzle, swapped, truth=truth, offending=np.zeros((4, 4), bool)).wrong.sum() == 5
    shown = grid_strips(puzzle, swapped, width=11, height=7, truth=truth)
    assert any("×" in strip.text for strip in shown)
    assert WRONG != FAULT and DARK.wrong.bgcolor != DARK.fault.bgcolor


def test_masked_cells_hold_no_answer() -> None:
    masked = np.zeros((1, 4, 4), bool)
    masked[0, 0, 2] = True
    frame = replace(frame_of(sudoku(), SOLVED_4X4, 1, 0.5), masked=masked)
    assert lines(sudoku(), frame, width=11)[1] == "│1 2 │░ 4 │"


def test_what_is_hidden_is_neither_wrong_nor_changed_nor_at_odds_with_a_rule() -> None:
    puzzle, truth = sudoku(), get("sudoku-4x4").parse(SOLVED_4X4)
    hidden = np.zeros((1, 4, 4), bool)
    hidden[0, 0, 2] = True
    wrong = replace(frame_of(puzzle, "1244341221434321", 1, 0.5), masked=hidden)
    seen = scene(puzzle, wrong, truth=truth)
    assert not seen.offending.any() and not seen.wrong.any()
    told = replace(wrong, masked=np.zeros_like(hidden))
    seen = scene(puzzle, told, previous=wrong, truth=truth)
    assert seen.offending[0, 2] and seen.wrong[0, 2] and seen.changed[0].tolist() == [False, False, True, False]


def test_the_legend_explains_hidden_cells_where_there_are_any() -> None:
    kind = get("sudoku-4x4")
    assert "░" not in legend(kind, 90, DARK.style).text and "░ open" in legend(kind, 90, DARK.style, hides=True).text


def test_the_level_is_a_bar_too_where_glyphs_are_asked_for() -> None:
    low, high = (
        lines(sudoku(), frame_of(sudoku(), UNSOLVED_4X4, 1, sure), width=11, glyphs=True) for sure in (0.3, 0.99)
    )
    assert low[1] == "│1 2 │3▁4▁│" and high[1] == "│1 2 │3█4█│"


def test_unsure_cells_show_their_candidates_where_there_is_room() -> None:
    puzzle = sudoku()
    unsure = lines(puzzle, frame_of(puzzle, UNSOLVED_4X4, 1, 0.4), width=40, height=16)
    sure = lines(puzzle, frame_of(puzzle, UNSOLVED_4X4, 1, 0.95), width=40, height=16)
    assert sum(character.isdigit() for character in "".join(unsure)) == 6 + 10 * 4
    assert sum(character.isdigit() for character in "".join(sure)) == 16


def test_neighbours_in_a_box_have_a_line_between_their_candidates() -> None:
    puzzle = sudoku()
    frame = frame_of(puzzle, UNSOLVED_4X4, 1, 0.4)
    for size in ((40, 16), (60, 30)):
        drawn = lines(puzzle, frame, width=size[0], height=size[1])
        tiling = Tiling.fitting(puzzle, *size)
        row = drawn[tiling.top(0) + int(tiling.tile[1]) - 1]
        assert row[tiling.left(3)] == "▏" and row[tiling.left(2) - 1] == "│"
        assert not any(one.isdigit() and other.isdigit() for line in drawn for one, other in pairwise(line))


def test_what_is_solved_is_calm() -> None:
    puzzle, frame = sudoku(), frame_of(sudoku(), SOLVED_4X4, 2, 0.4)
    before = frame_of(sudoku(), UNSOLVED_4X4, 1, 0.4)
    drawn = lines(puzzle, frame, width=40, height=16, previous=before, glyphs=True)
    assert sum(character.isdigit() for character in "".join(drawn)) == 16 and not set("•▁▂▃▄▅▆▇█▏") & set(
        "".join(drawn)
    )
    assert style_at(puzzle, frame, 0, 2) == DARK.style(SOLVED | BOLD)
    assert style_at(puzzle, frame, 0, 0) == DARK.style(GIVEN | BOLD)
    line = grid_strips(MAZE, trace_of_maze(), width=6, height=3)
    assert {part.style.bgcolor for part in line[0] if part.text.strip("S")} >= {DARK.solved.bgcolor}  # type: ignore[union-attr]


def large_maze() -> tuple[Puzzle, Frame]:
    """A 30x30 maze with a wall down column 10 but for one gap, and a path that goes through it."""
    rows = [" " * 10 + "#" + " " * 19] * 30
    rows[20] = " " * 30
    rows[0], rows[29] = "S" + rows[0][1:], rows[29][:-1] + "G"
    puzzle = Puzzle(get("maze"), get("maze").parse("\n".join(rows)), "grid", "large.txt", 1)
    answer = puzzle.kind.solutions(puzzle.question)
    assert answer is not None
    return puzzle, trace_of(puzzle, [puzzle.kind.format(answer[0], "grid")]).runs[0].frames[0]


@pytest.mark.parametrize(
    ("size", "drawn"),
    [((120, 60), (120, 60)), ((100, 50), (90, 45)), ((70, 34), (60, 30)), ((44, 18), (30, 15)), ((40, 9), (15, 8))],
)
@pytest.mark.parametrize("colour", [True, False])
def test_a_large_maze_is_whole_in_cells_as_large_as_can_be(
    size: tuple[int, int], drawn: tuple[int, int], colour: bool
) -> None:
    puzzle, frame = large_maze()
    strips = lines(puzzle, frame, width=size[0], height=size[1], colour=colour)
    assert (len(strips[0]), len(strips)) == drawn
    assert [(letter, "".join(strips).count(letter)) for letter in "SG"] == [("S", 1), ("G", 1)]


def test_half_blocks_show_walls_and_the_path_by_colour_or_by_character() -> None:
    puzzle, frame = large_maze()
    tiling, seen = Tiling.fitting(puzzle, 30, 15), scene(puzzle, frame, solved=False)
    characters, styles = painter_of(tiling).paint(seen)
    assert (characters[2, 10], styles[2, 10]) == (ord(" "), pair(STONE, STONE))
    hottest = HEAT + seen.levels.max()
    path = [tuple(cell) for cell in np.argwhere(seen.tokens == get("maze").vocabulary.index("o"))]
    for row, column in path:
        halves = (styles[row // 2, column] >> 6 & 63, styles[row // 2, column] & 63)
        assert halves[row % 2] == hottest or chr(characters[row // 2, column]) in "SG"
    plain, _ = painter_of(tiling, True, False).paint(seen)
    assert chr(plain[2, 10]) == "⣿" and {chr(plain[row // 2, column]) for row, column in path} <= set("▀▄█SG")


def test_a_line_of_points_joins_the_cells_of_a_path() -> None:
    painter = painter_of(Tiling.of(MAZE, (3, 1.5)), colour=False)
    characters, _ = painter.paint(scene(MAZE, trace_of_maze(), solved=False))
    assert ["".join(map(chr, line)) for line in characters] == [
        " S▄▄▄ ⣿⣿⣿",
        "⣤⣤⣤ █ ⣿⣿⣿",
        "⣿⣿⣿ █ ⣿⣿⣿",
        "    █▄▄G ",
        "         ",
    ]


def test_one_line_a_row_shows_boxes_by_underlining() -> None:
    puzzle = sudoku(QUESTION_9X9)
    tiling = Tiling.fitting(puzzle, 40, 9)
    assert (tiling.height, tiling.ruled) == (9, False)
    characters, styles = painter_of(tiling).paint(scene(puzzle))
    under = (styles & UNDER > 0)[:, [tiling.left(column) for column in range(9)]]
    assert [row.all() for row in under] == [row in (2, 5) for row in range(9)] and under.sum() == 18
    assert all(chr(line[0]) == "│" for line in characters)


def test_without_colour_walls_are_characters_and_a_path_is_a_line() -> None:
    drawn = lines(MAZE, trace_of_maze(), width=6, height=3, colour=False, glyphs=True)
    assert drawn == ["S━┓ ▒▒", "▒▒┃ ▒▒", "  ┗━G "]


def trace_of_maze() -> Frame:
    return trace_of(MAZE, ["So#\n#o#\n oG"]).runs[0].frames[0]


def test_a_maze_has_walls_and_its_path_is_a_line() -> None:
    drawn = lines(MAZE, trace_of_maze(), width=6, height=3)
    assert drawn == ["S━┓   ", "  ┃   ", "  ┗━G "]
    strips = grid_strips(MAZE, None, width=6, height=3)
    assert next(iter(strips[0].crop(4, 5))).style == DARK.style(STONE)


def test_a_path_off_every_shortest_path_is_wrong() -> None:
    truth = get("maze").parse("So#\n#o#\n oG")
    astray = trace_of(MAZE, ["So#\n#o#\nooG"]).runs[0].frames[0]
    assert np.argwhere(scene(MAZE, astray, truth=truth).wrong).tolist() == [[2, 0]]


def test_strips_of_lines_seen_before_are_the_same_objects() -> None:
    painter = Painter(Tiling.fitting(sudoku(), 11, 7))
    cache = StripCache(DARK, 11)
    shown = scene(sudoku(), frame_of(sudoku(), SOLVED_4X4, 1, 0.5))
    first, again = (cache.strips(*painter.paint(shown)) for _ in range(2))
    assert all(one is other for one, other in zip(first, again, strict=True))
    moved = cache.strips(*painter.paint(shown, cursor=(0, 2)))
    assert [one is other for one, other in zip(first, moved, strict=True)].count(False) == 1


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.moves: list[tuple[int, int] | None] = []

    def compose(self) -> ComposeResult:
        yield GridView()

    def on_grid_view_cursor_moved(self, event: GridView.CursorMoved) -> None:
        self.moves.append(event.cell)


def test_arrow_keys_clicks_and_escape_move_the_cursor() -> None:
    async def run() -> None:
        app = Host()
        async with app.run_test(size=(40, 20)) as pilot:
            grid = app.query_one(GridView)
            grid.show(sudoku())
            grid.focus()
            await pilot.press("right", "right", "down", "left", "up", "up")
            assert app.moves == [(0, 2), (0, 3), (1, 3), (1, 2), (0, 2), (3, 2)]
            await pilot.click(GridView, offset=(7, 4))  # tiles of 7 x 3 in the middle: 31 x 15
            assert grid.cursor == (0, 0)
            await pilot.press("escape")
            assert grid.cursor is None

    asyncio.run(run())


def test_a_grid_larger_than_its_widget_scrolls_to_the_cursor() -> None:
    rng = np.random.default_rng(0)
    rows = ["".join("# "[int(free)] for free in row) for row in rng.random((80, 80)) < 0.7]
    rows[0] = "S" + rows[0][1:]
    rows[-1] = rows[-1][:-1] + "G"
    maze = Puzzle(get("maze"), get("maze").parse("\n".join(rows)), "grid")

    async def run() -> None:
        app = Host()
        async with app.run_test(size=(30, 12)) as pilot:
            grid = app.query_one(GridView)
            grid.show(maze)
            await pilot.pause()
            grid.cursor = (79, 79)
            await pilot.pause()
            assert grid.scroll_offset.x > 0 and grid.scroll_offset.y > 0
            text = "".join(strip.text for strip in grid.render_lines(grid.size.region))
            assert "G" in text and "S" not in text
            grid.cursor = (0, 0)
            await pilot.pause()
            assert grid.scroll_offset == (0, 0)

    asyncio.run(run())
