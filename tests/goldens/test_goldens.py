"""Every system takes its first three training steps as it always has, within what another CPU may round differently.

If a change is meant to change them: ``python -m tests.goldens.make``.
"""

from __future__ import annotations

import pytest

from puzzlerec.models import systems
from tests.goldens.make import load
from tests.goldens.runs import RUNS, recipe_of, run

GOLDENS = load()
CLOSE = 1e-4  # of a loss, and of a group of weights' norm


@pytest.mark.parametrize("name", RUNS)
def test_three_training_steps(name: str) -> None:
    for number, (step, golden) in enumerate(zip(run(name), GOLDENS[name], strict=True), 1):
        assert step.keys() == golden.keys()
        for what, value in step.items():
            expected = golden[what]
            if isinstance(value, list) and isinstance(expected, list):
                atol = CLOSE * expected[0]
                assert value == pytest.approx(expected, abs=atol, rel=0), f"{what} after step {number}"
            else:
                assert value == pytest.approx(expected, abs=1e-6, rel=CLOSE), f"{what} of step {number}"


def test_every_system_and_mixer_has_a_golden() -> None:
    models = [recipe_of(name).model for name in RUNS]
    assert {model.system for model in models} == set(systems())
    assert {model.mixer for model in models} == {"attention", "mlp", "units", "candidates", "local"}
    assert GOLDENS.keys() == RUNS.keys()
