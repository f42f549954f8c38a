"""ARC on the command line: `data build arc`, `data info`, `data show` of datasets and task files, and `solve`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import Result

from puzzlerec.data import Dataset, arc_agi
from puzzlerec.puzzles.arc.look import PALETTE
from puzzlerec.views.text import draw_pair

Run = Callable[..., Result]

TASK = {
    "train": [{"input": [[1, 2, 3]], "output": [[3], [2], [1]]}, {"input": [[0, 5]], "output": [[5], [0]]}],
    "test": [{"input": [[7, 8, 9]], "output": [[9], [8], [7]]}, {"input": [[4]]}],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the task ``turn.json``."""
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "turn.json").write_text(json.dumps(TASK))
    return folder


def test_a_folder_is_built_described_and_shown(run: Run, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    built = run("data", "build", "arc", "--with", folder, "--copies", 4, "--seed", 3, "-o", path)
    assert (built.exit_code, built.stdout.strip()) == (0, str(path))
    assert "10 training and 5 test puzzles, seed 3" in built.stderr
    assert "0 training tasks, 1 evaluation task." in built.stderr
    assert "1 test without a known output: to be answered, not measured." in built.stderr
    assert "is there already" in run("data", "build", "arc", "--with", folder, "-o", path).stderr

    info = run("data", "info", path)
    assert info.exit_code == 0
    assert "6, 0 for none" in info.stdout
    assert "copies 4, dropped none" in info.stdout
    facts = json.loads(run("data", "info", path, "--json").stdout)
    assert (facts["puzzle"], facts["puzzle_ids"], facts["sound"]) == ("arc", 6, True)

    shown = run("data", "show", path, "--count", 2)
    assert shown.stdout.splitlines() == [
        "train 0 · turn · 1x3 → 3x1",
        "1 2 3   →   3 ",
        "            2 ",
        "            1 ",
        "",
        "train 1 · turn · 1x2 → 2x1",
        "0 5   →   5 ",
        "          0 ",
        "",
    ]
    assert "turn|||t" in run("data", "show", path, "--split", "test", "--index", 3).stdout
    assert "there is no 5" in run("data", "show", path, "--split", "test", "--index", 5).stderr


def test_the_default_file_tells_the_tasks_apart(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "sets"))
    first = Path(run("data", "build", "arc", "--with", folder, "--copies", 0).stdout.strip())
    assert first.parent == tmp_path / "sets"
    assert first.name.startswith("arc-0-seed0-")
    (folder / "turn.json").write_text(json.dumps(TASK | {"test": []}))
    assert run("data", "build", "arc", "--with", folder, "--copies", 0).stdout.strip() != str(first)


def test_what_was_dropped_is_told(run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,) = arc_agi.read_folder(folder)
    many = [arc_agi.Task(f"copy{number}", task.demonstrations, task.tests) for number in range(12)]
    new = arc_agi.Task("new", task.demonstrations[:1], ())
    monkeypatch.setattr(arc_agi, "official", lambda version: ((*many, new), (task,)))
    path = tmp_path / "a.h5"
    built = run("data", "build", "arc", "--version", 2, "--copies", 0, "-o", path)
    assert "12 tasks (copy0, copy1, copy10, " in built.stderr
    assert "and 4 more)" in built.stderr
    with Dataset.open(path) as dataset:
        assert len(dataset.settings["dropped"]) == 12
    assert "and 4 more)" in " ".join(run("data", "info", path).stdout.split())


