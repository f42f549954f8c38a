"""``puzzlerec watch``: the terminal app, or plain frames where there is no terminal for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import SOLVED, STATUSES, UNSOLVED, CommandError
from puzzlerec.cli.opening import opened
from puzzlerec.cli.options import Attempts, Base, Device, Early, Exact, Kind, Model, Seed, Steps, Strategy, session_on
from puzzlerec.cli.settings import config_file
from puzzlerec.cli.terminal import answers, messages, speaks_unicode

if TYPE_CHECKING:
    from rich.console import Console

    from puzzlerec.puzzles import Puzzle, PuzzleError
    from puzzlerec.puzzles.arc.tasks import Task
    from puzzlerec.solving.answer import Answer
    from puzzlerec.solving.trace import Trace
    from puzzlerec.watch.recording import Recording

HELP = f"""Watch an answer form, step by step, or a training run.

FILE is a file of puzzles (- is standard input), a trace that `puzzlerec solve --trace` or this app has saved, the
folder of a training run, also of one that is still to begin, a folder of several, which are compared, or tasks of ARC
as JSON, in a file or a folder, which are learned while you look on, each for --minutes. Without it the app shows the
last puzzle again.

? shows all keys, Ctrl-P all commands.

Where there is no terminal (or TERM is dumb), every step is printed as plain text; --once prints the last one alone.

