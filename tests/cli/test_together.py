"""The commands under torchrun: two processes give the figures and bytes of one, and end together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from .conftest import SOLVED_4X4, opened

EASY = [opened(SOLVED_4X4, *(place % 16 for place in range(blank, blank + 9))) for blank in range(24)]


@pytest.fixture
def puzzles(tmp_path: Path) -> Path:
    path = tmp_path / "small.txt"
    path.write_text("\n".join([*EASY[:20], "1122............", *EASY[20:]]) + "\n")  # of which one cannot be solved
    return path


def started(*arguments: str | Path) -> list[subprocess.Popen[str]]:
    """A command in two processes that are told of each other as torchrun does it."""
    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        port = some.getsockname()[1]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    return [
        subprocess.Popen(
            [sys.executable, "-m", "puzzlerec", *map(str, arguments)],
            env=os.environ | common | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for rank in range(2)
    ]  # fmt: skip


def ended(processes: list[subprocess.Popen[str]]) -> tuple[tuple[int, str, str], tuple[int, str, str]]:
    """Status, output and messages of the leading process and of the other one."""
    told = [process.communicate(timeout=120) for process in processes]
    leader, other = ((one.returncode, *text) for one, text in zip(processes, told, strict=True))
    return leader, other  # type: ignore[return-value]


def alone(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "puzzlerec", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def test_solve_prints_the_bytes_of_one_process_and_ends_as_it_does(puzzles: Path) -> None:
    command = ("solve", puzzles, "--batch", "3")
    one = alone(*command)
    leader, other = ended(started(*command))
    assert leader[:2] == (one.returncode, one.stdout) and one.returncode == 1
    assert "24 of 25 solved" in leader[2]
    assert other == (0, "", "")


def test_eval_finds_what_one_process_finds_and_the_leader_writes(puzzles: Path, tmp_path: Path) -> None:
    command = ("eval", "sudoku-4x4", puzzles, "--batch", "3", "--attempts", "2", "--curve", "--json")
    figure, rows = tmp_path / "curve.svg", tmp_path / "rows.jsonl"
    one = alone(*command)
    leader, other = ended(started(*command, "--figure", figure, "--rows", rows))
    found, wanted = json.loads(leader[1]), json.loads(one.stdout)
    del found["seconds"], wanted["seconds"]
    assert leader[0] == 0 and found == wanted and found["puzzles"] == 24
    assert other == (0, "", "")
    assert figure.exists() and len(rows.read_text().splitlines()) == 25


def test_data_build_writes_the_bytes_of_one_process(tmp_path: Path) -> None:
    command = ("data", "build", "addition", "--train", "300", "--test", "200", "--out")
    assert alone(*command, tmp_path / "one.h5", "--workers", "1").returncode == 0
    leader, other = ended(started(*command, tmp_path / "two.h5"))
    assert leader[:2] == (0, f"{tmp_path / 'two.h5'}\n") and other == (0, "", "")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="torchrun's signals are those of POSIX")
@pytest.mark.parametrize(
    ("rank", "number", "status"),
    [
        (1, signal.SIGINT, 130),
        pytest.param(0, signal.SIGTERM, 143, marks=pytest.mark.slow),
        pytest.param(1, signal.SIGTERM, 143, marks=pytest.mark.slow),
    ],
)
@pytest.mark.usefixtures("in_the_foreground")
def test_a_signal_to_one_process_ends_all_without_a_traceback(
    tmp_path: Path, rank: int, number: signal.Signals, status: int
) -> None:
    many = tmp_path / "many.txt"
    many.write_text("\n".join(EASY * 1000) + "\n")
    processes = started("solve", many, "--batch", "2", "--output", tmp_path / "answers.txt")
    answers = tmp_path / f".answers.txt.{processes[0].pid}"
    while not (answers.exists() and answers.stat().st_size):  # until they are at work
        time.sleep(0.05)
        assert processes[0].poll() is None
    processes[rank].send_signal(number)
    leader, other = ended(processes)
    assert leader[0] == status and other[0] == 0
    assert "Traceback" not in leader[2] + other[2]


@pytest.mark.slow
def test_torchrun_starts_them(puzzles: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--standalone"]
    command = [*launcher, "-m", "puzzlerec", "solve", str(puzzles), "--batch", "3", "--puzzle", "sudoku-4x4"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    assert (done.returncode, done.stdout) == (1, alone("solve", puzzles, "--batch", "3").stdout)


def test_what_several_processes_cannot_do_is_said(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from puzzlerec.processes import Processes

    monkeypatch.setattr("puzzlerec.cli.together.launched", lambda: (0, 2))
    monkeypatch.setattr(Processes, "__enter__", lambda self: self)
    monkeypatch.setattr(Processes, "__exit__", lambda *_: None)
    monkeypatch.setattr(Processes, "told", lambda self, value: value)
    result = run("solve", "-", input=EASY[0])
    assert result.exit_code == 2 and "Standard input cannot be read by several processes" in result.stderr
    result = run("data", "build", "copy", "--workers", "2", "--out", tmp_path / "copy.h5")
    assert result.exit_code == 2 and "leave workers out" in result.stderr


def test_an_evaluation_goes_on_where_it_was_interrupted(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, puzzles: Path
) -> None:
    from puzzlerec.solving.solver import Solver

    solve, solved = Solver.solve, []

    def once(self, some, *more):  # type: ignore[no-untyped-def]
        solved.extend(some)
        if len(solved) == 15:
            raise KeyboardInterrupt
        yield from solve(self, some, *more)

    command = ("eval", "sudoku-4x4", puzzles, "--batch", "5", "--json")
    whole = json.loads(run(*command).stdout)
    monkeypatch.setattr(Solver, "solve", once)
    assert run(*command, "--rows", "rows.jsonl").exit_code == 130
    assert len(solved) == 15
    result = run(*command, "--rows", "rows.jsonl")
    found = json.loads(result.stdout)
    assert result.exit_code == 0 and len(solved) == 15 + 14, "the ten of whole batches are not measured again"
    del found["seconds"], whole["seconds"]
    assert found == whole
    result = run(*command, "--rows", "rows.jsonl", "--attempts", "3")
    assert (result.exit_code, result.stdout) == (2, "") and "rows with attempts 1, not 3" in result.stderr
