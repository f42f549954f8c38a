"""Puzzles from files and streams whose form is recognised.

The text of a file may be lines and grids, which the grammars of the families of puzzles know (see `grammar`), or CSV: a
header that names a column ``question``, ``puzzle`` or ``quizzes``, and a puzzle in it on every line, other columns
being ignored. Text is UTF-8, or UTF-16 with its byte order mark; all line ends are understood.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from puzzlerec.puzzles.base import Puzzle, PuzzleError, PuzzleKind
from puzzlerec.puzzles.grammar import MOST_COLUMNS, Grammar, Passage, too_long
from puzzlerec.puzzles.registry import GRAMMARS, get

MOST_BYTES = 128 * 2**20  # several hundred thousand puzzles; each takes about half a kilobyte of memory
MOST_ERRORS = 1000

_QUESTION_COLUMNS = {"question", "questions", "puzzle", "puzzles", "quiz", "quizzes"}
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


class _Reader:
    def __init__(self, source: str, kind: PuzzleKind | None) -> None:
        self.source, self.kind = source, kind
        if kind is None:
            self._grammars = list(GRAMMARS.values())
        else:
            self._grammars = [GRAMMARS.get(kind.family) or Grammar([kind])]

    def read(self, text: str) -> Reading:
        self._refuse_json(text)
        lines = text.split("\n")
        header = next(index for index, line in enumerate(lines) if line.strip())
        delimiter = next((mark for mark in ",\t;" if mark in lines[header]), ",")
        names = [name.strip(" \"'\t").lower() for name in lines[header][:MOST_COLUMNS].split(delimiter)]
        position = next((index for index, name in enumerate(names) if name in _QUESTION_COLUMNS), None)
        if position is None:
            passages = self._passages(lines)
        else:
            passages = self._csv(lines, header, delimiter, position)
        reading = self._parsed(passages)
        if not reading.puzzles and not reading.errors:
            raise PuzzleError(f"There is no puzzle in the file. {_known()}.", source=self.source)
        return reading

    def _refuse_json(self, text: str) -> None:
        for grammar in GRAMMARS.values():
            grammar.refuse(text, self.source, self.kind is not None and grammar in self._grammars)
        start = text.lstrip()[:2000]
        if self.source.lower().endswith(".json") or re.match(r'\{\s*["}]|\[\s*[\[{"\d\]]', start):
            raise PuzzleError(f"JSON is no form that puzzles are read from. {_known()}.", source=self.source)

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

    def _passages(self, lines: Sequence[str]) -> Iterator[Passage | PuzzleError]:
        own = self._grammar(lines)
        others = [grammar for grammar in GRAMMARS.values() if grammar is not own]

        def foreign(line: str) -> str:
            return next((grammar.row_words for grammar in others if grammar.claims(line)), "")

        return own.passages(lines, self.kind, foreign)

    def _csv(self, lines: list[str], header: int, delimiter: str, position: int) -> Iterator[Passage | PuzzleError]:
        """One field a line. Every line is read by itself, so that a stray quotation mark spoils one line only."""
        fields: list[tuple[int, str]] = []
        for number, line in enumerate(lines[header + 1 :], header + 2):
            if not line.strip():
                continue
            if len(line) > MOST_COLUMNS:
                yield too_long(line, number)
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
        grammar = self._grammar([text for _, text in fields])
        for number, text in fields:
            column = max(lines[number - 1].find(text), 0) + 1
            if text.strip():
                yield grammar.field(text, number, column, self.kind)
            else:
                yield PuzzleError("The puzzle's column is empty.", line=number, column=column)

    def _parsed(self, passages: Iterable[Passage | PuzzleError]) -> Reading:
        reading = Reading()
        unlisted = 0
        for passage in passages:
            fault = passage if isinstance(passage, PuzzleError) else self._parse_into(reading.puzzles, passage)
            if fault is None:
                if isinstance(passage, Passage) and passage.note and passage.note not in reading.notes:
                    reading.notes.append(passage.note)
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

    def _parse_into(self, puzzles: list[Puzzle], passage: Passage) -> PuzzleError | None:
        """Adds the passage's puzzle or returns what is wrong with it, placed in the file."""
        kind = passage.kind
        try:
            puzzles.append(Puzzle(kind, kind.parse(passage.text), passage.layout, self.source, passage.line))
        except PuzzleError as error:
            line = passage.line + max(error.line, 1) - 1
            column = error.column
            if column and error.line == 1:
                column += passage.column - 1
            return PuzzleError(error.message, line=line, column=column)
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
    return f"Known are {what}, as lines, as grids and as CSV with a column 'question' or 'puzzle'"
