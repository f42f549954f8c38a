"""What the tables of a comparison say, and what is more than chance."""

from __future__ import annotations

import numpy as np
import pytest

from puzzlerec.experiments.findings import Comparison, Point, Result, interval
from puzzlerec.experiments.plan import Plan
from puzzlerec.experiments.significance import bootstrap, holm, mcnemar


def runs(rng: np.random.Generator, share: float, seeds: int, puzzles: int, spread: float = 0.0) -> np.ndarray:
    """Which puzzles some runs answer, each run as likely as its own skill has it."""
    skill = share + spread * rng.standard_normal((seeds, 1))
    return rng.random((seeds, puzzles)) < skill


def test_intervals_over_seeds_and_of_one_seed() -> None:
    mean, low, high = interval([0.5, 0.6, 0.7], 100)
    assert mean == pytest.approx(0.6)
    assert high - mean == pytest.approx(4.303 * 0.1 / 3**0.5)
    assert interval([0.5], 100)[1] == pytest.approx(0.404, abs=0.001)
    assert low == pytest.approx(0.6 - (high - mean))
    assert interval([0.0, 0.0, 0.0], 100) == interval([0.0], 100)  # seeds that agree make no certainty


def test_the_bootstrap_varies_as_much_as_new_runs_on_new_puzzles_would() -> None:
    """And somewhat more: the noise that each run has on each puzzle is counted twice."""
    rng = np.random.default_rng(0)
    means, widths = [], []
    for _ in range(60):
        found = bootstrap(runs(rng, 0.6, 3, 400, 0.1), runs(rng, 0.5, 3, 400, 0.1))
        means.append(found.mean)
        widths.append(found.high - found.low)
    assert np.mean(means) == pytest.approx(0.1, abs=0.03)
    assert 0.85 < np.mean(widths) / (2 * 1.96 * np.std(means)) < 1.5


def test_false_alarms_of_the_bootstrap_are_rare() -> None:
    rng = np.random.default_rng(1)
    p = [bootstrap(runs(rng, 0.5, 1, 200), runs(rng, 0.5, 1, 200)).p for _ in range(100)]
    assert 0 <= sum(value < 0.05 for value in p) <= 12
    assert bootstrap(runs(rng, 0.9, 3, 200), runs(rng, 0.5, 3, 200)).p < 0.001


def test_puzzles_that_both_find_hard_make_no_difference_uncertain() -> None:
    easy = np.arange(200) < 100
    better = easy | (np.arange(200) % 20 == 0)
    found = bootstrap(better[None], easy[None])
    assert found.low > 0 and found.high - found.low < 0.08  # unpaired it would be 0.19


def test_ways_to_answer_with_the_same_weights_are_told_apart_seed_by_seed() -> None:
    """However much the seeds differ; where one way has been tried with fewer, with those."""
    puzzles = np.arange(200)
    seeds = [puzzles % 10 < tenths for tenths in (3, 6, 9)]  # very different weights
    worse = [one & (puzzles % 20 != 0) for one in seeds]  # and a way that loses one puzzle in twenty of any
    assert bootstrap(np.array(seeds), np.array(worse)).low < 0
    found = bootstrap(np.array(seeds), np.array(worse), same_weights=True)
    assert found.mean == pytest.approx(0.05) and found.low > 0.01 and found.high < 0.09  # as of 200 puzzles

    def told(label: str, seed: int, right: np.ndarray) -> Result:
        return result(label, seed, "".join(str(int(one)) for one in right))

    systems = {"a": {"recipe": "maze-9x9"}, "random": {"weights": "a"}, "b": {"recipe": "maze-9x9"}}
    plan = Plan.model_validate({"budget": {"steps": 1}, "systems": systems})
    trained = [told("a", seed, right) for seed, right in enumerate(seeds)]
    ways = [told("random", seed, worse[seed]) for seed in (1, 0)]
    others = [told("b", seed, worse[seed]) for seed in (0, 1)]
    compared = Comparison(plan, (*trained, *ways, *others))
    assert compared.difference("a", "random").low > 0.01
    assert compared.difference("a", "random").mean == pytest.approx(0.05)
    assert compared.difference("a", "b").low < 0


