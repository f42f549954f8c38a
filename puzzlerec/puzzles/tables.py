"""CSV: which column holds the puzzles, by its name or else by what is in it.

A line at a time is read, so that a stray quotation mark spoils one line only.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from puzzlerec.puzzles.grammar import MOST_COLUMNS

_QUESTIONS = {"question", "questions", "puzzle", "puzzles", "quiz", "quizzes"}
_ANSWERS = {"answer", "answers", "solution", "solutions"}
_DELIMITERS = ",\t;"
_SAMPLE = 20  # lines that tell the columns
_NAME = re.compile(r"\s*\"?[A-Za-z_][\w .()/-]*\"?\s*|\s*")

Holds = Callable[[str], bool | None]  # whether a field is a puzzle: None if it is one with nothing left to fill in


@dataclass(frozen=True)
class Table:
    """Where the puzzles of a table stand."""

    first: int  # the index of the first line after the header
    delimiter: str
    question: int  # the column, from 0
    answer: int | None = None  # that of the answers, if they are there

    def fields(self, line: str) -> list[str]:
        """The fields of one line. Raises `csv.Error`."""
        return next(csv.reader([line], delimiter=self.delimiter))


def find(lines: Sequence[str], holds: Holds) -> Table | None:
    """The table that the lines are; None for puzzles that stand in lines of their own, or first in them."""
    sample = list(islice((index for index, line in enumerate(lines) if line.strip()), _SAMPLE))
    head = sample[0]
    delimiter = next((mark for mark in _DELIMITERS if mark in lines[head]), ",")
    names = [name.strip(" \"'\t").lower() for name in lines[head][:MOST_COLUMNS].split(delimiter)]
    questions = [column for column, name in enumerate(names) if name in _QUESTIONS]
    answers = [column for column, name in enumerate(names) if name in _ANSWERS]
    if questions:
        return Table(head + 1, delimiter, questions[0], answers[0] if answers else None)
    named = all(map(_NAME.fullmatch, lines[head][:MOST_COLUMNS].split(delimiter)))
    tables = []
    for delimiter in _DELIMITERS:
        question, answer = _columns([lines[index] for index in sample], delimiter, holds)
        header = named and not any(holds(field) is not False for field in lines[head].split(delimiter))
        if question is not None and (question > 0 or header):
            tables.append(Table(head + header, delimiter, question, answer))
    return max(tables, key=lambda table: table.question, default=None)


def _columns(sample: Sequence[str], delimiter: str, holds: Holds) -> tuple[int | None, int | None]:
    """The first columns that hold questions, and answers, in half of the lines or more."""
    counts: dict[int, list[bool | None]] = {}
    for line in sample:
        try:
            fields = next(csv.reader([line[:MOST_COLUMNS]], delimiter=delimiter), [])
        except csv.Error:
            continue
        for column, text in enumerate(fields[:_SAMPLE]):
            if (held := holds(text)) is not False:
                counts.setdefault(column, []).append(held)
    holding = {column: found for column, found in sorted(counts.items()) if 2 * len(found) >= len(sample)}
    complete = [column for column, found in holding.items() if not any(found)]
    question = next((column for column in holding if column not in complete), complete[0] if complete else None)
    return question, next((column for column in complete if column != question), None)
