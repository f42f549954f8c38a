"""``puzzlerec solve``: puzzles in, checked answers out."""

from __future__ import annotations

import re
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import INTERRUPTED, SOLVED, STATUSES, UNSOLVED, UNUSABLE, CommandError, assumed, in_words
from puzzlerec.cli.options import (
    Attempts,
    Base,
    Device,
    Early,
    Evaluations,
    Exact,
    Kind,
    Model,
    Seed,
    Steps,
    Strategy,
    session_on,
)
from puzzlerec.cli.output import Drawings, Format, Writer, opened, place, writer
from puzzlerec.cli.tasks import are_tasks, solve_tasks
from puzzlerec.cli.terminal import answers, messages, progress
from puzzlerec.cli.together import together

if TYPE_CHECKING:
    from puzzlerec.processes import Processes
    from puzzlerec.puzzles import Puzzle, PuzzleError, PuzzleKind
    from puzzlerec.session import Session
    from puzzlerec.solving.answer import Answer, SolveSettings
    from puzzlerec.solving.solver import Solver
    from puzzlerec.solving.trace import Trace

    _Batch = tuple[Solver | None, Sequence[Puzzle]]

MOST_ERRORS = 20  # lines that cannot be read and are listed one by one
MOST_ALIKE = 3  # of them for one reason
COUNTED = 2000  # puzzles of files that are read before solving begins: so many are counted beforehand
MANY = 3  # puzzles: with more there is a progress bar

HELP = f"""Solve the puzzles in files or on standard input.

Every answer is checked by the puzzle's rules; nothing else is called solved.

The kind is recognised: Sudokus (9x9, 6x6, 4x4, 16x16 and jigsaws) as lines (.sdm), as grids (.sdk, .ss) or in CSV,
mazes of "#", space, "S" and "G" as text grids or lines, and lines to complete: 12+345=, copy:a1b2=, reverse:a1b2=. That
a Sudoku is an X-Sudoku no file tells: --puzzle sudoku-x does. Other people's forms are read too (mazes of +--+, other
blanks, lists, OpenSudoku's XML), and what was assumed in reading them is said.

ARC tasks as JSON (files, folders of them, Kaggle's challenges) are learned one by one, each from its own demonstrations
alone, within --minutes, a network on each core (OMP_NUM_THREADS if set), and each of their tests is answered in two
tries. They are solved if the file holds the output and one of the tries is it; where it does not, nothing can be
confirmed. --output FILE.json writes a submission in Kaggle's form.

Where a first attempt fails, exact search tells at once whether a Sudoku has no solution, or more than one.

On a terminal, grids are drawn. Elsewhere the answers are plain text, each in its puzzle's own layout; for a puzzle that
is not solved there is a line "# not solved: FILE:LINE: why" instead, so that nothing looks like an answer which the
rules have not passed. JSON and SVG hold failed answers too, marked as such.

Several processes share the work on files and print what one would: torchrun --nproc-per-node N -m puzzlerec solve FILE
The exit status is then the leading process's; the others' is 0, and torchrun's own is 1 if any is not 0.

{STATUSES}
"""


