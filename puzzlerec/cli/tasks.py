"""ARC tasks in ``puzzlerec solve``: each is learned from its demonstrations, its tests are answered in two tries."""

from __future__ import annotations

import json
import sys
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from puzzlerec.cli.errors import INTERRUPTED, SOLVED, UNSOLVED, UNUSABLE, CommandError, in_words
from puzzlerec.cli.output import Format, opened
from puzzlerec.cli.terminal import answers, messages, printable, progress, speaks_unicode

if TYPE_CHECKING:
    from rich.console import Console

    from puzzlerec.models.system import System
    from puzzlerec.processes import Processes
    from puzzlerec.puzzles.arc.tasks import Task
    from puzzlerec.training.test_time import TaskAnswer


def are_tasks(files: Sequence[str], kind: str | None) -> bool:
    """Whether the ``files`` are ARC tasks, or folders of them. Raises `CommandError` if only some of them are."""
    from puzzlerec.puzzles import get
    from puzzlerec.puzzles.arc.tasks import holds_tasks

    if kind is not None:
        return get(kind).pairs
    # a pipe can be read but once; what is missing is said later
    found = [holds_tasks(path) for path in map(Path, files) if path.is_file() or path.is_dir()]
    if any(found) and not all(found):
        raise CommandError("ARC tasks are solved by themselves: give other puzzles in a command of their own.")
    return any(found)


def solve_tasks(
    files: Sequence[str],
    minutes: float,
    base: str,
    form: Format | None,
    output: Path | None,
    seed: int,
    processes: Processes,
) -> int:
    """Answer the tasks in ``files``, each within so many ``minutes``, from the named ``base``; the exit status.

    The ``processes`` share the tasks.
    Written as JSON, the answers are a submission in Kaggle's form.
    """
    if form is Format.svg:
        raise CommandError("Answers to ARC tasks are text, json (a submission in Kaggle's form) or jsonl, not svg.")
    faults: list[Exception] = []
    tasks = [task for file in files for task in _read(file, faults)]
    faults += [
        CommandError(f"{printable(task.id)}: The task has no tests to solve.") for task in tasks if not task.tests
    ]
    tasks = [task for task in tasks if task.tests]
    for fault in faults:
        messages.error(in_words(fault))
    repeated = [id for id, count in Counter(task.id for task in tasks).items() if count > 1]
    if repeated and form is Format.json:
        raise CommandError(f"A submission has one answer to a task, but there are two tasks {printable(repeated[0])}.")

    begins = None
    if tasks:
        from puzzlerec.training.test_time import load_base

        begins = load_base(base)
        messages.detail("The first time on a machine the network is compiled: a minute that is not counted.")
    begun, counts, interrupted = time.perf_counter(), Counter[bool | None](), False
    with opened(output if processes.leads else None) as stream:
        out = _writer(form, stream, seed, drawn=form is None and output is None and answers().is_terminal)
        try:
            with closing(processes.shared(tasks, lambda task: [_answer(task, minutes * 60, seed, begins)])) as answered:
                for found in answered:
                    messages.note(f"{printable(found.task.id)}: outputs are assumed to be {found.sizes}.")
                    counts.update(found.right(test) for test in range(len(found.task.tests)))
                    out.write(found)
        except KeyboardInterrupt:
            if not processes.leads:  # the leader has what was done
                raise
            interrupted = True
        out.close()
    if not processes.leads:
        return SOLVED
    told = [f"{counts[True]} of {sum(len(task.tests) for task in tasks)} tests solved"]
    told += [f"{counts[None]} whose output nobody told"] * bool(counts[None])
    if tasks:
        start = "Interrupted: " if interrupted else ""
        messages.note(f"{start}{', '.join(told)} in {time.perf_counter() - begun:.0f} s · seed {seed}")
    if interrupted:
        return INTERRUPTED
    if faults:
        return UNUSABLE
    return SOLVED if counts[True] == counts.total() else UNSOLVED


def _read(file: str, faults: list[Exception]) -> list[Task]:
    """The tasks in a file, in a folder or on standard input; what cannot be read is added to the ``faults``."""
    from puzzlerec.data import arc_agi
    from puzzlerec.puzzles import PuzzleError
    from puzzlerec.puzzles.arc.tasks import parse_tasks
    from puzzlerec.puzzles.generator import DatasetError

    wrong: list[PuzzleError] = []
    try:
        if file == "-":
            return parse_tasks(sys.stdin.read(), file, wrong)
        return arc_agi.tasks_at(file, wrong)
    except (PuzzleError, DatasetError) as fault:
        faults.append(fault)
        return []
    finally:
        faults += wrong


