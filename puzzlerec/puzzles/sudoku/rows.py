"""What other people write in the rows of a Sudoku and around them, made into cells and ``.`` for a blank.

- Blanks: ``*``, ``-``, ``x``, ``X``, ``?``, or a field of a table with nothing in it.
- Pencil marks: cells of several digits in a grid of nine fields a row, as HoDoKu and SudoCue write it.
- HoDoKu's library: ``:0000:x:81 cells:...``; a digit after ``+`` was placed in solving.
- Titles, footers and numbers of puzzles, which can be no row.

Every line stays where it is in the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from puzzlerec.puzzles.sudoku.forms import cells_of, fields_of

_SIZES = (4, 6, 9, 16)
_LARGE = 16  # the width of a row that, unless there are as many, is a whole Sudoku of 4x4
_AREAS = tuple(size * size for size in _SIZES)
SECTION = re.compile(r"\s*\[([A-Za-z ]+)\]\s*")
_MARKS = "*-xX?"
_USUAL = re.compile(r"\s*[.0-9_]+\s*")  # as lines and rows are as a rule
_WHOLE = re.compile(r"\s*[.0-9_]{33}")  # what begins like this is a whole Sudoku, and with usual blanks
_BARS = re.compile(r"[\s|!:,\u2502\u2503\u2551]")
_LIBRARY = re.compile(r":\d{4}[^:]*:[^:]*:((?:\+?[1-9]|[.0])+):")
_RULED = re.compile(r"[-+=*'.:|\s\u2500-\u257f]*(?:--|==)[-+=*'.:|\s\u2500-\u257f]*")
_DIGITS = re.compile(r"[1-9]+|[.0_]")
_NUMBER = re.compile(r"\s*\d{1,2}[.):]?\s*")
_NAMED = re.compile(r"[A-Ia-i0-9._]+")  # a row of regions, or of 16x16
_LONGEST = 1000  # characters of a line with anything to find


@dataclass
class Rows:
    """Lines that hold cells and decoration alone, and what was assumed to make them so."""

    lines: list[str]
    notes: dict[int, str] = field(default_factory=dict)  # by the index of the line

    def note(self, first: int, last: int) -> str:
        """What was assumed in these lines, the last included."""
        return ", ".join(dict.fromkeys(self.notes[index] for index in range(first, last + 1) if index in self.notes))


def plain(lines: Sequence[str]) -> Rows:
    """The lines with other people's blanks, pencil marks, titles and footers gone."""
    rows = Rows(list(lines))
    for block in _blocks(lines):
        odd = [index for index in block if _WHOLE.match(lines[index]) is None]
        for index in odd:
            _read_library(rows, index)
        _read_marks(rows, odd)
        _read_fields(rows, odd)
        _read_pencil(rows, odd)
        _drop_titles(rows, odd, alone=len(odd) == len(block))
    return rows


def _blocks(lines: Sequence[str]) -> Iterator[list[int]]:
    """The lines that stand together, where there is more among them than usual cells."""
    block: list[int] = []
    unusual = False
    for index, line in enumerate((*lines, "")):
        if line.strip():
            block.append(index)
            unusual = unusual or _USUAL.fullmatch(line) is None or len(line) < _SIZES[0]
            continue
        if unusual:
            yield block
        block, unusual = [], False


def _read_library(rows: Rows, index: int) -> None:
    if match := _LIBRARY.match(rows.lines[index]):
        rows.lines[index] = re.sub(r"\+.", ".", match[1])
        if "+" in match[1]:
            rows.notes[index] = "read digits after + as placed, not given"


