"""What came of a comparison: results of runs, and the tables that tell the systems apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from math import sqrt
from statistics import fmean, stdev
from typing import Any

import numpy as np

from puzzlerec.evaluation.report import wilson
from puzzlerec.experiments.plan import Claim, Plan
from puzzlerec.experiments.significance import Difference, bootstrap, holm, mcnemar
from puzzlerec.tables import Table, Tabular

# of Student's distribution, two-sided 95%, by degrees of freedom
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
# shares: "solved" is what the rules accept; pass@k are of tasks, all of whose tests are right in k tries by vote
MEASURES = ("exact", "valid", "optimal", "solved", "pass@1", "pass@2")
LEVELS = (0.5, 0.9, 0.99)  # of exact answers, whose time is told
SURE = 0.05  # the p below which a difference is one


@dataclass(frozen=True)
class Point:
    """A measurement on the way, on the recipe's own test puzzles."""

    steps: int
    seconds: float  # of training
    evaluations: float
    exact: float


@dataclass(frozen=True)
class Result:
    """What one training run came to."""

    label: str
    seed: int
    weights: int
    steps: int
    evaluations: float
    minutes: float
    puzzles: int  # of the test
    shares: dict[str, float]  # by measure
    length_ratio: float | None
    by_rating: dict[str, float]  # exact, by bin of the rating
    right: dict[str, str]  # by measure, which puzzles: 0 or 1 for each
    curve: list[Point]
    machine: str
    settings: dict[str, Any]  # the system's recipe, the budget and the test

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> Result:
        return cls(**content | {"curve": [Point(**point) for point in content["curve"]]})

    def time_to(self, level: float) -> Point | None:
        """The first point at which so large a share was exact."""
        return next((point for point in self.curve if point.exact >= level), None)


