"""The line over a grid: the model, how it solves, and what is known of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.cells import cell_len

from puzzlerec.views.words import count, words_of
from puzzlerec.watch.job import Job
from puzzlerec.watch.lines import Lines, Piece, spread


class Title(Lines):
    """One line."""

    DEFAULT_CSS = """
    Title { height: 1; }
    """
    PAPER = "title"

    def show(self, job: Job) -> None:
        recording = job.recording
        name = recording.model if recording else job.model or job.puzzle.kind.name
        left = [Piece(f" {name}", "strong"), Piece(f" · {settings_in_words(job.options)}", "muted")]
        right = [Piece(" "), *self._verdict(job), Piece(" ")]
        room = self.size.width - len(name) - 1
        while len(right) > 3 and _width(right) > room:
            del right[-2]
        if _width(left) + _width(right) >= self.size.width:
            left.pop()
        self.put([spread(left, right, self.size.width)])

    def _verdict(self, job: Job) -> list[Piece]:
        """What is known so far, the most important first."""
        if job.state == "failed":
            return [Piece(job.problem, "bad")]
        recording = job.recording
        if job.state == "loading" or recording is None:
            return [Piece("loading the model …", "muted")]
        if recording.answer is None:
            begun = len(recording.attempts)
            return [Piece(f"computing, attempt {begun} …" if begun > 1 else "computing …", "muted")]
        words = words_of(recording.answer)
        if words.exact:
            verdict, details = f"✓ {words.how}", [f"after {words.attempts}"]
        elif words.solved:
            verdict, details = f"✓ solved {words.how}", [*words.facts, words.steps, words.seconds]
        else:
            verdict = f"✗ not solved: {words.fault}" if words.tried else f"✗ {words.fault}"
            details = [words.attempts, words.seconds] if words.tried else []
        return [
            Piece(verdict, "good" if words.solved else "bad"),
            *(Piece(f" · {detail}", "muted") for detail in details),
        ]


def settings_in_words(options: Mapping[str, Any]) -> str:
    words = [count(options.get("attempts", 1), "attempt")]
    if options.get("steps"):
        words.append(count(options["steps"], "step"))
    if options.get("strategy"):
        words.append(options["strategy"])
    if not options.get("early", True):
        words.append("all steps")
    if options.get("exact"):
        words.append("then exact")
    if options.get("seed"):
        words.append(f"seed {options['seed']}")
    return " · ".join(words)


def _width(pieces: list[Piece]) -> int:
    return sum(cell_len(piece.text) for piece in pieces)
