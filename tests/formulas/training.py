"""Trainers that a test holds still: batches of one puzzle, a learning rate next to nothing, weights set by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from puzzlerec.training.examples import Examples
from puzzlerec.training.loop import Trainer
from puzzlerec.training.recipe import parse_recipe
from puzzlerec.training.run_folder import RunFolder

SUDOKU: dict[str, Any] = {
    "puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "prefix": 0, "width": 8, "heads": 2, "multiple": 8,
    "layers": 1, "latent_updates": 1, "recursions": 1, "supervision_steps": 4,
}  # fmt: skip
STILL = 1e-30  # a learning rate at which no weight moves


def trainer(folder: Path, examples: Examples, **sections: dict[str, Any]) -> Trainer:
    content: dict[str, dict[str, Any]] = {
        "data": {"augment": False},
        "model": SUDOKU,
        "objective": {"loss": "softmax", "exploration": 0.0},
        "optimizer": {"lr": STILL, "warmup": 0, "weight_decay": 0.0},
        "training": {"steps": 1000, "batch": 1, "precision": "float32", "ema": 0.0},
        "evaluation": {"puzzles": 8, "batch": 8},
    }
    for name, section in sections.items():
        content[name] = content[name] | section
    recipe = parse_recipe({"name": "still", **content})
    return Trainer(recipe, {recipe.data.name: examples}, torch.device("cpu"), RunFolder(folder))


def figures(held: Trainer) -> dict[str, float]:
    """What the trainer reports of one step."""
    held.step()
    report: dict[str, float] = held.report()
    return report


def set_halting(held: Trainer, halt: float, proceed: float = -5.0) -> None:
    """Every puzzle has these halting logits from now on, whatever the states."""
    with torch.no_grad():
        held.model.halting.weight.zero_()
        held.model.halting.bias.copy_(torch.tensor([halt, proceed]))


def one_sudoku() -> Examples:
    """A 4x4 Sudoku of four givens."""
    label = torch.tensor([[2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]], dtype=torch.uint8)
    question = torch.where(torch.arange(16) % 5 == 0, label, 1).view(1, 4, 4)
    return Examples.without_hints(question, label, torch.zeros(1, dtype=torch.long))
