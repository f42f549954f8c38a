"""Puzzles, answers, frames and traces as `puzzlerec.display` shows them: text, and HTML that needs no server."""

from __future__ import annotations

from base64 import b64encode
from functools import singledispatch
from html import escape

from rich.text import Text

from puzzlerec.puzzles import Puzzle
from puzzlerec.solving.answer import Answer
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.trace import Trace
from puzzlerec.views import svg
from puzzlerec.views.film import film, moving
from puzzlerec.views.pictures import of_answer, of_frame, of_puzzle
from puzzlerec.views.scene import faults
from puzzlerec.views.text import draw
from puzzlerec.views.words import count, verdict_line

WIDTH = 100  # columns of text
ROOM = 40  # pixels for a slider


@singledispatch
def text(shown: object) -> Text:
    """An object as text in colour."""
    return Text(repr(shown))


@text.register
def _(shown: Puzzle) -> Text:
    return draw(shown, shown.question, shown.kind.check_question(shown.question).offending, WIDTH)


@text.register
def _(shown: Answer) -> Text:
    drawing = draw(shown.puzzle, shown.tokens, shown.verdict.offending, WIDTH)
    head, tail = verdict_line(shown)
    style = "bold green" if shown.verdict.solved else "bold red"
    return Text.assemble(drawing, "\n", (head, style), (tail, "dim"))


@text.register
def _(shown: Frame) -> Text:
    parts = []
    for run, puzzle in enumerate(shown.puzzles):
        frame = shown.of(run, puzzle.question.shape)
        drawing = draw(puzzle, frame.tokens[0], faults(puzzle, frame), WIDTH)
        words = f"{frame.kind} step {frame.step}, halting {frame.halt[0]:.0%}"
        parts.append(Text.assemble(drawing, "\n", (words, "bold")))
    return Text("\n\n").join(parts) if parts else Text(repr(shown))


@text.register
def _(shown: Trace) -> Text:
    attempts = (f"attempt {run.number}, {run.label}: {count(len(run.frames), 'step')}" for run in shown.runs)
    return Text("\n").join([text(shown.answer), *(Text(line, "dim") for line in attempts)])


@singledispatch
def html(shown: object) -> str:
    """An object as HTML for a notebook."""
    return f"<pre>{escape(repr(shown))}</pre>"


@html.register
def _(shown: Puzzle) -> str:
    return _image(svg.document([of_puzzle(shown)]))


@html.register
def _(shown: Answer) -> str:
    return _image(svg.document([of_answer(shown)]))


@html.register
def _(shown: Frame) -> str:
    if not shown.puzzles:
        return f"<pre>{escape(repr(shown))}</pre>"
    frames = [shown.of(run, puzzle.question.shape) for run, puzzle in enumerate(shown.puzzles)]
    return _image(svg.document([of_frame(frame.puzzles[0], frame) for frame in frames]))


@html.register
def _(shown: Trace) -> str:
    """The decisive attempt with a slider along its steps."""
    if not shown.runs:
        return html(shown.answer)
    sheet = moving(film(shown))
    width, height = svg.pixels(sheet)
    last = sheet.length - 1
    page = (
        '<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
        "<style>body{margin:0}svg{display:block}input{margin:10px;width:calc(100% - 20px)}</style>"
        f'<body style="--at:{last + 0.5}">{svg.still_animation(sheet)}'
        f'<input type="range" min="0" max="{last}" value="{last}" aria-label="step" autofocus '
        """oninput="document.body.style.setProperty('--at',+value+.5)">"""
    )
    return (
        f'<iframe srcdoc="{escape(page)}" width="{width:g}" height="{height + ROOM:g}" sandbox="allow-scripts" '
        'style="border:0"></iframe>'
    )


def _image(document: str) -> str:
    """A picture whose styles and names stay its own."""
    return f'<img src="data:image/svg+xml;base64,{b64encode(document.encode()).decode()}">'
