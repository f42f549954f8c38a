"""Several runs beside each other: which there are, their list and their curves."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from puzzlerec.watch import runs
from puzzlerec.watch.app import Watch
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.run_files import runs_below
from puzzlerec.watch.runs import RunList, RunsScreen
from puzzlerec.watch.training import TrainingScreen

from .test_training import record, until


def make(folder: Path, *steps: int, exact: float = 0.5) -> None:
    folder.mkdir(parents=True)
    (folder / "metrics.jsonl").write_text("".join(record(step, eval_exact_accuracy=exact) for step in steps))


@pytest.fixture
def comparison(tmp_path: Path) -> Path:
    """Two systems with two seeds each, as `puzzlerec compare` lays them out."""
    for system, exact in (("hrm", 0.25), ("trm", 0.75)):
        for seed in (0, 1):
            make(tmp_path / "both" / system / f"seed{seed}", 10, 100, exact=exact)
    return tmp_path / "both"


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "POLL", 0.1)
    monkeypatch.setattr(runs, "LOOK", 1)
    monkeypatch.setattr("puzzlerec.watch.training.POLL", 0.1)


def drive(
    path: Path, steps: Callable[[Pilot[None], Watch], Awaitable[None]], size: tuple[int, int] = (120, 40)
) -> None:
    async def go() -> None:
        app = Watch(run=path, device="cpu", memory=Memory())
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot, app)

    asyncio.run(go())


def listed(app: Watch) -> list[str]:
    return app.screen.query_one(RunList).text.split("\n")


def test_runs_are_found_where_they_may_lie(comparison: Path, tmp_path: Path) -> None:
    names = [str(path.relative_to(comparison)) for path in runs_below(comparison)]
    assert names == ["hrm/seed0", "hrm/seed1", "trm/seed0", "trm/seed1"]
    assert len(runs_below(tmp_path)) == 4 and runs_below(comparison / "trm" / "seed1") == [comparison / "trm" / "seed1"]
    make(comparison / ".hidden" / "run", 10)
    make(comparison / "a" / "b" / "c" / "too" / "deep", 10)
    assert len(runs_below(tmp_path)) == 4 and not runs_below(tmp_path / "nothing")


def test_runs_are_listed_and_their_curves_have_colours_and_letters(comparison: Path) -> None:
    async def steps(pilot: Pilot[None], app: Watch) -> None:
        screen = app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: len(listed(app)) == 4 and "exact 75.0%" in listed(app)[2])
        first = listed(app)[0]
        assert first.startswith("▸● a hrm/seed0") and "finished" in first and "step 100" in first and "3 min" in first
        assert [line.ink for line in screen.lines] == ["series0", "series0", "series1", "series1"]
        curve = screen.query_one("#eval_exact_accuracy", Curve)
        text = "\n".join(curve.render_line(y).text for y in range(curve.size.height))
        assert curve.render_line(0).text.endswith("25%") and all(sign in text for sign in "abcd")
        await pilot.press("down", "down", "space")  # the chosen one is hidden
        assert listed(app)[2].startswith("▸○ c") and len(curve._series) == 3
        await pilot.press("a")  # all of them again
        assert len(curve._series) == 4 and curve.render_line(0).text.endswith("75%")
        await pilot.press("a")  # it alone
        assert [line[:4].strip("▸") for line in listed(app)] == [" ○ a", " ○ b", "● c", " ○ d"]
        await pilot.press("t", "y", "x")
        assert screen.query_one("#loss", Curve).logarithmic_steps

    drive(comparison, steps)


def test_one_of_them_is_opened_and_left_again(comparison: Path) -> None:
    async def steps(pilot: Pilot[None], app: Watch) -> None:
        await until(pilot, lambda: len(listed(app)) == 4)
        await pilot.click(RunList, offset=(10, 3))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TrainingScreen))
        assert app.screen.run.path == comparison / "trm" / "seed1"  # type: ignore[attr-defined]
        await pilot.press("escape")
        assert isinstance(app.screen, RunsScreen)

    drive(comparison, steps)


def test_an_empty_folder_waits_and_runs_may_come_and_go(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()

    async def steps(pilot: Pilot[None], app: Watch) -> None:
        assert "No training run yet" in app.screen.query_one("#headline", RunList.__base__).text  # type: ignore[type-var]
        await pilot.press("up", "down", "enter", "space", "a")
        make(folder / "b", 10)
        await until(pilot, lambda: "● a b" in listed(app)[0])
        make(folder / "a", 10)
        await until(pilot, lambda: len(listed(app)) == 2)
        assert listed(app)[1].startswith("▸● b b")  # what was chosen stays so
        shutil.rmtree(folder / "a")
        await until(pilot, lambda: "its folder is gone" in listed(app)[0])

    drive(folder, steps, (60, 16))


def test_what_was_waited_for_may_be_several_runs(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], app: Watch) -> None:
        assert isinstance(app.screen, TrainingScreen)
        make(tmp_path / "out" / "trm" / "seed0", 10)
        await until(pilot, lambda: isinstance(app.screen, RunsScreen))
        await until(pilot, lambda: "trm/seed0" in listed(app)[0])

    drive(tmp_path / "out", steps)