def _read_marks(rows: Rows, block: Sequence[int]) -> None:
    for mark in _MARKS:
        found: dict[int, list[int]] = {}  # by the number of cells
        known = re.compile(rf"[1-9A-Ga-g{re.escape(mark)}]+")  # and no other blank
        marked = False
        for index in block:
            line = rows.lines[index]
            if len(line) > _LONGEST or (mark == "-" and "--" in line and not any(map(str.isalnum, line))):
                continue  # a rule
            cells = _BARS.sub("", line)
            if len(cells) in (*_SIZES, *_AREAS) and known.fullmatch(cells):
                found.setdefault(len(cells), []).append(index)
                marked = marked or mark in cells
        if not marked:
            continue
        for count, indices in found.items():
            if count in _AREAS or len(indices) % count == 0:
                for index in indices:
                    if mark in rows.lines[index]:
                        rows.lines[index] = rows.lines[index].replace(mark, ".")
                        rows.notes[index] = f"read {mark} as blanks"


def _read_fields(rows: Rows, block: Sequence[int]) -> None:
    for index in block:
        line = rows.lines[index]
        for delimiter in ",;\t":
            if line.count(delimiter) + 1 in (*_SIZES, *_AREAS) and len(line) <= _LONGEST:
                fields = [part.strip() for part in line.split(delimiter)]
                if "" in fields and all(len(part) < 2 and part in "0123456789." for part in fields):
                    rows.lines[index] = delimiter.join(part or "." for part in fields)


def _read_pencil(rows: Rows, block: Sequence[int]) -> None:
    marked: dict[int, list[str]] = {}
    for index in block:
        line = rows.lines[index]
        if _RULED.fullmatch(line) or len(line) > _LONGEST:
            continue
        fields = re.split(r"[\s|:\u2502\u2503\u2551]+", line.strip(" |:\t\u2502\u2503\u2551"))
        if len(fields) == 9 and all(map(_is_cell, fields)):
            marked[index] = fields
    if len(marked) % 9 or not any(len(part) > 1 for fields in marked.values() for part in fields):
        return
    for index, fields in marked.items():
        rows.lines[index] = " ".join(part if len(part) == 1 else "." for part in fields)
        rows.notes[index] = "read single digits as given and several in a cell as pencil marks"


def _is_cell(field: str) -> bool:
    """Whether a field is a digit, a blank, or digits that rise, as pencil marks do."""
    return _DIGITS.fullmatch(field) is not None and list(field) == sorted(set(field))


def _drop_titles(rows: Rows, block: Sequence[int], alone: bool) -> None:
    """Empties lines that can be no row, where there are rows, or nothing else: ``alone`` says no whole Sudokus."""
    prose = {index for index in block if _is_prose(rows.lines[index])}
    widths = {index: _width(rows.lines[index]) for index in block if index not in prose}
    end = _LARGE if sum(width == _LARGE for width in widths.values()) < _LARGE else _LARGE + 1
    beside = {index: width for index, width in widths.items() if _SIZES[0] <= width < end}
    if not beside and (widths or not alone):
        return
    for index in prose:
        rows.lines[index] = ""
    above = 0  # rows since the last title
    for index in block:
        if index in beside:
            above += 1
        elif index in prose:
            above = 0
        elif _NUMBER.fullmatch(rows.lines[index]):
            width = beside.get(index + 1) or beside.get(index - 1)
            if width and above % width == 0:
                rows.lines[index], above = "", 0


def _width(line: str) -> int:
    """The cells of a row, of which one of 16x16 may be numbers."""
    return _LARGE if len(fields_of(line)) == _LARGE else len(cells_of(line))


def _is_prose(line: str) -> bool:
    """Whether less than half of a line, before any comment, could be cells or decoration."""
    visible = "".join(line.partition("#")[0].split())[:_LONGEST]
    known = sum(character in ".0123456789_|+-!:=*" or "\u2500" <= character <= "\u257f" for character in visible)
    if 2 * known >= len(visible) or SECTION.fullmatch(line[:100]):
        return False
    if len(visible) in (*_SIZES, *_AREAS) and _NAMED.fullmatch(visible):
        return False
    return not any(len(part) >= 81 and _NAMED.fullmatch(part) for part in re.split(r"[\s,;#]+", line[:_LONGEST]))
