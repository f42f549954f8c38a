"""``puzzlerec plot``: training runs as a figure or a table."""

from __future__ import annotations

import sys
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import CommandError
from puzzlerec.cli.terminal import messages
from puzzlerec.files import write

HELP = """Plot how training went.

\b
puzzlerec plot runs/sudoku -o sudoku.svg
puzzlerec plot runs/a runs/b --x seconds --y exact,loss -o both.pdf
puzzlerec plot runs/comparison --x evaluations -o comparison.csv

RUN is the folder of a run, of a comparison (runs of one system share a colour), or any folder with such below.

--y takes exact and cells (of the test puzzles) and whatever the runs have written down: loss, exact_accuracy (of the
training puzzles), halting_steps, lr and others; each has a plot of its own. Figures (.svg, .pdf, .png) need Matplotlib:
pip install 'puzzlerec[plot]'. A table (.csv, and on standard output) has a line a point.
"""


class Against(StrEnum):
    steps = "steps"
    seconds = "seconds"
    evaluations = "evaluations"


def plot(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN...", autocompletion=completion.runs, help="Folders of runs or comparisons."),
    ],
    x: Annotated[
        Against, typer.Option("--x", metavar="NAME", help="steps, seconds, or evaluations: layers applied to puzzles.")
    ] = Against.steps,
    y: Annotated[str, typer.Option("--y", metavar="NAME,...", help="What to plot.")] = "exact,loss",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="A figure or a table, by its ending.")
    ] = None,
) -> None:
    if output is not None and output.suffix.lower() != ".csv":
        need_matplotlib(output)

    from puzzlerec.experiments.curves import CurveError, curves, records
    from puzzlerec.training.run_folder import ResumeError
    from puzzlerec.views.words import count

    try:
        found = curves(runs, x.value, [name.strip() for name in y.split(",")])
    except (CurveError, ResumeError) as error:
        raise CommandError(str(error)) from error
    if output is not None and output.suffix.lower() != ".csv":
        from puzzlerec.views import figures

        figures.save(figures.learning(found), output)
    else:
        from puzzlerec.tables import to_csv

        table = to_csv(records(found))
        if output is None:
            sys.stdout.write(table)
        else:
            write(output, table)
    if output is not None:
        messages.note(f"{count(len({curve.run for curve in found}), 'run')} in {output}")


def need_matplotlib(path: Path) -> None:
    """Raises `CommandError` if a figure cannot be drawn here, or its ending means no form that there is."""
    if path.suffix.lower() not in (".svg", ".pdf", ".png"):
        raise CommandError(f"{path}: a figure ends with .svg, .pdf or .png.")
    if find_spec("matplotlib") is None:
        raise CommandError("Figures need Matplotlib: pip install 'puzzlerec[plot]'.")
