from __future__ import annotations

import numpy as np
import pytest
import torch

from puzzlerec.models import build
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.drm import DRMConfig
from puzzlerec.models.trm import TRM
from puzzlerec.puzzles import get
from puzzlerec.solving.frames import Refinement, refine
from tests.solving.doubles import Singles

SUDOKU = get("sudoku-4x4")
QUESTIONS = np.stack([SUDOKU.parse(text) for text in ("1....2....3....4", "..3.2....1....4.", "12..34......43..")])


@pytest.fixture(scope="module")
def model() -> TRM:
    torch.manual_seed(0)
    return TRM(
        TRMConfig(
            puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), prefix=1, width=16, heads=2, multiple=8,
            latent_updates=2, recursions=1, supervision_steps=4,
        )
    )  # fmt: skip


def same(first, second) -> bool:
    arrays = ("tokens", "confidence", "entropy", "probabilities", "halt")
    return all(np.allclose(getattr(first, name), getattr(second, name), atol=2e-3) for name in arrays)


def test_a_frame_a_step_each_with_proper_distributions(model: TRM) -> None:
    frames = list(refine(model, QUESTIONS))
    assert [frame.step for frame in frames] == [1, 2, 3, 4]
    assert len(list(refine(model, QUESTIONS, steps=7))) == 7
    for frame in frames:
        assert frame.tokens.shape == frame.confidence.shape == frame.entropy.shape == (3, 4, 4)
        assert frame.tokens.dtype == np.uint8 and frame.probabilities.dtype == np.float16
        total = frame.probabilities.astype(np.float32).sum(-1)
        assert np.allclose(total, 1, atol=5e-3)
        chosen = np.take_along_axis(frame.probabilities, frame.tokens.reshape(3, 16, 1).astype(int), 2)
        assert np.allclose(chosen.reshape(3, 4, 4), frame.confidence, atol=2e-3)
        assert (frame.entropy >= -1e-4).all() and (frame.entropy <= np.log(4) + 1e-4).all()
        assert ((frame.halt > 0) & (frame.halt < 1)).all()


def test_given_cells_keep_their_token_and_open_cells_hold_digits(model: TRM) -> None:
    for frame in refine(model, QUESTIONS):
        given = SUDOKU.given(QUESTIONS)
        assert (frame.tokens[given] == QUESTIONS[given]).all()
        assert (frame.confidence[given] == 1).all() and np.allclose(frame.entropy[given], 0)
        assert frame.tokens.min() >= 2 and frame.tokens.max() <= 5
        assert (frame.probabilities[..., :2] == 0).all()


def test_given_cells_are_never_masked() -> None:
    config = DRMConfig(
        puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), width=8, heads=2, layers=1, prefix=0, supervision_steps=4
    )
    kind = get("sudoku-4x4")
    question = kind.parse("12..3...2.4....1")
    masked = [frame.masked for frame in refine(build(config).eval(), [question])]
    assert all(mask is not None and not mask[0][kind.given(question)].any() for mask in masked)
    assert masked[0] is not None and masked[0].any()


def test_frames_of_a_symmetric_copy_come_back_in_the_puzzles_own_places_and_digits() -> None:
    kind, rng = get("sudoku"), np.random.default_rng(3)
    question = kind.parse("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79")
    symmetries = [None, *(kind.random_symmetry(rng, kind.shape) for _ in range(4))]
    copies = Refinement(Singles(sweeps=1), np.stack([question] * 5), symmetries=symmetries)
    alone = Refinement(Singles(sweeps=1), question[None])
    for _ in range(5):
        frame, expected = copies.advance(), alone.advance()
        # a toss-up may fall on another digit of the copy: compare the distributions
        assert all(np.array_equal(row, expected.probabilities[0]) for row in frame.probabilities)
        sure = expected.confidence[0] > 0.9
        assert all(np.array_equal(row[sure], expected.tokens[0][sure]) for row in frame.tokens)


