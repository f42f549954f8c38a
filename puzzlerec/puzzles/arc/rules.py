"""ARC: a task shows by a few pairs of coloured grids how inputs become outputs, and asks for the output of another.

Text: a task is JSON (see `tasks`); a single grid is written as one line of JSON or as digits, a row a line.
"""

from __future__ import annotations

import json
import re

import numpy as np

from puzzlerec.puzzles.arc.augmentation import Augmentation
from puzzlerec.puzzles.arc.canvas import FIRST_COLOUR, PADDING, SIDE, corner, decode, encode
from puzzlerec.puzzles.arc.look import CANVAS_LOOK
from puzzlerec.puzzles.arc.tasks import count_of_cells, grid_of, parse_grid
from puzzlerec.puzzles.base import PuzzleError, PuzzleKind, Verdict

_NO_RULE = "ARC has no rule: only a known output can confirm the answer"


class Arc(PuzzleKind):
    """Single ARC grids, as canvases of tokens. What connects an input with its output is known to the task alone."""

    name = family = "arc"
    title = "ARC grid"
    vocabulary = (" ", "|", *"0123456789")
    layouts = ("line", "grid")  # a JSON list of lists; digits, a row a line
    shape = (SIDE, SIDE)
    pairs = True
    look = CANVAS_LOOK
    editing = None
    not_edited = "An ARC task is written in a file: o opens one."

    def parse(self, text: str) -> np.ndarray:
        """The canvas with the grid in its top left corner."""
        if text.lstrip().startswith("["):
            return encode(parse_grid(text))
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
                cells = count_of_cells(len(rows[-1]))
                message = f"The row has {cells}, the first has {len(rows[0])}; all must be equally long."
                raise PuzzleError(message, line=number)
        return encode(grid_of(rows))

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
        if not _is_canvas(question):
            problem = f"the canvas is not {SIDE}x{SIDE}, or another square below that"
            return Verdict(False, np.zeros(question.shape, bool), (problem,))
        grid = decode(question)
        if not grid.size:
            return Verdict(False, question != PADDING, ("there is no grid on the canvas",))
        offending = question != encode(grid, *corner(question), side=len(question))
        return Verdict(not offending.any(), offending, ("the canvas is not one grid",) if offending.any() else ())

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        """Never ``solved``: ARC has no rule that decides an answer, only a known output can confirm one.

        Facts: ``rows`` and ``columns`` of the grid that `decode` reads, 0 if there is none.
        """
        if answer.shape != question.shape:
            shapes = ["x".join(map(str, grid.shape)) for grid in (answer, question)]
            raise PuzzleError(f"The answer is {shapes[0]}; its canvas is {shapes[1]}, as the question's.")
        rows, columns = decode(answer).shape
        problems = (_NO_RULE,) if rows else ("no grid can be read from the answer",)
        return Verdict(False, np.zeros(answer.shape, bool), problems, {"rows": rows, "columns": columns})

    def restored(self, name: str, question: np.ndarray, tokens: np.ndarray) -> tuple[str, np.ndarray | None]:
        """As in the base class. An answer stands where its question does, wherever a copy was moved to."""
        task, augmentation = Augmentation.parse(name)
        grid = decode(tokens, corner(question))
        return task, augmentation.undo(grid) if grid.size else None

    def random_symmetries(
        self, rng: np.random.Generator, count: int, shape: tuple[int, int]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Renamings of the colours 1 to 9. Rotations move a grid's corner and end markers: see `augmentation`."""
        cells, tokens = super().random_symmetries(rng, count, shape)
        tokens[:, FIRST_COLOUR + 1 :] = rng.permuted(tokens[:, FIRST_COLOUR + 1 :], axis=1)
        return cells, tokens


def _is_canvas(tokens: np.ndarray) -> bool:
    return tokens.ndim == 2 and 0 < tokens.shape[0] == tokens.shape[1] <= SIDE


ARC = Arc()
