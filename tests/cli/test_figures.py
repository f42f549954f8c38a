"""`puzzlerec plot` and the tables and figures of `eval`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import Result

from tests.experiments.test_curves import write

from .conftest import SOLVED_4X4, opened

Run = Callable[..., Result]


@pytest.fixture
def puzzles(tmp_path: Path) -> Path:
    path = tmp_path / "easy.sdm"
    path.write_text("".join(f"{opened(SOLVED_4X4, blank)}\n" for blank in range(5)))
    return path


def texts(path: Path) -> list[str]:
    return [text for text in ElementTree.parse(path).getroot().itertext() if text.strip()]


def test_runs_are_plotted_or_told_as_a_table(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    write(tmp_path / "one"), write(tmp_path / "two")
    done = run("plot", tmp_path / "one", tmp_path / "two", "-o", tmp_path / "a.svg", "--x", "seconds")
    assert done.exit_code == 0 and "2 runs in" in done.stderr
    assert {"exact", "loss", "seconds of training", "one", "two"} <= set(texts(tmp_path / "a.svg"))
    again = tmp_path / "b.svg"
    run("plot", tmp_path / "one", tmp_path / "two", "-o", again, "--x", "seconds")
    assert again.read_bytes() == (tmp_path / "a.svg").read_bytes()
    run("plot", tmp_path / "one", "-o", tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    run("plot", tmp_path / "one", "-o", tmp_path / "a.csv", "--y", "loss")
    table = (tmp_path / "a.csv").read_text()
    assert run("plot", tmp_path / "one", "--y", "loss").stdout == table
    assert [row["y"] for row in csv.DictReader(io.StringIO(table))] == ["3.0", "2.0"]


def test_what_cannot_be_plotted_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "one")
    assert "No run has 'x'" in run("plot", tmp_path / "one", "--y", "x").stderr
    assert "holds no training run" in run("plot", tmp_path / "none").stderr
    assert "ends with .svg, .pdf or .png" in run("plot", tmp_path / "one", "-o", "a.gif").stderr
    monkeypatch.setattr("puzzlerec.cli.plot.find_spec", lambda name: None)
    assert "pip install 'puzzlerec[plot]'" in run("plot", tmp_path / "one", "-o", "a.svg").stderr


def test_an_evaluation_in_every_form(run: Run, puzzles: Path) -> None:
    as_json = json.loads(run("eval", "sudoku-4x4", puzzles, "--format", "json").stdout)
    assert as_json["exact"]["share"] == 1.0 and as_json["curve"] == []
    rows = list(csv.DictReader(io.StringIO(run("eval", "sudoku-4x4", puzzles, "--format", "csv").stdout)))
    assert {"measure": "exact", "part": "", "share": "1.0"}.items() <= rows[2].items()
    latex = run("eval", "sudoku-4x4", puzzles, "--format", "latex").stdout
    assert latex.count("\\begin{table}") == latex.count("\\bottomrule") == 2 and "100.0\\%" in latex
    assert "| exact (as the label) | 100.0%" in run("eval", "sudoku-4x4", puzzles, "--format", "markdown").stdout


def test_the_curve_in_the_terminal_in_tables_and_as_a_figure(run: Run, puzzles: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = tmp_path / "curve.svg"
    options = ("--curve", "--attempts", "2", "--steps", "3")
    shown = run("eval", "sudoku-4x4", puzzles, *options, "--figure", figure).stdout
    bars = [line.split() for line in shown.partition("then attempts")[2].splitlines() if line]
    assert [(*bar[:2], bar[-1]) for bar in bars] == [
        ("1", "steps", "100.0%"),
        ("2", "steps", "100.0%"),
        ("3", "steps", "100.0%"),
        ("2", "attempts", "100.0%"),
    ]
    assert {"solved", "steps of the network", "attempts", "sudoku-4x4, 5 puzzles"} <= set(texts(figure))
    curve = json.loads(run("eval", "sudoku-4x4", puzzles, *options, "--json").stdout)["curve"]
    assert [(point["steps"], point["attempts"]) for point in curve] == [(1, 1), (2, 1), (3, 1), (6, 2)]
    assert "by steps, then attempts" in run("eval", "sudoku-4x4", puzzles, *options, "--format", "markdown").stdout
