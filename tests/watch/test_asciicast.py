"""Asciicasts: what a player shows at each time, and how little is written for it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.trace import Run, Trace
from puzzlerec.watch.asciicast import cast_of, save

COLOURS = re.compile(r"\x1b\[[\d;]*m")


def shown(path: Path) -> list[tuple[float, list[str]]]:
    """The screen, without colours, after each event."""
    header, *events = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    screen = [""] * header["height"]
    screens = []
    for seconds, kind, text in events:
        assert kind == "o"
        for number, line in re.findall(r"\x1b\[(\d+);1H\x1b\[2K([^\n]*?)(?=\x1b\[\d+;1H|$)", text):
            screen[int(number) - 1] = COLOURS.sub("", line)
        screens.append((seconds, list(screen)))
    return screens


@pytest.fixture
def trace() -> Trace:
    """Two steps on a 4x4 Sudoku; the second changes one cell, and solves it."""
    kind = get("sudoku-4x4")
    puzzle = Puzzle(kind, kind.parse("1234341221434..."), source="a")
    right = kind.parse("1234341221434321")
    wrong = right.copy()
    wrong[3, 3] = 3
    frames = [
        Frame(
            step=step,
            kind="supervision",
            tokens=tokens[None],
            confidence=np.full((1, 4, 4), 0.9, np.float32),
            entropy=np.zeros((1, 4, 4), np.float32),
            probabilities=np.full((1, 16, 6), 0.1, np.float16),
            masked=None,
            halt=np.array([0.25 * step], np.float32),
        )
        for step, tokens in enumerate((wrong, right), 1)
    ]
    runs = [Run(1, "one pass", "one pass", frames)]
    answer = Answer(puzzle, right, kind.check(puzzle.question, right), 2, 1, "one pass", 0.1, np.ones((4, 4)))
    return Trace(answer, "tiny", SolveSettings(), runs)


def test_only_changed_lines_are_written_and_a_player_sees_every_frame(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    save(path, [(0.0, "one\ntwo"), (0.5, "one\nTWO"), (1.0, "one\nTWO"), (1.5, "\nTWO")], 10, 3, "a title")
    header, *events = [json.loads(line) for line in path.read_text().splitlines()]
    assert (header["version"], header["width"], header["height"], header["title"]) == (2, 10, 3, "a title")
    assert [screen for _, screen in shown(path)[1:4]] == [["one", "two", ""], ["one", "TWO", ""], ["", "TWO", ""]]
    assert [seconds for seconds, *_ in events] == sorted(seconds for seconds, *_ in events)
    assert "one" not in events[2][2]
    assert len(events) == 5  # clear, three different frames, the end


def test_too_many_lines_are_cut(tmp_path: Path) -> None:
    save(tmp_path / "a.cast", [(0.0, "1\n2\n3\n4")], 10, 2)
    assert shown(tmp_path / "a.cast")[1][1] == ["1", "2"]


def test_a_file_that_cannot_be_completed_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "a.cast"
    path.write_text("old")

    def broken() -> list[tuple[float, str]]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        save(path, (frame for frame in broken()), 10, 3)
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [(80, 24), (30, 10)])
def test_a_trace_as_a_film(tmp_path: Path, trace: Trace, size: tuple[int, int]) -> None:
    width, height = size
    frames = list(cast_of(trace, width=width, height=height, seconds_per_step=0.5))
    assert [seconds for seconds, _ in frames] == [0.0, 0.5, 1.0]
    for _, text in frames:
        lines = COLOURS.sub("", text).split("\n")
        assert len(lines) == height and {len(line) for line in lines} == {width}
    save(tmp_path / "a.cast", frames, width, height)
    _, first, second, third, _ = (screen for _, screen in shown(tmp_path / "a.cast"))
    assert "question" in first[0]
    assert "step  1" in second[0] and "step  2" in third[0]
    if width == 80:
        assert "cells at fault" in second[0] and "halting  25%" in second[0]
        assert "solved" in third[0] and "tiny" in third[0]


def test_a_maze_too_large_for_the_screen_is_cut(trace: Trace) -> None:
    kind = get("maze")
    question = np.full((40, 40), 2, np.uint8)
    question[0, 0], question[-1, -1] = 3, 4
    answer = Answer(
        Puzzle(kind, question), question, kind.check(question, question), 0, 0, "none", 0.0, np.ones((40, 40))
    )
    ((_, text),) = cast_of(Trace(answer, "", SolveSettings(), []), width=30, height=12)
    assert {len(line) for line in COLOURS.sub("", text).split("\n")} == {30}
