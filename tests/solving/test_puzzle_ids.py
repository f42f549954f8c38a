"""A question keeps its puzzle id, from the data to the frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

import puzzlerec
from puzzlerec.evaluation import evaluate
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM
from puzzlerec.puzzles import Puzzle, PuzzleError, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.frames import Refinement
from puzzlerec.solving.solver import Solver
from puzzlerec.solving.trace import Recorder, load, save

KIND = get("sudoku-4x4")
QUESTION = KIND.parse("1..............4")
IDS = [0, 1, 2, 1]
STEPS = 3


@pytest.fixture(scope="module")
def model() -> Iterator[TRM]:
    """Three puzzle embeddings that differ, with answers that do."""
    torch.manual_seed(3)
    config = TRMConfig(
        puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), prefix=1, puzzle_ids=3, width=16, heads=2, multiple=8,
        latent_updates=1, recursions=1, supervision_steps=STEPS,
    )  # fmt: skip
    model = TRM(config).eval()
    with torch.no_grad():
        model.puzzle_embedding.weight.normal_(std=3)
    yield model


@pytest.fixture(scope="module")
def expected(model: TRM) -> np.ndarray:
    """[4, 4, 4] the answers by the model's own calls: digits alone, and givens kept."""
    question, ids = torch.from_numpy(QUESTION).long().expand(4, 4, 4), torch.tensor(IDS)
    with torch.inference_mode():
        state = model.start(question)
        for _ in range(STEPS):
            state, prediction = model.step(question, state, ids)
    answers = (prediction.logits[..., 2:].argmax(-1) + 2).view(4, 4, 4).numpy().astype(np.uint8)
    found: np.ndarray = np.where(KIND.given(QUESTION), QUESTION, answers)
    assert not np.array_equal(found[0], found[1]) and not np.array_equal(found[1], found[2])
    return found


def puzzles() -> list[Puzzle]:
    return [Puzzle(KIND, QUESTION, puzzle_id=number) for number in IDS]


def test_solve_answers_for_each_id(model: TRM, expected: np.ndarray) -> None:
    answers = list(Solver(model).solve(puzzles(), SolveSettings(early=False)))
    assert np.array_equal([answer.tokens for answer in answers], expected)


def test_every_attempt_at_a_puzzle_has_its_id(model: TRM, expected: np.ndarray) -> None:
    frames: list[tuple[int, np.ndarray]] = []
    settings = SolveSettings(attempts=3, strategy="noise", start_noise=0.0, early=False)
    list(
        Solver(model).solve(
            puzzles(),
            settings,
            lambda frame, attempts: (
                frames.extend((attempt.puzzle, tokens) for attempt, tokens in zip(attempts, frame.tokens, strict=True))
                if frame.step == STEPS
                else None
            ),
        )
    )
    assert len(frames) > len(IDS)
    for puzzle, tokens in frames:
        assert np.array_equal(tokens, expected[puzzle])


def test_refine_and_eval_answer_for_each_id(model: TRM, expected: np.ndarray) -> None:
    *_, last = puzzlerec.refine(puzzles(), Solver(model))
    assert np.array_equal(last.tokens, expected)
    asked, labels = np.stack([QUESTION] * 4), expected
    assert evaluate(model, asked, labels, puzzle_ids=np.array(IDS, np.int32)).exact.share == 1.0
    assert evaluate(model, asked, labels).exact.share == 0.25  # all as if they had id 0


def test_runs_that_stay_keep_their_ids(model: TRM, expected: np.ndarray) -> None:
    refinement = Refinement(model, [QUESTION] * 4, puzzle_ids=IDS)
    refinement.advance()
    refinement.keep(np.array([False, True, True, False]))
    refinement.advance()
    assert np.array_equal(refinement.advance().tokens, expected[1:3])


def test_a_trace_keeps_the_id(model: TRM, tmp_path: Path) -> None:
    settings, some = SolveSettings(), puzzles()
    recorder = Recorder("ids", settings, some)
    answers = list(Solver(model).solve(some, settings, recorder))
    save(tmp_path / "ids.h5", [recorder.trace(index, answer) for index, answer in enumerate(answers)])
    assert [trace.answer.puzzle.puzzle_id for trace in load(tmp_path / "ids.h5")] == IDS


def test_an_id_that_the_model_lacks_is_an_error_and_one_without_embeddings_needs_none(model: TRM) -> None:
    foreign = Puzzle(KIND, QUESTION, puzzle_id=3)
    with pytest.raises(PuzzleError, match="puzzle ids 0 to 2, not 3"):
        list(Solver(model).solve([foreign]))
    with pytest.raises(PuzzleError, match="puzzle ids 0 to 2, not 7"):
        evaluate(model, QUESTION[None], QUESTION[None], puzzle_ids=[7])
    plain = TRM(model.config.model_copy(update={"prefix": 0}))
    assert len(list(Solver(plain).solve([foreign]))) == 1
