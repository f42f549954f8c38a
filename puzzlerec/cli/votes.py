"""``puzzlerec eval --votes``: what a model answers to all copies of ARC's tests, and how often that is right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from puzzlerec.cli.errors import INTERRUPTED, SOLVED
from puzzlerec.cli.tables import TableFormat, show
from puzzlerec.cli.terminal import answers, messages, progress

if TYPE_CHECKING:
    from puzzlerec.processes import Processes
    from puzzlerec.solving.solver import Solver


def vote(
    solver: Solver,
    path: Path,
    form: TableFormat,
    submission: Path | None,
    processes: Processes,
    *,
    copies: int | None,
    limit: int | None,
    steps: int | None,
    batch: int,
) -> int:
    """Measure the model on the dataset's tests, and write its tries if a file for them is named; the exit status."""
    from puzzlerec.data import Dataset
    from puzzlerec.evaluation.votes import require, rows_to_answer
    from puzzlerec.evaluation.votes import vote as voted

    with Dataset.open(path) as dataset:
        require(solver.model, dataset)
        total = rows_to_answer(dataset, copies, limit)
        with progress("voting", total, "copies") as advance:
            report = voted(
                solver.model,
                dataset,
                copies=copies,
                limit=limit,
                steps=steps,
                batch=batch,
                device=solver.device,
                name=solver.name,
                progress=advance,
                processes=processes,
            )
        about = {"dataset": str(path), "sha256": dataset.sha256, "device": str(solver.device)}
    if not processes.leads:
        return SOLVED
    if not report.whole:
        messages.warning(f"Interrupted: {report.answered:,} of {report.asked:,} copies were answered.")
    if form is TableFormat.text:
        console = answers()
        head = (
            f"{solver.name} on {report.tests} tests of {report.tasks} tasks of {path}: {report.copies:.4g} votes a test"
        )
        console.print(head, "", sep="\n", style="bold", soft_wrap=True)
    show(form, report.tables(), report.records(), {**about, **report.to_dict()})
    messages.note(f"{report.seconds:.1f} s, {report.answered / report.seconds:.3g} copies/s · device {solver.device}")
    if submission is not None and report.whole:
        from puzzlerec.files import write
        from puzzlerec.puzzles.arc.tasks import attempts

        tries = {task: [attempts(some) for some in tests] for task, tests in report.tries.items()}
        write(submission, json.dumps(tries) + "\n")
        messages.note(f"Two tries at each test of {len(tries):,} tasks are in {submission}.")
    return SOLVED if report.whole else INTERRUPTED
