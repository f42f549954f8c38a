"""``puzzlerec watch`` without its app: where there is no terminal, with --once, and when it cannot begin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from puzzlerec.solving.trace import Trace, save

from ..cli.conftest import SOLVED_9X9, opened, run, settings_file  # noqa: F401  # fixtures

Run = Callable[..., Result]


@pytest.fixture
def easy(tmp_path: Path) -> Path:
    path = tmp_path / "easy.sdm"
    path.write_text(opened(SOLVED_9X9, 0, 13) + "\n")
    return path


def test_without_a_terminal_every_step_is_printed_as_text(run: Run, easy: Path) -> None:  # noqa: F811
    result = run("watch", easy)
    lines = result.stdout.splitlines()
    assert result.exit_code == 0 and result.stdout.isprintable() is False
    assert lines[0].startswith("step 1 of 2, supervision, attempt 1 (one pass), halting ")
    assert lines[1] == "534|678|912" and lines[-1].startswith("Solved in one pass · sudoku · 1 step")
    assert "\x1b" not in result.stdout


def test_once_prints_the_last_frame_alone(run: Run, easy: Path) -> None:  # noqa: F811
    result = run("watch", easy, "--once")
    assert result.exit_code == 0
    assert result.stdout.startswith("╭──────┬") and result.stdout.count("╭") == 1
    assert "step 1 of" not in result.stdout and "Solved in one pass" in result.stdout


def test_puzzles_come_from_standard_input_too(run: Run) -> None:  # noqa: F811
    result = run("watch", "-", "--once", input=opened(SOLVED_9X9, 5) + "\n")
    assert result.exit_code == 0 and "Solved" in result.stdout


def test_a_trace_is_replayed_without_a_model(run: Run, trace: Trace, tmp_path: Path) -> None:  # noqa: F811
    save(tmp_path / "it.h5", [trace])
    result = run("watch", tmp_path / "it.h5")
    assert result.exit_code == 0
    steps = [line for line in result.stdout.splitlines() if line.startswith("step ")]
    assert len(steps) == 7 and "attempt 2 (pin r1c2=3)" in steps[-1]


def test_a_second_model_needs_the_app(run: Run, easy: Path) -> None:  # noqa: F811
    result = run("watch", easy, "--once", "--against", "sudoku")
    assert result.exit_code == 2 and "Only the app" in result.stderr


def test_once_prints_what_the_exact_solver_found_and_lines_as_they_are_written(run: Run, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "hard.sdm"
    path.write_text(opened(SOLVED_9X9, *range(0, 60)) + "\n")
    result = run("watch", path, "--once", "--attempts", "1", "--steps", "1", "--exact")
    assert result.exit_code == 0 and "exact solver" in result.stdout and "·" not in result.stdout.split("Solved")[0]
    (tmp_path / "lines.txt").write_text("copy:a1b2=\n")
    model = Path(__file__).parents[2] / "checkpoints" / "copy"
    result = run("watch", tmp_path / "lines.txt", "--model", model, "--once")
    assert result.exit_code == 0 and "copy:a1b2=a1b2" in result.stdout


def test_what_is_not_solved_has_status_1(run: Run, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "hard.sdm"
    path.write_text("." * 81 + "\n")
    result = run("watch", path, "--once", "--attempts", "1")
    assert result.exit_code == 1 and "Not solved" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("none.sdm", None, "There is no such file"),
        ("empty.sdm", b"", "The file is empty"),
        ("short.sdm", b"123\n", "has 3 cells"),
        ("damaged.h5", b"\x89HDF\r\n\x1a\nrubbish", "truncated or damaged"),
    ],
)
def test_what_cannot_be_watched_is_named(
    run: Run,  # noqa: F811
    tmp_path: Path,
    name: str,
    content: bytes | None,
    words: str,
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    result = run("watch", path)
    assert result.exit_code == 2 and words in result.stderr and name in result.stderr


def test_a_folder_that_is_no_run_and_a_run_without_a_terminal(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "runs").mkdir()
    for path, words in ((tmp_path / "runs" / "later", "would wait for"), (tmp_path / "runs", "of training runs")):
        result = run("watch", path)
        assert result.exit_code == 2 and words in result.stderr
    (tmp_path / "notes.txt").write_text("none of ours")
    result = run("watch", tmp_path)
    assert result.exit_code == 2 and "of no training run" in result.stderr


def test_a_kind_without_a_model(run: Run, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "maze.txt"
    path.write_text("S  \n # \n  G\n")
    result = run("watch", path)
    assert result.exit_code == 2 and "no model for maze puzzles" in result.stderr


def test_a_dumb_terminal_gets_text_rather_than_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    from puzzlerec.cli.watch import _is_terminal

    for stream in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "dumb")
    assert not _is_terminal()


def test_the_screen_is_there_before_torch_is() -> None:
    code = (
        "import sys, puzzlerec.watch.app\n"
        "heavy = {'torch', 'numba', 'h5py', 'pydantic', 'safetensors'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("[watch.keys]\nplai = 'x'", "Did you mean 'play'?"),
        ("[watch]\ntheme = 'none such'", "no theme called"),
        ("[watch.themes.mine]\nprimary = 'red'", "watch.themes.mine.primary = 'red' cannot be"),
        ("[watch.themes.mine]\nprimary = '#102030'\nackcent = '#102030'", "Did you mean 'accent'?"),
    ],
)
def test_settings_that_the_app_cannot_have(
    run: Run,  # noqa: F811
    settings_file: Path,  # noqa: F811
    easy: Path,
    settings: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings_file.write_text(settings)
    monkeypatch.setattr("puzzlerec.cli.watch._is_terminal", lambda: True)
    result = run("watch", easy)
    assert result.exit_code == 2 and words in result.stderr and "config.toml" in result.stderr
