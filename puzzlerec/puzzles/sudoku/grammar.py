"""How Sudokus stand in a text.

- Lines (.sdm): all cells of a Sudoku, 81 characters for 9x9, 36 for 6x6 and 16 for 4x4. What follows after white space,
  ``,`` or ``;`` is ignored.
- Grids (.sdk, .ss): a row a line, with or without rules and bars, an empty line between grids. Where there are
  sections, only ``[Puzzle]`` counts.

``#`` starts a comment. Sizes may mix in a file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import Foreign, Grammar, Passage, too_long
from puzzlerec.puzzles.sudoku.rules import Sudoku, cells_of

_LONGEST_ROW = 12  # cells: between a row of 9 and a whole 4x4 Sudoku of 16 on a line
_LONGEST_LINE = 1000  # characters of one Sudoku with all its decoration
_LONGEST_SEEN = 40_000  # characters of a line that are looked at to tell what it is
_SECTION = re.compile(r"\s*\[([A-Za-z ]+)\]\s*")


class SudokuGrammar(Grammar):
    """A text is of Sudokus if digits and blanks prevail. The kind is the first that has as many cells."""

    words = "Sudokus"
    suffixes = frozenset({".sdm", ".sdk", ".ss"})

    def __init__(self, kinds: Sequence[Sudoku]) -> None:
        super().__init__(kinds)
        self._by_size: dict[int, Sudoku] = {}
        for kind in kinds:
            self._by_size.setdefault(kind.size, kind)

    def resembles(self, line: str) -> int:
        """The characters of a line of which every other one is a Sudoku's."""
        visible = "".join(line.partition("\t")[0].split())[:_LONGEST_SEEN]
        cells = 0 if line.lstrip().startswith("#") else sum(map(visible.count, ".0123456789_|+-"))
        return cells if 2 * cells >= len(visible) else 0

    def score(self, lines: Sequence[str]) -> float:
        return sum(map(self.resembles, lines))

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        by_size = self._sizes(kind)
        blocks: list[list[int]] = []  # the lines (from 0) of rows that stand together and look like a grid's
        for item in _items(lines, foreign):
            if isinstance(item, list):
                blocks.append(item)
                continue
            yield from _grids(lines, blocks, by_size)
            blocks = []
            if other := foreign(lines[item].partition("#")[0]):
                yield PuzzleError(f"This is {other} among Sudokus: put it in a file of its own.", line=item + 1)
            else:
                yield self.field(lines[item], item + 1, 1, kind)
        yield from _grids(lines, blocks, by_size)

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        """A Sudoku on one line, with what follows it cut off."""
        by_area = {size**2: known for size, known in self._sizes(kind).items()}
        first = re.match(r"\s*([^\s,;#]+)", text)
        if first and len(first[1]) in by_area:
            return Passage(by_area[len(first[1])], first[1], "line", line, column + first.start(1))
        if len(text) > _LONGEST_LINE:
            return too_long(text, line)
        before = re.split(r"[,;\t]", text, maxsplit=1)[0]
        if len(cells_of(before)) > _LONGEST_ROW:
            text = before
        return Passage(by_area[_nearest(by_area, len(cells_of(text)))], text, "line", line, column)

    def _sizes(self, kind: PuzzleKind | None) -> dict[int, Sudoku]:
        """The kinds that a Sudoku may be of, by their size."""
        return {known.size: known for known in (kind,) if isinstance(known, Sudoku)} or self._by_size


def _nearest(sizes: Iterable[int], size: float) -> int:
    return min(sizes, key=lambda known: abs(known - size))


def _items(lines: Sequence[str], foreign: Foreign) -> Iterator[int | list[int]]:
    """The lines that hold a whole Sudoku, and the blocks of lines that hold rows, in order."""
    block: list[int] = []
    in_puzzle = True
    for index, line in enumerate(lines):
        section = _SECTION.fullmatch(line[:100])
        other = foreign(line.partition("#")[0])
        count = _LONGEST_ROW + 1 if len(line) > _LONGEST_LINE else len(cells_of(line))
        if in_puzzle and not section and not other and 0 < count <= _LONGEST_ROW:
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


def _grid_size(rows: Iterable[str], sizes: Iterable[int]) -> int:
    """The size of the Sudoku that the rows should be: by their usual width, or by the largest digit if that is none."""
    cells = [cells_of(row) for row in rows]
    width = Counter(map(len, cells)).most_common(1)[0][0]
    digits = [int(cell) for row in cells for _, cell in row if cell in "0123456789"]
    return width if width in sizes else _nearest(sizes, max([width, *digits]))


def _grids(lines: Sequence[str], blocks: list[list[int]], by_size: dict[int, Sudoku]) -> Iterator[Passage]:
    """Grids from blocks of rows: a block may be a grid, several behind one another, or one band of three rows."""
    start = 0
    while start < len(blocks):
        block = blocks[start]
        sudoku = by_size[_grid_size((lines[index] for index in block), by_size)]
        band = sudoku.box[0]
        following = blocks[start : start + sudoku.size // band]
        if len(following) == sudoku.size // band and all(len(rows) == band for rows in following):
            grids = [[index for rows in following for index in rows]]
            start += len(following)
        else:
            start += 1
            whole = len(block) % sudoku.size == 0
            size = sudoku.size if whole else len(block)
            grids = [block[first : first + size] for first in range(0, len(block), size)]
        for rows in grids:
            yield Passage(sudoku, "\n".join(lines[rows[0] : rows[-1] + 1]), "grid", rows[0] + 1)
