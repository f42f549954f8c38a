"""How fast the app draws and answers, at 120x40.

    python benchmarks/watch.py             in a terminal of 120x40, such as tmux new -x 120 -y 40
    python benchmarks/watch.py --headless  without one: Textual's own driver for tests

Three numbers: a 30x30 grid alone in which every cell changes at every frame (frames a second uncapped, and CPU time of
the process a frame); key press to changed screen while a model computes in its thread; start to the first frame of the
app, which needs no model, and to the first step of the shipped Sudoku model. Goals: 100 frames a second, 6 ms a frame,
50 ms median, 0.7 s, and 1.5 s more than importing torch takes. On a busy machine only the times of CPU say anything.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ["TEXTUAL_FPS"] = "1000"  # before Textual is imported: the screen is drawn as often as it changes

import numpy as np
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.puzzles.maze.tokens import FREE, PATH
from puzzlerec.solving.frames import Frame
from puzzlerec.watch.app import Watch, example
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.refinement import RefinementScreen

SIZE = (120, 40)


def frames(count: int, seed: int = 0) -> tuple[Puzzle, list[Frame]]:
    """An open 30x30 maze, and frames in which every cell has another level of heat than in the frame before."""
    kind, rng = get("maze"), np.random.default_rng(seed)
    rows = [" " * 30] * 30
    rows[0], rows[-1] = "S" + " " * 29, " " * 29 + "G"
    puzzle = Puzzle(kind, kind.parse("\n".join(rows)), "grid", "benchmark", 1)
    made, level = [], rng.integers(8, size=(30, 30))
    for step in range(1, count + 1):
        level = (level + rng.integers(1, 8, size=level.shape)) % 8
        share = (level + 0.5) / 8
        probabilities = np.zeros((30, 30, 6), np.float16)
        probabilities[..., PATH], probabilities[..., FREE] = share, 1 - share
        tokens = np.where(puzzle.question == FREE, np.where(share > 0.5, PATH, FREE), puzzle.question)
        made.append(
            Frame(
                step=step,
                kind="supervision",
                tokens=tokens.astype(np.uint8)[None],
                confidence=np.maximum(share, 1 - share).astype(np.float32)[None],
                entropy=np.zeros((1, 30, 30), np.float32),
                probabilities=probabilities.reshape(1, 900, 6),
                masked=None,
                halt=np.zeros(1, np.float32),
            )
        )
    return puzzle, made


class Drawing(App[tuple[float, float]]):
    """Shows frame after frame, each as soon as the one before is on the screen."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.puzzle, self.frames = frames(count)
        self.offending = np.zeros((30, 30), bool)

    def compose(self) -> ComposeResult:
        yield GridView()

    def on_mount(self) -> None:
        self.grid = self.query_one(GridView)
        self.left: Iterator[Frame] = iter(self.frames)
        self.grid.show(self.puzzle)
        self.set_timer(0.5, self.begin)

    def begin(self) -> None:
        self.before: Frame | None = None
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        self.following()

    def following(self) -> None:
        frame = next(self.left, None)
        if frame is None:
            count = len(self.frames)
            wall, cpu = time.perf_counter() - self.wall, time.process_time() - self.cpu
            self.exit((count / wall, 1000 * cpu / count))
            return
        self.grid.show(self.puzzle, frame, previous=self.before, offending=self.offending, solved=False)
        self.before = frame
        self.call_after_refresh(self.following)


def drawing(count: int, headless: bool) -> tuple[float, float]:
    app = Drawing(count)
    if not headless:
        found = app.run()
    else:

        async def run() -> tuple[float, float] | None:
            return await app.run_async(headless=True, size=SIZE)

        found = asyncio.run(run())
    assert found is not None
    return found


