"""Lines to complete: copy, reverse and addition, with operands of every length from `shortest` to `longest`.

A line's longest operand has a length drawn uniformly, which is its rating; the other operand of a sum is no longer. An
eighth of all prompts, chosen by a hash of their text, is for testing: a line that some test set holds is in no training
set, whatever the seeds and settings, and short lines do not all go to the test.
"""

from __future__ import annotations

import zlib
from typing import Any, Protocol

import numpy as np

from puzzlerec.puzzles.characters.tokens import LONGEST
from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator
from puzzlerec.puzzles.kernels import below, hash_rows

CHUNK = 256
TEST_SHARE = 8  # one prompt of so many is for testing


class Task(Protocol):
    """What a kind of lines says of its task."""

    symbols: tuple[str, ...]  # of operands

    @property
    def start(self) -> str: ...
    def width(self, length: int) -> int: ...
    def parse(self, text: str) -> np.ndarray: ...
    def answer(self, question: np.ndarray) -> np.ndarray: ...


class Lines(Generator):
    """Lines of one task. Settings: the characters of the ``shortest`` and ``longest`` operand."""

    version = "characters 1"
    settings = {"shortest": 1, "longest": 10}  # noqa: RUF012  # Mapping, never changed

    def __init__(self, task: Task) -> None:
        self.task = task
        super().__init__((1, task.width(int(self.settings["longest"]))))

    def shape_of(self, settings: dict[str, Any]) -> tuple[int, int]:
        return 1, self.task.width(settings["longest"])

    def check(self, settings: dict[str, Any]) -> None:
        if not 1 <= settings["shortest"] <= settings["longest"] <= LONGEST:
            raise DatasetError(
                f"Operands have 1 <= shortest <= longest <= {LONGEST} characters, not "
                f"{settings['shortest']} to {settings['longest']}."
            )

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        shortest, longest = settings["shortest"], settings["longest"]
        inputs = np.zeros((CHUNK, self.task.width(longest)), np.uint8)
        labels, ratings = np.zeros_like(inputs), np.zeros(CHUNK, np.float32)
        filled = 0
        while filled < CHUNK:
            length = shortest + below(rng, longest - shortest + 1)
            prompt = self.prompt(length, shortest, rng)
            for_test = zlib.crc32(prompt.encode()) % TEST_SHARE == 0
            if for_test == (split == "test"):
                question = self.task.parse(self.task.start + prompt)
                inputs[filled, : question.size] = question
                labels[filled, : question.size] = self.task.answer(question)
                ratings[filled] = length
                filled += 1
        keys = hash_rows(inputs)
        return Chunk(inputs, labels, keys, keys, ratings)

    def prompt(self, length: int, shortest: int, rng: np.ndarray) -> str:
        """A random prompt whose longest operand has ``length`` characters, and none fewer than ``shortest``."""
        symbols = self.task.symbols
        return "".join(symbols[below(rng, len(symbols))] for _ in range(length)) + "="


class Sums(Lines):
    """Sums; an operand of more than one digit does not begin with 0."""

    def prompt(self, length: int, shortest: int, rng: np.ndarray) -> str:
        other = shortest + below(rng, length - shortest + 1)
        operands = [_number(length, rng), _number(other, rng)]
        if below(rng, 2):
            operands.reverse()
        return "+".join(operands) + "="


def _number(length: int, rng: np.ndarray) -> str:
    first = below(rng, 10) if length == 1 else 1 + below(rng, 9)
    return str(first) + "".join(str(below(rng, 10)) for _ in range(length - 1))
