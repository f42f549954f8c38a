"""ARC: a task shows by a few pairs of coloured grids how inputs become outputs, and asks for the output of another.

A *grid* is here a ``uint8`` array ``[H, W]`` of colours 0 to 9, 1x1 to 30x30. What a network reads is a *canvas*, a
``uint8`` array ``[30, 30]`` of tokens: 0 padding, 1 end marker, 2 to 11 the colours 0 to 9. End markers fill the row
below the grid and the column on its right, as far as they fit; the rest is padding. A grid may stand anywhere on it.

Text: a task is the JSON that ARC publishes, ``{"train": [{"input": [[0, 1], ...], "output": ...}, ...], "test": ...}``;
a single grid is written as one line of JSON or as digits, a row a line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind, Verdict

SIDE = 30  # rows and columns of the canvas, the most that a grid has
COLOURS = 10
PADDING, END, FIRST_COLOUR = 0, 1, 2

SEPARATOR = "|||"  # between a task's id and the name of an augmentation
DIHEDRAL: tuple[Callable[[np.ndarray], np.ndarray], ...] = (
    lambda grid: grid,
    lambda grid: np.rot90(grid),
    lambda grid: np.rot90(grid, 2),
    lambda grid: np.rot90(grid, 3),
    np.fliplr,
    np.flipud,
    np.transpose,
    lambda grid: np.rot90(grid, 2).T,
)  # the rotations and reflections, numbered as the reference code of HRM and TRM does
DIHEDRAL_INVERSE = (0, 3, 2, 1, 4, 5, 6, 7)

_IDENTITY = tuple(range(COLOURS))
_AUGMENTATION = re.compile(r"t([0-7])" + re.escape(SEPARATOR) + r"(0[1-9]{9})")
_NO_RULE = "ARC has no rule: only a known output can confirm the answer"


@dataclass(frozen=True, eq=False)
class Pair:
    """An input and its output, None where that is not known."""

    input: np.ndarray  # [H, W] uint8 colours
    output: np.ndarray | None

    @property
    def known(self) -> np.ndarray:
        """The output. Raises `PuzzleError` if it is not known."""
        if self.output is None:
            raise PuzzleError("The output of this pair is not known.")
        return self.output


@dataclass(frozen=True, eq=False)
class Task:
    """One ARC task."""

    id: str  # "007bbfb7", the name of its file
    demonstrations: tuple[Pair, ...]  # JSON's "train"; all outputs are known
    tests: tuple[Pair, ...]
    source: str = ""  # the file that it comes from


@dataclass(frozen=True)
class Augmentation:
    """A rotation or reflection, and a renaming of colours that leaves 0 alone: what was right stays right.

    It holds for all grids of a task together. Colours are renamed first: ``copy = DIHEDRAL[dihedral](colours[grid])``.
    """

    dihedral: int = 0  # index into `DIHEDRAL`
    colours: tuple[int, ...] = _IDENTITY  # the new colour of each old one

    def apply(self, grid: np.ndarray) -> np.ndarray:
        """The copy, ``[H, W]`` or ``[W, H]``, of ``grid [H, W]``."""
        return DIHEDRAL[self.dihedral](np.array(self.colours, np.uint8)[grid]).copy()

    def undo(self, copy: np.ndarray) -> np.ndarray:
        """The grid that ``copy`` was made of."""
        old = np.argsort(self.colours).astype(np.uint8)
        return old[DIHEDRAL[DIHEDRAL_INVERSE[self.dihedral]](copy)]

    def identifier(self, task: str) -> str:
        """The name of this copy of the task with the id ``task``, such as ``007bbfb7|||t3|||0213456789``.

        The task's id alone where nothing is changed. The reference code of HRM and TRM has the same names.
        """
        if self == Augmentation():
            return task
        return SEPARATOR.join((task, f"t{self.dihedral}", "".join(map(str, self.colours))))

    @classmethod
    def parse(cls, identifier: str) -> tuple[str, Augmentation]:
        """The task's id and the augmentation that ``identifier`` names. Raises `PuzzleError`."""
        task, separator, name = identifier.partition(SEPARATOR)
        if not separator:
            return task, cls()
        match = _AUGMENTATION.fullmatch(name)
        if not match or len(set(match[2])) != COLOURS:
            raise PuzzleError(f"{identifier!r} names no copy of a task, such as 007bbfb7|||t3|||0213456789.")
        return task, cls(int(match[1]), tuple(map(int, match[2])))


def encode(grid: np.ndarray, row: int = 0, column: int = 0) -> np.ndarray:
    """The canvas ``[30, 30]`` with ``grid [H, W]`` on it, its top left cell at ``row`` and ``column``.

    Raises `PuzzleError` for a grid that is empty or does not fit there.
    """
    height, width = grid.shape
    if not (0 < height <= SIDE - row and 0 < width <= SIDE - column and min(row, column) >= 0):
        raise PuzzleError(f"A {height}x{width} grid does not fit on a {SIDE}x{SIDE} canvas at {row}, {column}.")
    canvas = np.full((SIDE + 1, SIDE + 1), PADDING, np.uint8)  # one more, for end markers that do not fit
    canvas[row : row + height, column : column + width] = grid + FIRST_COLOUR
    canvas[row + height, column : column + width] = END
    canvas[row : row + height, column + width] = END
    return canvas[:SIDE, :SIDE].copy()


