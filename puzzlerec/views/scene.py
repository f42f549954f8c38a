"""What there is to see of a puzzle at one step of its answer.

Letters: H x W grid, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle
from puzzlerec.views.palette import FILLED, GIVEN, HEAT, LEVELS, MASKED, OPEN, SOLVED, STONE

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to see of a puzzle at one step. All arrays are [H, W]."""

    puzzle: Puzzle
    tokens: np.ndarray
    given: np.ndarray
    levels: np.ndarray  # 0 to LEVELS - 1, -1 where there is no heat
    offending: np.ndarray
    wrong: np.ndarray
    changed: np.ndarray
    masked: np.ndarray
    probabilities: np.ndarray | None  # [H, W, V]
    hints: np.ndarray | None = None  # classes, 0 for none
    solved: bool = False

    @cached_property
    def joined(self) -> np.ndarray:
        """The cells that a line runs through."""
        joined: np.ndarray = np.isin(self.tokens, self.puzzle.kind.look.joined)
        return joined

    def categories(self, heat: bool) -> np.ndarray:
        """What each cell is, as the palette has it: by its ``heat`` as long as the puzzle is not solved."""
        look, question = self.puzzle.kind.look, self.puzzle.question
        base = np.where(self.levels >= 0, HEAT + self.levels if heat else FILLED, OPEN)
        if look.heat is not None:
            base[self.levels == 0] = OPEN  # corridors stay dark, the path glows
        if self.solved:
            base = np.where(self.joined | (look.line is None), SOLVED, OPEN)
        base[self.given] = GIVEN
        if look.solid is not None:
            base[question == look.solid] = STONE
        base[self.masked] = MASKED
        return base.astype(np.uint16)


def scene(
    puzzle: Puzzle,
    frame: Frame | None = None,
    *,
    previous: Frame | None = None,
    truth: np.ndarray | None = None,
    offending: np.ndarray | None = None,
    solved: bool | None = None,
) -> Scene:
    """The question, or one frame (B = 1) of its answer.

    ``previous`` is the frame before; ``truth`` [H, W] holds the tokens of the exact answer, as `PuzzleKind.truth` gives
    them; ``offending`` [H, W] and ``solved`` spare checking the rules anew.
    """
    kind, question = puzzle.kind, puzzle.question
    none = np.zeros(question.shape, bool)
    given = kind.given(question)
    if frame is None:
        if offending is None:
            offending = kind.check_question(question).offending
        return Scene(puzzle, question, given, np.full(question.shape, -1), offending, none, none, none, None)
    tokens = frame.tokens[0]
    probabilities = frame.probabilities[0].reshape(*question.shape, -1)
    if offending is None:
        offending = faults(puzzle, frame)
    if solved is None:
        solved = not offending.any() and kind.check(question, tokens).solved
    hidden = none if frame.masked is None else frame.masked[0]
    wrong = none if truth is None else kind.wrong(tokens, truth)
    levels = np.clip(_heat(puzzle, frame, probabilities) * LEVELS, 0, LEVELS - 1).astype(int)
    return Scene(
        puzzle=puzzle,
        tokens=tokens,
        given=given,
        levels=np.where(given, -1, levels),
        offending=offending,
        wrong=wrong & ~given & ~hidden,
        changed=none if previous is None else changed(previous, frame) & ~given,
        masked=hidden,
        probabilities=probabilities,
        hints=None if frame.hints is None else frame.hints[0],
        solved=solved,
    )


def _heat(puzzle: Puzzle, frame: Frame, probabilities: np.ndarray) -> np.ndarray:
    """[H, W]: a token's probability, or how far that of the token that is shown is above chance; 1 is the most."""
    look = puzzle.kind.look
    if look.heat is not None:
        return probabilities[..., look.heat].astype(np.float32)
    chance = 1 / look.symbols(puzzle.question).shape[-1]
    share: np.ndarray = (frame.confidence[0] - chance) / (1 - chance)
    return share


def shown(frame: Frame) -> np.ndarray:
    """[H, W]: the tokens of an answer (B = 1) as far as it is there, 0 where there is none yet."""
    return frame.tokens[0] if frame.masked is None else np.where(frame.masked[0], 0, frame.tokens[0])


def changed(previous: Frame | None, frame: Frame) -> np.ndarray:
    """[H, W] bool: the cells that show another token than before, or the first."""
    before = 0 if previous is None else shown(previous)
    differ: np.ndarray = (shown(frame) != before) & (shown(frame) != 0)
    return differ


def faults(puzzle: Puzzle, frame: Frame) -> np.ndarray:
    """[H, W] bool: the cells that break a rule, as far as the answer is there."""
    if frame.masked is None or not frame.masked.any():
        return puzzle.kind.check(puzzle.question, frame.tokens[0]).offending
    return puzzle.kind.partial(puzzle.question, frame.tokens[0], frame.masked[0])