def test_noise_depends_on_the_seed_alone(model: TRM) -> None:
    def last(questions: np.ndarray, **settings) -> object:
        refinement = Refinement(model, questions, **settings)
        return refinement.advance()

    pair = last(QUESTIONS[:2], noise=[1.0, 1.0], seeds=[7, 8])
    again = last(QUESTIONS[[2, 1]], noise=[0.0, 1.0], seeds=[7, 8])  # another neighbour
    other = last(QUESTIONS[:2], noise=[1.0, 1.0], seeds=[7, 9])
    plain = last(QUESTIONS[:2])
    assert np.allclose(pair.probabilities[1], again.probabilities[1], atol=2e-3)
    assert not np.allclose(pair.probabilities[1], other.probabilities[1], atol=2e-3)
    assert not np.allclose(pair.probabilities[0], plain.probabilities[0], atol=2e-3)
    assert same(*(list(refine(model, QUESTIONS, start_noise=0.5, seed=3))[-1] for _ in range(2)))


def test_dropped_runs_leave_the_others_as_they_were(model: TRM) -> None:
    refinement = Refinement(model, QUESTIONS)
    refinement.advance()
    refinement.keep(np.array([False, False, True]))
    assert len(refinement) == 1
    alone = list(refine(model, QUESTIONS[2:], steps=2))[-1]
    assert same(refinement.advance(), alone)


def test_mazes_of_several_sizes_and_their_copies_run_together_as_they_run_alone() -> None:
    config = TRMConfig(
        puzzle="maze", vocabulary=6, grid=(8, 8), mixer="local", mask_padding=True, prefix=0, width=16, multiple=8,
        latent_updates=2, recursions=1, supervision_steps=3,
    )  # fmt: skip
    model, rng = TRM(config), np.random.default_rng(4)
    mazes = [rng.integers(1, 3, shape).astype(np.uint8) for shape in ((3, 5), (9, 4), (6, 6))]
    for maze in mazes:
        maze[0, 0], maze[-1, -1] = 3, 4
    symmetries = [get("maze").random_symmetry(rng, maze.shape) for maze in mazes]
    together = Refinement(model, mazes, symmetries=symmetries)
    each = [Refinement(model, [maze], symmetries=[copy]) for maze, copy in zip(mazes, symmetries, strict=True)]
    turned = [Refinement(model, [copy.apply(maze)]) for maze, copy in zip(mazes, symmetries, strict=True)]
    for _ in range(3):
        frame = together.advance()
        assert frame.tokens.shape == (3, 9, 6)
        for run, (maze, symmetry, alone, copy) in enumerate(zip(mazes, symmetries, each, turned, strict=True)):
            height, width = maze.shape
            expected, unturned = alone.advance(), copy.advance()
            assert np.allclose(frame.confidence[run, :height, :width], expected.confidence[0], atol=1e-5)
            assert np.allclose(frame.halt[run], expected.halt[0], atol=1e-5)
            np.testing.assert_array_equal(expected.tokens[0], symmetry.undo(unturned.tokens[0]))
            assert (frame.tokens[run, height:] == 0).all() and (frame.tokens[run, :, width:] == 0).all()


def test_a_grid_of_another_shape_is_refused(model: TRM) -> None:
    with pytest.raises(ValueError, match="4x4"):
        Refinement(model, np.ones((1, 9, 9), np.uint8))


def test_a_frame_knows_the_puzzles_that_it_answers_also_when_some_runs_have_left() -> None:
    kind = get("sudoku-4x4")
    questions = [kind.parse(f"{digit}...............") for digit in (1, 2, 3)]
    refinement = Refinement(Singles("sudoku-4x4"), questions)
    assert [puzzle.written(puzzle.question)[0] for puzzle in refinement.advance().puzzles] == ["1", "2", "3"]
    refinement.keep(np.array([True, False, True]))
    frame = refinement.advance()
    assert [puzzle.written(puzzle.question)[0] for puzzle in frame.puzzles] == ["1", "3"]
    (second,) = frame.of(1, (2, 3)).puzzles
    assert second.kind == kind and second.question.tolist() == questions[2][:2, :3].tolist()
