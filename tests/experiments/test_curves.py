"""Training curves from what runs have written down."""

from __future__ import annotations

from pathlib import Path

import pytest

from puzzlerec.experiments.curves import CurveError, curves, records
from puzzlerec.models import build
from puzzlerec.training.recipe import load_recipe
from puzzlerec.training.run_folder import RunFolder


def write(folder: Path, recipe: str = "copy") -> RunFolder:
    run = RunFolder(folder)
    run.write_recipe(load_recipe(recipe).model_dump(mode="json"))
    run.append({"step": 10, "seconds": 2.5, "loss": 3.0})
    run.append({"step": 20, "seconds": 5.0, "loss": 2.0, "eval_exact_accuracy": 0.25, "note": "words are no number"})
    with run.metrics.open("a") as file:
        file.write('{"step": 30, "sec')  # a killed process
    return run


def test_curves_over_steps_seconds_and_layers_applied(tmp_path: Path) -> None:
    write(tmp_path / "one")
    loss, exact = curves([tmp_path / "one"], "steps", ["loss", "exact"])
    assert (loss.x, loss.y, loss.system, loss.is_share) == ((10, 20), (3.0, 2.0), "one", False)
    assert (exact.x, exact.y, exact.is_share) == ((20,), (0.25,), True)
    assert curves([tmp_path / "one"], "seconds", ["loss"])[0].x == (2.5, 5.0)
    recipe = load_recipe("copy")
    work = recipe.training.batch * build(recipe.model).evaluations * (1 + recipe.objective.continue_loss)
    assert curves([tmp_path / "one"], "evaluations", ["loss"])[0].x == (10 * work, 20 * work)
    assert records([exact]) == [{"system": "one", "run": str(tmp_path / "one"), "measure": "exact", "x": 20, "y": 0.25}]


def test_seeds_of_a_comparison_are_runs_of_one_system(tmp_path: Path) -> None:
    for system, seed in (("a", 0), ("a", 1), ("b", 0)):
        write(tmp_path / "comparison" / system / f"seed{seed}")
    found = curves([tmp_path / "comparison"], "steps", ["loss"])
    assert [curve.system for curve in found] == ["a", "a", "b"] and len({curve.run for curve in found}) == 3


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(CurveError, match="holds no training run"):
        curves([tmp_path], "steps", ["loss"])
    write(tmp_path / "one")
    with pytest.raises(CurveError, match=r"No run has 'los'\. There are exact, cells, .*loss"):
        curves([tmp_path / "one"], "steps", ["los"])
