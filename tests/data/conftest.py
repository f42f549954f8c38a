"""Small datasets, built once a test run."""

from __future__ import annotations

from pathlib import Path

import pytest

from puzzlerec.data import build


@pytest.fixture(scope="session")
def sudokus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 training and 20 test Sudokus of the mix."""
    path = tmp_path_factory.mktemp("data") / "sudoku.h5"
    build("sudoku", path, train=40, test=20, seed=5, workers=1)
    return path


@pytest.fixture(scope="session")
def mazes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 training and 10 test mazes of 20x20."""
    path = tmp_path_factory.mktemp("data") / "maze.h5"
    build("maze-20x20", path, train=20, test=10, seed=5, workers=1)
    return path
