"""TRM as the paper has it: parameter counts, the recursion, its gradient rule, its ablations, its symmetries."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from puzzlerec.models.blocks import Attention, Canvas, rms_norm, rotary_tables, rotate, truncated_normal_
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM, State
from puzzlerec.puzzles import get

SUDOKU = "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."


MIXERS = ("attention", "mlp", "units", "candidates", "local")


def small(**settings: object) -> TRMConfig:
    """A small model of 4x4 Sudokus."""
    common = {"puzzle": "sudoku-4x4", "vocabulary": 6, "grid": (4, 4), "width": 16, "heads": 2, "multiple": 8}
    if settings.get("mixer") in ("units", "candidates"):
        common |= {"box": (2, 2), "prefix": 0}
    if settings.get("mixer") == "candidates":
        common |= {"symbols": (2, 4)}
    if settings.get("mixer") == "local":
        common |= {"prefix": 0, "mask_padding": True}
    return TRMConfig(**{**common, "latent_updates": 2, "recursions": 2, **settings})  # type: ignore[arg-type]


def questions(count: int, vocabulary: int = 6, cells: int = 16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(2, vocabulary, (count, cells), generator=generator)
    return torch.where(torch.rand(count, cells, generator=generator) < 0.2, tokens, 1).view(count, 4, -1)


def trainable(model: TRM) -> int:
    """Parameters as the reference code counts them: its puzzle embedding is a buffer."""
    return sum(p.numel() for name, p in model.named_parameters() if "puzzle_embedding" not in name)


@pytest.mark.parametrize(("mixer", "count"), [("mlp", 5_028_866), ("attention", 6_828_034)])
def test_paper_size_models_have_the_papers_parameters(mixer: str, count: int) -> None:
    assert trainable(TRM(TRMConfig(mixer=mixer))) == count  # type: ignore[arg-type]


@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("latents", ["pair", "single", "multi-scale"])
@pytest.mark.parametrize("networks", ["one", "two"])
def test_every_setting_steps_and_learns(mixer: str, latents: str, networks: str) -> None:
    if mixer == "candidates" and latents == "multi-scale":
        pytest.skip("refused by the configuration")
    model = TRM(small(mixer=mixer, latents=latents, networks=networks))
    question = questions(3)
    state = model.start(question)
    for _ in range(2):
        state, prediction = model.step(question, state)
    assert prediction.logits.shape == (3, 16, 6)
    assert prediction.halt.shape == (3,)
    assert not state.y.requires_grad and not state.z.requires_grad
    (prediction.logits.clamp(min=-100).square().mean() + prediction.halt.mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no part in the prediction"


def test_two_networks_are_two() -> None:
    one, two = TRM(small()), TRM(small(networks="two"))
    f = sum(p.numel() for p in one.network.parameters())
    assert trainable(two) == trainable(one) + f


def test_a_new_model_does_not_halt() -> None:
    model = TRM(small())
    question = questions(4)
    assert torch.all(model.step(question, model.start(question))[1].halt == -5)


def test_the_step_is_the_papers_pseudocode() -> None:
    """n times z = f(x + y + z), then y = f(y + z); T times in all, logits from y, halting from its first position."""
    model = TRM(small())
    question = questions(3)
    x, canvas = model.encode(question)
    f = partial(model.network, canvas=canvas)
    y, z = model.start(question)
    for _ in range(model.config.recursions):
        for _ in range(model.config.latent_updates):
            z = f(x + y + z)
        y = f(y + z)
    state, prediction = model.step(question, model.start(question))
    torch.testing.assert_close(state.y, y)
    torch.testing.assert_close(prediction.logits, model.readout(y[:, 16:]))
    torch.testing.assert_close(prediction.halt, model.halting(y[:, 0])[:, 0])


@pytest.mark.parametrize(
    ("rule", "learned", "evaluations"), [("recursion", 1, 3), ("one-step", 1, 2), ("recursion", 2, 6)]
)
def test_gradient_flows_through_the_last_evaluations_alone(rule: str, learned: int, evaluations: int) -> None:
    model = TRM(small(gradient=rule, recursions=3, with_gradient=learned))
    with_gradient = []
    model.network.register_forward_hook(lambda module, inputs, output: with_gradient.append(output.requires_grad))
    question = questions(2)
    model.step(question, model.start(question))
    assert len(with_gradient) == 3 * 3
    assert sum(with_gradient) == evaluations
    assert all(with_gradient[-evaluations:])


def test_rms_norm_is_computed_in_float32() -> None:
    x = torch.randn(4, 64).mul(300).half()
    expected = x.double() / x.double().square().mean(-1, keepdim=True).add(1e-5).sqrt()
    torch.testing.assert_close(rms_norm(x).double(), expected, atol=2e-3, rtol=2e-3)


def test_truncated_normal_keeps_its_deviation() -> None:
    sample = truncated_normal_(torch.empty(200_000), 0.5)
    assert abs(float(sample.std()) - 0.5) < 0.005
    assert float(sample.abs().max()) < 0.5 * 2.3


def test_rotation_depends_on_distance_alone() -> None:
    cosines, sines = rotary_tables(20, 8)
    q, k = torch.randn(8), torch.randn(8)
    turned = [rotate(v.expand(1, 1, 20, 8), cosines, sines)[0, 0] for v in (q, k)]
    products = turned[0] @ turned[1].T
    torch.testing.assert_close(products.diagonal(3)[0].expand(17), products.diagonal(3), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("mixer", ["units", "candidates"])
def test_symmetric_copies_get_copied_answers(mixer: str) -> None:
    """Positions for the units mixer, digits as well for the candidates mixer."""
    kind = get("sudoku")
    settings = {"symbols": (2, 9)} if mixer == "candidates" else {}
    model = TRM(
        TRMConfig(mixer=mixer, prefix=0, box=(3, 3), width=16, multiple=8, latent_updates=2, recursions=1, **settings)
    )
    grid = kind.parse(SUDOKU)
    symmetry = kind.random_symmetry(np.random.default_rng(3), (9, 9))
    tokens = symmetry.tokens if mixer == "candidates" else np.arange(11, dtype=np.uint8)
    copied = tokens[grid.reshape(-1)[symmetry.cells]]
    ask = torch.from_numpy(np.stack([grid, copied.reshape(9, 9)]).astype(np.int64))
    state = model.start(ask)
    for _ in range(2):
        state, prediction = model.step(ask, state)
    renamed = torch.from_numpy(np.argsort(tokens).astype(np.int64))
    expected = prediction.logits[0][torch.from_numpy(symmetry.cells)][:, renamed]
    torch.testing.assert_close(prediction.logits[1], expected, atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(prediction.halt[0], prediction.halt[1])


def padded(question: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return torch.nn.functional.pad(question, (0, width - question.shape[2], 0, height - question.shape[1]))


def test_a_local_model_runs_on_any_grid_and_padding_changes_nothing() -> None:
    model = TRM(small(mixer="local"))
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        model.halting.weight.normal_(generator=generator)
    question = torch.randint(1, 6, (2, 3, 5), generator=generator)
    wide = torch.randint(1, 6, (1, 6, 7), generator=generator)
    together = torch.cat((padded(question, 6, 7), wide))
    small_state, wide_state, state = (model.start(part) for part in (question, wide, together))
    for _ in range(3):
        small_state, alone = model.step(question, small_state)
        wide_state, whole = model.step(wide, wide_state)
        state, mixed = model.step(together, state)
    cropped = mixed.logits[:2].view(2, 6, 7, -1)[:, :3, :5]
    torch.testing.assert_close(cropped, alone.logits.view(2, 3, 5, -1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mixed.logits[2:], whole.logits, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(mixed.halt, torch.cat((alone.halt, whole.halt)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("mixer", ["attention", "local"])
@pytest.mark.parametrize("prefix", [0, 4])
def test_masked_padding_is_heard_by_no_cell(mixer: str, prefix: int) -> None:
    if mixer == "local" and prefix:
        pytest.skip("refused by the configuration")
    model = TRM(small(mixer=mixer, mask_padding=True, prefix=prefix))
    torch.nn.init.normal_(model.halting.weight)
    question = padded(torch.randint(1, 6, (2, 3, 2)), 4, 4)
    outside = torch.nn.functional.pad((question == 0).flatten(1), (prefix, 0))[..., None]
    state = model.start(question)
    disturbed = State(*(torch.where(outside, 9 * torch.randn_like(part), part) for part in state))
    one, other = (model.step(question, each)[1] for each in (state, disturbed))
    inside = ~outside[:, prefix:].expand_as(one.logits)
    torch.testing.assert_close(one.logits[inside], other.logits[inside])
    torch.testing.assert_close(one.halt, other.halt)


def test_slots_do_not_see_each_other() -> None:
    for mixer in MIXERS:
        model = TRM(small(mixer=mixer))
        question = questions(5)
        together = model.step(question, model.start(question))[1].logits
        alone = torch.cat([model.step(q[None], model.start(q[None]))[1].logits for q in question])
        torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        ({"mixer": "units", "box": None}, "box"),
        ({"mixer": "units", "prefix": 16}, "prefix"),
        ({"mixer": "local", "mask_padding": False}, "padding"),
        ({"mixer": "mlp", "mask_padding": True}, "padding"),
        ({"mixer": "candidates", "symbols": None}, "symbols"),
        ({"mixer": "candidates", "latents": "multi-scale"}, "multi-scale"),
        ({"width": 18, "heads": 4}, "width"),
        ({"recursions": 2, "with_gradient": 3}, "cannot have a gradient"),
        ({"wdith": 18}, "wdith"),
    ],
)
def test_impossible_settings_are_refused_by_name(settings: dict[str, object], names: str) -> None:
    with pytest.raises(ValidationError, match=names):
        small(**settings)


def test_on_a_grid_attention_knows_the_way_to_another_cell_but_not_where_it_stands() -> None:
    """The same cells, a row and a column farther on a larger canvas, attend to one another as before."""
    attention = Attention(small(positions="grid-rope", width=32, heads=2, prefix=0))
    cells = torch.randn(1, 3, 3, 32)
    mixed = []
    for row, column in ((0, 0), (1, 1)):
        canvas, inside = torch.zeros(1, 4, 4, 32), torch.zeros(1, 4, 4, dtype=torch.bool)
        canvas[:, row : row + 3, column : column + 3] = cells
        inside[:, row : row + 3, column : column + 3] = True
        heard = attention(canvas.flatten(1, 2), Canvas((4, 4), inside.flatten(1)))
        mixed.append(heard.view(1, 4, 4, 32)[:, row : row + 3, column : column + 3])
    torch.testing.assert_close(mixed[0], mixed[1], atol=1e-5, rtol=1e-5)
    turned = attention(cells.transpose(1, 2).flatten(1, 2), Canvas((3, 3))).view(1, 3, 3, 32).transpose(1, 2)
    upright = attention(cells.flatten(1, 2), Canvas((3, 3))).view(1, 3, 3, 32)
    assert not torch.allclose(turned, upright, atol=1e-3)  # a row is not a column


@pytest.mark.parametrize("positions", ["rope", "grid-rope"])
def test_attention_in_bfloat16_on_a_cpu_is_close_to_float32(positions: str) -> None:
    attention = Attention(small(positions=positions, width=32, heads=2, prefix=2))
    h = torch.randn(2, 18, 32)
    exact = attention(h, Canvas((4, 4)))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = attention(h, Canvas((4, 4)))
    assert rounded.dtype == torch.bfloat16
    assert (rounded - exact).norm() / exact.norm() < 2e-2


def test_rotary_positions_on_a_grid_need_heads_of_four() -> None:
    with pytest.raises(ValidationError, match="4 \\* heads = 8 divides"):
        small(positions="grid-rope", width=12, heads=2)
    with pytest.raises(ValidationError, match="grid-rope"):
        small(positions="grid-rope", mixer="mlp")
