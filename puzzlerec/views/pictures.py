"""Scenes as marks: what each cell shows, the lines between cells, and what is said below.

Letters: H x W grid, K tokens that one cell may show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.lines import borders, openings
from puzzlerec.views.scene import Scene, scene
from puzzlerec.views.shapes import (
    ARROWS,
    BADGE,
    CELL,
    DIAGONALS,
    EDGE,
    GOAL,
    HALF,
    HOLE,
    SQUARE,
    START,
    Letters,
    Mark,
    Shape,
    on_heat,
    spokes,
)
from puzzlerec.views.words import in_short, printable

if TYPE_CHECKING:
    from puzzlerec.solving.answer import Answer
    from puzzlerec.solving.frames import Frame

FILL, LINES, PATH, TEXT, FAULT = range(5)  # layers
SETTLED, OPEN = 0.9, 0.1  # an unsure cell of a model shows its candidates above the second, not its likeliest alone
MARGIN = 10  # around a picture, in units of a picture `WIDTH` wide, as are all lengths of what is said
WIDTH = 180
USUAL = 320  # pixels that a grid is wide
SMALLEST, LARGEST = 16, 60  # pixels of a cell
INNER = 0.88 * CELL  # the side of what candidates stand in
DIGIT, CHARACTER = 13, 19  # the sizes of what stands in a cell alone, and in a line of text


@dataclass(frozen=True)
class Picture:
    """Marks on a sheet of ``width`` x ``height`` units, which is ``pixels`` wide where nobody says otherwise."""

    width: float
    height: float
    pixels: int
    marks: tuple[Mark, ...]
    title: str


def pixels(puzzle: Puzzle) -> int:
    """How wide a puzzle is shown: less if it has few cells, more if it has many."""
    return max(min(USUAL, LARGEST * columns(puzzle)), SMALLEST * columns(puzzle))


def columns(puzzle: Puzzle) -> int:
    """How many cells wide a puzzle is, with the prompt of a line of text."""
    return int(puzzle.question.shape[1]) + len(puzzle.kind.look.prompt or "")


def grid(scene: Scene) -> Iterator[Mark]:
    """The marks of a scene whose first cell is at (0, 0)."""
    puzzle, look = scene.puzzle, scene.puzzle.kind.look
    picture = look.picture(scene.tokens)
    if picture is not None:
        yield from _colours(picture, look.palette)
    elif look.prompt is not None:
        yield from _line(scene, look.prompt)
    else:
        yield from _fills(scene)
        diagonals = look.diagonals(puzzle.question)
        if diagonals is not None:
            for bit, shape in DIAGONALS.items():
                yield from _at(LINES, "hair", shape, (diagonals & bit) > 0)
        if look.line is None:
            yield from _rules(look.regions(puzzle.question))
            yield from _characters(scene)
        else:
            yield _box(puzzle.question.shape, "hair")
            yield from _path(scene)
        if scene.hints is not None:
            yield from _hints(scene)
        yield from _at(TEXT, "masked", HOLE, scene.masked)
    shift = CELL * len(look.prompt or "")
    yield from _at(FAULT, "wrong", EDGE, scene.wrong & ~scene.offending, shift)
    yield from _at(FAULT, "fault", EDGE, scene.offending, shift)
    yield from _at(FAULT, "halt", BADGE, scene.changed & ~scene.offending, shift)


def of_answer(answer: Answer) -> Picture:
    """An answer, what was given apart from what was filled in, with its verdict and its model below."""
    verdict = answer.verdict
    words = in_short(verdict) if verdict.solved else f"not solved: {in_short(verdict)}"
    said = [(words, "ink" if verdict.solved else "fault"), (model_words(answer.model, answer.weights), "muted")]
    return captioned(answer.puzzle, grid(still(answer.puzzle, answer.tokens, verdict.offending)), said)


def of_puzzle(puzzle: Puzzle) -> Picture:
    """A question."""
    return captioned(puzzle, grid(scene(puzzle)), [])


def of_frame(
    puzzle: Puzzle, frame: Frame, *, previous: Frame | None = None, truth: np.ndarray | None = None, model: str = ""
) -> Picture:
    """A step (B = 1) of an answer with its heat, as `scene` sees it; ``model`` in words."""
    seen = scene(puzzle, frame, previous=previous, truth=truth)
    return captioned(puzzle, grid(seen), [(f"{frame.kind} step {frame.step}", "ink"), (model, "muted")])


def captioned(puzzle: Puzzle, marks: Iterable[Mark], said: Sequence[tuple[str, str]]) -> Picture:
    """A grid on its sheet above lines of text, each with its paint."""
    wide = CELL * columns(puzzle)
    unit = wide / WIDTH
    margin = round(MARGIN * unit)
    y = float(CELL * puzzle.question.shape[0] + 2 * margin)
    placed = [moved(mark, margin, margin) for mark in marks]
    for text, paint in said:
        if text:
            placed.append(words(text, paint, margin, y + 6 * unit, 9 * unit, bold=paint != "muted"))
            y += 12 * unit
    place = f"{puzzle.source}:{puzzle.line}" if puzzle.line else puzzle.kind.title
    title = printable(", ".join([place, *(text for text, _ in said if text)]))
    return Picture(wide + 2 * margin, y + margin / 2 * bool(said), pixels(puzzle), tuple(placed), title)


def words(text: str, paint: str, x: float, y: float, size: float, bold: bool = False, centred: bool = False) -> Mark:
    """One line of text that begins at ``x``, or has its middle there."""
    return Mark(TEXT, paint, Letters(printable(text), size, bold, centred), np.array([[x, y]]))


def model_words(name: str, weights: int) -> str:
    """What a caption says of the model: its name and size."""
    return f"{name}, {weights:,} weights" if name and weights else name


def moved(mark: Mark, x: float, y: float) -> Mark:
    return Mark(mark.layer, mark.paint, mark.shape, mark.places + np.array((x, y)))


def still(puzzle: Puzzle, tokens: np.ndarray, offending: np.ndarray) -> Scene:
    """Tokens without anything that a model says of them."""
    none, given = np.zeros(tokens.shape, bool), puzzle.kind.given(puzzle.question)
    return Scene(puzzle, tokens, given, np.full(tokens.shape, -1), offending, none, none, none, None)


def _at(layer: int, paint: str, shape: Shape | Letters, here: np.ndarray, shift: float = 0.0) -> Iterator[Mark]:
    """A mark in the cells ``here`` [H, W] bool, if there are any; letters stand in their middle."""
    if here.any():
        middle = HALF if isinstance(shape, Letters) else 0
        places = np.argwhere(here)[:, ::-1] * CELL + (shift + middle, middle)
        yield Mark(layer, paint, shape, places)


def _fills(scene: Scene) -> Iterator[Mark]:
    look = scene.puzzle.kind.look
    if look.solid is not None:
        yield from _at(FILL, "wall", SQUARE, scene.puzzle.question == look.solid)
    if look.line is None:
        yield from _at(FILL, "given", SQUARE, scene.given)
    lowest = 0 if look.heat is None else 1  # corridors stay dark, the path glows
    for level in np.unique(scene.levels[scene.levels >= lowest]).tolist():
        yield from _at(FILL, f"heat{level}", SQUARE, (scene.levels == level) & ~scene.masked)


def _rules(regions: np.ndarray) -> Iterator[Mark]:
    """Thin lines between cells and thick ones between regions and around all."""
    height, width = (CELL * size for size in regions.shape)
    down = np.array([(column, 0) for column in range(CELL, width, CELL)]).reshape(-1, 2)
    across = np.array([(0, row) for row in range(CELL, height, CELL)]).reshape(-1, 2)
    yield Mark(LINES, "hair", Shape(((0, 0), (0, height)), 0.6), down)
    yield Mark(LINES, "hair", Shape(((0, 0), (width, 0)), 0.6), across)
    beside, between = borders(regions)
    yield from _at(LINES, "ink", Shape(((0, 0), (0, CELL)), 1.6), beside)
    yield from _at(LINES, "ink", Shape(((0, 0), (CELL, 0)), 1.6), between)
    if not beside.any():
        yield _box(regions.shape, "ink")


def _box(shape: tuple[int, ...], paint: str) -> Mark:
    """A line around a grid of (H, W) cells."""
    height, width = (CELL * size for size in shape)
    corners = ((0, 0), (width, 0), (width, height), (0, height), (0, 0))
    return Mark(LINES, paint, Shape(corners, 1.6), np.zeros((1, 2)))


def _characters(scene: Scene) -> Iterator[Mark]:
    """What stands in each cell, or the candidates of cells that a model is not sure of."""
    look = scene.puzzle.kind.look
    unsure = np.zeros(scene.tokens.shape, bool)
    if look.pencil is not None and scene.probabilities is not None:
        unsure = (scene.levels >= 0) & (scene.probabilities.max(-1) < SETTLED) & ~scene.masked
        yield from _candidates(scene, look.pencil, unsure)
    shown = ~unsure & ~scene.masked & ~np.isin(scene.tokens, look.blanks)
    for token in np.unique(scene.tokens[shown]).tolist():
        here = shown & (scene.tokens == token)
        for paint, cells in _inks(scene, here):
            yield from _at(TEXT, paint, Letters(look.character(token), DIGIT, bold=paint == "ink"), cells)


def _candidates(scene: Scene, layout: tuple[int, int], unsure: np.ndarray) -> Iterator[Mark]:
    """The tokens that an unsure cell may still show, small, each at its place in ``layout`` (rows, columns)."""
    look, (rows, across) = scene.puzzle.kind.look, layout
    assert scene.probabilities is not None
    symbols = look.symbols(scene.puzzle.question)  # [H, W, K]
    likely = np.take_along_axis(scene.probabilities, symbols, -1) >= OPEN
    size = 1.1 * INNER / max(rows, across)
    for index in range(symbols.shape[-1]):
        row, column = divmod(index, across)
        x, y = ((column + 0.5) / across - 0.5) * INNER, ((row + 0.5) / rows - 0.5) * INNER
        open_here = unsure & (likely[..., index] | (symbols[..., index] == scene.tokens))
        for token in np.unique(symbols[..., index][open_here]).tolist():
            for paint, cells in _inks(scene, open_here & (symbols[..., index] == token)):
                for mark in _at(TEXT, paint, Letters(look.character(token), size), cells):
                    yield moved(mark, x, y)


def _inks(scene: Scene, here: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The cells ``here`` by the paint of what stands in them: given, filled in, or on heat."""
    yield "ink", here & scene.given
    yield "filled", here & ~scene.given & (scene.levels < 0)
    for level in np.unique(scene.levels[here & (scene.levels >= 0)]).tolist():
        yield on_heat(level), here & (scene.levels == level)


