"""What Tab offers, in the ways that bash, zsh and fish ask for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from puzzlerec.cli import completion


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run, a dataset and a file of puzzles."""
    (tmp_path / "runs" / "mine" / "checkpoint").mkdir(parents=True)
    (tmp_path / "runs" / "mine" / "metrics.jsonl").write_text("")
    (tmp_path / "runs" / "mine" / "checkpoint" / "config.json").write_text('{"measured": 7}')
    (tmp_path / "datasets").mkdir()
    (tmp_path / "datasets" / "sudoku-10-10.h5").write_text("")
    (tmp_path / "hard.sdm").write_text("")
    (tmp_path / "own.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def asked(line: str, shell: str) -> list[str]:
    """What a process answers to ``line`` before Tab, a word a line."""
    words = line.split(" ")
    environment = {**os.environ, "_PUZZLEREC_COMPLETE": f"complete_{shell}", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    environment |= {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    command = [sys.executable, "-c", "import sys; sys.argv[0] = 'puzzlerec'; from puzzlerec.cli import main; main()"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("puzzlerec solve --model mi", ["mine"]),
        ("puzzlerec solve h", ["hard.sdm"]),
        ("puzzlerec eval sudoku-6x6-h", ["sudoku-6x6-hrm"]),
        ("puzzlerec eval sudoku d", ["datasets/sudoku-10-10.h5", "datasets/"]),
        ("puzzlerec train sudoku-6x6-d", ["sudoku-6x6-direct", "sudoku-6x6-drm"]),
        ("puzzlerec train o", ["own.toml"]),
        ("puzzlerec compare maze-9x9-s", ["maze-9x9-sprm"]),
        ("puzzlerec plot runs/", ["runs/mine"]),
        ("puzzlerec data build jig", ["jigsaw"]),
        ("puzzlerec solve --device c", ["cpu", "cuda"]),
        ("puzzlerec watch --strategy p", ["pins"]),
    ],
)
def test_bash_is_offered_names(here: Path, line: str, offered: list[str]) -> None:
    assert asked(line, "bash") == offered


def test_zsh_and_fish_are_told_more(here: Path) -> None:
    (zsh,) = asked("puzzlerec eval sudoku-6x6-h", "zsh")
    assert '"sudoku-6x6-hrm":"94.2% of 1,000 generated puzzles"' in zsh
    assert asked("puzzlerec eval sudoku-6x6-h", "fish") == ["sudoku-6x6-hrm\t94.2% of 1,000 generated puzzles"]


def test_folders_and_files_one_by_one(here: Path) -> None:
    assert list(completion.paths("")) == ["datasets/", "hard.sdm", "own.toml", "runs/"]
    assert list(completion.paths("runs/m")) == ["runs/mine/"] and list(completion.paths("runs/mine/c")) == [
        "runs/mine/checkpoint/"
    ]
    assert list(completion.paths("nowhere/")) == [] == list(completion.paths("~nobody-by-this-name/"))


def test_completion_needs_no_torch(here: Path) -> None:
    code = (
        "import sys; from puzzlerec.cli import completion as c\n"
        "[list(offers('')) for offers in (c.models, c.recipes, c.kinds, c.datasets, c.runs)]\n"
        "print(sorted({'torch', 'pydantic', 'textual'} & set(sys.modules)))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.skipif(shutil.which("bash") is None or sys.platform == "win32", reason="there is no bash")
def test_in_bash_itself(here: Path) -> None:
    program = here / "bin" / "puzzlerec"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {sys.path!r}\nfrom puzzlerec.cli import main\nmain()\n"
    )
    program.chmod(0o755)
    script = (
        'eval "$(puzzlerec --show-completion bash)"; COMP_WORDS=(puzzlerec train sudoku-6x6-d) COMP_CWORD=2; '
        "_puzzlerec_completion puzzlerec; printf '%s\\n' \"${COMPREPLY[@]}\"; complete -p puzzlerec"
    )
    environment = {**os.environ, "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, timeout=120)
    names = done.stdout.split()
    assert names[:2] == ["sudoku-6x6-direct", "sudoku-6x6-drm"] and "_puzzlerec_completion" in names, done.stderr
