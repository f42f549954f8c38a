"""Three training steps of every system: tiny recipes, examples written by hand, and what is noted down of each step.

A run is float32 on one thread, from a fixed seed, without copies of the puzzles. What is noted are the losses of each
step, and of each group of weights (``embedding``, ``network``, ...) its norm and its product with a fixed wave, which
depends on every single weight; the averaged weights are a group of their own.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from puzzlerec.puzzles import get
from puzzlerec.training.examples import Examples
from puzzlerec.training.loop import Trainer
from puzzlerec.training.recipe import Recipe, parse_recipe
from puzzlerec.training.run_folder import RunFolder

STEPS = 3
LOSSES = ("loss", "token_loss", "halt_loss", "token_accuracy")

Step = dict[str, float | list[float]]  # a loss, or a group of weights' norm and product

# question, answer
SUDOKUS = [
    ("1....2....3....4", "1342423124133124"),
    ("12..34......43..", "1243342121344312"),
    (".2.4..1.2...4.2.", "1234341221434321"),
    ("...1.3..4...2..3", "3241134241323413"),
]
# question, answer, first move to the goal (1 down, 2 left, 3 right, 4 up), how far it is (hexadecimal)
MAZES = [
    (
        "S    "
        "###  "
        "     "
        " ##  "
        "    G",
        "Sooo "
        "###o "
        "   o "
        " ##o "
        "   oG",
        "3331100011133111001133330",
        "8765400043654325002143210",
    ),
    (
        "S # G"
        "    #"
        " #   "
        "   # "
        "#    ",
        "S #oG"
        "oooo#"
        " #   "
        "   # "
        "#    ",
        "1103033340403423340403424",
        "6501054320604347650507676",
    ),
    (
        "  #  "
        " S#G "
        "  #  "
        "     "
        "# #  ",
        "  #  "
        " S#G "
        " o#o "
        " ooo "
        "# #  ",
        "1101111002110423334204042",
        "8701276001650125432305034",
    ),
]  # fmt: skip
SUMS = [("12+345=.....", "12+345=357$$"), ("9+9=...?????", "9+9=18$?????"), ("70+8=....???", "70+8=78$$???")]


def tokens(kind: str, texts: list[str]) -> Tensor:
    """[N, L] uint8."""
    vocabulary = get(kind).vocabulary
    return torch.tensor([[vocabulary.index(character) for character in text] for text in texts], dtype=torch.uint8)


def sudokus() -> Examples:
    questions, labels = (tokens("sudoku-4x4", list(texts)) for texts in zip(*SUDOKUS, strict=True))
    return Examples.without_hints(questions.view(-1, 4, 4), labels, torch.arange(len(labels)) % 2)


def mazes() -> Examples:
    """With hints. An answer's cell is known when news of the goal has come to the start, and back to the cell."""
    asked, answered, moves, away = zip(*MAZES, strict=True)
    questions, labels = tokens("maze", list(asked)), tokens("maze", list(answered))
    hints = torch.tensor([[int(move) for move in row] for row in moves], dtype=torch.uint8)
    distances = torch.tensor([[int(distance, 16) for distance in row] for row in away], dtype=torch.int16)
    from_start = torch.tensor([int(row[question.index("S")], 16) for question, row in zip(asked, away, strict=True)])
    known = torch.where(labels == get("maze").vocabulary.index("o"), 2 * from_start[:, None] - distances, 0)
    due = torch.stack((distances, known.short()), 1)
    return Examples(questions.view(-1, 5, 5), labels, torch.zeros(len(labels), dtype=torch.long), hints, due)


def sums() -> Examples:
    questions, labels = (tokens("addition", list(texts)) for texts in zip(*SUMS, strict=True))
    return Examples.without_hints(questions.view(-1, 1, 12), labels, torch.zeros(len(labels), dtype=torch.long))


Sections = dict[str, dict[str, Any]]

