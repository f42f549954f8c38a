"""Strategies: which runs of the network to spend on a puzzle, and what answer to make of them.

A new one is one file in this package with a subclass of `Strategy`; nothing else needs to know of it. A kind of puzzle
names those that suit it, the usual one first (`PuzzleKind.strategies`); ``solve --strategy`` takes any.
"""

from __future__ import annotations

import pkgutil
from difflib import get_close_matches
from importlib import import_module

from puzzlerec.solving.strategies.base import Attempt, Outcome, Pin, Strategy, Task

__all__ = ["Attempt", "Outcome", "Pin", "Strategy", "StrategyError", "Task", "strategies", "strategy", "strategy_for"]


class StrategyError(ValueError):
    """A strategy that there is not, or that is not for such puzzles."""


def strategies() -> dict[str, type[Strategy]]:
    """Every strategy by its name: the subclasses of `Strategy` in this package's modules, and those made elsewhere."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return Strategy.registry


def strategy(name: str) -> type[Strategy]:
    """The strategy that is called ``name``. Raises `StrategyError`, which lists the names, if there is none."""
    known = strategies()
    if name in known:
        return known[name]
    nearest = get_close_matches(name, known, n=1)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise StrategyError(f"No strategy is called {name!r}; there are {', '.join(sorted(known))}.{hint}")


def strategy_for(task: Task, name: str | None = None) -> Strategy:
    """The strategy called ``name``, or the first of the kind's that applies, at the start of its work on ``task``.

    Raises `StrategyError` if it does not apply.
    """
    for one in [name] if name else task.kind.strategies:
        chosen = strategy(one)
        if chosen.applies(task):
            return chosen(task)
    raise StrategyError(f"The strategy {name!r} is not for {task.kind.name} puzzles with this model.")
