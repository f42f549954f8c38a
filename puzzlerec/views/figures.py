"""Curves for papers, drawn with Matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import singledispatch
from pathlib import Path
from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from puzzlerec.evaluation import Report
from puzzlerec.experiments.compare import Comparison, interval
from puzzlerec.experiments.curves import Curve, Training
from puzzlerec.files import replacing

FORMATS = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}  # and what leaves the time out of them
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")  # Okabe and Ito's
WIDTH, HEIGHT = 5.5, 2.6  # inches: a column of text, and each plot in it
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
    """Each system's share of exact answers, with its 95% interval."""
    systems = list(dict.fromkeys(result.label for result in found.results))
    with matplotlib.rc_context(STYLE):
        figure, (plot,) = _stacked(1)
        for place, system in enumerate(systems):
            runs = [result for result in found.results if result.label == system]
            shares = [result.shares["exact"] for result in runs]
            mean, low, high = interval(shares, runs[0].puzzles)
            plot.errorbar(mean, place, xerr=[[mean - low], [high - mean]], fmt="o", color=COLOURS[0], capsize=3)
            plot.plot(shares, [place] * len(shares), "|", color=COLOURS[1], markersize=10)
        plot.set_yticks(range(len(systems)), systems)
        plot.invert_yaxis()
        plot.xaxis.set_major_formatter(PercentFormatter(1.0))
        plot.set_xlabel("exact; the mark of each seed, the mean and its 95% interval")
    return figure


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


def _stacked(count: int) -> tuple[Figure, Sequence[Any]]:
    figure = Plot((WIDTH, HEIGHT * count), layout="constrained")
    axes = figure.subplots(count, 1, sharex=True, squeeze=False)
    return figure, axes[:, 0].tolist()
