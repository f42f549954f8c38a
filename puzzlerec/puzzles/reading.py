"""Puzzles from files and streams whose form is recognised.

The text of a file may be lines and grids, which the grammars of the families of puzzles know (see `grammar`), a table
with a puzzle on every line (`tables`), or lists and XML that hold some (`documents`). Text is UTF-8, UTF-16 with its
byte order mark, or else Latin-1; all line ends are understood.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import IO

import numpy as np

from puzzlerec.puzzles import documents, tables
from puzzlerec.puzzles.base import Puzzle, PuzzleError, PuzzleKind
from puzzlerec.puzzles.documents import Piece
from puzzlerec.puzzles.grammar import MOST_COLUMNS, Grammar, Passage, too_long
from puzzlerec.puzzles.registry import GRAMMARS, get
from puzzlerec.puzzles.tables import Table

MOST_BYTES = 128 * 2**20  # of a whole file: several hundred thousand puzzles, half a kilobyte of memory each
MOST_ERRORS = 1000
FIRST_BYTES = 4096  # that tell what a file holds, where the rest is not waited for
PIECE_BYTES = 65536  # of a file, at once
LONGEST_GRID = 64  # lines: what begins nearer to the end of what has come may look otherwise with what follows

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x19\x1b-\x1f\x7f-\x84\x86-\x9f]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE = 200  # lines that decide what a file holds


@dataclass(frozen=True)
class Reading:
    """The puzzles of a source, in its order, what of it could not be read, and what was assumed in reading it."""

    puzzles: list[Puzzle] = field(default_factory=list)
    errors: list[PuzzleError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # in words, each once, such as "read . as free cells"


def read(file: str | Path | IO[str] | IO[bytes], kind: PuzzleKind | str | None = None, source: str = "") -> Reading:
    """All puzzles in ``file``, a path, ``"-"`` for standard input, or an open stream of text or bytes.

    ``kind`` (or its name) is what to read the text as; without it the text decides, and kinds of one family may mix.
    ``source`` is what errors call the file, its own name by default. A faulty line or grid becomes one of
    `Reading.errors` and leaves the others as they are. Raises `PuzzleError` if the file as a whole
    cannot be used: missing, unreadable, empty, too large, not text, or of no known form.
    """
    with _opened(file, source) as (stream, source):
        return _Reader(source, kind).whole("".join(text for text, _ in _pieces(stream, source, MOST_BYTES + 1)))


def readings(
    file: str | Path | IO[str] | IO[bytes], kind: PuzzleKind | str | None = None, source: str = ""
) -> Iterator[Reading]:
    """What `read` finds, as it comes: of lines and grids, whose length is not limited, some at a time.

    What a file holds is told by how it begins. Raises `PuzzleError` as `read` does.
    """
    with _opened(file, source) as (stream, source):
        yield from _Reader(source, kind).parts(_pieces(stream, source, FIRST_BYTES))


@contextmanager
def _opened(file: str | Path | IO[str] | IO[bytes], source: str) -> Iterator[tuple[IO[str] | IO[bytes], str]]:
    """The stream that ``file`` names or is, and what to call it; what fails as it is read is a `PuzzleError`."""
    if file == "-":
        file, source = getattr(sys.stdin, "buffer", sys.stdin), source or "-"
    name = str(file) if isinstance(file, str | Path) else getattr(file, "name", "")
    source = source or (name if isinstance(name, str) else "")
    try:
        if isinstance(file, str | Path):
            with Path(file).open("rb") as stream:
                yield stream, source
        else:
            yield file, source
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


def _pieces(stream: IO[str] | IO[bytes], source: str, first: int) -> Iterator[tuple[str, bool]]:
    """The text, line ends as ``\\n``, cut behind some of them; with each piece whether it is the last.

    The first has about ``first`` bytes, the others what there is to be read. What is not lines of bytes comes whole.
    """
    content = stream.read(first)
    more = getattr(stream, "read1", stream.read)  # what has come, if it can be told
    last = isinstance(content, str) or len(content) < first or content.startswith(_UTF_16)
    if last:
        content += stream.read(MOST_BYTES + 1 - len(content))  # type: ignore[operator]
    empty = True
    while True:
        if len(content) > MOST_BYTES:
            raise PuzzleError(f"The file is larger than {MOST_BYTES // 2**20} MiB; split it.", source=source)
        cut = len(content) if isinstance(content, str) or last else content.rfind(b"\n") + 1
        if cut or last:
            text = content if isinstance(content, str) else _decoded(content[:cut])
            text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
            if last:
                text = text.rstrip("\x1a")  # DOS's end of file
            if "\0" in text:
                raise PuzzleError("The file is binary, not text; give puzzles as plain text.", source=source)
            empty = empty and not text.strip()
            if last and empty:
                raise PuzzleError("The file is empty; it should hold a puzzle.", source=source)
            yield text, last
        if last:
            return
        following = more(PIECE_BYTES)
        last = not following
        content = content[cut:] + following  # type: ignore[operator]


def _decoded(content: bytes) -> str:
    if content.startswith(_UTF_16):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        latin = content.decode("latin-1")
        if _CONTROLS.search(latin):  # no text at all
            raise
        return latin


class _Reader:
    def __init__(self, source: str, kind: PuzzleKind | str | None) -> None:
        self.source, self.kind = source, get(kind) if isinstance(kind, str) else kind
        self._reading = Reading()  # what has been found since the last one was handed out
        self._notes: set[str] = set()
        self._puzzles = self._faults = 0
        self._offset = 0  # lines before those that are being read
        if self.kind is None:
            self._grammars = list(GRAMMARS.values())
        else:
            self._grammars = [GRAMMARS.get(self.kind.family) or Grammar([self.kind])]

    def whole(self, text: str) -> Reading:
        """All that is in ``text``."""
        for grammar in GRAMMARS.values():
            grammar.refuse(text, self.source, self.kind is not None and grammar in self._grammars)
        pieces = documents.pieces(text, self.source)
        if pieces is not None:
            self._read_pieces(pieces)
        else:
            self._take(self._items(lines := text.split("\n"), self._form(lines)))
        return self._last()

    def parts(self, pieces: Iterator[tuple[str, bool]]) -> Iterator[Reading]:
        """What is in the pieces of a source: of each what no further line can change."""
        begin, whole = first = next(pieces)
        if whole or documents.may_be_one(begin, self.source):
            yield self.whole(begin + "".join(text for text, _ in pieces))
            return
        lines: list[str] = []
        told: Table | Grammar | None = None
        enough = 0  # lines to look at
        for text, last in chain([first], pieces):
            lines += text.split("\n") if last else text.split("\n")[:-1]
            if not any(line.strip() for line in lines) or (len(lines) < enough and not last):
                continue
            form = told or self._form(lines)
            items = list(self._items(lines, form))
            complete = len(items) if last or isinstance(form, Table) else _complete(items, len(lines))
            enough = 0 if complete else 2 * len(lines)
            if complete:
                cut = items[complete].line - 1 if complete < len(items) else len(lines)
                self._take(items[:complete])
                yield self._reading
                self._reading = Reading()
                lines, self._offset = lines[cut:], self._offset + cut
                told = replace(form, first=0) if isinstance(form, Table) else form
        yield self._last()

    def _form(self, lines: Sequence[str]) -> Table | Grammar:
        """What the lines are."""
        return tables.find(lines, self._held) or self._grammar(lines)

    def _items(self, lines: Sequence[str], form: Table | Grammar) -> Iterator[Passage | PuzzleError]:
        return self._column(lines, form) if isinstance(form, Table) else self._passages(lines, form)

    def _last(self) -> Reading:
        """What is left to hand out at the end of the source."""
        if self._faults > MOST_ERRORS:
            message = f"{self._faults - MOST_ERRORS} more puzzles cannot be read. Is this a file of puzzles?"
            self._reading.errors.append(PuzzleError(message, source=self.source))
        if not self._puzzles and not self._faults:
            raise PuzzleError(f"There is no puzzle in the file. {_known()}.", source=self.source)
        return self._reading

    def _grammar(self, texts: Sequence[str]) -> Grammar:
        """Whose puzzles the lines, or fields of a table, hold."""
        if len(self._grammars) == 1:
            return self._grammars[0]
        sample = _sample(texts, self._grammars)
        scores = [grammar.score(sample) for grammar in self._grammars]
        best = self._grammars[scores.index(max(scores))]
        suffix = Path(self.source).suffix.lower()
        named = [grammar for grammar in self._grammars if suffix in grammar.suffixes]
        if named and max(scores) < math.inf:
            return named[0]
        if not max(scores):
            raise PuzzleError(
                f"No puzzle is recognised in the file. {_known()}; name the kind if it is one.", source=self.source
            )
        return best

    def _passages(self, lines: Sequence[str], own: Grammar) -> Iterator[Passage | PuzzleError]:
        others = [grammar for grammar in GRAMMARS.values() if grammar is not own]

        def foreign(line: str) -> str:
            return next((grammar.row_words for grammar in others if grammar.claims(line)), "")

        return own.passages(lines, self.kind, foreign)

    def _read_pieces(self, pieces: Sequence[Piece]) -> None:
        """What a document holds; if that is no puzzle, the document is the fault, and not each of its pieces."""
        try:
            grammar = self._grammar([line for piece in pieces for line in piece.lines])
            for piece in pieces:
                self._take(self._passages(piece.lines, grammar), piece.places)
        except PuzzleError as error:
            raise PuzzleError(
                f"No puzzle is recognised in this JSON, print-out or XML. {_known()}.", source=self.source
            ) from error
        if not self._reading.puzzles and self._reading.errors:
            first = self._reading.errors[0]
            message = f"This JSON, print-out or XML holds no puzzle. The first fault: {first.message}"
            raise PuzzleError(message, source=self.source, line=first.line)

    def _held(self, text: str) -> tuple[PuzzleKind, np.ndarray] | None:
        """The puzzle in a field of a table, if there is one."""
        for grammar in self._grammars:
            passage = grammar.field(text, 1, 1, self.kind) if grammar.words and text.strip() else None
            if isinstance(passage, Passage):
                question = _parsed(passage.kind, passage.text)
                if question is not None:
                    return passage.kind, question
        return None

    def _column(self, lines: Sequence[str], table: Table) -> Iterator[Passage | PuzzleError]:
        """One field a line."""
        fields: list[tuple[int, str, str]] = []
        for number, line in enumerate(lines[table.first :], table.first + 1):
            if not line.strip() or (line.startswith("#") and table.delimiter not in line):  # empty, or a comment
                continue
            if len(line) > MOST_COLUMNS:
                yield too_long(line, number)
                continue
            try:
                row = table.fields(line)
            except csv.Error as error:
                yield PuzzleError(f"The line is no CSV: {error}.", line=number)
                continue
            if table.question >= len(row):
                columns = "1 column" if len(row) == 1 else f"{len(row)} columns"
                message = f"The line has {columns}; the puzzle should be in number {table.question + 1}."
                yield PuzzleError(message, line=number)
                continue
            answer = "" if table.answer is None else "".join(row[table.answer : table.answer + 1])
            fields.append((number, row[table.question], answer))
        if not fields:
            return
        grammar = self._grammar([text for _, text, _ in fields])
        for number, text, answer in fields:
            column = max(lines[number - 1].find(text), 0) + 1
            if text.strip():
                passage = grammar.field(text, number, column, self.kind)
                yield replace(passage, answer=answer) if isinstance(passage, Passage) else passage
            else:
                yield PuzzleError("The puzzle's column is empty.", line=number, column=column)

    def _take(self, passages: Iterable[Passage | PuzzleError], places: Sequence[int] = ()) -> None:
        """Parses passages. ``places`` are the lines of the file that theirs come from, if they are not the same."""
        for passage in passages:
            fault = passage if isinstance(passage, PuzzleError) else self._parse(passage, places)
            if fault is None:
                continue
            self._faults += 1
            if self._faults <= MOST_ERRORS:
                line = self._placed(fault.line, places)
                self._reading.errors.append(
                    PuzzleError(fault.message, source=self.source, line=line, column=0 if places else fault.column)
                )

    def _parse(self, passage: Passage, places: Sequence[int]) -> PuzzleError | None:
        """Adds the passage's puzzle or returns what is wrong with it, placed in the file."""
        kind, line = passage.kind, self._placed(passage.line, places)
        try:
            question = kind.parse(passage.text)
        except PuzzleError as error:
            column = error.column
            if column and error.line == 1:
                column += passage.column - 1
            return PuzzleError(error.message, line=passage.line + max(error.line, 1) - 1, column=column)
        answer = _parsed(kind, passage.answer)
        self._reading.puzzles.append(Puzzle(kind, question, passage.layout, self.source, line, answer=answer))
        self._puzzles += 1
        if passage.note and passage.note not in self._notes:
            self._notes.add(passage.note)
            self._reading.notes.append(passage.note)
        return None

    def _placed(self, line: int, places: Sequence[int]) -> int:
        return places[line - 1] if places else self._offset + line


