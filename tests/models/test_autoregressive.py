"""The autoregressive ladder: what all rungs share, and what each one's depth rule is."""

from __future__ import annotations

import pytest
import torch
from pydantic import ValidationError

from puzzlerec.models import build, config_class
from puzzlerec.models.autoregressive import ACT, Autoregressive
from puzzlerec.models.blocks import Attention, Canvas, rotary_tables, rotate
from puzzlerec.models.config import ModelConfig
from puzzlerec.puzzles import get
from puzzlerec.training.objectives import supervise
from puzzlerec.training.recipe import Objective

RUNGS = ("dense", "iterative", "iterative-step", "universal", "dual-universal", "dual-nested", "ar-trm")
ADDITION = get("addition")


def config_of(rung: str, **settings: object) -> ModelConfig:
    content: dict[str, object] = {
        "system": "autoregressive", "rung": rung, "puzzle": "addition", "vocabulary": 15, "grid": (1, 16), "width": 16,
        "heads": 2, "multiple": 8, "evaluations": 6, "supervision_steps": 8, **settings,
    }  # fmt: skip
    return config_class(content).model_validate(content)


def model_of(rung: str, **settings: object) -> Autoregressive:
    torch.manual_seed(0)
    model = build(config_of(rung, **settings))
    assert isinstance(model, Autoregressive)
    for name, parameter in model.named_parameters():
        if name.startswith(("act", "halting")):  # which a new model leaves at zero
            torch.nn.init.normal_(parameter, 0, 0.5)
    return model


