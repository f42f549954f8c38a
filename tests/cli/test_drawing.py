"""Grids on a terminal: what is given, filled and wrong is told apart, with colour and without."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from rich.text import Text

from puzzlerec.cli.terminal import messages, progress
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.views.text import FILLED, GIVEN, OFFENDING, draw

from .conftest import SOLVED_4X4, SOLVED_9X9, opened

SUDOKU, SMALL, MAZE = get("sudoku"), get("sudoku-4x4"), get("maze")


def styles_at(drawing: Text, character_index: int) -> set[str]:
    return {str(span.style) for span in drawing.spans if span.start <= character_index < span.end}


def test_a_sudoku_is_framed_by_boxes_and_fits_in_80_columns() -> None:
    puzzle = Puzzle(SUDOKU, SUDOKU.parse(opened(SOLVED_9X9, 0, 80)))
    lines = draw(puzzle, SUDOKU.parse(SOLVED_9X9), np.zeros((9, 9), bool), 80).plain.splitlines()
    assert lines[0] == "╭───────┬───────┬───────╮"
    assert lines[1] == "│ 5 3 4 │ 6 7 8 │ 9 1 2 │"
    assert lines[4] == "├───────┼───────┼───────┤"
    assert len(lines) == 13 and {len(line) for line in lines} == {25}


def test_boxes_of_6x6_are_two_rows_high() -> None:
    kind = get("sudoku-6x6")
    grid = kind.parse("123456456123231564564231312645645312")
    lines = draw(Puzzle(kind, grid), grid, np.zeros((6, 6), bool), 80).plain.splitlines()
    assert [line[0] for line in lines] == list("╭││├││├││╰")
    assert lines[1] == "│ 1 2 3 │ 4 5 6 │"


def test_given_filled_and_offending_cells_differ() -> None:
    puzzle = Puzzle(SMALL, SMALL.parse(opened(SOLVED_4X4, 1, 2)))
    answer = SMALL.parse("1144" + SOLVED_4X4[4:])
    offending = np.zeros((4, 4), bool)
    offending[0, :2] = True
    drawing = draw(puzzle, answer, offending, 80)
    row = drawing.plain.splitlines()[1]
    assert row == "│ 1!1!│ 4 4 │"
    start = drawing.plain.index(row)
    given_wrong, filled_wrong, filled, given = (styles_at(drawing, start + place) for place in (2, 4, 8, 10))
    assert given_wrong == {f"{OFFENDING} {GIVEN}"}
    assert filled_wrong == {OFFENDING}
    assert filled == {FILLED}
    assert given == {GIVEN}


def test_without_colour_given_cells_are_bold_and_offending_ones_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    stream = io.StringIO()
    offending = np.zeros((4, 4), bool)
    offending[0, 0] = True
    puzzle = Puzzle(SMALL, SMALL.parse(opened(SOLVED_4X4, 0, 1)))
    drawing = draw(puzzle, SMALL.parse(SOLVED_4X4), offending, 80)
    Console(file=stream, force_terminal=True).print(drawing)
    first = stream.getvalue().splitlines()[1]
    assert "1!" in first and "\x1b[1m3\x1b[0m" in first and "\x1b[1m2" not in first
    assert not any(f"[{code}m" in stream.getvalue() for code in ("31", "36", "37", "41", "1;37;41"))


def test_a_terminal_without_unicode_gets_ascii() -> None:
    sudoku = draw(
        Puzzle(SMALL, SMALL.parse("1" + "." * 15)), SMALL.parse("1" + "." * 15), np.zeros((4, 4), bool), 80, False
    )
    maze = MAZE.parse("#####\n#SooG\n#####")
    path = draw(Puzzle(MAZE, maze), maze, np.zeros((3, 5), bool), 80, unicode=False)
    assert sudoku.plain.isascii() and sudoku.plain.splitlines()[1] == "| 1 . | . . |"
    assert path.plain.splitlines()[1] == "##SoooooG "


def test_a_mazes_path_is_a_line_from_start_to_goal() -> None:
    maze = MAZE.parse("######\n#S #o#\n#oooo#\n#   G#\n######")
    offending = np.zeros((5, 6), bool)
    offending[1, 4] = True
    puzzle = Puzzle(MAZE, MAZE.parse("######\n#S # #\n#    #\n#   G#\n######"))
    lines = draw(puzzle, maze, offending, 80).plain.splitlines()
    assert lines == ["████████████", "██S   ██╷!██", "██└─────┤ ██", "██      G ██", "████████████"]
    narrow = draw(puzzle, maze, offending, 11).plain.splitlines()
    assert {len(line) for line in narrow} == {6}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_drawings(shipped: Path, tmp_path: Path) -> None:
    """Through a real process, whose both streams are a pseudo-terminal."""
    import pty
    import subprocess

    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "TERM": "xterm", "OMP_NUM_THREADS": "1"}
    environment = {
        name: value for name, value in environment.items() if not name.startswith(("PUZZLEREC_", "NO_COLOR"))
    }
    puzzles = tmp_path / "easy.sdm"
    puzzles.write_text(f"{opened(SOLVED_4X4, 0)}\n" * 5)
    command = [sys.executable, "-m", "puzzlerec", "solve", str(puzzles), "--model", str(shipped / "sudoku-4x4")]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    while chunk := _read(ours):
        text += chunk
    os.close(ours)
    assert process.wait(60) == 0
    drawn = text.decode()
    assert drawn.count("╭─────┬─────╮") == 5 and drawn.count("✓ Solved") == 5 and "\x1b[1m" in drawn
    assert "easy.sdm:5" in drawn and "5 of 5 solved" in drawn
    assert "5/5" in drawn  # the bar


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # what Linux says when the other end is closed
        return b""


def test_a_progress_bar_leaves_standard_output_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "verbosity", 0)
    terminal, before = io.StringIO(), sys.stdout
    with progress("solving", 3, "puzzles", Console(file=terminal, force_terminal=True, width=80)) as advance:
        assert sys.stdout is before  # else answers for a file would be drawn above the bar
        advance(2)
    assert "2/3" in terminal.getvalue()


def test_no_progress_bar_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    with progress("solving", 3, "puzzles", Console(file=stream)) as advance:
        advance(3)
    monkeypatch.setattr(messages, "verbosity", -1)
    with progress("solving", 3, "puzzles", Console(file=stream, force_terminal=True)) as advance:
        advance(3)
    assert stream.getvalue() == ""
