"""The line over a grid: the model, how it solves, and what is known of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.segment import Segment

from puzzlerec.views.words import count, words_of
from puzzlerec.watch.job import Job
from puzzlerec.watch.lines import spread
from puzzlerec.watch.panels.panel import Panel


class Title(Panel):
    """One line."""

    DEFAULT_CSS = """
    Title { height: 1; padding: 0 1; background: $foreground 6%; }
    """

    def show(self, job: Job) -> None:
        recording = job.recording
        name = recording.model if recording else job.model or job.puzzle.kind.name
        left = [self.written(name, "strong"), self.written(f" · {settings_in_words(job.options)}", "muted")]
        right = self._verdict(job)
        room = self.size.width - len(name) - 2
        while len(right) > 1 and _width(right) > room:
            right.pop()
        if _width(left) + _width(right) >= self.size.width:
            left.pop()
        self.put([spread(left, right, self.size.width, self.ink("text"))])

    def _verdict(self, job: Job) -> list[Segment]:
        """What is known so far, the most important first."""
        if job.state == "failed":
            return [self.written(job.problem, "bad")]
        recording = job.recording
        if job.state == "loading" or recording is None:
            return [self.written("loading the model …", "muted")]
        if recording.answer is None:
            begun = len(recording.attempts)
            return [self.written(f"computing, attempt {begun} …" if begun > 1 else "computing …", "muted")]
        words = words_of(recording.answer)
        if words.exact:
            verdict, details = f"✓ {words.how}", [f"after {words.attempts}"]
        elif words.solved:
            verdict, details = f"✓ solved {words.how}", [*words.facts, words.steps, words.seconds]
        else:
            verdict = f"✗ not solved: {words.fault}" if words.tried else f"✗ {words.fault}"
            details = [words.attempts, words.seconds] if words.tried else []
        return [
            self.written(verdict, "good" if words.solved else "bad"),
            *(self.written(f" · {detail}", "muted") for detail in details),
        ]


def settings_in_words(options: Mapping[str, Any]) -> str:
    words = [count(options.get("attempts", 1), "attempt")]
    if options.get("steps"):
        words.append(count(options["steps"], "step"))
    if not options.get("early", True):
        words.append("all steps")
    if options.get("exact"):
        words.append("then exact")
    if options.get("seed"):
        words.append(f"seed {options['seed']}")
    return " · ".join(words)


def _width(segments: list[Segment]) -> int:
    return sum(segment.cell_length for segment in segments)
