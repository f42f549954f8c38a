"""``puzzlerec eval``: the papers' metrics of a model on a dataset or a list of puzzles."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import Result

from puzzlerec.data.store import Attributes, Rows, write_dataset
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import Answer
from puzzlerec.solving.solver import Solver

from .conftest import SOLVED_4X4, opened

Run = Callable[..., Result]

SMALL = get("sudoku-4x4")
QUESTIONS = [opened(SOLVED_4X4, blank, (blank + 5) % 16) for blank in range(10)]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Ten easy test puzzles; the last one's label is wrong on purpose."""
    inputs = np.stack([SMALL.parse(question).reshape(-1) for question in QUESTIONS])
    labels = np.stack([SMALL.parse(SOLVED_4X4).reshape(-1)] * len(inputs))
    labels[-1, :2] = labels[-1, 1::-1]
    ids = np.arange(len(inputs), dtype=np.int32)
    ratings = np.arange(len(inputs), dtype=np.float32)
    rows = Rows(inputs, labels, np.zeros_like(ids), ids, ratings)
    path = tmp_path / "small.h5"
    write_dataset(path, {"test": [rows]}, Attributes("sudoku-4x4", (4, 4), SMALL.vocabulary, "by hand", 0))
    return path


def test_a_dataset_is_measured_against_its_labels(run: Run, dataset: Path) -> None:
    result = run("eval", "sudoku-4x4", dataset, "--json", "--seed", "4")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["puzzles"], told["split"], told["model"], told["device"]) == (10, "test", "sudoku-4x4", "cpu")
    assert told["exact"]["share"] == 0.9 and told["first_pass"]["share"] == 1.0
    low, high = told["exact"]["interval"]
    assert 0.59 < low < 0.6 and 0.98 < high < 0.99  # Wilson's interval of 9 in 10
    assert told["settings"]["seed"] == 4 and told["settings"]["early"] is False
    assert told["steps"] == 2  # all that the model was trained with
    assert len(told["sha256"]) == 64 and told["dataset"] == str(dataset)


def test_tables_show_intervals(run: Run, dataset: Path) -> None:
    result = run("eval", "sudoku-4x4", dataset, "--attempts", "2")
    assert result.stdout.startswith("sudoku-4x4 on 10 puzzles of ")
    assert "90.0%  (59.6 to 98.2)" in result.stdout
    assert "2 steps, up to 2 attempts" in result.stdout.replace("\n", " ")
    assert "attempts a puzzle · device cpu · seed 0" in result.stderr


def test_limit_steps_and_attempts_reach_the_model(run: Run, dataset: Path) -> None:
    options = ["--limit", "3", "--steps", "5", "--attempts", "4", "--batch", "2"]
    told = json.loads(run("eval", "sudoku-4x4", dataset, "--json", *options).stdout)
    assert (told["puzzles"], told["steps"]) == (3, 5)
    assert list(told["solved_within"]) == ["1", "2", "4"]
    assert told["settings"]["batch"] == 2


def test_evaluations_bound_what_all_attempts_cost(run: Run, dataset: Path) -> None:
    options = ["--steps", "3", "--attempts", "64", "--evaluations", "7"]
    told = json.loads(run("eval", "sudoku-4x4", dataset, "--json", *options).stdout)
    assert told["steps"] == 3 and 3 <= told["evaluations"] <= 7


@pytest.mark.parametrize("name", ["list.csv", "list.csv.gz", "list.sdm"])
def test_a_list_of_puzzles_is_judged_by_computed_answers(run: Run, tmp_path: Path, name: str) -> None:
    pytest.importorskip("puzzlerec.puzzles.sudoku.exact")
    text = "\n".join([*QUESTIONS, "12.." * 2 + "." * 8]) + "\n"  # the last contradicts itself
    text = "puzzle,guesses\n" + text.replace("\n", ",3\n") if "csv" in name else text
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    result = run("eval", "sudoku-4x4", path, "--json")
    told = json.loads(result.stdout)
    assert (told["puzzles"], told["exact"]["share"], told["token"]["share"]) == (10, 1.0, 1.0)
    assert "1 of 11 puzzles left out" in result.stderr


def test_unreadable_lines_are_named_and_the_rest_measured(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "list.sdm"
    path.write_text(f"{QUESTIONS[0]}\n{QUESTIONS[1][:15]}\n")
    result = run("eval", "sudoku-4x4", path, "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["puzzles"] == 1
    assert "list.sdm:2:" in result.stderr


def test_what_cannot_be_measured_is_explained(run: Run, dataset: Path, tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text("12+3=\n")
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress(b"puzzle\n" + b"1" * 500)[:-9])
    truncated = tmp_path / "broken.h5"
    truncated.write_bytes(dataset.read_bytes()[:3000])
    for arguments, said in (
        (["sudoku-4x4", tmp_path / "missing.h5"], "missing.h5 cannot be read: No such file"),
        (["sudoku-4x4", tmp_path], "is a folder"),
        (["sudko", dataset], "Did you mean 'sudoku'?"),
        (["sudoku-4x4", lines], "holds addition, the model is for sudoku-4x4"),
        (["sudoku-4x4", dataset, "--split", "train"], "has no split 'train'"),
        (["sudoku-4x4", broken], "is no whole gzip file"),
        (["sudoku-4x4", truncated], str(truncated)),
    ):
        result = run("eval", *arguments)
        assert (result.exit_code, result.stdout) == (2, ""), arguments
        assert said in result.stderr and "Traceback" not in result.stderr, arguments


def test_an_interrupted_evaluation_reports_what_was_measured_and_ends_with_130(
    run: Run, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solve, chunks = Solver.solve, []

    def interrupted(self: Solver, puzzles: list[Puzzle], *more: Any) -> Iterator[Answer]:
        if chunks:
            raise KeyboardInterrupt
        chunks.append(len(puzzles))
        yield from solve(self, puzzles, *more)

    monkeypatch.setattr(Solver, "solve", interrupted)
    result = run("eval", "sudoku-4x4", dataset, "--batch", "4", "--json")
    assert result.exit_code == 130
    facts = json.loads(result.stdout)
    assert facts["puzzles"] == 4 < facts["asked"]
    assert "Interrupted: 4 of" in result.stderr
    result = run("eval", "sudoku-4x4", dataset)
    assert (result.exit_code, result.stdout) == (130, "")
