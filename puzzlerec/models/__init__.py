"""Models: tokens to logits. They know a vocabulary and a grid's shape, no puzzle."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from puzzlerec.models.config import ModelConfig
    from puzzlerec.models.trm import TRM


def build(config: ModelConfig) -> TRM:
    """A new, untrained model of the system that ``config`` names."""
    from puzzlerec.models.trm import TRM

    systems = {"trm": TRM}
    return systems[config.system](config)
