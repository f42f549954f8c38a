"""ARC tasks in `puzzlerec solve`: what is said of answers, forms, exit statuses, and input that is of no use."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console
from typer.testing import Result

from puzzlerec.cli import tasks
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.training import test_time
from puzzlerec.training.test_time import Progress, TaskAnswer, Try

Run = Callable[..., Result]

TASK: dict[str, Any] = {
    "train": [{"input": [[1, 2]], "output": [[2, 1]]}],
    "test": [{"input": [[3, 4]], "output": [[4, 3]]}],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "turn.json").write_text(json.dumps(TASK))
    return tmp_path / "turn.json"


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float, int]]:
    """A learner that mirrors at once, with a second try that is the input; what it was asked."""
    asked = []

    def answer(
        task: Task, seconds: float, seed: int, progress: Callable[[Progress], None], base: str, threads: int
    ) -> TaskAnswer:
        assert base == "arc-base" and threads == torch.get_num_threads()
        asked.append((task.id, seconds, seed))
        progress(Progress(0.5, 1.0, 0.0, (0.0,), ((),), 0, 1))
        tries = tuple((Try(np.fliplr(pair.input), 0.75), Try(pair.input, 0.25)) for pair in task.tests)
        return TaskAnswer(task, tries, "as large as their inputs", 0.875, 0.75, 2, 3, 1.5)

    monkeypatch.setattr(test_time, "answer", answer)
    monkeypatch.setattr(test_time, "load_base", lambda name: name)
    return asked


def with_test(*tests: dict[str, Any]) -> str:
    return json.dumps(TASK | {"test": list(tests)})


def test_a_task_is_learned_in_the_time_it_is_given(run: Run, file: Path) -> None:
    told = run("solve", file, "--minutes", 0.02, "--base", "none", "--json", "--seed", 1)
    content = json.loads(told.stdout)
    assert (content["task"], content["test"], content["seed"], content["sizes"]) == (
        "turn", 1, 1, "as large as their inputs",
    )  # fmt: skip
    assert np.array(content["tries"][0]["output"]).shape == (1, 2)
    assert content["seconds"] >= 0.6 and content["batches"] >= 1  # half of it, where all was known at once
    assert content["foreseen"] is None and content["agrees"] is None  # of one demonstration none is held back
    assert told.exit_code == (0 if content["solved"] else 1)
    assert "turn: outputs are assumed to be as large as their inputs." in told.stderr


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize(
    ("test", "words", "code"),
    [
        ({"input": [[3, 4]], "output": [[4, 3]]}, "Solved: the first try is the output", 0),
        ({"input": [[3, 4]], "output": [[3, 4]]}, "Solved: the second try is the output", 0),
        ({"input": [[3, 4]], "output": [[4, 4]]}, "Not solved: neither try is the output", 1),
        ({"input": [[3, 4]]}, "Not confirmed: the file does not hold the output", 1),
    ],
)
def test_only_a_known_output_confirms_an_answer(
    run: Run, file: Path, test: dict[str, Any], words: str, code: int
) -> None:
    file.write_text(with_test(test))
    told = run("solve", file)
    assert told.exit_code == code
    assert told.stdout.splitlines() == [
        f"# turn, test 1: {words}; 88% of the demonstrations' views were learned, 75% of one foreseen.",
        "# first try, 75% of the votes",
        "43",
        "# second try, 25% of the votes",
        "34",
    ]
    assert f"{1 - code} of 1 tests solved" in told.stderr


def test_files_folders_and_standard_input(run: Run, file: Path, learned: list[tuple[str, float, int]]) -> None:
    more = file.parent / "more"
    more.mkdir()
    (more / "a.json").write_text(json.dumps(TASK))
    (more / "b_challenges.json").write_text(json.dumps({"b": TASK, "c": TASK | {"test": [{"input": [[5, 6]]}] * 2}}))
    told = run("solve", file, more, "--minutes", 2, "--seed", 5, "--json")
    assert learned == [(id, 120.0, 5) for id in ("turn", "a", "b", "c")]
    assert [json.loads(line)["solved"] for line in told.stdout.splitlines()] == [True, True, True, None, None]
    assert "3 of 5 tests solved, 2 whose output nobody told" in told.stderr
    assert told.exit_code == 1
    assert run("solve", "--puzzle", "arc", "-", input=json.dumps(TASK)).exit_code == 0


@pytest.mark.usefixtures("learned")
def test_a_submission_is_in_kaggles_form(run: Run, file: Path) -> None:
    file.write_text(with_test({"input": [[3, 4]]}, {"input": [[5, 6]]}))
    out = file.parent / "submission.json"
    told = run("solve", file, "--output", out)
    assert (told.exit_code, told.stdout) == (1, "")
    assert json.loads(out.read_text()) == {
        "turn": [
            {"attempt_1": [[4, 3]], "attempt_2": [[3, 4]]},
            {"attempt_1": [[6, 5]], "attempt_2": [[5, 6]]},
        ]
    }
    assert json.loads(run("solve", file, "--format", "json").stdout) == json.loads(out.read_text())
    assert "there are two tasks turn" in run("solve", file, file, "--output", out).stderr


def test_an_output_without_a_possible_size_is_said_and_submitted_empty(run: Run, file: Path) -> None:
    pairs = [{"input": [[1]] * rows, "output": [[1]] * (rows // 2)} for rows in (2, 4)]
    tests = [{"input": [[1]] * rows, "output": [[1]]} for rows in (2, 3)]
    file.write_text(json.dumps({"train": pairs, "test": tests}))
    told = run("solve", file, "--minutes", 0.02, "--base", "none")
    assert told.exit_code == 1
    assert "# turn, test 2: Not solved: no answer has a size that is possible.\n" in told.stdout
    assert "1/2 times as high" in told.stderr
    submitted = json.loads(run("solve", file, "--minutes", 0.02, "--base", "none", "--format", "json").stdout)["turn"]
    assert submitted[0]["attempt_1"] == [[1]] and submitted[1] == {"attempt_1": [[0]], "attempt_2": [[0]]}


@pytest.mark.usefixtures("learned")
def test_one_bad_file_among_many_is_named_and_skipped(run: Run, file: Path) -> None:
    (file.parent / "bad.json").write_text('{"train": [], "test": []}')
    (file.parent / "idle.json").write_text(with_test())
    told = run("solve", file.parent, file.parent / "missing.json")
    assert told.exit_code == 2
    assert "idle: The task has no tests to solve." in told.stderr
    assert "missing.json: The file cannot be read: No such file or directory." in told.stderr
    assert "bad.json: The task has no demonstrations" in told.stderr
    assert "# turn, test 1: Solved" in told.stdout


@pytest.mark.usefixtures("learned")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--attempts", 4), "--attempts does not apply to ARC tasks."),
        (("--trace", "t.h5"), "--trace does not apply to ARC tasks."),
        (("--format", "svg"), "not svg"),
        (("--minutes", 0), "0.0 is not in the range"),
        (("--puzzle", "sudoku"), "puzzlerec solve --puzzle arc"),
    ],
)
def test_options_that_do_not_apply_to_tasks(run: Run, file: Path, options: tuple[object, ...], words: str) -> None:
    told = run("solve", file, *options)
    assert told.exit_code == 2
    assert words in " ".join(told.stderr.replace("│", " ").split())


def test_puzzles_and_tasks_do_not_mix(run: Run, file: Path) -> None:
    sudoku = file.parent / "a.sdm"
    sudoku.write_text("." * 81)
    assert "ARC tasks are solved by themselves" in run("solve", file, sudoku).stderr
    told = run("solve", sudoku, "--minutes", 1)
    assert (told.exit_code, told.stdout) == (2, "")
    assert "--minutes does not apply to these puzzles, but to ARC tasks alone." in told.stderr
    assert "ARC tasks" in run("solve", file.parent / "missing.json", file, "--attempts", 1).stderr
    assert "puzzlerec data show FILE" in run("solve", "-", input=json.dumps(TASK)).stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_not_read_to_see_what_it_holds(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert not tasks.are_tasks([str(tmp_path / "pipe")], None)  # it would wait for ever


def test_an_interrupt_keeps_what_was_answered(
    run: Run, file: Path, learned: list[tuple[str, float, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = test_time.answer

    def answer(*arguments: Any, **more: Any) -> TaskAnswer:
        if learned:
            raise KeyboardInterrupt
        return first(*arguments, **more)

    monkeypatch.setattr(test_time, "answer", answer)
    file.write_text(json.dumps({"a": TASK, "b": TASK}))
    told = run("solve", file)
    assert told.exit_code == 130
    assert "# a, test 1: Solved" in told.stdout and "b, test" not in told.stdout
    assert "Interrupted: 1 of 2 tests solved" in told.stderr


@pytest.mark.parametrize("colours", [True, False])
def test_tries_are_drawn_on_a_terminal(
    run: Run, file: Path, learned: list[Any], monkeypatch: pytest.MonkeyPatch, colours: bool
) -> None:
    system = "truecolor" if colours else None
    console = Console(force_terminal=True, color_system=system, width=80, legacy_windows=False)
    monkeypatch.setattr(tasks, "answers", lambda: console)
    with console.capture() as capture:
        assert run("solve", file).exit_code == 0
    drawn = capture.get()
    assert "turn, test 1 · first try, 75% of the votes" in drawn
    assert "turn, test 1 · second try, 25% of the votes" in drawn
    assert "Solved: the first try is the output" in drawn
    assert ("3 4   →   4 3" in drawn) is not colours
    assert ("48;2;" in drawn) is colours
