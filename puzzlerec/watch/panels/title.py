"""The line over a grid: the model, how it solves, and what is known of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.segment import Segment

from puzzlerec.watch.job import Job
from puzzlerec.watch.lines import spread
from puzzlerec.watch.panels.panel import Panel, count


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
        answer = recording.answer
        if answer is None:
            begun = len(recording.attempts)
            return [self.written(f"computing, attempt {begun} …" if begun > 1 else "computing …", "muted")]
        if not answer.attempts and answer.how != "exact solver":
            return [self.written(f"✗ {', '.join(answer.verdict.problems)}", "bad")]
        attempts, seconds = count(answer.attempts, "attempt"), f"{answer.seconds:.2f} s"
        if not answer.verdict.solved:
            faults = int(answer.verdict.offending.sum())
            words = f"not solved: {faults} offending cells" if faults else ", ".join(answer.verdict.problems)
            return [self.written(f"✗ {words}", "bad"), self.written(f" · {attempts} · {seconds}", "muted")]
        if answer.how == "exact solver":
            return [self.written("✓ by the exact solver", "good"), self.written(f" · after {attempts}", "muted")]
        how = "in one pass" if answer.how == "one pass" else f"at attempt {answer.attempts}"
        facts = [name for name in answer.puzzle.kind.facts if answer.verdict.facts.get(name)]
        details = [*facts, count(answer.steps, "step"), seconds]
        return [self.written(f"✓ solved {how}", "good"), *(self.written(f" · {part}", "muted") for part in details)]


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
