"""Systems trained equally: budgets, resuming, intervals, tables."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import torch

from puzzlerec.data import ensure
from puzzlerec.evaluation.votes import Ballots
from puzzlerec.experiments import compare as comparing
from puzzlerec.experiments.compare import adopt, compare, ended
from puzzlerec.experiments.findings import Comparison, Result
from puzzlerec.experiments.plan import Plan, folder_of
from puzzlerec.training.lesson import DeepSupervision, Pool
from puzzlerec.training.recipe import RecipeError
from puzzlerec.training.run_folder import RunFolder

TINY = (
    "model.width=8,model.layers=1,model.latent_updates=1,model.recursions=1,model.with_gradient=1,model.supervision_steps=2,training.batch=4,"
    "training.log_every=2,training.save_every=2,evaluation.every=2,evaluation.puzzles=4,evaluation.batch=4,"
    "data.name=maze-6x6,data.train=8,data.test=6,model.grid=[6,6],training.compile=false"
)


@pytest.fixture(autouse=True)
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))


def entrant(label: str, *more: str) -> str:
    return ",".join((f"{label}=maze-9x9", TINY, *more))


def plan(*entrants: str, seeds: int = 1, test: Path | None = None, **budget: float) -> Plan:
    return Plan.of(entrants, budget=budget, seeds=seeds, test={"file": None if test is None else str(test)})


def compared(folder: Path, *entrants: str, seeds: int = 1, test: Path | None = None, **budget: float) -> list[Result]:
    return list(compare(plan(*entrants, seeds=seeds, test=test, **budget), folder))


def test_equal_evaluations_are_as_many_layers(tmp_path: Path) -> None:
    found = compared(tmp_path / "out", entrant("shallow"), entrant("deep", "model.layers=2"), evaluations=64)
    assert [result.steps for result in found] == [8, 4]  # 2 and 4 layers a step on 4 puzzles
    assert {result.evaluations for result in found} == {64.0}
    assert all(set(result.shares) == {"exact", "solved", "valid", "optimal"} for result in found)
    assert found[0].puzzles == 6


def test_a_continue_value_costs_a_pass_more(tmp_path: Path) -> None:
    some = [entrant("plain"), entrant("continue", "objective.continue_loss=true")]
    found = compared(tmp_path / "out", *some, evaluations=64)
    assert [result.steps for result in found] == [8, 4]


def test_equal_minutes_are_not_cut_short_by_a_recipes_steps(tmp_path: Path) -> None:
    (result,) = compared(tmp_path / "out", entrant("a", "training.steps=1"), minutes=0.01)
    assert result.steps > 1 and result.minutes >= 0.01


def test_waiting_for_the_machine_takes_no_time_from_a_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refill = DeepSupervision.refill

    def delayed(lesson: DeepSupervision, pool: Pool, step: int) -> None:
        time.sleep(0.1)
        refill(lesson, pool, step)

    monkeypatch.setattr(DeepSupervision, "refill", delayed)
    (result,) = compared(tmp_path / "out", entrant("a"), minutes=0.01)
    assert result.steps > 6  # which take 0.6 s and more, of which they wait the most


def test_every_run_is_compiled_however_many_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that keeps two versions of a function; the third run would go on uncompiled."""
    compile_ = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **settings: compile_(f, backend="eager", **settings))
    some = [entrant(f"n={n}", f"model.latent_updates={n}", "training.compile=true") for n in (1, 2, 3)]
    with torch._dynamo.config.patch(recompile_limit=2, fail_on_recompile_limit_hit=True):
        assert len(compared(tmp_path / "out", *some, evaluations=16)) == 3


def test_equal_steps_whatever_they_cost(tmp_path: Path) -> None:
    found = compared(tmp_path / "out", entrant("shallow"), entrant("deep", "model.layers=2"), steps=3)
    assert [result.steps for result in found] == [3, 3]


