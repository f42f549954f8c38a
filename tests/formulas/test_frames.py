"""A frame's figures, of a model whose logits are known."""

from __future__ import annotations

from math import log
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from puzzlerec.models import config_class
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.system import System
from puzzlerec.puzzles import get
from puzzlerec.solving.frames import refine

KIND = get("sudoku-4x4")


class Nothing(NamedTuple):
    y: Tensor


class Says:
    """The same probabilities of the four digits in every cell, and a halting probability of 3/4."""

    frames, disturbed, perturb = System.frames, ("y",), System.perturb

    def __init__(self, *digits: float) -> None:
        content = {
            "system": "trm", "puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "prefix": 0,
            "supervision_steps": 1,
        }  # fmt: skip
        self.config = config_class(content).model_validate(content)
        self.logits = torch.tensor([0.9, 0.5, *digits]).clamp(min=1e-30).log()  # padding and blanks as likely as digits

    def start(self, question: Tensor, *_: Any) -> Nothing:
        return Nothing(torch.zeros(len(question), 1))

    def step(self, question: Tensor, state: Nothing, *_: Any) -> tuple[Nothing, Prediction]:
        B = len(question)
        return state, Prediction(self.logits.expand(B, 16, 6), torch.full((B,), log(3)), torch.zeros(B))


@pytest.mark.parametrize(
    ("digits", "entropy", "confidence"),
    [
        ((0.25, 0.25, 0.25, 0.25), log(4), 0.25),
        ((0.5, 0.25, 0.25, 0.0), 1.5 * log(2), 0.5),
        ((0.0, 0.0, 1.0, 0.0), 0.0, 1.0),
    ],
)
def test_entropy_is_the_sum_over_digits_in_nats(digits: tuple[float, ...], entropy: float, confidence: float) -> None:
    question = KIND.parse("1...............")
    (frame,) = refine(Says(*digits), question[None])
    assert frame.entropy[0, 1:] == pytest.approx(np.full((3, 4), entropy), abs=1e-5)
    assert frame.confidence[0, 1:] == pytest.approx(np.full((3, 4), confidence), abs=1e-5)
    assert frame.entropy[0, 0, 0] == pytest.approx(0) and frame.confidence[0, 0, 0] == 1  # a given
    assert frame.tokens[0, 0, 0] == 2 and (frame.tokens[0, 1:] == 2 + np.argmax(digits)).all()
    assert frame.halt.tolist() == pytest.approx([0.75])
    assert frame.probabilities[0, 5, 2:].tolist() == pytest.approx(digits, abs=1e-3)
