"""``puzzlerec compare`` from the command line."""

from __future__ import annotations

import json
import re
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
    assert json.loads((tmp_path / "kept" / "comparison.json").read_text())["results"][0]["label"] == "a"
    assert (tmp_path / "kept" / "comparison.md").read_text().startswith("accuracy")
    again = ["compare", f"a=maze-9x9,{TINY}", "--evaluations", "16", "--seeds", "1", "--out", "kept", "--format"]
    assert run(*again, "csv").stdout.startswith("system,seed,weights,")
    assert json.loads(run(*again, "json").stdout)["results"][0]["seed"] == 0
    assert run(*again, "latex").stdout.count("\\end{table}") == run(*again, "markdown").stdout.count("| --- |\n")


def test_unequal_training_is_refused(run) -> None:
    assert run("compare", "maze-9x9").exit_code == 2


PLAN = """
name = "tiny"
budget = {{ evaluations = 16 }}
seeds = 2
{common}
[systems.a]
recipe = "maze-9x9"
[systems.b]
recipe = "maze-9x9"
optimizer = {{ lr = 0.01 }}
[[claims]]
says = "b learns sooner"
more = "b"
less = "a"
"""


def planned(folder: Path) -> str:
    sections: dict[str, list[str]] = {}
    for setting in re.split(r",(?![^\[]*\])", TINY):
        name, key = setting.split(".", 1)
        value = key.replace("=", " = ").replace("= maze-6x6", '= "maze-6x6"')
        sections.setdefault(name, []).append(value)
    common = "\n".join(f"[common.{name}]\n" + "\n".join(keys) for name, keys in sections.items())
    (folder / "tiny.toml").write_text(PLAN.format(common=common), encoding="utf-8")
    return str(folder / "tiny.toml")


def test_a_plan_is_done_by_several_processes_and_its_tables_go_where_they_are_wanted(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["compare", "--plan", planned(tmp_path), "--processes", "2", "--report", "told"]
    result = run(*command)
    assert result.exit_code == 0, result.stderr
    assert "b learns sooner" in result.stdout
    kept = json.loads((tmp_path / "told" / "tiny.json").read_text())["results"]
    assert [(one["label"], one["seed"]) for one in kept] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert {"tiny.md", "tiny.csv", "tiny.tex"} <= {path.name for path in (tmp_path / "told").iterdir()}
    assert (tmp_path / "runs" / "tiny" / "b" / "seed1" / "result.json").exists()
    again = run(*command, "--out", "elsewhere")  # another machine, with nothing but the tables
    assert again.exit_code == 0 and again.stdout == result.stdout and "seed 0 …" not in again.stderr
    (tmp_path / "told" / "tiny.json").write_text("[]")
    assert "holds no comparison" in " ".join(run(*command).stderr.split())
    assert (tmp_path / "told" / "tiny.json").read_text() == "[]"


def test_a_plan_can_be_shortened_and_rehearsed(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = planned(tmp_path)
    result = run(
        "compare", "--plan", plan, "--seeds", "1", "--limit", "3", "--set", "training.batch=2", "--format", "json"
    )
    found = json.loads(result.stdout)["results"]
    assert [(one["puzzles"], one["steps"]) for one in found] == [(3, 4), (3, 4)]  # of 2 layers on 2 puzzles each
    result = run("compare", "--plan", plan, "--rehearse", "--format", "json")
    assert [one["steps"] for one in json.loads(result.stdout)["results"]] == [2, 2]
    assert (tmp_path / "runs" / "tiny-rehearsal" / "a" / "seed0").is_dir()


def test_a_plan_is_one_thing_and_entrants_another(run) -> None:
    result = run("compare", "maze-9x9", "--plan", "maze-9x9")
    assert result.exit_code == 2 and "names its systems itself" in " ".join(result.stderr.split())
    result = run("compare", "--minutes", "1")
    assert result.exit_code == 2 and "name a plan" in result.stderr
    assert "maze-9x9" in run("compare", "--list").stdout


def test_a_fault_in_a_later_run_loses_no_result(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    broken = f"b=maze-9x9,{TINY},training.init=nowhere"
    result = run("compare", f"a=maze-9x9,{TINY}", broken, "--evaluations", "16", "--seeds", "1", "--out", "kept")
    assert result.exit_code == 2 and "nowhere" in result.stderr
    kept = json.loads((tmp_path / "kept" / "comparison.json").read_text())
    assert [one["label"] for one in kept["results"]] == ["a"]


def test_what_has_ended_is_told_while_the_others_train(run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    step, told = Trainer.step, []

    def watched(trainer: Trainer) -> None:
        step(trainer)
        kept = tmp_path / "told" / "tiny.json"
        told.append([one["label"] for one in json.loads(kept.read_text())["results"]] if kept.exists() else [])

    monkeypatch.setattr(Trainer, "step", watched)
    assert run("compare", "--plan", planned(tmp_path), "--seeds", "1", "--report", "told").exit_code == 0
    assert told[0] == [] and told[-1] == ["a"]  # so that a machine that is lost takes a run with it at most


@pytest.mark.usefixtures("in_the_foreground")
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
