"""Solve hard grid puzzles in a terminal with tiny recursive networks.

``load`` gives a solver, ``solve`` answers with their verdicts, ``refine`` the stream of frames in which an answer
forms, ``trace`` all of them, ``load_trace`` those that were saved: see `puzzlerec.api`. ``build_dataset``, ``train``,
``evaluate`` and ``compare`` are in `puzzlerec.research`. Importing the package does not import torch.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from puzzlerec.api import load, load_trace, refine, solve, trace
    from puzzlerec.research import build_dataset, compare, evaluate, train

__version__ = "0.1.0"
__all__ = [
    "__version__",
    "build_dataset",
    "compare",
    "evaluate",
    "load",
    "load_trace",
    "refine",
    "solve",
    "trace",
    "train",
]

_RESEARCH = ("build_dataset", "compare", "evaluate", "train")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'puzzlerec' has no attribute {name!r}")
    return getattr(import_module("puzzlerec.research" if name in _RESEARCH else "puzzlerec.api"), name)


def __dir__() -> list[str]:
    return __all__