def _complete(items: Sequence[Passage | PuzzleError], lines: int) -> int:
    """How many of the first ``items`` of so many lines stay what they are, whatever lines follow."""
    for index, item in enumerate(items):
        on_a_line = isinstance(item, Passage) and item.layout == "line"
        following = items[index + 1].line if index + 1 < len(items) else lines + 1
        if following > (lines if on_a_line else lines - LONGEST_GRID):
            return index
    return len(items)


def _parsed(kind: PuzzleKind, text: str) -> np.ndarray | None:
    """An answer; None if there is none, or none that can be read."""
    try:
        return kind.parse(text) if text.strip() else None
    except PuzzleError:
        return None


def _sample(texts: Sequence[str], grammars: Sequence[Grammar]) -> Sequence[str]:
    """The first of the texts, until enough of them look like somebody's puzzles."""
    decisive = 0
    for index, text in enumerate(texts):
        decisive += any(grammar.resembles(text) for grammar in grammars)
        if decisive == _SAMPLE:
            return texts[: index + 1]
    return texts


def _known() -> str:
    """The forms that are known, in words."""
    *words, last = (grammar.words for grammar in GRAMMARS.values() if grammar.words)
    what = f"{', '.join(words)} and {last}" if words else last
    return f"Known are {what}, as lines, as grids, as lists and as CSV"
