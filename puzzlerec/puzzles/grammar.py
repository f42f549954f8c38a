"""How the puzzles of a family stand in a text: what `reading` asks of each family, and the usual answers.

A *grammar* tells by some lines how much they look like puzzles of its family, and cuts a text into *passages* of one
puzzle each. What a passage says is for the kind's `parse` to find out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from puzzlerec.puzzles.base import PuzzleError, PuzzleKind

MOST_COLUMNS = 160_000  # characters of a line: the largest maze, its answer and room for other columns

Foreign = Callable[[str], str]  # what a line is in words, if it can only be one of another family; else ""


@dataclass(frozen=True)
class Passage:
    """Text that should be one puzzle, and where it starts."""

    kind: PuzzleKind
    text: str
    layout: str
    line: int  # from 1
    column: int = 1
    note: str = ""  # what was assumed in reading it, such as "read . as free cells", if anything
    answer: str = ""  # the puzzle's answer, where the text has one beside it


class Grammar:
    """The forms of a family: here a puzzle a line, or a row a line and an empty line between puzzles.

    Where no ``kind`` is given, a passage is of the first of the family's kinds that can parse it.
    """

    row_words: str = ""  # what a line that the grammar claims is called: "a row of a maze"
    suffixes: frozenset[str] = frozenset()  # of files that hold nothing else, such as ".sdm"

    def __init__(self, kinds: Sequence[PuzzleKind]) -> None:
        self.kinds = tuple(kinds)

    @property
    def words(self) -> str:
        """What the family's puzzles are called, as in "Known are ..."; empty if there is no reading them."""
        return " and ".join(kind.title for kind in self.kinds)

    def refuse(self, text: str, source: str, chosen: bool) -> None:  # most have nothing to refuse
        """Raises `PuzzleError` for a whole text that is of this family and yet of no use.

        ``chosen`` says that the family was named, not guessed.
        """

    def resembles(self, line: str) -> int:
        """How many characters of puzzles of this family a line seems to hold, 0 if it looks like something else."""
        visible = "".join(line.split())
        known = any(set(visible) <= set(kind.vocabulary[1:]) for kind in self.kinds)
        return len(visible) if known else 0

    def score(self, lines: Sequence[str]) -> float:
        """How much some lines look like this family; 0 if not at all, infinite if they can be no other.

        The family with the most wins. By default two for every character of a puzzle that can be parsed: more than any
        text earns that merely has the right characters.
        """
        score = 0
        for passage in self.passages(lines, None, lambda line: ""):
            if isinstance(passage, Passage) and parses(passage.kind, passage.text):
                score += 2 * len("".join(passage.text.split()))
        return score

    def claims(self, line: str) -> bool:
        """Whether a line can be of no other family, so that others need not guess what is wrong with it."""
        return False

    def passages(
        self, lines: Sequence[str], kind: PuzzleKind | None, foreign: Foreign
    ) -> Iterator[Passage | PuzzleError]:
        """What should be puzzles of this family, all of ``kind`` if that is given, in the lines of a text."""
        for first, block in _blocks(lines):
            text = "\n".join(block)
            whole = self._kind_of(text, kind)
            if len(block) == 1:
                yield self.field(block[0], first, 1, kind)
            elif parses(whole, text) or not any(parses(self._kind_of(line, kind), line) for line in block):
                yield Passage(whole, text, whole.layouts[-1], first)
            else:
                for number, line in enumerate(block, first):
                    yield self.field(line, number, 1, kind)

    def field(self, text: str, line: int, column: int, kind: PuzzleKind | None) -> Passage | PuzzleError:
        """A puzzle that is written on one line, in a column of a table for instance, at this place in the file."""
        if len(text) > MOST_COLUMNS:
            return too_long(text, line)
        kind = self._kind_of(text, kind)
        return Passage(kind, text, kind.layouts[0], line, column)

    def _kind_of(self, text: str, kind: PuzzleKind | None) -> PuzzleKind:
        return kind or next((known for known in self.kinds if parses(known, text)), self.kinds[0])


def too_long(line: str, number: int) -> PuzzleError:
    return PuzzleError(f"The line has {len(line)} characters, too many for a puzzle.", line=number)


def parses(kind: PuzzleKind, text: str) -> bool:
    """Whether ``text`` is a puzzle of the kind, sound or not."""
    try:
        kind.parse(text)
    except PuzzleError:
        return False
    return True


def _blocks(lines: Sequence[str]) -> Iterator[tuple[int, Sequence[str]]]:
    """The lines that stand together without an empty one between them, with the number of the first, from 1."""
    start = 0
    while start < len(lines):
        end = start
        while end < len(lines) and lines[end].strip():
            end += 1
        if end > start:
            yield start + 1, lines[start:end]
        start = end + 1
