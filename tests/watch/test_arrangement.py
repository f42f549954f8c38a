"""The screen is shared out: the puzzle is whole, and what is around it yields in order."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Footer

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.trace import Trace
from puzzlerec.views.tiling import Tiling
from puzzlerec.watch.arrangement import LINES, PANELS, arrange, share_out
from puzzlerec.watch.context import Side
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.panels import Attempts, Candidates, Curves, Heading, Legend, Title
from puzzlerec.watch.refinement import RefinementScreen

from .conftest import drive, replaying, sudoku, trace_of, until

SUDOKU = Puzzle(get("sudoku"), get("sudoku").parse("." * 81), source="empty")
ROWS = ["S" + " " * 29, *([" " * 30] * 28), " " * 29 + "G"]
MAZE = Puzzle(get("maze"), get("maze").parse("\n".join(ROWS)), "grid")


def room(width: int, height: int, puzzle: Puzzle, **how: bool) -> Tiling:
    """The tiles that the puzzle gets."""
    found = arrange(puzzle, width, height, **how)
    lines = height - 1 - len(found.lines) - found.below
    return Tiling.fitting(puzzle, width - found.beside, lines)


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60), (60, 60), (39, 24), (100, 31)])
@pytest.mark.parametrize("puzzle", [SUDOKU, MAZE, sudoku()])
@pytest.mark.parametrize("zoomed", [False, True])
def test_the_puzzle_is_whole(size: tuple[int, int], puzzle: Puzzle, zoomed: bool) -> None:
    tiling = room(*size, puzzle, panels=not zoomed, zoomed=zoomed)
    found = arrange(puzzle, *size, panels=not zoomed, zoomed=zoomed)
    assert tiling.width <= size[0] - found.beside
    assert tiling.height <= size[1] - 1 - len(found.lines) - found.below


def test_zoom_gives_all_lines_to_the_puzzle() -> None:
    assert room(80, 40, SUDOKU, panels=False, zoomed=True).tile == (7, 3)
    assert arrange(SUDOKU, 80, 40, panels=False, zoomed=True).lines == ()
    assert room(200, 61, MAZE).tile == (3, 1.5) and room(200, 61, MAZE, panels=False, zoomed=True).tile == (4, 2)


def test_lines_yield_in_their_order_and_panels_before_them() -> None:
    heights = range(19, 12, -1)
    found = [arrange(SUDOKU, 39, height) for height in heights]
    assert [one.lines for one in found] == [*(LINES[number:] for number in range(6)), LINES[2:]]
    assert not any(one.beside for one in found)
    assert arrange(SUDOKU, 39, 22).below == 3 and arrange(SUDOKU, 39, 21).below == 0


def test_panels_are_where_the_puzzle_is_larger_or_else_where_they_have_more_room() -> None:
    assert arrange(SUDOKU, 120, 40).beside and arrange(SUDOKU, 60, 50).below
    assert arrange(MAZE, 80, 24).beside == 48
    assert not arrange(SUDOKU, 120, 40, panels=False).beside


def test_a_cursor_puts_candidates_before_curves_where_there_is_room_for_one() -> None:
    shares = [share_out(3, PANELS, columns=3, curves=6, aimed=aimed).lines for aimed in (False, True)]
    assert shares == [{"curves": 3}, {"candidates": 3}]
    shares = [share_out(18, PANELS, columns=2, curves=6, aimed=aimed).lines for aimed in (False, True)]
    assert shares == [{"curves": 9, "candidates": 1, "attempts": 3}, {"curves": 9, "candidates": 4, "attempts": 3}]
    assert share_out(18, ("curves",), columns=2, curves=6, aimed=False).lines == {"curves": 18}
    assert share_out(7, PANELS, columns=2, curves=6, aimed=False).rows == 2


def large() -> Trace:
    return trace_of(MAZE, ["\n".join(ROWS)] * 2)


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
def test_a_large_maze_is_seen_from_start_to_goal(size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.pause()
        for _ in range(2):
            grid = screen.lanes[0].grid
            shown = "".join(strip.text for strip in grid.render_lines(grid.size.region))
            assert shown.count("S") == shown.count("G") == 1
            assert grid.max_scroll_x == grid.max_scroll_y == 0
            await pilot.resize_terminal(30, 50)
            await pilot.resize_terminal(*size)
            await pilot.pause()

    drive(replaying(large()), steps, size)


def test_two_sides_are_fitted_anew_after_a_resize() -> None:
    app = replaying(large())
    app.context.second = Side(None, {})

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await until(pilot, lambda: len(screen.lanes) == 2)
        for size, tile in (((120, 40), (1, 1)), ((200, 60), (3, 1.5)), ((80, 24), (1, 0.5)), ((64, 12), (0.5, 0.25))):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            for lane in screen.lanes:
                assert lane.grid.tile == tile and lane.grid.max_scroll_x == lane.grid.max_scroll_y == 0

    drive(app, steps)


def test_zoom_and_hidden_panels(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        around = (Heading, Title, Legend, Footer, Curves, Candidates, Attempts)

        def shown() -> set[type]:
            return {kind for kind in around if all(node.display for node in screen.query_one(kind).ancestors_with_self)}

        assert shown() == set(around)
        await pilot.press("z")
        assert shown() == set() and screen.query_one(GridView).display
        await pilot.press("z")
        assert shown() == set(around)
        await pilot.press("1", "3")
        assert shown() == set(around) - {Curves, Attempts} and screen.context.memory.hidden == ["curves", "attempts"]
        await pilot.press("2")
        assert not screen.query_one(".side").display
        await pilot.press("1", "2", "3")
        assert shown() == set(around)

    drive(replaying(trace), steps)
