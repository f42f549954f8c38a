"""The systems beside TRM: sizes as published, their two calls, and what sets each apart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from pydantic import ValidationError

from puzzlerec.models import build, config_class, systems
from puzzlerec.models.blocks import Layer
from puzzlerec.models.config import ModelConfig, TRMConfig
from puzzlerec.models.denoising import ranks
from puzzlerec.models.drm import LEVELS, blurred, corruption, remasking_share
from puzzlerec.models.sprm import disturbed, kept
from puzzlerec.training.objectives import supervise
from puzzlerec.training.recipe import Objective

OTHERS = sorted(set(systems()) - {"trm"})
SMALL = {
    "puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "width": 16, "heads": 2, "multiple": 8, "prefix": 2,
    "layers": 1, "latent_updates": 2, "recursions": 2, "supervision_steps": 4,
}  # fmt: skip


def small(system: str, **settings: object) -> ModelConfig:
    config = config_class({"system": system})
    content: dict[str, object] = {key: value for key, value in SMALL.items() if key in config.model_fields}
    if system in ("trldm", "autoregressive"):
        content["prefix"] = 0
    return config.model_validate(content | {"system": system} | settings)


def questions(count: int = 3) -> torch.Tensor:
    return torch.randint(1, 6, (count, 4, 4), generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize("system", OTHERS)
def test_every_system_steps_learns_and_keeps_its_runs_apart(system: str) -> None:
    model = build(small(system, **({"with_gradient": 2} if system == "drm" else {}))).eval()
    question = questions()
    state = model.start(question, 3, [5, 6, 7])
    for _ in range(3):
        state, prediction = model.step(question, state)
    assert prediction.logits.shape == (3, 16, 6) and prediction.halt.shape == (3,)
    assert not any(part.requires_grad for part in state)
    alone = model.start(question[1:2], 3, [6])
    for _ in range(3):
        alone, expected = model.step(question[1:2], alone)
    torch.testing.assert_close(prediction.logits[1:2], expected.logits, atol=1e-4, rtol=1e-4)
    answer, uniform = questions(3).flatten(1), torch.rand(3, 17)
    _, prediction = model.step(question, model.begin(question, answer, uniform))
    (prediction.logits.square().mean() + prediction.halt.mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no part in the prediction"


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("system", systems())
def test_every_weight_has_a_gradient(system: str, dtype: torch.dtype) -> None:
    """Under autocast too, whose copies of the weights must not come from the recursions without gradient."""
    model = build(small(system, **({"with_gradient": 2} if system == "drm" else {})))
    question = questions()
    with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
        _, prediction = model.step(question, model.begin(question, question.flatten(1), torch.rand(3, 17)))
    (prediction.logits.square().mean() + prediction.halt.mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no part in the prediction"


@pytest.mark.parametrize(
    "system", [{"system": name} for name in systems()] + [{"system": "trldm", "states": "none"}], ids=str
)
def test_evaluations_are_the_layers_that_a_step_applies(system: dict[str, str]) -> None:
    model = build(small(**system, layers=2))
    applied = []
    for module in model.modules():
        if isinstance(module, Layer):
            module.register_forward_hook(lambda *_: applied.append(1))
    question = questions()
    model.step(question, model.begin(question, question.flatten(1), torch.rand(3, 17)))
    assert len(applied) == model.evaluations


@pytest.mark.parametrize(
    "system", [{"system": name} for name in systems()] + [{"system": "trldm", "states": "none"}], ids=str
)
def test_what_a_step_repeats_is_compiled(system: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    if system["system"] == "autoregressive":
        pytest.skip("its lines grow by a token at every step")
    calls = []

    def compile_(function: Callable[..., object], **_: object) -> Callable[..., object]:
        return lambda *parts, **named: calls.append(1) or function(*parts, **named)

    model, question = build(small(**system)).eval(), questions()
    _, expected = model.step(question, model.start(question))
    monkeypatch.setattr(torch, "compile", compile_)
    model.compile_core()
    _, prediction = model.step(question, model.start(question))
    assert calls and torch.equal(prediction.logits, expected.logits)


@pytest.mark.parametrize(
    "system", [{"system": name} for name in OTHERS] + [{"system": "trldm", "states": "none"}], ids=str
)
def test_noise_changes_the_runs_it_is_meant_for(system: dict[str, str]) -> None:
    model, question = build(small(**system)).eval(), questions()
    state = model.start(question, 2, [1, 2, 3])
    disturbed = model.perturb(state, [0.0, 9.0, 0.0], [1, 2, 3])
    for before, after in zip(state, disturbed, strict=True):
        assert torch.equal(before[[0, 2]], after[[0, 2]])
    again = model.perturb(state, [0.0, 9.0, 0.0], [1, 2, 3])
    assert all(map(torch.equal, disturbed, again))
    (_, plain), (_, noisy) = (model.step(question, start) for start in (state, disturbed))
    changed = [not torch.equal(*pair) for pair in zip(plain.logits, noisy.logits, strict=True)]
    assert changed == [False, system["system"] != "direct", False]  # direct prediction has no states


@pytest.mark.parametrize("system", ["trm", "sprm", "hrm", "direct", "drm"])
def test_a_puzzles_id_decides_and_stays_with_its_row(system: str) -> None:
    model = build(small(system, puzzle_ids=3)).eval()
    question = questions(1).expand(3, -1, -1)

    def says(ids: list[int] | None) -> torch.Tensor:
        state = model.start(question, 2, [1, 1, 1])
        with torch.no_grad():
            for _ in range(2):
                state, prediction = model.step(question, state, None if ids is None else torch.tensor(ids))
        return prediction.logits

    assert torch.equal(says([0, 1, 2])[0], says([0, 1, 2])[2])  # all embeddings of a new model are zero
    torch.nn.init.normal_(model.puzzle_embedding.weight)
    one, other = says([0, 1, 2]), says([2, 0, 1])
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not torch.allclose(one[a], one[b], atol=1e-3)
    torch.testing.assert_close(one, other[[1, 2, 0]])
    torch.testing.assert_close(says(None), says([0, 0, 0]))


@pytest.mark.parametrize("system", ["trldm", "autoregressive"])
def test_systems_without_a_prefix_have_no_puzzle_embedding(system: str) -> None:
    with pytest.raises(ValidationError, match="prefix"):
        small(system, prefix=1)
    assert not hasattr(build(small(system)), "puzzle_embedding")


def test_hrm_has_the_papers_parameters() -> None:
    model = build(small("hrm", width=512, heads=8, multiple=256, layers=4, vocabulary=11, grid=(9, 9), prefix=1))
    counted = sum(p.numel() for name, p in model.named_parameters() if "puzzle_embedding" not in name)
    assert counted == 27_275_266


def test_hrm_updates_each_level_as_often_as_the_paper_and_once_with_gradient() -> None:
    model = build(small("hrm", latent_updates=3, recursions=2))
    calls: dict[str, list[bool]] = {"high_network": [], "low_network": []}
    for name, called in calls.items():
        getattr(model, name).register_forward_hook(lambda *args, called=called: called.append(args[2].requires_grad))
    question = questions()
    model.step(question, model.start(question))
    assert calls == {"high_network": [False, True], "low_network": [False] * 5 + [True]}


def test_settings_of_other_systems_are_unknown() -> None:
    """Whatever the value: what a system does not have, it does not take at its default either."""
    defaults = TRMConfig().model_dump()
    for system, lacks in (
        ("hrm", ("networks", "latents", "gradient", "with_gradient", "hints")),
        ("direct", ("latent_updates", "recursions", "networks", "latents", "gradient", "with_gradient", "hints")),
        ("drm", ("hints",)),
        ("trldm", ("networks", "latents", "gradient", "hints")),
        ("autoregressive", ("recursions", "networks", "latents", "gradient", "hints")),
        ("trm", ("rung", "states")),
        ("sprm", ("remasking",)),
    ):
        for name in lacks:
            with pytest.raises(ValidationError, match=f"{name}\n  Extra inputs are not permitted"):
                small(system, **{name: defaults.get(name, 1)})


def test_settings_that_do_not_go_together_are_refused() -> None:
    for system, setting, words in (
        ("drm", {"latents": "single"}, "should be 'pair'"),
        ("trm", {"latents": "single", "gradient": "one-step"}, "one-step"),
        ("hrm", {"mixer": "candidates"}, "needs a `box`"),
        ("trldm", {"mixer": "candidates", "box": (2, 2), "symbols": (2, 4)}, "mixes a sequence"),
    ):
        with pytest.raises(ValidationError, match=words):
            small(system, **setting)
    with pytest.raises(ValidationError, match="cannot have a gradient"):
        small("drm", with_gradient=3)
    with pytest.raises(ValueError, match="did you mean 'drm'"):
        config_class({"system": "drn"})


# ---- DRM


def test_corruption_hides_more_and_more() -> None:
    p = corruption(torch.arange(float(LEVELS)))
    assert (p[1:] > p[:-1]).all() and float(p[0]) < 0.001 and float(p[-1]) > 0.999


def test_drm_trains_from_answers_with_some_tokens_hidden() -> None:
    model = build(small("drm"))
    question, answer = questions(4), questions(4).flatten(1)
    uniform = torch.rand(4, 17)
    uniform[:, 0] = torch.tensor([0.0, 0.3, 0.7, 0.9999])
    state = model.begin(question, answer, uniform)
    hidden = state.answer == 6
    assert torch.equal(hidden, uniform[:, 1:] < corruption((uniform[:, :1] * 1000).floor()))
    assert torch.equal(state.answer[~hidden], answer[~hidden])
    assert not hidden[0].any() and hidden[3].all()
    assert model.training_steps == 1


@pytest.mark.parametrize("remasking", ["random", "confidence", "spatial"])
def test_drm_hides_fewer_cells_at_every_step_and_none_after_the_last(remasking: str) -> None:
    model = build(small("drm", remasking=remasking, grid=(6, 6), supervision_steps=8))
    question = torch.randint(1, 6, (16, 6, 6))
    state = model.start(question, None, list(range(16)))
    assert (state.answer == 6).all()
    shares = []
    for _ in range(8):
        state, prediction = model.step(question, state)
        assert prediction.masked is not None
        assert torch.equal(state.answer == 6, prediction.masked)
        shares.append(float(prediction.masked.float().mean()))
    expected = [float(remasking_share(torch.tensor(done), 8)) for done in range(1, 9)]
    assert expected[-1] == 0 and all(a > b for a, b in pairwise(expected))
    assert shares == pytest.approx(expected, abs=0.05)


def test_trldm_answers_for_each_puzzle_id() -> None:
    """It has no prefix: the embedding is added to every token."""
    model = build(small("trldm", puzzle_ids=3)).eval()
    question = questions()[:1].expand(3, -1, -1)
    torch.nn.init.normal_(model.puzzle_embedding.weight, std=2)
    _, prediction = model.step(question, model.start(question, 1), torch.tensor([0, 1, 1]))
    assert torch.equal(prediction.logits[1], prediction.logits[2])
    assert not torch.allclose(prediction.logits[0], prediction.logits[1], atol=0.1)
    assert not any("puzzle" in name for name, _ in build(small("trldm", puzzle_ids=1)).named_parameters())


@pytest.mark.parametrize(("every", "fresh"), [(None, [False] * 4), (1, [True] * 4), (2, [False, True, False, True])])
def test_drm_forgets_z_when_it_is_to(every: int | None, fresh: list[bool]) -> None:
    """What is in z as a step begins makes no difference where z starts anew; the start may be perturbed."""
    model = build(small("drm", reset_every=every)).eval()
    question = questions()
    state = model.start(question, 5)
    for step, forgets in enumerate([False, *fresh]):
        other = state._replace(z=torch.randn(state.z.shape, generator=torch.Generator().manual_seed(step)))
        same = torch.equal(model.step(question, other)[1].logits, model.step(question, state)[1].logits)
        assert same == forgets
        state, _ = model.step(question, state)


def test_padding_outside_the_grid_stays_padding_in_an_answer_of_drm() -> None:
    """Where it is not outside, an answer may be larger than its question, as ARC's are."""
    question = questions()
    question[:, :, 3] = 0
    for masked in (True, False):
        model = build(small("drm", mask_padding=masked)).eval()
        state, prediction = model.step(question, model.start(question, 1))
        said = prediction.logits.argmax(-1)
        expected = said.masked_fill((question == 0).flatten(1), 0) if masked else said
        assert torch.equal(state.answer, expected) and bool((said != expected).any()) == masked


