"""`puzzlerec film`: every form from puzzles and from traces, and what is said of what cannot be filmed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import Result

from .conftest import HARD_9X9, SOLVED_4X4, opened

Run = Callable[..., Result]


@pytest.fixture
def easy(tmp_path: Path) -> Path:
    path = tmp_path / "easy.sdm"
    path.write_text(f"{opened(SOLVED_4X4, 0)}\n{opened(SOLVED_4X4, 5)}\n")
    return path


def test_the_ending_says_the_form(run: Run, easy: Path, tmp_path: Path) -> None:
    pytest.importorskip("PIL")
    for ending, start in ((".svg", b"<svg"), (".gif", b"GIF89a"), (".cast", b'{"version": 2')):
        target = tmp_path / f"film{ending}"
        done = run("film", easy, "-o", target)
        assert done.exit_code == 0 and "easy.sdm:1: sudoku-4x4" in done.stderr and "kB" in done.stderr
        assert target.read_bytes().startswith(start)


def test_standard_output_gets_svg_or_what_is_asked_for(run: Run, easy: Path) -> None:
    assert (
        ElementTree.fromstring(run("film", easy, "--number", "2").stdout)
        .findtext("{*}title")
        .startswith(f"{easy}:2: sudoku-4x4")
    )
    assert json.loads(run("film", easy, "--format", "cast").stdout.splitlines()[0])["version"] == 2


def test_a_trace_is_filmed_without_solving_again(
    run: Run, easy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = tmp_path / "solved.h5"
    run("solve", easy, "--trace", saved, "--all-steps")
    fresh = run("film", easy, "--all-steps").stdout
    monkeypatch.setattr("puzzlerec.session.Session.solver_for", None)
    assert run("film", saved).stdout == fresh
    strip = ElementTree.fromstring(run("film", saved, "--at", "0,2").stdout)
    said = [text.text for text in strip.findall(".//{*}text")]
    assert "the question" in said and "step 2, solved" in said and not any("step 1" in (text or "") for text in said)


def test_an_unsolved_puzzle_is_filmed_with_exit_status_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "hard.sdm").write_text(HARD_9X9)
    done = run("film", tmp_path / "hard.sdm", "--attempts", "2", "--attempt", "2", "--strip")
    assert done.exit_code == 1 and "attempt 2 (" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--number", "9"], "There is no puzzle 9"),
        (["--attempt", "9"], "none with the number 9"),
        (["--at", "0,x"], "--at takes numbers of steps"),
        (["--at", "99"], "There is no step 99: the last one is"),
        (["--strip", "-o", "a.gif"], "A strip is an SVG, no gif"),
    ],
)
def test_what_cannot_be_filmed_is_told(run: Run, easy: Path, arguments: list[str], words: str) -> None:
    done = run("film", easy, *arguments)
    assert done.exit_code == 2 and words in done.stderr and done.stdout == ""


def test_a_puzzle_that_breaks_its_rules_has_no_film(run: Run, tmp_path: Path) -> None:
    (tmp_path / "twice.sdm").write_text("11" + "." * 14)
    done = run("film", tmp_path / "twice.sdm")
    assert done.exit_code == 2 and "nothing to see" in done.stderr


def test_a_gif_without_pillow_is_told_before_anything_is_solved(
    run: Run, easy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr("puzzlerec.session.Session.solver_for", None)
    assert "pip install 'puzzlerec[gif]'" in run("film", easy, "--format", "gif").stderr