def test_the_settings_of_ones_own_hold_beside_a_version(
    run: Run, folder: Path, settings_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (task,) = arc_agi.read_folder(folder)
    monkeypatch.setattr(arc_agi, "official", lambda version: ((), (task,)))
    settings_file.write_text("seed = 11\n")
    built = run("data", "build", "arc", "--version", 1, "--copies", 0, "-o", tmp_path / "a.h5")
    assert "seed 11" in built.stderr
    settings_file.write_text("nonsense = 1\n")
    assert run("--version").stdout.startswith("puzzlerec ")
    assert "There is no setting 'nonsense'" in run("data", "build", "arc", "--version", 1).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("arc",), "ARC-AGI-1 or -2 (--version), or a folder of tasks (--with)?"),
        (("arc", "--version", 3), "3 is not in the range 1<=x<=2"),
        (("arc", "--with", "nowhere"), "There is no folder nowhere"),
        (("arc", "--version", 1, "--train", 1000), "--train does not apply to arc; it has --version, --with, --copies"),
        (("arc", "--version", 1, "--size", 10), "--size does not apply to arc"),
        (("arc", "--version", 1, "--set", "a=1"), "--set does not apply to arc"),
        (("sudoku", "--copies", 3), "--copies does not apply to sudoku; it is for arc"),
        (("maze", "--version", 1), "--version does not apply to maze"),
        (("arc1",), "Did you mean 'arc'?"),
    ],
)
def test_options_that_do_not_apply(run: Run, tmp_path: Path, arguments: tuple[object, ...], words: str) -> None:
    told = run("data", "build", *arguments, "-o", tmp_path / "a.h5")
    assert told.exit_code == 2
    assert words in " ".join(told.stderr.replace("│", " ").split())
    assert not list(tmp_path.glob("*.h5"))


def test_an_interrupted_build_leaves_nothing(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(arc_agi, "_canvases", interrupted)
    told = run("data", "build", "arc", "--with", folder, "-o", tmp_path / "sets" / "a.h5")
    assert told.exit_code == 130
    assert "was not written" in told.stderr
    assert not list((tmp_path / "sets").iterdir())


def test_a_task_file_is_drawn_whole(run: Run, folder: Path) -> None:
    told = run("data", "show", folder / "turn.json")
    assert told.exit_code == 0
    assert told.stdout.count("turn · train") == 2
    assert "turn · test 2 · 1x1 → ?\n4   →   ?\n" in told.stdout
    several = folder / "several_challenges.json"
    several.write_text(json.dumps({"a": TASK, "b": TASK}))
    assert "a · train 1" in run("data", "show", several).stdout
    assert "b · train 1" in run("data", "show", several, "--index", 1).stdout
    assert "has 2 tasks, from 0; there is no 2" in run("data", "show", several, "--index", 2).stderr
    plain = run("data", "show", folder / "turn.json", env={"PYTHONIOENCODING": "ascii"})
    assert plain.exit_code == 0


@pytest.mark.parametrize("command", [("data", "show"), ("solve",)])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"train": [\n{"input"', "turn.json:2:9: This is no JSON: Expecting ':' delimiter."),
        ('{"train": [{"input": [[1, 2], [3]], "output": [[1]]}], "test": []}', "Row 2 has 1 cell, row 1 has 2"),
        ('{"train": [], "test": []}', "The task has no demonstrations"),
    ],
)
def test_malformed_tasks(run: Run, folder: Path, command: tuple[str, ...], text: str, words: str) -> None:
    (folder / "turn.json").write_text(text)
    told = run(*command, folder / "turn.json")
    assert told.exit_code == 2
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def drawn(width: int = 80, system: str | None = "truecolor", **options: bool) -> str:
    grids = [np.arange(10, dtype=np.uint8).reshape(2, 5), np.zeros((3, 1), np.uint8)]
    console = Console(width=width, color_system=system, force_terminal=system is not None, legacy_windows=False)
    with console.capture() as capture:
        console.print(draw_pair(*grids, PALETTE, width, **({"digits": False, "colour": True} | options)))
    return capture.get()


def test_colours_are_arcs_and_digits_a_choice() -> None:
    plain = drawn()
    for colour in PALETTE:
        assert f"48;2;{';'.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))}m" in plain
    assert "7 " not in plain
    assert "7 " in drawn(digits=True)
    assert drawn(system=None, colour=False).splitlines() == [
        "0 1 2 3 4   →   0 ",
        "5 6 7 8 9       0 ",
        "                0 ",
    ]


def test_grids_stand_below_one_another_where_there_is_no_room() -> None:
    lines = drawn(width=16, system=None, colour=False, unicode=False).splitlines()
    assert [line.rstrip() for line in lines] == ["0 1 2 3 4", "5 6 7 8 9", "v", "0", "0", "0"]
