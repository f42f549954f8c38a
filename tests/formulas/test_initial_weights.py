"""The standard deviations of new weights, by their names in a checkpoint."""

from __future__ import annotations

from math import sqrt
from typing import Any

import pytest
import torch
from torch import Tensor

from puzzlerec.models import build, config_class

D = 96


def weights_of(**settings: Any) -> dict[str, Tensor]:
    content = {
        "puzzle": "sudoku-4x4", "vocabulary": 60, "grid": (4, 4), "prefix": 0, "width": D, "heads": 2, "multiple": 8,
        "layers": 1, "latent_updates": 1, **settings,
    }  # fmt: skip
    torch.manual_seed(1)
    return build(config_class(content).model_validate(content)).state_dict()


def deviation(weight: Tensor) -> float:
    return float(weight.square().mean().sqrt())


@pytest.mark.parametrize(
    ("settings", "name", "expected"),
    [
        ({}, "embedding.weight", 1 / sqrt(D)),
        ({}, "readout.weight", 1 / sqrt(D)),
        ({"positions": "grid", "grid": (40, 4)}, "rows.weight", 1 / sqrt(D)),
        ({}, "network.layers.0.mix.qkv.weight", 1 / sqrt(D)),
        ({}, "network.layers.0.mix.out.weight", 1 / sqrt(D)),
        ({}, "network.layers.0.mlp.gate_up.weight", 1 / sqrt(D)),
        ({}, "network.layers.0.mlp.down.weight", 1 / sqrt(256)),  # 4 * 96 * 2/3
        ({"mixer": "units", "box": (2, 2)}, "network.layers.0.mix.message.weight", 1 / sqrt(D)),
        ({"mixer": "units", "box": (2, 2)}, "network.layers.0.mix.out.weight", 1 / sqrt(3 * D)),
        ({"mixer": "local", "mask_padding": True}, "network.layers.0.mix.convolution.weight", 1 / sqrt(9)),
        ({"mixer": "local", "mask_padding": True}, "network.layers.0.mix.out.weight", 1 / sqrt(D)),
        ({"mixer": "candidates", "box": (2, 2), "symbols": (2, 4)}, "network.layers.0.inner.weight", 1 / sqrt(D)),
        *(
            ({"mixer": "candidates", "box": (2, 2), "symbols": (2, 4)}, f"network.layers.0.hear.{unit}.weight", gain)
            for unit in range(4)
            for gain in [0.25 / sqrt(D)]
        ),
        ({"mixer": "candidates", "box": (2, 2), "symbols": (2, 4)}, "network.layers.0.out.weight", 1 / sqrt(4 * D)),
        ({"system": "drm"}, "label_embedding.weight", 1 / sqrt(D)),
        (
            {"system": "autoregressive", "grid": (1, 16), "rung": "universal", "evaluations": 60},
            "step_embedding.weight",
            1 / sqrt(D),
        ),
    ],
)
def test_deviation_is_the_gain_over_the_root_of_what_comes_in(
    settings: dict[str, Any], name: str, expected: float
) -> None:
    assert deviation(weights_of(**settings)[name]) == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("settings", "name"),
    [({}, "y0"), ({}, "z0"), ({"system": "hrm"}, "high0"), ({"system": "hrm"}, "low0")],
)
def test_first_states_have_deviation_one(settings: dict[str, Any], name: str) -> None:
    weights = weights_of(**settings, width=1000, expansion=0.01)
    assert deviation(weights[name]) == pytest.approx(1, rel=0.08)
    assert float(weights[name].abs().max()) < 2.3  # cut at two deviations, before it was scaled to one


def test_what_starts_at_a_constant() -> None:
    weights = weights_of(prefix=2, puzzle_ids=3)
    assert not weights["halting.weight"].any() and not weights["puzzle_embedding.weight"].any()
    assert weights["halting.bias"].tolist() == [-5, -5]
    ladder = weights_of(system="autoregressive", grid=(1, 16), rung="universal", evaluations=2)
    assert not ladder["act.weight"].any() and ladder["act.bias"].tolist() == [-3]
