"""``puzzlerec eval``: how good a model is, in the papers' terms."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import INTERRUPTED, SOLVED, UNUSABLE, CommandError, assumed, in_words
from puzzlerec.cli.options import Device, Evaluations, Seed, Strategy, session_on
from puzzlerec.cli.plot import need_matplotlib
from puzzlerec.cli.tables import Form, TableFormat, show
from puzzlerec.cli.terminal import answers, messages, progress, speaks_unicode
from puzzlerec.cli.together import together
from puzzlerec.cli.votes import vote
from puzzlerec.files import HDF5

if TYPE_CHECKING:
    from puzzlerec.evaluation import Report
    from puzzlerec.evaluation.examples import Examples
    from puzzlerec.evaluation.rows import RowsFile
    from puzzlerec.processes import Processes
    from puzzlerec.puzzles.reading import Reading
    from puzzlerec.solving.answer import SolveSettings
    from puzzlerec.solving.solver import Solver

MOST_BARS, BAR = 16, 50  # lines of a curve on a terminal, and how long they are at 100%

HELP = """Measure how good a model is, in the papers' terms.

Accuracies of the first pass, and what more attempts add, with 95% intervals.

DATASET is a file that puzzlerec data build has made, or a list of puzzles as puzzlerec solve reads them, also as .gz.
The answers to a list are computed; where a Sudoku has several, trust what the rules accept, not what is exact.

The first pass takes all its steps, as in the papers, and its last answer counts. --curve tells what every step was
worth, and after these every doubling of --attempts, as one curve; --figure draws it.

--votes, for datasets of ARC's tasks: the model answers every copy of a test, answers are turned back, and those that
agree add up; pass@k says that one of the k with most votes is right.

With --rows FILE the same command, once more, goes on where it was interrupted. Several processes, on one machine or
more, share the work and find what one finds: torchrun --nproc-per-node N -m puzzlerec eval MODEL DATASET

\b
Exit status:
  0    everything was measured
  2    wrong usage, or an input, model or setting that cannot be used; the
       readable puzzles of a list are measured all the same
  130  interrupted
