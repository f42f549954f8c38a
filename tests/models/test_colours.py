"""A vector a cell and colour: renaming colours changes nothing but what their own vectors say, nor does padding."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from puzzlerec.models import build, colours, config_class
from puzzlerec.models.colours import IMPOSSIBLE
from puzzlerec.models.system import System

COLOURS = 4
NONE = COLOURS + 1  # the token of a cell without a colour


def small(system: str = "trm") -> System:
    content = {"system": system, "puzzle": "arc", "mixer": "colours", "prefix": 0, "mask_padding": True, "width": 8}
    content |= {"multiple": 4, "symbols": (1, COLOURS), "vocabulary": COLOURS + 2, "puzzle_ids": 8}
    torch.manual_seed(0)
    return build(config_class(content).model_validate(content)).eval()


def questions(rows: int = 3, columns: int = 5, count: int = 2) -> Tensor:
    return torch.randint(1, NONE + 1, (count, rows, columns), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def said(model: System, question: Tensor, view: Tensor | None = None, steps: int = 3) -> Tensor:
    """Logits [B, L, V] after some steps."""
    state = model.start(question)
    for _ in range(steps):
        state, prediction = model.step(question, state, view)
    return prediction.logits


@pytest.mark.parametrize("system", ["trm", "hrm", "direct", "drm"])
def test_renaming_colours_renames_the_answer_until_colours_have_vectors(system: str) -> None:
    model, question = small(system), questions()
    name = torch.tensor([0, 3, 1, 4, 2, NONE])  # of each token
    plain, renamed = said(model, question), said(model, name[question])
    torch.testing.assert_close(renamed[..., name], plain, atol=1e-4, rtol=1e-4)
    assert (plain[..., 1:NONE].std(-1) > 1e-3).any()
    torch.nn.init.normal_(model.colour_embedding.weight)
    plain, renamed = said(model, question), said(model, name[question])
    assert (renamed[..., name] - plain).abs().max() > 1e-2


def test_a_padded_grid_has_the_answer_of_the_grid_itself() -> None:
    model, question = small(), questions()
    padded = torch.zeros(3, 6, 7, dtype=torch.long)
    padded[:2, :3, :5] = question
    padded[2] = questions(6, 7, 1)
    inside = said(model, padded).view(3, 6, 7, -1)[:2, :3, :5].flatten(1, 2)
    torch.testing.assert_close(inside, said(model, question), atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_padding_does_not_speak_about_halting() -> None:
    model, question = small(), questions()
    torch.nn.init.normal_(model.halting.weight)
    padded = torch.zeros(2, 4, 9, dtype=torch.long)
    padded[:, :3, :5] = question
    halts = [model.step(tokens, model.start(tokens))[1].halt for tokens in (question, padded)]
    torch.testing.assert_close(*halts, atol=1e-4, rtol=1e-4)


def test_every_cell_is_heard_everywhere() -> None:
    model, question = small(), questions(6, 6, 1)
    other = question.clone()
    other[0, 0, 0] = question[0, 0, 0] % COLOURS + 1
    changed = (said(model, other, steps=1) - said(model, question, steps=1)).abs()[0, :, 1:NONE]
    assert (changed > 0).all()


def test_only_colours_are_answered_and_views_have_vectors_of_their_own() -> None:
    model, question = small(), questions()
    logits = said(model, question)
    assert (logits[..., [0, NONE]] == IMPOSSIBLE).all() and (logits[..., 1:NONE] > IMPOSSIBLE).all()
    views = torch.tensor([2, 5])
    torch.testing.assert_close(said(model, question, views), logits)  # they begin at zero
    torch.nn.init.normal_(model.puzzle_embedding.weight)
    assert (said(model, question, views) - said(model, question, views.flip(0))).abs().max() > 1e-2


def test_the_compiled_layer_is_the_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    padded = torch.zeros(3, 9, 8, dtype=torch.long)
    padded[0, :3, :5], padded[1, :4, :4] = questions(3, 5, 1), questions(4, 4, 1)
    padded[2] = questions(9, 8, 1)  # more than one chunk of cells, and no whole number of fours
    weight = torch.randn(3, 72, COLOURS, generator=torch.Generator().manual_seed(2))
    found = []
    for compiled in (True, False):
        if not compiled:
            monkeypatch.setattr(colours, "compiled_for", lambda h: False)
        model = small()
        for layer in model.network.layers:  # type: ignore[union-attr]
            torch.nn.init.normal_(layer.counterparts, std=1 / 3)
        state = model.start(padded)
        for _ in range(2):
            state, prediction = model.step(padded, state)
        said = prediction.logits[..., 1:NONE]
        (weight * said.softmax(-1) * (padded > 0).flatten(1)[..., None]).sum().backward()
        found.append([said.detach()[2], *(w.grad.to_dense() for w in model.parameters() if w.grad is not None)])
    assert len(found[0]) > 20
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5 * float(other.abs().max()), rtol=1e-4)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (1, 3), (4, 1), (5, 5), (1, 1)])
def test_counterparts_are_the_grid_mirrored_turned_and_moved_by_parts(shape: tuple[int, int]) -> None:
    rows, columns = shape
    canvas, cells = torch.zeros(1, 7, 8), torch.arange(56).view(7, 8)
    canvas[:, 1 : 1 + rows, 2 : 2 + columns] = 1
    box = cells[1 : 1 + rows, 2 : 2 + columns]
    found = colours.counterparts(canvas)[0].view(colours.COUNTERPARTS, 7, 8)
    lying = found[:, 1 : 1 + rows, 2 : 2 + columns].clone()
    found[:, 1 : 1 + rows, 2 : 2 + columns] = 56
    assert (found == 56).all()
    assert lying[:3].tolist() == [box.flip(1).tolist(), box.flip(0).tolist(), box.flip(0, 1).tolist()]
    turned = [box.T, box.T.flip(0, 1), box.rot90(), box.rot90(-1)]
    if rows == columns:
        assert sorted(lying[3:7].tolist()) == sorted(image.tolist() for image in turned)
    else:
        assert (lying[3:7] == 56).all()


@pytest.mark.parametrize(
    ("length", "halves", "thirds"),
    [
        (1, [None], None),
        (2, [1, 0], [1, None]),
        (3, [2, None, 0], [1, 2, 0]),
        (5, [3, 4, None, 0, 1], [2, 3, 4, None, 0]),
        (6, [3, 4, 5, 0, 1, 2], [2, 3, 4, 5, 0, 1]),
        (7, [4, 5, 6, None, 0, 1, 2], None),
        (8, [4, 5, 6, 7, 0, 1, 2, 3], [3, 4, 5, 6, 7, None, 0, 1]),
    ],
)
def test_parts_may_have_a_line_between_them(
    length: int, halves: list[int | None], thirds: list[int | None] | None
) -> None:
    for turned in (False, True):
        canvas = torch.ones(1, *((1, length) if turned else (length, 1)))
        found = colours.counterparts(canvas)[0, 7 + turned :: 2].tolist()
        expected = [halves, thirds or [None] * length]
        assert found == [[length if cell is None else cell for cell in part] for part in expected]


def test_compiled_dropout_keeps_the_mean_and_its_gradient() -> None:
    from puzzlerec.models.colour_kernels import Layer

    torch.manual_seed(0)
    layer = colours.ColourNetwork(small().config).layers[0]
    weights = [layer.neighbours.weight, layer.counterparts] + [  # type: ignore[union-attr, operator]
        getattr(layer, name).weight for name in ("local", "row", "column", "grid", "cell", "all")
    ]
    weights += [layer.mlp.gate_up.weight, layer.mlp.down.weight]  # type: ignore[union-attr]
    ones, h = torch.ones(1, 4, 4), torch.randn(1, 2, 4, 4, 8, generator=torch.Generator().manual_seed(0))
    counterparts, counts = colours.counterparts(ones), (4 * ones[:, 0], 4 * ones[:, 0], 16 * ones[:, 0, 0])

    def layered(h: Tensor, dropout: float) -> Tensor:
        torch.manual_seed(3)
        out: Tensor = Layer.apply(h, ones, counterparts, counts, dropout, *weights)  # type: ignore[no-untyped-call]
        return out

    plain, dropped = layered(h, 0.0), layered(h, 0.5)
    assert 0.1 < (dropped - plain).abs().mean().item() < 2
    h.requires_grad_()
    step = 2e-3 * torch.randn(h.shape, generator=torch.Generator().manual_seed(1))
    (slope,) = torch.autograd.grad(layered(h, 0.5).square().mul(h.detach()).sum(), h)
    moved = [(layered(h.detach() + sign * step, 0.5).square() * h.detach()).sum() for sign in (1, -1)]
    torch.testing.assert_close((slope * step).sum(), (moved[0] - moved[1]) / 2, rtol=5e-2, atol=1e-4)


def test_settings_that_do_not_go_together() -> None:
    content = {"mixer": "colours", "prefix": 0, "mask_padding": True, "symbols": (1, 4), "vocabulary": 6}
    config = config_class(content)
    assert config.model_validate(content).takes((30, 30))
    for wrong in ({"prefix": 4}, {"mask_padding": False}, {"symbols": None}, {"vocabulary": 4}, {"projection": "kept"}):
        with pytest.raises(ValueError, match=r"colours mixer|within 4"):
            config.model_validate(content | wrong)
