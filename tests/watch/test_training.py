"""The training view: following files that another process writes, and solving with each checkpoint."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from puzzlerec.models import build, checkpoint
from puzzlerec.models.autoregressive import AutoregressiveConfig
from puzzlerec.models.config import TRMConfig
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.watch import run_files, snapshots, training
from puzzlerec.watch.curves import Curve
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.lines import Lines
from puzzlerec.watch.run_files import Metrics, is_run
from puzzlerec.watch.snapshots import Exhibit
from puzzlerec.watch.training import Picture, TrainingScreen

SMALL = TRMConfig(
    puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), mixer="candidates", box=(2, 2), symbols=(2, 4), width=8, heads=2,
    layers=1, prefix=0, latent_updates=1, recursions=1, supervision_steps=2,
)  # fmt: skip
RECIPE = {
    "name": "tiny",
    "data": {"name": "sudoku-4x4", "file": None, "train": 10, "test": 10, "seed": 0},
    "model": SMALL.model_dump(mode="json"),
    "evaluation": {"every": 20},
}
QUESTIONS = ("1...............", "12..3...........", "....1.......2...")


def record(step: int, **more: Any) -> str:
    figures = {"step": step, "progress": step / 100, "seconds": 2.0 * step, "loss": 1 / step, "exact_accuracy": 0.5}
    return json.dumps(figures | {"halting_steps": 4.0, "lr": 1e-3, "puzzles_per_second": 9.0} | more) + "\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "recipe.json").write_text(json.dumps(RECIPE))
    (folder / "metrics.jsonl").write_text(record(10) + record(20, eval_exact_accuracy=0.25))
    return folder


@pytest.fixture(autouse=True)
def puzzles(monkeypatch: pytest.MonkeyPatch) -> None:
    """No generator, and a quick look at the files."""

    async def some(name: str, settings: dict[str, Any], seed: int) -> list[Puzzle]:
        kind = get("maze" if name == "maze-5x5" else name)
        texts = ["S    \n # # \n   # \n ##  \n  # G"] if kind.name == "maze" else QUESTIONS
        return [Puzzle(kind, kind.parse(text)) for text in texts]

    monkeypatch.setattr(snapshots, "make", some)
    monkeypatch.setattr(training, "POLL", 0.1)


def save_checkpoint(run: Path, step: int) -> None:
    checkpoint.save(build(SMALL), run / "checkpoint", "card", step=step)


def drive(
    run: Path, steps: Callable[[Pilot[None], TrainingScreen], Awaitable[None]], size: tuple[int, int] = (120, 40)
) -> None:
    async def go() -> None:
        screen = TrainingScreen(run, "cpu")

        class Host(App[None]):
            def on_mount(self) -> None:
                self.push_screen(screen)

        async with Host().run_test(size=size) as pilot:
            await pilot.pause()
            await steps(pilot, screen)

    asyncio.run(go())


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "nothing came"
        await pilot.pause(0.02)


def words(screen: TrainingScreen, name: str) -> str:
    return screen.query_one(f"#{name}", Lines).text


def test_what_a_run_is(run: Path, tmp_path: Path) -> None:
    assert is_run(run)
    assert not is_run(tmp_path) and not is_run(run / "recipe.json") and not is_run(tmp_path / "nothing")


def test_metrics_survive_half_written_lines_and_other_rubbish(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = Metrics(path)
    assert not metrics.read() and metrics.records == []
    path.write_text("")
    metrics.read()
    assert metrics.records == [] and metrics.there
    first, second = record(10), record(20)
    path.write_text(first + second[:15])
    assert metrics.read() and [one["step"] for one in metrics.records] == [10]
    with path.open("a") as file:
        file.write(second[15:] + "no json\n[1]\n{}\n" + record(30, loss=None))
    assert metrics.read() and [one["step"] for one in metrics.records] == [10, 20, 30]
    assert not metrics.read()
    assert metrics.series("loss")[0] == 0.1 and metrics.series("loss")[2] != metrics.series("loss")[2]
    path.unlink()
    assert metrics.read() and not metrics.there and len(metrics.records) == 3  # what is known stays
    assert not metrics.read()


def test_a_resumed_run_takes_back_what_it_does_again(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(record(10) + record(20) + record(30))
    metrics = Metrics(path)
    metrics.read()
    beside = tmp_path / "new"
    beside.write_text(record(10) + record(20, loss=7.0) + record(30) + record(40))  # longer than before
    beside.replace(path)
    metrics.read()
    assert [one["step"] for one in metrics.records] == [10, 20, 30, 40] and metrics.records[1]["loss"] == 7.0


def test_a_long_file_comes_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_files, "PIECE", 100)
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(record(step) for step in range(1, 20)))
    metrics = Metrics(path)
    while metrics.read():
        pass
    assert [one["step"] for one in metrics.records] == list(range(1, 20))


def test_figures_follow_the_run_to_its_end(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        assert screen.run.state == "training"
        assert "step 20" in words(screen, "figures") and "left" in words(screen, "figures")
        assert "tiny" in words(screen, "headline")
        with (run / "metrics.jsonl").open("a") as file:
            file.write(record(50) + record(100)[:20])
        await until(pilot, lambda: "step 50" in words(screen, "figures"))
        assert "50%" in words(screen, "figures")
        with (run / "metrics.jsonl").open("a") as file:
            file.write(record(100)[20:])
        await until(pilot, lambda: screen.run.state == "finished")
        assert "left" not in words(screen, "figures")
        loss = screen.query_one("#loss", Curve)
        assert loss.render_line(0).text.endswith("0.01")
        await until(pilot, lambda: "one comes every 20 steps" in words(screen, "summary"))
        shutil.rmtree(run)
        await until(pilot, lambda: screen.run.state == "its folder is gone")
        assert "step 100" in words(screen, "figures")

    drive(run, steps)


def test_a_silent_run_and_one_without_figures(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.run.state.startswith("stopped? no news for 17 min"))
        (run / "metrics.jsonl").write_text("")
        await until(pilot, lambda: screen.run.state == "no figures yet")
        assert "first report" in words(screen, "figures")

    os.utime(run / "metrics.jsonl", (time.time() - 1000,) * 2)
    drive(run, steps, (80, 24))


def test_a_folder_that_appears_later(tmp_path: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await pilot.press("f")  # too early: it is said, and nothing breaks
        assert screen.run.state == "waiting for it to begin" and "There is no" in words(screen, "figures")
        (tmp_path / "late").mkdir()
        (tmp_path / "late" / "recipe.json").write_text("{")
        (tmp_path / "late" / "metrics.jsonl").write_text(record(10))
        await until(pilot, lambda: screen.run.state == "training")
        (tmp_path / "late" / "recipe.json").write_text(json.dumps(RECIPE))
        await until(pilot, lambda: screen.exhibit.puzzles)

    drive(tmp_path / "late", steps)


def test_every_checkpoint_solves_the_same_puzzles_and_keys_go_through_them(run: Path) -> None:
    save_checkpoint(run, 20)

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: len(screen.exhibit.snapshots) == 1)
        assert "of 3 solved at step 20" in words(screen, "summary")
        for step in (1040, 60):
            save_checkpoint(run, step)
            await until(pilot, lambda: screen.exhibit.snapshots[-1].step == step)  # noqa: B023
        assert [snapshot.step for snapshot in screen.exhibit.snapshots] == [20, 1040, 60]
        pictures = [picture for picture in screen.query(Picture) if picture.display]
        assert len(pictures) == 3 and "puzzle 1" in pictures[0].query_one(Lines).text
        assert "step 60" in words(screen, "summary")
        await pilot.press("left")
        assert "step 1,040" in words(screen, "summary")
        await pilot.press("home")
        assert "step 20" in words(screen, "summary")
        await pilot.press("right")
        assert "step 1,040" in words(screen, "summary")
        await pilot.press("end")
        assert "step 60" in words(screen, "summary")
        await pilot.click("#solved", offset=(0, 2))
        assert "step 20" in words(screen, "summary")
        before = pictures[0].query_one(GridView).heat
        await pilot.press("h")
        assert pictures[0].query_one(GridView).heat is not before

    drive(run, steps, (150, 40))


def test_puzzles_page_where_there_is_room_for_one(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.puzzles)
        await pilot.resize_terminal(24, 14)
        await pilot.pause(0.1)
        (picture,) = [picture for picture in screen.query(Picture) if picture.display]
        label = picture.query_one(Lines)
        assert "puzzle 1" in label.text
        await pilot.press("down")
        assert "puzzle 2" in label.text
        await pilot.press("down", "down", "down")
        assert "puzzle 3" in label.text
        await pilot.press("up", "up", "up")
        assert "puzzle 1" in label.text

    drive(run, steps)


def test_the_mark_in_the_curves_and_the_figures_at_it(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await pilot.press("comma")
        assert "step 10" in words(screen, "figures")
        await pilot.press("full_stop")
        assert "step 20" in words(screen, "figures")
        await pilot.click("#loss", offset=(0, 2))
        assert "step 10" in words(screen, "figures")
        await pilot.press("escape")
        assert "step 20" in words(screen, "figures") and "left" in words(screen, "figures")

    drive(run, steps)


def test_mazes(run: Path) -> None:
    config = TRMConfig(puzzle="maze", vocabulary=6, grid=(5, 5), width=8, heads=2, layers=1, supervision_steps=2)
    data = RECIPE["data"] | {"name": "maze-5x5"}  # type: ignore[operator]
    (run / "recipe.json").write_text(json.dumps(RECIPE | {"data": data, "model": config.model_dump(mode="json")}))
    checkpoint.save(build(config), run / "checkpoint", "card", step=20)

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.snapshots)
        assert screen.exhibit.snapshots[0].frames[0].tokens.shape == (1, 5, 5)
        assert 0 <= screen.exhibit.snapshots[0].in_order <= 1

    drive(run, steps)


def test_lines_of_several_lengths(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = AutoregressiveConfig(
        puzzle="copy", vocabulary=40, grid=(1, 22), width=8, heads=2, evaluations=1, supervision_steps=3
    )
    (run / "recipe.json").write_text(json.dumps(RECIPE | {"model": config.model_dump(mode="json")}))
    checkpoint.save(build(config), run / "checkpoint", "card", step=20)
    kind = get("copy")
    puzzles = [Puzzle(kind, kind.parse(text)) for text in ("copy:a=", "copy:a1b2c3=")]
    monkeypatch.setattr(snapshots, "test_puzzles", lambda recipe: puzzles)

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.snapshots)
        shapes = [frame.tokens.shape[1:] for frame in screen.exhibit.snapshots[0].frames]
        assert shapes == [puzzle.question.shape for puzzle in puzzles] and shapes[0] != shapes[1]

    drive(run, steps)


@pytest.mark.parametrize(
    ("model", "data", "words_of_it"),
    [
        ({"puzzle": "chess", "grid": [8, 8]}, RECIPE["data"], "chess"),
        ("sudoku", RECIPE["data"], "no puzzles"),
        (RECIPE["model"], {"name": 7}, "no puzzles"),
        (7, [], "no puzzles"),
    ],
)
def test_a_recipe_of_something_else_is_said(run: Path, model: Any, data: Any, words_of_it: str) -> None:
    odd = {"name": [1], "model": model, "data": data, "evaluation": {"every": "now and then"}}
    (run / "recipe.json").write_text(json.dumps(RECIPE | odd))
    with (run / "metrics.jsonl").open("a") as file:
        file.write(record(30, loss="low", lr=10**400, seconds=[1], progress=1e300))

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: words_of_it in words(screen, "summary"))
        await pilot.press("left", "right", "up", "down", "home", "end", "h")
        assert "step 30" in words(screen, "figures")

    drive(run, steps)


def test_a_checkpoint_of_another_puzzle_or_no_checkpoint_at_all_is_said(run: Path) -> None:
    maze = TRMConfig(puzzle="maze", vocabulary=6, grid=(3, 3), width=8, heads=2, layers=1, supervision_steps=1)
    checkpoint.save(build(maze), run / "checkpoint", "card")

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: "cannot be tried" in words(screen, "summary"))
        (run / "checkpoint" / "config.json").write_text("nonsense")
        (run / "checkpoint" / "README.md").write_text("newer")
        await pilot.pause(0.5)
        assert not screen.exhibit.snapshots

    drive(run, steps)


def test_puzzles_that_the_newest_checkpoint_gets_wrong(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(run, 20)
    monkeypatch.setattr(snapshots, "PUZZLES", 2)

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.snapshots)
        solved = [verdict.solved for verdict in screen.exhibit.snapshots[0].verdicts]
        assert not any(solved)  # untrained
        await pilot.press("f")
        await until(pilot, lambda: screen.wrong)
        assert "2 puzzles of 2 wrong at step 20" in words(screen, "summary")
        save_checkpoint(run, 40)
        await until(pilot, lambda: len(screen.exhibit.snapshots) == 2)
        assert "2 puzzles of 2 wrong at step 20; 0 solved at step 40" in words(screen, "summary")
        await pilot.press("f")
        assert screen.wrong is None and "of 3 solved" in words(screen, "summary")

    drive(run, steps)


def test_where_nothing_is_wrong_that_is_said(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(run, 20)

    def none_wrong(folder: Path, pool: list[Puzzle], device: str, cancelled: Any, told: Any) -> Exhibit:
        told(0, len(pool))
        return Exhibit([])

    monkeypatch.setattr(training, "still_wrong", none_wrong)

    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.snapshots)
        await pilot.press("f")
        await until(pilot, lambda: any("solves all of 3" in str(note.message) for note in pilot.app._notifications))
        assert screen.wrong is None

    drive(run, steps)


def test_curves_and_puzzles_share_the_screen_or_take_turns(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        await until(pilot, lambda: screen.exhibit.puzzles)

        def seen() -> list[bool]:
            return [bool(screen.query_one(name).display) for name in ("RunCurves", "#learning")]

        await until(pilot, lambda: seen() == [True, True])
        for wanted in ([False, True], [True, False], [True, True]):
            await pilot.press("v")
            assert seen() == wanted
        await pilot.resize_terminal(40, 10)
        await until(pilot, lambda: seen() == [False, True])
        (first, *_) = [picture for picture in screen.query(Picture) if picture.display]
        tile = first.query_one(GridView)
        assert tile.virtual_size.height <= tile.size.height  # the puzzle is whole
        await pilot.press("v")
        assert seen() == [True, False]

    drive(run, steps)


def test_axes_can_be_logarithmic_or_of_time(run: Path) -> None:
    async def steps(pilot: Pilot[None], screen: TrainingScreen) -> None:
        loss = screen.query_one("#loss", Curve)
        assert loss.logarithmic and not loss.logarithmic_steps
        await pilot.press("y", "x")
        assert not loss.logarithmic and loss.logarithmic_steps
        await pilot.press("t")
        assert loss.render_line(loss.size.height - 1).text.split() == ["20", "40"]  # seconds

    drive(run, steps)
