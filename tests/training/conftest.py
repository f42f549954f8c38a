"""A tiny training run: 4x4 Sudokus whose answers are copies of one solved grid."""

from __future__ import annotations

import pytest
import torch

from puzzlerec.training.examples import Examples
from puzzlerec.training.recipe import Recipe, parse_recipe

SOLVED = torch.tensor([2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2], dtype=torch.uint8)


def tiny_recipe(**sections: dict[str, object]) -> Recipe:
    content: dict[str, dict[str, object]] = {
        "model": {
            "puzzle": "sudoku-4x4",
            "vocabulary": 6,
            "grid": (4, 4),
            "mixer": "candidates",
            "prefix": 0,
            "box": (2, 2),
            "symbols": (2, 4),
            "width": 8,
            "multiple": 8,
            "latent_updates": 1,
            "recursions": 2,
            "supervision_steps": 4,
        },
        "objective": {"loss": "softmax", "exploration": 0.5},
        "optimizer": {"name": "muon", "lr": 3e-3, "warmup": 10, "weight_decay": 0.1},
        "training": {
            "steps": 40,
            "batch": 8,
            "micro_batch": 4,
            "log_every": 5,
            "save_every": 10,
            "precision": "float32",
        },
        "evaluation": {"every": 20, "puzzles": 8},
    }
    for name, section in sections.items():
        merged = content.get(name, {}) | section
        content[name] = {key: value for key, value in merged.items() if value is not None}  # None: without it
    return parse_recipe({"name": "tiny", **content})


def tiny_examples(count: int = 24, ids: int = 1) -> Examples:
    generator = torch.Generator().manual_seed(5)
    labels = SOLVED.expand(count, -1).contiguous()
    questions = torch.where(torch.rand(count, 16, generator=generator) < 0.5, labels, 1)
    return Examples.without_hints(questions.view(-1, 4, 4), labels, torch.arange(count) % ids)


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)
