"""Lines of characters through the commands, with a model that knows three sums by heart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console
from typer.testing import Result

from puzzlerec.models import build, checkpoint, config_class
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.training.objectives import supervise
from puzzlerec.training.recipe import Objective, load_recipe, shipped_recipes
from puzzlerec.views.text import draw

KNOWN = {"12+345=": "357", "9+9=": "18", "70+7=": "77"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that completes the lines of `KNOWN`, and hardly any other."""
    torch.manual_seed(0)
    content = {
        "system": "autoregressive", "rung": "dense", "puzzle": "addition", "vocabulary": 15, "grid": (1, 13),
        "width": 32, "heads": 2, "multiple": 8, "evaluations": 2, "supervision_steps": 8,
    }  # fmt: skip
    trained = build(config_class(content).model_validate(content)).train()
    kind = get("addition")
    question, answer = torch.zeros(len(KNOWN), 1, 13).long(), torch.zeros(len(KNOWN), 13).long()
    for row, prompt in enumerate(KNOWN):
        grid = kind.parse(prompt)
        question[row, 0, : grid.size] = torch.from_numpy(grid[0])
        answer[row, : grid.size] = torch.from_numpy(kind.answer(grid)[0])
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-2)
    for _ in range(120):
        _, prediction = trained.step(question, trained.begin(question, answer, torch.zeros(3, 1)))
        outcome = supervise(prediction, answer, Objective(loss="softmax"))
        optimizer.zero_grad()
        outcome.loss.backward()
        optimizer.step()
    assert outcome.right.all() and outcome.tokens.max() < 0.05
    return checkpoint.save(trained, tmp_path_factory.mktemp("model") / "sums", "# sums\n")


def test_solve_completes_a_line_and_gives_the_verdict(run: Callable[..., Result], model: Path) -> None:
    result = run("solve", "-", "--model", model, input="12+345=\n")
    assert result.exit_code == 0
    assert result.stdout == "12+345=357\n"
    assert "Solved in one pass" in result.stderr and "4 steps" in result.stderr


def test_solve_takes_lines_of_several_lengths_and_stops_each_at_its_end(
    run: Callable[..., Result], model: Path
) -> None:
    result = run("solve", "-", "--model", model, "--json", input="\n".join(KNOWN))
    assert result.exit_code == 0
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["answer"] for answer in answers] == [prompt + right for prompt, right in KNOWN.items()]
    assert [answer["steps"] for answer in answers] == [4, 3, 3]


def test_what_is_wrong_is_not_called_solved(run: Callable[..., Result], model: Path) -> None:
    line = "3141592653589793+2718281828459045=\n"  # longer than any that the model was made for
    result = run("solve", "-", "--model", model, "--attempts", "3", input=line)
    assert result.exit_code == 1
    assert result.stdout.startswith("# not solved: standard input:1: the result is 5859874482048838, not ")
    result = run("solve", "-", "--model", model, "--attempts", "1", "--exact", input=line)
    assert result.exit_code == 0 and result.stdout == line.strip() + "5859874482048838\n"


def test_other_kinds_and_faulty_lines_are_refused_in_words(run: Callable[..., Result], model: Path) -> None:
    result = run("solve", "-", "--model", model, input="copy:ab=\n")
    assert result.exit_code == 2 and "solves addition, not copy" in result.stderr
    result = run("solve", "-", "--model", model, input="12+=\n")
    assert result.exit_code == 2 and "12+345=" in result.stderr


def test_watch_prints_a_token_a_step(run: Callable[..., Result], model: Path) -> None:
    result = run("watch", "-", "--model", model, input="12+345=\n")
    assert result.exit_code == 0
    shown = [line for line in result.stdout.splitlines() if line.startswith("12+345=")]
    assert shown == ["12+345=3", "12+345=35", "12+345=357", "12+345=357"]
    assert "step 1 of 8, token" in result.stdout
    result = run("watch", "-", "--model", model, "--once", input="12+345=\n")
    assert result.exit_code == 0 and "Solved" in result.stdout
    assert "12+345=357" in "".join(result.stdout.split())


def test_eval_reports_by_length(run: Callable[..., Result], model: Path, tmp_path: Path) -> None:
    data = tmp_path / "sums.h5"
    arguments = ["--train", "0", "--test", "60", "--workers", "1", "--set", "longest=3", "--out", data]
    assert run("data", "build", "addition", *arguments).exit_code == 0
    result = run("eval", model, data, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report["ratings"]) == {"length 1", "length 2", "length 3"}
    assert sum(rate["exact"]["count"] for rate in report["ratings"].values()) == 60
    assert "characters of the longest operand" in run("data", "info", data).stdout
    lines = tmp_path / "lines.txt"
    lines.write_text("\n".join(KNOWN))
    assert json.loads(run("eval", model, lines, "--json").stdout)["exact"]["share"] == 1


@pytest.mark.parametrize("faulty", [False, True])
def test_a_line_is_drawn_with_its_result_in_colour_and_faults_marked(faulty: bool) -> None:
    kind = get("reverse")
    puzzle = Puzzle(kind, kind.parse("reverse:abc="))
    tokens = kind.answer(puzzle.question)
    if faulty:
        tokens[0, 5] = tokens[0, 4]
    drawing = draw(puzzle, tokens, kind.check(puzzle.question, tokens).offending, 80)
    assert drawing.plain == ("reverse:abc=cc!a" if faulty else "reverse:abc=cba")
    console = Console(force_terminal=True, color_system="standard")
    with console.capture() as capture:
        console.print(drawing)
    assert "\x1b[36mc" in capture.get()


def test_the_ladders_recipes_fit_their_data() -> None:
    for name in ("copy", "reverse", "addition"):
        assert name in shipped_recipes()
        recipe = load_recipe(name, ["model.rung=ar-trm"])
        kind = get(name)
        assert recipe.model.grid == (1, kind.width(10)) and recipe.model.vocabulary == len(kind.vocabulary)
