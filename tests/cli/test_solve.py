"""``puzzlerec solve``: what goes to which stream, in which form, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import Result

from puzzlerec.views.words import verdict_line

from .conftest import HARD_9X9, SOLVED_4X4, SOLVED_9X9, opened

Run = Callable[..., Result]

EASY_9X9 = opened(SOLVED_9X9, 0, 13, 40, 77)
EASY_4X4 = opened(SOLVED_4X4, 3, 9)
TWICE_IN_A_ROW = "55" + "." * 79
MAZE = "######\n#S # #\n# ## #\n#   G#\n######\n"
MAZE_WITHOUT_PATH = MAZE.replace("# ## #", "#### #")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str, name: str = "puzzles.txt") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


# --- what is printed ----------------------------------------------------------------------------------------------


def test_each_answer_is_printed_in_its_puzzles_layout(run: Run, file: Any) -> None:
    grid = "12|3.\n34|12\n--+--\n21|43\n43|.1"
    result = run("solve", file(f"{EASY_9X9}\n{EASY_4X4}\n\n{grid}\n"))
    assert result.exit_code == 0
    assert result.stdout == f"{SOLVED_9X9}\n{SOLVED_4X4}\n\n12|34\n34|12\n--+--\n21|43\n43|21\n"


def test_answers_alone_go_to_standard_output(run: Run, file: Any) -> None:
    result = run("solve", file(EASY_9X9 + "\n"), "--seed", "7")
    assert result.stdout == SOLVED_9X9 + "\n"
    assert "Solved in one pass" in result.stderr
    assert "sudoku" in result.stderr and "device cpu" in result.stderr
    assert "seed 7" in result.stderr


def test_quiet_leaves_answers_and_errors(run: Run, file: Any) -> None:
    result = run("solve", file(f"{EASY_9X9}\n12x\n"), "-q")
    assert result.stdout == SOLVED_9X9 + "\n"
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("Error: ")


def test_verbose_says_where_the_model_came_from(run: Run, file: Any, shipped: Path) -> None:
    assert str(shipped / "sudoku") in run("solve", file(EASY_9X9), "-v").stderr
    assert str(shipped / "sudoku") in run("-v", "solve", file(EASY_9X9)).stderr


def test_an_unsolved_puzzle_leaves_no_line_that_looks_like_an_answer(run: Run, file: Any) -> None:
    result = run("solve", file(f"{EASY_9X9}\n{HARD_9X9}\n{EASY_9X9}\n"), "--attempts", "1")
    assert result.exit_code == 1
    first, failed, last = result.stdout.splitlines()
    assert first == last == SOLVED_9X9
    assert failed.startswith("# not solved: ")
    assert "puzzles.txt:2: " in failed and "offending cells" in failed
    assert "2 of 3 solved, 1 unsolved" in result.stderr


def test_standard_input_is_a_file_like_any_other(run: Run, file: Any) -> None:
    result = run("solve", file(EASY_9X9), "-", input=EASY_4X4)
    assert result.exit_code == 0
    assert result.stdout == f"{SOLVED_9X9}\n{SOLVED_4X4}\n"
    broken = run("solve", "-", input="12.\n")
    assert broken.exit_code == 2
    assert broken.stderr.startswith("Error: standard input:1:")


def test_the_kind_can_be_told(run: Run, file: Any) -> None:
    result = run("solve", file(EASY_9X9), "--puzzle", "sudoku-4x4")
    assert result.exit_code == 2
    assert "4x4" in result.stderr and result.stdout == ""
    unknown = run("solve", file(EASY_9X9), "--puzzle", "soduku")
    assert unknown.exit_code == 2
    assert "Did you mean 'sudoku'?" in unknown.stderr


def test_json_lines_tell_all_of_each_puzzle(run: Run, file: Any, shipped: Path) -> None:
    path = file(f"{EASY_9X9}\n{HARD_9X9}\n{TWICE_IN_A_ROW}\n")
    result = run("solve", path, "--json", "--attempts", "2", "--seed", "3")
    assert result.exit_code == 1
    solved, unsolved, unsolvable = map(json.loads, result.stdout.splitlines())
    keys = "puzzle source line input answer solved problems offending facts how model steps attempts evaluations"
    keys += " seconds seed"
    assert " ".join(solved) == " ".join(unsolved) == " ".join(unsolvable) == keys

    assert solved["answer"] == SOLVED_9X9 and solved["input"] == EASY_9X9
    assert (solved["solved"], solved["problems"], solved["offending"]) == (True, [], [])
    assert (solved["puzzle"], solved["model"], solved["seed"]) == ("sudoku", "sudoku", 3)
    assert (solved["source"], solved["line"]) == (str(path), 1)
    assert (solved["how"], solved["attempts"], solved["steps"]) == ("one pass", 1, 1)
    assert solved["seconds"] > 0

    assert unsolved["solved"] is False and unsolved["how"] == "none"
    assert len(unsolved["answer"]) == 81 and unsolved["problems"]
    assert unsolved["attempts"] == 2 and unsolved["line"] == 2
    assert all(1 <= row <= 9 and 1 <= column <= 9 for row, column in unsolved["offending"])
    assert len(unsolved["offending"]) == unsolved["facts"]["offending"] > 0

    assert unsolvable["solved"] is False and unsolvable["answer"] is None
    assert unsolvable["offending"] == [[1, 1], [1, 2]] and unsolvable["attempts"] == 0
    assert unsolvable["model"] is None


def test_json_is_one_array(run: Run, file: Any) -> None:
    path = file(f"{EASY_9X9}\n{EASY_4X4}\n")
    objects = json.loads(run("solve", path, "--format", "json").stdout)
    lines = [json.loads(line) for line in run("solve", path, "--format", "jsonl").stdout.splitlines()]
    assert [one["answer"] for one in objects] == [one["answer"] for one in lines] == [SOLVED_9X9, SOLVED_4X4]
    assert run("solve", path, "--json", "--format", "json").exit_code == 2


def test_svg_shows_every_digit_and_marks_what_is_wrong(run: Run, file: Any) -> None:
    result = run("solve", file(f"{EASY_9X9}\n{HARD_9X9}\n"), "--format", "svg", "--attempts", "1")
    picture = ElementTree.fromstring(result.stdout)
    solved, failed = picture.findall("{*}svg")
    digits = sorted(
        (float(text.get("y") or 0), float(text.get("x") or 0), text.text or "") for text in solved.findall(".//{*}text")
    )
    assert "".join(text for *_, text in digits)[:81] == SOLVED_9X9 and "sudoku" in digits[-1][-1]
    assert digits[81][-1] == "solved"
    (red,) = [path for path in failed.findall(".//{*}path") if path.get("class") == "fault l"]
    assert f"not solved: {(red.get('d') or '').count('M')} cells at fault" in list(failed.itertext())


def test_output_is_written_whole_and_in_the_form_of_its_ending(run: Run, file: Any, tmp_path: Path) -> None:
    source, target = file(EASY_9X9), tmp_path / "answers"
    assert run("solve", source, "--output", target).stdout == ""
    assert target.read_text() == SOLVED_9X9 + "\n"
    run("solve", source, "--output", target.with_suffix(".json"))
    assert json.loads(target.with_suffix(".json").read_text())[0]["answer"] == SOLVED_9X9
    run("solve", source, "--output", target.with_suffix(".SVG"))
    ElementTree.parse(target.with_suffix(".SVG"))
    missing = run("solve", source, "--output", tmp_path / "nowhere" / "answers.txt")
    assert missing.exit_code == 2
    assert str(tmp_path / "nowhere" / "answers.txt") + " cannot be written: " in missing.stderr
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {
        "puzzles.txt", "answers", "answers.json", "answers.SVG",
    }  # fmt: skip


# --- exit status and errors ---------------------------------------------------------------------------------------


def test_one_bad_line_of_a_hundred_costs_one_answer(run: Run, file: Any) -> None:
    lines = [opened(SOLVED_9X9, index % 81, (index * 7 + 3) % 81) for index in range(100)]
    lines[41] = lines[41][:-1]
    result = run("solve", file("\n".join(lines)))
    assert result.stdout.splitlines() == [SOLVED_9X9] * 99
    assert "puzzles.txt:42:" in result.stderr and "has 80 cells instead of 81" in result.stderr
    assert "99 of 99 solved" in result.stderr
    assert result.exit_code == 2


def test_what_cannot_be_read_outranks_what_is_unsolved(run: Run, file: Any) -> None:
    assert run("solve", file(f"{TWICE_IN_A_ROW}\n123\n")).exit_code == 2
    assert run("solve", file(TWICE_IN_A_ROW)).exit_code == 1


def test_a_missing_file_does_not_cost_the_others(run: Run, file: Any) -> None:
    result = run("solve", "missing.sdm", file(EASY_9X9))
    assert (result.exit_code, result.stdout) == (2, SOLVED_9X9 + "\n")
    assert "missing.sdm: There is no such file" in result.stderr


def test_many_bad_lines_are_not_all_listed(run: Run, file: Any) -> None:
    result = run("solve", file(f"{EASY_9X9[:80]}\n" * 50 + EASY_9X9))
    assert result.exit_code == 2
    assert result.stderr.count("80 cells instead of 81") == 3
    assert "47 more puzzles cannot be read" in result.stderr


def test_what_was_assumed_is_said_on_standard_error(run: Run, file: Any) -> None:
    result = run("solve", file(EASY_9X9.replace(".", "*"), "stars.txt"))
    assert result.stdout == SOLVED_9X9 + "\n"
    assert "stars.txt: read * as blanks\n" in result.stderr
    assert "read *" not in run("solve", file(EASY_9X9.replace(".", "*")), "-q").stderr


def test_a_puzzle_in_place_of_a_file_is_understood(run: Run) -> None:
    result = run("solve", EASY_9X9)
    assert result.exit_code == 2
    assert "echo" in result.stderr and "solve -" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "sudko"], "Did you mean 'sudoku'?"),
        (["--model", "/nowhere/at/all"], "No model is called"),
        (["--device", "cuda:99"], "cuda:99"),
        (["--device", "gpu"], "cuda:N"),
        (["--attempts", "0"], "--attempts"),
        (["--steps", "many"], "--steps"),
        (["--format", "xml"], "xml"),
        (["--colour"], "--colour"),
    ],
)
def test_what_cannot_be_used_is_named(run: Run, file: Any, arguments: list[str], said: str) -> None:
    result = run("solve", file(EASY_9X9), *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == "" and "Traceback" not in result.stderr


def test_a_model_of_other_puzzles_is_named(run: Run, file: Any) -> None:
    result = run("solve", file("12+3=\n"), "--model", "sudoku-4x4")
    assert result.exit_code == 2
    assert "solves sudoku-4x4, not addition" in result.stderr


def test_a_model_may_know_other_boards_of_the_family(run: Run, file: Any) -> None:
    assert run("solve", file(EASY_9X9), "--model", "sudoku-4x4").exit_code == 0


def test_a_broken_checkpoint_is_named(run: Run, file: Any, shipped: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in (shipped / "sudoku").iterdir():
        (broken / path.name).write_bytes(path.read_bytes()[: 2000 if path.suffix == ".safetensors" else None])
    result = run("solve", file(EASY_9X9), "--model", broken)
    assert (result.exit_code, result.stdout) == (2, "")
    assert str(broken / "model.safetensors") in result.stderr and "Traceback" not in result.stderr


def test_debug_shows_the_traceback(run: Run, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr("puzzlerec.solving.solver.Solver.solve", fail)
    plain = run("solve", file(EASY_9X9))
    assert plain.exit_code == 2
    assert plain.stderr.splitlines() == ["Error: RuntimeError: out of luck (--debug shows where)"]
    debug = run("solve", file(EASY_9X9), "--debug")
    assert debug.exit_code == 2
    assert "Traceback (most recent call last)" in debug.stderr


def test_contradictory_and_pathless_puzzles_need_no_model(run: Run, file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlerec.models.checkpoint.load", lambda *_: pytest.fail("a model was loaded"))
    for text, reason in ((TWICE_IN_A_ROW, "break row 1"), (MAZE_WITHOUT_PATH, "no path joins S and G")):
        result = run("solve", file(text))
        assert result.exit_code == 1
        assert result.stdout.startswith("# not solved: ") and reason in result.stdout


def test_a_maze_without_a_model_is_told_so(run: Run, file: Any) -> None:
    result = run("solve", file(f"{MAZE}\n{MAZE}\n{MAZE_WITHOUT_PATH}"))
    assert result.exit_code == 2
    assert result.stderr.count("There is no model for maze puzzles") == 1
    assert "puzzlerec models list" in result.stderr
    assert "no path joins S and G" in result.stdout
    assert "2 without a model" in result.stderr


def test_no_model_for_some_does_not_cost_the_others(run: Run, file: Any) -> None:
    result = run("solve", file("123456456123231564564231312645645312", "six.txt"), file(EASY_9X9))
    assert result.exit_code == 2
    assert result.stdout == SOLVED_9X9 + "\n"
    assert "There is no model for sudoku-6x6 puzzles" in result.stderr


# --- attempts, seeds, search --------------------------------------------------------------------------------------


def test_attempts_are_counted_and_bounded(run: Run, file: Any) -> None:
    path = file(HARD_9X9)
    once = run("solve", path, "--attempts", "1", "--json")
    assert once.exit_code == 1 and json.loads(once.stdout)["attempts"] == 1
    often = json.loads(run("solve", path, "--attempts", "8", "--json").stdout)
    assert often["solved"] or often["attempts"] == 8


def test_the_same_seed_gives_the_same_answers(run: Run, file: Any) -> None:
    path = file(f"{HARD_9X9}\n1{'.' * 15}\n")

    def answers() -> list[dict[str, Any]]:
        lines = run("solve", path, "--attempts", "5", "--seed", "11", "--json").stdout.splitlines()
        return [{**json.loads(line), "seconds": 0} for line in lines]

    assert answers() == answers()


def test_all_steps_are_taken_if_asked(run: Run, file: Any) -> None:
    for arguments, steps in ((["--all-steps"], 2), (["--all-steps", "--steps", "5"], 5), ([], 1)):
        assert json.loads(run("solve", file(EASY_9X9), "--json", *arguments).stdout)["steps"] == steps


def test_the_exact_solver_finishes_and_says_so(run: Run, file: Any) -> None:
    pytest.importorskip("puzzlerec.puzzles.sudoku.exact")
    path = file(HARD_9X9)
    result = run("solve", path, "--exact", "--attempts", "1")
    assert result.exit_code == 0
    assert "by the exact solver, after 1 attempt of sudoku" in result.stderr
    assert json.loads(run("solve", path, "--exact", "--attempts", "1", "--json").stdout)["how"] == "exact solver"


def test_the_exact_solver_proves_that_there_is_no_solution(run: Run, file: Any) -> None:
    pytest.importorskip("puzzlerec.puzzles.sudoku.exact")
    result = run("solve", file("12..\n...3\n....\n...."), "--exact", "--attempts", "1")
    assert result.exit_code == 1
    assert result.stdout.startswith("# not solved: ") and result.stdout.endswith(
        "puzzles.txt:1: there is no solution\n"
    )


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("." * 81, 0, "it has more than one solution; this is one"),
        ("12..\n...3\n....\n....", 1, "Not solved: there is no solution"),
    ],
)
def test_no_solution_and_several_are_told_after_one_attempt(
    run: Run, file: Any, text: str, status: int, said: str
) -> None:
    result = run("solve", file(text), "--json")
    answer = json.loads(result.stdout)
    assert (result.exit_code, answer["attempts"], answer["solved"]) == (status, 1, status == 0)
    assert said in result.stderr


def test_several_solutions_are_counted(run: Run, file: Any) -> None:
    result = run("solve", file(f"{EASY_9X9}\n1{'.' * 80}\n2{'.' * 80}\n"))
    assert "3 of 3 solved, 2 with more than one solution" in result.stderr


def test_a_mazes_verdict_tells_valid_optimal_and_moves() -> None:
    from puzzlerec.puzzles import Puzzle, get
    from puzzlerec.puzzles.maze.rules import answer as shortest
    from puzzlerec.solving.answer import Answer

    kind = get("maze")
    maze = kind.parse(MAZE)
    solved = shortest(maze)
    answer = Answer(Puzzle(kind, maze), solved, kind.check(maze, solved), 16, 1, "one pass", 0.5, solved * 0.0, "maze")
    head, tail = verdict_line(answer)
    assert head == "Solved in one pass · valid · optimal · 5 moves"
    assert tail == " · maze · 16 steps · 0.50 s"


# --- interruption -------------------------------------------------------------------------------------------------


@pytest.fixture
def interrupted_after_two(monkeypatch: pytest.MonkeyPatch) -> None:
    from puzzlerec.solving.solver import Solver

    solve = Solver.solve

    def interrupted(*arguments: Any, **more: Any) -> Iterator[Any]:
        answers = solve(*arguments, **more)
        yield next(answers)
        yield next(answers)
        raise KeyboardInterrupt

    monkeypatch.setattr(Solver, "solve", interrupted)


@pytest.mark.usefixtures("interrupted_after_two")
def test_an_interrupted_solve_has_printed_what_it_had(run: Run, file: Any, tmp_path: Path) -> None:
    path = file(f"{EASY_9X9}\n" * 5)
    result = run("solve", path)
    assert (result.exit_code, result.stdout) == (130, f"{SOLVED_9X9}\n" * 2)
    assert "Interrupted: 2 of 5 solved" in result.stderr
    assert len(json.loads(run("solve", path, "--format", "json").stdout)) == 2
    assert run("solve", path, "--output", tmp_path / "out.txt").exit_code == 130
    assert (tmp_path / "out.txt").read_text() == f"{SOLVED_9X9}\n" * 2


# --- traces -------------------------------------------------------------------------------------------------------


def test_a_trace_holds_every_step_of_every_puzzle(run: Run, file: Any, tmp_path: Path) -> None:
    from puzzlerec.solving.trace import load

    target = tmp_path / "steps.h5"
    path = file(f"{EASY_9X9}\n{TWICE_IN_A_ROW}\n{EASY_4X4}\n{HARD_9X9}\n")
    result = run("solve", path, "--trace", target, "--attempts", "3", "--seed", "9")
    assert "4 traces in " in result.stderr
    easy, unsolvable, small, hard = load(target)
    assert [trace.answer.verdict.solved for trace in (easy, unsolvable, small, hard)] == [True, False, True, False]
    assert [len(trace.runs) for trace in (easy, unsolvable, small, hard)] == [1, 0, 1, 3]
    assert hard.settings.seed == 9 and small.model == "sudoku-4x4"
    assert [frame.step for frame in hard.runs[0].frames] == [1, 2]


def test_a_trace_that_cannot_be_written_is_noticed_before_the_work(run: Run, file: Any, tmp_path: Path) -> None:
    result = run("solve", file(EASY_9X9), "--trace", tmp_path / "nowhere" / "steps.h5")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere" in result.stderr


# --- strategies ---------------------------------------------------------------------------------------------------


def test_a_strategy_is_chosen_by_name_and_told_by_its_attempts(run: Run, file: Any, tmp_path: Path) -> None:
    from puzzlerec.solving.trace import load

    target = tmp_path / "steps.h5"
    for name, label in (("noise", "random start"), ("pins", "pin r")):
        run("solve", file(HARD_9X9), "--strategy", name, "--attempts", "3", "--trace", target)
        (trace,) = load(target)
        assert trace.settings.strategy == name
        assert all(one.label.startswith(label) for one in trace.runs[1:]) and len(trace.runs) == 3
    result = run("solve", file(HARD_9X9), "--strategy", "pin")
    assert result.exit_code == 2 and "Did you mean 'pins'?" in result.stderr


def test_what_cannot_be_solved_is_told_before_torch_is_there(tmp_path: Path) -> None:
    (tmp_path / "maze.txt").write_text("#####\n#   #\n#  G#\n#####\n")
    told = "import atexit, sys; atexit.register(lambda: print('torch' in sys.modules))"
    program = f"{told}; from puzzlerec.cli import app; app()"
    command = [sys.executable, "-c", program, "solve", "--puzzle", "maze", str(tmp_path / "maze.txt")]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 1 and "there is no S" in result.stdout and result.stdout.endswith("False\n")
    assert "device" not in result.stderr and "seed 0" in result.stderr


def test_answers_come_before_the_last_puzzle(run: Run, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "puzzlerec", "solve", "-", "--attempts", "1"]
    line = f"{opened(SOLVED_9X9, 1, 2, 3)}\n"
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        process.stdin.write(line * 200)
        process.stdin.flush()
        assert process.stdout.readline() == f"{SOLVED_9X9}\n"  # the pipe is open still
        process.stdin.write(line * 100)
        process.stdin.close()
        assert process.stdout.read() == f"{SOLVED_9X9}\n" * 299
        assert process.wait(60) == 0
