"""How ARC tasks stand in a text: as JSON. They are recognised, and no puzzles of one grid."""

from __future__ import annotations

from collections.abc import Sequence

from puzzlerec.puzzles.arc.tasks import is_task, parse_tasks
from puzzlerec.puzzles.base import PuzzleError
from puzzlerec.puzzles.grammar import Grammar

_TASKS = "These are ARC tasks: puzzlerec solve --puzzle arc {0} solves them, puzzlerec data show {0} draws them."


class ArcGrammar(Grammar):
    """Tasks are told by their JSON, and lines of text never are."""

    words = ""

    def refuse(self, text: str, source: str, chosen: bool) -> None:
        if chosen or is_task(text):
            parse_tasks(text, source)  # what is malformed has an error of its own
            raise PuzzleError(_TASKS.format(source if source not in ("", "-") else "FILE"), source=source)

    def resembles(self, line: str) -> int:
        return 0

    def score(self, lines: Sequence[str]) -> float:
        return 0