def decode(canvas: np.ndarray) -> np.ndarray:
    """The grid ``[H, W]`` on a canvas ``[30, 30]`` or ``[900]``, wherever it stands.

    A network's output need not be a sound canvas. The grid is the rectangle of colours with the largest area, the
    flattest of several, among those with the top left corner where the first row and the first column that are not
    all padding meet; what lies beyond is ignored. It is 0x0 if there is no colour in that corner.
    """
    tokens = canvas.reshape(SIDE, SIDE)
    row, column = _corner(tokens)
    tokens = tokens[row:, column:]
    coloured = (tokens >= FIRST_COLOUR) & (tokens < FIRST_COLOUR + COLOURS)
    widths = np.minimum.accumulate(np.logical_and.accumulate(coloured, axis=1).sum(axis=1))  # [H] of the rows so far
    last = int((widths * np.arange(1, len(widths) + 1)).argmax())
    if not widths[last]:
        return np.zeros((0, 0), np.uint8)
    return (tokens[: last + 1, : widths[last]] - FIRST_COLOUR).astype(np.uint8)


def _corner(tokens: np.ndarray) -> tuple[int, int]:
    """The first row and the first column that are not all padding; 0, 0 if all is."""
    used = tokens != PADDING
    return int(used.any(axis=1).argmax()), int(used.any(axis=0).argmax())


def is_task(text: str) -> bool:
    """Whether ``text`` looks like the JSON of ARC tasks; it may be malformed."""
    start = text.lstrip()[:2000]
    return start.startswith("{") and re.search(r'"(train|test|input|output)"', start) is not None


def parse_task(text: str, source: str = "", id: str = "") -> Task:
    """The task in a JSON text. Its id is the name of the file ``source`` if none is given.

    Raises `PuzzleError` with the place of what is wrong. A test pair may lack its output.
    """
    return _task(_document(text, source), id or Path(source).stem or "task", source)


def parse_tasks(text: str, source: str = "") -> list[Task]:
    """The tasks in a JSON text: one, or an object of tasks by their ids, as Kaggle's ``*_challenges.json`` has them."""
    document = _document(text, source)
    if isinstance(document, dict) and document and not {"train", "test"} & document.keys():
        return [_task(value, key, source, f"task {key}") for key, value in document.items()]
    return [_task(document, Path(source).stem or "task", source)]


def parse_solutions(text: str, source: str = "") -> dict[str, list[np.ndarray]]:
    """The outputs of each task's tests, by its id, from the JSON of Kaggle's ``*_solutions.json``."""
    document = _document(text, source)
    if not isinstance(document, dict) or not all(isinstance(grids, list) for grids in document.values()):
        raise PuzzleError("Solutions are an object with a list of grids for each task's id.", source=source)
    return {
        key: [_grid(grid, f"task {key}, test {number}", source) for number, grid in enumerate(grids, 1)]
        for key, grids in document.items()
    }


def format_task(task: Task) -> str:
    """The task as JSON text, on one line: ``parse_task(format_task(t), id=t.id)`` is ``t``."""
    document = {
        "train": [_pair_document(pair) for pair in task.demonstrations],
        "test": [_pair_document(pair) for pair in task.tests],
    }
    return json.dumps(document)


def _pair_document(pair: Pair) -> dict[str, list[list[int]]]:
    output = {} if pair.output is None else {"output": pair.output.tolist()}
    return {"input": pair.input.tolist(), **output}


