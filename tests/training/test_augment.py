"""Copies drawn on the training device are the symmetries of the puzzles."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from puzzlerec.puzzles import get
from puzzlerec.training.augment import copy, sudoku_symmetries

GRIDS = {
    "sudoku-4x4": ((4, 4), (2, 2)),
    "sudoku-6x6": ((6, 6), (2, 3)),
    "sudoku": ((9, 9), (3, 3)),
}


@pytest.mark.parametrize("name", GRIDS)
def test_copies_keep_right_answers_right(name: str) -> None:
    kind = get(name)
    (rows, columns), (box_rows, box_columns) = GRIDS[name]
    i = np.arange(rows)
    solved = ((i[:, None] // box_rows + i[:, None] % box_rows * box_columns + i[None]) % rows + 2).astype(np.uint8)
    rng = np.random.default_rng(0)
    question = np.where(rng.random((rows, columns)) < 0.4, solved, 1).astype(np.uint8)
    assert kind.check(question, solved).solved
    cells, tokens = sudoku_symmetries(50, *GRIDS[name], torch.Generator().manual_seed(0), torch.device("cpu"))
    asked, answered = (
        copy(torch.from_numpy(grid.reshape(1, -1).astype(np.int64)).expand(50, -1), cells, tokens).numpy()
        for grid in (question, solved)
    )
    for q, a in zip(asked, answered, strict=True):
        shape = (rows, columns)
        assert kind.check(q.reshape(shape).astype(np.uint8), a.reshape(shape).astype(np.uint8)).solved
    assert len({bytes(a.astype(np.uint8)) for a in answered}) > 40
