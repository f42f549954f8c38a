"""Recordings that terminal players show: asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.segment import Segment
from rich.style import Style

from puzzlerec.files import replacing
from puzzlerec.puzzles import Puzzle
from puzzlerec.views.palette import DARK, PAPER
from puzzlerec.views.strips import grid_strips
from puzzlerec.views.words import in_short

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame
    from puzzlerec.solving.trace import Run, Trace

CLEAR, HIDE, SHOW, RESET, CLEAR_LINE = "\x1b[2J", "\x1b[?25l", "\x1b[?25h", "\x1b[0m", "\x1b[2K"
HOLD = 3.0  # seconds that the last frame stays


def save(path: str | Path, frames: Iterable[tuple[float, str]], width: int, height: int, title: str = "") -> None:
    """Write ``frames``, each (seconds from the start, the text of the whole screen with its colours), to ``path``.

    Of every frame only the lines that changed are drawn. The file appears when it is complete.
    """
    path = Path(path)
    header = {"version": 2, "width": width, "height": height, "env": {"TERM": "xterm-256color"}}
    with replacing(path) as partial, partial.open("w", encoding="utf-8", newline="\n") as file:
        _line(file, header | ({"title": title} if title else {}))
        seconds, shown = 0.0, [""] * height
        _line(file, [0.0, "o", HIDE + CLEAR])
        for seconds, text in frames:
            lines = (text.split("\n") + [""] * height)[:height]
            if drawn := _changes(shown, lines):
                _line(file, [round(seconds, 3), "o", drawn])
            shown = lines
        _line(file, [round(seconds + HOLD, 3), "o", f"\x1b[{height};1H{SHOW}"])


def cast_of(trace: Trace, *, width: int, height: int, seconds_per_step: float = 0.25) -> Iterator[tuple[float, str]]:
    """The question and then every step of every attempt, one attempt after the other, for `save`."""
    puzzle = trace.answer.puzzle
    yield 0.0, _screen(puzzle, None, None, [("question", True)], width, height)
    step = 0
    for run in trace.runs:
        previous: Frame | None = None
        for index, frame in enumerate(run.frames):
            step += 1
            yield step * seconds_per_step, _screen(puzzle, frame, previous, _heading(trace, run, index), width, height)
            previous = frame


def _heading(trace: Trace, run: Run, index: int) -> list[tuple[str, bool]]:
    """What stands above a frame: words, and whether they are the ones to see first."""
    puzzle, frame = trace.answer.puzzle, run.frames[index]
    verdict = puzzle.kind.check(puzzle.question, frame.tokens[0])
    words = [(f"{frame.kind} step {frame.step:>2}", True)]
    if len(trace.runs) > 1:
        words.append((f"attempt {run.number} of {len(trace.runs)}: {run.label}", False))
    words.append((f"halting {frame.halt[0]:>4.0%}", False))
    words.append((in_short(verdict), True))
    return words + [(trace.model, False)] * bool(trace.model)


def _screen(
    puzzle: Puzzle,
    frame: Frame | None,
    previous: Frame | None,
    words: Sequence[tuple[str, bool]],
    width: int,
    height: int,
) -> str:
    """A frame below a line of words, in the middle of ``width`` x ``height`` characters."""
    paper = DARK.style(PAPER)
    strips = grid_strips(puzzle, frame, width=width, height=height - 2, previous=previous, palette=DARK)
    strips = [strip.crop(0, width) for strip in strips[: height - 2]]
    heading = [Segment(f" {word} ", paper + Style(bold=first)) for word, first in words]
    lines = [Segment.adjust_line_length(heading, width, paper), [Segment(" " * width, paper)]]
    above = (height - 2 - len(strips)) // 2
    empty = [Segment(" " * width, paper)]
    lines += [empty] * above
    for strip in strips:
        indent = (width - strip.cell_length) // 2
        lines.append(Segment.adjust_line_length([Segment(" " * indent, paper), *strip], width, paper))
    lines += [empty] * (height - len(lines))
    return "\n".join(_ansi(line) for line in lines)


def _ansi(line: Iterable[Segment]) -> str:
    """Coloured text in true colour."""
    return "".join(segment.style.render(segment.text) if segment.style else segment.text for segment in line)


def _changes(old: Sequence[str], new: Sequence[str]) -> str:
    """What turns the lines ``old`` on the screen into ``new``."""
    drawn = (
        f"\x1b[{number};1H{CLEAR_LINE}{after}{RESET}"
        for number, (before, after) in enumerate(zip(old, new, strict=True), 1)
        if before != after
    )
    return "".join(drawn)


def _line(file: TextIO, document: object) -> None:
    file.write(json.dumps(document, ensure_ascii=False) + "\n")