def _document(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PuzzleError(
            f"This is no JSON: {error.msg}.", source=source, line=error.lineno, column=error.colno
        ) from None
    except (RecursionError, ValueError):  # nested thousands deep; an integer of thousands of digits
        raise PuzzleError("This JSON is no ARC task.", source=source) from None


def _task(document: Any, id: str, source: str, place: str = "") -> Task:
    if not id.isprintable() or SEPARATOR in id or not id:
        raise PuzzleError(f"{id!r} cannot be a task's id; give it a name of plain characters.", source=source)
    start = f"{place}: " if place else ""
    if not isinstance(document, dict):
        raise PuzzleError(f"{start}An ARC task is an object with the keys 'train' and 'test'.", source=source)
    pairs: dict[str, tuple[Pair, ...]] = {}
    for key in ("train", "test"):
        if key not in document:
            raise PuzzleError(f"{start}The task has no {key!r}; it needs 'train' and 'test'.", source=source)
        if not isinstance(document[key], list):
            raise PuzzleError(f"{start}{key!r} should be a list of pairs.", source=source)
        where = f"{place}, {key}" if place else key
        pairs[key] = tuple(
            _pair(pair, f"{where} {number}", source, key == "test") for number, pair in enumerate(document[key], 1)
        )
    if not pairs["train"]:
        raise PuzzleError(f"{start}The task has no demonstrations: 'train' is empty.", source=source)
    return Task(id, pairs["train"], pairs["test"], source)


def _pair(document: Any, place: str, source: str, may_be_open: bool) -> Pair:
    if not isinstance(document, dict):
        raise PuzzleError(f"{place}: A pair is an object with the keys 'input' and 'output'.", source=source)
    if "input" not in document:
        raise PuzzleError(f"{place}: The pair has no 'input'.", source=source)
    output = document.get("output")
    if output is None and not may_be_open:
        raise PuzzleError(f"{place}: The pair has no 'output'.", source=source)
    return Pair(
        _grid(document["input"], f"{place}, input", source),
        None if output is None else _grid(output, f"{place}, output", source),
    )


def _grid(rows: Any, place: str, source: str) -> np.ndarray:
    """The grid that JSON's lists hold."""

    def wrong(message: str) -> PuzzleError:
        return PuzzleError(f"{place}: {message}" if place else message, source=source)

    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise wrong("A grid is a list of rows, which are lists of colours.")
    if not rows or not rows[0]:
        raise wrong("The grid is empty.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise wrong(
                f"Row {number} has {_cells(len(row))}, row 1 has {len(rows[0])}; all rows must be equally long."
            )
    if max(len(rows), len(rows[0])) > SIDE:
        raise wrong(f"The grid is {len(rows)}x{len(rows[0])}; at most {SIDE} rows and {SIDE} columns are possible.")
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            if type(cell) is not int or not 0 <= cell < COLOURS:
                value = json.dumps(cell)
                value = value if len(value) <= 20 else f"{value[:20]}..."
                raise wrong(f"Row {number}, column {column} holds {value}; colours are whole numbers from 0 to 9.")
    return np.array(rows, np.uint8)


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


class Arc(PuzzleKind):
    """Single ARC grids, as canvases of tokens. What connects an input with its output is known to the task alone."""

    name = family = "arc"
    title = "ARC grid"
    vocabulary = (" ", "|", *"0123456789")
    layouts = ("line", "grid")  # a JSON list of lists; digits, a row a line
    shape = (SIDE, SIDE)

    def parse(self, text: str) -> np.ndarray:
        """The canvas with the grid in its top left corner."""
        if text.lstrip().startswith("["):
            return encode(_grid(_document(text, ""), "", ""))
        lines = text.strip("\n").split("\n")
        first = len(text) - len(text.lstrip("\n")) + 1
        rows: list[list[int]] = []
        for number, line in enumerate(lines, first):
            if foreign := re.search(r"[^0-9\s]", line, re.ASCII):
                message = (
                    f"{foreign[0]!r} is no colour: write the digits 0 to 9, a row a line, or a JSON list of lists."
                )
                raise PuzzleError(message, line=number, column=foreign.start() + 1)
            rows.append([int(digit) for digit in "".join(line.split())])
            if len(rows[-1]) != len(rows[0]):
                message = (
                    f"The row has {_cells(len(rows[-1]))}, the first has {len(rows[0])}; all must be equally long."
                )
                raise PuzzleError(message, line=number)
        return encode(_grid(rows, "", ""))

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        """As in the base class, of the grid that `decode` finds on the canvas."""
        colours = decode(grid).tolist()
        if layout == "line":
            return json.dumps(colours)
        if layout != "grid":
            raise PuzzleError(f"An ARC grid has no layout {layout!r}; it has {' and '.join(self.layouts)}.")
        return "\n".join("".join(map(str, row)) for row in colours)

    def given(self, question: np.ndarray) -> np.ndarray:
        """Nothing: an output may differ from its input in every cell, and in size."""
        return np.zeros(question.shape, bool)

    def check_question(self, question: np.ndarray) -> Verdict:
        """Whether this is a canvas with one grid of at least one cell, end markers and nothing else."""
        if question.shape != self.shape:
            return Verdict(False, np.zeros(question.shape, bool), (f"the canvas is not {SIDE}x{SIDE}",))
        grid = decode(question)
        if not grid.size:
            return Verdict(False, question != PADDING, ("there is no grid on the canvas",))
        offending = question != encode(grid, *_corner(question))
        return Verdict(not offending.any(), offending, ("the canvas is not one grid",) if offending.any() else ())

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """Never ``solved``: ARC has no rule that decides an answer, only a known output can confirm one.

        Facts: ``rows`` and ``columns`` of the grid that `decode` reads, 0 if there is none.
        """
        if answer.shape != self.shape:
            raise PuzzleError(f"The answer is {'x'.join(map(str, answer.shape))}; a canvas is {SIDE}x{SIDE}.")
        rows, columns = decode(answer).shape
        problems = (_NO_RULE,) if rows else ("no grid can be read from the answer",)
        return Verdict(False, np.zeros(self.shape, bool), problems, {"rows": rows, "columns": columns})

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Renamings of the colours 1 to 9. Rotations move a grid's corner and end markers: see `Augmentation`."""
        cells, tokens = super().random_symmetries(rng, count, shape)
        tokens[:, FIRST_COLOUR + 1 :] = rng.permuted(tokens[:, FIRST_COLOUR + 1 :], axis=1)
        return cells, tokens


ARC = Arc()
