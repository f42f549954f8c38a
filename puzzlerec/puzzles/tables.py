"""CSV: which column holds the puzzles, by its name or else by what is in it.

A line at a time is read, so that a stray quotation mark spoils one line only.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, permutations

import numpy as np

from puzzlerec.puzzles.base import PuzzleKind
from puzzlerec.puzzles.grammar import MOST_COLUMNS

_QUESTIONS = {"question", "questions", "puzzle", "puzzles", "quiz", "quizzes"}
_ANSWERS = {"answer", "answers", "solution", "solutions", "solved"}
_DELIMITERS = ",\t;"
_SAMPLE = 20  # lines that tell the columns
_NAME = re.compile(r"\s*\"?[A-Za-z_][\w .()/-]*\"?\s*|\s*")

Held = Callable[[str], tuple[PuzzleKind, np.ndarray] | None]  # the puzzle that a field is, if it is one


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


def find(lines: Sequence[str], held: Held) -> Table | None:
    """The table that the lines are; None for puzzles that stand in lines of their own, or first in them."""
    sample = list(islice((index for index, line in enumerate(lines) if line.strip()), _SAMPLE))
    head = sample[0]
    delimiter = next((mark for mark in _DELIMITERS if mark in lines[head]), ",")
    names = [name.strip(" \"'\t").lower() for name in lines[head][:MOST_COLUMNS].split(delimiter)]
    questions = [column for column, name in enumerate(names) if name in _QUESTIONS]
    told = next((column for column, name in enumerate(names) if name in _ANSWERS), None)  # where the answers are
    if questions:
        return Table(head + 1, delimiter, questions[0], told)
    named = all(map(_NAME.fullmatch, lines[head][:MOST_COLUMNS].split(delimiter)))
    tables = []
    for delimiter in _DELIMITERS:
        question, answer = _columns([lines[index] for index in sample], delimiter, held)
        header = named and not any(map(held, lines[head].split(delimiter)))
        if question is not None and (question > 0 or header or answer is not None):
            tables.append(Table(head + header, delimiter, question, told if answer is None else answer))
    return max(tables, key=lambda table: table.question, default=None)


def _columns(sample: Sequence[str], delimiter: str, held: Held) -> tuple[int | None, int | None]:
    """The columns of questions and of answers: one solves the other in half of the lines or more.

    Else the first column that holds puzzles in so many lines, and no answers.
    """
    holding: Counter[int] = Counter()
    solving: Counter[tuple[int, int]] = Counter()
    for line in sample:
        try:
            fields = next(csv.reader([line[:MOST_COLUMNS]], delimiter=delimiter), [])
        except csv.Error:
            continue
        puzzles = {column: puzzle for column, text in enumerate(fields[:_SAMPLE]) if (puzzle := held(text))}
        holding.update(list(puzzles))
        solving.update(pair for pair in permutations(puzzles, 2) if _solves(*map(puzzles.__getitem__, pair)))
    pairs = [pair for pair, count in solving.items() if 2 * count >= len(sample)]
    columns = [column for column, count in holding.items() if 2 * count >= len(sample)]
    return min(pairs, default=(min(columns, default=None), None))


def _solves(question: tuple[PuzzleKind, np.ndarray], answer: tuple[PuzzleKind, np.ndarray]) -> bool:
    """Whether one puzzle is the answer to another, which is more than the same again."""
    (kind, asked), (other, filled) = question, answer
    if kind != other or asked.shape != filled.shape or (asked == filled).all():
        return False
    return kind.check(asked, filled).solved
