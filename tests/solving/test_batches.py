"""How many puzzles run side by side."""

from __future__ import annotations

import numpy as np
import pytest
from torch import Tensor

from puzzlerec.models import config_class
from puzzlerec.models.prediction import Prediction
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.solver import Solver
from tests.solving.doubles import Latent, MazeOracle

MAZE = get("maze")


class AnySize(MazeOracle):
    """Takes mazes of every size, as if it had been trained on 4x4, and keeps the shapes of its batches."""

    def __init__(self) -> None:
        super().__init__(4)
        content = {
            "system": "trm", "puzzle": "maze", "vocabulary": 6, "grid": (4, 4), "prefix": 0, "mixer": "local",
            "mask_padding": True, "supervision_steps": 1,
        }  # fmt: skip
        self.config = config_class(content).model_validate(content)
        self.shapes: list[tuple[int, ...]] = []

    def step(self, question: Tensor, state: Latent, *_: object) -> tuple[Latent, Prediction]:
        self.shapes.append(tuple(question.shape))
        return super().step(question, state)


def maze(size: int) -> Puzzle:
    question = np.full((size, size), 2, np.uint8)
    question[0, 0], question[-1, -1] = 3, 4
    return Puzzle(MAZE, question)


@pytest.mark.parametrize(
    ("sizes", "shapes"),
    [
        ([4, 4, 4, 4], [(4, 4, 4)]),
        ([4, 4, 4, 4, 4], [(4, 4, 4), (1, 4, 4)]),
        ([8, 8], [(1, 8, 8), (1, 8, 8)]),
        ([4, 4, 8, 4], [(2, 4, 4), (1, 8, 8), (1, 4, 4)]),
        ([2, 4, 2, 2], [(4, 4, 4)]),
        ([12, 4], [(1, 12, 12), (1, 4, 4)]),
    ],
)
def test_a_batch_holds_no_more_cells_than_so_many_grids_of_the_models_size(
    sizes: list[int], shapes: list[tuple[int, ...]]
) -> None:
    """At a batch of four 4x4 grids: 64 cells, padding included, or one maze that is larger."""
    model = AnySize()
    answers = list(Solver(model).solve([maze(size) for size in sizes], SolveSettings(batch=4)))
    assert [answer.tokens.shape[0] for answer in answers] == sizes
    assert all(answer.verdict.solved for answer in answers)
    assert model.shapes == shapes
