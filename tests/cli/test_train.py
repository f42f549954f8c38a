"""`puzzlerec train`: a run from nothing to a checkpoint, stopped and resumed, and what it says of wrong wishes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from puzzlerec.cli.app import app
from puzzlerec.models import checkpoint
from puzzlerec.training.run_folder import RunFolder

WISHES = ("data.train=40", "data.test=20", "training.log_every=2", "training.batch=8")
SMALL = [argument for wish in WISHES for argument in ("--set", wish)]


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("datasets")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, datasets: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(datasets))
    return tmp_path


def test_a_run_builds_its_data_and_leaves_a_checkpoint(folder: Path) -> None:
    done = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "6", *SMALL])
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    assert "40 puzzles" in done.stderr and "Trained 6 steps" in done.stderr
    run = folder / "runs" / "sudoku-4x4"
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [record["step"] for record in records] == [2, 4, 6]
    assert {"loss", "exact_accuracy", "halting_steps", "puzzles_per_second"} <= records[0].keys()
    assert "eval_exact_accuracy" in records[-1]
    assert list((run / "tensorboard").glob("events*"))
    assert checkpoint.load(run / "checkpoint").config.grid == (4, 4)
    assert "puzzlerec train sudoku-4x4" in (run / "checkpoint" / "README.md").read_text()

    again = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "6", *SMALL])
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    longer = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "8", *SMALL, "--resume"])
    assert longer.exit_code == 0, longer.output
    assert "Trained 8 steps" in longer.stderr


def test_data_without_test_puzzles_can_be_trained_on_and_that_is_said(folder: Path) -> None:
    done = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "4", *SMALL, "--set", "data.test=0"])
    assert done.exit_code == 0, done.output
    assert "no test puzzles" in done.stderr
    run = folder / "runs" / "sudoku-4x4"
    assert "no test puzzles" in (run / "checkpoint" / "README.md").read_text()
    assert not any("eval_exact_accuracy" in line for line in (run / "metrics.jsonl").read_text().splitlines())


def test_without_tensorboard_training_goes_on_unless_it_was_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    arguments = ["train", "sudoku-4x4", "--steps", "2", *SMALL]
    asked = CliRunner().invoke(app, [*arguments, "--tensorboard", "--out", "asked"])
    assert asked.exit_code == 2 and "pip install 'puzzlerec[tensorboard]'" in asked.stderr
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert not (folder / "runs" / "sudoku-4x4" / "tensorboard").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no SIGINT to one process")
@pytest.mark.usefixtures("in_the_foreground")
def test_ctrl_c_saves_and_says_how_to_go_on(folder: Path) -> None:
    command = [sys.executable, "-m", "puzzlerec", "train", "sudoku-4x4", *SMALL, "--steps", "100000"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
    metrics = folder / "runs" / "sudoku-4x4" / "metrics.jsonl"
    deadline = time.monotonic() + 120
    while not metrics.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in said and "Traceback" not in said
    assert (metrics.parent / "state.safetensors").exists() and (metrics.parent / "checkpoint" / "config.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sudoku-4x5"], "did you mean 'sudoku-4x4'"),
        (["sudoku-4x4", "--set", "optimizer.larning_rate=1"], "unknown key optimizer.larning_rate"),
        (["sudoku-4x4", "--set", "data.file='none.h5'"], "no dataset none.h5"),
        (["sudoku-4x4", "--set", "model.grid=[6,6]", "--set", "model.box=[2,3]", *SMALL], "the model is for"),
        (["sudoku-4x4", "--device", "cuda:99", *SMALL], "cuda:99"),
        (["sudoku-4x4", "--resume", *SMALL], "without --resume"),
        (["sudoku-4x4", "--minutes", "-1"], "--minutes"),
        (["sudoku-4x4", "--minutes", "1", "--steps", "5"], "give one of them"),
        (["sudoku-4x4", "--minutes", "nan"], "has no end"),
        (["sudoku-4x4", "--out", __file__], "is a file"),
    ],
)
def test_wrong_wishes(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["train", *arguments])
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())


def test_recipes_are_listed() -> None:
    listed = CliRunner().invoke(app, ["train", "--list"]).stdout
    assert {"sudoku", "sudoku-4x4", "sudoku-trm-mlp"} <= {line.split()[0] for line in listed.splitlines()}


def test_without_a_compiler_training_goes_on_uncompiled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    wishes = ["--set", "training.compile=true"]
    done = CliRunner().invoke(app, ["train", "maze-9x9", "--device", "cpu", "--steps", "2", *SMALL, *wishes])
    assert done.exit_code == 0, done.output
    assert "uncompiled" in done.stderr and "C++ compiler" in done.stderr


def test_a_run_resumes_as_it_was_set_and_its_card_tells_the_command(folder: Path) -> None:
    wishes = ["--set", "optimizer.lr=0.001", "--set", "model.width=16"]
    first = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "4", *SMALL, *wishes])
    assert first.exit_code == 0, first.output
    again = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "6", "--resume"])
    assert again.exit_code == 0, again.output
    recipe = json.loads((folder / "runs" / "sudoku-4x4" / "recipe.json").read_text("utf-8"))
    assert recipe["optimizer"]["lr"] == 0.001 and recipe["model"]["width"] == 16 and recipe["training"]["steps"] == 6
    card = (folder / "runs" / "sudoku-4x4" / "checkpoint" / "README.md").read_text("utf-8")
    assert "--set optimizer.lr=0.001" in card and "--set model.width=16" in card and "lr=0.003" not in card


def test_of_two_trainings_in_a_folder_the_second_says_so(folder: Path) -> None:
    with RunFolder(Path("runs/sudoku-4x4")).claimed():
        second = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "2", *SMALL])
    assert second.exit_code == 2 and "Another training is at work in" in second.stderr


def test_a_damaged_state_is_no_dead_end(folder: Path) -> None:
    train = ["train", "sudoku-4x4", "--steps", "2", *SMALL]
    assert CliRunner().invoke(app, train).exit_code == 0
    state = Path("runs/sudoku-4x4/state.safetensors")
    state.write_bytes(state.read_bytes()[:1000])
    resumed = CliRunner().invoke(app, [*train, "--resume"])
    assert resumed.exit_code == 2 and "is damaged" in resumed.stderr and "Remove it to start again" in resumed.stderr
    state.unlink()
    assert CliRunner().invoke(app, train).exit_code == 0


def test_a_training_that_diverges_is_no_success(folder: Path) -> None:
    done = CliRunner().invoke(app, ["train", "sudoku-4x4", "--steps", "40", "--set", "optimizer.lr=1e5", *SMALL])
    assert done.exit_code == 2 and "Training diverged" in done.stderr and "optimizer.lr" in done.stderr
    assert not (folder / "runs" / "sudoku-4x4" / "checkpoint").exists()
