"""What an evaluation found: rates with their intervals, as a dictionary or as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

Z95 = 1.959964  # of the normal distribution, two-sided


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95% score interval of a ``share`` of ``count`` independent trials (Wilson 1927); (0, 1) of none."""
    if count == 0:
        return 0.0, 1.0
    z2 = Z95 * Z95 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = Z95 / (1 + z2) * sqrt(share * (1 - share) / count + z2 / (4 * count))
    return max(0.0, centre - half), min(1.0, centre + half)


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
class Report:
    """Accuracies of the first pass, and what attempts add to it.

    *Exact* compares with the labels, *solved*, *valid* and *optimal* with the rules: a maze has many right answers and
    one label.
    """

    model: str
    puzzle: str
    settings: dict[str, Any]
    puzzles: int
    token: Rate  # cells as in the label, the first pass
    blank_token: Rate  # of the cells that the question leaves open
    exact: Rate  # whole answers as in the label, the first pass
    first_pass: Rate  # the first pass's answers that the rules accept
    rules: dict[str, Rate]  # the first pass by the rules' facts: mazes have "valid" and "optimal"
    length_ratio: float | None  # mean length of the first pass's valid paths, the shortest being 1; mazes alone
    solved_within: dict[int, Rate]  # attempts -> share that the rules accept after so many
    steps: float  # mean of the first pass
    attempts: float  # mean
    halting: tuple[CalibrationBin, ...]
    halting_error: float  # expected calibration error of the halting probability
    ratings: dict[str, tuple[Rate, Rate]]  # bin of the rating -> exact in the first pass, solved in the end
    seconds: float

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
        return plain

    def tables(self) -> list[Table]:
        """What there is to show, as Rich tables."""
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
        tables = [rich_table("first pass", ("", "95% interval"), told)]
        if len(self.solved_within) > 1:
            within = [(str(count), str(rate)) for count, rate in self.solved_within.items()]
            tables.append(rich_table("solved", ("attempts", "95% interval"), within))
        if self.ratings:
            by_rating = [
                (name, str(exact.count), str(exact), str(solved)) for name, (exact, solved) in self.ratings.items()
            ]
            tables.append(rich_table("by rating", ("rating", "puzzles", "exact, first pass", "solved"), by_rating))
        bins = [
            (f"{bin.low:.1f} to {bin.high:.1f}", str(bin.count), f"{bin.probability:.3f}", f"{bin.right:.3f}")
            for bin in self.halting
            if bin.count
        ]
        title = f"halting, calibration error {self.halting_error:.3f}"
        tables.append(rich_table(title, ("probability", "puzzles", "mean", "right"), bins))
        return tables


def rich_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table