def test_mcnemar_is_the_throw_of_as_many_coins_as_there_are_puzzles_told_apart() -> None:
    right, other = np.array([1, 1, 1, 1, 1, 0, 1]) > 0, np.array([0, 0, 0, 0, 0, 1, 1]) > 0
    assert mcnemar(right, other) == pytest.approx(2 * (1 + 6) / 2**6)
    assert mcnemar(right, right) == 1.0
    assert mcnemar(np.ones(1000, bool), np.zeros(1000, bool)) < 1e-290


def test_holm_adjusts_the_smallest_most_and_keeps_the_order() -> None:
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0] and holm([]) == []


def result(label: str, seed: int, right: str, curve: list[Point] | None = None) -> Result:
    exact = right.count("1") / len(right)
    shares, by_measure = {"exact": exact, "solved": exact}, {"exact": right, "solved": right}
    facts = (1000, 10, 4e3, 1.5, len(right), shares, None, {"2 to 5": exact}, by_measure, curve or [], "a CPU", {})
    return Result(label, seed, *facts)


def comparison(*results: Result) -> Comparison:
    systems = {label: {"recipe": "maze-9x9"} for label in ("a", "b", "c")}
    claims = [
        {"says": "b is better", "more": "b", "less": "a"},
        {"says": "a is better", "more": "a", "less": "b"},
        {"says": "a is itself", "more": "a", "less": "a"},
        {"says": "c is best", "more": "c", "less": "a"},
    ]
    plan = Plan.model_validate({"budget": {"steps": 1}, "systems": systems, "claims": claims})
    return Comparison(plan, results)


def test_the_tables_say_what_was_found() -> None:
    curve = [Point(5, 30.0, 2e3, 0.4), Point(8, 60.0, 3e3, 0.6), Point(10, 90.0, 4e3, 0.95)]
    found = comparison(
        result("a", 0, "00001" * 10, curve), result("b", 0, "1111111110" * 5), result("a", 1, "00011" * 10)
    )
    text = found.to_markdown()
    assert "| a | 30.0 (" in text
    assert "| system | seed 0 | seed 1 |" in text
    assert "| a | 20.0 | 40.0 |" in text and "| b | 90.0 | - |" in text
    assert "|  | a | b |" in text and "| 2 to 5 | 30.0 | 90.0 |" in text
    assert "| a | 2 | 1,000 | 10 | 4.00e+03 | 1.5 |" in text
    assert "| a | 1.0 · 3.0e+03 (1 of 2) | 1.5 · 4.0e+03 (1 of 2) | - |" in text
    assert "| b is better: b - a, exact | +60.0 (" in text
    verdicts = {
        row[0].partition(":")[0]: row[-1]
        for table in found.tables()
        if table.title.startswith("claims")
        for row in table.rows
    }
    assert verdicts == {
        "b is better": "confirmed",
        "a is better": "contradicted",
        "a is itself": "undecided",
        "c is best": "not measured yet",
    }
    (against,) = (table for table in found.tables() if table.title == "exact, points more than a")
    assert [row[0] for row in against.rows] == ["b"] and against.rows[0][2:] == ["<0.001", "<0.001"]
    assert [(one["system"], one["seed"], one["exact"], one["minutes_to_0.5"]) for one in found.records()] == [
        ("a", 0, 0.2, 1.0),
        ("b", 0, 0.9, None),
        ("a", 1, 0.4, None),
    ]


def test_the_figure_shows_ends_weights_time_work_and_lengths() -> None:
    pytest.importorskip("matplotlib")
    curve = [Point(5, 30.0, 2e3, 0.4), Point(8, 60.0, 3e3, 0.6)]
    figure = comparison(result("a", 0, "0001", curve), result("a", 1, "0011", curve)).plot()
    labels = [plot.get_xlabel() for plot in figure.axes]
    assert labels[1:] == ["weights", "seconds of training", "layers applied to puzzles", "rating or length"]
    assert len(comparison(result("a", 0, "0001"), result("b", 0, "0001")).plot().axes) == 3
