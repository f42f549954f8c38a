"""``puzzlerec film``: how an answer formed, as a film or a strip of pictures."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from puzzlerec.cli.errors import SOLVED, STATUSES, UNSOLVED, CommandError
from puzzlerec.cli.opening import opened
from puzzlerec.cli.options import Attempts, Device, Early, Kind, Model, Seed, Steps, Strategy, session_on
from puzzlerec.cli.terminal import messages
from puzzlerec.files import write

if TYPE_CHECKING:
    from puzzlerec.puzzles import Puzzle
    from puzzlerec.solving.answer import SolveSettings
    from puzzlerec.solving.trace import Run, Trace
    from puzzlerec.views.film import Film

HELP = f"""Film how an answer formed.

\b
puzzlerec film maze.txt -o maze.svg            an animation that browsers play
puzzlerec film maze.txt -o maze.gif            one that image viewers play
puzzlerec film maze.txt -o maze.cast           one for terminals (asciinema play)
puzzlerec film maze.txt -o maze.svg --strip    six steps side by side, above curves
puzzlerec film solved.h5 --strip --at 0,1,2,8  chosen ones of a saved solve

FILE is a file of puzzles (- is standard input) or a trace that `puzzlerec solve --trace` has saved. The film is of one
attempt: the question, and the answer after every step, with its heat; below it confidence, halting probability and
cells at fault. SVG follows the reader's light or dark; readers that cannot play it show the end. GIF needs Pillow:
pip install 'puzzlerec[gif]'.

{STATUSES}
"""


class Format(StrEnum):
    svg = "svg"
    gif = "gif"
    cast = "cast"


def film(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Puzzles or a trace.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write the film there; by default to standard output."),
    ] = None,
    form: Annotated[
        Format | None, typer.Option("--format", metavar="FORM", help="svg, gif or cast, if not what --output says.")
    ] = None,
    strip: Annotated[bool, typer.Option("--strip", help="Pictures of some steps side by side, as SVG.")] = False,
    at: Annotated[str | None, typer.Option(metavar="N,N,...", help="The steps of a strip, 0 for the question.")] = None,
    number: Annotated[int, typer.Option(metavar="N", min=1, help="Which puzzle of the file.")] = 1,
    attempt: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Which attempt, if not the one that found the answer.")
    ] = None,
    seconds: Annotated[float, typer.Option(metavar="S", min=0.02, max=60, help="How long a step is seen.")] = 0.25,
    dark: Annotated[bool, typer.Option("--dark", help="A dark GIF; SVG has both.")] = False,
    puzzle: Kind = None,
    model: Model = None,
    steps: Steps = None,
    attempts: Attempts = 64,
    strategy: Strategy = None,
    early: Early = True,
    device: Device = "auto",
    seed: Seed = 0,
) -> None:
    form = _format(form, output, strip or at is not None)
    if form is Format.gif:
        _need_pillow()
    puzzles, traces = opened(file, puzzle)
    if number > len(puzzles):
        raise CommandError(f"There is no puzzle {number} in {file}: the last one is {len(puzzles)}.")
    if traces:
        trace = traces[number - 1]
    else:
        from puzzlerec.solving.answer import SolveSettings

        settings = SolveSettings(steps=steps, attempts=attempts, strategy=strategy, early=early, seed=seed)
        trace = _solved(puzzles[number - 1], model, device, settings)

    from puzzlerec.views import film as films

    run = _run(trace, attempt)
    made = films.film(trace, run)
    content: str | bytes
    if strip or at is not None:
        from puzzlerec.views.svg import document

        content = document([films.strip(made, made.chosen() if at is None else _frames(at, made))])
    else:
        content = _animation(form, made, trace, run, seconds, dark)
    if output is None:
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode())
    else:
        write(output, content)
        messages.note(f"{output}: {made.title}, {len(content) / 1000:,.0f} kB")
    raise typer.Exit(SOLVED if trace.answer.verdict.solved else UNSOLVED)


def _format(form: Format | None, output: Path | None, strip: bool) -> Format:
    """What is asked for, or what the ending of ``output`` says."""
    if form is None:
        form = Format.__members__.get(output.suffix[1:].lower(), Format.svg) if output is not None else Format.svg
    if strip and form is not Format.svg:
        raise CommandError(f"A strip is an SVG, no {form}: name a file that ends with .svg.")
    return form


def _need_pillow() -> None:
    from importlib.util import find_spec

    if find_spec("PIL") is None:
        raise CommandError("GIF needs Pillow: pip install 'puzzlerec[gif]'. An SVG needs nothing.")


def _solved(puzzle: Puzzle, model: str | None, device: str, settings: SolveSettings) -> Trace:
    from puzzlerec.solving.trace import Recorder

    solver = session_on(device).solver_for(puzzle.kind, model)
    recorder = Recorder(solver.name, settings, [puzzle])
    (answer,) = solver.solve([puzzle], settings, recorder)
    return recorder.trace(0, answer)


def _run(trace: Trace, number: int | None) -> Run:
    from puzzlerec.views.film import decisive

    if not trace.runs:
        raise CommandError(f"There is nothing to see: {'; '.join(trace.answer.verdict.problems)}.")
    if number is None:
        return decisive(trace)
    found = [run for run in trace.runs if run.number == number]
    if not found:
        raise CommandError(f"There were {len(trace.runs)} attempts, none with the number {number}.")
    return found[0]


def _frames(text: str, film: Film) -> list[int]:
    """The frames that ``text`` lists. Raises `CommandError` if it cannot be understood or there is no such frame."""
    try:
        frames = [int(part) for part in text.split(",")]
    except ValueError:
        raise CommandError(f"--at takes numbers of steps with commas, such as 0,1,4, not {text!r}.") from None
    last = film.length - 1
    if beyond := [frame for frame in frames if not 0 <= frame <= last]:
        raise CommandError(f"There is no step {beyond[0]}: the last one is {last}.")
    return frames


def _animation(form: Format, film: Film, trace: Trace, run: Run, seconds: float, dark: bool) -> str | bytes:
    from puzzlerec.views import film as films

    times = film.seconds(seconds).tolist()
    if form is Format.gif:
        from puzzlerec.views import gif

        return gif.animation(films.moving(film), times, dark)
    if form is Format.cast:
        from puzzlerec.views.asciicast import cast

        return "".join(cast(film, trace, run, seconds))
    from puzzlerec.views import svg

    return svg.animation(films.moving(film), times)