def keys(count: int) -> list[float]:
    """Milliseconds from a key to the frame that it changes, while the Sudoku model works through attempts."""
    taken: list[float] = []

    async def run() -> None:
        app = Watch(
            [example()], model="sudoku-trm", options={"steps": 10_000, "early": False}, device="cpu", memory=Memory()
        )
        async with app.run_test(size=SIZE) as pilot:
            screen = app.screen
            assert isinstance(screen, RefinementScreen)
            await until(pilot, lambda: screen.player.length > 20)
            grid = screen.lanes[0].grid
            grid.focus()
            for index in range(count):
                drawn = asyncio.Event()
                begun = time.perf_counter()
                before = grid.cursor
                app.simulate_key("right" if index % 2 else "down")
                while grid.cursor == before:
                    await asyncio.sleep(0)
                grid.call_after_refresh(drawn.set)
                await drawn.wait()
                taken.append(1000 * (time.perf_counter() - begun))
                await asyncio.sleep(0.02)
            assert screen.lanes[0].job is not None and screen.lanes[0].job.working
            for lane in screen.lanes:
                if lane.job is not None:
                    lane.job.cancel()

    asyncio.run(run())
    return taken


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    while not condition():
        await pilot.pause(0.02)


STARTING = """
import asyncio, sys, time
from puzzlerec.watch.app import Watch, example
from puzzlerec.watch.memory import Memory
async def run():
    app = Watch([example()], device="cpu", memory=Memory())
    async with app.run_test(size=(120, 40)) as pilot:
        while "│" not in "".join(strip.text for strip in app.screen._compositor.render_strips()):
            await asyncio.sleep(0)
        print(time.time(), time.process_time())
        while not app.screen.player.length:
            await asyncio.sleep(0.005)
        await pilot.pause()
        print(time.time(), time.process_time())
        app.screen.lanes[0].job.cancel()
asyncio.run(run())
"""


def starts() -> list[tuple[float, float]]:
    """Seconds by the clock and of CPU from the start of a process to the first frame, to the first step of the model
    on the screen, and those that importing torch takes by itself."""
    begun = time.time()
    done = subprocess.run([sys.executable, "-c", STARTING], capture_output=True, text=True, check=True)
    moments = [tuple(map(float, line.split())) for line in done.stdout.splitlines()]
    torch = "import time; begun = time.time(); import torch; print(time.time() - begun, time.process_time())"
    alone = subprocess.run([sys.executable, "-c", torch], capture_output=True, text=True, check=True)
    wall, cpu = map(float, alone.stdout.split())
    return [*((moment - begun, spent) for moment, spent in moments), (wall, cpu)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--headless", action="store_true", help="draw without a terminal")
    parser.add_argument("--frames", type=int, default=600)
    parser.add_argument("--keys", type=int, default=100)
    parser.add_argument("--output", type=Path, help="write the table there too")
    arguments = parser.parse_args()
    rate, cpu = drawing(arguments.frames, arguments.headless)
    taken = keys(arguments.keys)
    first, step, torch = (min(each) for each in zip(*(starts() for _ in range(3)), strict=True))
    table = "\n".join(
        [
            "| measured at 120x40 | |",
            "|---|---|",
            f"| 30x30 grid, every cell changing, frames/s uncapped | {rate:.0f} |",
            f"| the same, CPU ms a frame | {cpu:.1f} |",
            f"| key press to changed screen while the model computes, median ms | {statistics.median(taken):.0f} |",
            f"| the same, 95th percentile | {statistics.quantiles(taken, n=20)[-1]:.0f} |",
            f"| start to first frame, s (of CPU) | {first[0]:.2f} ({first[1]:.2f}) |",
            f"| start to the model's first step, s (of CPU) | {step[0]:.2f} ({step[1]:.2f}) |",
            f"| importing torch alone, s (of CPU) | {torch[0]:.2f} ({torch[1]:.2f}) |",
        ]
    )
    print(table)
    if arguments.output:
        arguments.output.write_text(table + "\n")


if __name__ == "__main__":
    main()
