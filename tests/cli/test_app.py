"""What holds for all commands: help, version, settings, streams that close, statuses."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from .conftest import HARD_9X9, SOLVED_9X9, opened

Run = Callable[..., Result]


@pytest.fixture
def easy(tmp_path: Path) -> Path:
    path = tmp_path / "easy.sdm"
    path.write_text(opened(SOLVED_9X9, 0, 13) + "\n")
    return path


@pytest.fixture
def hard(tmp_path: Path) -> Path:
    path = tmp_path / "hard.sdm"
    path.write_text(HARD_9X9 + "\n")
    return path


# --- start --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["--help"], ["solve", "--help"], ["models", "--help"], ["eval", "-h"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from puzzlerec.cli import main\n"
        f"sys.argv = ['puzzlerec', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'numpy', 'numba', 'h5py', 'pydantic', 'textual', 'rich', 'safetensors'}\n"
        "print('heavy:', sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: puzzlerec" in done.stdout
    assert done.stdout.endswith("heavy: []\n")


def test_solving_imports_neither_compilers_nor_the_terminal_app(shipped: Path, easy: Path) -> None:
    code = (
        "import sys\n"
        "from puzzlerec.cli import main\n"
        f"sys.argv = ['puzzlerec', 'solve', {str(easy)!r}, '--model', {str(shipped / 'sudoku')!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'numba', 'h5py', 'textual', 'scipy', 'torch._dynamo', 'torch._inductor'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [SOLVED_9X9, "[]"]


@pytest.mark.parametrize(("name", "usual"), [("GOMP_SPINCOUNT", "10000"), ("OPENBLAS_NUM_THREADS", "1")])
@pytest.mark.parametrize("theirs", [None, "5"])
def test_threads_do_not_spin_for_long_unless_asked_to(name: str, usual: str, theirs: str | None) -> None:
    """The libraries read the variables once, when torch and NumPy are imported."""
    code = f"import sys, os, puzzlerec.cli\nprint(os.environ[{name!r}], {{'torch', 'numpy'}} & set(sys.modules))"
    environment = {key: value for key, value in os.environ.items() if key != name}
    environment |= {name: theirs} if theirs else {}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == [theirs or usual, "set()"]


def test_help_documents_the_exit_status(run: Run) -> None:
    for arguments in (["--help"], ["solve", "--help"]):
        text = run(*arguments).stdout
        assert all(line in text for line in ("  0    everything is solved", "  1    ", "  2    ", "  130  interrupted"))


def test_version_names_torch_and_the_device(run: Run) -> None:
    import torch

    from puzzlerec import __version__

    said = run("--version").stdout
    assert said.startswith(f"puzzlerec {__version__}, torch {torch.__version__} on ")
    assert said.count("\n") == 1


def test_a_mistyped_command_is_answered_with_the_nearest(run: Run) -> None:
    result = run("sovle")
    assert result.exit_code == 2
    assert "solve" in result.stderr and result.stdout == ""


# --- settings: command line, environment, file, default -----------------------------------------------------------


def attempts_and_seed(run: Run, *arguments: str | Path, before: tuple[str, ...] = ()) -> tuple[int, int]:
    answer = json.loads(run(*before, "solve", "--json", *arguments).stdout)
    return answer["attempts"], answer["seed"]


def test_settings_come_from_the_nearest_place(
    run: Run, hard: Path, settings_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings_file.write_text("seed = 5\n[solve]\nattempts = 2\n")
    assert attempts_and_seed(run, hard) == (2, 5)
    monkeypatch.setenv("PUZZLEREC_ATTEMPTS", "3")
    monkeypatch.setenv("PUZZLEREC_SEED", "6")
    assert attempts_and_seed(run, hard) == (3, 6)
    assert attempts_and_seed(run, hard, before=("--seed", "7")) == (3, 7)
    assert attempts_and_seed(run, hard, "--seed", "8", "--attempts", "4", before=("--seed", "7")) == (4, 8)
    assert attempts_and_seed(run, hard) == (3, 6)  # what stood before a command holds for that command alone


def test_every_command_that_solves_has_its_section(run: Run, hard: Path, settings_file: Path) -> None:
    settings_file.write_text("[watch]\nattempts = 1\nsteps = 3\n[eval]\nattempts = 2\n")
    shown = run("watch", hard).stdout
    assert "step 3 of 3" in shown and "attempt 2" not in shown
    assert json.loads(run("eval", "sudoku", hard, "--json").stdout)["settings"]["attempts"] == 2


def test_the_environment_may_name_the_model(run: Run, easy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLEREC_MODEL", "sudoku-4x4")
    assert "· sudoku-4x4 ·" in run("solve", easy).stderr
    assert run("solve", easy, "--model", "sudoku").exit_code == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[solve]\nattempt = 3", "There is no setting 'solve.attempt'. Did you mean 'attempts'?"),
        ("devise = 'cpu'", "There is no setting 'devise'. Did you mean 'device'?"),
        ("[solve]\nattempts = 0", "solve.attempts = 0 cannot be"),
        ("[solve]\nattempts = '3'", "solve.attempts = '3' cannot be"),
        ("device = 'gpu'", "device = 'gpu' cannot be"),
        ("[solve]\nexact = 'yes'", "solve.exact = 'yes' cannot be"),
        ("solve = 3", "solve = 3 cannot be"),
        ("seed = ", "this is no TOML: "),
        ("seed = 1\nseed = 2", "this is no TOML: "),
    ],
)
def test_a_faulty_settings_file_is_explained(run: Run, easy: Path, settings_file: Path, text: str, said: str) -> None:
    settings_file.write_text(text)
    result = run("solve", easy)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {settings_file}: ") and said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert run("solve", "--help").exit_code == 0


def test_a_settings_file_that_is_no_text_is_explained(run: Run, easy: Path, settings_file: Path) -> None:
    settings_file.write_bytes(b"\xff\xfe\x00")
    assert run("solve", easy).exit_code == 2
    assert str(settings_file) in run("solve", easy).stderr


def test_the_settings_file_lies_where_the_platform_wants_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from puzzlerec.cli.settings import config_file

    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        assert config_file() == tmp_path / "puzzlerec" / "config.toml"
    assert config_file().name == "config.toml"


def test_every_setting_of_a_command_is_one_of_its_options() -> None:
    """The file's names reach the commands as they are: a name that no option has would be without effect."""
    import inspect

    from puzzlerec.cli import schema
    from puzzlerec.cli.eval import evaluate
    from puzzlerec.cli.solve import solve
    from puzzlerec.cli.watch import watch

    for section, command in ((schema.Solve, solve), (schema.Watch, watch), (schema.Eval, evaluate)):
        general = schema.Settings.model_fields.keys() - {"solve", "watch", "eval"}
        look = {"theme", "themes", "keys"} if section is schema.Watch else set()  # the app's, which no option says
        assert section.model_fields.keys() - look | general <= inspect.signature(command).parameters.keys()


