"""Systems trained equally: budgets, resuming, intervals, tables."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch

from puzzlerec.data import ensure
from puzzlerec.experiments.compare import Budget, Entrant, Result, compare, interval, records, tables
from puzzlerec.training.lesson import DeepSupervision, Pool
from puzzlerec.training.recipe import RecipeError

TINY = (
    "model.width=8,model.layers=1,model.latent_updates=1,model.recursions=1,model.with_gradient=1,model.supervision_steps=2,training.batch=4,"
    "training.log_every=2,training.save_every=2,evaluation.every=2,evaluation.puzzles=4,evaluation.batch=4,"
    "data.name=maze-6x6,data.train=8,data.test=6,model.grid=[6,6],training.compile=false"
)


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))


def entrant(label: str, *more: str) -> Entrant:
    return Entrant.parse(",".join((f"{label}=maze-9x9", TINY, *more)))


def test_entrants_are_recipes_with_labels_and_settings() -> None:
    assert Entrant.parse("maze-9x9") == Entrant("maze-9x9", "maze-9x9")
    assert Entrant.parse("no z=maze,model.states=y,model.width=8") == Entrant(
        "no z", "maze", ("model.states=y", "model.width=8")
    )
    assert Entrant.parse("maze,model.width=8").label == "maze,model.width=8"
    assert Entrant.parse("n=2=maze") == Entrant("n=2", "maze")


def test_equal_evaluations_are_as_many_layers(tmp_path: Path) -> None:
    some = [entrant("shallow"), entrant("deep", "model.layers=2")]
    found = list(compare(some, Budget(evaluations=64), tmp_path / "out", seeds=1))
    assert [result.steps for result in found] == [8, 4]  # 2 and 4 layers a step on 4 puzzles
    assert {result.evaluations for result in found} == {64.0}
    assert all(set(result.shares) == {"exact", "solved", "valid", "optimal"} for result in found)
    assert found[0].puzzles == 6


def test_a_continue_value_costs_a_pass_more(tmp_path: Path) -> None:
    some = [entrant("plain"), entrant("continue", "objective.continue_loss=true")]
    found = list(compare(some, Budget(evaluations=64), tmp_path / "out", seeds=1))
    assert [result.steps for result in found] == [8, 4]


def test_equal_minutes_are_not_cut_short_by_a_recipes_steps(tmp_path: Path) -> None:
    (result,) = compare([entrant("a", "training.steps=1")], Budget(minutes=0.01), tmp_path / "out", seeds=1)
    assert result.steps > 1 and result.minutes >= 0.01


def test_waiting_for_the_machine_takes_no_time_from_a_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refill = DeepSupervision.refill

    def delayed(lesson: DeepSupervision, pool: Pool, step: int) -> None:
        time.sleep(0.1)
        refill(lesson, pool, step)

    monkeypatch.setattr(DeepSupervision, "refill", delayed)
    (result,) = compare([entrant("a")], Budget(minutes=0.01), tmp_path / "out", seeds=1)
    assert result.steps > 6  # which take 0.6 s and more, of which they wait the most


def test_every_run_is_compiled_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that keeps two versions of a function; the third run would go on uncompiled."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **settings: compile_(f, backend="eager", **settings))
    some = [entrant(f"n={n}", f"model.latent_updates={n}", "training.compile=true") for n in (1, 2, 3)]
    with torch._dynamo.config.patch(recompile_limit=2, fail_on_recompile_limit_hit=True):
        assert len(list(compare(some, Budget(evaluations=16), tmp_path / "out", seeds=1))) == 3


def test_runs_that_have_ended_are_not_done_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = list(compare([entrant("a")], Budget(evaluations=16), out, seeds=2))
    stamp = (out / "a" / "seed1" / "metrics.jsonl").stat().st_mtime_ns
    assert list(compare([entrant("a")], Budget(evaluations=16), out, seeds=2)) == first
    assert (out / "a" / "seed1" / "metrics.jsonl").stat().st_mtime_ns == stamp
    with pytest.raises(RecipeError, match="other settings"):
        list(compare([entrant("a")], Budget(evaluations=32), out, seeds=2))


def test_a_run_that_was_stopped_goes_on_but_not_with_other_settings(tmp_path: Path) -> None:
    out, asked = tmp_path / "out", [False] * 3 + [True]
    assert not list(compare([entrant("a")], Budget(evaluations=48), out, seeds=1, stopped=lambda: asked.pop(0)))
    steps = [json.loads(line)["step"] for line in (out / "a" / "seed0" / "metrics.jsonl").read_text().splitlines()]
    assert steps[-1] == 3
    for other in (entrant("a", "optimizer.lr=1"), entrant("a", "model.layers=2")):
        with pytest.raises(RecipeError, match="other settings"):
            next(compare([other], Budget(evaluations=48), out, seeds=1))
    with pytest.raises(RecipeError, match="other settings"):
        next(compare([entrant("a")], Budget(evaluations=24), out, seeds=1))
    (result,) = compare([entrant("a")], Budget(evaluations=48), out, seeds=1)
    assert result.steps == 6
    steps = [json.loads(line)["step"] for line in (out / "a" / "seed0" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6]  # those of a run that was not stopped


def test_a_folder_that_cannot_be_used_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "out" / "b" / "seed1").mkdir(parents=True)
    (tmp_path / "out" / "b" / "seed1" / "diary.txt").touch()
    with pytest.raises(RecipeError, match="other settings"):
        next(compare([entrant("a"), entrant("b")], Budget(evaluations=16), tmp_path / "out", seeds=2))
    assert not (tmp_path / "out" / "a").exists()


def test_labels_stay_within_the_folder() -> None:
    assert entrant("..").folder == "__" and entrant("a/b").folder == "a_b"
    assert entrant("TR-LDM n=2").folder == "TR-LDM n=2"


def test_another_test_than_the_recipes(tmp_path: Path) -> None:
    other = ensure("maze-5x5", train=1, test=4, seed=0)
    (result,) = compare([entrant("a")], Budget(evaluations=16), tmp_path / "out", seeds=1, test=other)
    assert result.puzzles == 4
    sudoku = ensure("sudoku-4x4", train=1, test=4, seed=0)
    with pytest.raises(RecipeError, match=r"sudoku-4x4 of 4x4, which maze-9x9 does not take"):
        next(compare([entrant("b")], Budget(evaluations=16), tmp_path / "out", seeds=1, test=sudoku))


def test_what_cannot_be_compared() -> None:
    with pytest.raises(RecipeError, match="same data"):
        next(compare([entrant("a"), entrant("b", "data.train=9")], Budget(minutes=1), Path("none")))
    with pytest.raises(RecipeError, match="name of its own"):
        next(compare([entrant("a"), entrant("a")], Budget(minutes=1), Path("none")))
    with pytest.raises(RecipeError, match="name of its own"):
        next(compare([entrant("a/b"), entrant("A_b")], Budget(minutes=1), Path("none")))
    with pytest.raises(RecipeError, match="give one of them"):
        Budget()
    for endless in (float("nan"), float("inf")):
        with pytest.raises(RecipeError, match="has no end"):
            Budget(minutes=endless)
        with pytest.raises(RecipeError, match="has no end"):
            Budget(evaluations=endless)


def test_intervals_over_seeds_and_of_one_seed() -> None:
    mean, low, high = interval([0.5, 0.6, 0.7], 100)
    assert mean == pytest.approx(0.6)
    assert high - mean == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert interval([0.5], 100)[1] == pytest.approx(0.404, abs=0.001)
    assert low == pytest.approx(0.6 - (high - mean))
    assert interval([0.0, 0.0, 0.0], 100) == interval([0.0], 100)  # seeds that agree make no certainty


def test_the_tables_say_what_was_found() -> None:
    def result(label: str, seed: int, exact: float) -> Result:
        shares = {"exact": exact, "solved": exact}
        return Result(label, seed, 1000, 10, 4e3, 1.5, 50, shares, None, {"2 to 5": exact}, {})

    results = [result("a", 0, 0.2), result("a", 1, 0.4), result("b", 0, 0.9)]
    text = "\n".join(table.to_markdown() for table in tables(results))
    assert "| a | 30.0 (" in text
    assert "| system | seed 0 | seed 1 |" in text
    assert "| a | 20.0 | 40.0 |" in text and "| b | 90.0 | - |" in text
    assert "|  | a | b |" in text and "| 2 to 5 | 30.0 | 90.0 |" in text
    assert "| a | 2 | 1,000 | 10 | 4.00e+03 | 1.5 |" in text
    assert "| b | 90.0 |" in text
    assert [(one["system"], one["seed"], one["exact"]) for one in records(results)] == [
        ("a", 0, 0.2),
        ("a", 1, 0.4),
        ("b", 0, 0.9),
    ]