def solve(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...", autocompletion=completion.puzzles, help="Files of puzzles; - is standard input."
        ),
    ],
    puzzle: Kind = None,
    model: Model = None,
    steps: Steps = None,
    attempts: Attempts = 64,
    evaluations: Evaluations = None,
    strategy: Strategy = None,
    exact: Exact = False,
    early: Early = True,
    batch: Annotated[int, typer.Option(metavar="N", min=1, help="Attempts that are computed side by side.")] = 64,
    form: Annotated[
        Format | None,
        typer.Option(
            "--format",
            metavar="FORM",
            help="text, json (one array), jsonl (an object a line) or svg, if not what the ending of --output says.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a puzzle: --format jsonl.")] = False,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the answers there, not to standard output.")
    ] = None,
    trace: Annotated[Path | None, typer.Option(metavar="FILE", help="Save every step, for puzzlerec watch.")] = None,
    device: Device = "auto",
    seed: Seed = 0,
    minutes: Annotated[
        float, typer.Option(metavar="M", min=0.01, help="ARC: what a task may cost, in time by the clock.")
    ] = 3.0,
    base: Base = "arc-base",
) -> None:
    form = _format(form, as_json, output)
    with together() as processes:
        if processes.size > 1:
            _require_files(files)
        if are_tasks(files, puzzle):
            _refuse(context, {"files", "puzzle", "form", "as_json", "output", "seed", "minutes", "base"}, "ARC tasks")
            status = solve_tasks(files, minutes, base, form, output, seed, processes)
        else:
            _refuse(context, set(context.params) - {"minutes", "base"}, "these puzzles, but to ARC tasks alone")

            from puzzlerec.solving.answer import SolveSettings

            settings = SolveSettings(
                steps=steps,
                attempts=attempts,
                evaluations=evaluations,
                strategy=strategy,
                early=early,
                exact=exact,
                proof=True,
                seed=seed,
                batch=batch,
            )
            run = _Run(model, device, settings, trace is not None, processes)
            status = _solve_puzzles(run, _Source(files, puzzle), form, output, trace)
    raise typer.Exit(status)


def _solve_puzzles(run: _Run, source: _Source, form: Format | None, output: Path | None, trace: Path | None) -> int:
    """Answer the puzzles of ``source``; the exit status."""
    pieces = source.pieces()
    first = _at_once(pieces, wanted := run.settings.batch if source.waits else COUNTED)
    if not first:
        return UNUSABLE
    if trace is not None and not trace.parent.is_dir():
        raise CommandError(f"{trace} cannot be written: there is no folder {trace.parent}.")
    drawn = form is None and output is None and answers().is_terminal
    total = len(first) if len(first) < wanted else None  # nobody knows yet
    interrupted = _answered(run, chain([first], pieces), total, form, output, drawn)
    if not run.processes.leads:
        return SOLVED
    if trace is not None:
        from puzzlerec.solving.trace import save

        save(trace, run.traces)
        messages.note(f"{len(run.traces)} trace{'s' * (len(run.traces) != 1)} in {trace}")
    run.report(source, interrupted, drawn)
    if interrupted:
        return INTERRUPTED
    if source.faults or run.refused:
        return UNUSABLE
    return SOLVED if run.solved == source.puzzles else UNSOLVED


def _require_files(files: Sequence[str]) -> None:
    """Raises `CommandError` for what can be read but once, where every process has to read it."""
    for file in files:
        if file == "-" or not (Path(file).is_file() or Path(file).is_dir() or not Path(file).exists()):
            name = "Standard input" if file == "-" else file
            raise CommandError(f"{name} cannot be read by several processes: write it to a file, and name that.")


def _refuse(context: typer.Context, known: set[str], what: str) -> None:
    """Raises `CommandError` for an option that was given and is not among those that are ``known`` to apply."""
    for parameter in context.command.params:
        source = context.get_parameter_source(parameter.name or "")
        if source is not None and source.name == "COMMANDLINE" and parameter.name in context.params.keys() - known:
            raise CommandError(f"{parameter.opts[0]} does not apply to {what}.")


def _at_once(pieces: Iterator[list[Puzzle]], count: int) -> list[Puzzle]:
    """The first ``count`` puzzles of the pieces or some more, all if that is what there are."""
    puzzles: list[Puzzle] = []
    while len(puzzles) < count and (piece := next(pieces, None)) is not None:
        puzzles += piece
    return puzzles


