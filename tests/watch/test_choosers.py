"""The dialogs that choose: every key, what they give back, and what they say of wrong wishes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Checkbox, DirectoryTree, Input, Label, LoadingIndicator, OptionList

from puzzlerec.models import build, checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.puzzles import KINDS, Puzzle, PuzzleError, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.watch.dialogs import generate
from puzzlerec.watch.dialogs.files import OpenFile, PathSuggester
from puzzlerec.watch.dialogs.generate import Generate
from puzzlerec.watch.dialogs.model import ChooseModel
from puzzlerec.watch.dialogs.puzzles import ChoosePuzzle
from puzzlerec.watch.dialogs.settings import RunSettings
from puzzlerec.watch.dialogs.start import Start
from puzzlerec.watch.making import make

SUDOKU, SMALL, MAZE = get("sudoku"), get("sudoku-4x4"), get("maze")


class Host(App[None]):
    def __init__(self, dialog: Screen[Any]) -> None:
        super().__init__()
        self.dialog = dialog
        self.results: list[Any] = []

    def on_mount(self) -> None:
        self.push_screen(self.dialog, self.results.append)

    @property
    def problem(self) -> str:
        return str(self.dialog.query_one("#problem", Label).content)


Steps = Callable[[Pilot[None], Host], Awaitable[None]]


def drive(dialog: Screen[Any], steps: Steps, size: tuple[int, int] = (80, 24)) -> list[Any]:
    """What the dialog gave back."""
    host = Host(dialog)

    async def run() -> None:
        async with host.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot, host)

    asyncio.run(run())
    return host.results


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    for _ in range(1000):
        if true():
            return
        await pilot.pause(0.02)
    raise AssertionError("nothing came")


async def press_escape(pilot: Pilot[None], host: Host) -> None:
    await pilot.press("escape")


@pytest.mark.parametrize(
    "dialog",
    [OpenFile, lambda: ChooseModel(SUDOKU), Generate, lambda: RunSettings(SolveSettings()), lambda: Start(None)],
)
def test_escape_leaves_without_a_result(dialog: Callable[[], Screen[Any]]) -> None:
    assert drive(dialog(), press_escape, (40, 12)) == [None]


# ---- a file


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("puzzles", "puzzles/deeper", "run", ".hidden"):
        (tmp_path / folder).mkdir()
    (tmp_path / "puzzles" / "hard.sdm").write_text("x")
    (tmp_path / "run" / "metrics.jsonl").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_typed_path_with_completion(files: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press(*"pu")
        await pilot.pause(0.1)
        await pilot.press("right", *"ha")
        await pilot.pause(0.1)
        await pilot.press("right", "enter")

    assert drive(OpenFile(), steps) == [Path("puzzles/hard.sdm")]


def test_a_path_that_is_not_there_is_named_and_a_folder_is_shown(files: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        field = host.dialog.query_one(Input)
        field.value = "puzzles/easy.sdm"
        await pilot.press("enter")
        assert host.problem == "There is no easy.sdm in puzzles."
        field.value = "nowhere/easy.sdm"
        await pilot.pause()
        assert host.problem == ""
        await pilot.press("enter")
        assert "There is no" in host.problem
        field.value = "~nobody-by-this-name/x"
        await pilot.press("enter")
        assert "There is no ~nobody-by-this-name" in host.problem
        field.value = "puzzles"
        await pilot.press("enter")
        tree = host.dialog.query_one(DirectoryTree)
        assert tree.path == files / "puzzles" and tree.has_focus
        field.focus()
        field.value = "run"
        await pilot.press("enter")

    assert drive(OpenFile(), steps) == [Path("run")]


def test_the_tree_gives_files_and_runs_and_goes_up(files: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        tree = host.dialog.query_one(DirectoryTree)
        await pilot.press("tab")
        assert tree.has_focus
        await until(pilot, lambda: len(tree.root.children) == 2)  # nothing hidden
        await pilot.press("ctrl+u")
        assert tree.path == files
        await until(pilot, lambda: [str(node.label) for node in tree.root.children] == ["puzzles", "run"])
        await pilot.press("down", "down", "enter")

    assert drive(OpenFile(files / "puzzles"), steps) == [files / "run"]


@pytest.mark.parametrize(
    ("typed", "whole"),
    [("pu", "puzzles/"), ("puzzles/", "puzzles/deeper/"), ("puzzles/h", "puzzles/hard.sdm"), ("x", None), ("", None),
     (".h", ".hidden/"), ("nowhere/x", None), ("~nobody-by-this-name/x", None)],
)  # fmt: skip
def test_completion(files: Path, typed: str, whole: str | None) -> None:
    assert asyncio.run(PathSuggester().get_suggestion(typed)) == whole


# ---- a model


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two models for small mazes, one for Sudokus and a damaged one."""
    maze = TRMConfig(puzzle="maze", vocabulary=6, grid=(6, 6), mixer="attention", width=8, heads=2, layers=1)
    sudoku = TRMConfig(puzzle="sudoku", vocabulary=11, grid=(9, 9), mixer="mlp", width=8, heads=2, layers=1)
    for name, config in (("first", maze), ("second", maze), ("other", sudoku)):
        checkpoint.save(build(config), tmp_path / name, "card")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "config.json").write_text("{")
    monkeypatch.setattr(checkpoint, "SHIPPED", (tmp_path,))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_models_that_fit_are_listed_and_the_one_in_use_is_highlighted(models: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        options = host.dialog.query_one(OptionList)
        await until(pilot, lambda: options.option_count)
        assert [option.id for option in options.options] == ["first", "second"]
        assert options.highlighted == 1
        assert "broken" in host.problem
        await pilot.press("up", "enter")

    assert drive(ChooseModel(MAZE, (5, 6), "second"), steps) == ["first"]


def test_a_model_by_its_path_must_fit(models: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await until(pilot, lambda: "no model for maze" in host.problem)
        field = host.dialog.query_one(Input)
        assert field.has_focus
        for path, fault in (("first", "at most 6x6 cells, this puzzle has 7x7"), ("other", "solves sudoku, not maze"),
                            ("nothing", "No model is called")):  # fmt: skip
            field.value = path
            await pilot.press("enter")
            assert fault in host.problem
        host.dialog._shape = (6, 6)  # type: ignore[attr-defined]
        field.value = str(models / "first")
        await pilot.press("enter")

    assert drive(ChooseModel(MAZE, (7, 7)), steps) == [str(models / "first")]


# ---- a puzzle to generate


class Made:
    """In place of `make`: two puzzles come each time once the gate is open; none for ``maze-3x3``."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.gate = True

    async def __call__(self, name: str, settings: dict[str, Any], seed: int) -> list[Puzzle]:
        self.asked.append((name, settings))
        if name == "maze-3x3":
            raise PuzzleError("Mazes are generated in sizes from 4 to 62, not 3.")
        while not self.gate:
            await asyncio.sleep(0.01)
        return [Puzzle(SMALL, SMALL.parse("." * 16)) for _ in range(2)]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    instead = Made()
    monkeypatch.setattr(generate, "make", instead)
    monkeypatch.setattr(Generate, "_stock", {})
    return instead


def test_a_difficulty_is_asked_for_and_the_rest_of_a_chunk_is_kept(made: Made) -> None:
    made.gate = False

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("down", "down", "down", "enter")
        assert host.dialog.query_one(LoadingIndicator).display
        made.gate = True
        await until(pilot, lambda: host.results)
        assert host.results[0].source == "generated: Sudoku 9x9, extreme"
        for _ in range(2):
            host.push_screen(Generate(SUDOKU), host.results.append)
            await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: len(host.results) == 3)

    drive(Generate(SUDOKU), steps)
    wanted = {"plain": 0.0, "few": 0.0, "hard": 0.0, "extreme": 1.0}
    assert made.asked == [("sudoku", wanted)] * 2  # the second puzzle was in stock


def test_a_maze_of_a_size_and_length(made: Made) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        options = host.dialog.query_one(OptionList)
        assert options.highlighted == 9
        await pilot.press("up", "tab", "backspace", "backspace", "3", "enter")
        await until(pilot, lambda: "sizes from 4 to 62" in host.problem)
        assert options.highlighted == 9  # whoever types a size wants a maze
        assert not host.dialog.query_one(LoadingIndicator).display
        await pilot.press("backspace", "1", "2", "tab", "2", "5")
        assert host.problem == ""
        await pilot.press("enter")
        await until(pilot, lambda: host.results)

    (puzzle,) = drive(Generate(MAZE), steps)
    assert puzzle.source == "generated: Maze 12x12, 25 moves or more"
    assert made.asked[1:] == [("maze-12x12", {"moves": 25})]


def test_mazes_of_all_kinds_share_the_fields_of_size_and_length(made: Made) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        assert len(host.dialog.query(generate.Fields)) == 1
        await pilot.press("down", "down", "tab", "backspace", "backspace", "3", "1", "enter")
        await until(pilot, lambda: host.results)

    (puzzle,) = drive(Generate(MAZE), steps)
    assert puzzle.source == "generated: Maze 31x31, depth-first"
    assert made.asked == [("maze-31x31", {"kind": "depth-first"})]


def test_every_kind_that_has_a_generator_is_offered_and_no_other() -> None:
    assert set(generate.choices()) == {name for name, kind in KINDS.items() if kind.generator() is not None}


def test_escape_stops_the_making(made: Made) -> None:
    made.gate = False

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: made.asked)
        await pilot.press("escape")
        made.gate = True
        await pilot.pause(0.1)

    assert drive(Generate(SMALL), steps) == [None]
    assert Generate._stock == {("sudoku-4x4", "Sudoku 4x4"): []}


def test_a_process_makes_puzzles_that_depend_on_the_seed() -> None:
    async def both() -> tuple[list[Puzzle], list[Puzzle]]:
        return await make("sudoku-4x4", {}, 1), await make("sudoku-4x4", {}, 1)

    first, second = asyncio.run(both())
    texts = [[SMALL.format(puzzle.question) for puzzle in puzzles] for puzzles in (first, second)]
    assert texts[0] == texts[1] and len(set(texts[0])) > 1
    assert all(SMALL.check_question(puzzle.question).solved for puzzle in first)


def test_a_process_says_what_it_cannot_make() -> None:
    with pytest.raises(PuzzleError, match="too rare here; ask for 20 or fewer"):
        asyncio.run(make("maze-9x9", {"moves": 70}, 1))


def test_a_process_says_what_it_has_not_found() -> None:
    with pytest.raises(PuzzleError, match="Of 500 open mazes of 9x9 none"):
        asyncio.run(make("maze-9x9", {"kind": "open", "moves": 40}, 1))


def test_cancelling_kills_the_process() -> None:
    async def cancelled() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(make("maze-30x30", {"moves": 225}, 1), 1.0)  # would take hours

    asyncio.run(cancelled())


# ---- how to solve


def test_settings_are_read_from_the_fields() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("8", "tab", "end", "backspace", "backspace", "5", "tab", "tab")
        await pilot.press(*"vo", "right", "tab", "space", "tab", "space", "ctrl+s")

    (settings,) = drive(RunSettings(SolveSettings(attempts=64, batch=16)), steps)
    assert settings == SolveSettings(steps=8, attempts=5, strategy="votes", early=False, exact=True, batch=16)


def test_numbers_are_checked_as_they_are_typed_and_enter_accepts() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        attempts = host.dialog.query_one("#attempts", Input)
        for text, given in (("0", "not 0"), ("", "not empty"), ("-", "not -"), ("999999", "not 999999")):
            attempts.value = text
            await pilot.pause()
            assert "Attempts must be a number from 1 to 100,000" in host.problem and given in host.problem
        attempts.focus()
        await pilot.press("enter", "ctrl+s")
        assert host.results == []
        attempts.value = "7"
        await pilot.pause()
        assert host.problem == "" and host.dialog.query_one(Checkbox).value
        await pilot.press("enter")

    assert drive(RunSettings(SolveSettings(seed=3)), steps) == [SolveSettings(attempts=7, seed=3)]


def test_a_strategy_that_there_is_not_is_refused() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        host.dialog.query_one("#strategy", Input).value = "prayer"
        await pilot.press("enter")
        assert "Strategy must be one of copies, noise, pins" in host.problem and "not prayer" in host.problem

    assert drive(RunSettings(SolveSettings()), steps) == []


# ---- a puzzle of a file


def four() -> list[Puzzle]:
    texts = ("12..3...2.4....1", "1...............", "12..3...........", "....1.......2...")
    return [Puzzle(SMALL, SMALL.parse(text), source="four.sdm", line=line) for line, text in enumerate(texts, 3)]


def listed(host: Host) -> list[str]:
    options = host.dialog.query_one(OptionList)
    return [str(options.get_option_at_index(index).prompt) for index in range(options.option_count)]


def test_puzzles_are_listed_with_what_came_of_them_and_filtered() -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        assert [line.split()[:4] for line in listed(host)] == [
            ["1", "✓", "line", "3"], ["2", "✗", "line", "4"], ["3", "·", "line", "5"], ["4", "·", "line", "6"]
        ]  # fmt: skip
        options, field = host.dialog.query_one(OptionList), host.dialog.query_one(Input)
        assert options.has_focus and options.highlighted == 1
        hint = host.dialog.query_one("#hint", Label)
        for wanted, numbers in (
            ("untried", "34"), ("Solved", "1"), ("unsolved", "2"), ("12..", "13"), ("4", "4"), ("line 5", "3"),
            ("x", "1234"), ("nothing like it", ""),
        ):  # fmt: skip
            field.value = wanted
            await pilot.pause()
            assert "".join(line.split()[0] for line in listed(host)) == numbers, wanted
        assert str(hint.content) == "No puzzle is like that."
        field.value = "12.."
        field.focus()
        await pilot.press("enter", "down", "enter")

    nobody = ChoosePuzzle(four(), {0: True, 1: False}, 1, lambda indices, told: None)
    assert drive(nobody, steps) == [2]


def test_those_that_are_listed_are_solved_on_demand() -> None:
    outcomes = {0: True}
    asked: list[int] = []

    def solve(indices: Sequence[int], told: Callable[[int], None]) -> None:
        asked.extend(indices)
        for index in indices:
            outcomes[index] = index != 3
            told(index)

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("f5")
        assert asked == [1, 2, 3]
        assert [line.split()[1] for line in listed(host)] == ["✓", "✓", "✓", "✗"]
        assert str(host.dialog.query_one("#hint", Label).content) == "4 puzzles: 3 solved, 1 unsolved"
        await pilot.press("f5")
        assert host.problem == "All that are listed have been tried." and len(asked) == 3
        await pilot.press("escape")

    assert drive(ChoosePuzzle(four(), outcomes, 0, solve), steps) == [None]


def test_a_long_list_is_there_at_once() -> None:
    many = [replace(puzzle, line=line) for line, puzzle in enumerate(four() * 2500, 1)]

    async def steps(pilot: Pilot[None], host: Host) -> None:
        host.dialog.query_one(Input).value = "9999"
        await pilot.pause()
        assert [line.split()[0] for line in listed(host)] == ["9999"]
        await pilot.press("enter")

    begun = time.process_time()
    assert drive(ChoosePuzzle(many, {}, 5000, lambda indices, told: None), steps) == [9998]
    assert time.process_time() - begun < 20


# ---- where to begin


def test_where_to_begin_with_nothing_named(files: Path) -> None:
    async def steps(pilot: Pilot[None], host: Host) -> None:
        lines = listed(host)
        assert lines[0].split("  ")[0] == "An example" and any(line.startswith("hard.sdm") for line in lines)
        assert [line.split()[0] for line in lines[-4:]] == ["Generate", "Type", "Open", "Training"]
        await pilot.press("down", "enter")

    (files / "runs" / "one").mkdir(parents=True)
    (files / "runs" / "one" / "metrics.jsonl").write_text("")
    (chosen,) = drive(Start(None), steps)
    assert chosen.name == "hard.sdm" and chosen.is_file()


def test_the_last_puzzle_and_what_is_done_otherwise(files: Path) -> None:
    async def first(pilot: Pilot[None], host: Host) -> None:
        assert listed(host)[0].split("  ", 1)[0] == "Go on" and "four.sdm" in listed(host)[0]
        await pilot.press("enter")

    async def last(pilot: Pilot[None], host: Host) -> None:
        await pilot.press("end", "enter")

    assert drive(Start(four()[0]), first) == [None]
    assert drive(Start(four()[0]), last) == ["open"]


# ---- a model, with how good it is


def test_models_say_how_good_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = TRMConfig(puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), width=8, heads=2, layers=1, supervision_steps=1)
    known = checkpoint.Measured(0.5, 1200, "generated puzzles")
    checkpoint.save(build(config), tmp_path / "good", "card", measured=known)
    checkpoint.save(build(config), tmp_path / "new", "card")
    monkeypatch.setattr(checkpoint, "SHIPPED", (tmp_path,))

    async def steps(pilot: Pilot[None], host: Host) -> None:
        await until(pilot, lambda: len(listed(host)) == 2)
        assert "50.0% of 1,200 generated puzzles in one pass" in listed(host)[0]
        assert "not measured" in listed(host)[1]
        await pilot.press("escape")

    drive(ChooseModel(SMALL), steps)