def _path(scene: Scene) -> Iterator[Mark]:
    """A line through the cells of a path, and its ends."""
    look = scene.puzzle.kind.look
    joined = np.isin(scene.tokens, look.joined)
    sides = openings(joined)
    for side in np.unique(sides[joined]).tolist():
        for paint, cells in _inks(scene, joined & (sides == side)):
            yield from _at(PATH, paint, spokes(side), cells)
    for end, shape in zip(look.ends, (START, GOAL), strict=False):
        yield from _at(TEXT, "ink", shape, scene.tokens == end)


def _hints(scene: Scene) -> Iterator[Mark]:
    """What a model shows beside the answer in the open cells, where that has shapes."""
    look = scene.puzzle.kind.look
    assert scene.hints is not None
    bare = ~scene.given & ~np.isin(scene.tokens, look.joined)
    for number, sign in enumerate(look.hints[1]):
        if sign in ARROWS:
            yield from _at(PATH, "muted", ARROWS[sign], bare & (scene.hints == number))


def _line(scene: Scene, prompt: str) -> Iterator[Mark]:
    """A line of text, its prompt before it."""
    look, shift = scene.puzzle.kind.look, CELL * len(prompt)
    for column, character in enumerate(prompt):
        yield Mark(TEXT, "ink", Letters(character, CHARACTER, True), np.array([[CELL * column + HALF, HALF]]))
    there = np.arange(scene.tokens.size).reshape(scene.tokens.shape) < look.written(scene.tokens)
    for token in np.unique(scene.tokens[there]).tolist():
        here = there & (scene.tokens == token)
        for paint, cells in (("ink", here & scene.given), ("filled", here & ~scene.given)):
            yield from _at(TEXT, paint, Letters(look.character(token), CHARACTER, paint == "ink"), cells, shift)


def _colours(picture: np.ndarray, palette: tuple[str, ...]) -> Iterator[Mark]:
    """Coloured cells, with digits as a second cue."""
    for colour in np.unique(picture).tolist():
        red, green, blue = (int(palette[colour][at : at + 2], 16) for at in (1, 3, 5))
        ink = "on-light" if 0.3 * red + 0.59 * green + 0.11 * blue >= 100 else "on-dark"
        yield from _at(FILL, palette[colour], SQUARE, picture == colour)
        yield from _at(TEXT, ink, Letters(str(colour), 8), picture == colour)
