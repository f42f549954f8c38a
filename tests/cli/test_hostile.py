"""Whatever a file says, it does not speak to the terminal, nor choose where something is written."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from puzzlerec.cli.terminal import answers, errors, printable

Run = Callable[..., Result]

CLIPBOARD, TITLE, CLEAR = "\x1b]52;c;aGk=\x07", "\x1b]0;owned\x07", "\x9b2J"


def test_control_codes_are_spelled_out_but_for_lines_and_tabs() -> None:
    assert printable(f"a{TITLE}\tb\nc{CLEAR}é…") == "a\\x1b]0;owned\\x07\tb\nc\\x9b2Jé…"


@pytest.mark.parametrize("console", [answers, errors])
def test_no_console_lets_control_codes_through(console, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    screen = console()
    screen.file = io.StringIO()
    screen.print(f"[bold]{CLIPBOARD}[/bold]")
    screen.out(CLEAR)
    assert "\x1b]" not in screen.file.getvalue() and "\x9b" not in screen.file.getvalue()
    assert "\\x1b]52" in screen.file.getvalue()


def test_a_card_and_a_name_do_not_reach_the_terminal(run: Run, shipped: Path, tmp_path: Path) -> None:
    model = tmp_path / "runs" / "my\x1b[2Jrun" / "checkpoint"
    try:
        shutil.copytree(shipped / "sudoku-4x4", model)
    except OSError:
        pytest.skip("no file can be called so here")
    (model / "README.md").write_text(
        f"# {CLIPBOARD}\n\n`{TITLE}` [a](http://b/{TITLE})\n\n```\n{CLEAR}\n```\n", "utf-8"
    )
    for result in (run("models", "show", model), run("models", "list")):
        assert result.exit_code == 0 and not set("\x1b\x07\x9b") & set(result.stdout)
    config = model / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"format": TITLE}))
    result = run("models", "list")
    assert result.stderr.startswith("Warning: ") and "\x1b" not in result.stderr


def test_a_files_name_does_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    name = f"nowhere{CLIPBOARD[:-1]}.sdm"
    result = run("solve", name)
    assert result.exit_code == 2 and "\x1b" not in result.stderr and "nowhere" in result.stderr
    try:
        Path(name.replace(";", "")).write_text("junk")
    except OSError:
        pytest.skip("no file can be called so here")
    result = run("solve", name.replace(";", ""))
    assert result.exit_code == 2 and "\x1b" not in result.stderr and "junk" not in result.stdout


@pytest.mark.parametrize(
    "name", ["../../escaped", "/tmp/escaped", "..", "", "a/b", "a\\b", "x" * 101, ".hidden", TITLE]
)
def test_a_recipe_chooses_no_folder_outside_the_runs(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.toml").write_text(f'name = {json.dumps(name)}\nbase = "sudoku-4x4"\n')
    before = set(tmp_path.rglob("*"))
    result = run("train", "a.toml", "--steps", "1")
    assert result.exit_code == 2 and "name: it is a folder's name too" in result.stderr
    assert set(tmp_path.rglob("*")) == before
