"""A system is one file in `puzzlerec/models` and one recipe: every command then knows it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import puzzlerec.models
from puzzlerec.models.system import System

FILE = '''
"""Echo: one network, added to what it has said before."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor

from puzzlerec.models.blocks import Network
from puzzlerec.models.config import ModelConfig
from puzzlerec.models.system import System, detached


class EchoConfig(ModelConfig):
    system: Literal["echo"] = "echo"


class State(NamedTuple):
    y: Tensor


class Echo(System, system="echo"):
    Config = EchoConfig
    disturbed = ("y",)

    def __init__(self, config):
        super().__init__(config)
        self.network = Network(config)

    def start(self, question, steps=None, seeds=None):
        return State(torch.zeros(len(question), self.length(question), self.config.width))

    def step(self, question, state, puzzle_ids=None):
        x, canvas = self.encode(question, puzzle_ids)
        y = self.network(x + state.y, canvas)
        return detached(State(y)), self.predict(y, canvas)
'''

RECIPE = """
base = "sudoku-6x6-trm"

[data]
name = "sudoku-4x4"
train = 8
test = 8

[model]
system = "echo"
puzzle = "sudoku-4x4"
vocabulary = 6
grid = [4, 4]
box = [2, 2]
width = 8
heads = 2

[training]
batch = 4
steps = 2
log_every = 1

[evaluation]
every = 2
puzzles = 4
"""


@pytest.fixture
def echo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "echo.py").write_text(FILE)
    (tmp_path / "echo.toml").write_text(RECIPE)
    monkeypatch.setattr(puzzlerec.models, "__path__", [*puzzlerec.models.__path__, str(tmp_path / "models")])
    monkeypatch.setattr(System, "registry", dict(System.registry))
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("puzzlerec.models.echo", None)


@pytest.mark.usefixtures("echo")
def test_one_file_and_one_recipe_are_a_system(run) -> None:
    puzzle = "1...\n..2.\n.3..\n...4\n"
    assert run("train", "echo.toml", "--out", "echo").exit_code == 0
    assert run("models", "show", "echo/checkpoint").exit_code == 0
    solved = run("solve", "-", "--puzzle", "sudoku-4x4", "--model", "echo/checkpoint", "--attempts", "2", input=puzzle)
    assert solved.exit_code == 1, solved.stderr  # it ran, and two steps of training solve nothing
    watched = run("watch", "-", "--puzzle", "sudoku-4x4", "--model", "echo/checkpoint", "--once", input=puzzle)
    assert watched.exit_code == 1, watched.stderr
    assert run("eval", "echo/checkpoint", next(Path("datasets").glob("*.h5")).as_posix()).exit_code in (0, 1)
    assert (
        run(
            "compare", "echo.toml", "sudoku=echo.toml,model.system=trm", "--evaluations", "500", "--seeds", "1"
        ).exit_code
        == 0
    )
