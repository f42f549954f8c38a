"""Training and measuring from Python, and what comes of it."""

from __future__ import annotations

import doctest
from pathlib import Path

import numpy as np
import pytest

import puzzlerec
from puzzlerec import research
from puzzlerec.api import read_puzzles
from puzzlerec.data import Dataset
from puzzlerec.evaluation.examples import ExamplesError
from puzzlerec.training.run_folder import ResumeError
from tests.cli.test_compare import planned
from tests.experiments.test_compare import TINY

EASY = "1234341221434...\n1234341221....21\n"
SETTINGS = [*TINY.replace(",model.grid", "|model.grid").replace(",", "|").replace("[6|6]", "[6,6]").split("|")]


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))
    monkeypatch.chdir(tmp_path)


def test_the_examples_in_the_documentation() -> None:
    assert doctest.testmod(research).failed == 0


def test_a_dataset_is_built_once() -> None:
    path = puzzlerec.build_dataset("sudoku-4x4", train=4, test=3, seed=5)
    with Dataset.open(path) as dataset:
        assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 4, "test": 3}
    before = path.stat().st_mtime_ns
    assert puzzlerec.build_dataset("sudoku-4x4", train=4, test=3, seed=5) == path
    assert path.stat().st_mtime_ns == before
    assert puzzlerec.build_dataset("sudoku-4x4", "mine.h5", train=4, test=3, seed=5) == Path("mine.h5")


def test_a_model_is_measured_on_a_dataset_and_on_puzzles() -> None:
    path = puzzlerec.build_dataset("sudoku-4x4", train=0, test=20)
    report = puzzlerec.evaluate("sudoku-4x4", path, limit=10, curve=True, attempts=2)
    assert report.puzzles == 10 and report.settings["attempts"] == 2 and not report.settings["early"]
    assert report.curve[-1].attempts == 2
    for puzzles in (EASY, EASY.split(), np.array([[1, 2, 3, 4], [3, 4, 1, 2], [2, 1, 4, 3], [4, 3, 0, 0]])):
        assert puzzlerec.evaluate(puzzlerec.load("sudoku-4x4"), puzzles).exact.share == 1.0
    with pytest.raises(ExamplesError, match="holds maze, the model is for sudoku-4x4"):
        puzzlerec.evaluate("sudoku-4x4", read_puzzles("S  \n  G"))


def test_what_was_found_is_printed_shown_and_turned_into_other_forms() -> None:
    report = puzzlerec.evaluate("sudoku-4x4", EASY, curve=True)
    assert "exact (as the label)" in str(report) and "<caption>first pass</caption>" in report._repr_html_()
    assert report.to_latex().count("\\toprule") == len(report.tables())
    assert report.to_csv().splitlines()[0] == "model,puzzle,measure,part,share,low,high,puzzles"
    pandas = pytest.importorskip("pandas")
    frame = report.to_frame()
    assert isinstance(frame, pandas.DataFrame) and frame.query("measure == 'exact' and part == ''")["share"].item() == 1
    pytest.importorskip("matplotlib")
    assert report.plot()._repr_png_().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="curve=True"):
        puzzlerec.evaluate("sudoku-4x4", EASY).plot()


def test_a_run_is_trained_shown_measured_and_resumed() -> None:
    run = puzzlerec.train("maze-9x9", *SETTINGS, "training.steps=4", out="run")
    assert [record["step"] for record in run.metrics] == [2, 4]
    assert "loss" in str(run) and [record["step"] for record in run.records()] == [2, 4]
    pytest.importorskip("matplotlib")
    assert [plot.get_ylabel() for plot in run.plot().axes] == ["exact", "loss"]
    assert puzzlerec.evaluate(run.folder, puzzlerec.build_dataset("maze-6x6", train=8, test=6)).puzzles == 6
    with pytest.raises(ResumeError, match="resume=True"):
        puzzlerec.train("maze-9x9", *SETTINGS, out="run")
    more = puzzlerec.train("maze-9x9", "training.steps=6", out="run", resume=True)
    assert [record["step"] for record in more.metrics] == [2, 4, 6]


def test_a_plan_is_carried_out(tmp_path: Path) -> None:
    found = puzzlerec.compare(plan=planned(tmp_path))
    assert (found.plan.name, len(found.results)) == ("tiny", 4)
    assert "b learns sooner" in found.to_markdown()


def test_systems_are_compared() -> None:
    found = puzzlerec.compare(f"a=maze-9x9,{TINY}", f"b=maze-9x9,{TINY},model.layers=2", evaluations=16, seeds=2)
    assert [(result.label, result.seed) for result in found.results] == [("a", 0), ("b", 0), ("a", 1), ("b", 1)]
    assert "accuracy, %" in str(found) and [record["system"] for record in found.records()] == ["a", "b", "a", "b"]
    pytest.importorskip("matplotlib")
    plot = found.plot().axes[0]
    assert [label.get_text() for label in plot.get_yticklabels()] == ["a", "b"]
