"""Puzzles from files and streams whose form is recognised.

- Sudoku lines (.sdm): 81 characters a line, 36 for 6x6 and 16 for 4x4. What follows after white space, ``,`` or ``;``
  is ignored.
- Sudoku grids (.sdk, .ss): a row a line, with or without rules and bars, an empty line between grids. Where there are
  sections, only ``[Puzzle]`` counts.
- Maze lines: square mazes, 900 characters for 30x30. What follows after a tab is ignored.
- Maze grids: a row a line, an empty line between mazes. A line of spaces is not empty: it is a row of free cells.
- Lines to complete, one a line: ``12+345=``, ``copy:a1b2=``, ``reverse:a1b2=``. ``#`` starts a comment.
- CSV: a header that names a column ``question``, ``puzzle`` or ``quizzes``, and a puzzle in it on every line. Other
  columns are ignored.

In Sudoku files ``#`` starts a comment. Text is UTF-8, or UTF-16 with its byte order mark; all line ends are understood.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO

from puzzlerec.puzzles.arc.rules import ARC, is_task, parse_tasks
from puzzlerec.puzzles.base import Puzzle, PuzzleError, PuzzleKind
from puzzlerec.puzzles.characters.rules import Characters, is_line, kind_of
from puzzlerec.puzzles.kinds import get
from puzzlerec.puzzles.maze.rules import LARGEST, MAZE
from puzzlerec.puzzles.sudoku import KINDS as SUDOKUS
from puzzlerec.puzzles.sudoku.forms import cells_of
from puzzlerec.puzzles.sudoku.rules import Sudoku

MOST_BYTES = 128 * 2**20  # several hundred thousand puzzles; each takes about half a kilobyte of memory
MOST_COLUMNS = 4 * LARGEST * LARGEST  # the largest maze, its answer and room for other columns
MOST_ERRORS = 1000

_QUESTION_COLUMNS = {"question", "questions", "puzzle", "puzzles", "quiz", "quizzes"}
_SUDOKU_SUFFIXES = {".sdm", ".sdk", ".ss"}
_SAMPLE = 200  # lines that decide what a file holds
_LONGEST_ROW = 12  # cells: between a row of 9 and a whole 4x4 Sudoku of 16 on a line
_LONGEST_LINE = 1000  # characters of one Sudoku with all its decoration
_SECTION = re.compile(r"\s*\[([A-Za-z ]+)\]\s*")
MAZE_ROW = re.compile(r"[# o]*[SG][# SGo]*")  # that cannot be a comment
_NO_ARC_MODEL = (
    "Solving ARC tasks needs a model trained on ARC, and none is shipped yet; puzzlerec data show {} draws them."
)
_FORMS = (
    "Known are Sudokus and mazes, as lines, as grids and as CSV with a column 'question' or 'puzzle', and lines to "
    "complete such as 12+345="
)


@dataclass(frozen=True)
class Reading:
    """The puzzles of a source, in its order, and what of it could not be read."""

    puzzles: list[Puzzle] = field(default_factory=list)
    errors: list[PuzzleError] = field(default_factory=list)


def read(file: str | Path | IO[str] | IO[bytes], kind: PuzzleKind | str | None = None, source: str = "") -> Reading:
    """All puzzles in ``file``, a path, ``"-"`` for standard input, or an open stream of text or bytes.

    ``kind`` (or its name) is what to read the text as; without it the text decides, and Sudoku sizes may mix.
    ``source`` is what errors call the file, its own name by default. A faulty line or grid becomes one of
    `Reading.errors` and leaves the others as they are. Raises `PuzzleError` if the file as a whole
    cannot be used: missing, unreadable, empty, too large, not text, or of no known form.
    """
    chosen = get(kind) if isinstance(kind, str) else kind
    if file == "-":
        file, source = getattr(sys.stdin, "buffer", sys.stdin), source or "-"
    name = str(file) if isinstance(file, str | Path) else getattr(file, "name", "")
    source = source or (name if isinstance(name, str) else "")
    return _Reader(source, chosen).read(_text(file, source))


def _text(file: str | Path | IO[str] | IO[bytes], source: str) -> str:
    """The whole text, line ends as ``\\n``."""
    try:
        if isinstance(file, str | Path):
            with Path(file).open("rb") as stream:
                content: bytes | str = stream.read(MOST_BYTES + 1)
        else:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise PuzzleError(f"The file is larger than {MOST_BYTES // 2**20} MiB; split it.", source=source)
        text = _decoded(content) if isinstance(content, bytes) else content
    except FileNotFoundError:
        raise PuzzleError("There is no such file; check the path.", source=source) from None
    except IsADirectoryError:
        raise PuzzleError("This is a folder; name the files in it.", source=source) from None
    except OSError as error:
        raise PuzzleError(f"The file cannot be read: {error.strerror or error}.", source=source) from error
    except UnicodeError as error:
        place = f" (byte {error.start + 1})" if isinstance(error, UnicodeDecodeError) else ""
        raise PuzzleError(f"The file is no UTF-8 text{place}; save it as UTF-8 text.", source=source) from error
    except ValueError as error:
        if isinstance(error, PuzzleError):
            raise
        raise PuzzleError(f"The file cannot be read: {error}.", source=source) from error  # a path with a NUL
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise PuzzleError("The file is binary, not text; give puzzles as plain text.", source=source)
    if not text.strip():
        raise PuzzleError("The file is empty; it should hold a puzzle.", source=source)
    return text


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.decode("utf-8")


@dataclass(frozen=True)
class _Passage:
    """Text that should be one puzzle, and where it starts."""

    kind: PuzzleKind
    text: str
    layout: str
    line: int  # from 1
    column: int = 1


class _Reader:
    def __init__(self, source: str, kind: PuzzleKind | None) -> None:
        self.source, self.kind = source, kind

    def read(self, text: str) -> Reading:
        self._refuse_json(text)
        lines = text.split("\n")
        header = next(index for index, line in enumerate(lines) if line.strip())
        delimiter = next((mark for mark in ",\t;" if mark in lines[header]), ",")
        names = [name.strip(" \"'\t").lower() for name in lines[header][:MOST_COLUMNS].split(delimiter)]
        position = next((index for index, name in enumerate(names) if name in _QUESTION_COLUMNS), None)

        passages: Iterable[_Passage | PuzzleError]
        if position is not None:
            passages = self._csv(lines, header, delimiter, position)
        elif self._is_characters(lines):
            passages = _lines_to_complete(lines)
        elif self._is_maze(lines):
            passages = _maze_passages(lines)
        else:
            passages = _sudoku_passages(lines, self.kind)
        reading = self._parsed(passages)
        if not reading.puzzles and not reading.errors:
            raise PuzzleError(f"There is no puzzle in the file. {_FORMS}.", source=self.source)
        return reading

    def _refuse_json(self, text: str) -> None:
        start = text.lstrip()[:2000]
        if self.kind == ARC or is_task(text):
            parse_tasks(text, self.source)  # what is malformed has an error of its own
            name = self.source if self.source not in ("", "-") else "FILE"
            raise PuzzleError(_NO_ARC_MODEL.format(name), source=self.source)
        if self.source.lower().endswith(".json") or re.match(r'\{\s*["}]|\[\s*[\[{"\d\]]', start):
            raise PuzzleError(f"JSON is no form that puzzles are read from. {_FORMS}.", source=self.source)

    def _is_characters(self, texts: Iterable[str]) -> bool:
        """Whether the first of the texts that is neither empty nor a comment is a line to complete."""
        if self.kind is not None:
            return isinstance(self.kind, Characters)
        first = (text for text in texts if text.partition("#")[0].strip())
        return is_line(next(first, ""))

    def _is_maze(self, texts: Iterable[str]) -> bool:
        """Whether the texts are mazes rather than Sudokus."""
        if self.kind is not None:
            return not isinstance(self.kind, Sudoku)
        if Path(self.source).suffix.lower() in _SUDOKU_SUFFIXES:
            return False
        return _family(texts, self.source) == "maze"

    def _csv(self, lines: list[str], header: int, delimiter: str, position: int) -> Iterator[_Passage | PuzzleError]:
        """One field a line. Every line is read by itself, so that a stray quotation mark spoils one line only."""
        fields: list[tuple[int, str]] = []
        for number, line in enumerate(lines[header + 1 :], header + 2):
            if not line.strip():
                continue
            if len(line) > MOST_COLUMNS:
                yield _too_long(line, number)
                continue
            try:
                row = next(csv.reader([line], delimiter=delimiter))
            except csv.Error as error:
                yield PuzzleError(f"The line is no CSV: {error}.", line=number)
                continue
            if position >= len(row):
                columns = "1 column" if len(row) == 1 else f"{len(row)} columns"
                yield PuzzleError(
                    f"The line has {columns}; the puzzle should be in number {position + 1}.", line=number
                )
                continue
            fields.append((number, row[position]))
        if not fields:
            return
        characters = self._is_characters(text for _, text in fields)
        is_maze = not characters and self._is_maze(text for _, text in fields)
        for number, text in fields:
            column = max(lines[number - 1].find(text), 0) + 1
            if not text.strip():
                yield PuzzleError("The puzzle's column is empty.", line=number, column=column)
            elif characters:
                yield _Passage(kind_of(text), text, "line", number, column)
            elif is_maze:
                yield _Passage(MAZE, text, "line", number, column)
            else:
                yield _sudoku_line(text, number, column, self.kind)

    def _parsed(self, passages: Iterable[_Passage | PuzzleError]) -> Reading:
        reading = Reading()
        unlisted = 0
        for passage in passages:
            fault = passage if isinstance(passage, PuzzleError) else self._parse_into(reading.puzzles, passage)
            if fault is None:
                continue
            if len(reading.errors) < MOST_ERRORS:
                reading.errors.append(
                    PuzzleError(fault.message, source=self.source, line=fault.line, column=fault.column)
                )
            else:
                unlisted += 1
        if unlisted:
            message = f"{unlisted} more puzzles cannot be read. Is this a file of puzzles?"
            reading.errors.append(PuzzleError(message, source=self.source))
        return reading

    def _parse_into(self, puzzles: list[Puzzle], passage: _Passage) -> PuzzleError | None:
        """Adds the passage's puzzle or returns what is wrong with it, placed in the file."""
        kind = self.kind or passage.kind
        try:
            puzzles.append(Puzzle(kind, kind.parse(passage.text), passage.layout, self.source, passage.line))
        except PuzzleError as error:
            line = passage.line + max(error.line, 1) - 1
            column = error.column
            if column and error.line == 1:
                column += passage.column - 1
            return PuzzleError(error.message, line=line, column=column)
        return None


