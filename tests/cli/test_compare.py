"""``puzzlerec compare`` from the command line."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from puzzlerec.training.loop import Trainer
from tests.experiments.test_compare import TINY


def test_the_command_prints_and_keeps_a_table(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("compare", f"a=maze-9x9,{TINY}", "--evaluations", "16", "--seeds", "1", "--out", "kept")
    assert result.exit_code == 0, result.stderr
    assert "accuracy, %" in result.stdout
    assert "optimal" in result.stdout
    assert json.loads((tmp_path / "kept" / "results.json").read_text())[0]["label"] == "a"
    assert (tmp_path / "kept" / "table.md").read_text().startswith("accuracy")
    again = ["compare", f"a=maze-9x9,{TINY}", "--evaluations", "16", "--seeds", "1", "--out", "kept", "--format"]
    assert run(*again, "csv").stdout.startswith("system,seed,weights,")
    assert json.loads(run(*again, "json").stdout)[0]["seed"] == 0
    assert run(*again, "latex").stdout.count("\\end{table}") == run(*again, "markdown").stdout.count("| --- |\n")


def test_unequal_training_is_refused(run) -> None:
    assert run("compare", "maze-9x9").exit_code == 2


def test_a_fault_in_a_later_run_loses_no_result(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    broken = f"b=maze-9x9,{TINY},training.init=nowhere"
    result = run("compare", f"a=maze-9x9,{TINY}", broken, "--evaluations", "16", "--seeds", "1", "--out", "kept")
    assert result.exit_code == 2 and "nowhere" in result.stderr
    assert [one["label"] for one in json.loads((tmp_path / "kept" / "results.json").read_text())] == ["a"]


def test_ctrl_c_saves_and_the_same_command_goes_on(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    step, done = Trainer.step, []

    def interrupted(trainer: Trainer) -> None:
        step(trainer)
        done.append(trainer.done)
        if len(done) == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Trainer, "step", interrupted)
    command = ["compare", f"a=maze-9x9,{TINY}", "--evaluations", "40", "--seeds", "1", "--out", "kept"]
    result = run(*command)
    assert result.exit_code == 130 and "goes on where it stopped" in " ".join(result.stderr.split())
    assert run(*command).exit_code == 0
    assert done == [1, 2, 3, 4, 5]
