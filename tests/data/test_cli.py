"""`puzzlerec data`: what it prints where, its exit statuses, Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
from typer.testing import CliRunner, Result

from puzzlerec.cli.data import app
from puzzlerec.data import Dataset, building

QUICK = ["--train", "8", "--test", "4", "--workers", "1"]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_build_prints_the_file_and_keeps_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    first = run("build", "sudoku", "--size", "4", "-o", path, *QUICK)
    assert first.exit_code == 0
    assert first.stdout.strip() == str(path)
    with Dataset.open(path) as dataset:
        assert dataset.puzzle == "sudoku-4x4"
    written = path.stat().st_mtime_ns
    again = run("build", "sudoku-4x4", "-o", path, *QUICK)
    assert (again.exit_code, again.stdout) == (0, "")
    assert "is there already" in again.stderr
    assert path.stat().st_mtime_ns == written
    assert run("build", "sudoku-4x4", "--force", "-o", path, *QUICK).exit_code == 0
    assert path.stat().st_mtime_ns != written


def test_settings_reach_the_generator(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    assert run("build", "maze-9x9", "--set", "moves=10", "-o", path, *QUICK).exit_code == 0
    with Dataset.open(path) as dataset:
        assert dataset.settings["moves"] == 10
        assert ((dataset.split("train").labels[:] == 5).sum(axis=1) + 1).min() < 20


def test_an_interrupted_build_ends_with_130_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make, calls = building.make, []

    def interrupted(*arguments):  # type: ignore[no-untyped-def]
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return make(*arguments)

    monkeypatch.setattr(building, "make", interrupted)
    result = run("build", "sudoku-4x4", "-o", tmp_path / "a.h5", "--train", "500", "--test", "4", "--workers", "1")
    assert result.exit_code == 130
    assert "was not written" in result.stderr
    assert not list(tmp_path.iterdir())


def test_info_proves_the_hash(sudokus: Path, tmp_path: Path) -> None:
    told = run("info", sudokus)
    assert told.exit_code == 0
    assert "40 examples" in told.stdout
    assert "proved" in told.stdout
    assert "difficulty of train" in told.stdout
    facts = json.loads(run("info", sudokus, "--json").stdout)
    assert facts["sound"]
    assert facts["rows"] == {"train": 40, "test": 20}
    changed = tmp_path / "changed.h5"
    changed.write_bytes(sudokus.read_bytes())
    with h5py.File(changed, "r+") as raw:
        raw["test/labels"][0, 0] = 3
    told = run("info", changed)
    assert told.exit_code == 1
    assert "has changed" in told.stderr


def test_show_draws_the_examples_asked_for(sudokus: Path) -> None:
    told = run("show", sudokus, "--split", "test", "--index", "3", "--count", "2")
    assert told.exit_code == 0
    assert "test 3, rated" in told.stdout
    assert "test 4, rated" in told.stdout
    assert "test 5" not in told.stdout


def test_export_and_import(sudokus: Path, tmp_path: Path) -> None:
    assert run("export", sudokus, tmp_path / "folder").exit_code == 0
    assert run("import", tmp_path / "folder", tmp_path / "b.h5").exit_code == 0
    with Dataset.open(sudokus) as old, Dataset.open(tmp_path / "b.h5") as new:
        assert (new.split("train").inputs[:] == old.split("train").inputs[:]).all()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGKILL"])
@pytest.mark.usefixtures("in_the_foreground")
def test_a_build_that_is_ended_from_outside_leaves_no_worker(tmp_path: Path, name: str) -> None:
    path, number = tmp_path / "a.h5", getattr(signal, name)
    asked = ["data", "build", "maze-9x9", "-o", str(path), "--train", "1000000", "--workers", "2"]
    command = [sys.executable, "-m", "puzzlerec", *asked]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (begun := list(tmp_path.iterdir())) or not begun[0].stat().st_size:
            time.sleep(0.1)
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)  # the workers hold its output too: it ends when they do
    assert (process.returncode, output) == (-number if name == "SIGKILL" else 128 + number, b"")
    assert run("build", "sudoku-4x4", "-o", path, *QUICK).exit_code == 0
    assert list(tmp_path.iterdir()) == [path]