"""


VOTES = ("copies", "submission")  # options for --votes
# and those that mean nothing to it
FIRST_PASS = ("split", "attempts", "evaluations", "strategy", "curve", "figure", "rows")


def evaluate(
    context: typer.Context,
    model: Annotated[
        str, typer.Argument(metavar="MODEL", autocompletion=completion.models, help="A model's name or folder.")
    ],
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET", autocompletion=completion.datasets, help="An HDF5 dataset or a list of puzzles."
        ),
    ],
    split: Annotated[
        str,
        typer.Option(
            metavar="NAME", autocompletion=completion.one_of("train", "test"), help="Of an HDF5 dataset: train or test."
        ),
    ] = "test",
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="The first N puzzles alone; with --votes, tasks.")
    ] = None,
    votes: Annotated[
        bool, typer.Option("--votes", help="ARC: answer all copies of each test and count what they agree on.")
    ] = False,
    copies: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="With --votes, so many copies of a task, if not all.")
    ] = None,
    submission: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --votes, write two tries at each test as Kaggle's submission.json."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Steps of each attempt, if not as many as in training.")
    ] = None,
    attempts: Annotated[int, typer.Option(metavar="N", min=1, help="What a puzzle may cost, as for solve.")] = 1,
    evaluations: Evaluations = None,
    strategy: Strategy = None,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Attempts that are computed side by side.")] = 64,
    curve: Annotated[
        bool, typer.Option("--curve", help="Tell the accuracy after every step of the first pass too.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the curve: .svg, .pdf or .png. Needs puzzlerec[plot]."),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Keep what each puzzle shows there (.jsonl); what is there is not measured again."
        ),
    ] = None,
    form: Form = TableFormat.text,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    from puzzlerec.solving.answer import SolveSettings

    with together() as processes:
        _require_fitting(context, votes)
        if figure is not None:
            need_matplotlib(figure)
        solver = session_on(device).solver(model)
        form = TableFormat.json if as_json else form
        curve = curve or figure is not None
        if votes:
            status = vote(
                solver, dataset, form, submission, processes, copies=copies, limit=limit, steps=steps, batch=batch
            )
        else:
            settings = SolveSettings(
                steps=steps,
                attempts=attempts,
                evaluations=evaluations,
                strategy=strategy,
                early=False,
                seed=seed,
                batch=batch,
            )
            with _examples(dataset, split, limit, solver) as (examples, unreadable):
                asked = len(examples.questions) if limit is None else min(limit, len(examples.questions))
                kept = None
                if rows is not None and processes.leads:
                    kept = _kept(rows, model, examples, solver, settings, curve)
                report = _measure(solver, examples, settings, asked, curve, kept, processes)
            status = SOLVED
            if processes.leads:
                if not report.whole:
                    messages.warning(f"Interrupted: {report.puzzles:,} of {report.asked:,} puzzles were measured.")
                if report.puzzles:
                    _tell(report, dataset, solver, settings, examples, form, figure)
                status = INTERRUPTED if not report.whole else UNUSABLE if unreadable else SOLVED
    raise typer.Exit(status)


def _measure(
    solver: Solver,
    examples: Examples,
    settings: SolveSettings,
    asked: int,
    curve: bool,
    kept: RowsFile | None,
    processes: Processes,
) -> Report:
    """The report of the first ``asked`` examples; what is ``kept`` of them is not measured again."""
    from puzzlerec.evaluation import PuzzleResult

    with kept or nullcontext(), progress("evaluating", asked, "puzzles") as advance:

        def known() -> Iterator[PuzzleResult]:
            for one in islice(kept.known() if kept else (), asked):
                advance(1)
                yield one

        def each(one: PuzzleResult) -> None:
            advance(1)
            if kept:
                kept.add(one)

        report = examples.measured(
            solver, settings, limit=asked, processes=processes, curve=curve, known=known(), each=each
        )
        if kept and report.whole:
            kept.flush()
    return report


def _kept(path: Path, model: str, examples: Examples, solver: Solver, settings: SolveSettings, curve: bool) -> RowsFile:
    """The file that keeps what puzzles have shown, for these figures and no others."""
    from puzzlerec.evaluation.rows import RowsFile, fingerprint
    from puzzlerec.models import checkpoint

    folder = checkpoint.find(model)
    of = {
        "model": fingerprint(folder / checkpoint.CONFIG, folder / checkpoint.WEIGHTS),
        "puzzles": examples.about["sha256"],
        "split": examples.about.get("split"),
        **asdict(settings),
        "curve": curve,
        "device": solver.device.partition(":")[0],
    }
    return RowsFile(path, of, settings.batch)


def _tell(
    report: Report,
    dataset: Path,
    solver: Solver,
    settings: SolveSettings,
    examples: Examples,
    form: TableFormat,
    figure: Path | None,
) -> None:
    """Print the report, and draw its curve."""
    if form is TableFormat.text:
        _head(report, dataset, solver, settings)
    about = {**examples.about, "device": str(solver.device)}
    tables = report.tables()
    if report.curve and form is not TableFormat.text:
        tables.append(report.curve_table())
    show(form, tables, report.records(), {**about, **report.to_dict()})
    if report.curve and form is TableFormat.text:
        _bars(report)
    messages.note(
        f"{report.seconds:.1f} s, {report.puzzles / report.seconds:.3g} puzzles/s · "
        f"{report.evaluations:.1f} steps in {report.attempts:.2f} attempts a puzzle · "
        f"device {solver.device} · seed {settings.seed}"
    )
    if figure is not None:
        from puzzlerec.views import figures

        figures.save(figures.spent([report]), figure)
        messages.note(f"The curve is in {figure}.")


def _require_fitting(context: typer.Context, votes: bool) -> None:
    """Raises `CommandError` for options that mean nothing with votes, or without."""
    for parameter in FIRST_PASS if votes else VOTES:
        source = context.get_parameter_source(parameter)
        if source and source.name == "COMMANDLINE":
            said = "does not apply to --votes" if votes else "is for --votes"
            raise CommandError(f"--{parameter} {said}.")


def _head(report: Report, dataset: Path, solver: Solver, settings: SolveSettings) -> None:
    console = answers()
    config = solver.model.config
    budget = f"{settings.steps or config.supervision_steps} steps"
    if settings.steps is None and config.open_ended:
        budget = "steps until one changes nothing"
    if settings.attempts > 1:
        budget += f", up to {settings.attempts} attempts"
    if settings.evaluations is not None:
        budget += f", at most {settings.evaluations} in all"
    console.print(f"{solver.name} on {report.puzzles} puzzles of {dataset}: {budget}", style="bold", soft_wrap=True)
    console.print()


def _bars(report: Report) -> None:
    """The curve as bars, a line a point, thinned to `MOST_BARS`."""
    console = answers()
    full, parts = ("█", " ▏▎▍▌▋▊▉") if speaks_unicode(console) else ("#", " ")
    console.print("\naccepted by the rules after so many steps, then attempts")
    first = [point for point in report.curve if point.exact is not None]
    kept = sorted({round(step) for step in _geometric(len(first), MOST_BARS)})
    for point in [*(first[step - 1] for step in kept), *report.curve[len(first) :]]:
        length, part = divmod(round(point.solved.share * BAR * len(parts)), len(parts))
        name = f"{point.steps} steps" if point.exact is not None else f"{point.attempts} attempts"
        bar = full * length + parts[part].strip()
        console.print(f"{name:>14} {bar:<{BAR}} {point.solved.share:6.1%}", soft_wrap=True)


def _geometric(last: int, count: int) -> list[float]:
    """1 to ``last`` in ``count`` steps that grow."""
    return [last ** (index / max(count - 1, 1)) for index in range(count)]


@contextmanager
def _examples(path: Path, split: str, limit: int | None, solver: Solver) -> Iterator[tuple[Examples, int]]:
    """What the file holds and how many of its lines cannot be read. Raises `CommandError` or what the readers raise."""
    try:
        with path.open("rb") as file:
            start = file.read(len(HDF5))
    except IsADirectoryError:
        raise CommandError(f"{path} is a folder; name a file in it.") from None
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from error
    if start != HDF5:
        yield _listed(path, start[:2] == b"\x1f\x8b", limit, solver)
        return

    from puzzlerec.data.store import Dataset
    from puzzlerec.evaluation.examples import of_dataset

    with Dataset.open(path) as dataset:
        yield of_dataset(dataset, split, solver), 0


def _listed(path: Path, zipped: bool, limit: int | None, solver: Solver) -> tuple[Examples, int]:
    """The puzzles of a text file with their computed answers."""
    from puzzlerec.evaluation.examples import of_puzzles
    from puzzlerec.evaluation.rows import fingerprint

    reading = _read(path, zipped)
    puzzles = reading.puzzles[:limit]
    with progress("finding the answers", len(puzzles), "puzzles") as advance:
        examples = of_puzzles(puzzles, solver, str(path), advance)
    if examples.left_out:
        messages.warning(
            f"{examples.left_out} of {len(puzzles)} puzzles left out: no answer, or too large for the model."
        )
    examples.about["sha256"] = fingerprint(path)
    return examples, len(reading.errors)


def _read(path: Path, zipped: bool) -> Reading:
    """The puzzles of a text file; lines that hold none are named."""
    from puzzlerec.puzzles import read
    from puzzlerec.puzzles.reading import MOST_BYTES

    source: Any = path
    if zipped:
        try:
            with gzip.open(path) as file:
                source = io.BytesIO(file.read(MOST_BYTES + 1))
        except (OSError, EOFError, zlib.error) as error:
            raise CommandError(f"{path} is no whole gzip file: {error}.") from error
    reading = read(source, source=str(path))
    for note in assumed(reading.notes, path):
        messages.note(note)
    for fault in reading.errors:
        messages.error(in_words(fault))
    return reading
