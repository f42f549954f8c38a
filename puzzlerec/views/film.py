"""How an answer formed, as marks over time: the grid at each step, curves below it, and what is said of the step.

Letters: T frames.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.pictures import (
    LINES,
    MARGIN,
    PATH,
    WIDTH,
    Picture,
    columns,
    grid,
    model_words,
    moved,
    pixels,
    still,
    words,
)
from puzzlerec.views.scene import faults, scene
from puzzlerec.views.shapes import CELL, Letters, Mark, Shape
from puzzlerec.views.words import count, printable

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame
    from puzzlerec.solving.trace import Run, Trace

FIRST, LAST = 1.0, 3.0  # seconds that the question and the last step stay
IN_STRIP = 220  # pixels, the width of a grid in a strip
CHOSEN = 6  # pictures of a strip, unless they are named
GAP, LINE, CURVE = 4, 11, 26  # units of a picture `WIDTH` wide: between things, of a line of text, of the curves

Lasting = tuple[int, int, Mark]  # a mark, and the frames that it is shown in: from the first up to the second


@dataclass(frozen=True)
class Curve:
    """A number from 0 to 1 at every step."""

    name: str
    paint: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class Film:
    """How one attempt went: the first frame is the question, the others are its steps."""

    width: int  # of the grid, in units, as is all that follows
    height: int
    pixels: int  # of the grid's width, where nobody says otherwise
    grid: tuple[Lasting, ...]
    said: tuple[str, ...]  # [T]
    curves: tuple[Curve, ...]
    model: str
    title: str

    @property
    def length(self) -> int:
        """T"""
        return len(self.said)

    def seconds(self, per_step: float) -> np.ndarray:
        """[T + 1]: when each frame begins, and when the last one ends."""
        lasts = np.full(self.length, per_step)
        lasts[0], lasts[-1] = max(FIRST, per_step), max(LAST, per_step)
        return np.concatenate([[0.0], np.cumsum(lasts)])

    def chosen(self, count: int = CHOSEN) -> list[int]:
        """So many frames or all, evenly spaced, the first and the last among them."""
        return sorted({round(place) for place in np.linspace(0, self.length - 1, count).tolist()})


@dataclass(frozen=True)
class Sheet:
    """Marks on ``width`` x ``height`` units over ``length`` frames, ``pixels`` wide where nobody says otherwise."""

    width: float
    height: float
    pixels: int
    length: int
    marks: tuple[Lasting, ...]
    title: str

    def at(self, frame: int) -> list[Mark]:
        """What is seen in one frame."""
        return [mark for start, stop, mark in self.marks if start <= frame < stop]


def decisive(trace: Trace) -> Run:
    """The attempt that found the answer, or else the last. Raises ValueError if there is none."""
    if not trace.runs:
        raise ValueError("no model was asked, so there is nothing to see")
    return next((run for run in trace.runs if _solves(trace.answer.puzzle, run)), trace.runs[-1])


def film(trace: Trace, run: Run | None = None) -> Film:
    """The film of one attempt, the decisive one if None. Raises ValueError if there is none."""
    run = run or decisive(trace)
    puzzle, frames = trace.answer.puzzle, run.frames
    at_fault = [faults(puzzle, frame) for frame in frames]
    steps = [
        still(puzzle, frame.tokens[0], cells) if _solved(puzzle, frame) else scene(puzzle, frame, offending=cells)
        for frame, cells in zip(frames, at_fault, strict=True)
    ]
    numbers = [int(cells.sum()) for cells in at_fault]
    place = f"{puzzle.source}:{puzzle.line}" if puzzle.line else puzzle.kind.title
    model = model_words(trace.model, trace.answer.weights)
    attempt = f", attempt {run.number} ({run.label})" if len(trace.runs) > 1 else ""
    endings = map(_ending, [puzzle] * len(frames), frames, numbers)
    said = [f"step {frame.step}{attempt}{ending}" for frame, ending in zip(frames, endings, strict=True)]
    return Film(
        width=CELL * columns(puzzle),
        height=CELL * puzzle.question.shape[0],
        pixels=pixels(puzzle),
        grid=tuple(_lasting([list(grid(seen)) for seen in (scene(puzzle), *steps)])),
        said=("the question", *map(printable, said)),
        curves=_curves(puzzle, frames, numbers),
        model=printable(model),
        title=printable(f"{place}: {model} in {count(len(frames), 'step')}"),
    )


def moving(film: Film) -> Sheet:
    """The whole film on one sheet: the grid, curves along which a line goes, and what is said of the step."""
    unit, end = film.width / WIDTH, film.length
    margin = round(MARGIN * unit)
    marks = [(start, stop, moved(mark, margin, margin)) for start, stop, mark in film.grid]
    top = margin + film.height + 2 * GAP * unit
    marks += [(0, end, mark) for mark in plot(film, margin, top, film.width, unit)]
    marks += [(step, step + 1, cursor(film, step, margin, top, film.width, unit)) for step in range(1, end)]
    top += (LINE + CURVE + 1.5 * GAP) * unit
    marks += [
        (step, step + 1, words(text, "ink", margin, top + LINE / 2 * unit, 8 * unit, True))
        for step, text in enumerate(film.said)
    ]
    marks.append((0, end, words(film.model, "muted", margin, top + LINE * 1.5 * unit, 8 * unit)))
    return Sheet(
        film.width + 2 * margin, top + 2 * LINE * unit + margin / 2, film.pixels, end, tuple(marks), film.title
    )


def strip(film: Film, frames: Sequence[int]) -> Picture:
    """The grid in some ``frames`` side by side above the curves, in which these are marked."""
    unit = film.width / WIDTH
    margin, marks = round(MARGIN * unit), []
    beside = film.width + margin
    for number, frame in enumerate(frames):
        left = margin + number * beside
        marks += [moved(mark, left, margin) for start, stop, mark in film.grid if start <= frame < stop]
        marks.append(words(film.said[frame], "ink", left, margin + film.height + LINE * unit, 8 * unit, True))
    wide = len(frames) * beside - margin
    top = margin + film.height + (2 * LINE + GAP) * unit
    marks += plot(film, margin, top, wide, unit)
    marks += [cursor(film, frame, margin, top, wide, unit) for frame in frames if frame]
    top += (LINE + CURVE + GAP) * unit
    marks.append(words(film.model, "muted", margin, top + LINE / 2 * unit, 8 * unit))
    return Picture(wide + 2 * margin, top + LINE * unit + margin, len(frames) * IN_STRIP, tuple(marks), film.title)


def plot(film: Film, left: float, top: float, wide: float, unit: float) -> Iterator[Mark]:
    """The names of the curves, and below them the curves, ``wide`` units."""
    low, origin = (LINE + CURVE) * unit, np.array([[left, top]])
    yield Mark(LINES, "hair", Shape(((0, low), (wide, low)), 0.6 * unit), origin)
    for number, curve in enumerate(film.curves):
        points = tuple(
            (_along(film, step, wide), round(low - CURVE * unit * min(max(value, 0.0), 1.0), 1))
            for step, value in enumerate(curve.values, 1)
        )
        yield Mark(PATH, curve.paint, Shape(points, 1.2 * unit), origin)
        yield words(curve.name, curve.paint, left + number * WIDTH / 3 * unit, top + LINE / 2 * unit, 7 * unit)


def cursor(film: Film, frame: int, left: float, top: float, wide: float, unit: float) -> Mark:
    """Where a frame is in the `plot`."""
    ends = ((0, LINE * unit), (0, (LINE + CURVE) * unit))
    return Mark(LINES, "muted", Shape(ends, 0.8 * unit), np.array([[left + _along(film, frame, wide), top]]))


def _along(film: Film, frame: int, wide: float) -> float:
    return round(wide * frame / max(film.length - 1, 1), 1)


def _ending(puzzle: Puzzle, frame: Frame, at_fault: int) -> str:
    if _solved(puzzle, frame):
        return ", solved"
    return f", {count(at_fault, 'cell')} at fault" if at_fault else ""


def _solves(puzzle: Puzzle, run: Run) -> bool:
    return bool(run.frames) and _solved(puzzle, run.frames[-1])


def _solved(puzzle: Puzzle, frame: Frame) -> bool:
    return puzzle.kind.check(puzzle.question, frame.tokens[0]).solved


def _lasting(frames: Sequence[Sequence[Mark]]) -> Iterator[tuple[int, int, Mark]]:
    """The marks of T frames, each place from the frame where a mark appears to the one where it is gone again."""
    shown: dict[tuple[int, str, Shape | Letters], dict[tuple[float, float], list[int]]] = {}
    for index, marks in enumerate(frames):
        for mark in marks:
            places = shown.setdefault((mark.layer, mark.paint, mark.shape), {})
            for x, y in mark.places.tolist():
                places.setdefault((x, y), []).append(index)
    for (layer, paint, shape), places in shown.items():
        lasting: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for place, there in places.items():
            for start, stop in _stretches(there):
                lasting.setdefault((start, stop), []).append(place)
        for (start, stop), some in lasting.items():
            yield start, stop, Mark(layer, paint, shape, np.array(some))


def _stretches(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Rising ``numbers`` as stretches of consecutive ones: the first, and one more than the last."""
    start = 0
    for index in range(1, len(numbers) + 1):
        if index == len(numbers) or numbers[index] != numbers[index - 1] + 1:
            yield numbers[start], numbers[index - 1] + 1
            start = index


def _curves(puzzle: Puzzle, frames: Sequence[Frame], at_fault: Sequence[int]) -> tuple[Curve, ...]:
    empty = ~puzzle.kind.given(puzzle.question)
    here, most = empty if empty.any() else np.ones_like(empty), max(at_fault)
    return (
        Curve("confidence", "filled", tuple(float(frame.confidence[0][here].mean()) for frame in frames)),
        Curve("halting", "halt", tuple(float(frame.halt[0]) for frame in frames)),
        Curve(f"at fault, of {most}" if most else "none at fault", "fault", tuple(n / max(most, 1) for n in at_fault)),
    )
