"""How lines to complete stand in a text: one a line, ``#`` starts a comment."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind
from puzzlerec.puzzles.characters.rules import ADDITION, COPY, REVERSE, Characters
from puzzlerec.puzzles.characters.tokens import LONGEST
from puzzlerec.puzzles.grammar import MOST_COLUMNS, Foreign, Grammar, Passage, too_long

_LINE = re.compile(r"\s*(?:copy:|reverse:|\d+\s*\+\s*\d|\d*\+[^=]*=)")


class CharactersGrammar(Grammar):
    """A text is of lines to complete if the first that is neither empty nor a comment is one."""

    words = "lines to complete such as 12+345="
    row_words = "a line to complete"

    def resembles(self, line: str) -> int:
        return len(line) if is_line(line) else 0

    def score(self, lines: Sequence[str]) -> float:
        first = next((line for line in lines if line.partition("#")[0].strip()), "")
        return math.inf if is_line(first) else 0

    def claims(self, line: str) -> bool:
        return is_line(line)

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        for number, line in enumerate(lines, 1):
            if len(line) > MOST_COLUMNS:
                yield too_long(line, number)
            elif other := foreign(line):
                yield PuzzleError(f"This is {other} among lines to complete: put it in a file of its own.", line=number)
            elif prompt := line.partition("#")[0].rstrip():
                yield self.field(prompt, number, 1, kind)

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        return Passage(kind or kind_of(text), text, "line", line, column)


def is_line(text: str) -> bool:
    """Whether the text begins as a line to complete does, be it faulty."""
    return _LINE.match(text[: 2 * LONGEST + 10]) is not None


def kind_of(text: str) -> Characters:
    """The kind of such a line."""
    return next((kind for kind in (COPY, REVERSE) if text.lstrip().startswith(kind.start)), ADDITION)
