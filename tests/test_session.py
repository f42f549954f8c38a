"""Solvers by name: loaded once, found for a kind, refused for another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from puzzlerec import session
from puzzlerec.models import build, checkpoint
from puzzlerec.models.checkpoint import CheckpointError
from puzzlerec.models.config import TRMConfig
from puzzlerec.puzzles import PuzzleError, get
from puzzlerec.session import NoModelError, Session, default_model

FOUR = TRMConfig(
    puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), mixer="candidates", box=(2, 2), symbols=(2, 4), prefix=0,
    width=8, layers=1, multiple=8, latent_updates=1, recursions=1, supervision_steps=2,
)  # fmt: skip


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two shipped models: one called like the kind of its puzzles, one not."""
    folder = tmp_path / "shipped"
    for name in ("sudoku-4x4", "other"):
        checkpoint.save(build(FOUR), folder / name, "")
    monkeypatch.setattr(checkpoint, "SHIPPED", (folder,))
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_model_is_loaded_once_whatever_it_is_called_and_whoever_asks(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, loaded = session.load, []
    monkeypatch.setattr(session, "load", lambda *arguments: loaded.append(arguments) or load(*arguments))  # type: ignore[func-returns-value]
    here = Session("cpu")
    names: list[str | Path] = ["other", shipped / "other", "shipped/other"] * 4
    with ThreadPoolExecutor(4) as threads:
        solvers = list(threads.map(here.solver, names))
    assert len(loaded) == 1 and len(set(map(id, solvers))) == 1
    assert solvers[0].name == "other" and solvers[0].device == "cpu"
    assert Session("cpu").solver("other") is not solvers[0]


def test_a_kinds_model_is_the_one_of_its_name_or_the_one_that_was_asked_for() -> None:
    here, kind = Session("cpu"), get("sudoku-4x4")
    assert here.solver_for(kind).name == default_model(kind) == "sudoku-4x4"
    assert here.solver_for(kind, "other").name == "other"


def test_without_one_of_its_name_it_is_one_that_was_trained_for_the_kind_also(shipped: Path) -> None:
    checkpoint.save(build(FOUR.model_copy(update={"also": ("sudoku-6x6",)})), shipped / "other", "")
    (shipped / "broken").mkdir()
    (shipped / "broken" / "config.json").write_text("{")
    assert default_model(get("sudoku-6x6")) == "other"
    assert default_model(get("sudoku-4x4")) == "sudoku-4x4"


def test_no_model_and_the_wrong_model_are_told_apart() -> None:
    here = Session("cpu")
    with pytest.raises(NoModelError, match="no model for maze puzzles yet"):
        here.solver_for(get("maze"))
    with pytest.raises(PuzzleError, match="'other' solves sudoku-4x4, not maze"):
        here.solver_for(get("maze"), "other")
    with pytest.raises(CheckpointError, match="No model is called 'othr'"):
        here.solver_for(get("maze"), "othr")
    with pytest.raises(ValueError, match="no device"):
        Session("abacus")
