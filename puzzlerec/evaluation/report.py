"""What an evaluation found: rates with their intervals, as plain data or as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

from puzzlerec.tables import Table, Tabular

Z95 = 1.959964  # of the normal distribution, two-sided


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95% score interval of a ``share`` of ``count`` independent trials (Wilson 1927); (0, 1) of none."""
    if count == 0:
        return 0.0, 1.0
    z2 = Z95 * Z95 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * sqrt(share * (1 - share) / count + z2 / (4 * count))
    # the share itself is within, whatever rounding does at 0 and 1
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))


@dataclass(frozen=True)
class Rate:
    """A share of ``count`` puzzles. For shares of cells ``count`` is puzzles too: cells of one are not independent."""

    share: float
    count: int

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.share, self.count)

    def to_dict(self) -> dict[str, Any]:
        return {"share": self.share, "count": self.count, "interval": list(self.interval)}

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.share:5.1f}%  ({100 * low:.1f} to {100 * high:.1f})"


@dataclass(frozen=True)
class CalibrationBin:
    """Puzzles whose halting probability lies in [low, high), at the end of the first pass."""

    low: float
    high: float
    count: int
    probability: float  # mean
    right: float  # share of the puzzles whose answer is the label


@dataclass(frozen=True)
class Spent:
    """What a number of steps, and then of attempts, has brought."""

    steps: int  # in all: an attempt counts as many as the longest first pass took
    attempts: int
    exact: Rate | None  # as the label, after so many steps of the first pass; None for more attempts
    solved: Rate  # accepted by the rules

    def to_dict(self) -> dict[str, Any]:
        exact = None if self.exact is None else self.exact.to_dict()
        return {"steps": self.steps, "attempts": self.attempts, "exact": exact, "solved": self.solved.to_dict()}


@dataclass(frozen=True)
class Report(Tabular):
    """Accuracies of the first pass, and what attempts add to it.

    *Exact* compares with the labels, *solved*, *valid* and *optimal* with the rules: a maze has many right answers and
    one label.
    """

    model: str
    puzzle: str
    settings: dict[str, Any]
    asked: int  # puzzles to measure
    puzzles: int  # measured: fewer if that was interrupted
    token: Rate  # cells as in the label, the first pass
    blank_token: Rate  # of the cells that the question leaves open
    exact: Rate  # whole answers as in the label, the first pass
    first_pass: Rate  # the first pass's answers that the rules accept
    rules: dict[str, Rate]  # the first pass by the rules' facts: mazes have "valid" and "optimal"
    length_ratio: float | None  # mean length of the first pass's valid paths, the shortest being 1; mazes alone
    solved_within: dict[int, Rate]  # attempts -> share that the rules accept after so many
    steps: float  # mean of the first pass
    attempts: float  # mean
    evaluations: float  # steps of all attempts, mean
    halting: tuple[CalibrationBin, ...]
    halting_error: float  # expected calibration error of the halting probability
    ratings: dict[str, tuple[Rate, Rate]]  # bin of the rating -> exact in the first pass, solved in the end
    seconds: float
    curve: tuple[Spent, ...] = ()  # step by step, then attempt by attempt, if that was asked for

    @property
    def whole(self) -> bool:
        """Whether it is of all puzzles that it was asked for."""
        return self.puzzles == self.asked

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        plain = asdict(self)
        for name in ("token", "blank_token", "exact", "first_pass"):
            plain[name] = getattr(self, name).to_dict()
        plain["rules"] = {name: rate.to_dict() for name, rate in self.rules.items()}
        plain["solved_within"] = {str(count): rate.to_dict() for count, rate in self.solved_within.items()}
        plain["ratings"] = {
            name: {"exact": exact.to_dict(), "solved": solved.to_dict()}
            for name, (exact, solved) in self.ratings.items()
        }
        plain["curve"] = [point.to_dict() for point in self.curve]
        return plain

    def records(self) -> list[dict[str, Any]]:
        """All rates, one a record, for tables of one's own: what is measured, of which part, and its interval."""
        return [
            {
                "model": self.model,
                "puzzle": self.puzzle,
                "measure": measure,
                "part": part,
                "share": rate.share,
                "low": rate.interval[0],
                "high": rate.interval[1],
                "puzzles": rate.count,
            }
            for measure, part, rate in self._rates()
        ]

    def _rates(self) -> Iterator[tuple[str, str, Rate]]:
        yield "tokens", "", self.token
        yield "open cells", "", self.blank_token
        yield "exact", "", self.exact
        yield "solved", "", self.first_pass
        for name, rate in self.rules.items():
            yield name, "", rate
        for attempts, rate in self.solved_within.items():
            yield "solved", f"attempts {attempts}", rate
        for name, (exact, solved) in self.ratings.items():
            yield "exact", f"rating {name}", exact
            yield "solved", f"rating {name}", solved
        for point in self.curve:
            if point.exact is not None:
                yield "exact", f"steps {point.steps}", point.exact
                yield "solved", f"steps {point.steps}", point.solved

    def curve_table(self) -> Table:
        """The curve, a line a point."""
        rows = [
            (str(point.steps), str(point.attempts), str(point.exact or ""), str(point.solved)) for point in self.curve
        ]
        columns = ("steps", "attempts", "exact, first pass", "accepted by the rules")
        return Table("by steps, then attempts", columns, rows)

    def tables(self) -> list[Table]:
        """What there is to show beside the curve."""
        rows = [
            ("tokens right", self.token),
            ("open cells right", self.blank_token),
            ("exact (as the label)", self.exact),
            ("accepted by the rules", self.first_pass),
            *((name, rate) for name, rate in self.rules.items()),
        ]
        told = [(name, str(rate)) for name, rate in rows]
        if self.length_ratio is not None:
            told.append(("length of the valid paths, shortest = 1", f"{self.length_ratio:.4f}"))
        tables = [Table("first pass", ("", "95% interval"), told)]
        if len(self.solved_within) > 1:
            within = [(str(count), str(rate)) for count, rate in self.solved_within.items()]
            tables.append(Table("solved", ("attempts", "95% interval"), within))
        if self.ratings:
            by_rating = [
                (name, str(exact.count), str(exact), str(solved)) for name, (exact, solved) in self.ratings.items()
            ]
            tables.append(Table("by rating", ("rating", "puzzles", "exact, first pass", "solved"), by_rating))
        bins = [
            (f"{bin.low:.1f} to {bin.high:.1f}", str(bin.count), f"{bin.probability:.3f}", f"{bin.right:.3f}")
            for bin in self.halting
            if bin.count
        ]
        title = f"halting, calibration error {self.halting_error:.3f}"
        tables.append(Table(title, ("probability", "puzzles", "mean", "right"), bins))
        return tables