def _answered(
    run: _Run,
    pieces: Iterator[list[Puzzle]],
    total: int | None,
    form: Format | None,
    output: Path | None,
    drawn: bool,
) -> bool:
    """Write the answers to all puzzles, ``total`` if that is known, as they come; whether that was interrupted."""
    console = answers()
    shared = console if drawn else None  # a bar and drawings on the same terminal must know of one another
    bar = progress("solving", 0 if total is not None and total <= MANY else total, "puzzles", shared)
    with opened(output if run.processes.leads else None) as stream, bar as advance:
        out: Writer
        if drawn:
            out = Drawings(console, titles=total != 1, quiet=messages.verbosity < 0)
        else:
            out = writer(form or Format.text, stream, run.settings.seed)
        interrupted = False
        try:
            with closing(run.solve(pieces)) as found:
                for answer in found:
                    out.write(answer)
                    advance(1)
        except KeyboardInterrupt:
            if not run.processes.leads:  # the leader has what was done
                raise
            interrupted = True
        out.close()
    return interrupted


def _format(form: Format | None, as_json: bool, output: Path | None) -> Format | None:
    """The form that was asked for, None if it was not."""
    if as_json:
        if form not in (None, Format.jsonl):
            raise typer.BadParameter(f"--json means --format jsonl, not {form}; give one of the two.")
        return Format.jsonl
    if form is None and output is not None:
        return Format.__members__.get(output.suffix[1:].lower())
    return form


class _Source:
    """The puzzles of all files, as they come, and how many there were."""

    def __init__(self, files: Sequence[str], kind: str | None) -> None:
        from puzzlerec.puzzles import get

        self._files, self._kind = files, get(kind) if kind else None
        self.waits = "-" in files  # perhaps for somebody who types
        self.puzzles = self.faults = 0
        self.read = False  # to the end
        self._listed = 0
        self._alike: Counter[str] = Counter()

    def pieces(self) -> Iterator[list[Puzzle]]:
        """Some puzzles after others. What cannot be read, and what was assumed, is said on standard error."""
        from puzzlerec.puzzles import PuzzleError, readings

        for file in self._files:
            if file == "-" and sys.stdin.isatty():
                messages.note("Type or paste puzzles, then press Ctrl-D.")
            try:
                for reading in readings(file, self._kind):
                    for fault in reading.errors:
                        self._name(fault)
                    for note in assumed(reading.notes, file):
                        messages.note(note)
                    self.puzzles += len(reading.puzzles)
                    if reading.puzzles:
                        yield reading.puzzles
            except PuzzleError as error:
                self._name(_with_hint(error, file))
        self.read = True
        if self._listed < self.faults:
            messages.error(f"{self.faults - self._listed} more puzzles cannot be read.")

    def _name(self, fault: PuzzleError) -> None:
        """Name the first faults of each sort, which differ in numbers and quoted characters alone, and count all."""
        sort = re.sub(r"\d+|'.*?'", "", fault.message)
        self.faults += 1
        self._alike[sort] += 1
        if self._alike[sort] <= MOST_ALIKE and self._listed < MOST_ERRORS:
            messages.error(in_words(fault))
            self._listed += 1


def _with_hint(error: PuzzleError, file: str) -> PuzzleError:
    """Whoever gives a puzzle where a file should stand learns how to give a puzzle."""
    if len(file) in (16, 36, 81) and not Path(file).exists():
        error.message = "There is no such file. To solve a puzzle as it stands: echo PUZZLE | puzzlerec solve -"
    return error


