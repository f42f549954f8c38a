"""Models that do exactly what a test wants."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from puzzlerec.models.config import TRMConfig
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.system import System
from puzzlerec.puzzles import get
from puzzlerec.puzzles.maze.rules import answer as shortest_answer

FAR = -30.0


class Candidates(NamedTuple):
    left: Tensor  # [B, L, N]


class Singles:
    """Finds naked and hidden singles, as a perfect but weak network would; undecided cells are a toss-up."""

    frames, disturbed, perturb = System.frames, ("y",), System.perturb

    def __init__(self, puzzle: str = "sudoku", steps: int = 16, sweeps: int = 2) -> None:
        kind = get(puzzle)
        size = kind.size
        self.config = TRMConfig(
            puzzle=puzzle, vocabulary=size + 2, grid=(size, size), prefix=0, supervision_steps=steps,
            mixer="candidates", box=kind.box, symbols=(2, size),
        )  # fmt: skip
        self.size, self.sweeps = size, sweeps
        self.in_unit = torch.zeros(3 * size, size * size)
        self.in_unit[
            torch.arange(3 * size)[:, None], torch.from_numpy(kind.units(np.ones(kind.shape, np.uint8)).copy())
        ] = 1
        self.peers = (self.in_unit.T @ self.in_unit > 0).float().fill_diagonal_(0)
        self.sizes: list[int] = []  # of the batches of all steps
        self.runs = 0

    def start(self, question: Tensor, *_: object) -> Candidates:
        self.runs += len(question)
        given = one_hot((question.flatten(1) - 2).clamp_min(0), self.size).float()
        return Candidates(torch.where((question.flatten(1) >= 2)[..., None], given, torch.ones_like(given)))

    def step(self, question: Tensor, state: Candidates, *_: object) -> tuple[Candidates, Prediction]:
        self.sizes.append(len(question))
        left = state.left
        for _ in range(self.sweeps):
            left = left * (self.peers @ (left * (left.sum(-1, keepdim=True) == 1)) == 0)
            hidden = left * (self.in_unit.T @ (self.in_unit @ left == 1).float() > 0)
            left = torch.where(hidden.any(-1, keepdim=True), hidden, left)
        logits = torch.full((*left.shape[:2], self.size + 2), FAR)
        logits[..., 2:] = torch.where(left > 0, 0.0, FAR)
        done = (left.sum(-1) == 1).all(-1)
        return Candidates(left), Prediction(logits, torch.where(done, 5.0, -5.0), torch.zeros(len(question)))


class Latent(NamedTuple):
    y: Tensor  # [B, 1]


class MazeOracle:
    """Marks the shortest path, if the maze that it sees and its first state please it."""

    frames, disturbed, perturb = System.frames, ("y",), System.perturb

    def __init__(self, size: int = 8, *, only_start_above_goal: bool = False, only_after_noise: bool = False) -> None:
        self.config = TRMConfig(puzzle="maze", vocabulary=6, grid=(size, size), supervision_steps=3)
        self.only_start_above_goal, self.only_after_noise = only_start_above_goal, only_after_noise

    def start(self, question: Tensor, *_: object) -> Latent:
        return Latent(torch.zeros(1, 1).expand(len(question), 1))

    def step(self, question: Tensor, state: Latent, *_: object) -> tuple[Latent, Prediction]:
        answers = []
        for row, y in zip(question, state.y, strict=True):
            maze = row.numpy().astype(np.uint8)
            start, goal = (int(np.argwhere(maze == token)[0, 0]) for token in (3, 4))
            pleased = (start < goal or not self.only_start_above_goal) and (bool(y) or not self.only_after_noise)
            answers.append(shortest_answer(maze) if pleased else maze)
        tokens = torch.from_numpy(np.stack(answers)).long().flatten(1)
        logits = FAR * (1 - one_hot(tokens, 6).float())
        return state, Prediction(logits, torch.ones(len(question)), torch.zeros(len(question)))


class Liar:
    """Answers the smallest digit everywhere and is sure that it is right."""

    frames, disturbed, perturb = System.frames, ("y",), System.perturb

    def __init__(self) -> None:
        self.config = Singles("sudoku-4x4", steps=3).config
        self.steps = 0

    def start(self, question: Tensor, *_: object) -> Latent:
        return Latent(torch.zeros(len(question), 1))

    def step(self, question: Tensor, state: Latent, *_: object) -> tuple[Latent, Prediction]:
        self.steps += 1
        logits = torch.zeros(*question.flatten(1).shape, 6)
        logits[..., 2] = 20.0
        return state, Prediction(logits, torch.full((len(question),), 10.0), torch.zeros(len(question)))
