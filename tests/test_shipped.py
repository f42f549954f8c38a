"""The shipped checkpoints: each loads, says how it was made and measured, and makes sense of the samples."""

from __future__ import annotations

from pathlib import Path

import pytest

import puzzlerec
from puzzlerec.models import checkpoint
from puzzlerec.puzzles import get, read
from puzzlerec.session import default_model
from puzzlerec.training.test_time import BASE

ROOT = Path(__file__).parents[1]
SHIPPED = sorted(path.name for path in (ROOT / "checkpoints").iterdir() if path.name != BASE)  # that answers nothing
SAMPLES = {
    "sudoku": "hard.sdm",
    "sudoku-6x6": "sudoku-6x6.sdm",
    "sudoku-x": "sudoku-x.sdm",
    "maze": "mazes-9x9.txt",
    "copy": "lines.txt",
    "reverse": "lines.txt",
    "addition": "lines.txt",
}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_small_and_its_card_tells_how_to_make_and_to_measure_it(name: str) -> None:
    folder = checkpoint.find(name)
    assert sum(file.stat().st_size for file in folder.iterdir()) < 1.5e6
    card = (folder / "README.md").read_text("utf-8")
    assert "puzzlerec train" in card and "puzzlerec eval" in card and "SHA-256" in card


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_runs_through_solve(name: str) -> None:
    """Shipped systems differ in strength; those that a kind is solved with by default must solve its samples."""
    kind = checkpoint.read_config(checkpoint.find(name)).puzzle
    if kind == "sudoku-4x4":
        puzzles = [puzzlerec.puzzles.Puzzle(get(kind), get(kind).parse("1..........2.3.."))]
    else:
        chosen = kind if kind == "sudoku-x" else None  # which no file tells
        found = read(ROOT / "datasets" / "samples" / SAMPLES[kind], chosen).puzzles
        puzzles = [puzzle for puzzle in found if puzzle.kind == get(kind)]
    assert puzzles
    answers = puzzlerec.solve(puzzles, name, device="cpu", attempts=64 if name == kind else 16)
    if name == kind:
        assert all(answer.verdict.solved for answer in answers)
    else:
        assert any(answer.verdict.solved for answer in answers)


@pytest.mark.parametrize("kind", ["jigsaw", "sudoku-16x16", "sudoku-x"])
def test_one_model_solves_samples_of_several_kinds(kind: str) -> None:
    assert default_model(get(kind)) == "sudoku-kinds"
    (sample,) = (ROOT / "datasets" / "samples").glob(f"{kind}.*")
    answers = puzzlerec.solve(read(sample, kind).puzzles, device="cpu", attempts=64)
    assert answers and all(answer.verdict.solved for answer in answers)
