from __future__ import annotations

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzlerec
from puzzlerec import api
from puzzlerec.models import build, checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.puzzles import Puzzle, PuzzleError, get
from puzzlerec.solving.solver import Solver

QUESTION = "1234341221434..."  # the rules leave nothing open: every model solves it that sees the units
OTHER = "1....2....3....4"


@pytest.fixture(autouse=True)
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Untrained models under the names of the puzzle kinds."""
    torch.manual_seed(0)
    small = {"width": 16, "layers": 1, "prefix": 0, "latent_updates": 2, "recursions": 1, "supervision_steps": 3}
    four = TRMConfig(
        puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), mixer="candidates", box=(2, 2), symbols=(2, 4), **small
    )
    maze = TRMConfig(puzzle="maze", vocabulary=6, grid=(5, 5), mixer="attention", heads=2, **small)
    for config in (four, maze):
        checkpoint.save(build(config), tmp_path / "shipped" / config.puzzle, "")
    monkeypatch.setattr(checkpoint, "SHIPPED", (tmp_path / "shipped",))
    monkeypatch.chdir(tmp_path)
    api._session.cache_clear()


def test_importing_the_package_leaves_torch_alone() -> None:
    modules = "puzzlerec, puzzlerec.puzzles, puzzlerec.solving"
    code = f"import sys, {modules}; print(puzzlerec.__version__, 'torch' in sys.modules)"
    root = Path(puzzlerec.__file__).parents[1]
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout
    assert out.split() == [puzzlerec.__version__, "False"]


def test_one_puzzle_gives_an_answer_and_several_give_a_list() -> None:
    answer = puzzlerec.solve(QUESTION, device="cpu")
    assert answer.verdict.solved and answer.text == "1234341221434321"
    both = puzzlerec.solve(f"{QUESTION}\n{OTHER}\n", device="cpu")
    assert [a.puzzle.kind.format(a.puzzle.question) for a in both] == [QUESTION, OTHER]
    puzzle = answer.puzzle
    assert puzzlerec.solve(puzzle).text == answer.text
    assert [a.text for a in puzzlerec.solve([puzzle])] == [answer.text]


def test_files_give_a_list(tmp_path: Path) -> None:
    path = tmp_path / "one.sdm"
    path.write_text(QUESTION + "\n")
    (answer,) = puzzlerec.solve(path)
    assert answer.verdict.solved and answer.puzzle.source == str(path)


def test_arrays_of_digits_and_of_a_mazes_tokens() -> None:
    digits = np.array([int(c) if c != "." else 0 for c in QUESTION]).reshape(4, 4)
    answer = puzzlerec.solve(digits)
    assert answer.verdict.solved and answer.text == "1234341221434321"
    assert [a.verdict.solved for a in puzzlerec.solve(np.stack([digits, digits]))] == [True, True]
    maze = get("maze").parse("S  \n## \nG  ")
    assert puzzlerec.solve(maze).puzzle.kind.name == "maze"
    for wrong in (digits + 1, digits - 1, digits / 2, maze * 0):
        with pytest.raises(PuzzleError, match="An array for"):
            puzzlerec.solve(wrong)
    with pytest.raises(PuzzleError, match=r"\[16\]"):
        puzzlerec.solve(digits.reshape(-1))


def test_kinds_may_mix_and_keep_their_order() -> None:
    maze, four = get("maze"), get("sudoku-4x4")
    puzzles = [Puzzle(maze, maze.parse("S  \n## \nG  ")), Puzzle(four, four.parse(QUESTION))]
    answers = puzzlerec.solve([puzzles[0], puzzles[1], puzzles[0]], attempts=2)
    assert [answer.puzzle.kind.name for answer in answers] == ["maze", "sudoku-4x4", "maze"]


def test_what_cannot_be_read_is_an_error() -> None:
    with pytest.raises(PuzzleError):
        puzzlerec.solve("hello")
    with pytest.raises(PuzzleError):
        puzzlerec.solve([])
    with pytest.raises(TypeError, match="tries"):
        puzzlerec.solve(QUESTION, tries=3)


def test_a_model_by_name_by_folder_or_as_a_solver(tmp_path: Path) -> None:
    solver = puzzlerec.load("sudoku-4x4", device="cpu")
    assert isinstance(solver, Solver) and solver.name == "sudoku-4x4"
    for model in (solver, "sudoku-4x4", tmp_path / "shipped" / "sudoku-4x4"):
        assert puzzlerec.solve(QUESTION, model, device="cpu").verdict.solved
    with pytest.raises(PuzzleError, match="sudoku-4x4, not maze"):
        puzzlerec.solve(get("maze").parse("S  \n## \nG  "), "sudoku-4x4")
    with pytest.raises(ValueError, match="device"):
        puzzlerec.load("sudoku-4x4", device="abacus")


def test_the_stream_of_frames() -> None:
    frames = list(puzzlerec.refine([QUESTION, OTHER], steps=5, device="cpu"))
    assert [frame.step for frame in frames] == [1, 2, 3, 4, 5]
    assert frames[0].tokens.shape == (2, 4, 4)
    assert next(puzzlerec.refine(get("maze").parse("S  \n## \nG  "))).tokens.shape == (1, 5, 5)
    with pytest.raises(PuzzleError, match="not maze"):
        puzzlerec.refine(get("maze").parse("S  \n## \nG  "), "sudoku-4x4")


def test_the_examples_in_the_documentation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    if "sudoku" not in checkpoint.available():
        pytest.skip("the shipped model 'sudoku' is not here: put it into checkpoints/sudoku")
    assert doctest.testmod(api, extraglobs={"puzzlerec": puzzlerec}).failed == 0


@pytest.mark.parametrize(
    "puzzles",
    [
        np.array([["1"] * 4] * 4),
        np.array([[None] * 4] * 4),
        np.array([[object()] * 4] * 4, dtype=object),
        np.zeros((4, 4), dtype=complex),
        np.full((4, 4), np.nan),
        np.zeros((0, 0), int),
        np.zeros((2, 0, 4), int),
        np.zeros(4, int),
        [],
        [[]],
        None,
        7,
        [None],
        b"12..",
        Path("x" * 5000),
        "",
    ],
)
def test_what_is_no_puzzle_is_an_error_in_words(puzzles) -> None:  # type: ignore[no-untyped-def]
    for call in (puzzlerec.solve, lambda puzzles: next(puzzlerec.refine(puzzles))):
        with pytest.raises(PuzzleError):
            call(puzzles)


def test_there_are_no_frames_of_nothing() -> None:
    with pytest.raises(PuzzleError, match="no puzzles"):
        puzzlerec.refine(np.zeros((0, 9, 9), int))
    assert puzzlerec.solve(np.zeros((0, 9, 9), int)) == []


def test_a_model_that_no_file_can_be_called_is_an_error_in_words() -> None:
    for name in ("x" * 5000, "a\0b", "", Path("x" * 5000)):
        with pytest.raises(checkpoint.CheckpointError) as caught:
            puzzlerec.load(name)
        assert len(str(caught.value)) < 1000


def test_a_trace_has_every_step_and_comes_back_from_its_file(tmp_path: Path) -> None:
    from puzzlerec.solving.trace import TraceError, save

    traced = puzzlerec.trace(OTHER, attempts=3, early=False)
    assert [len(run.frames) for run in traced.runs] == [3] * traced.answer.attempts
    assert traced.answer.text == puzzlerec.solve(OTHER, attempts=3, early=False).text
    save(tmp_path / "a.h5", [traced])
    again = puzzlerec.load_trace(tmp_path / "a.h5")
    assert str(again) == str(traced) and again.answer.weights == traced.answer.weights > 1000
    with pytest.raises(TraceError, match="no trace 2 in"):
        puzzlerec.load_trace(tmp_path / "a.h5", 2)
    with pytest.raises(PuzzleError, match="of one puzzle, not of 2"):
        puzzlerec.trace([QUESTION, OTHER])