def batch(*lines: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Questions [B, 1, W] and answers [B, W] with padding behind the shorter ones."""
    questions = [ADDITION.parse(line) for line in lines]
    W = max(question.size for question in questions)
    question, answer = torch.zeros(len(lines), 1, W).long(), torch.zeros(len(lines), W).long()
    for row, one in enumerate(questions):
        question[row, 0, : one.size] = torch.from_numpy(one[0])
        answer[row, : one.size] = torch.from_numpy(ADDITION.answer(one)[0])
    return question, answer


LINES = batch("12+345=", "9+9=", "5+1=")


def taught(model: Autoregressive, question: torch.Tensor, answer: torch.Tensor) -> torch.Tensor:
    """The logits [B, W, V] of all tokens, after all supervision steps."""
    state = model.begin(question, answer, torch.zeros(len(answer), 1))
    for _ in range(model.training_steps):
        state, prediction = model.step(question, state)
    return prediction.logits


@pytest.mark.parametrize("rung", RUNGS)
def test_no_token_hears_a_later_one(rung: str) -> None:
    model = model_of(rung).train()
    question, answer = LINES
    question = torch.where(question > 0, 1, 0)  # all cells are open, so that all logits show
    logits = taught(model, question, answer)
    changed = answer.clone()
    changed[0, 8] = 12
    others = taught(model, question, changed)
    assert torch.allclose(logits[0, :9], others[0, :9], atol=1e-6)
    assert not torch.allclose(logits[0, 9], others[0, 9], atol=1e-3)


@pytest.mark.parametrize("rung", RUNGS)
@pytest.mark.parametrize("deep", [1, 2])
def test_a_token_costs_the_same_evaluations_in_training_and_in_solving(rung: str, deep: int) -> None:
    if deep > 1 and rung != "ar-trm":
        return
    model = model_of(rung, deep_supervision=deep)
    calls: list[bool] = []
    for network in model.networks:
        network.register_forward_hook(lambda *args: calls.append(args[2].requires_grad))
    question, answer = LINES
    taught(model.train(), question, answer)
    assert len(calls) == 6
    with_gradient = {"ar-trm": 3 * deep}.get(rung, 6)  # the n + 1 evaluations of the last recursion
    assert sum(calls) == with_gradient
    if rung == "ar-trm":
        assert calls == ([False] * 3 + [True] * 3 if deep == 1 else [True] * 6)
    assert len(model.networks) == (6 if rung == "dense" else 1)
    assert model.evaluations == 6 // deep
    calls.clear()
    model.eval().step(question, model.start(question))
    assert len(calls) == 6


@pytest.mark.parametrize("rung", RUNGS)
def test_solving_token_by_token_gives_the_logits_of_teaching(rung: str) -> None:
    """Whatever is written, the same tokens taught at once have the same logits."""
    model = model_of(rung, deep_supervision=2 if rung == "ar-trm" else 1).eval()
    question, _ = LINES
    state, seen = model.start(question), {}
    with torch.no_grad():
        for _ in range(5):
            before = state.answer
            state, prediction = model.step(question, state)
            for row, cell in (before != state.answer).nonzero().tolist():
                if cell == int((before[row] == 1).int().argmax()):
                    seen[row, cell] = prediction.logits[row, cell]
        assert not (state.answer == 1).any() and prediction.masked is not None and not prediction.masked.any()
        together = taught(model, question, state.answer)
    assert len(seen) >= 3
    for (row, cell), logits in seen.items():
        torch.testing.assert_close(logits, together[row, cell], atol=1e-4, rtol=1e-4)
        assert int(logits.argmax()) == int(state.answer[row, cell]) not in (0, 1)


def test_a_line_is_written_one_token_a_step_up_to_its_end_token_and_stays() -> None:
    model = model_of("dense").eval()
    question, _ = LINES
    place = iter([[8, 3, 8], [10, 2, 2], [12, 5, 5], [2, 2, 2], [9, 9, 9]])
    model._logits = lambda y: torch.nn.functional.one_hot(torch.tensor(next(place)), 15).float()  # type: ignore[method-assign]
    state = model.start(question)
    shown = []
    for _ in range(7):
        state, prediction = model.step(question, state)
        assert prediction.masked is not None
        shown.append([ADDITION.format(row[None].numpy()) for row in state.answer])
        assert torch.equal(prediction.logits[~prediction.masked].argmax(-1), state.answer[~prediction.masked])
    assert [lines[0] for lines in shown[:4]] == ["12+345=5", "12+345=57", "12+345=579", "12+345=579"]
    assert [lines[1] for lines in shown[:3]] == ["9+9=0"] * 3
    assert shown[3] == shown[4] == shown[6] == ["12+345=579", "9+9=0", "5+1=5"]
    assert state.answer[1].tolist()[4:] == [3, 2, 2] + [0] * 5


def test_the_loss_is_of_the_result_and_its_end_alone() -> None:
    model = model_of("universal").train()
    question, answer = LINES
    _, prediction = model.step(question, model.begin(question, answer, torch.zeros(3, 1)))
    assert prediction.weights is not None
    assert [row.nonzero().flatten().tolist() for row in prediction.weights] == [[7, 8, 9, 10], [4, 5, 6], [4, 5]]
    torch.testing.assert_close(prediction.weights.sum(1), torch.ones(3))
    outcome = supervise(prediction, answer, Objective(loss="softmax", halt_weight=0))
    log_p = prediction.logits.log_softmax(-1).gather(-1, answer[..., None])[..., 0]
    expected = torch.stack((-log_p[0, 7:11].mean(), -log_p[1, 4:7].mean(), -log_p[2, 4:6].mean()))
    torch.testing.assert_close(outcome.tokens, expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("rung", ACT)
def test_halting_distributions_sum_to_one(rung: str) -> None:
    model = model_of(rung)
    states = torch.randn(6, 3, 5, 16)
    weights = model.halting_distribution(states)
    assert weights.shape == (6, 3, 5) and (weights >= 0).all()
    torch.testing.assert_close(weights.sum(0), torch.ones(3, 5))
    p = torch.sigmoid(model.act(states)[..., 0])
    torch.testing.assert_close(weights[1], p[1] * (1 - p[0]))
    torch.testing.assert_close(model._read(list(states)), (weights[..., None] * states).sum(0))


def test_only_ar_trms_halting_logit_trains_the_network() -> None:
    question, answer = LINES
    for rung in RUNGS:
        model = model_of(rung).train()
        _, prediction = model.step(question, model.begin(question, answer, torch.zeros(3, 1)))
        prediction.halt.sum().backward()
        heard = any(parameter.grad is not None for parameter in model.networks.parameters())
        assert heard == (rung == "ar-trm") and model.halting.weight.grad is not None


def test_deep_supervision_carries_ar_trms_states_without_gradient() -> None:
    model = model_of("ar-trm", deep_supervision=2).train()
    question, answer = LINES
    state = model.begin(question, answer, torch.zeros(3, 1))
    assert model.training_steps == 2 and torch.equal(state.y[0, 0], model.y0)
    after, _ = model.step(question, state)
    assert not torch.equal(after.y, state.y) and not after.y.requires_grad and not after.z.requires_grad
    assert model_of("dual-nested").begin(question, answer, torch.zeros(3, 1)).y.shape == (3, 12, 0)


def test_ar_trms_gradient_may_go_through_more_recursions_than_the_last() -> None:
    question, answer = LINES
    model = model_of("ar-trm", with_gradient=2).train()
    calls: list[bool] = []
    model.networks[0].register_forward_hook(lambda *args: calls.append(args[2].requires_grad))
    with_both = taught(model, question, answer)
    assert calls == [True] * 6
    assert torch.equal(with_both, taught(model_of("ar-trm").train(), question, answer))


def test_longer_lines_than_trained_on_and_padding_make_no_difference() -> None:
    model = model_of("universal", grid=(1, 4)).eval()
    question, answer = LINES
    alone, right = batch("9+9=")
    with torch.no_grad():
        padded, single = taught(model, question, answer)[1], taught(model, alone, right)[0]
    torch.testing.assert_close(padded[: len(single)], single, atol=1e-5, rtol=1e-5)
    assert model.config.takes((1, 1000))
    attention = Attention(config_of("dense", grid=(1, 4)))
    h = torch.randn(2, 9, 16)
    wide = Attention(config_of("dense", grid=(1, 9)))
    wide.load_state_dict(attention.state_dict())
    for causal in (False, True):
        assert torch.equal(attention(h, Canvas((1, 9), causal=causal)), wide(h, Canvas((1, 9), causal=causal)))
    assert rotate(h[:, None, :, :8], *rotary_tables(9, 8)).shape == (2, 1, 9, 8)


def test_causal_attention_leaves_padding_out_too() -> None:
    attention = Attention(config_of("dense"))
    h = torch.randn(1, 6, 16)
    real = torch.tensor([[True, False, True, True, True, True]])
    changed = h.clone()
    changed[0, 1], changed[0, 5] = 7, 7
    one, other = (attention(x, Canvas((1, 6), real, causal=True)) for x in (h, changed))
    assert torch.allclose(one[0, 2:5], other[0, 2:5], atol=1e-6)


def test_noise_is_a_temperature() -> None:
    """Runs with noise draw from the model's own distribution."""
    model = model_of("dense").eval()
    question, _ = batch("5+1=")
    many = question.expand(4000, -1, -1)
    logits = torch.randn(15) * 2
    logits[:2] = -1e9
    model._logits = lambda y: logits.expand(len(y), -1)  # type: ignore[method-assign]
    state = model.perturb(model.start(many), [1.0] * 4000, range(4000))
    state, _ = model.step(many, state)
    drawn = torch.bincount(state.answer[:, 4], minlength=15) / 4000
    assert torch.allclose(drawn, logits.softmax(-1), atol=0.04)
    greedy, _ = model.step(many[:2], model.perturb(model.start(many[:2]), [0.0, 0.0], [1, 2]))
    assert greedy.answer[:, 4].tolist() == [int(logits.argmax())] * 2


def test_settings_that_make_no_sense_are_refused() -> None:
    for settings, words in (
        ({"rung": "dual-universal", "evaluations": 7}, "by 2: 7"),
        ({"rung": "dual-nested", "evaluations": 8}, "by 3: 8"),
        ({"rung": "ar-trm", "evaluations": 9, "deep_supervision": 2}, "by 6: 9"),
        ({"rung": "universal", "deep_supervision": 2}, "for ar-trm"),
        ({"rung": "universal", "with_gradient": 2}, "for ar-trm"),
        ({"rung": "ar-trm", "with_gradient": 3}, "of 2 recursions, 3"),
        ({"rung": "dense", "prefix": 1}, "causal attention"),
        ({"rung": "dense", "mixer": "mlp"}, "causal attention"),
        ({"rung": "dense", "latents": "single"}, "latents\n  Extra inputs"),
        ({"rung": "dense", "end": 1}, "two tokens"),
        ({"rung": "sparse"}, "universal"),
    ):
        with pytest.raises(ValidationError, match=words):
            config_of(**settings)  # type: ignore[arg-type]