{STATUSES}
"""


def watch(
    context: typer.Context,
    file: Annotated[
        str | None,
        typer.Argument(
            metavar="[FILE]", autocompletion=completion.puzzles, help="Puzzles, a trace or the folder of a run."
        ),
    ] = None,
    puzzle: Kind = None,
    model: Model = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            autocompletion=completion.models,
            help="A second model, side by side with the first and in step.",
        ),
    ] = None,
    steps: Steps = None,
    attempts: Attempts = 64,
    early: Early = True,
    strategy: Strategy = None,
    exact: Exact = False,
    minutes: Annotated[float, typer.Option(metavar="M", min=0.01, help="That a task of ARC is learned for.")] = 3.0,
    base: Base = "arc-base",
    once: Annotated[bool, typer.Option("--once", help="Print the last frame of the first puzzle and leave.")] = False,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    options: dict[str, Any] = {"steps": steps, "attempts": attempts, "early": early, "exact": exact, "seed": seed}
    options |= {"strategy": strategy} if strategy else {}
    tasks = _tasks(file)
    puzzles, traces, run = _opened(None if tasks else file, puzzle)
    if tasks and (once or not _is_terminal()):
        raise CommandError(f"{file} holds ARC tasks, which only the app shows: puzzlerec solve {file} answers them.")
    if once or not _is_terminal():
        if run is not None:
            what = "is of training runs" if run.exists() else "is not there; the app would wait for a training run"
            raise CommandError(f"{run} {what}: only the app shows them, and here is no terminal for it.")
        if against:
            raise CommandError("Only the app shows two models side by side: leave --against out.")
        raise typer.Exit(_print(_recorded(puzzles, traces, model, options, device), once))

    from puzzlerec.watch.app import Watch
    from puzzlerec.watch.memory import Memory

    memory, chosen = Memory.load(), context.default_map or {}
    app = Watch(
        puzzles,
        traces=traces,
        run=run,
        tasks=tasks,
        minutes=minutes,
        base=base,
        model=model,
        second=(against, options) if against else None,
        options=options,
        device=device,
        memory=memory,
    )
    try:
        app.suit(chosen.get("theme"), chosen.get("themes", {}), chosen.get("keys", {}))
    except ValueError as error:
        raise CommandError(f"{config_file()}: {error}") from None
    app.run()
    memory.save()
    sys.stdout.flush()
    sys.stderr.flush()
    # Python would wait for a thread amid a step of a model, and then take torch down piece by piece, for seconds.
    os._exit(app.return_code or int(app.failed))


def _tasks(file: str | None) -> list[Task]:
    """The tasks of ARC that FILE holds, if it does; faulty ones are named. Raises the errors of reading."""
    from puzzlerec.puzzles.arc.tasks import holds_tasks
    from puzzlerec.watch.run_files import runs_below

    path = Path(file or "-")
    if not (path.is_file() or path.is_dir()) or runs_below(path) or not holds_tasks(path):
        return []
    from puzzlerec.data.arc_agi import tasks_at

    faults: list[PuzzleError] = []
    tasks = tasks_at(path, faults)
    for fault in faults if tasks else faults[1:]:
        messages.warning(f"skipped: {fault}")
    if not tasks:
        raise faults[0]
    return tasks


def _opened(file: str | None, puzzle: str | None) -> tuple[list[Puzzle], list[Trace], Path | None]:
    """What FILE holds: puzzles, traces or a run. Raises `CommandError` and the errors of reading."""
    if file is None:
        return [], [], None
    path = Path(file)
    if file != "-" and (path.is_dir() or _is_to_come(path)):
        from puzzlerec.watch.run_files import runs_below

        if path.is_dir() and any(path.iterdir()) and not runs_below(path):
            raise CommandError(f"{path} is a folder, but of no training run: name a file of puzzles or a run's folder.")
        return [], [], path
    return (*opened(file, puzzle), None)


def _is_to_come(path: Path) -> bool:
    """Whether ``path`` can be the folder of a run that has not begun: files of puzzles have an ending."""
    return not path.exists() and not path.suffix


def _is_terminal() -> bool:
    """Whether the app can have the terminal; where standard input was piped it is opened anew for the keys."""
    if os.environ.get("TERM") == "dumb" or not sys.stdout.isatty() or not sys.stderr.isatty():
        return False
    if sys.stdin.isatty():
        return True
    if sys.platform == "win32":
        return True  # the app reads the console itself
    try:
        keys = os.open("/dev/tty", os.O_RDONLY)
    except OSError:
        return False
    os.dup2(keys, 0)
    os.close(keys)
    return True


def _recorded(
    puzzles: Sequence[Puzzle], traces: Sequence[Trace], model: str | None, options: dict[str, Any], device: str
) -> Recording:
    """The first puzzle, solved, or the first trace. Raises `CommandError` if it cannot be solved here."""
    from puzzlerec.watch.app import example
    from puzzlerec.watch.job import Job
    from puzzlerec.watch.memory import Memory

    if traces:
        job = Job.replaying(traces[0])
    else:
        first = puzzles[0] if puzzles else Memory.load().recall() or example()
        job = Job(first, model, options, session_on(device).solver_for)
        job.run()
    if job.problem:
        raise CommandError(job.problem)
    assert job.recording is not None
    return job.recording


def _print(recording: Recording, once: bool) -> int:
    """Print all steps, or the last one alone, and the verdict; the exit status."""
    console, answer = answers(), recording.answer
    assert answer is not None
    if not once:
        for index in range(len(recording.moments)):
            _print_step(console, recording, index)
    elif recording.puzzle.kind.look.prompt is not None or answer.how == "exact solver":
        _draw_answer(console, answer)
    elif recording.moments:
        _draw_step(console, recording)
    _print_verdict(console, answer)
    return SOLVED if answer.verdict.solved else UNSOLVED


def _print_step(console: Console, recording: Recording, index: int) -> None:
    """One step as plain text: a line of figures, then the grid."""
    number = recording.leader(index)
    step = recording.moments[index].steps[number]
    kind = recording.puzzle.kind
    words = [
        f"step {step.frame.step} of {recording.steps}, {step.frame.kind}",
        f"attempt {number} ({recording.attempts[number].label})",
        f"halting {step.halt:.2f}",
        f"confidence {step.confidence:.2f}",
        f"entropy {step.entropy:.2f}",
        f"{step.changed} changed",
        f"{step.violations} offending",
    ]
    console.out(", ".join(words))
    console.out(kind.format(step.frame.tokens[0], kind.layouts[-1]) + "\n")


def _draw_answer(console: Console, answer: Answer) -> None:
    """The answer without heat: there is none, or it is a line of text."""
    from puzzlerec.views.text import draw

    offending = answer.verdict.offending
    console.print(draw(answer.puzzle, answer.tokens, offending, console.width, speaks_unicode(console)))


def _draw_step(console: Console, recording: Recording) -> None:
    """The last step with its heat, as the app draws it."""
    from rich.text import Text

    from puzzlerec.views.strips import grid_strips

    index = len(recording.moments) - 1
    step = recording.moments[index].steps[recording.leader(index)]
    height = 2 * recording.puzzle.question.shape[0] + 8 if console.is_terminal else 1
    strips = grid_strips(
        recording.puzzle,
        step.frame,
        width=console.width,
        height=height,
        glyphs=console.no_color,
        colour=not console.no_color,
        unicode=speaks_unicode(console),
    )
    for strip in strips:
        console.print(Text.assemble(*((part.text, part.style or "") for part in strip)), soft_wrap=True)


def _print_verdict(console: Console, answer: Answer) -> None:
    from puzzlerec.views.words import verdict_line

    console.out("".join(verdict_line(answer, " · " if speaks_unicode(console) else ", ")))