def test_confident_cells_are_hidden_last_and_neighbours_together() -> None:
    assert ranks(torch.tensor([[0.9, 0.1, 0.5]])).tolist() == [[2, 0, 1]]
    noise = torch.rand(8, 1, 30, 30, generator=torch.Generator().manual_seed(0))
    smooth = blurred(noise)
    assert smooth.shape == noise.shape

    def likeness(image: torch.Tensor) -> float:
        pairs = torch.stack((image[..., 1:].flatten(), image[..., :-1].flatten()))
        return float(torch.corrcoef(pairs)[0, 1])

    assert likeness(noise) < 0.1 and likeness(smooth) > 0.7


# ---- TR-LDM


def test_trldm_keeps_what_it_unmasked_and_masks_the_least_certain() -> None:
    model = build(small("trldm", supervision_steps=4)).eval()
    question = questions(8)
    state = model.start(question)
    assert (state.answer == 6).all()
    for left in (12, 8, 4, 0):
        before = state.answer
        state, prediction = model.step(question, state)
        masked = state.answer == 6
        assert prediction.masked is not None and torch.equal(masked, prediction.masked)
        assert masked.sum(1).tolist() == [left] * 8
        kept = before != 6
        assert torch.equal(state.answer[kept], before[kept])  # copied through
        assert torch.equal(prediction.logits.argmax(-1)[kept], before[kept])
        was_masked = (before == 6) & masked
        confidence = prediction.logits.softmax(-1).amax(-1)
        for row in range(8):
            now_shown = (before[row] == 6) & ~masked[row]
            if was_masked[row].any():
                assert confidence[row][now_shown].min() >= confidence[row][was_masked[row]].max()


