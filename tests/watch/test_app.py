"""The app from its keyboard: what each key does, and what is on the screen then."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import sys
from functools import partial
from pathlib import Path

import pytest
from textual import events
from textual.binding import Binding
from textual.pilot import Pilot
from textual.widgets import Input, Label, OptionList

from puzzlerec.device import choose_device
from puzzlerec.files import HDF5
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.trace import Trace, load
from puzzlerec.solving.trace import save as save_trace
from puzzlerec.watch.app import SCREENS, Watch
from puzzlerec.watch.context import Side
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.dialogs.help import Help, bindings
from puzzlerec.watch.dialogs.saving import SaveAs
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.opening import Open
from puzzlerec.watch.panels import Attempts
from puzzlerec.watch.player import Player
from puzzlerec.watch.refinement import RefinementScreen
from puzzlerec.watch.timeline import Timeline
from puzzlerec.watch.training import TrainingScreen

from .conftest import QUESTION_4X4, SOLVED_4X4, drive, replaying, sudoku, trace_of, until


def second_options(screen: RefinementScreen) -> object:
    job = screen.lanes[1].job
    return job.options if job else None


def text_of(screen: RefinementScreen, selector: str) -> str:
    widget = screen.query(selector).first()
    return "\n".join(strip.text for strip in widget.render_lines(widget.size.region))


@pytest.fixture
def solving(shipped: Path) -> Watch:
    """Two puzzles, and a small model that has to solve them."""
    puzzles = [sudoku(), sudoku(SOLVED_4X4[:12] + "....", line=2)]
    return Watch(puzzles, model=str(shipped / "sudoku-4x4"), device="cpu", memory=Memory())


def test_a_model_solves_while_the_screen_shows_it(solving: Watch) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        lane = screen.lanes[0]
        await until(pilot, lambda: lane.job is not None and lane.job.state == "done")
        await until(pilot, lambda: screen.player.position == lane.length - 1 >= 0)
        await until(pilot, lambda: "solved" in text_of(screen, "Title"))
        assert "sudoku-4x4" in text_of(screen, "Title") and "easy.sdm:1" in text_of(screen, "Heading")
        assert screen.query(Curve).first()._series
        await until(pilot, lambda: lane.truth is not None)

    drive(solving, steps)


def test_playing_stepping_and_seeking(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Player, "advance", lambda self: False)  # on a busy machine it would have played to the end

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        player = screen.player
        assert player.playing and player.length == 7
        await pilot.press("space")
        assert not player.playing
        await pilot.press("end")
        assert player.position == 6
        await pilot.press("comma")
        assert player.position == 5
        await pilot.press("comma", "comma", "full_stop")
        assert player.position == 4
        await pilot.press("home")
        assert player.position == 0
        await pilot.press("end", "space")
        assert player.playing and player.position == 0

    drive(replaying(trace), steps)


def test_what_is_shown_follows_the_position(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("end")
        await pilot.pause()
        assert "step 3 of 4 · solved · attempt 2: pin r1c2=3" in text_of(screen, "Timeline")
        assert "✓ solved at attempt 2" in text_of(screen, "Title")
        attempts = text_of(screen, "Attempts").splitlines()
        assert attempts[0].startswith("attempts  2 of at most 8")
        assert "✗" in attempts[1] and "▸" in attempts[2] and "solved ✓" in attempts[2]
        await pilot.press("home")
        await pilot.pause()
        assert "step 1 of 4" in text_of(screen, "Timeline") and "0/4" in text_of(screen, "Attempts")
        assert "!" in text_of(screen, "GridView")

    drive(replaying(trace), steps)


def test_speed_goes_up_and_down_and_is_remembered(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("plus", "equals_sign", "minus")
        assert screen.player.speed == screen.context.memory.speed == 8

    drive(replaying(trace), steps)


def test_attempts_are_chosen_with_brackets_and_clicks() -> None:
    trace = trace_of(sudoku(), [SOLVED_4X4], [SOLVED_4X4], [SOLVED_4X4] * 3, ["1233341221434321"] * 3)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        lane = screen.lanes[0]
        await pilot.press("end")
        assert lane.shown(screen.player.position) == 3
        await pilot.press("right_square_bracket")
        assert lane.shown(screen.player.position) == 4
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert lane.shown(screen.player.position) == 2
        await pilot.click(Attempts, offset=(6, 1))
        assert lane.shown(screen.player.position) == 1
        await pilot.click(Attempts, offset=(6, 4))
        assert lane.shown(screen.player.position) == 4

    drive(replaying(trace), steps)


def test_end_puts_the_mark_at_the_end_and_home_at_the_start(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        for key, place in (("end", -1), ("home", 0)):
            await pilot.press(key)
            await pilot.pause()
            timeline = screen.query_one(Timeline)
            assert timeline.render_line(1).text[place] == "●"
            assert ("· solved" in timeline.render_line(0).text) == (key == "end")

    drive(replaying(trace), steps)


def test_the_device_is_named_once_it_is_chosen(shipped: Path) -> None:
    app = Watch([sudoku()], model=str(shipped / "sudoku-4x4"), device="auto", memory=Memory())

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await until(pilot, lambda: str(choose_device("auto")) in text_of(screen, "Heading"))
        assert "auto" not in text_of(screen, "Heading")

    drive(app, steps)


def test_leaving_gives_up_what_is_computed(solving: Watch) -> None:
    solving.context.options |= {"attempts": 4096, "early": False}

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        job = screen.lanes[0].job
        assert job is not None
        await pilot.press("q")
        await until(pilot, lambda: job.cancelled)

    drive(solving, steps)


def test_the_mouse_scrubs_in_the_timeline_and_in_the_curves(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        timeline = screen.query_one(Timeline)
        await pilot.click(Timeline, offset=(timeline.size.width // 2, 1))
        assert screen.player.position == 3
        await pilot.click(Curve, offset=(0, 2))
        assert screen.player.position == 0
        timeline.focus()
        await pilot.press("right", "right", "left", "pagedown")
        assert screen.player.position == 6
        await pilot.press("pageup")
        assert screen.player.position == 0

    drive(replaying(trace), steps)


def curves(screen: RefinementScreen) -> dict[str, str]:
    """The value at the mark by the name of its curve, of those that can be seen."""
    shown = [curve for curve in screen.query(Curve) if curve.display]
    return {curve.label: curve.render_line(0).text.removeprefix(curve.label).strip() for curve in shown}


def test_curves_tell_what_a_sudoku_has_left_to_decide(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await until(pilot, lambda: screen.lanes[0].truth is not None)
        await pilot.press("end")
        await pilot.pause()
        assert list(curves(screen).items())[:4] == [
            ("open candidates", "30"),  # the model is sure of none
            ("violations", "0"),
            ("halt probability", "0.75"),
            ("wrong cells", "0"),
        ]
        await pilot.press("home")
        await pilot.pause()
        assert (curves(screen)["violations"], curves(screen)["wrong cells"]) == ("3", "1")

    drive(replaying(trace), steps)


def test_curves_tell_how_much_of_a_path_is_missing() -> None:
    kind = get("maze")
    puzzle = Puzzle(kind, kind.parse("S  \n # \n  G"), "grid")

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        for key, missing in (("home", "3"), ("full_stop", "1"), ("end", "0")):
            await pilot.press(key)
            await pilot.pause()
            assert curves(screen)["path cells missing"] == missing
        assert "first moves known" not in curves(screen)  # the model says nothing of them
        assert "wrong cells" not in curves(screen)  # there is more than one right path

    drive(replaying(trace_of(puzzle, ["S  \n # \n  G", "So \n #o\n  G", "Soo\n #o\n  G"])), steps)


def test_the_cursor_shows_a_cells_candidates_and_how_they_moved(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("end", "right", "right")
        await pilot.pause()
        shown = text_of(screen, "Candidates").splitlines()
        assert shown[0].startswith("row 1, column 4") and shown[1].startswith("4 ") and "0.750" in shown[1]
        await pilot.press("left", "left")
        await pilot.pause()
        assert "given: 2" in text_of(screen, "Candidates")
        await pilot.press("escape")
        await pilot.pause()
        assert "arrow keys" in text_of(screen, "Candidates")

    drive(replaying(trace), steps)


def test_next_and_previous_puzzle(solving: Watch) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("n")
        assert screen.index == 1
        await until(pilot, lambda: "2 of 2" in text_of(screen, "Heading"))
        await pilot.press("n")
        assert screen.index == 0
        await pilot.press("p")
        assert screen.index == 1 and screen.context.memory.line == 2

    drive(solving, steps)


def test_heat_glyphs_and_marks_are_switched_and_remembered(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        grid, memory = screen.lanes[0].grid, screen.context.memory
        await pilot.press("h", "v", "t")
        assert not grid.heat and grid.glyphs and not screen.lanes[0].marks_wrong
        assert (memory.heat, memory.glyphs, memory.exact) == (False, True, False)
        await pilot.press("h", "v", "t")
        assert grid.heat and not grid.glyphs and screen.lanes[0].marks_wrong

    drive(replaying(trace), steps)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("o", "OpenFile"),
        ("e", "Editor"),
        ("g", "Generate"),
        ("m", "ChooseModel"),
        ("c", "ChooseModel"),
        ("s", "RunSettings"),
        ("x", "SaveAs"),
        ("w", "SaveAs"),
        ("r", "SaveAs"),
        ("question_mark", "Help"),
        ("f1", "Help"),
        ("ctrl+p", "CommandPalette"),
    ],
)
def test_keys_that_open_something(trace: Trace, key: str, name: str) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press(key)
        await until(pilot, lambda: type(pilot.app.screen).__name__ == name)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)

    drive(replaying(trace), steps)


def test_a_folder_is_no_file_to_write(trace: Trace, tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveAs))
        dialog = pilot.app.screen
        for text in ("", str(tmp_path)):
            dialog.query_one(Input).value = text
            await pilot.press("enter", "enter")
            assert "is a folder" in str(dialog.query_one("#problem", Label).content)
        dialog.query_one(Input).value = "~nobody-by-this-name/x.h5"
        await pilot.press("enter")
        assert "cannot be written" in str(dialog.query_one("#problem", Label).content)

    drive(replaying(trace), steps)


def test_two_models_side_by_side_run_in_step_and_share_the_cursor(solving: Watch) -> None:
    context = solving.context
    context.second = Side(context.model, {"attempts": 1, "steps": 1, "early": False})

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await until(pilot, lambda: len(screen.lanes) == 2 and screen.lanes[1].length == 1)
        first, second = screen.lanes
        assert second_options(screen) == {"attempts": 1, "steps": 1, "early": False}
        await until(pilot, lambda: first.length > 0)
        await pilot.press("right")
        await pilot.pause()
        assert first.grid.cursor == second.grid.cursor == (0, 2)
        second.grid.focus()
        await pilot.pause()
        assert screen.lane is second
        await pilot.press("n")
        await until(pilot, lambda: second.job is not None and second.job.puzzle is screen.puzzles[1])
        await pilot.press("c")
        await until(pilot, lambda: len(screen.lanes) == 1)

    drive(solving, steps)


def test_solving_again_computes_a_trace_anew(shipped: Path, trace: Trace) -> None:
    app = Watch(traces=[trace], model=str(shipped / "sudoku-4x4"), device="cpu", memory=Memory())

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("a")
        lane = screen.lanes[0]
        await until(pilot, lambda: lane.job is not None and lane.job.state == "done")
        assert lane.recording is not None and lane.recording.model == "sudoku-4x4"

    drive(app, steps)


def test_saving_a_trace_a_picture_and_a_film(trace: Trace, steady: Path) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        for key, name in (("w", "easy-1.h5"), ("x", "easy-1.svg"), ("r", "easy-1.cast")):
            await pilot.press(key)
            await until(pilot, lambda: bool(pilot.app.screen.query(Input)))
            assert pilot.app.screen.query_one(Input).value == name
            await pilot.press("enter")
            await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("w")
        await until(pilot, lambda: bool(pilot.app.screen.query(Input)))
        await pilot.press("enter")
        await pilot.pause()
        assert pilot.app.screen is not screen  # asks before it replaces a file
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)

    drive(replaying(trace), steps)
    assert [len(run.frames) for run in load(steady / "easy-1.h5")[0].runs] == [4, 3]
    assert (steady / "easy-1.svg").read_text().startswith("<svg")
    assert '"version": 2' in (steady / "easy-1.cast").read_text().splitlines()[0]
    assert sorted(path.name for path in steady.glob("*easy*")) == ["easy-1.cast", "easy-1.h5", "easy-1.svg"]


def test_opening_files_traces_and_what_is_neither(trace: Trace, steady: Path) -> None:
    save_trace(steady / "it.h5", [trace])
    (steady / "two.sdm").write_text("12..34..2...4...\n\n1234341221434...\nnonsense\n")
    (steady / "bad.txt").write_text("nothing of the kind\n")
    (steady / "bad.h5").write_bytes(HDF5 + b"rubbish")
    save_trace(steady / "empty.h5", [])

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        async def opened(name: str) -> None:
            screen.post_message(Open(steady / name))
            await pilot.pause()

        await opened("two.sdm")
        assert len(screen.puzzles) == 2 and not screen.traces
        await opened("it.h5")
        assert len(screen.puzzles) == 1 and screen.lanes[0].length == 7
        before = screen.puzzles
        for name in ("bad.txt", "none.txt", "bad.h5", "empty.h5", ".", "[bold"):
            await opened(name)
        assert screen.puzzles is before
        assert len(screen.app._notifications) == 7

    drive(replaying(trace), steps)


def test_opening_the_folder_of_a_run(trace: Trace, steady: Path) -> None:
    (steady / "run").mkdir()
    (steady / "run" / "metrics.jsonl").write_text("")

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        screen.post_message(Open(steady / "run"))
        await until(pilot, lambda: isinstance(pilot.app.screen, TrainingScreen))

    drive(replaying(trace), steps)


def test_help_and_commands_come_from_the_bindings(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        known = {binding.description for _, keys in bindings(screen) for binding, _ in keys}
        declared = [
            binding.description
            for kind in (RefinementScreen, GridView, Timeline, Watch)
            for binding in Binding.make_bindings(kind.BINDINGS)
        ]
        assert known == set(declared)
        commands = {command.title for command in screen.app.get_system_commands(screen)}
        assert commands >= known - {"Commands"} and "Theme" in commands
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, Help))
        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app.screen is screen)

    drive(replaying(trace), steps)


def test_a_command_does_what_its_key_does(trace: Trace) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        commands = {command.title: command.callback for command in screen.app.get_system_commands(screen)}
        await commands["Last step"]()  # type: ignore[misc]
        assert screen.player.position == 6

    drive(replaying(trace), steps)


@pytest.mark.parametrize("key", ["q", "ctrl+q"])
def test_quitting(trace: Trace, key: str) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press(key)
        await until(pilot, lambda: not pilot.app.is_running)

    drive(replaying(trace), steps)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (200, 60)])
def test_every_size_and_a_resize(trace: Trace, size: tuple[int, int]) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("end")
        for width, height in ((120, 40), size, (20, 8), size):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
        grid = screen.lanes[0].grid
        assert grid.size.height >= 3 and "│" in text_of(screen, "GridView")
        assert screen.query_one(Timeline).region.bottom <= size[1]

    drive(replaying(trace), steps, size)


def test_themes_and_no_colour(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        assert screen.lanes[0].grid.glyphs  # the heat is to be seen without colour
        for theme in ("puzzlerec-light", "textual-dark", "nord"):
            pilot.app.theme = theme
            await pilot.pause()
        assert screen.context.memory.theme == "nord"

    drive(replaying(trace), steps)


def test_memory_survives_what_is_damaged(steady: Path) -> None:
    path = steady / "watch.json"
    memory = Memory(speed=16, theme="nord", models={"maze": "mine"})
    memory.remember(sudoku())
    memory.save(path)
    again = Memory.load(path)
    assert again == memory
    puzzle = again.recall()
    assert puzzle is not None and (puzzle.question == sudoku().question).all() and puzzle.line == 1
    path.write_text('{"speed": "fast", "heat": false, "kind": "sudoku", "puzzle": "12"}')
    damaged = Memory.load(path)
    assert damaged.speed == 4 and not damaged.heat and damaged.recall() is None
    path.write_text("[1")
    assert Memory.load(path) == Memory()
    assert Memory.load(steady / "none.json") == Memory()


def test_nothing_to_watch_is_the_last_puzzle_or_an_example() -> None:
    memory = Memory()
    assert Watch(memory=memory, device="cpu")._puzzles[0].source == "example"
    memory.remember(sudoku())
    assert Watch(memory=memory, device="cpu")._puzzles[0].line == 1


def test_the_keys_are_all_different() -> None:
    keys = [binding.key for kind in (RefinementScreen, Watch) for binding in Binding.make_bindings(kind.BINDINGS)]
    assert len(keys) == len(set(keys))


def test_a_disk_that_is_full_is_told_in_the_dialog(
    trace: Trace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("puzzlerec.hdf5._Sink.check", full)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("w")
        await until(pilot, lambda: isinstance(pilot.app.screen, SaveAs))
        problem = partial(pilot.app.screen.query_one, "#problem", Label)
        pilot.app.screen.query_one(Input).value = str(tmp_path / "a.h5")
        await pilot.press("enter")
        await until(pilot, lambda: "cannot be written: No space left" in str(problem().render()))
        assert isinstance(pilot.app.screen, SaveAs) and not list(tmp_path.iterdir())

    drive(replaying(trace), steps)


@pytest.mark.parametrize("opened", ["", "w", "question_mark"])
def test_ctrl_c_quits_with_130_wherever_one_is(trace: Trace, opened: str) -> None:
    app = replaying(trace)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        if opened:
            await pilot.press(opened)
            await until(pilot, lambda: pilot.app.screen is not screen)
        await pilot.press("ctrl+c")
        await until(pilot, lambda: pilot.app.return_code == 130)

    drive(app, steps)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.usefixtures("in_the_foreground")
def test_signals_end_the_app_and_not_the_terminal(trace: Trace, name: str) -> None:
    app = replaying(trace)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        signal.raise_signal(getattr(signal, name))
        await until(pilot, lambda: pilot.app.return_code == 128 + getattr(signal, name))

    drive(app, steps)


def test_an_error_of_the_keyboards_thread_is_no_success(trace: Trace) -> None:
    app = replaying(trace)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        assert not app.failed
        app.panic("it went wrong")

    drive(app, steps)
    assert app.failed


def test_puzzles_are_pasted_and_what_is_none_is_said(solving: Watch) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        pilot.app.post_message(events.Paste("S  \n # \n  G\n"))
        await until(pilot, lambda: screen.puzzle.kind.name == "maze")
        assert screen.puzzle.source == "pasted" and "pasted:1" in text_of(screen, "Heading")
        pilot.app.copy_to_clipboard(f"{QUESTION_4X4}\n{SOLVED_4X4[:12]}....\n")
        await pilot.press("ctrl+v")
        assert [puzzle.kind.name for puzzle in screen.puzzles] == ["sudoku-4x4"] * 2
        pilot.app.post_message(events.Paste("good morning"))
        await until(pilot, lambda: any("cannot be pasted" in str(note.message) for note in pilot.app._notifications))
        assert len(screen.puzzles) == 2

    drive(solving, steps)


def test_the_list_knows_what_was_solved_and_solves_the_rest(solving: Watch) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await until(pilot, lambda: screen.outcomes == {0: True})
        await pilot.press("l", "f5")
        await until(pilot, lambda: screen.outcomes == {0: True, 1: True})
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: "✓" in str(options.get_option_at_index(1).prompt))
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen.index == 1)

    drive(solving, steps)


def test_without_anything_to_watch_it_is_asked(tmp_path: Path) -> None:
    memory = Memory()
    memory.remember(sudoku())
    app = Watch(device="cpu", memory=memory, model="none")

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("escape", "b", "down", "enter")
        await until(pilot, lambda: "hard.sdm" in screen.puzzle.source)
        await pilot.press("b", "end", "up", "enter")
        await until(pilot, lambda: type(pilot.app.screen).__name__ == "Editor")

    async def run() -> None:
        async with app.run_test() as pilot:
            await until(pilot, lambda: type(app.screen).__name__ == "Start")
            screen = app.screen_stack[0]
            assert isinstance(screen, RefinementScreen)
            await steps(pilot, screen)

    asyncio.run(run())


def test_keys_and_themes_of_ones_own(trace: Trace) -> None:
    app = replaying(trace)
    app.suit(
        "mine", {"mine": {"primary": "#aa3355", "dark": True}}, {"first": "f", "step-back": "ctrl+b, n", "last": "?"}
    )

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        assert app.current_theme.primary == "#aa3355"
        await pilot.press("space", "question_mark")
        assert screen.player.position == 6
        await pilot.press("n")
        assert screen.player.position == 5
        await pilot.press("ctrl+b", "comma")
        assert screen.player.position == 4  # the key that it had before does nothing
        await pilot.press("f")
        assert screen.player.position == 0
        known = {binding.description: names for binding, names in next(bindings(screen))[1]}
        assert known["Step back"] == ["^b", "n"] and known["Last step"] == ["?"] and "Next puzzle" not in known

    drive(app, steps)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"theme": "puzlerec"}, "Did you mean 'puzzlerec'?"),
        ({"keys": {"step_back": "x"}}, "Did you mean 'step-back'?"),
        ({"keys": {"zzz": "x"}}, "There are again, all-runs"),
    ],
)
def test_themes_and_actions_that_there_are_not(trace: Trace, wish: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        replaying(trace).suit(**wish)  # type: ignore[arg-type]


def test_all_actions_that_have_keys_have_names_too() -> None:
    for one in SCREENS:
        for binding in Binding.make_bindings(one.BINDINGS):
            assert binding.id or binding.system or not binding.description, (one, binding)


def test_the_document_names_all_actions_and_no_others() -> None:
    document = (Path(__file__).parents[2] / "docs" / "watching.md").read_text("utf-8")
    named = set(re.findall(r"`([a-z0-9-]+)`", document.partition("Of an answer forming:")[2].partition("## Films")[0]))
    assert named == {binding.id for one in SCREENS for binding in Binding.make_bindings(one.BINDINGS) if binding.id}


def test_the_screen_is_saved_as_it_is_and_loads_nothing(trace: Trace, steady: Path) -> None:
    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        await pilot.press("end", "ctrl+s")
        await until(pilot, lambda: bool(pilot.app.screen.query(Input)))
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.screen is screen)

    drive(replaying(trace), steps)
    saved = (steady / "puzzlerec.svg").read_text()
    assert saved.startswith("<svg") and "solved" in saved and "url(http" not in saved and "@font-face" not in saved
