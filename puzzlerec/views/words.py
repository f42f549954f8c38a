"""Verdicts in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from puzzlerec.puzzles import NO_SOLUTION, Verdict

if TYPE_CHECKING:
    from puzzlerec.solving.answer import Answer
    from puzzlerec.training.test_time import TaskAnswer

ORDINALS = ("first", "second")  # tries at a test of a task


@dataclass(frozen=True)
class Words:
    """What there is to say of an answer, for whoever puts it into a line."""

    solved: bool
    tried: bool  # whether a model or a search was asked at all, or the question itself broke the rules
    exact: bool  # whether the exact solver found it
    how: str  # "in one pass", "at attempt 3 of 4 (copies)"; "" if unsolved
    fault: str  # what is wrong, in a line; "" if solved
    short: str  # the same, shorter, as `in_short` has it
    facts: tuple[str, ...]  # of a solved one: "valid", "optimal", "112 moves", "one of several solutions"
    attempts: str  # "1 attempt"
    steps: str  # "16 steps"
    seconds: str  # "0.50 s"


def words_of(answer: Answer) -> Words:
    """The verdict on an answer and how it came about."""
    verdict = answer.verdict
    solved, exact = verdict.solved, answer.how == "exact solver"
    how = "in one pass" if answer.how == "one pass" else f"{_at_attempt(answer)} ({answer.how})"
    return Words(
        solved=solved,
        tried=answer.tried,
        exact=exact,
        how=("by the exact solver" if exact else how) if solved else "",
        fault="" if solved else _fault(verdict, answer.tried),
        short=in_short(verdict),
        facts=_facts(answer) if solved else (),
        attempts=count(answer.attempts, "attempt"),
        steps=count(answer.steps, "step"),
        seconds=f"{answer.seconds:.2f} s",
    )


def verdict_line(answer: Answer, separator: str = " · ") -> tuple[str, str]:
    """The verdict and how it came about, as (what matters, the rest)."""
    words = words_of(answer)
    if not words.tried:
        return f"Cannot be solved: {words.fault}", ""
    details = [answer.model] * bool(answer.model) + [words.steps, words.seconds]
    if not words.solved:
        return f"Not solved: {words.fault}", separator + separator.join([words.attempts, *details])
    how = f"{words.how}, after {words.attempts} of {answer.model}" if words.exact else words.how
    head = separator.join([f"Solved {how}", *words.facts])
    return head, separator + separator.join([words.steps, words.seconds] if words.exact else details)


def in_short(verdict: Verdict) -> str:
    """A verdict in a few words: "solved", "2 cells at fault", or else what is wrong."""
    if verdict.solved:
        return "solved"
    faults = int(verdict.offending.sum())
    return f"{count(faults, 'cell')} at fault" if faults else "; ".join(verdict.problems)


def printable(text: str) -> str:
    """``text`` from anybody's file without control codes and whatever else neither XML nor a terminal should meet."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)


def count(number: int, what: str) -> str:
    """So many of a thing: "1 step", "2 steps"."""
    return f"{number} {what}{'s' if number != 1 else ''}"


def _fault(verdict: Verdict, asked: bool) -> str:
    """The one fault that an answer has, or else how many cells are wrong."""
    offending, problems = int(verdict.offending.sum()), verdict.problems
    if NO_SOLUTION in problems:
        return NO_SOLUTION
    if len(problems) > 1 and offending and asked:
        return f"{offending} offending cells"
    return ", ".join(problems)


def _at_attempt(answer: Answer) -> str:
    """Which attempt it was, and of how many: some that run beside it begin after it."""
    number = answer.attempt or answer.attempts
    return f"at attempt {number}" + f" of {answer.attempts}" * (number < answer.attempts)


def _facts(answer: Answer) -> tuple[str, ...]:
    verdict, puzzle = answer.verdict, answer.puzzle
    facts = [name for name in puzzle.kind.facts if verdict.facts.get(name)]
    if "length" in verdict.facts:
        facts.append(f"{verdict.facts['length']} moves")
    if verdict.problems:
        facts += verdict.problems
    elif puzzle.kind.check_question(puzzle.question).facts.get("too_few_givens"):
        facts.append("one of several solutions")
    return tuple(facts)


def task_verdict(found: TaskAnswer, test: int) -> str:
    """What is known of the tries at a test of a task, in a sentence."""
    if not found.tries[test]:
        return "Not solved: no answer has a size that is possible."
    learned = f"{found.fitted:.0%} of the demonstrations' views were learned"
    if found.foreseen is not None:
        learned += f", {found.foreseen:.0%} of one foreseen"
    right = found.right(test)
    if right is None:
        return f"Not confirmed: the file does not hold the output; {learned}."
    if not right:
        return f"Not solved: neither try is the output; {learned}."
    import numpy as np

    known = found.task.tests[test].known
    number = [np.array_equal(one.output, known) for one in found.tries[test]].index(True)
    return f"Solved: the {ORDINALS[number]} try is the output; {learned}."
