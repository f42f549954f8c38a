"""Tasks of ARC in the app: what is shown while one is learned, and going from one to another."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from textual.pilot import Pilot
from textual.widgets import Static
from typer.testing import CliRunner

from puzzlerec.cli.app import app as cli
from puzzlerec.puzzles import PuzzleError
from puzzlerec.puzzles.arc.tasks import Pair, Task
from puzzlerec.training import test_time
from puzzlerec.training.test_time import Progress, TaskAnswer, Try
from puzzlerec.watch.app import Watch
from puzzlerec.watch.dialogs.tasks import ChooseTask
from puzzlerec.watch.lines import Lines
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.opening import Open, tasks_of
from puzzlerec.watch.tasks import TaskScreen

from .conftest import until
from .test_colours import THEMES, unreadable

ONE, TWO = np.full((2, 3), 1, np.uint8), np.full((2, 3), 2, np.uint8)
LARGE = np.arange(900).reshape(30, 30).astype(np.uint8) % 10
TASKS = [
    Task("first", (Pair(ONE, TWO), Pair(TWO, ONE)), (Pair(ONE, TWO), Pair(TWO, None))),
    Task("large", (Pair(LARGE, LARGE),) * 3, (Pair(LARGE, LARGE),)),
    Task("odd", (Pair(ONE, TWO),), (Pair(ONE, TWO),)),
]
HALF = Progress(0.5, 0.25, 0.75, (1.0, 0.5), ((Try(ONE, 0.6), Try(TWO, 0.4)), ()), 0, 1)
LATE = Progress(0.9, 0.05, 1.0, (1.0, 1.0), ((Try(TWO, 0.9),), (Try(ONE, 1.0),)), 16, 2)


class Solver:
    """Stands in for test-time training: goes on when it is told to."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, int]] = []
        self.steps = {name: threading.Event() for name in ("half", "late", "end")}

    def __call__(
        self, task: Task, seconds: float, seed: int, progress: Callable[[Progress], None], base: object, threads: int
    ) -> TaskAnswer:
        assert threads == torch.get_num_threads()
        self.begun.append((task.id, seed))
        if task.id == "odd":
            raise MemoryError("no room")
        count = len(task.demonstrations)
        begun = HALF._replace(share=0.0, tries=(), known=(0.0,) * count)
        for name, now in (("half", begun), ("late", HALF), ("end", LATE)):
            told = now._replace(known=(*now.known, 1.0)[:count])
            progress(told)
            while not self.steps[name].wait(0.01):  # and whoever has given up is told so
                progress(told)
        return TaskAnswer(task, LATE.tries[: len(task.tests)], "as large", 1.0, None, 1, 9, seconds)


@pytest.fixture
def solver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Solver]:
    made = Solver()
    monkeypatch.setattr(test_time, "answer", made)
    yield made
    for step in made.steps.values():
        step.set()


Drive = Callable[[Pilot[None], TaskScreen], Awaitable[None]]


def drive(steps: Drive, size: tuple[int, int] = (100, 30), **settings: Any) -> None:
    async def run() -> None:
        app = Watch(tasks=TASKS, minutes=1, memory=Memory(), **settings)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, TaskScreen)
            await steps(pilot, screen)

    asyncio.run(run())


def said(screen: TaskScreen) -> str:
    """All text of the screen."""
    grids = [str(static.content) for static in screen.query(Static)]
    lines = ["".join(piece.text for piece in line) for one in screen.query(Lines) for line in one._lines]
    return "\n".join([*grids, *lines])


def test_demonstrations_tries_and_votes_are_shown_as_they_come(solver: Solver) -> None:
    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        await until(pilot, lambda: "0:00 of 1:00" in said(screen))
        assert "shown 2 0% known" in said(screen) and "no try yet" in said(screen)
        solver.steps["half"].set()
        await until(pilot, lambda: "first try 60% wrong" in said(screen))
        text = said(screen)
        assert "second try 40% right" in text and "shown 1 100% known" in text and "shown 2 50% known" in text
        assert (
            "0:30 of 1:00 · 1 network, 75% of the demonstrations known · loss 0.250" in text
            and "votes count later" in text
        )
        assert "2 2 2" in text  # the digits of the grids
        solver.steps["late"].set()
        await until(pilot, lambda: "16 votes" in said(screen))
        assert "first try 90% right" in said(screen)
        solver.steps["end"].set()
        await until(pilot, lambda: "Solved: the first try is the output." in said(screen))
        await pilot.press("t")
        assert "test 2 of 2" in said(screen) and "Not confirmed" in said(screen)
        assert "first try 100%\n" in said(screen)  # whether it is right nobody told

    drive(steps)