def test_a_result_says_which_puzzles_were_right_and_how_it_went_on_the_way(tmp_path: Path) -> None:
    (result,) = compared(tmp_path / "out", entrant("a", "evaluation.points=2", "training.log_every=1"), steps=8)
    for measure in ("exact", "solved", "valid", "optimal"):
        digits = result.right[measure]
        assert len(digits) == result.puzzles == 6
        assert digits.count("1") / 6 == pytest.approx(result.shares[measure])
    assert [point.steps for point in result.curve] == [4, 8]
    assert [point.evaluations for point in result.curve] == [32, 64]
    assert result.curve[0].seconds < result.curve[1].seconds == pytest.approx(60 * result.minutes, abs=0.01)
    assert "torch" in result.machine


def test_runs_that_have_ended_are_not_done_again(tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = compared(out, entrant("a"), seeds=2, evaluations=16)
    stamp = (out / "a" / "seed1" / "metrics.jsonl").stat().st_mtime_ns
    assert compared(out, entrant("a"), seeds=2, evaluations=16) == first
    assert ended(plan(entrant("a"), seeds=2, evaluations=16), out) == first
    assert (out / "a" / "seed1" / "metrics.jsonl").stat().st_mtime_ns == stamp
    with pytest.raises(RecipeError, match="other settings"):
        compared(out, entrant("a"), seeds=2, evaluations=32)


def test_runs_of_a_report_are_not_done_again(tmp_path: Path) -> None:
    some, report = plan(entrant("a"), entrant("b"), seeds=2, evaluations=16), tmp_path / "report.json"
    adopt(some, tmp_path / "new", report)  # there is none yet
    first = list(compare(some, tmp_path / "here"))
    report.write_text(json.dumps(Comparison(some, (first[0], first[3])).document()))
    (tmp_path / "there" / "b" / "seed1").mkdir(parents=True)
    adopt(some, tmp_path / "there", report)  # but not what is there
    assert ended(some, tmp_path / "there") == [first[0]]
    adopt(plan(entrant("a", "optimizer.lr=1"), seeds=2, evaluations=16), tmp_path / "other", report)
    assert not (tmp_path / "other").exists()
    for content in ("[]", "{", json.dumps({"results": [{}]}), json.dumps({"results": [1]})):
        report.write_text(content)
        with pytest.raises(RecipeError, match="holds no comparison"):
            adopt(some, tmp_path / "there", report)


def test_a_run_of_before_there_was_a_setting_goes_on_with_its_default(tmp_path: Path) -> None:
    first = compared(tmp_path, entrant("a"), evaluations=16)
    path = tmp_path / "a" / "seed0" / "settings.json"
    settings = json.loads(path.read_text())
    del settings["recipe"]["evaluation"]["points"]
    path.write_text(json.dumps(settings))
    assert compared(tmp_path, entrant("a"), evaluations=16) == first


def test_what_another_process_is_at_work_on_is_left_to_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with RunFolder(out / "a" / "seed0").claimed():
        assert [result.seed for result in compared(out, entrant("a"), seeds=2, evaluations=16)] == [1]
        assert [result.seed for result in ended(plan(entrant("a"), seeds=2, evaluations=16), out)] == [1]
    assert [result.seed for result in compared(out, entrant("a"), seeds=2, evaluations=16)] == [0, 1]


def test_weights_that_another_system_has_trained_answer_in_another_way(tmp_path: Path) -> None:
    tiny = entrant("a", "model.width=16").replace("=maze-9x9,", "=maze-9x9-trldm,", 1)
    own = plan(tiny, evaluations=24, seeds=2)
    systems = own.model_dump()["systems"] | {"random": {"weights": "a", "model": {"remasking": "random"}}}
    systems = {label: systems[label] for label in ("random", "a")}
    found = list(compare(Plan.model_validate(own.model_dump() | {"systems": systems}), tmp_path))
    assert [(one.label, one.seed) for one in found] == [("a", 0), ("random", 0), ("a", 1), ("random", 1)]
    assert (found[1].steps, found[1].weights, found[1].minutes) == (found[0].steps, found[0].weights, found[0].minutes)
    assert (
        found[1].settings["recipe"]["model"]["remasking"] == "random"
        and not (tmp_path / "random/seed0/state.safetensors").exists()
    )
    with RunFolder(tmp_path / "b" / "a" / "seed0").claimed():  # which somebody else is at work on
        few = Plan.model_validate(own.model_dump() | {"systems": systems, "seeds": 1})
        assert not list(compare(few, tmp_path / "b"))
    report = tmp_path / "report.json"
    report.write_text(json.dumps(Comparison(few, (found[0],)).document()))
    adopt(few, tmp_path / "d", report)  # its weights are wanted
    assert not (tmp_path / "d").exists()
    report.write_text(json.dumps(Comparison(few, tuple(found)).document()))
    adopt(few, tmp_path / "d", report)
    assert list(compare(few, tmp_path / "d")) == found[:2]
    (tmp_path / "d" / "random" / "seed0" / "result.json").unlink()
    with pytest.raises(RecipeError, match="no weights of a"):
        list(compare(few, tmp_path / "d"))
    wide = systems | {"random": {"weights": "a", "model": {"layers": 2}}}
    with pytest.raises(RecipeError, match="random: the weights of a do not fit its model"):
        list(compare(Plan.model_validate(own.model_dump() | {"systems": wide}), tmp_path / "c"))


def interrupted(self: object, one: object) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_measurement_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = plan(entrant("a", "model.width=16", "evaluation.batch=1"), evaluations=16, seeds=1)

    with monkeypatch.context() as patched:
        patched.setattr(comparing._Right, "__call__", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(compare(own, tmp_path))
    assert not ended(own, tmp_path)
    assert [one.label for one in compare(own, tmp_path)] == ["a"]


def test_what_takes_weights_comes_after_what_has_trained_them(tmp_path: Path) -> None:
    """And before other trainings, so that no machine has to keep weights for long."""
    own = plan(*(entrant(name, "model.width=16") for name in "ab"), evaluations=16, seeds=1)
    systems = own.model_dump()["systems"]
    systems |= {"again": {"weights": "a"}, "and again": {"weights": "a"}}
    found = compare(Plan.model_validate(own.model_dump() | {"systems": systems}), tmp_path)
    assert [one.label for one in found] == ["a", "again", "and again", "b"]


def test_a_run_that_was_stopped_goes_on_but_not_with_other_settings(tmp_path: Path) -> None:
    out, asked = tmp_path / "out", [False] * 4 + [True]  # before the run, and before each step
    assert not list(compare(plan(entrant("a"), evaluations=48), out, stopped=lambda: asked.pop(0)))
    steps = [json.loads(line)["step"] for line in (out / "a" / "seed0" / "metrics.jsonl").read_text().splitlines()]
    assert steps[-1] == 3
    for other in (entrant("a", "optimizer.lr=1"), entrant("a", "model.layers=2")):
        with pytest.raises(RecipeError, match="other settings"):
            compared(out, other, evaluations=48)
    with pytest.raises(RecipeError, match="other settings"):
        compared(out, entrant("a"), evaluations=24)
    (result,) = compared(out, entrant("a"), evaluations=48)
    assert result.steps == 6
    steps = [json.loads(line)["step"] for line in (out / "a" / "seed0" / "metrics.jsonl").read_text().splitlines()]
    assert steps == [2, 4, 6]  # those of a run that was not stopped


def test_a_run_that_was_stopped_is_measured_where_it_would_have_been(tmp_path: Path) -> None:
    at_points = entrant("a", "evaluation.points=3", "training.save_every=100")
    (whole,) = compared(tmp_path / "whole", at_points, evaluations=96)
    asked = [False] * 6 + [True]  # between two points, and between two reports
    assert not list(compare(plan(at_points, evaluations=96), tmp_path / "out", stopped=lambda: asked.pop(0)))
    (result,) = compared(tmp_path / "out", at_points, evaluations=96)
    assert {point.steps for point in result.curve} >= {4, 8, 12} == {point.steps for point in whole.curve}
    assert result.right == whole.right


def test_a_folder_that_cannot_be_used_is_found_before_anything_is_trained(tmp_path: Path) -> None:
    (tmp_path / "out" / "b" / "seed1").mkdir(parents=True)
    (tmp_path / "out" / "b" / "seed1" / "diary.txt").touch()
    with pytest.raises(RecipeError, match="other settings"):
        compared(tmp_path / "out", entrant("a"), entrant("b"), seeds=2, evaluations=16)
    assert not (tmp_path / "out" / "a").exists()


def test_labels_stay_within_the_folder() -> None:
    assert folder_of("..") == "__" and folder_of("a/b") == "a_b"
    assert folder_of("TR-LDM n=2") == "TR-LDM n=2"


def test_another_test_than_the_recipes(tmp_path: Path) -> None:
    other = ensure("maze-5x5", train=1, test=4, seed=0)
    (result,) = compared(tmp_path / "out", entrant("a"), test=other, evaluations=16)
    assert result.puzzles == 4
    sudoku = ensure("sudoku-4x4", train=1, test=4, seed=0)
    with pytest.raises(RecipeError, match=r"sudoku-4x4 of 4x4, which maze-9x9 does not take"):
        compared(tmp_path / "out", entrant("b"), test=sudoku, evaluations=16)


def test_systems_with_different_data_cannot_be_compared() -> None:
    with pytest.raises(RecipeError, match="same data"):
        compared(Path("none"), entrant("a"), entrant("b", "data.train=9"), minutes=1)


def test_systems_are_told_apart_by_votes_on_tasks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a task all tests must be right; of each system every task counts, whatever its copies."""
    folder = tmp_path / "tasks"
    folder.mkdir()
    pairs = [{"input": [[n, 0], [0, n + 1]], "output": [[0, n], [n + 1, 0]]} for n in range(1, 6)]
    for name, tests in (("a", pairs[3:]), ("b", pairs[4:])):
        (folder / f"{name}.json").write_text(json.dumps({"train": pairs[:3], "test": tests}))
    changes = {
        "data": {"name": "arc-6x6", "settings": {"copies": 3, "with": str(folder)}},
        "model": {"grid": [6, 6], "puzzle_ids": 20, "width": 16, "heads": 2, "layers": 1, "supervision_steps": 2},
        "training": {"batch": 4, "micro_batch": 4, "log_every": 1, "compile": False},
        "evaluation": {"points": 1, "batch": 4},
    }
    content = {
        "budget": {"steps": 2},
        "seeds": 1,
        "test": {"votes": 2},
        "over": changes,
        "systems": {"TRM": {"recipe": "arc1-small"}, "DRM": {"recipe": "arc1-small-drm"}},
        "claims": [{"says": "more", "more": "DRM", "less": "TRM", "measure": "pass@2"}],
    }
    own = Plan.model_validate(content)

    with monkeypatch.context() as patched:
        patched.setattr(Ballots, "add", interrupted)
        with pytest.raises(KeyboardInterrupt):
            list(compare(own, tmp_path / "out"))
    found = list(compare(own, tmp_path / "out"))
    for one in found:
        assert one.puzzles == 3 and len(one.right["exact"]) == 3  # tests, each as it is
        assert len(one.right["pass@1"]) == len(one.right["pass@2"]) == 2  # tasks
        assert one.shares["pass@2"] == one.right["pass@2"].count("1") / 2
    titles = [table.title for table in Comparison(own, tuple(found)).tables()]
    assert "claims, points" in titles
    few = own.model_copy(update={"test": own.test.model_copy(update={"limit": 1})})
    assert next(one.right["pass@1"] for one in compare(few, tmp_path / "few")) in ("0", "1")
