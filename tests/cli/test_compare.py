"""``puzzlerec compare`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.evaluation.test_compare import TINY


def test_the_command_prints_and_keeps_a_table(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("compare", f"a=maze-9x9,{TINY}", "--evaluations", "16", "--seeds", "1", "--out", "kept")
    assert result.exit_code == 0, result.stderr
    assert "accuracy, %" in result.stdout
    assert "optimal" in result.stdout
    assert json.loads((tmp_path / "kept" / "results.json").read_text())[0]["label"] == "a"
    assert (tmp_path / "kept" / "table.md").read_text().startswith("accuracy")


def test_unequal_training_is_refused(run) -> None:
    assert run("compare", "maze-9x9").exit_code == 2
