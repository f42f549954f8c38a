"""A kind of puzzle with its rules alone: it says nothing of how it looks or is typed."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles import PuzzleError, PuzzleKind, Verdict


class Toy(PuzzleKind):
    """2x2 cells of a and b, neither of them twice in a row."""

    name = family = title = "toy"
    vocabulary = ("?", ".", "a", "b")
    layouts = ("line",)
    shape = (2, 2)

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        return 2, 3

    def parse(self, text: str) -> np.ndarray:
        if len(text) != 4:
            raise PuzzleError("A toy has four cells.")
        return np.array([".ab".index(character) + 1 for character in text], np.uint8).reshape(2, 2)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        return "".join(self.vocabulary[token] for token in grid.flat)

    def given(self, question: np.ndarray) -> np.ndarray:
        return question > 1

    def check_question(self, question: np.ndarray) -> Verdict:
        offending = np.zeros(question.shape, bool)
        twice = (question[:, 0] == question[:, 1]) & (question[:, 0] > 1)
        offending[twice] = True
        problems = tuple(f"{self.vocabulary[token]} stands twice" for token in question[twice, 0])
        return Verdict(not problems, offending, problems)

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        soundness = self.check_question(answer)
        offending = soundness.offending | (answer < 2)
        return Verdict(not offending.any(), offending, soundness.problems)
