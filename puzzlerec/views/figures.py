"""Curves for papers, drawn with Matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path
from statistics import fmean
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from puzzlerec.evaluation import Report
from puzzlerec.experiments.curves import AGAINST, Curve, Training
from puzzlerec.experiments.findings import Comparison, Result, interval
from puzzlerec.files import replacing

FORMATS = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}  # and what leaves the time out of them
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe and Ito's
DASHES = ("-", "--", ":")  # once the colours are used up
WIDTH, HEIGHT = 5.5, 2.6  # inches: a column of text, and each plot in it
SYSTEMS_IN_A_PLOT = 12  # named one below the other
STYLE: Any = {
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "puzzlerec",  # the same figure is the same file
    "pdf.fonttype": 42,
}


class Plot(Figure):
    """A figure that a notebook shows without further ado."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=120)
        return file.getvalue()


@singledispatch
def of(found: object) -> Figure:
    """What there is to draw of what was found."""
    raise TypeError(f"There is nothing to draw of {type(found).__name__}.")


@of.register
def _(found: Report) -> Figure:
    if not found.curve:
        raise ValueError("An evaluation has a curve to draw if it was made with curve=True.")
    return spent([found])


@of.register
def _(found: Training) -> Figure:
    return learning(found.curves())


@of.register
def _(found: Comparison) -> Figure:
    """Each system's share of exact answers: in the end, over time, over work, over weights, and by length."""
    colours = {label: COLOURS[n % len(COLOURS)] for n, label in enumerate(found.of)}
    dashes = {label: DASHES[n // len(COLOURS) % len(DASHES)] for n, label in enumerate(found.of)}
    curved = [label for label, runs in found.of.items() if all(one.curve for one in runs)]
    bins = list(dict.fromkeys(name for one in found.results for name in one.by_rating))
    with matplotlib.rc_context(STYLE):
        count = 2 + 2 * bool(curved) + bool(bins)
        figure, axes = _stacked(count, [max(1.0, len(found.of) / SYSTEMS_IN_A_PLOT)] + [1.0] * (count - 1))
        ends, weights, *others = axes
        for place, (label, runs) in enumerate(found.of.items()):
            shares = [one.shares["exact"] for one in runs]
            mean, low, high = interval(shares, runs[0].puzzles)
            bars: Any = {"fmt": "o", "color": colours[label], "capsize": 3}
            ends.errorbar(mean, place, xerr=[[mean - low], [high - mean]], **bars)
            ends.plot(shares, [place] * len(shares), "|", color="#000000", markersize=10)
            weights.errorbar(runs[0].weights, mean, yerr=[[mean - low], [high - mean]], **bars)
            beside: Any = {"xytext": (4, 2), "textcoords": "offset points", "fontsize": 6}
            weights.annotate(label, (runs[0].weights, mean), **beside)
        ends.set_yticks(range(len(found.of)), list(found.of))
        ends.invert_yaxis()
        ends.xaxis.set_major_formatter(PercentFormatter(1.0))
        ends.set_xlabel("exact; the mark of each seed, the mean and its 95% interval")
        weights.set_xscale("log")
        weights.set_xlabel("weights")
        if curved:
            for plot, against in zip(others, ("seconds", "evaluations"), strict=False):
                for label in curved:
                    x, y = _mean_curve(found.of[label], against)
                    plot.plot(x, y, dashes[label], color=colours[label], label=label, linewidth=1.4)
                plot.set_xscale("log")
                plot.set_xlabel(AGAINST[against])
        if bins:
            for label, runs in found.of.items():
                means = [fmean(one.by_rating.get(name, 0.0) for one in runs) for name in bins]
                axes[-1].plot(bins, means, dashes[label], color=colours[label], label=label, linewidth=1.4)
            axes[-1].set_xlabel("rating or length")
        for plot in axes[1:]:
            plot.set_ylabel("exact")
            plot.set_ylim(-0.02, 1.02)
            plot.yaxis.set_major_formatter(PercentFormatter(1.0))
        if others:
            others[0].legend(frameon=False, fontsize=7, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return figure


def _mean_curve(runs: Sequence[Result], against: str) -> tuple[list[float], list[float]]:
    """The mean over the seeds, point by point: runs of one system and budget are measured at the same ones."""
    points = list(zip(*(one.curve for one in runs), strict=False))
    x = [fmean(getattr(point, against) for point in some) for some in points]
    return x, [fmean(point.exact for point in some) for some in points]


def learning(curves: Sequence[Curve]) -> Figure:
    """A plot below the other for each measure, with a line for each run; runs of one system share a colour."""
    measures = list(dict.fromkeys(curve.measure for curve in curves))
    systems = {system: COLOURS[n % len(COLOURS)] for n, system in enumerate(dict.fromkeys(c.system for c in curves))}
    with matplotlib.rc_context(STYLE):
        figure, axes = _stacked(len(measures))
        for plot, measure in zip(axes, measures, strict=True):
            named: set[str] = set()
            for curve in (curve for curve in curves if curve.measure == measure):
                label = None if curve.system in named else curve.system
                named.add(curve.system)
                plot.plot(curve.x, curve.y, color=systems[curve.system], label=label, linewidth=1.4)
            plot.set_ylabel(measure)
            if all(curve.is_share for curve in curves if curve.measure == measure):
                plot.yaxis.set_major_formatter(PercentFormatter(1.0))
        axes[-1].set_xlabel(curves[0].against)
        if len(systems) > 1:
            axes[0].legend(frameon=False)
    return figure


def spent(reports: Sequence[Report]) -> Figure:
    """What steps of the first pass, and then attempts, bring: shares that the rules accept, with 95% intervals."""
    with matplotlib.rc_context(STYLE):
        figure, (plot,) = _stacked(1)
        for report in reports:
            steps = [point.steps for point in report.curve]
            shares = [point.solved.share for point in report.curve]
            low, high = zip(*(point.solved.interval for point in report.curve), strict=True)
            (line,) = plot.plot(steps, shares, label=f"{report.model}, {report.puzzles} puzzles", linewidth=1.4)
            plot.fill_between(steps, low, high, color=line.get_color(), alpha=0.18, linewidth=0)
            first = [point for point in report.curve if point.exact is not None]
            if len(first) < len(steps):
                plot.axvline(first[-1].steps, color="#888888", linewidth=0.8, linestyle=":")
                plot.annotate(
                    "attempts", (first[-1].steps, 0.02), xytext=(4, 0), textcoords="offset points", fontsize=8
                )
        plot.set_xscale("log", base=2)
        plot.xaxis.set_major_formatter("{x:.0f}")
        plot.yaxis.set_major_formatter(PercentFormatter(1.0))
        plot.set_ylim(0, 1.02)
        plot.set_xlabel("steps of the network")
        plot.set_ylabel("solved")
        plot.legend(frameon=False)
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure in the form of its ending, one of `FORMATS`."""
    form = path.suffix[1:].lower()
    with replacing(path) as partial, matplotlib.rc_context(STYLE):
        figure.savefig(partial, format=form, dpi=200, metadata=FORMATS[form])


def _stacked(count: int, heights: Sequence[float] | None = None) -> tuple[Figure, Sequence[Any]]:
    """So many plots below each other on one x axis; or on an axis each where their relative ``heights`` are given."""
    figure = Plot((WIDTH, HEIGHT * (sum(heights) if heights else count)), layout="constrained")
    axes = figure.subplots(count, 1, sharex=heights is None, squeeze=False, height_ratios=heights)
    return figure, axes[:, 0].tolist()
