"""Films for terminal players: asciicast, version 2 (https://docs.asciinema.org/manual/asciicast/v2/).

Of every frame only the characters that changed are written, and their colours only where they change.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from puzzlerec.views.palette import DARK, PAPER
from puzzlerec.views.strips import grid_strips

if TYPE_CHECKING:
    from puzzlerec.solving.trace import Run, Trace
    from puzzlerec.views.film import Film

CLEAR, HIDE, SHOW, RESET = "\x1b[2J", "\x1b[?25l", "\x1b[?25h", "\x1b[0m"
LARGEST = 100, 40  # columns and lines of a grid, if it can be drawn as small as that
HEADING, NARROWEST = 2, 60  # lines above the grid, and columns for what is said there
ATTRIBUTES = ("bold", "dim", "italic", "underline", "reverse")
NEAR = 8  # characters: to write so many again takes no more than to go past them

Screen = list[list[tuple[str, Style]]]  # [lines, columns]: each character and how it is drawn


def cast(film: Film, trace: Trace, run: Run, per_step: float) -> Iterator[str]:
    """The lines of an asciicast of a film of an attempt, ``per_step`` seconds a step."""
    puzzle, (columns, lines) = trace.answer.puzzle, LARGEST
    pictures = [grid_strips(puzzle, frame, width=columns, height=lines) for frame in (None, *run.frames)]
    width = max(NARROWEST, max(strip.cell_length for strip in pictures[0]))
    height = len(pictures[0]) + HEADING
    header = {"version": 2, "width": width, "height": height, "env": {"TERM": "xterm-256color"}, "title": film.title}
    yield _line(header)
    paper = DARK.style(PAPER)
    empty: Screen = [[(" ", Style.null())] * width] * height
    shown, pen = empty, Style.null()
    times = film.seconds(per_step).tolist()
    yield _line([0.0, "o", HIDE + CLEAR])
    for seconds, strips, said in zip(times, pictures, film.said, strict=False):
        heading = [Segment(f" {said} ", paper + Style(bold=True)), Segment(f" {film.model}", paper)]
        screen = _screen([heading, [], *strips], width, paper)
        drawn, pen = _changes(shown, screen, pen)
        if drawn:
            yield _line([round(seconds, 3), "o", drawn])
        shown = screen
    yield _line([round(times[-1], 3), "o", f"{RESET}\x1b[{height};1H{SHOW}"])


def _screen(lines: Sequence[Iterable[Segment]], width: int, paper: Style) -> Screen:
    screen: Screen = []
    for line in lines:
        characters = [(character, part.style or paper) for part in line for character in part.text][:width]
        screen.append(characters + [(" ", paper)] * (width - len(characters)))
    return screen


def _changes(old: Screen, new: Screen, pen: Style) -> tuple[str, Style]:
    """What turns one screen into another for a terminal that draws in the style ``pen``, and how it draws then."""
    drawn: list[str] = []
    for number, (before, after) in enumerate(zip(old, new, strict=True), 1):
        for start, stop in _stretches([column for column in range(len(after)) if before[column] != after[column]]):
            drawn.append(f"\x1b[{number};{start + 1}H")
            for character, style in after[start:stop]:
                if style != pen:
                    drawn.append(_turned(pen, style))
                    pen = style
                drawn.append(character)
    return "".join(drawn), pen


def _stretches(columns: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising ``columns`` as stretches (first, behind the last), those that are near one another as one."""
    start = 0
    for index in range(1, len(columns) + 1):
        if index == len(columns) or columns[index] - columns[index - 1] > NEAR:
            yield columns[start], columns[index - 1] + 1
            start = index


def _turned(pen: Style, style: Style) -> str:
    """The escape sequence after which a terminal that drew in the style ``pen`` draws in another."""
    codes = style.render(".").removeprefix("\x1b[").partition("m")[0] if style else ""
    kept = style.color and style.bgcolor and all(getattr(style, name) or not getattr(pen, name) for name in ATTRIBUTES)
    return f"\x1b[{codes if kept else f'0;{codes}'}m"


def _line(document: object) -> str:
    return json.dumps(document, ensure_ascii=False) + "\n"
