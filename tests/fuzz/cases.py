"""Runs cases and judges them."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from typer.main import get_command
from typer.testing import CliRunner, Result

import puzzlerec.session
from puzzlerec.cli import app
from puzzlerec.models import checkpoint

from .rules import is_solved
from .targets import TARGETS, Command, cases, prepare

SECONDS = 30  # that a command may take
_UNFINISHED = re.compile(r"\..*\.\d+$")  # what a file is called while it is written


class Slow(BaseException):
    """A command takes too long."""


@dataclass
class Findings:
    """What a run of cases came to."""

    statuses: dict[str, Counter[int]] = field(default_factory=dict)  # of each target, how often each exit status
    faults: list[str] = field(default_factory=list)


@contextlib.contextmanager
def workplace() -> Iterator[Callable[[str, int], tuple[Counter[int], list[str]]]]:
    """A folder with sound files; yields what runs the case ``(target, number)``: its exit statuses and its faults."""
    command = get_command(app)
    with contextlib.ExitStack() as stack:
        sound = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        stack.enter_context(contextlib.chdir(sound))
        settings = {name: value for name, value in os.environ.items() if not name.startswith("PUZZLEREC_")}
        stack.enter_context(patch.dict(os.environ, settings, clear=True))
        stack.enter_context(patch("typer.testing._get_command", lambda app: command))
        stack.enter_context(patch("puzzlerec.cli.settings.config_file", lambda: sound / "config.toml"))
        stack.enter_context(patch.object(checkpoint, "SHIPPED", (sound / "models",)))

        def made(*arguments: str | Path) -> None:
            result = _run(arguments)
            assert result.exit_code in (0, 1), result.stderr

        prepare(sound, made)
        shipped = lru_cache(maxsize=4)(puzzlerec.session.load)  # each sound checkpoint is read once
        load = puzzlerec.session.load

        def kept(name: Any, device: Any) -> Any:
            return (shipped if str(name).startswith(str(sound)) else load)(name, device)

        stack.enter_context(patch("puzzlerec.session.load", kept))

        def case(target: str, number: int) -> tuple[Counter[int], list[str]]:
            statuses: Counter[int] = Counter()
            faults: list[str] = []
            with tempfile.TemporaryDirectory() as place, contextlib.chdir(place):
                folder = Path(place)
                (folder / "tiny.toml").write_bytes((sound / "tiny.toml").read_bytes())
                for command in TARGETS[target](Random(f"{target} {number}"), sound, folder):
                    with _limited():
                        result = _run(command)
                    statuses[result.exit_code] += 1
                    faults += [f"{target} {number}: {_shown(command)}: {fault}" for fault in _faults(command, result)]
                left = [path.name for path in folder.rglob("*") if _UNFINISHED.fullmatch(path.name)]
                faults += [f"{target} {number}: left behind {name}" for name in left]
            return statuses, faults

        yield case


def run_cases(
    seconds: float, names: Sequence[str] = (), seed: int = 0, tell: Callable[[str], None] = lambda fault: None
) -> Findings:
    """Cases of the targets ``names`` in turns, numbered from ``seed`` on, for so long. ``tell`` hears every fault."""
    findings, end = Findings(), time.monotonic() + seconds
    with workplace() as case:
        for target, number in cases(names or tuple(TARGETS), seed):
            if time.monotonic() > end:
                return findings
            statuses, faults = case(target, number)
            findings.statuses.setdefault(target, Counter()).update(statuses)
            findings.faults += faults
            for fault in faults:
                tell(fault)
    raise AssertionError("there is always another case")


def _run(command: Sequence[str | Path]) -> Result:
    return CliRunner().invoke(app, [str(word) for word in command])


def _faults(command: Command, result: Result) -> Iterator[str]:
    """What is wrong with how a command ended."""
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        yield f"{type(result.exception).__name__}: {result.exception}"
        return
    told = result.stderr.strip()
    if result.exit_code not in (0, 1, 2):
        yield f"exit status {result.exit_code}: {told}"
    if "(--debug shows where)" in told:
        yield f"not in its own words: {told}"
    if "Traceback" in told:
        yield f"a traceback: {told}"
    if result.exit_code == 2 and not told:
        yield "exit status 2, and not a word"
    if any(set(text) & set("\x1b\x07\x9b") for text in (result.stdout, told)):
        yield f"speaks to the terminal: {result.stdout + told!r}"
    if command[0] == "solve":
        for line in result.stdout.splitlines():
            answer = json.loads(line)
            if answer["solved"] and "=" not in answer["input"] and not is_solved(answer["input"], answer["answer"]):
                yield f"called solved: {line}"


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    """An end to what takes too long, where the system can tell."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def late(number: int, frame: object) -> None:
        raise Slow(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    faulthandler.dump_traceback_later(2 * SECONDS, exit=True)  # of what no handler reaches
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _shown(command: Command) -> str:
    return "puzzlerec " + " ".join(word.name if isinstance(word, Path) else word for word in command)