@dataclass(frozen=True)
class Comparison(Tabular):
    """What came of a plan's runs, of all of them or of those that have ended."""

    plan: Plan
    results: tuple[Result, ...]

    @cached_property
    def of(self) -> dict[str, list[Result]]:
        """The runs of each system, in the plan's order; of those alone that have any."""
        runs = {label: [one for one in self.results if one.label == label] for label in self.plan.systems}
        return {label: some for label, some in runs.items() if some}

    @property
    def measures(self) -> list[str]:
        found = [name for name in MEASURES if all(name in one.shares for one in self.results)]
        return [name for name in found if name != "solved" or "optimal" not in found]

    def right(self, label: str, measure: str, seeds: Collection[int] | None = None) -> np.ndarray:
        """Which puzzles the runs of a system answered, those of some ``seeds`` or all. [K, N] bool."""
        runs = sorted(self.of[label], key=lambda one: one.seed)
        told = [one.right[measure] for one in runs if seeds is None or one.seed in seeds]
        return np.array([[digit == "1" for digit in digits] for digits in told])

    def difference(self, more: str, less: str, measure: str = "exact") -> Difference:
        """Of two systems' runs; of two ways to answer with the same weights, seed by seed where both were tried."""
        both = {one.seed for one in self.of[more]} & {one.seed for one in self.of[less]}
        if both and self.plan.trained_as(more) == self.plan.trained_as(less):
            ways = [self.right(label, measure, both) for label in (more, less)]
            return bootstrap(*ways, same_weights=True)
        return bootstrap(self.right(more, measure), self.right(less, measure))

    def records(self) -> list[dict[str, Any]]:
        """The runs, one a record, for tables of one's own."""
        return [
            {
                "system": one.label,
                "seed": one.seed,
                "weights": one.weights,
                "steps": one.steps,
                "evaluations": one.evaluations,
                "minutes": one.minutes,
                "puzzles": one.puzzles,
                **one.shares,
                "length_ratio": one.length_ratio,
                **{f"minutes_to_{level:g}": _minutes(one.time_to(level)) for level in LEVELS},
                "machine": one.machine,
            }
            for one in self.results
        ]

    def document(self) -> dict[str, Any]:
        """All there is, as plain data."""
        return {"plan": self.plan.model_dump(mode="json"), "results": [asdict(one) for one in self.results]}

    # ---- tables

    def tables(self) -> list[Table]:
        """Accuracy, by seed, when it came, what was claimed, against the reference, by rating, and the training."""
        return [*self._tables()]

    def _tables(self) -> Iterator[Table]:
        if not self.results:
            return
        yield self._accuracy()
        seeds = sorted({one.seed for one in self.results})
        if len(seeds) > 1:
            exact = {(one.label, one.seed): f"{100 * one.shares['exact']:.1f}" for one in self.results}
            rows = [[label, *(exact.get((label, seed), "-") for seed in seeds)] for label in self.of]
            yield Table("exact by seed, %", ["system", *(f"seed {seed}" for seed in seeds)], rows)
        if any(one.curve for one in self.results):
            yield self._times()
        if self.plan.claims:
            yield self._claims()
        if len(self.of) > 1:
            yield self._against()
        bins = list(dict.fromkeys(name for one in self.results for name in one.by_rating))
        if bins:
            rows = [[name, *(_mean_in(name, some) for some in self.of.values())] for name in bins]
            yield Table("exact by rating or length, %", ["", *self.of], rows)  # there may be many: a line each
        yield self._training()

    def _accuracy(self) -> Table:
        ratios = any(one.length_ratio is not None for one in self.results)
        rows = []
        for label, some in self.of.items():
            row = [
                label,
                *(_share([one.shares[name] for one in some], _asked(some[0], name)) for name in self.measures),
            ]
            if ratios:
                known = [one.length_ratio for one in some if one.length_ratio is not None]
                row.append(f"{fmean(known):.4f}" if known else "-")
            rows.append(row)
        return Table("accuracy, %", ["system", *self.measures, *["length ratio"] * ratios], rows)

    def _times(self) -> Table:
        """Means over the seeds that got there; how many did, where not all."""
        rows = []
        for label, some in self.of.items():
            row = [label]
            for level in LEVELS:
                there = [point for one in some if (point := one.time_to(level))]
                few = f" ({len(there)} of {len(some)})" if 0 < len(there) < len(some) else ""
                minutes, work = (
                    (fmean(p.seconds for p in there) / 60, fmean(p.evaluations for p in there)) if there else (0, 0)
                )
                row.append(f"{minutes:.1f} · {work:.1e}{few}" if there else "-")
            rows.append(row)
        title = "when so many are exact: minutes of training · layers applied"
        return Table(title, ["system", *(f"{100 * level:g}%" for level in LEVELS)], rows)

    def _claims(self) -> Table:
        known = [c for c in self.plan.claims if c.more in self.of and c.less in self.of and self._has(c)]
        found = [self.difference(claim.more, claim.less, claim.measure) for claim in known]
        adjusted = holm([difference.p for difference in found])
        rows = [
            [
                _said(claim),
                _points(difference),
                _p(p),
                "undecided" if p > SURE else "confirmed" if difference.mean > 0 else "contradicted",
            ]
            for claim, difference, p in zip(known, found, adjusted, strict=True)
        ]
        rows += [[_said(claim), "-", "-", "not measured yet"] for claim in self.plan.claims if claim not in known]
        return Table("claims, points", ["claim", "difference", "p (Holm)", "verdict"], rows)

    def _has(self, claim: Claim) -> bool:
        return all(claim.measure in one.right for label in (claim.more, claim.less) for one in self.of[label])

    def _against(self) -> Table:
        reference = self.plan.reference or next(iter(self.plan.systems))
        if reference not in self.of:
            reference = next(iter(self.of))
        others = [label for label in self.of if label != reference]
        found = [self.difference(label, reference) for label in others]
        rows = []
        for label, difference, p in zip(others, found, holm([one.p for one in found]), strict=True):
            pairs = zip(self.right(label, "exact"), self.right(reference, "exact"), strict=False)
            rows.append([label, _points(difference), _p(p), " · ".join(_p(mcnemar(*pair)) for pair in pairs)])
        title = f"exact, points more than {reference}"
        return Table(title, ["system", "difference", "p (Holm)", "McNemar's p, seed by seed"], rows)

    def _training(self) -> Table:
        rows = []
        for label, some in self.of.items():
            row = [label, str(len(some)), f"{some[0].weights:,}", f"{fmean(one.steps for one in some):,.0f}"]
            work = f"{fmean(one.evaluations for one in some):.2e}"
            rows.append([*row, work, f"{fmean(one.minutes for one in some):.1f}"])
        return Table("training", ["system", "seeds", "weights", "steps", "evaluations", "minutes"], rows)


def interval(shares: Sequence[float], puzzles: int) -> tuple[float, float, float]:
    """The mean of the seeds' shares and its 95% interval: that of a test of so many puzzles, or Student's over seeds
    where that is wider."""
    mean = fmean(shares)
    low, high = wilson(mean, puzzles)
    if len(shares) > 1:
        half = T95[min(len(shares) - 2, len(T95) - 1)] * stdev(shares) / sqrt(len(shares))
        low, high = min(low, max(0.0, mean - half)), max(high, min(1.0, mean + half))
    return mean, low, high


def _share(shares: Sequence[float], puzzles: int) -> str:
    mean, low, high = interval(shares, puzzles)
    return f"{100 * mean:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def _asked(one: Result, measure: str) -> int:
    """Of how many puzzles a share is; votes are on tasks, which may have several tests."""
    return len(one.right[measure]) if measure in one.right else one.puzzles


def _said(claim: Claim) -> str:
    return f"{claim.says}: {claim.more} - {claim.less}, {claim.measure}"


def _mean_in(bin: str, some: Sequence[Result]) -> str:
    return f"{100 * fmean(one.by_rating.get(bin, 0.0) for one in some):.1f}"


def _points(difference: Difference) -> str:
    return f"{100 * difference.mean:+.1f} ({100 * difference.low:+.1f} to {100 * difference.high:+.1f})"


def _p(p: float) -> str:
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def _minutes(point: Point | None) -> float | None:
    return None if point is None else point.seconds / 60
