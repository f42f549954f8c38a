"""Answers as one SVG picture that any browser shows."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from xml.sax.saxutils import escape

from puzzlerec.puzzles import Maze, Sudoku
from puzzlerec.solving.solver import Answer

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


def _puzzle(answer: Answer) -> list[str]:
    height, width = answer.tokens.shape
    kind, solved = answer.puzzle.kind, answer.verdict.solved
    place = f"{answer.puzzle.source}:{answer.puzzle.line}"
    words = "solved" if solved else f"not solved: {'; '.join(answer.verdict.problems)}"
    lines = [f"<title>{escape(f'{place}: {words}')}</title>"]
    given = kind.given(answer.puzzle.question)
    for row in range(height):
        for column in range(width):
            token, x, y = int(answer.tokens[row, column]), column * CELL, row * CELL
            character = kind.vocabulary[token] if token < len(kind.vocabulary) else "?"
            paper, ink, weight = PAPER, INK if given[row, column] else FILLED, 700 if given[row, column] else 400
            if isinstance(kind, Maze):
                paper = {"#": INK, "o": PATH}.get(character, PAPER)
                character = character if character in "SG" else ""
            if answer.verdict.offending[row, column]:
                paper, ink = FAULT_PAPER, FAULT
            if paper != PAPER:
                lines.append(f'<rect x="{x}" y="{y}" width="{CELL}" height="{CELL}" fill="{paper}"/>')
            if character.strip(" ."):
                lines.append(
                    f'<text x="{x + CELL // 2}" y="{y + CELL // 2}" dominant-baseline="central" font-size="20" '
                    f'font-weight="{weight}" fill="{ink}">{escape(character)}</text>'
                )
    if isinstance(kind, Sudoku):
        for position in range(1, width):
            for thick, line in (
                (position % kind.box[1] == 0, f"M{position * CELL} 0V{height * CELL}"),
                (position % kind.box[0] == 0, f"M0 {position * CELL}H{width * CELL}"),
            ):
                lines.append(f'<path d="{line}" stroke="{INK if thick else HAIR}" stroke-width="{2 if thick else 1}"/>')
    lines.append(f'<rect width="{width * CELL}" height="{height * CELL}" fill="none" stroke="{INK}" stroke-width="2"/>')
    lines.append(
        f'<text x="{width * CELL // 2}" y="{height * CELL + CAPTION - 6}" font-size="15" '
        f'fill="{INK if solved else FAULT}">{escape(_caption(answer))}</text>'
    )
    return lines


def _caption(answer: Answer) -> str:
    if answer.verdict.solved:
        return "solved"
    faults = int(answer.verdict.offending.sum())
    return f"not solved: {faults} cells at fault" if faults != 1 else "not solved: 1 cell at fault"
