"""What denoising systems hide and disturb, beside numbers worked out from the papers."""

from __future__ import annotations

from math import log, prod, sqrt
from typing import Any

import pytest
import torch

from puzzlerec.models import build, config_class
from puzzlerec.models.sprm import disturbed
from puzzlerec.models.system import System
from puzzlerec.training.objectives import supervise
from puzzlerec.training.recipe import Objective


def model_of(system: str, **settings: Any) -> System:
    content = {
        "system": system, "puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "prefix": 0, "width": 8, "heads": 2,
        "multiple": 8, "layers": 1, "latent_updates": 1, "recursions": 1, "supervision_steps": 4, **settings,
    }  # fmt: skip
    torch.manual_seed(0)
    return build(config_class(content).model_validate(content))


def blank(size: int = 4) -> torch.Tensor:
    return torch.ones(1, size, size, dtype=torch.long)


@pytest.mark.parametrize(
    ("level", "share"), [(160, (2 - sqrt(3)) / 4), (328, 0.25), (496, 0.5), (664, 0.75), (832, (2 + sqrt(3)) / 4)]
)
def test_drm_hides_a_token_with_the_probability_of_a_cosine_schedule(level: int, share: float) -> None:
    """p(t) = 1 - cos^2(pi/2 (t/1000 + 0.008) / 1.008); at these levels the angle is a multiple of 15 degrees."""
    model, question = model_of("drm"), blank()
    for just, hidden in ((share - 1e-4, True), (share + 1e-4, False)):
        uniform = torch.full((1, 17), just)
        uniform[0, 0] = (level + 0.5) / 1000
        state = model.begin(question, question.flatten(1), uniform)
        assert ((state.answer == 6) == hidden).all()


def test_drm_hides_again_on_a_quadratic_grid() -> None:
    """Of 400 cells after 1, 2, 3 of 4 steps: (1 + 999 (3/4)^2) / 1000 of them, and so on; none after the last."""
    model, question = model_of("drm", grid=(20, 20), remasking="confidence").eval(), blank(20)
    state, hidden = model.start(question), []
    for _ in range(5):
        state, prediction = model.step(question, state)
        assert prediction.masked is not None
        hidden.append(int(prediction.masked.sum()))
    assert hidden == [225, 100, 25, 0, 0]


def test_drm_hides_the_least_confident_cells() -> None:
    model, question = model_of("drm", grid=(6, 6), remasking="confidence").eval(), blank(6)
    _, prediction = model.step(question, model.start(question))
    confidence, masked = prediction.logits.detach().softmax(-1).amax(-1), prediction.masked
    assert masked is not None and 0 < int(masked.sum()) < 36
    assert float(confidence[masked].max()) <= float(confidence[~masked].min())


def test_drm_hides_at_random_as_many() -> None:
    model, question = model_of("drm", grid=(20, 20)).eval(), blank(20)
    _, prediction = model.step(question, model.start(question))
    assert prediction.masked is not None
    assert int(prediction.masked.sum()) == pytest.approx(225, abs=30)


def test_sprm_keeps_the_root_of_the_share_of_the_signal() -> None:
    """x' = sqrt(a) x + sqrt(1 - a) e at a level of each puzzle's own: what is kept and what is new, squared, sum to 1.

    A DDPM schedule of 1,000 levels has b from 0.0001 to 0.02; a is the product of 1 - b over the first to the hundredth
    level at most.
    """
    torch.manual_seed(3)
    mean, deviation = 3.0, 2.0
    clean = mean + deviation * torch.randn(100, 200, 100)
    noisy = disturbed(clean).flatten(1)
    x = clean.flatten(1) - clean.flatten(1).mean(1, keepdim=True)
    kept = (noisy * x).sum(1) / x.square().sum(1)  # of each puzzle
    shift = noisy.mean(1)
    left = noisy - shift[:, None] - kept[:, None] * x
    new = left.std(1) / clean.flatten(1).std(1)
    torch.testing.assert_close(kept.square() + new.square(), torch.ones(100), atol=0.02, rtol=0)
    torch.testing.assert_close(shift, mean * (kept + (1 - kept.square()).clamp(min=0).sqrt()), atol=0.15, rtol=0)
    shares = [prod(1 - (1e-4 + (0.02 - 1e-4) * level / 999) for level in range(last + 1)) for last in range(100)]
    assert float(kept.square().min()) == pytest.approx(shares[-1], abs=0.01)
    assert float(kept.square().mean()) == pytest.approx(sum(shares) / 100, abs=0.01)


def test_sprm_disturbs_training_alone() -> None:
    model, question = model_of("sprm"), blank()
    start = model.start(question)
    clean, _ = model.eval().step(question, start)
    again, _ = model.eval().step(question, start)
    noisy, _ = model.train().step(question, start)
    assert torch.equal(clean.y, again.y) and torch.equal(clean.z, again.z)
    assert not torch.equal(clean.y, noisy.y) and not torch.equal(clean.z, noisy.z)


def test_trldms_loss_is_the_sum_over_masked_tokens_divided_by_t_and_length() -> None:
    """L_MDM = 1 / (t L) sum over masked tokens of -ln p. Of 16 tokens 5 are masked, t = 1/4, every p is 1/6."""
    model, question = model_of("trldm"), blank()
    with torch.no_grad():
        model.readout.weight.zero_()
    answer = torch.full((1, 16), 3)
    uniform = torch.full((1, 17), 0.9)
    uniform[0, 0] = 0.75  # t = 1 - u, so that t is never 0
    uniform[0, 3:8] = 0.2
    state = model.begin(question, answer, uniform)
    assert (state.answer == 6).sum() == 5
    _, prediction = model.step(question, state)
    loss = supervise(prediction, answer, Objective(loss="softmax", halt_weight=0)).loss.detach()
    assert float(loss) == pytest.approx(5 * log(6) / (0.25 * 16), rel=1e-5)


def test_trldm_unmasks_an_equal_share_at_every_step() -> None:
    model, question = model_of("trldm", grid=(5, 4), supervision_steps=5).eval(), torch.ones(1, 5, 4, dtype=torch.long)
    state, left = model.start(question), []
    for _ in range(5):
        state, _ = model.step(question, state)
        left.append(int((state.answer == 6).sum()))
    assert left == [16, 12, 8, 4, 0]