class _Run:
    """Solves puzzles of several kinds, each with its model, and counts."""

    def __init__(
        self, model: str | None, device: str, settings: SolveSettings, keep_traces: bool, processes: Processes
    ) -> None:
        self.model, self.settings, self.device, self.processes = model, settings, device, processes
        self.solved = self.unsolved = self.unsolvable = 0
        self.several = 0  # puzzles that have more than one solution
        self.refused = 0  # puzzles for which there is no model
        self.last: Answer | None = None
        self.traces: list[Trace] = []
        self._keep_traces = keep_traces
        self._solvers: dict[PuzzleKind, Solver | None] = {}
        self._clock = time.perf_counter()

    @cached_property
    def _session(self) -> Session:
        """Solvers, once there is something to solve: what nobody can solve is told at once."""
        return session_on(self.device)

    @property
    def where(self) -> str:
        device = f"device {self._session.device} · " if self._solvers else ""
        return f"{device}seed {self.settings.seed}"

    def solve(self, pieces: Iterable[Sequence[Puzzle]]) -> Generator[Answer]:
        """The answers to all puzzles in their order, which the processes share batch by batch."""
        from puzzlerec.puzzles import SEVERAL_SOLUTIONS

        with closing(self.processes.shared(self._batches(pieces), self._answers)) as found:
            for answer, trace in found:
                if trace is not None:
                    self.traces.append(trace)
                self.solved += answer.verdict.solved
                self.several += SEVERAL_SOLUTIONS in answer.verdict.problems
                self.unsolved += not answer.verdict.solved and answer.tried
                self.unsolvable += not answer.tried
                self.last = answer
                yield answer

    def _batches(self, pieces: Iterable[Sequence[Puzzle]]) -> Iterator[_Batch]:
        """Puzzles of one kind each; of those without a model the ones whose question breaks the rules."""
        for kind, group in chain.from_iterable(groupby(piece, lambda puzzle: puzzle.kind) for piece in pieces):
            puzzles = list(group)
            sound = [kind.check_question(puzzle.question).solved for puzzle in puzzles]
            solver = self._solver(kind, puzzles[sound.index(True)]) if any(sound) else None
            if solver is None:
                self.refused += sum(sound)
                puzzles = [puzzle for puzzle, fine in zip(puzzles, sound, strict=True) if not fine]
            for some in range(0, len(puzzles), self.settings.batch):
                yield solver, puzzles[some : some + self.settings.batch]

    def _answers(self, batch: _Batch) -> Iterator[tuple[Answer, Trace | None]]:
        solver, puzzles = batch
        if solver is None:
            from puzzlerec.solving.answer import refused

            for puzzle in puzzles:
                yield refused(puzzle, puzzle.kind.check_question(puzzle.question)), None
        elif self._keep_traces:
            from puzzlerec.solving.trace import Recorder

            recorder = Recorder(solver.name, self.settings, puzzles)
            for index, answer in enumerate(solver.solve(puzzles, self.settings, recorder)):
                yield answer, recorder.trace(index, answer)
        else:
            for answer in solver.solve(puzzles, self.settings):
                yield answer, None

    def _solver(self, kind: PuzzleKind, first: Puzzle) -> Solver | None:
        """The solver for ``kind``, loaded once; None, explained where it is first needed, if there is none."""
        from puzzlerec.models import checkpoint
        from puzzlerec.puzzles import PuzzleError
        from puzzlerec.session import NoModelError

        if kind not in self._solvers:
            clock = time.perf_counter()
            try:
                solver = self._session.solver_for(kind, self.model)
            except (NoModelError, PuzzleError) as error:
                self._solvers[kind] = None
                messages.error(f"{place(first)}: {error}")
            else:
                self._solvers[kind] = solver
                seconds, folder = time.perf_counter() - clock, checkpoint.find(self.model or solver.name)
                messages.detail(f"model {solver.name} from {folder}, loaded in {seconds:.2f} s")
        return self._solvers[kind]

    def report(self, source: _Source, interrupted: bool, drawn: bool) -> None:
        """The sum of it all; for a single puzzle its verdict, unless that was drawn. Device and seed in any case."""
        if source.puzzles == 1 and self.last:
            from puzzlerec.views.words import verdict_line

            verdict = "" if drawn else "".join(verdict_line(self.last)) + " · "
            messages.note(verdict + self.where)
            return
        seconds = time.perf_counter() - self._clock
        counts = [f"{self.solved} of {source.puzzles}{'' if source.read else ' that were read'} solved"]
        counts += [f"{self.several} with more than one solution"] * bool(self.several)
        counts += [f"{self.unsolved} unsolved"] * bool(self.unsolved)
        counts += [f"{self.unsolvable} unsolvable"] * bool(self.unsolvable)
        counts += [f"{self.refused} without a model"] * bool(self.refused)
        summary = f"{', '.join(counts)} in {seconds:.1f} s · {self.where}"
        messages.note(f"Interrupted: {summary}" if interrupted else summary)
