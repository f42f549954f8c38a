"""Models: tokens to logits. They know a vocabulary and a grid's shape, no puzzle."""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puzzlerec.models.config import ModelConfig
    from puzzlerec.models.system import System


def systems() -> dict[str, type[System]]:
    """Every system by its name: the subclasses of `System` in this package's modules."""
    from puzzlerec.models.system import System

    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return System.registry


def config_class(content: Any) -> type[ModelConfig]:
    """What validates the settings of a model, a mapping with a system's name. Raises `ValueError` for another name."""
    from puzzlerec.models.config import ModelConfig

    name = content.get("system", "trm") if isinstance(content, dict) else "trm"
    if name == "trm":  # whose settings can be read without importing torch
        return ModelConfig
    if name not in systems():
        nearest = get_close_matches(str(name), systems(), n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ValueError(f"no system is called {name!r}; there are {', '.join(sorted(systems()))}{hint}")
    return systems()[name].Config


def build(config: ModelConfig) -> System:
    """A new, untrained model of the system that ``config`` names."""
    return systems()[config.system](config)