def test_trldm_may_overwrite_and_may_mask_at_random() -> None:
    question = questions(8)
    for settings in (
        {"overwrite": True},
        {"remasking": "random"},
        {"states": "none"},
        {"states": "y"},
        {"states": "z"},
    ):
        model = build(small("trldm", supervision_steps=4, **settings)).eval()
        state = model.start(question)
        for left in (12, 8, 4, 0):
            state, _ = model.step(question, state)
            assert (state.answer == 6).sum(1).tolist() == [left] * 8


def test_trldm_trains_on_masked_tokens_weighted_by_their_share() -> None:
    """The gradient of L_MDM: masked tokens, each divided by t L."""
    model = build(small("trldm"))
    question, answer, uniform = questions(4), questions(4).flatten(1), torch.rand(4, 17)
    state = model.begin(question, answer, uniform)
    t = 1 - uniform[:, 0]
    masked = uniform[:, 1:] < t[:, None]
    assert torch.equal(state.answer == 6, masked)
    _, prediction = model.step(question, state)
    torch.testing.assert_close(prediction.weights, masked / (t[:, None] * 16))


def test_trldms_loss_bounds_the_negative_log_likelihood() -> None:
    """Of a perfect predictor the expected loss is the exact entropy of the answers, a token; of any other it is more.

    An answer is two tokens with known joint probabilities, so the exact conditionals of a masked one are known too.
    """
    joint = torch.tensor([[0.5, 0.2], [0.1, 0.2]])
    model = build(small("trldm", vocabulary=3, grid=(1, 2), width=4, heads=1))
    generator = torch.Generator().manual_seed(0)
    count = 100_000
    pick = torch.multinomial(joint.flatten(), count, replacement=True, generator=generator)
    answer = torch.stack((pick // 2, pick % 2), 1) + 1
    question = torch.ones(count, 1, 2, dtype=torch.long)
    with torch.no_grad():
        state = model.begin(question, answer, torch.rand(count, 3, generator=generator))
        _, prediction = model.step(question, state)
    seen = state.answer != 3
    other = answer.flip(1) - 1
    first = torch.where(seen[:, 1:], (joint / joint.sum(0)).T[other[:, 0]], joint.sum(1))
    second = torch.where(seen[:, :1], (joint.T / joint.sum(1)).T[other[:, 1]], joint.sum(0))
    perfect = torch.stack((first, second), 1).log()
    objective = Objective(loss="softmax", halt_weight=0)

    def loss(logits: torch.Tensor) -> float:
        impossible = torch.full_like(logits[..., :1], -1e9)  # padding
        predicted = prediction._replace(logits=torch.cat((impossible, logits), -1))
        return 2 * float(supervise(predicted, answer, objective).loss) / count  # nats an answer

    entropy = float(-(joint * joint.log()).sum())
    assert loss(perfect) == pytest.approx(entropy, abs=0.015)
    assert loss(torch.zeros_like(perfect)) > entropy + 0.1
    assert loss(perfect + 0.5 * torch.randn(perfect.shape, generator=generator)) > loss(perfect)


def test_trldm_learns_to_halt_on_the_answer_as_it_is_decoded() -> None:
    """Tokens that were not masked count as they stand, in training as in solving."""
    model = build(small("trldm"))
    question, answer = questions(1), questions(1).flatten(1)
    state = model.begin(question, answer, torch.cat((torch.tensor([[0.9]]), torch.linspace(0.05, 0.95, 16)[None]), 1))
    masked = state.answer == 6
    assert masked.sum() == 1
    for training in (True, False):
        _, prediction = model.train(training).step(question, state)
        says = prediction.logits.argmax(-1)
        assert torch.equal(says[~masked], answer[~masked])
        told = torch.where(masked, says, answer)
        assert supervise(prediction, told, Objective()).right.all()
        assert not supervise(prediction, torch.where(masked, told % 5 + 1, told), Objective()).right.any()


def test_deep_supervision_over_a_denoising_carries_its_states() -> None:
    model = build(small("trldm", regime="ds", training_denoising=4, reset_every=2, recursions=1))
    assert model.training_steps == 4
    begun: list[tuple[torch.Tensor, ...]] = []
    recursion = model.recursion
    model.recursion = lambda *parts: begun.append(parts) or recursion(*parts)
    question, answer = questions(2), questions(2).flatten(1)
    state = model.begin(question, answer, torch.rand(2, 17))
    assert (state.answer == 6).all()
    for step, share in enumerate((0.75, 0.5, 0.25, 0.0)):
        before = state
        state, prediction = model.step(question, state)
        assert state.ratio.tolist() == [share] * 2
        assert prediction.weights is not None
        x, y, z, _ = begun[step]
        if step % 2:
            assert torch.equal(y, before.y) and torch.equal(z, before.z) and z.any()
        else:  # they start anew
            assert torch.equal(y, x) and not z.any()


def test_a_denoising_while_right_is_lost_with_the_first_wrong_token_that_stays() -> None:
    model = build(small("trldm", regime="ds", while_right=True))
    answer = questions(5).flatten(1)
    kept = answer.clone()
    kept[1, 3] = kept[4, 3] = answer[1, 3] % 5 + 1  # wrong
    kept[2, 3] = kept[2, 5] = 6  # masked
    answer[3], answer[4, 3] = 0, 0  # padding: nothing is asked there
    state = model.begin(questions(5), answer, torch.rand(5, 17))._replace(answer=kept)
    assert model.lost(state, answer).tolist() == [False, True, False, False, False]
    assert not build(small("trldm", regime="ds")).lost(state, answer).any()


@pytest.mark.parametrize("initial_y", ["sequence", "zero"])
def test_trldms_answer_state_starts_from_the_sequence_or_from_zero(initial_y: str) -> None:
    model = build(small("trldm", initial_y=initial_y, recursions=1)).eval()
    begun: list[tuple[torch.Tensor, ...]] = []
    recursion = model.recursion
    model.recursion = lambda *parts: begun.append(parts) or recursion(*parts)
    question = questions()
    state = model.start(question, 2)
    for _ in range(2):
        state, _ = model.step(question, state)
    for x, y, z, _ in begun:  # both denoising steps start anew
        assert torch.equal(y.expand_as(x), x if initial_y == "sequence" else torch.zeros_like(x))
        assert not z.any()


# ---- SPRM


def test_sprm_disturbs_states_in_training_alone_and_keeps_their_scale() -> None:
    assert float(kept()[0]) == pytest.approx(1 - 1e-4) and 0.85 < float(kept()[-1]) < 0.95
    state = 3 + 2 * torch.randn(64, 50, 16)
    changed = disturbed(state)
    assert not torch.equal(state, changed)
    assert float(changed.std()) == pytest.approx(2, rel=0.25)
    model = build(small("sprm"))
    question = questions()
    start = model.start(question)
    model.eval()
    one, other = (model.step(question, start)[0] for _ in range(2))
    assert all(map(torch.equal, one, other))
    model.train()
    assert not torch.equal(one.y, model.step(question, start)[0].y)


def test_question_and_answer_lie_on_the_same_places() -> None:
    """TR-LDM with rotary positions on the grid: without its part, a cell of the answer is like that of the question."""
    model = build(small("trldm", positions="grid-rope", width=32, states="none"))
    attention = model.network.layers[0].mix
    assert torch.equal(attention.cosines[:16], attention.cosines[16:])
    question = questions()
    model.eval()
    _, before = model.step(question, model.start(question))
    with torch.no_grad():
        model.parts.weight.add_(torch.randn(2, 32))
    _, after = model.step(question, model.start(question))
    assert not torch.allclose(before.logits, after.logits)  # the parts are told apart by their embeddings


def test_direct_prediction_is_one_step_and_has_no_recursion() -> None:
    config = config_class({"system": "direct"}).model_validate({"system": "direct"})
    assert (config.supervision_steps, config.layers, config.passes) == (1, 8, 1)
    assert not {"recursions", "latent_updates", "latents", "with_gradient"} & set(type(config).model_fields)


def test_hrm_has_the_papers_two_updates_and_two_recursions() -> None:
    config = config_class({"system": "hrm"}).model_validate({"system": "hrm"})
    assert (config.latent_updates, config.recursions, config.layers, config.passes) == (2, 2, 4, 6)


def test_trldm_has_one_recursion_of_four_updates_and_thirty_two_steps() -> None:
    config = config_class({"system": "trldm"}).model_validate({"system": "trldm"})
    assert (config.recursions, config.latent_updates, config.layers, config.supervision_steps) == (1, 4, 4, 32)
