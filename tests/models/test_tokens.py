"""A state of tokens: what TRM carries from step to step is what it has read out, and no more."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from puzzlerec.models import build
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM, Fields
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.frames import refine
from puzzlerec.solving.solver import Solver

MAZE = "S  #\n## #\n#   \n  #G"


def config(**settings: object) -> TRMConfig:
    content = {
        "puzzle": "maze", "vocabulary": 6, "grid": (4, 4), "mixer": "local", "mask_padding": True, "prefix": 0,
        "width": 8, "multiple": 8, "layers": 1, "latent_updates": 2, "recursions": 1, "hints": 5, "projection": "fresh",
        "supervision_steps": 4,
    }  # fmt: skip
    return TRMConfig.model_validate(content | settings)


def model(**settings: object) -> TRM:
    torch.manual_seed(3)
    made = build(config(**settings)).eval()
    assert isinstance(made, TRM)
    return made


def question() -> torch.Tensor:
    return torch.from_numpy(get("maze").parse(MAZE).astype(np.int64))[None]


def test_an_answer_begins_as_the_question_without_hints() -> None:
    state = model().start(question())
    assert isinstance(state, Fields)
    assert torch.equal(state.answer, question().flatten(1))
    assert not state.hint.any() and state.z.shape == (1, 0, 8)


def test_a_step_depends_on_the_fields_alone_and_says_when_it_changes_nothing() -> None:
    trm, asked = model(), question()
    state, seen = trm.start(asked), []
    for _ in range(40):
        before = state
        state, prediction = trm.step(asked, state)
        assert isinstance(before, Fields) and isinstance(state, Fields)
        same = torch.equal(before.answer, state.answer) and torch.equal(before.hint, state.hint)
        assert prediction.settled is not None and prediction.settled.tolist() == [same]
        assert torch.equal(state.answer, prediction.logits.argmax(-1))
        again, other = trm.step(asked, before)
        assert torch.equal(other.logits, prediction.logits) and torch.equal(again.hint, state.hint)
        seen.append(same)
    if any(seen):
        assert all(seen[seen.index(True) :])


def test_a_z_that_is_kept_goes_on_and_nobody_knows_the_end() -> None:
    trm, asked = model(projection="kept"), question()
    first = trm.start(asked)
    state, prediction = trm.step(asked, first)
    assert isinstance(first, Fields) and isinstance(state, Fields)
    assert prediction.settled is None and state.z.shape == (1, 16, 8) and not torch.equal(state.z, first.z)
    fresh_z = trm.step(asked, state._replace(z=first.z))[1].logits
    assert not torch.allclose(fresh_z, trm.step(asked, state)[1].logits)
    assert trm.config.most_steps((4, 4)) == 4


def test_every_weight_has_a_part_and_padding_none() -> None:
    trm = model().train()
    padded = torch.zeros(1, 6, 7, dtype=torch.long)
    padded[:, :4, :4] = question()
    state, prediction = trm.step(padded, trm.start(padded))
    assert isinstance(state, Fields) and prediction.hints is not None
    here = torch.zeros(6, 7, dtype=torch.bool)
    here[:4, :4] = True
    assert not state.answer[0, ~here.flatten()].any() and not state.hint[0, ~here.flatten()].any()
    _, alone = trm.step(question(), trm.start(question()))
    torch.testing.assert_close(prediction.logits[:, here.flatten()], alone.logits)
    (prediction.logits.square().mean() + prediction.hints.square().mean() + prediction.halt.mean()).backward()
    for name, parameter in trm.named_parameters():
        assert parameter.grad is not None, f"{name} has no part in the prediction"


def test_noise_begins_with_hints_drawn_from_the_seed() -> None:
    trm = model()
    start = trm.start(question().expand(3, -1, -1))
    noisy = trm.perturb(start, [0.0, 1.0, 1.0], [1, 2, 2])
    assert not noisy.hint[0].any() and noisy.hint[1].any() and torch.equal(noisy.hint[1], noisy.hint[2])


def test_solving_ends_when_nothing_changes() -> None:
    trm = model()
    assert trm.config.most_steps((4, 4)) == 32
    frames = list(refine(trm, [get("maze").parse(MAZE)]))
    assert frames[-1].settled is not None and (bool(frames[-1].settled[0]) or len(frames) == 32)
    assert not any(frame.settled[0] for frame in frames[:-1] if frame.settled is not None)
    assert frames[0].hints is not None and frames[0].hints.shape == (1, 4, 4)
    puzzle = Puzzle(get("maze"), get("maze").parse(MAZE), "grid")
    answer = next(Solver(trm).solve([puzzle], SolveSettings(early=False)))
    assert answer.steps == len(frames) and np.array_equal(answer.tokens, frames[-1].tokens[0])


def test_what_a_state_of_tokens_cannot_be() -> None:
    with pytest.raises(ValidationError, match="two states"):
        config(latents="single", hints=0)
    with pytest.raises(ValidationError, match="kept"):
        config(mixer="candidates", mask_padding=False, box=(2, 2), symbols=(2, 4), hints=0, puzzle="sudoku-4x4")