def _family(texts: Iterable[str], source: str) -> str:
    """ "maze" or "sudoku", by the lines that consist of either's characters for the most part."""
    score: Counter[str] = Counter()
    ends = False  # S or G seen in a line of maze characters
    decisive = 0
    for text in texts:
        visible = "".join(text.partition("\t")[0].split())[: LARGEST * LARGEST]
        if not visible:
            continue
        maze = sum(map(visible.count, "#SGo"))
        sudoku = 0 if text.lstrip().startswith("#") else sum(map(visible.count, ".0123456789_|+-"))
        if 5 * maze >= 4 * len(visible):
            score["maze"] += maze
            ends = ends or "S" in visible or "G" in visible
        elif 2 * sudoku >= len(visible):
            score["sudoku"] += sudoku
        else:
            continue
        decisive += 1
        if decisive == _SAMPLE:
            break
    if not score:
        raise PuzzleError(f"No puzzle is recognised in the file. {_FORMS}; name the kind if it is one.", source=source)
    if score["maze"] > score["sudoku"] and (ends or not score["sudoku"]):
        return "maze"
    return "sudoku"


def _too_long(line: str, number: int) -> PuzzleError:
    return PuzzleError(f"The line has {len(line)} characters, too many for a puzzle.", line=number)


def _nearest(sizes: Iterable[int], size: float) -> int:
    return min(sizes, key=lambda known: abs(known - size))