def test_tasks_are_browsed_and_what_was_learned_is_kept(solver: Solver) -> None:
    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        for step in solver.steps.values():
            step.set()
        await until(pilot, lambda: screen.learning.over)
        await pilot.press("n")
        assert "ARC task large · 2 of 3" in said(screen)
        await until(pilot, lambda: screen.learning.over)
        await pilot.press("n", "n")
        await until(pilot, lambda: "MemoryError: no room" in said(screen))
        await pilot.press("p", "p")
        assert "ARC task first · 1 of 3" in said(screen) and screen.learning.over
        assert [id for id, _ in solver.begun] == ["first", "large", "odd"]
        await pilot.press("l")
        await pilot.pause()
        assert isinstance(screen.app.screen, ChooseTask)
        lines = [str(option.prompt) for option in screen.app.screen.query_one("OptionList")._options]  # type: ignore[attr-defined]
        assert "first  2 demonstrations, 2 tests  not confirmed" in lines[0] and lines[2].endswith("not learned")
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "ARC task large" in said(screen)
        await pilot.press("a")
        await until(pilot, lambda: ("large", 1) in solver.begun)

    drive(steps)


def test_going_on_gives_up_what_is_being_learned(solver: Solver) -> None:
    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        first = screen.learning
        await until(pilot, lambda: first.progress is not None)
        await pilot.press("n")
        await until(pilot, lambda: [id for id, _ in solver.begun] == ["first", "large"])
        assert not first.over and screen.learning is not first
        await pilot.press("p")  # which begins anew
        await until(pilot, lambda: [id for id, _ in solver.begun] == ["first", "large", "first"])

    drive(steps)


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (20, 5), (200, 60)])
@pytest.mark.parametrize("colour", [True, False])
def test_any_size_of_screen_and_grid(
    solver: Solver, size: tuple[int, int], colour: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not colour:
        monkeypatch.setenv("NO_COLOR", "1")

    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        solver.steps["half"].set()
        await pilot.press("n")
        await until(pilot, lambda: "0:30 of 1:00" in said(screen))
        await pilot.press("z", "v", "z")
        await pilot.resize_terminal(60, 20)
        await pilot.pause()
        text = str(screen.query_one("#test > Static", Static).content)
        assert ("789·123456" in text) == (not colour)

    drive(steps, size)


def test_what_is_learned_is_given_up_with_the_screen(solver: Solver, tmp_path: Path) -> None:
    """Or whoever waits for its thread waits for ever: so does pytest, where a test of this file fails."""
    (tmp_path / "one.json").write_text('{"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}')

    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        pilot.app.post_message(Open(tmp_path / "one.json"))
        await until(pilot, lambda: isinstance(pilot.app.screen, TaskScreen) and pilot.app.screen is not screen)
        opened = pilot.app.screen
        assert isinstance(opened, TaskScreen)
        await until(pilot, lambda: opened.learning.progress is not None)
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: all(worker.is_finished for worker in pilot.app.workers if worker.node is opened))
        await pilot.press("escape")  # there is nothing to go back to
        assert pilot.app.screen is screen

    drive(steps)

    async def fails(pilot: Pilot[None], screen: TaskScreen) -> None:
        await until(pilot, lambda: screen.learning.progress is not None)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        drive(fails)


def test_files_and_folders_of_tasks_are_opened(tmp_path: Path) -> None:
    task = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}
    (tmp_path / "one.json").write_text(json.dumps(task))
    (tmp_path / "bad.json").write_text("{")
    assert [found.id for found in tasks_of(tmp_path)] == ["one"]
    with pytest.raises(PuzzleError, match=r"bad.json:1"):
        tasks_of(tmp_path / "bad.json")
    told = CliRunner().invoke(cli, ["watch", str(tmp_path)])
    assert told.exit_code == 2 and "only the app shows" in told.stderr
    assert "skipped: " in told.stderr and "bad.json:1" in told.stderr


def test_a_folder_of_runs_is_not_taken_for_tasks(tmp_path: Path) -> None:
    (tmp_path / "runs" / "one").mkdir(parents=True)
    (tmp_path / "runs" / "one" / "recipe.json").write_text("{}")
    told = CliRunner().invoke(cli, ["watch", str(tmp_path / "runs")])
    assert told.exit_code == 2 and "training runs" in told.stderr


def test_tasks_and_their_list_can_be_read_in_every_theme(solver: Solver) -> None:
    """Also in one that is chosen while they are shown."""

    async def steps(pilot: Pilot[None], screen: TaskScreen) -> None:
        solver.steps["half"].set()
        await until(pilot, lambda: "first try 60% wrong" in said(screen) and "100% known" in said(screen))
        app = pilot.app
        for shown in (screen, ChooseTask(screen.tasks, {0: "solved"}, 0)):
            if shown is not screen:
                await app.push_screen(shown)
            for theme in (theme for theme in THEMES if not theme.ansi):
                app.theme = theme.name
                await pilot.pause()
                await pilot.pause()
                boxes = app.screen.query("#box")
                region = boxes.first().region if boxes else app.screen.region
                assert unreadable(app, region) == [], (theme.name, shown)

    drive(steps)
