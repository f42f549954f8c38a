"""How Sudokus stand in a text.

- Lines (.sdm): all cells of a Sudoku, 81 characters for 9x9, 36 for 6x6, 16 for 4x4, 256 for 16x16. What stands before
  or behind them, parted by white space or punctuation, is ignored, unless it is the 81 letters of a jigsaw's regions.
- Grids (.sdk, .ss): a row a line, with or without rules and bars, an empty line between grids. Where there are
  sections, only ``[Puzzle]`` counts. Grids of 16x16 are told from lines of 4x4 by their symbols, jigsaws by lines
  around regions that are no boxes, or by a second grid of letters.

``#`` starts a comment. What other people write for blanks, and around the rows, is in `rows`. Sizes may mix in a file.
Which kind it is, if not the first of its size, must be said otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import Foreign, Grammar, Passage, parses, too_long
from puzzlerec.puzzles.sudoku.forms import cells_of, fields_of
from puzzlerec.puzzles.sudoku.rows import SECTION, Rows, plain
from puzzlerec.puzzles.sudoku.rules import Sudoku

_LONGEST_ROW = 12  # cells: between a row of 9 and a whole 4x4 Sudoku of 16 on a line
_LONGEST_LINE = 1000  # characters of one Sudoku with all its decoration
_LONGEST_SEEN = 40_000  # characters of a line that are looked at to tell what it is
_LARGE = 16  # the size whose rows are as long as 4x4 Sudokus are on a line
_LEAST_ROWS = 4  # of it that stand together: a band
_PLAIN = re.compile(r"\s*[.\w]{33}")  # what begins like this is no row
_BEYOND_4 = re.compile(r"[5-9A-Ga-g]")
_PAIR = re.compile(r"\s*([^\s,;#]{81})[\s,;]*([^\s,;#]{81})(?=[\s,;#]|$)")  # givens and regions
_BAR = re.compile(r"[|!│┃║]")
_CELL = re.compile(r"[0-9_]|\.(?!-)")  # and not the corner of a rule
_BESIDE = re.compile(r"[\s,;|:=&/\"'()<>]+")  # what parts a Sudoku on a line from the rest
_CELLS = re.compile(r"[.0-9_]+")
_NAMES = re.compile(r"[A-Ia-i]+")


class SudokuGrammar(Grammar):
    """A text is of Sudokus if digits and blanks prevail. The kind is the first that has as many cells."""

    words = "Sudokus"
    suffixes = frozenset({".sdm", ".sdk", ".ss"})

    def __init__(self, kinds: Sequence[Sudoku]) -> None:
        super().__init__(kinds)
        self._by_size: dict[int, Sudoku] = {}
        for kind in kinds:
            if not kind.regions:
                self._by_size.setdefault(kind.size, kind)
        self._jigsaw = next((kind for kind in kinds if kind.regions), None)

    def resembles(self, line: str) -> int:
        """The characters of a line of which every other one is a Sudoku's."""
        if (pair := _PAIR.match(line)) and _NAMES.fullmatch(pair[2]):
            return len(pair[1] + pair[2])
        visible = "".join(line.partition("\t")[0].split())[:_LONGEST_SEEN]
        cells = 0 if line.lstrip().startswith("#") else sum(map(visible.count, ".0123456789_|+-"))
        return cells if 2 * cells >= len(visible) else 0

    def score(self, lines: Sequence[str]) -> float:
        return sum(map(self.resembles, plain(lines).lines))

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        rows = plain(lines)
        lines = rows.lines
        large = _large_rows(lines, self._sizes(kind))
        blocks: list[list[int]] = []  # the lines (from 0) of rows that stand together and look like a grid's
        skipped = -1
        for item in _items(lines, large, foreign):
            if isinstance(item, list):
                blocks.append(item)
                continue
            yield from self._grids(rows, blocks, kind)
            blocks = []
            if item == skipped:
                continue
            if other := foreign(lines[item].partition("#")[0]):
                yield PuzzleError(f"This is {other} among Sudokus: put it in a file of its own.", line=item + 1)
                continue
            with_regions = "\n".join(lines[item : item + 2])
            if (jigsaw := self._jigsaw_of(with_regions, kind)) and _PAIR.match(lines[item]) is None:
                yield Passage(jigsaw, with_regions, _layout(jigsaw, with_regions, "line"), item + 1)
                skipped = item + 1
            else:
                yield self._field(rows, item, item + 1, 1, kind)
        yield from self._grids(rows, blocks, kind)

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        """A Sudoku on one line, without what stands before or behind it."""
        return self._field(plain([text]), 0, line, column, kind)

    def _field(self, rows: Rows, index: int, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        passage = self._on_line(rows.lines[index], line, column, kind)
        if isinstance(passage, Passage) and index in rows.notes:
            return replace(passage, note=rows.notes[index])
        return passage

    def _on_line(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        if (jigsaw := self._jigsaw_of(text, kind)) and (pair := _PAIR.match(text)):
            return Passage(jigsaw, pair[0].lstrip(), "line", line, column + pair.start(1))
        by_area = {known.size**2: known for known in self._sizes(kind).values()}
        first = re.match(r"\s*([^\s,;#]+)", text)
        if first and len(first[1]) in by_area:
            return _whole(by_area[len(first[1])], first[1], line, column + first.start(1))
        if len(text) > _LONGEST_LINE:
            return too_long(text, line)
        cut = first is not None and len(first[1]) > _LONGEST_ROW and _CELLS.fullmatch(first[1])
        for part in _BESIDE.split("" if cut else text):
            if len(part) in by_area and parses(by_area[len(part)], part):
                return _whole(by_area[len(part)], part, line, column + text.index(part))
        if len(fields_of(text)) == _LARGE**2 in by_area:
            return _whole(by_area[_LARGE**2], text, line, column)
        before = re.split(r"[,;\t]", text, maxsplit=1)[0]
        if len(cells_of(before)) > _LONGEST_ROW:
            text = before
        return _whole(by_area[_nearest(by_area, len(cells_of(text)))], text, line, column)

    def _sizes(self, kind: PuzzleKind | None) -> dict[int, Sudoku]:
        """The kinds that a Sudoku may be of, by their size."""
        return {known.size: known for known in (kind,) if isinstance(known, Sudoku)} or self._by_size

    def _jigsaw_of(self, text: str, kind: PuzzleKind | None) -> Sudoku | None:
        """The kind of ``text`` if it starts with the givens and the regions of a jigsaw."""
        pair = _PAIR.match(text) if self._jigsaw and (kind is None or kind == self._jigsaw) else None
        return self._jigsaw if pair and (kind or _NAMES.fullmatch(pair[2])) else None

    def _grids(self, read: Rows, blocks: list[list[int]], kind: PuzzleKind | None) -> Iterator[Passage]:
        """Grids from blocks of rows: a block may be a grid, several behind one another, or one band of some rows."""
        lines = read.lines
        by_size = self._sizes(kind)
        grids: list[tuple[Sudoku, list[int]]] = []
        start = 0
        while start < len(blocks):
            block = blocks[start]
            sudoku = by_size[_grid_size([lines[index] for index in block], by_size)]
            band = sudoku.box[0] if sudoku.box else sudoku.size
            following = blocks[start : start + sudoku.size // band]
            if len(following) == sudoku.size // band and all(len(rows) == band for rows in following):
                grids.append((sudoku, [index for rows in following for index in rows]))
                start += len(following)
            else:
                start += 1
                size = len(block) if len(block) % sudoku.size else sudoku.size
                grids += [(sudoku, block[first : first + size]) for first in range(0, len(block), size)]
        number = 0
        while number < len(grids):
            sudoku, rows = grids[number]
            number += 1
            named = number < len(grids) and _names_regions([lines[index] for index in grids[number][1]], kind)
            if named:
                rows = [*rows, *grids[number][1]]
                number += 1
            text = "\n".join(lines[rows[0] : rows[-1] + 1])
            if self._jigsaw and kind is None and (named or _has_regions(text, self._jigsaw, sudoku)):
                sudoku = self._jigsaw
            note = read.note(rows[0], rows[-1])
            yield Passage(sudoku, text, _layout(sudoku, text, "grid"), rows[0] + 1, note=note)


def _whole(kind: Sudoku, text: str, line: int, column: int) -> Passage:
    """A Sudoku on one line."""
    return Passage(kind, text, _layout(kind, text, "line"), line, column)


def _layout(kind: Sudoku, text: str, usual: str) -> str:
    """The layout of ``text``, where the kind has more than a line and a grid."""
    return usual if kind.layouts == Sudoku.layouts else kind.layout_of(text)


def _nearest(sizes: Iterable[int], size: float) -> int:
    return min(sizes, key=lambda known: abs(known - size))


def _items(lines: Sequence[str], large: set[int], foreign: Foreign) -> Iterator[int | list[int]]:
    """The lines that hold a whole Sudoku, and the blocks of lines that hold rows, in order."""
    block: list[int] = []
    in_puzzle = True
    for index, line in enumerate(lines):
        section = SECTION.fullmatch(line[:100])
        other = foreign(line.partition("#")[0])
        count = _LONGEST_ROW + 1 if _is_whole(line) else len(cells_of(line))
        if in_puzzle and not section and not other and (index in large or 0 < count <= _LONGEST_ROW):
            block.append(index)
        elif section or other or count or not line.strip():
            if block:
                yield block
                block = []
            if section:
                in_puzzle = section[1].strip().lower() == "puzzle"
            elif (count or other) and in_puzzle:
                yield index
    if block:
        yield block


def _is_whole(line: str) -> bool:
    """Whether a line is too long for a row, as is seen without telling its cells from decoration."""
    return len(line) > _LONGEST_LINE or (_PLAIN.match(line) is not None and "--" not in line and "==" not in line)


def _large_rows(lines: Sequence[str], sizes: dict[int, Sudoku]) -> set[int]:
    """The lines that are rows of 16x16: lines that stand together, most of them of 16 cells.

    One of them has a number of two digits, or every other a symbol beyond 4; or there can be no other size.
    """
    rows: set[int] = set()
    if _LARGE not in sizes:
        return rows
    run: dict[int, int] = {}  # the cells of lines that stand together
    for index, line in enumerate((*lines, "")):
        width = _large_width(line)
        if width:
            run[index] = width
        elif run and (not line.strip() or _is_whole(line) or cells_of(line)):
            beyond = sum(_BEYOND_4.search(lines[i].partition("#")[0]) is not None for i in run)
            wide = 2 * sum(width == _LARGE for width in run.values()) > len(run)
            numbers = any(len(cells_of(lines[i])) > width for i, width in run.items())
            if len(sizes) == 1 or (wide and (numbers or (len(run) >= _LEAST_ROWS and 2 * beyond >= len(run)))):
                rows |= run.keys()
            run = {}
    return rows


def _large_width(line: str) -> int:
    """How many cells a line has that may be a row of 16x16, else 0."""
    if len(line) <= _LONGEST_ROW or _is_whole(line):
        return 0
    fields = [field for _, field in fields_of(line)]
    numbers = any(len(field) == 2 and field.isdecimal() for field in fields) and max(map(len, fields)) == 2
    width = len(fields) if numbers else len(cells_of(line))
    return width if _LONGEST_ROW < width <= _LARGE + 4 else 0


def _grid_size(rows: Sequence[str], sizes: Iterable[int]) -> int:
    """The size of the Sudoku that the rows should be: by their usual width, or by the largest digit if that is none."""
    cells = [cells_of(row) for row in rows]
    widths = Counter(_large_width(row) or len(found) for row, found in zip(rows, cells, strict=True))
    width = widths.most_common(1)[0][0]
    digits = [int(cell) for row in cells for _, cell in row if cell in "0123456789"]
    return width if width in sizes else _nearest(sizes, max([width, *digits]))


def _names_regions(rows: Sequence[str], kind: PuzzleKind | None) -> bool:
    """Whether rows of 9x9 name regions: by letters, or by anything where only a jigsaw's can be meant."""
    names = "".join(cell for row in rows for _, cell in cells_of(row))
    if len(rows) != 9 or len(names) != 81:
        return False
    if isinstance(kind, Sudoku) and kind.regions:
        return sorted(Counter(names).values()) == [9] * 9
    return kind is None and _NAMES.fullmatch(names) is not None


def _has_regions(text: str, jigsaw: Sudoku, boxes: Sudoku) -> bool:
    """Whether a grid is drawn with lines around regions of nine cells that are not the boxes of that size."""
    rows = [line for line in text.split("\n") if _CELL.search(line)]
    bars = {tuple(place.start() for place in _BAR.finditer(row)) for row in rows}
    if boxes.size != jigsaw.size or len(bars) == 1:  # boxes have the same bars in every row
        return False
    try:
        question = jigsaw.parse(text)
        drawn, usual = ({tuple(unit) for unit in kind.units(question).tolist()} for kind in (jigsaw, boxes))
    except PuzzleError:
        return False
    return drawn != usual