def _answer(task: Task, seconds: float, seed: int, base: System | None) -> TaskAnswer:
    """The answer to one task, learned on all cores, with a bar meanwhile."""
    import torch

    from puzzlerec.training.test_time import Progress, answer

    done = 0
    with progress(f"learning {printable(task.id)}", 100, "%") as advance:

        def told(now: Progress) -> None:
            nonlocal done
            advance(int(100 * now.share) - done)
            done = int(100 * now.share)

        return answer(task, seconds, seed, told, base=base, threads=torch.get_num_threads())


# ---- forms


class _Writer(ABC):
    """Takes the answers to one task after another."""

    @abstractmethod
    def write(self, found: TaskAnswer) -> None:
        """The next task's."""

    def close(self) -> None:  # noqa: B027
        """All that will come have come."""


def _writer(form: Format | None, stream: TextIO, seed: int, drawn: bool) -> _Writer:
    if drawn:
        return _Drawings(answers())
    if form is Format.json:
        return _Submission(stream)
    return _Objects(stream, seed) if form is Format.jsonl else _Text(stream)


class _Drawings(_Writer):
    """Each test's input and its tries, coloured, a line of words under them."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def write(self, found: TaskAnswer) -> None:
        from rich.text import Text

        from puzzlerec.puzzles.arc.look import PALETTE
        from puzzlerec.views.text import draw_pair
        from puzzlerec.views.words import ORDINALS, task_verdict

        console, unicode = self.console, speaks_unicode(self.console)
        colour = console.color_system is not None and not console.no_color
        for test, pair in enumerate(found.task.tests):
            for number, one in enumerate(found.tries[test]):
                title = f"{_place(found, test)} · {ORDINALS[number]} try, {one.support:.0%} of the votes"
                console.print(Text(title if unicode else title.replace(" · ", ", "), "bold"), soft_wrap=True)
                drawing = draw_pair(
                    pair.input, one.output, PALETTE, console.width, digits=False, colour=colour, unicode=unicode
                )
                console.print(drawing, soft_wrap=True)
            style = {True: "bold green", False: "bold red", None: "bold yellow"}[found.right(test)]
            console.print(Text(task_verdict(found, test), style), "", sep="\n", soft_wrap=True)


class _Text(_Writer):
    """Lines of words that begin with #, and of each try a row of digits a line."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, found: TaskAnswer) -> None:
        from puzzlerec.views.words import ORDINALS, task_verdict

        for test in range(len(found.task.tests)):
            print(f"# {_place(found, test)}: {task_verdict(found, test)}", file=self.stream)
            for number, one in enumerate(found.tries[test]):
                print(f"# {ORDINALS[number]} try, {one.support:.0%} of the votes", file=self.stream)
                print(*("".join(map(str, row)) for row in one.output.tolist()), sep="\n", file=self.stream)
        self.stream.flush()


class _Objects(_Writer):
    """A JSON object a test."""

    def __init__(self, stream: TextIO, seed: int) -> None:
        self.stream, self.seed = stream, seed

    def write(self, found: TaskAnswer) -> None:
        for test, pair in enumerate(found.task.tests):
            content = {
                "puzzle": "arc",
                "task": found.task.id,
                "source": found.task.source,
                "test": test + 1,
                "input": pair.input.tolist(),
                "tries": [{"output": one.output.tolist(), "support": one.support} for one in found.tries[test]],
                "solved": found.right(test),  # null: the file does not hold the output
                "sizes": found.sizes,
                "fitted": found.fitted,
                "foreseen": found.foreseen,
                "agrees": found.agrees(test),
                "networks": found.networks,
                "batches": found.batches,
                "seconds": round(found.seconds, 3),
                "seed": self.seed,
            }
            print(json.dumps(content), file=self.stream)
        self.stream.flush()


class _Submission(_Writer):
    """One object in the form of Kaggle's ``submission.json``; a test without an answer has the grid ``[[0]]``."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._tasks: dict[str, list[dict[str, list[list[int]]]]] = {}

    def write(self, found: TaskAnswer) -> None:
        from puzzlerec.puzzles.arc.tasks import attempts

        self._tasks[found.task.id] = [attempts([one.output for one in tries]) for tries in found.tries]

    def close(self) -> None:
        print(json.dumps(self._tasks), file=self.stream)


def _place(found: TaskAnswer, test: int) -> str:
    return printable(f"{found.task.id}, test {test + 1}")