# --- streams ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="pipes close otherwise there")
def test_a_reader_that_leaves_early_is_no_error(shipped: Path, tmp_path: Path, easy: Path) -> None:
    many = tmp_path / "many.sdm"
    many.write_text(easy.read_text() * 300)
    command = [sys.executable, "-m", "puzzlerec", "solve", many, "--model", shipped / "sudoku", "--batch", "8"]
    solving = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert solving.stdout is not None and solving.stderr is not None
    assert solving.stdout.readline().decode() == SOLVED_9X9 + "\n"
    solving.stdout.close()
    said = solving.stderr.read().decode()
    solving.stderr.close()
    assert solving.wait(60) == 141  # which is not that of something unsolved
    assert said == ""


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.usefixtures("in_the_foreground")
def test_ctrl_c_ends_a_process_with_130_and_without_a_traceback(shipped: Path, tmp_path: Path) -> None:
    import signal

    many = tmp_path / "many.sdm"
    many.write_text(f"{opened(SOLVED_9X9, 1)}\n" * 8 + f"{HARD_9X9}\n" * 20000)
    command = [sys.executable, "-m", "puzzlerec", "solve", many, "--model", shipped / "sudoku", "--batch", "8"]
    solving = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert solving.stdout is not None
    assert [solving.stdout.readline().decode() for _ in range(8)] == [f"{SOLVED_9X9}\n"] * 8
    solving.send_signal(signal.SIGINT)
    _, err = solving.communicate(timeout=60)
    assert solving.returncode == 130
    assert re.match("Interrupted: 8 of [0-9]+ that were read solved", err.decode()) and "Traceback" not in err.decode()


def test_the_status_is_the_commands_own_wherever_ctrl_c_hit(tmp_path: Path) -> None:
    (tmp_path / "interrupted.py").write_text(
        "from typer.core import TyperGroup\n"
        "from puzzlerec.cli import main\n"
        "def command(*_, **__):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        raise SystemExit(7)\n"
        "TyperGroup.main = command\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-m", "interrupted"], cwd=tmp_path, timeout=60)
    assert done.returncode == 7
