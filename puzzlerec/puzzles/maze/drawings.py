"""Mazes as other people write them, made into walls ``#``, free cells, S and G, a row a line.

- *A character a cell*: walls are ``#``, ``█``, ``▓``, ``%``, ``@`` or ``X``, or ``1`` where there is none of these.
  Free cells are a space, ``.``, ``_`` or ``0``, the ends S and G, S and E, S and F or A and B. A Pacman layout has the
  start P, and its one ``.`` is the goal. White space or ``,`` may stand between cells.
- *Lines between cells*: ``+--+`` and ``|``, ``o---o``, box-drawing characters, or no corners at all, as in ``|_|_``.
  Of h x w cells it makes walls and free cells, (2h + 1) x (2w + 1).

Where neither end is marked, and the border has two openings, the first in reading order is S and the other G.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from math import gcd

from puzzlerec.puzzles.base import PuzzleError

_WALLS = "#█▓%@X"
_FREE = " ._0"
_ENDS = (("S", "G"), ("S", "E"), ("S", "F"), ("A", "B"))  # start and goal
_MARKS = frozenset("SGEFABPo")
_NATIVE = frozenset("# SGo")
_CELLS = frozenset(f"{_WALLS}{_FREE}1") | _MARKS
_APART = re.compile(r"\s*[^\s,;](?:(?:\s*[,;]\s*|\s+)[^\s,;])+\s*[,;]?\s*")
_BOX = {chr(code): "+" for code in range(0x2500, 0x2580)}  # box-drawing characters: all but these have corners
_BOX |= dict.fromkeys("─━═╌╍┄┅┈┉╴╶╸╺", "-") | dict.fromkeys("│┃║╎╏┆┇┊┋╵╷╹╻", "|")
_LINES = str.maketrans(_BOX)
_RULE = re.compile(r"\s*([+o])(?:[- ]+\1)+\s*")
_BETWEEN = re.compile(r"[-+|o\sSGEFABP]*")
_CEILING = re.compile(r" [_ ]*_[_ ]*")
_FLOOR = re.compile(r"[| ][_ SGEFAB](?:[|_ ][_ SGEFAB])*[|_ ]?")
_SIZE = re.compile(r"[\d\s,x×]*[2-9][\d\s,x×]*")


@dataclass(frozen=True)
class Drawing:
    """A maze in the characters of `Maze`, and what was assumed in reading it, in words."""

    rows: tuple[str, ...]
    note: str = ""


def is_native(rows: Sequence[str]) -> bool:
    """Whether the rows have the characters of `Maze` alone."""
    return all(map(_NATIVE.issuperset, rows))


def is_title(line: str) -> bool:
    """Whether a line can be no row of a maze: less than half of it could be cells, or it is a size in numbers."""
    if _NATIVE.issuperset(line):
        return False
    visible = "".join(line.split())
    cells = sum(map((_CELLS | set("+-|")).__contains__, visible.translate(_LINES)))
    return 2 * cells < len(visible) or _SIZE.fullmatch(line) is not None


def resembles(rows: Sequence[str], chosen: bool) -> bool:
    """Whether the rows are a maze in one of these forms, be it with faults, and can hardly be anything else.

    ``chosen`` says that they are known to be a maze's.
    """
    if _has_lines(rows) or _has_floors(rows):
        return True
    fitting = [row for row in rows if _CELLS.issuperset(row.replace(",", " ").replace("\t", " "))]
    if 2 * len(fitting) <= len(rows):
        return False
    if chosen:
        return True
    text = "".join(fitting)
    if 2 * sum(not set(_WALLS).isdisjoint(row) for row in fitting) >= len(fitting):
        return _wall_of(text) != "X" or "S" in text or len(rows) > 1
    both = any(text.count(start) == text.count(goal) == 1 for start, goal in _ENDS)
    return len(fitting) == len(rows) and (both or "S" in text or _framed(rows))


def holds_ends(line: str) -> bool:
    """Whether both ends of a maze stand in one line."""
    return any(start in line and goal in line for start, goal in _ENDS)


def read(rows: Sequence[str]) -> Drawing:
    """The maze that the rows draw. Raises `PuzzleError`, whose line counts from 1 at the first of them."""
    if _has_lines(rows):
        return with_ends(_between(rows))
    return with_ends(_on_floors(rows) if _has_floors(rows) else _by_characters(rows))


def with_ends(drawing: Drawing) -> Drawing:
    """The maze with S and G in the two openings of its border, if it has just two and no ends yet."""
    rows = drawing.rows
    if len(rows) < 3 or any(letter in row for row in rows for letter in "SG"):
        return drawing
    width = max(map(len, rows))
    filled = [row.ljust(width) for row in rows]
    last = len(rows) - 1
    border = [(i, j) for i, row in enumerate(filled) for j in range(width) if i in (0, last) or j in (0, width - 1)]
    openings = [(i, j) for i, j in border if filled[i][j] != "#"]
    if len(openings) != 2:
        return drawing
    for letter, (i, j) in zip("SG", openings, strict=True):
        filled[i] = f"{filled[i][:j]}{letter}{filled[i][j + 1 :]}"
    return Drawing(tuple(filled), _joined(drawing.note, "the openings of the border as S and G"))


def _joined(note: str, part: str) -> str:
    return f"{note}, {part}" if note else f"read {part}"


def _wall_of(text: str) -> str:
    """The mark of walls: of several the first that occurs."""
    return next((character for character in text if character in _WALLS), "1")


def _framed(rows: Sequence[str]) -> bool:
    """Whether 1 is all round a matrix, but for two openings at most."""
    cells = [re.sub(r"[\s,;]", "", row) for row in rows]
    if len(cells) < 3 or not all(cells):
        return False
    around = cells[0] + cells[-1] + "".join(row[0] + row[-1] for row in cells[1:-1])
    return around.count("1") >= len(around) - 2 and set(around) <= {"0", "1"}


# ---- a character a cell


def _by_characters(rows: Sequence[str]) -> Drawing:
    apart = all(map(_APART.fullmatch, rows))
    places = [
        [match.start() for match in re.finditer(r"[^\s,;]", row)] if apart else list(range(len(row))) for row in rows
    ]
    if apart:
        _require_equal(places)
    cells = ["".join(row[place] for place in found) for row, found in zip(rows, places, strict=True)]

    def error(message: str, character: str, number: int = 1) -> PuzzleError:
        """A fault at the place of the character, the ``number``-th of its kind."""
        found = ((i, j) for i, row in enumerate(cells) for j, cell in enumerate(row) if cell == character)
        i, j = next(islice(found, number - 1, None))
        return PuzzleError(message, line=i + 1, column=places[i][j] + 1)

    text = "".join(cells)
    wall = _wall_of(text)
    for other in _WALLS:
        if other != wall and other in text:
            raise error(f"Both {wall} and {other} could be walls; write one of them for all.", other)
    start, goal = _ends_of(text)
    readings = {wall: "#"} | dict.fromkeys(_FREE, " ") | {start: "S", goal: "G"}
    if start != "P":  # for Pacman it is food
        readings["o"] = "o"
    for character in dict.fromkeys(text):
        if character not in readings:
            if character in _MARKS and character != "o":
                message = f"{character} could be an end beside {start} and {goal}; mark one start S and one goal G."
            else:
                message = f"{character!r} is no cell of this maze: its walls are {wall}, and a space or . is free."
            raise error(message, character)
    for end in (start, goal):
        if (count := text.count(end)) > 1:
            which = "one . to be the goal" if end == "." else "one, and an empty line separates mazes"
            raise error(f"The maze has {count} {end} and must have {which}.", end, 2)
    parts = [f"{wall} as walls"] if wall != "#" else []
    if free := [character for character in _FREE[1:] if character in text and character != goal]:
        parts.append(f"{' and '.join(free)} as free cells")
    parts += [f"{start} as the start"] * (start != "S" and start in text)
    parts += [f"{goal} as the goal"] * (goal != "G" and goal in text)
    table = str.maketrans(readings)
    return Drawing(tuple(row.translate(table) for row in cells), f"read {', '.join(parts)}" if parts else "")


def _ends_of(text: str) -> tuple[str, str]:
    """The marks of start and goal: the first pair that both occur, or one of which does."""
    if "P" in text and "S" not in text:
        return "P", "."
    both = (pair for pair in _ENDS if pair[0] in text and pair[1] in text)
    one = (pair for pair in _ENDS if pair[0] in text or pair[1] in text)
    return next(both, None) or next(one, _ENDS[0])


def _require_equal(places: Sequence[Sequence[int]]) -> None:
    for number, found in enumerate(places, 1):
        if len(found) != len(places[0]):
            message = f"Row {number} has {len(found)} cells, row 1 has {len(places[0])}; all rows must be equally long."
            raise PuzzleError(message, line=number)


# ---- lines between cells


def _has_lines(rows: Sequence[str]) -> bool:
    """Whether the rows are those of a drawing with corners, such as ``+--+``, and no digit or dot in it."""
    plain = [row.translate(_LINES) for row in rows]
    rules = sum(_RULE.fullmatch(row) is not None and "-" in row for row in plain)
    return rules > 1 and any("|" in row for row in plain) and all(map(_BETWEEN.fullmatch, plain))


def _between(rows: Sequence[str]) -> Drawing:
    width = max(map(len, rows))
    plain = [row.translate(_LINES).ljust(width) for row in rows]
    corner = "o" if any(re.match(r"\s*o[- ]", row) for row in plain) else "+"
    rules = [i for i, row in enumerate(plain) if _RULE.fullmatch(row)]
    if not set("".join(rows)).isdisjoint(_BOX):  # a line may run through a corner, so that not every rule shows one
        rules = [*range(rules[0], rules[-1], 2), rules[-1]]
    lines = _regular(rules, "rows")
    columns = _regular(sorted({j for i in lines for j in range(width) if plain[i][j] == corner}), "columns")
    grid = [
        "".join(_cell([row[left:right] for row in plain[top:bottom]], top, left) for left, right in _spans(columns))
        for top, bottom in _spans(lines)
    ]
    return _of_lines(grid, rows)


def _of_lines(grid: Sequence[str], rows: Sequence[str]) -> Drawing:
    """The maze of walls, free cells and letters that the lines in ``rows`` make."""
    text = "".join(grid)
    start, goal = _ends_of(text)
    for letter in sorted(set(text) - set("# ")):
        if letter not in (start, goal) or text.count(letter) > 1:
            i, row = next((i, row) for i, row in enumerate(rows) if letter in row)
            message = f"{letter} is no end beside others; mark one start S and one goal G."
            raise PuzzleError(message, line=i + 1, column=row.index(letter) + 1)
    ends = [f"{start} as the start"] * (start != "S" and start in text)
    ends += [f"{goal} as the goal"] * (goal != "G" and goal in text)
    table = str.maketrans({start: "S", goal: "G"})
    parts = ", ".join(["lines as walls between cells, each a cell of its own", *ends])
    return Drawing(tuple(row.translate(table) for row in grid), f"read {parts}")


def _regular(places: Sequence[int], what: str) -> range:
    """The lines, or columns, of corners: equally far apart, as far as the nearest two are."""
    step = gcd(*(second - first for first, second in pairwise(places)))
    if step < 2:
        raise PuzzleError(f"The corners of this drawing do not stand in {what}, equally far apart.", line=1)
    return range(places[0], places[-1] + 1, step)


def _spans(corners: range) -> list[tuple[int, int]]:
    """From corner to corner: the corner itself and what is between it and the next, in turn."""
    spans = []
    for place in corners[:-1]:
        spans += [(place, place + 1), (place + 1, place + corners.step)]
    return [*spans, (corners[-1], corners[-1] + 1)]


def _cell(piece: Sequence[str], top: int, left: int) -> str:
    """What a piece of the drawing is, a corner, a place for a wall or a cell: wall, free, or the letter of an end."""
    drawn = "".join(piece)
    if not drawn.strip():
        return " "
    if set(drawn) <= set("-|+o"):
        return "#"
    if len(letter := drawn.strip()) == 1 and letter in _MARKS:
        return letter
    i, j = next((i, j) for i, row in enumerate(piece) for j, character in enumerate(row) if character != " ")
    message = f"{drawn.strip()!r} is no whole wall, nor free, nor an end such as S: draw walls from corner to corner."
    raise PuzzleError(message, line=top + i + 1, column=left + j + 1)


# ---- lines without corners: a cell is its floor, and what stands right of it


def _has_floors(rows: Sequence[str]) -> bool:
    """Whether the rows are a ceiling of ``_`` and, below it, cells with ``_`` for a floor and ``|`` for a wall."""
    ceiling, *floors = rows
    drawn = len(floors) > 1 and _CEILING.fullmatch(ceiling) is not None and all(map(_FLOOR.fullmatch, floors))
    return drawn and all("|" in floor for floor in floors) and "_" in floors[-1]


def _on_floors(rows: Sequence[str]) -> Drawing:
    width = max(map(len, rows)) | 1
    ceiling, *floors = [row.ljust(width) for row in rows]

    def below(row: str) -> str:
        return "#" + "#".join("#" if cell == "_" else " " for cell in row[1::2]) + "#"

    grid = [below(ceiling)]
    for row in floors:
        sides = ["#" if side == "|" else " " for side in row[::2]]
        cells = ["" if cell in "_ " else cell for cell in row[1::2]]
        grid.append("".join(f"{side}{cell or ' '}" for side, cell in zip(sides, [*cells, ""], strict=True))[:width])
        grid.append(below(row))
    return _of_lines(grid, rows)
