"""`puzzlerec compare`: recipes trained equally, and a table of what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import INTERRUPTED, CommandError
from puzzlerec.cli.options import Device, chosen_device
from puzzlerec.cli.stop import Stop
from puzzlerec.cli.tables import Form, TableFormat, show
from puzzlerec.cli.terminal import messages, progress

if TYPE_CHECKING:
    from puzzlerec.experiments.compare import Result

HELP = """Train several systems equally, and measure them on the same test.

\b
puzzlerec compare sudoku-6x6-trm sudoku-6x6-hrm sudoku-6x6-direct --minutes 5
puzzlerec compare maze-9x9-trldm "no z=maze-9x9-trldm,model.states=y" --evaluations 2e7 --seeds 1
puzzlerec compare dense=copy,model.rung=dense ar-trm=copy,model.rung=ar-trm --minutes 3 --test longer.h5

An ENTRANT is a recipe, LABEL=RECIPE, or either followed by its own settings, with commas. Equal training is the same
time (--minutes, compilation apart; on a CPU, of computing, so that it does not matter what else is running) or the same
number of layers applied (--evaluations). Runs that have ended are not done again, so a comparison that was interrupted
goes on where it stopped.

The table gives means over the seeds with 95% intervals (of the number of puzzles, or Student's over seeds if wider).

\b
Exit status:
  0    everything was trained and measured
  2    recipes or settings that cannot be used
  130  interrupted; what had ended is shown
"""


def compare(
    entrants: Annotated[
        list[str],
        typer.Argument(
            metavar="ENTRANT...", autocompletion=completion.recipes, help="Recipes, with labels and settings."
        ),
    ],
    minutes: Annotated[float | None, typer.Option(metavar="M", min=0.01, help="Training time of each run.")] = None,
    evaluations: Annotated[
        float | None, typer.Option(metavar="N", min=1, help="Layers that each run's training may apply to puzzles.")
    ] = None,
    seeds: Annotated[int, typer.Option(metavar="K", min=1, help="Runs of each, with the seeds 0 to K - 1.")] = 3,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="The first N test puzzles alone.")] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure on this dataset's test puzzles, not the recipe's.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where runs and tables are kept.")] = Path(
        "runs/comparison"
    ),
    form: Form = TableFormat.text,
    device: Device = "auto",
) -> None:
    from puzzlerec.data import DatasetError
    from puzzlerec.experiments.compare import Budget, Entrant
    from puzzlerec.experiments.compare import compare as compared
    from puzzlerec.training.recipe import RecipeError
    from puzzlerec.training.run_folder import ResumeError

    if out.exists() and not out.is_dir():
        raise CommandError(f"{out} is a file: choose another --out for the runs' folder.")
    results: list[Result] = []
    fault: Exception | None = None
    total = len(entrants) * seeds

    def begun(label: str, seed: int) -> None:
        messages.note(f"{len(results) + 1} of {total}: {label}, seed {seed}")

    try:
        with Stop() as stop:
            runs = compared(
                [Entrant.parse(text) for text in entrants],
                Budget(minutes, evaluations),
                out,
                seeds=seeds,
                limit=limit,
                test=test,
                device=chosen_device(device),
                progress=lambda what, rows: progress(what, rows, "puzzles"),
                begun=begun,
                stopped=stop.asked,
            )
            for result in runs:
                results.append(result)
                shares = ", ".join(f"{name} {share:.1%}" for name, share in result.shares.items())
                messages.note(f"{result.label}, seed {result.seed}: {shares}; {result.minutes:.1f} min")
    except (RecipeError, DatasetError, ResumeError) as error:
        fault = error
    except KeyboardInterrupt:
        pass
    if results:
        _keep(results, out, form)
    if fault is not None:
        raise CommandError(str(fault)) from fault
    if len(results) < total:
        messages.note("Stopped and saved. The same command goes on where it stopped.")
        raise typer.Exit(INTERRUPTED)


def _keep(results: Sequence[Result], out: Path, form: TableFormat) -> None:
    """Show the tables and write them beside the runs."""
    from puzzlerec.experiments.compare import records, tables
    from puzzlerec.files import write

    told, document = tables(results), [asdict(result) for result in results]
    show(form, told, records(results), document)
    out.mkdir(parents=True, exist_ok=True)
    markdown = "\n".join(table.to_markdown() for table in told)
    for name, text in (("results.json", json.dumps(document, indent=2) + "\n"), ("table.md", markdown)):
        write(out / name, text)
    messages.note(f"Kept in {out}: table.md, results.json and the runs.")
