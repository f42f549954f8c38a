"""``puzzlerec models``: which checkpoints there are, and what one is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from puzzlerec.models import checkpoint
from puzzlerec.training.test_time import BASE

Run = Callable[..., Result]


def test_list_names_every_checkpoint(run: Run, shipped: Path) -> None:
    model = checkpoint.load(shipped / "sudoku")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    header, nine, four = run("models", "list").stdout.splitlines()
    assert header.split() == ["MODEL", "SYSTEM", "PUZZLE", "EXACT", "PARAMETERS", "SIZE", "FROM"]
    assert nine.split()[:4] == ["sudoku", "trm", "sudoku", f"{parameters:,}"] and nine.endswith("shipped")
    assert four.startswith("sudoku-4x4 ")
    described = json.loads(run("models", "list", "--json").stdout)
    assert [one["model"] for one in described] == ["sudoku", "sudoku-4x4"]
    assert described[0]["folder"] == str(shipped / "sudoku")
    assert described[0]["measured"] is None  # nobody has measured these; those that are shipped say how good they are
    assert all(
        checkpoint.measured(folder)
        for folder in sorted((Path(checkpoint.__file__).parents[2] / "checkpoints").iterdir())
        if folder.name != BASE
    )
    assert described[0]["bytes"] == (shipped / "sudoku" / "model.safetensors").stat().st_size


def test_list_names_runs_of_ones_own(run: Run, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(shipped / "sudoku", tmp_path / "runs" / "mine" / "checkpoint")
    assert "mine" in [one["model"] for one in json.loads(run("models", "list", "--json").stdout)]
    assert "runs/mine/checkpoint" in run("models", "list").stdout


@pytest.mark.parametrize(
    "change", ["{", '{"system": []}', '{"box": [0, 0]}', '{"layers": 1000000}', '{"grid": [1000000, 1000000]}']
)
def test_list_is_not_spoilt_by_one_bad_checkpoint(
    run: Run, shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.chdir(tmp_path)
    bad = tmp_path / "runs" / "bad" / "checkpoint"
    shutil.copytree(shipped / "sudoku", bad)
    config = bad / "config.json"
    document = json.loads(config.read_text())
    config.write_text(
        change if change == "{" else json.dumps(document | {"model": document["model"] | json.loads(change)})
    )
    result = run("models", "list", "--json")
    assert [one["model"] for one in json.loads(result.stdout)] == ["sudoku", "sudoku-4x4"]
    assert result.stderr.startswith("Warning: ") and "config.json" in result.stderr
    assert result.exit_code == 0
    assert run("models", "show", bad).exit_code == 2


def test_show_tells_the_settings_and_the_card(run: Run, shipped: Path) -> None:
    model = checkpoint.load(shipped / "sudoku-4x4")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    text = run("models", "show", "sudoku-4x4").stdout
    assert f"{parameters:,}" in text and "4x4" in text and "candidates" in text
    assert "Untrained: for tests." in text
    shown = json.loads(run("models", "show", str(shipped / "sudoku-4x4"), "--json").stdout)
    assert shown["parameters"] == parameters
    assert shown["config"]["grid"] == [4, 4]
    assert shown["card"].startswith("# sudoku-4x4")


def test_show_leaves_out_the_metadata_of_a_hubs_card(run: Run, shipped: Path, tmp_path: Path) -> None:
    folder = tmp_path / "hub"
    shutil.copytree(shipped / "sudoku", folder)
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Hub\n\nA model.\n")
    text = run("models", "show", folder).stdout
    assert "A model." in text and "apache" not in text


def test_show_of_what_is_not_there(run: Run) -> None:
    result = run("models", "show", "sudko")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Did you mean 'sudoku'?" in result.stderr
