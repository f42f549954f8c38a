"""The main screens as pictures: what they look like changes on purpose, and is looked at, or not at all.

After a change that is meant, look at what has become of them: `pytest tests/watch/test_snapshots.py --snapshot-update`,
then open the SVGs of `__snapshots__` that git shows as changed.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.trace import Trace
from puzzlerec.watch.app import Watch
from puzzlerec.watch.dialogs.puzzles import ChoosePuzzle
from puzzlerec.watch.editor import Editor
from puzzlerec.watch.grid import GridView
from puzzlerec.watch.memory import Memory
from puzzlerec.watch.player import Player
from puzzlerec.watch.refinement import RefinementScreen
from puzzlerec.watch.training import TrainingScreen

from .conftest import SOLVED_4X4, replaying, sudoku, trace_of, until
from .test_training import QUESTIONS, record

DRAWN_BY = {"textual": "8.2.8", "rich": "15.0.0"}  # others draw their own parts otherwise
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Textual picks other characters for Windows' terminals"),
    pytest.mark.skipif(
        any(version(name) != drawn for name, drawn in DRAWN_BY.items()),
        reason=f"the pictures were drawn with {DRAWN_BY}, as in constraints.txt",
    ),
]
Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]

HARD = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
DONE = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
MAZE = "S # \n    \n# # \n   G"


def solve(name: str) -> Trace:
    """Of one kind of puzzle: an attempt that fails, and one that does not."""
    if name == "sudoku":
        wrong = DONE[:2] + "1" + DONE[3:40] + "9" + DONE[41:]
        return trace_of(sudoku(HARD), [wrong] * 6, [wrong, DONE])
    if name == "sudoku-4x4":
        return trace_of(sudoku(), ["1233341221434321"] * 4, ["1233341221434321", SOLVED_4X4])
    kind = get(name)
    puzzle = Puzzle(kind, kind.parse(MAZE), source="sample.txt", line=1)
    return trace_of(puzzle, ["So# \n    \n# # \n   G"] * 4, ["So# \n    \n# # \n   G", "So# \n oo \n# #o\n   G"])


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch, steady: Path) -> None:
    """Nothing plays on by itself, and no terminal of the developer's own is asked."""
    monkeypatch.setattr(Player, "advance", lambda self: False)
    for name in ("NO_COLOR", "COLORTERM", "TERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


@pytest.mark.parametrize("theme", ["puzzlerec", "puzzlerec-light"])
@pytest.mark.parametrize("name", ["sudoku", "sudoku-4x4", "maze"])
def test_an_answer_forming(snap_compare: Compare, name: str, theme: str) -> None:
    app = replaying(solve(name))
    app.theme = theme

    async def before(pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, RefinementScreen)
        await until(pilot, lambda: screen.player.length)
        await until(pilot, lambda: not [worker for worker in app.workers if not worker.is_finished])
        await pilot.press("home", "full_stop", "right", "right")

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)


def shown(screen: Screen[None], ready: Callable[[], object]) -> tuple[App[None], Before]:
    app = replaying(solve("sudoku"))

    async def before(pilot: Pilot[None]) -> None:
        await app.push_screen(screen)
        await until(pilot, ready)

    return app, before


def test_the_editor(snap_compare: Compare) -> None:
    editor = Editor(sudoku("3" + HARD[1:]))
    app, before = shown(editor, lambda: editor.query(GridView) and not editor._verdict.solved)
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_the_list_of_puzzles(snap_compare: Compare) -> None:
    puzzles = [sudoku(line=line) for line in range(1, 13)]
    dialog = ChoosePuzzle(puzzles, {0: True, 1: True, 2: False}, 2, lambda indices, told: None)
    app, before = shown(dialog, lambda: dialog.query("#hint"))
    assert snap_compare(app, terminal_size=(80, 24), run_before=before)


def test_runs_side_by_side(snap_compare: Compare, steady: Path) -> None:
    for number, name in enumerate(("trm/seed0", "trm/seed1", "hrm/seed0"), 1):
        folder = steady / "both" / name
        folder.mkdir(parents=True)
        lines = (
            record(step, eval_exact_accuracy=min(step * number / 200, 1), loss=number / step)
            for step in range(5, 101, 5)
        )
        (folder / "metrics.jsonl").write_text("".join(lines))
    app = Watch(run=Path("both"), device="cpu", memory=Memory())
    assert snap_compare(app, terminal_size=(100, 30))


def test_a_training_run(snap_compare: Compare, steady: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, kind = steady / "tiny", get("sudoku-4x4")
    folder.mkdir()
    (folder / "recipe.json").write_text('{"name": "tiny", "model": {"mixer": "mlp", "width": 8}}')
    (folder / "metrics.jsonl").write_text("".join(record(step, loss=1 / step) for step in range(5, 101, 5)))

    async def puzzles_of(recipe: object) -> list[Puzzle]:
        return [Puzzle(kind, kind.parse(text)) for text in QUESTIONS]

    monkeypatch.setattr("puzzlerec.watch.training.puzzles_of", puzzles_of)
    app = Watch(run=Path("tiny"), device="cpu", memory=Memory())

    async def before(pilot: Pilot[None]) -> None:
        screen = app.screen
        assert isinstance(screen, TrainingScreen)
        await until(pilot, lambda: screen.exhibit.puzzles and screen.run.metrics.records)

    assert snap_compare(app, terminal_size=(100, 30), run_before=before)
