"""Solve hard grid puzzles in a terminal with tiny recursive networks.

``load`` gives a solver, ``solve`` answers with their verdicts, ``refine`` the stream of frames in which an answer
forms, ``trace`` all of them, ``load_trace`` those that were saved: see `puzzlerec.api`.
Importing the package does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puzzlerec.api import load, load_trace, refine, solve, trace

__version__ = "0.1.0"
__all__ = ["__version__", "load", "load_trace", "refine", "solve", "trace"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("puzzlerec.api"), name)
    raise AttributeError(f"module 'puzzlerec' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
