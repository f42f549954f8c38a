"""The models in NumPy are torch's: the same numbers on the same weights, and to solve with them imports no torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from puzzlerec.models import arrays, build, checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.puzzles import Puzzle, get, read
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.frames import Refinement
from puzzlerec.solving.solver import Solver

SAMPLES = Path(__file__).parents[2] / "datasets" / "samples"
CASES = [  # a shipped model, the kind on whose board it plays, puzzles, steps
    ("sudoku", "sudoku", "hard.sdm", 6),  # in what is carried, rounding adds up from step to step
    ("sudoku-trm", "sudoku", "hard.sdm", 3),
    ("sudoku-6x6", "sudoku-6x6", "sudoku-6x6.sdm", 3),
    ("sudoku-kinds", "sudoku-x", "sudoku-x.sdm", 3),
    ("sudoku-kinds", "jigsaw", "jigsaw.txt", 3),
    ("sudoku-kinds", "sudoku-16x16", "sudoku-16x16.txt", 2),
    ("maze", "maze", "mazes-9x9.txt", 8),
]


def both(name: str, kind: str) -> tuple[Any, Any]:
    """A shipped model of torch's and of NumPy's, on the board of a kind."""
    folder = checkpoint.find(name)
    theirs, ours = checkpoint.load(folder), arrays.load(folder / checkpoint.WEIGHTS, checkpoint.read_config(folder))
    assert ours is not None
    if theirs.config.puzzle != kind:
        board = get(kind).board()
        assert board is not None
        theirs, ours = theirs.on(board), ours.on(board)
    assert ours.weights == theirs.weights
    return theirs, ours


def questions(kind: str, file: str) -> list[np.ndarray]:
    return [puzzle.question for puzzle in read(SAMPLES / file, get(kind)).puzzles[:4]]


@pytest.mark.parametrize("name, kind, file, steps", CASES)
def test_a_step_says_the_same_numbers(name: str, kind: str, file: str, steps: int) -> None:
    theirs, ours = both(name, kind)
    asked = np.stack(questions(kind, file)).astype(np.int64)
    tensors = torch.from_numpy(asked)
    with torch.inference_mode():
        state, mine = theirs.start(tensors), ours.start(asked)
        for _ in range(steps):
            state, prediction = theirs.step(tensors, state)
            mine, said = ours.step(asked, mine)
            for field, wanted in prediction._asdict().items():
                found = getattr(said, field)
                if wanted is None:
                    assert found is None, field
                else:
                    np.testing.assert_allclose(found, wanted.numpy(), atol=1e-4, rtol=1e-5, err_msg=field)


@pytest.mark.parametrize("name, kind, file", [("sudoku", "sudoku", "hard.sdm"), ("maze", "maze", "mazes-9x9.txt")])
def test_frames_agree_with_noise_and_when_runs_leave(name: str, kind: str, file: str) -> None:
    asked = questions(kind, file)[:3]
    frames = []
    for model in both(name, kind):
        refinement = Refinement(model, asked, noise=[0.0, 1.0, 0.5], seeds=[1, 2, 3])
        before = [refinement.advance() for _ in range(2)]
        refinement.keep(np.array([True, False, True]))
        frames.append([*before, refinement.advance()])
    for one, other in zip(*frames, strict=True):
        np.testing.assert_array_equal(one.tokens, other.tokens)
        np.testing.assert_allclose(one.confidence, other.confidence, atol=1e-4)
        np.testing.assert_allclose(one.entropy, other.entropy, atol=1e-3)
        np.testing.assert_array_equal(one.settled, other.settled)


def test_mazes_of_several_sizes_are_each_answered_as_alone() -> None:
    theirs, ours = both("maze", "maze")
    asked = [questions("maze", "mazes-9x9.txt")[0], read(SAMPLES / "maze.txt").puzzles[0].question[:20, :25]]
    for one, other in zip(*([Refinement(model, asked).advance()] for model in (theirs, ours)), strict=True):
        np.testing.assert_array_equal(one.tokens[0, :9, :9], other.tokens[0, :9, :9])
        np.testing.assert_array_equal(one.tokens[1], other.tokens[1])


def test_what_cannot_have_changed_is_not_thought_through_again() -> None:
    """A long corridor to and fro, of which a step changes little: as if all of it were worked on at every step."""
    maze = np.full((40, 70), 2, np.uint8)  # free
    maze[5::10, :-1] = maze[::10, 1:] = 1  # walls
    maze[1, 0], maze[39, 69] = 3, 4
    _, model = both("maze", "maze")
    asked, worked_on = maze[None].astype(np.int64), []
    thought = model._thought
    model._thought = lambda grid, *fields: worked_on.append(grid.size) or thought(grid, *fields)
    parts, whole = model.start(asked), model.start(asked)
    for _ in range(400):
        parts, said = model.step(asked, parts)
        share = worked_on[-1] / maze.size
        whole, wanted = model.step(asked, [fields._replace(said=None) for fields in whole])
        for field in ("logits", "hints", "halt", "settled"):
            np.testing.assert_allclose(getattr(said, field), getattr(wanted, field), atol=1e-4, err_msg=field)
        if said.settled.all():
            break
    assert said.settled.all() and share < 0.5
    assert get("maze").check(maze, parts[0].answer.astype(np.uint8)).solved


def test_attempts_take_the_same_ways() -> None:
    puzzles = [Puzzle(get("sudoku"), question) for question in questions("sudoku", "hard.sdm")]
    settings = SolveSettings(attempts=8, steps=16)
    told = [
        [(answer.text, answer.steps, answer.attempts, answer.how) for answer in Solver(model).solve(puzzles, settings)]
        for model in both("sudoku", "sudoku")
    ]
    assert told[0] == told[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sudoku", "maze"])
def test_a_thousand_puzzles_have_the_same_tokens(name: str) -> None:
    kind = get(name)
    generator = kind.generator()
    assert generator is not None
    rng, settings = np.random.default_rng(0), SolveSettings(batch=50)
    asked = [symmetry.apply(question) for question in questions(name, {"sudoku": "hard.sdm", "maze": "maze.txt"}[name])
             for symmetry in (kind.random_symmetry(rng, question.shape) for _ in range(1000))][:1000]  # fmt: skip
    puzzles = [Puzzle(kind, question) for question in asked]
    theirs, ours = ([answer.tokens for answer in Solver(model).solve(puzzles, settings)] for model in both(name, name))
    np.testing.assert_array_equal(np.stack(theirs), np.stack(ours))


def test_solving_imports_no_torch(tmp_path: Path) -> None:
    (tmp_path / "one.sdm").write_text(
        "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79\n"
    )
    code = (
        "import sys\nfrom puzzlerec.cli import main\n"
        "sys.argv = ['puzzlerec', 'solve', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit as end:\n"
        "    heavy = {'torch', 'numba', 'h5py', 'textual'} & set(sys.modules)\n"
        "    sys.exit(f'status {end.code}, imports {sorted(heavy)}' if end.code or heavy else 0)"
    )
    files = [str(tmp_path / "one.sdm"), str(SAMPLES / "mazes-9x9.txt")]
    result = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


def test_what_is_not_known_or_not_sound_is_left_to_torch(tmp_path: Path) -> None:
    config = TRMConfig(
        puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), mixer="candidates", box=(2, 2), symbols=(2, 4), prefix=0,
        width=8, layers=1, multiple=8, latent_updates=1, recursions=1, supervision_steps=2,
    )  # fmt: skip
    folder = checkpoint.save(build(config), tmp_path / "model", "")
    weights = folder / checkpoint.WEIGHTS
    assert arrays.load(weights, config) is not None
    assert arrays.load(weights, config.model_copy(update={"latents": "single"})) is None
    assert arrays.load(weights, config.model_copy(update={"width": 16})) is None
    assert arrays.load(folder / "nothing", config) is None
    weights.write_bytes(weights.read_bytes()[:-8])
    assert arrays.load(weights, config) is None
    checkpoint.save(build(config), folder, "", dtype="bfloat16")
    assert arrays.load(weights, config) is None  # NumPy has no such numbers
