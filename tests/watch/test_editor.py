"""The editor: every key, validation as one types, pasting, and what it gives back."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from puzzlerec.puzzles import KINDS, Puzzle, Verdict, get
from puzzlerec.puzzles.maze.tokens import FREE, GOAL, START, WALL
from puzzlerec.watch.editor import SOURCE, Editor
from puzzlerec.watch.grid import GridView

from ..views.toy import Toy

SUDOKU = Puzzle(get("sudoku-4x4"), get("sudoku-4x4").parse("1.....3....4.2.."))
MAZE = Puzzle(get("maze"), get("maze").parse("S #\n # \n  G"), "grid")


class Host(App[None]):
    def __init__(self, puzzle: Puzzle) -> None:
        super().__init__()
        self.editor = Editor(puzzle)
        self.results: list[Puzzle | None] = []

    def on_mount(self) -> None:
        self.push_screen(self.editor, self.results.append)

    @property
    def grid(self) -> GridView:
        return self.editor.query_one(GridView)

    @property
    def question(self) -> np.ndarray:
        assert self.grid.puzzle is not None
        return self.grid.puzzle.question

    @property
    def verdict(self) -> Verdict:
        return self.editor._verdict

    @property
    def words(self) -> str:
        return str(self.editor.query_one("#verdict", Static).content)


def drive(
    puzzle: Puzzle, steps: Callable[[Pilot[None], Host], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> None:
    async def run() -> None:
        host = Host(puzzle)
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot, host)

    asyncio.run(run())


def test_digits_and_blanks_go_on_and_backspace_goes_back() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("2", "3", "full_stop", "4")
        assert host.question[0].tolist() == [3, 4, 1, 5]
        assert host.grid.cursor == (1, 0)
        await pilot.press("backspace", "backspace")
        assert host.question[0].tolist() == [3, 4, 1, 1] and host.grid.cursor == (0, 2)
        await pilot.press("left", "left", "delete")  # the cursor stays
        assert host.question[0, 0] == 1 and host.grid.cursor == (0, 0)
        await pilot.press("5", "7", "s", "r", "shift+right")  # no digits of a 4x4, and a maze's keys
        assert host.question[0].tolist() == [1, 4, 1, 1]
        await pilot.press("ctrl+z")
        assert host.question[0, 0] == 3
        await pilot.press("u", "u", "u", "u", "u", "u", "u", "u")
        assert np.array_equal(host.question, SUDOKU.question)

    drive(SUDOKU, steps)


def test_a_digit_twice_is_marked_and_refused_until_it_is_gone() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("down", "1")
        assert "cells break column 1" in host.words
        scene = host.grid._scene
        assert scene is not None and scene.offending[0, 0] and scene.offending[1, 0]
        await pilot.press("enter")
        assert host.results == [] and "Only what can be solved" in host.words
        await pilot.press("ctrl+z", "enter")
        await host.workers.wait_for_complete()
        await pilot.pause()
        assert host.results == [SUDOKU]

    drive(SUDOKU, steps)


def test_solutions_are_counted_when_no_more_keys_come() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("n")
        assert "0 givens" in host.words
        await pilot.pause(0.5)
        await host.workers.wait_for_complete()
        assert "several solutions" in host.words
        await pilot.press(*"123434122143")
        await pilot.press("ctrl+s")  # accepting counts at once
        await host.workers.wait_for_complete()
        await pilot.pause()
        (typed,) = host.results
        assert typed is not None and (typed.source, typed.layout) == (SOURCE, "line")
        assert typed.kind.format(typed.question) == "123434122143...."

    drive(SUDOKU, steps)


def test_what_has_no_solution_is_refused() -> None:
    kind = get("sudoku-4x4")
    impossible = Puzzle(kind, kind.parse("12.....3........"))
    worse = impossible.question.copy()
    worse[1, 2] = 5  # 3 and 4 are both missing from the first row, and the second holds both in that box

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("enter")
        await host.workers.wait_for_complete()
        await pilot.pause()
        assert host.results == [] and "there is no solution" in host.words
        await pilot.press("escape")
        assert host.results == [None]

    drive(Puzzle(kind, worse), steps)


def test_walls_start_goal_and_drawing() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        assert "4 moves" in host.words
        await pilot.press("right", "space")
        assert host.question[0, 1] == WALL
        await pilot.press("w", "number_sign")
        assert host.question[0, 1] == WALL
        await pilot.press("shift+down", "shift+down")
        assert host.question[1:, 1].tolist() == [WALL, WALL]
        assert "no path joins S and G" in host.words
        await pilot.press("up", "space", "shift+up")
        assert host.question[:2, 1].tolist() == [FREE, FREE]
        await pilot.press("s")
        assert host.question[0, 1] == START and host.question[0, 0] == FREE
        await pilot.press("right", "g")
        assert host.question[0, 2] == GOAL and (host.question == GOAL).sum() == 1
        await pilot.press("shift+left", "shift+right")
        assert host.question[0].tolist() == [FREE, FREE, FREE]
        assert "there is no S" in host.words
        await pilot.press("1", "backspace")
        assert host.question[0, 2] == FREE

    drive(MAZE, steps)


def test_rows_and_columns_come_and_go() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("r", "c", "c")
        assert host.question.shape == (4, 5)
        assert (host.question[3] == FREE).all() and host.question[2, 2] == GOAL
        await pilot.press("R", "R", "R", "C")
        assert host.question.shape == (2, 4)
        await pilot.press("R")
        assert host.question.shape == (2, 4) and "2 to 200" in host.words
        await pilot.press("u", "u")
        assert host.question.shape == (3, 5)

    drive(MAZE, steps)


def test_kinds_follow_one_another_and_undo_leads_back() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        assert host.grid.puzzle is not None
        kinds = [host.grid.puzzle.kind]
        while kinds[-1] != get("maze"):
            await pilot.press("k")
            kinds.append(host.grid.puzzle.kind)
            assert host.verdict.solved and host.question.shape == (kinds[-1].shape or (9, 9))
        await pilot.press("k", "u")
        assert host.grid.puzzle.kind == get("maze")
        await pilot.press("u")
        assert host.grid.puzzle.kind == kinds[-2]
        await pilot.press("k", "enter")
        await pilot.pause()
        (maze,) = host.results
        assert maze is not None and maze.kind == get("maze") and maze.layout == "grid"
        assert {"sudoku-6x6", "sudoku-16x16", "sudoku-x", "jigsaw"} <= {kind.name for kind in kinds}

    drive(SUDOKU, steps)


def test_sixteen_symbols_have_a_key_each() -> None:
    kind = get("sudoku-16x16")
    assert kind.editing is not None

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("0", "9", "a", "F", "full_stop", "1")
        assert kind.format(host.question)[:7] == "09AF.1."
        assert "5 givens" in host.words

    drive(Puzzle(kind, kind.editing.empty((16, 16))), steps)


def test_regions_of_a_jigsaw_are_drawn_with_shift_and_keep_their_digits() -> None:
    kind = get("jigsaw")
    assert kind.editing is not None

    async def steps(pilot: Pilot[None], host: Host) -> None:
        assert host.words.startswith("Jigsaw Sudoku 9x9") and host.verdict.solved
        await pilot.press("right", "right", "right", "5", "left", "left", "shift+right")
        regions = kind.look.regions(host.question)
        assert regions[0].tolist() == [0, 0, 0, 0, 1, 1, 2, 2, 2]
        assert kind.format(host.question)[3] == "5"
        assert "region a has 10 cells instead of 9" in host.words
        await pilot.press("enter")
        assert host.results == []
        await pilot.press("u")
        assert host.verdict.solved and "Cannot" not in host.words

    drive(Puzzle(kind, kind.editing.empty((9, 9))), steps)


def test_a_kind_that_says_nothing_is_typed_by_its_characters() -> None:
    kind = Toy()

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("a", "b", "backspace", "b")
        assert host.question.tolist() == [[2, 3], [1, 1]]
        await pilot.press("up", "b")
        assert "b stands twice" in host.words
        await pilot.press("u", "enter")
        await pilot.pause()
        assert host.results[0] is not None and kind.format(host.results[0].question) == "ab.."

    drive(Puzzle(kind, kind.parse("....")), steps)


def test_what_cannot_be_edited_is_not_pasted() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        host.copy_to_clipboard("12+345=")
        await pilot.press("ctrl+v")
        assert get("addition").not_edited in host.words.replace("\n", " ")
        assert host.question.shape == (4, 4)

    drive(SUDOKU, steps)


def test_paste_takes_any_form_and_says_what_it_cannot_take() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        host.copy_to_clipboard("S #\n # \n  G")
        await pilot.press("ctrl+v")
        assert np.array_equal(host.question, MAZE.question)
        from textual.events import Paste

        host.grid.post_message(
            Paste("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79")
        )
        await pilot.pause()
        assert host.question.shape == (9, 9) and "30 givens" in host.words
        host.copy_to_clipboard("hello")
        await pilot.press("ctrl+v")
        assert "cannot be pasted" in host.words and host.question.shape == (9, 9)

    drive(SUDOKU, steps)


def test_the_keys_of_the_kind_are_shown_and_a_click_moves() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        keys = host.editor.query_one("#keys", Static)
        text = "\n".join(strip.text for strip in keys.render_lines(keys.size.region))
        assert "1-4" in text and "Wall" not in text
        while host.grid.puzzle is not None and host.grid.puzzle.kind != get("maze"):
            await pilot.press("k")
        text = "\n".join(strip.text for strip in keys.render_lines(keys.size.region))
        assert "Wall" in text and "Row more" in text and "1-4" not in text
        await pilot.click(GridView, offset=(host.grid.size.width // 2, host.grid.size.height // 2))
        assert host.grid.cursor not in (None, (0, 0))

    drive(SUDOKU, steps)


def test_leaving_while_solutions_are_counted() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("enter", "escape")
        await pilot.pause(0.5)
        assert len(host.results) == 1

    drive(SUDOKU, steps)


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.editing])
def test_empty_questions_are_sound(name: str) -> None:
    kind = get(name)
    assert kind.editing is not None
    assert kind.check_question(kind.editing.empty(kind.shape or (5, 7))).solved
