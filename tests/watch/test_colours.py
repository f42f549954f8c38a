"""What is written can be read in every theme, and a theme that is changed leaves nothing of the one before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.style import Style
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES, Theme

from puzzlerec.puzzles import KINDS, Puzzle, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.trace import Trace
from puzzlerec.views.palette import FAINT, OPEN, READABLE, VISIBLE, contrast
from puzzlerec.views.scene import Scene, scene
from puzzlerec.views.strips import painter_of
from puzzlerec.views.tiling import Tiling
from puzzlerec.watch.app import DARK, LIGHT, Watch
from puzzlerec.watch.colours import Colours, readable
from puzzlerec.watch.dialogs.dialog import Dialog
from puzzlerec.watch.dialogs.files import OpenFile
from puzzlerec.watch.dialogs.generate import Generate
from puzzlerec.watch.dialogs.help import Help
from puzzlerec.watch.dialogs.model import ChooseModel
from puzzlerec.watch.dialogs.puzzles import ChoosePuzzle
from puzzlerec.watch.dialogs.saving import SaveAs
from puzzlerec.watch.dialogs.settings import RunSettings
from puzzlerec.watch.dialogs.start import Start
from puzzlerec.watch.editor import Editor
from puzzlerec.watch.refinement import RefinementScreen
from puzzlerec.watch.runs import RunsScreen
from puzzlerec.watch.training import TrainingScreen

from ..views.test_looks import empty, frame_of
from .conftest import drive, replaying, sudoku, until
from .test_training import record, save_checkpoint

THEMES = [*BUILTIN_THEMES.values(), DARK, LIGHT]


def colours_of(style: Style, paper: str) -> tuple[str, str]:
    ink, under = style.color, style.bgcolor
    assert ink is not None
    return ink.get_truecolor().hex, under.get_truecolor().hex if under else paper


def scenes(puzzle: Puzzle) -> Iterator[Scene]:
    """The question, answers that are more or less sure, at fault, hidden and solved."""
    yield scene(puzzle)
    given = puzzle.kind.given(puzzle.question)
    for sure in (0.35, 0.6, 0.75, 0.95):
        for solved in (False, True):
            seen = scene(puzzle, frame_of(puzzle, sure), offending=np.zeros(given.shape, bool), solved=solved)
            yield seen
        rng = np.random.default_rng(0)
        marks = {name: (rng.random(given.shape) < 0.3) & ~given for name in ("offending", "wrong", "changed", "masked")}
        yield replace(seen, solved=False, levels=rng.integers(0, 8, given.shape), **marks)


def one(name: str) -> Puzzle:
    kind = KINDS[name]
    if kind.editing is not None:
        puzzle = empty(kind)
        question = puzzle.question.copy()
        question[0, 0] = kind.allowed(puzzle.question[None])[0, 0].nonzero()[0][-1]
        return Puzzle(kind, question)
    question = {"copy": "copy:a1b2=", "reverse": "reverse:a1b2=", "addition": "12+345="}.get(name)
    return Puzzle(kind, kind.parse(question) if question else np.full((4, 4), 3, np.uint8))


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_digits_can_be_read_in_every_theme_and_kind(theme: Theme) -> None:
    here = Colours.of(theme)
    paper = here.papers[""].bgcolor
    behind = paper.get_truecolor().hex if paper else "#000000" if theme.dark else "#ffffff"
    seen: set[int] = set()
    for name in KINDS:
        puzzle = one(name)
        for size in ((20, 10), (70, 30), (130, 60)):
            tiling = Tiling.fitting(puzzle, *size)
            for shown in scenes(puzzle):
                for heat in (True, False):
                    characters, styles = painter_of(tiling).paint(shown, heat=heat, cursor=(0, 1))
                    alphanumeric = np.vectorize(lambda code: chr(code).isalnum())(characters)
                    seen |= set(styles[alphanumeric].tolist())
    assert len(seen) > 20
    for code in seen:
        least = VISIBLE if code & FAINT or code & 31 == OPEN else READABLE
        ratio = contrast(*colours_of(here.palette.style(code), behind))
        assert ratio >= least, (theme, code, ratio)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_walls_stand_out_and_text_can_be_read_on_every_bar(theme: Theme) -> None:
    here = Colours.of(theme)
    wall, corridor = (colours_of(style, "")[1] for style in (here.palette.wall, here.palette.open))
    assert contrast(wall, corridor) >= 1.4
    for paper in here.papers.values():
        if paper.bgcolor is not None:
            for name in ("text", "muted", "strong", "good", "bad", "value"):
                assert contrast(*colours_of(paper + here.inks[name], "")) >= READABLE


def test_a_theme_that_is_changed_leaves_nothing_behind(trace: Trace) -> None:
    def painted(*themes: str) -> list[tuple[str, Style | None]]:
        app = replaying(trace)
        found: list[tuple[str, Style | None]] = []

        async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
            await pilot.press("end", "right", "right")
            for theme in themes:
                app.theme = theme
                await pilot.pause()
                await pilot.pause()
            for strip in app.screen._compositor.render_strips():
                found.extend((part.text, part.style) for part in strip.simplify())

        drive(app, steps)
        return found

    for dark, light in (("puzzlerec", "puzzlerec-light"), ("ansi-dark", "solarized-light"), ("nord", "ansi-light")):
        assert painted(dark, light) == painted(light)


def test_no_colour_is_no_colour_in_any_theme(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    for theme in ("puzzlerec", "ansi-dark"):
        app = replaying(trace)
        app.theme = theme

        async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
            await pilot.press("home", "right", "right")
            await pilot.pause()
            for strip in pilot.app.screen._compositor.render_strips():
                for _, style, _ in strip:
                    for colour in (style.color, style.bgcolor) if style else ():
                        assert colour is None or colour.is_default

        drive(app, steps)


def dialogs(app: Watch) -> Iterator[Screen[Any]]:
    """Every box over a screen, and the editor."""
    kind = get("sudoku-4x4")
    yield Start(sudoku())
    yield ChoosePuzzle([sudoku()] * 3, {0: True, 1: False}, 1, lambda indices, told: None)
    yield ChooseModel(kind, (4, 4))
    yield OpenFile()
    yield Generate(kind)
    yield RunSettings(SolveSettings())
    yield SaveAs("Save the trace", Path("it.h5"), lambda path: None)
    yield Help(app.screen)
    yield Editor(sudoku())
    yield Editor(Puzzle(kind, kind.parse("11.............."), "line"))


def unreadable(app: Watch, region: Region) -> list[tuple[str, float]]:
    """What is written in a region of the screen and cannot be read, with its contrast."""
    found = []
    for strip in app.screen._compositor.render_strips()[region.y : region.bottom]:
        for text, style, _ in strip.crop(region.x, region.right):
            if style and style.color and style.bgcolor and any(map(str.isalnum, text)):
                ratio = contrast(*colours_of(style, ""))
                if ratio < READABLE - 0.005:  # colours are of whole numbers
                    found.append((text, round(ratio, 2)))
    return found


@pytest.mark.parametrize("theme", [theme for theme in THEMES if not theme.ansi], ids=lambda theme: theme.name)
def test_text_of_every_theme_can_be_read_on_its_papers(theme: Theme) -> None:
    known = theme.to_color_system().generate()
    known |= readable(known)
    for name in ("background", "surface", "panel"):
        for ink in ("foreground", "text-muted", "text-disabled", "text-error", "text-warning", "text-success"):
            assert contrast(Color.parse(known[ink]).hex6, Color.parse(known[name]).hex6) >= READABLE, (ink, name)
    cursor = Color.parse(known["block-cursor-background"]).hex6
    assert contrast(known["block-cursor-foreground"], cursor) >= READABLE


@pytest.mark.parametrize("theme", [DARK, LIGHT, BUILTIN_THEMES["solarized-light"]], ids=lambda theme: theme.name)
def test_what_is_written_in_boxes_the_editor_and_runs_can_be_read(theme: Theme, trace: Trace, tmp_path: Path) -> None:
    app = replaying(trace)
    app.theme = theme.name
    run = tmp_path / "runs" / "one"
    run.mkdir(parents=True)
    (run / "metrics.jsonl").write_text(record(10) + record(100, eval_exact_accuracy=0.5))
    save_checkpoint(run, 100)

    async def steps(pilot: Pilot[None], screen: RefinementScreen) -> None:
        for dialog in dialogs(app):
            await app.push_screen(dialog)
            await until(pilot, lambda: dialog.is_running and (dialog.query("#problem") or dialog.query("#verdict")))  # noqa: B023
            if isinstance(dialog, Dialog):
                dialog.say("Something is wrong.")
            elif isinstance(dialog, Editor):
                dialog._say("Something is wrong.")
            await pilot.pause()
            boxes = dialog.query("#box") or dialog.query("#side")
            assert unreadable(app, boxes.first().region) == [], dialog
            app.pop_screen()
        for shown in (TrainingScreen(run, "cpu"), RunsScreen(run.parent)):
            await app.push_screen(shown)
            await pilot.pause()
            assert unreadable(app, app.screen.region) == [], shown
            app.pop_screen()

    drive(app, steps)
