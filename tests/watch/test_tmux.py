"""The app in a real terminal: it plays a solve to the end and quits."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from puzzlerec.solving.trace import Trace, save

from ..cli.conftest import HARD_9X9, SOLVED_9X9, opened

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Terminal:
    """A tmux server of its own."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "tmux"

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-S", str(self.socket), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout

    def start(self, command: str, **environment: str) -> None:
        variables = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
        self.tmux(
            "-f",
            os.devnull,
            "new-session",
            "-d",
            "-x",
            "100",
            "-y",
            "30",
            *variables,
            f"unset COLUMNS LINES; {command}; sleep 60",
        )

    @property
    def text(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, condition: Callable[[str], bool], seconds: float = 60) -> str:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(text := self.text):
                return text
            time.sleep(0.05)
        raise AssertionError(f"it did not come about; the screen is\n{self.text}")


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    subprocess.run(["tmux", "-S", str(terminal.socket), "kill-server"], capture_output=True)


def command(tmp_path: Path, *arguments: str) -> str:
    return shlex.join([sys.executable, "-m", "puzzlerec", "watch", *arguments])


def test_a_solve_is_played_to_its_end(terminal: Terminal, shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "easy.sdm").write_text(opened(SOLVED_9X9, 0, 13) + "\n")
    watch = command(tmp_path, "--model", str(shipped / "sudoku"), "-")
    state = {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    piped = f"cat {shlex.quote(str(tmp_path / 'easy.sdm'))} | {watch}; echo status $?"
    terminal.start(piped, **state)
    shown = terminal.until(lambda text: "solved in one pass" in text and "step 1 of 2" in text)
    assert "puzzlerec" in shown and "violations" in shown and "│" in shown
    terminal.tmux("send-keys", "q")  # standard input was a pipe: keys come all the same
    terminal.until(lambda text: "status 0" in text)


def test_a_trace_is_played_step_by_step(terminal: Terminal, trace: Trace, tmp_path: Path) -> None:
    save(tmp_path / "it.h5", [trace])
    terminal.start(command(tmp_path, str(tmp_path / "it.h5")), XDG_STATE_HOME=str(tmp_path), LANG="C.UTF-8")
    terminal.until(lambda text: "step 3 of 4 · solved · attempt 2" in text)
    terminal.tmux("send-keys", "Home")
    terminal.until(lambda text: "step 1 of 4 · supervision · attempt 1" in text)
    terminal.tmux("send-keys", "q")
    terminal.until(lambda text: "step" not in text)


def test_what_is_no_text_on_the_keyboard_ends_nothing_and_ctrl_c_does(
    terminal: Terminal, trace: Trace, tmp_path: Path
) -> None:
    save(tmp_path / "it.h5", [trace])
    watch = f"{command(tmp_path, str(tmp_path / 'it.h5'))}; echo status $?"
    terminal.start(watch, XDG_STATE_HOME=str(tmp_path), LANG="C.UTF-8")
    terminal.until(lambda text: "step 3 of 4 · solved · attempt 2" in text)
    terminal.tmux("send-keys", "-H", "1b", "5b", "4d", "20", "ff", "fe")  # a mouse beyond column 95, as xterm told it
    time.sleep(0.5)
    terminal.tmux("send-keys", "-H", "e9")  # é of a Latin-1 terminal
    time.sleep(0.5)
    terminal.tmux("send-keys", "Home")
    terminal.until(lambda text: "step 1 of 4 · supervision · attempt 1" in text)
    terminal.tmux("send-keys", "C-c")
    assert "Traceback" not in terminal.until(lambda text: "status 130" in text)


@pytest.mark.parametrize(
    "seconds", [5.0, pytest.param(0.5, marks=pytest.mark.slow)]
)  # on a busy machine, on a calm one
def test_it_quits_at_once_while_it_computes(terminal: Terminal, shipped: Path, tmp_path: Path, seconds: float) -> None:
    (tmp_path / "hard.sdm").write_text(HARD_9X9 + "\n")
    solving = ("--model", str(shipped / "sudoku"), "--attempts", "100000", "--all-steps", str(tmp_path / "hard.sdm"))
    state = {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path), "OMP_NUM_THREADS": "1", "LANG": "C.UTF-8"}
    terminal.start(f"{command(tmp_path, *solving)}; echo status $?", **state)
    terminal.until(lambda text: "computing, attempt" in text)
    begun = time.monotonic()
    terminal.tmux("send-keys", "q")
    terminal.until(lambda text: "status 0" in text)
    assert time.monotonic() - begun <= seconds
