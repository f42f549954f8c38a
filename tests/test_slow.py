"""Minutes rather than seconds, ``pytest -m slow``: shipped models are as good as their cards say, and recipes learn."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzlerec
from puzzlerec.data.building import generator
from puzzlerec.puzzles import Puzzle, get, read
from puzzlerec.training.examples import Examples
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import load_recipe
from puzzlerec.training.run_folder import RunFolder

pytestmark = pytest.mark.slow
SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"


def new_puzzles(name: str, count: int, seed: int) -> list[Puzzle]:
    """What the builder makes from a seed that no card and no recipe uses."""
    build = generator(name)
    chunk = build.chunk(build.settings(), "test", np.array([seed], np.uint64))
    kind = get(build.attributes.puzzle)
    return [Puzzle(kind, question.reshape(build.attributes.shape)) for question in chunk.inputs[:count]]


def share_solved(puzzles: list[Puzzle], model: str, attempts: int = 1) -> float:
    answers = list(puzzlerec.solve(puzzles, model, device="cpu", attempts=attempts))
    return sum(answer.verdict.solved for answer in answers) / len(answers)
