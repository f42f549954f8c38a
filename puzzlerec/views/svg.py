"""Answers as one SVG picture that any browser shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, sqrt
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from puzzlerec.views.lines import borders
from puzzlerec.views.words import in_short

if TYPE_CHECKING:
    from puzzlerec.solving.answer import Answer

CELL, GAP, CAPTION, MOST_COLUMNS = 32, 24, 28, 5  # in SVG units; pictures in a row
PAPER, INK, FILLED, FAULT, FAULT_PAPER, HAIR = "#ffffff", "#111111", "#0b5fa5", "#b00020", "#ffd6dc", "#b8b8b8"
PATH = "#f2b134"


def picture(answers: Sequence[Answer]) -> str:
    """An SVG document with all ``answers``, side by side, each with its verdict beneath."""
    columns = min(MOST_COLUMNS, max(1, ceil(sqrt(len(answers)))))
    width = max((answer.tokens.shape[1] for answer in answers), default=1) * CELL + GAP
    height = max((answer.tokens.shape[0] for answer in answers), default=1) * CELL + CAPTION + GAP
    total = columns * width + GAP, max(1, ceil(len(answers) / columns)) * height + GAP
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {total[0]} {total[1]}" width="{total[0]}" '
        f'height="{total[1]}" font-family="system-ui, sans-serif" text-anchor="middle">',
        f'<rect width="100%" height="100%" fill="{PAPER}"/>',
    ]
    for index, answer in enumerate(answers):
        left, top = GAP + index % columns * width, GAP + index // columns * height
        lines += [f'<g transform="translate({left} {top})">', *_puzzle(answer), "</g>"]
    return "\n".join([*lines, "</svg>\n"])


def _puzzle(answer: Answer) -> Iterator[str]:
    height, width = answer.tokens.shape
    puzzle, verdict = answer.puzzle, answer.verdict
    words = "solved" if verdict.solved else f"not solved: {'; '.join(verdict.problems)}"
    yield f"<title>{escape(f'{puzzle.source}:{puzzle.line}: {words}')}</title>"
    for row in range(height):
        for column in range(width):
            yield from _cell(answer, row, column)
    yield from _lines(puzzle.kind.look.regions(puzzle.question))
    yield f'<rect width="{width * CELL}" height="{height * CELL}" fill="none" stroke="{INK}" stroke-width="2"/>'
    caption = in_short(verdict) if verdict.solved else f"not solved: {in_short(verdict)}"
    yield (
        f'<text x="{width * CELL // 2}" y="{height * CELL + CAPTION - 6}" font-size="15" '
        f'fill="{INK if verdict.solved else FAULT}">{escape(caption)}</text>'
    )


def _cell(answer: Answer, row: int, column: int) -> Iterator[str]:
    look, question = answer.puzzle.kind.look, answer.puzzle.question
    token, x, y = int(answer.tokens[row, column]), column * CELL, row * CELL
    given = answer.puzzle.kind.given(question)[row, column]
    paper, ink, weight = PAPER, INK if given else FILLED, 700 if given else 400
    character = "" if token in (*look.blanks, look.solid, look.line) else look.character(token).strip()
    if token == look.solid:
        paper = INK
    elif token == look.line:
        paper = PATH
    if answer.verdict.offending[row, column]:
        paper, ink = FAULT_PAPER, FAULT
    if paper != PAPER:
        yield f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{paper}"/>'
    diagonals = look.diagonals(question)
    if diagonals is not None:
        for bit, start, end in ((1, y, y + CELL), (2, y + CELL, y)):
            if diagonals[row, column] & bit:
                yield f'<path d="M{x} {start}L{x + CELL} {end}" stroke="{HAIR}" stroke-width="1"/>'
    if character:
        yield (
            f'<text x="{x + CELL // 2}" y="{y + CELL // 2}" dominant-baseline="central" font-size="20" '
            f'font-weight="{weight}" fill="{ink}">{escape(character)}</text>'
        )


def _lines(regions: np.ndarray) -> Iterator[str]:
    """Thin lines between cells and thick ones between regions, none if there is but one region."""
    height, width = regions.shape
    beside, between = borders(regions)
    if not beside.any():
        return
    hairs = [f"M{column * CELL} 0V{height * CELL}" for column in range(1, width)]
    hairs += [f"M0 {row * CELL}H{width * CELL}" for row in range(1, height)]
    thick = [f"M{column * CELL} {row * CELL}v{CELL}" for row, column in np.argwhere(beside)]
    thick += [f"M{column * CELL} {row * CELL}h{CELL}" for row, column in np.argwhere(between)]
    yield f'<path d="{"".join(hairs)}" stroke="{HAIR}" stroke-width="1"/>'
    yield f'<path d="{"".join(thick)}" stroke="{INK}" stroke-width="2" stroke-linecap="square"/>'