# --- lines to complete --------------------------------------------------------------------------------------------


def _lines_to_complete(lines: Sequence[str]) -> Iterator[_Passage | PuzzleError]:
    for number, line in enumerate(lines, 1):
        if len(line) > MOST_COLUMNS:
            yield _too_long(line, number)
        elif MAZE_ROW.fullmatch(line):
            yield PuzzleError(
                "This is a row of a maze among lines to complete: put it in a file of its own.", line=number
            )
        elif task := line.partition("#")[0].rstrip():
            yield _Passage(kind_of(task), task, "line", number)


# --- Sudoku -------------------------------------------------------------------------------------------------------

_BY_SIZE = {kind.shape[0]: kind for kind in reversed(SUDOKUS)}
_BY_AREA = {kind.shape[0] ** 2: kind for kind in reversed(SUDOKUS)}


def _sudoku_line(text: str, number: int, column: int, kind: PuzzleKind | None) -> _Passage | PuzzleError:
    """A Sudoku on one line, with what follows it cut off."""
    areas = {kind.size**2: kind} if isinstance(kind, Sudoku) else _BY_AREA
    first = re.match(r"\s*([^\s,;#]+)", text)
    if first and len(first[1]) in areas:
        return _Passage(areas[len(first[1])], first[1], "line", number, column + first.start(1))
    if len(text) > _LONGEST_LINE:
        return _too_long(text, number)
    before = re.split(r"[,;\t]", text, maxsplit=1)[0]
    if len(cells_of(before)) > _LONGEST_ROW:
        text = before
    return _Passage(areas[_nearest(areas, len(cells_of(text)))], text, "line", number, column)


