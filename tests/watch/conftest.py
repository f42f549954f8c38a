from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.trace import Run, Trace
from puzzlerec.watch.app import Watch
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.refinement import RefinementScreen

from ..cli.conftest import shipped  # noqa: F401  # the fixture: small untrained checkpoints

QUESTION_4X4 = "12..3...2.4....1"  # it has one answer
SOLVED_4X4 = "1234341221434321"

Drive = Callable[[Pilot[None], RefinementScreen], Awaitable[None]]


def sudoku(text: str = QUESTION_4X4, source: str = "easy.sdm", line: int = 1) -> Puzzle:
    kind = get({16: "sudoku-4x4", 81: "sudoku"}[len(text)])
    return Puzzle(kind, kind.parse(text), "line", source, line)


def frame_of(puzzle: Puzzle, text: str, step: int, sure: float, halt: float = 0.0) -> Frame:
    """A frame that shows ``text`` and gives each open cell's token the probability ``sure``."""
    tokens = puzzle.kind.parse(text)
    V, L = len(puzzle.kind.vocabulary), tokens.size
    answers = list(puzzle.kind.answer_tokens)
    probabilities = np.zeros((L, V), np.float32)
    probabilities[:, answers] = (1 - sure) / (len(answers) - 1)
    given = puzzle.kind.given(puzzle.question).reshape(-1)
    probabilities[given] = 0
    probabilities[np.arange(L), tokens.reshape(-1)] = np.where(given, 1, sure)
    logs = np.log(np.maximum(probabilities, 1e-9))
    return Frame(
        step=step,
        kind="supervision",
        tokens=tokens[None],
        confidence=probabilities.max(-1).reshape(1, *tokens.shape),
        entropy=-(probabilities * logs).sum(-1).reshape(1, *tokens.shape),
        probabilities=probabilities[None].astype(np.float16),
        masked=None,
        halt=np.array([halt], np.float32),
    )


def trace_of(puzzle: Puzzle, *runs: Sequence[str]) -> Trace:
    """A solve whose runs showed these texts, step by step; the last of the last run is the answer."""
    found = []
    for number, texts in enumerate(runs, 1):
        frames = [
            frame_of(puzzle, text, step, step / (len(texts) + 1), step / (len(texts) + 1))
            for step, text in enumerate(texts, 1)
        ]
        how, label = ("one pass", "one pass") if number == 1 else ("pin", f"pin r1c{number}=3")
        found.append(Run(number, how, label, frames))  # type: ignore[arg-type]
    last = found[-1].frames[-1]
    verdict = puzzle.kind.check(puzzle.question, last.tokens[0])
    answer = Answer(puzzle, last.tokens[0], verdict, last.step, len(found), found[-1].how, 0.5, last.confidence[0])
    return Trace(answer, "tiny", SolveSettings(steps=4, attempts=8), found)


@pytest.fixture
def trace() -> Trace:
    """Four steps of one pass that fails, then three with a pin that succeed."""
    wrong = "1233341221434321"
    return trace_of(sudoku(), [wrong] * 4, [wrong, wrong, SOLVED_4X4])


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No state of the developer's own, and files are written in a folder of the test's."""
    monkeypatch.setattr("puzzlerec.watch.memory.state_file", lambda: tmp_path / "state" / "watch.json")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")
    return tmp_path


def drive(app: Watch, steps: Drive, size: tuple[int, int] = (120, 40)) -> None:
    """Run the app without a terminal; ``steps`` gets its first screen once that is drawn."""

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            screen = app.screen
            assert isinstance(screen, RefinementScreen)
            await until(pilot, lambda: screen.lanes[0].job is not None)
            await pilot.pause()
            await steps(pilot, screen)

    asyncio.run(run())


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait for what a thread or a timer brings about."""
    for _ in range(int(seconds * 50)):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError("it did not come about")


def replaying(*traces: Trace) -> Watch:
    return Watch(traces=traces, device="cpu", memory=Memory())
