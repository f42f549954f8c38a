"""How often a step waits for a CUDA device."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from puzzlerec.training.loop import Trainer
from puzzlerec.training.run_folder import RunFolder

from .conftest import tiny_examples, tiny_recipe

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")

DENSE = {"mixer": "attention", "heads": 2, "prefix": 2, "box": None, "symbols": None}  # whose shapes are no data's


@pytest.fixture
def trainer(tmp_path: Path) -> Trainer:
    recipe = tiny_recipe(model=DENSE, optimizer={"name": "adamw"})
    device = torch.device("cuda")
    made = Trainer(recipe, {"sudoku": tiny_examples()}, device, RunFolder(tmp_path))
    for _ in range(3):
        made.step()
    return made


def test_a_training_step_waits_for_its_figures_alone(trainer: Trainer) -> None:
    """One transfer of what is logged, and torch's own of the number of averages, which goes to the device."""
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as waits:
            warnings.simplefilter("always")
            trainer.step()
    finally:
        torch.cuda.set_sync_debug_mode("default")
    told = [str(wait.message) for wait in waits if "synchronizing" in str(wait.message)]
    assert 1 <= len(told) <= 2, told


def test_a_solving_step_of_the_network_does_not_wait(trainer: Trainer) -> None:
    model = trainer.averaged.eval()
    question = tiny_examples().questions[:8].long().cuda()
    ids = torch.zeros(8, dtype=torch.long, device="cuda")
    with torch.no_grad():
        state, _ = model.step(question, model.start(question), ids)
        torch.cuda.synchronize()
        torch.cuda.set_sync_debug_mode("error")
        try:
            model.step(question, state, ids)
        finally:
            torch.cuda.set_sync_debug_mode("default")