def _sudoku_passages(lines: Sequence[str], kind: PuzzleKind | None) -> Iterator[_Passage | PuzzleError]:
    blocks: list[list[int]] = []  # the lines (from 0) of rows that stand together and look like a grid's
    for item in _sudoku_items(lines):
        if isinstance(item, list):
            blocks.append(item)
        else:
            yield from _sudoku_grids(lines, blocks, kind)
            blocks = []
            if is_line(lines[item]):
                message = "This is a line to complete among Sudokus: put it in a file of its own."
                yield PuzzleError(message, line=item + 1)
            else:
                yield _sudoku_line(lines[item], item + 1, 1, kind)
    yield from _sudoku_grids(lines, blocks, kind)


def _sudoku_items(lines: Sequence[str]) -> Iterator[int | list[int]]:
    """The lines that hold a whole Sudoku, and the blocks of lines that hold rows, in order."""
    block: list[int] = []
    in_puzzle = True
    for index, line in enumerate(lines):
        section = _SECTION.fullmatch(line[:100])
        foreign = is_line(line)
        count = _LONGEST_ROW + 1 if len(line) > _LONGEST_LINE else len(cells_of(line))
        if in_puzzle and not section and not foreign and 0 < count <= _LONGEST_ROW:
            block.append(index)
        elif section or foreign or count or not line.strip():
            if block:
                yield block
                block = []
            if section:
                in_puzzle = section[1].strip().lower() == "puzzle"
            elif (count or foreign) and in_puzzle:
                yield index
    if block:
        yield block


def _grid_size(rows: Iterable[str]) -> int:
    """The size of the Sudoku that the rows should be: by their usual width, or by the largest digit if that is none."""
    cells = [cells_of(row) for row in rows]
    width = Counter(map(len, cells)).most_common(1)[0][0]
    if width in _BY_SIZE:
        return width
    return _nearest(_BY_SIZE, max([width, *(int(cell) for row in cells for _, cell in row if cell in "0123456789")]))


def _sudoku_grids(lines: Sequence[str], blocks: list[list[int]], kind: PuzzleKind | None) -> Iterator[_Passage]:
    """Grids from blocks of rows: a block may be a grid, several behind one another, or one band of three rows."""
    start = 0
    while start < len(blocks):
        block = blocks[start]
        sudoku = kind if isinstance(kind, Sudoku) else _BY_SIZE[_grid_size(lines[index] for index in block)]
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
            yield _Passage(sudoku, "\n".join(lines[rows[0] : rows[-1] + 1]), "grid", rows[0] + 1)


# --- mazes --------------------------------------------------------------------------------------------------------


def _maze_passages(lines: Sequence[str]) -> Iterator[_Passage | PuzzleError]:
    start = 0
    while start < len(lines):
        if not lines[start]:
            start += 1
            continue
        end = start
        while end < len(lines) and lines[end]:
            end += 1
        yield from _maze_block(lines[start:end], start + 1)
        start = end


def _maze_block(lines: Sequence[str], first: int) -> Iterator[_Passage | PuzzleError]:
    """Lines without an empty one between them: one maze, or a maze a line."""
    if not any(line.strip() for line in lines):
        return
    with_end = [line for line in lines if "S" in line or "G" in line]
    with_both = [line for line in with_end if "S" in line and "G" in line]
    maze_a_line = len(with_end) > 1 and 2 * len(with_both) >= len(with_end)
    if len(lines) == 1 or maze_a_line or max(map(len, lines)) > LARGEST:
        for number, line in enumerate(lines, first):
            if len(line) > MOST_COLUMNS:
                yield _too_long(line, number)
            else:
                yield _Passage(MAZE, line.partition("\t")[0], "line", number)
        return
    for letter in "SG":
        count = sum(line.count(letter) for line in lines)
        if count > 1:
            holders = (index for index, line in enumerate(lines) for character in line if character == letter)
            second = next(islice(holders, 1, None))
            message = f"The maze has {count} {letter}. It must have one, and an empty line separates mazes."
            yield PuzzleError(message, line=first + second, column=lines[second].rfind(letter) + 1)
            return
    yield _Passage(MAZE, "\n".join(lines), "grid", first)