SUDOKU: dict[str, Any] = {"puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "prefix": 2, "puzzle_ids": 2}
MAZE: dict[str, Any] = {"puzzle": "maze", "vocabulary": 6, "grid": (5, 5), "prefix": 0}
SUM: dict[str, Any] = {"puzzle": "addition", "vocabulary": 15, "grid": (1, 12), "system": "autoregressive"}
UNITS: dict[str, Any] = {"prefix": 0, "puzzle_ids": 1, "box": (2, 2)}
SMALL = {"width": 16, "heads": 2, "multiple": 8, "expansion": 2, "layers": 1, "supervision_steps": 2}
RECURSION = {"latent_updates": 2, "recursions": 2}  # of all systems but two

RUNS: dict[str, Sections] = {
    "trm attention": {"model": SUDOKU},
    "trm attention, halting early": {
        "model": SUDOKU | {"supervision_steps": 3},
        "objective": {"halt_threshold": 0.005, "exploration": 0.5},
    },
    "trm attention, two networks": {"model": SUDOKU | {"networks": "two", "positions": "grid", "gate_norm": True}},
    "trm attention, one-step gradient": {"model": SUDOKU | {"gradient": "one-step", "positions": "grid-rope"}},
    "trm attention, single latent": {"model": SUDOKU | {"latents": "single", "with_gradient": 2}},
    "trm attention, multi-scale latents": {"model": SUDOKU | {"latents": "multi-scale"}},
    "trm mlp": {"model": SUDOKU | {"mixer": "mlp"}, "optimizer": {"name": "adam-atan2"}},
    "trm units": {"model": SUDOKU | UNITS | {"mixer": "units"}},
    "trm candidates": {
        "model": SUDOKU | UNITS | {"mixer": "candidates", "symbols": (2, 4)},
        "objective": {"label_smoothing": 0.1},
    },
    "trm local, with hints": {
        "model": MAZE | {"mixer": "local", "mask_padding": True, "hints": 5},
        "objective": {"pace": 3, "hint_weight": 2, "token_weights": (0, 0.2, 1, 5, 5, 3), "loss": "softmax"},
    },
    "hrm": {"model": SUDOKU | {"system": "hrm"}, "objective": {"continue_loss": True}},
    "direct": {"model": SUDOKU | {"system": "direct"}},
    "drm": {"model": SUDOKU | {"system": "drm", "with_gradient": 2}},
    "sprm": {"model": SUDOKU | {"system": "sprm"}},
    "trldm one-step": {
        "model": SUDOKU | {"system": "trldm", "prefix": 0, "puzzle_ids": 1},
        "objective": {"loss": "softmax"},
    },
    "trldm ds": {
        "model": MAZE | {"system": "trldm", "regime": "ds", "training_denoising": 2, "positions": "grid"},
        "objective": {"loss": "softmax"},
    },
} | {
    f"autoregressive {rung}": {"model": SUM | {"rung": rung, "evaluations": 6}, "objective": {"loss": "softmax"}}
    for rung in ("dense", "iterative", "iterative-step", "universal", "dual-universal", "dual-nested")
} | {
    "autoregressive ar-trm": {
        "model": SUM | {"rung": "ar-trm", "evaluations": 6, "deep_supervision": 2},
        "objective": {"loss": "softmax"},
    }
}  # fmt: skip

EXAMPLES = {"sudoku-4x4": sudokus, "maze": mazes, "addition": sums}


def recipe_of(name: str) -> Recipe:
    sections: Sections = {
        "data": {"augment": False},
        "model": {},
        "objective": {},
        "optimizer": {"lr": 0.003, "embedding_lr": 0.003, "warmup": 2, "weight_decay": 0.1, "clip": 1.0},
        "training": {"steps": 10, "batch": 4, "micro_batch": 3, "ema": 0.5, "seed": 7, "precision": "float32"},
    }
    for section, settings in RUNS[name].items():
        sections[section] = sections[section] | settings
    recursion = {"direct": {}, "autoregressive": {"latent_updates": 2}}.get(sections["model"].get("system"), RECURSION)
    sections["model"] = SMALL | recursion | sections["model"]
    return parse_recipe({"name": name, **sections})


def run(name: str) -> list[Step]:
    """What is noted down of each of the run's steps."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    recipe = recipe_of(name)
    steps = []
    with tempfile.TemporaryDirectory() as folder:
        examples = {recipe.data.name: EXAMPLES[recipe.model.puzzle]()}
        trainer = Trainer(recipe, examples, torch.device("cpu"), RunFolder(Path(folder)))
        for _ in range(STEPS):
            trainer.step()
            report = trainer.report()
            step: Step = {loss: float(report[loss]) for loss in LOSSES}
            steps.append(step | weights(trainer))
    torch.set_num_threads(threads)
    return steps


def weights(trainer: Trainer) -> Step:
    """Of each group of weights its norm and its product with a wave."""
    groups: dict[str, list[Tensor]] = defaultdict(list)
    for name, parameter in trainer.model.named_parameters():
        groups[name.partition(".")[0]].append(parameter.detach().flatten().double())
    groups["averaged"] = [parameter.detach().flatten().double() for parameter in trainer.averaged.parameters()]
    summed: Step = {}
    for name, parts in groups.items():
        norm = float(torch.cat(parts).norm())
        # so slow a wave that neighbours do not cancel out; the same for each tensor, whatever their order
        product = sum(float(part @ torch.cos(0.3 * torch.arange(len(part), dtype=torch.float64))) for part in parts)
        summed[name] = [norm, product]
    return summed
