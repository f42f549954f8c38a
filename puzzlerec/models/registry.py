"""Every system by its name, the settings that it has, and a new model of it."""

from __future__ import annotations

import sys
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from puzzlerec.models.config import ModelConfig, TRMConfig

if TYPE_CHECKING:  # which imports torch
    from puzzlerec.models.system import System


def systems() -> dict[str, type[System]]:
    """Every system by its name: the subclasses of `System` in this package's modules."""
    from puzzlerec.models.system import System

    package = sys.modules[__name__.rpartition(".")[0]]
    for module in iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return System.registry


def config_class(content: Any) -> type[ModelConfig]:
    """What validates the settings of a model, a mapping with a system's name. Raises `ValueError` for another name."""
    name = content.get("system", "trm") if isinstance(content, dict) else "trm"
    if name == "trm":  # whose settings can be read without importing torch
        return TRMConfig
    if not isinstance(name, str) or name not in systems():
        nearest = get_close_matches(str(name), systems(), n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else ""
        raise ValueError(f"no system is called {name!r}; there are {', '.join(sorted(systems()))}{hint}")
    return systems()[name].Config


def build(config: ModelConfig) -> System:
    """A new, untrained model of the system that ``config`` names."""
    return systems()[config.system](config)
