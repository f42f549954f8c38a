"""Solvers by name: each is loaded once, and stays."""

from __future__ import annotations

import threading
from pathlib import Path

import torch

from puzzlerec.device import choose_device
from puzzlerec.models import checkpoint
from puzzlerec.models.checkpoint import CheckpointError
from puzzlerec.puzzles import PuzzleError, PuzzleKind
from puzzlerec.solving.solver import Solver


class NoModelError(CheckpointError):
    """A kind of puzzle without a model."""


def load(name: str | Path, device: torch.device) -> Solver:
    """A new solver with the model of a shipped checkpoint, of a run or of a checkpoint's folder.

    Raises `CheckpointError`.
    """
    folder = checkpoint.find(name)
    title = folder.parent.name if folder.name == "checkpoint" else folder.name
    try:
        solver = Solver(checkpoint.load(folder, device), device, title)
    except PuzzleError as error:
        raise CheckpointError(f"{folder} is a model of puzzles that are not known here: {error}") from None
    tokens, known = solver.model.config.vocabulary, len(solver.kind.vocabulary)
    if tokens != known:
        raise CheckpointError(f"{folder} knows {tokens} tokens; those of {solver.kind.name} are {known}.")
    return solver


def default_model(kind: PuzzleKind) -> str:
    """The name of the model that solves puzzles of this kind unless another is asked for.

    It is the one that is called like the kind, or else the first that was trained for several kinds, this one among
    them. Raises `NoModelError` if there is neither.
    """
    names = checkpoint.available()
    if kind.name in names:
        return kind.name
    for name, folder in names.items():
        try:
            config = checkpoint.read_config(folder)
        except CheckpointError:  # it is of no use to anyone, least of all as a default
            continue
        if config.also and kind.name in (config.puzzle, *config.also):  # it was trained for several kinds
            return name
    raise NoModelError(
        f"There is no model for {kind.name} puzzles yet. `puzzlerec models list` shows what there is; a checkpoint of "
        "your own will do too, if you name it."
    )


class Session:
    """Solvers on one device. All of its methods may be called from any thread."""

    def __init__(self, device: str | torch.device = "auto") -> None:
        """``device`` is as for `choose_device`, which raises ValueError for one that is not here."""
        self.device = choose_device(device) if isinstance(device, str) else device
        self._solvers: dict[Path, Solver] = {}
        self._loading = threading.Lock()

    def solver(self, name: str | Path) -> Solver:
        """The solver with the model that ``name`` names, as for `load`. Raises `CheckpointError`."""
        folder = checkpoint.find(name)
        with self._loading:
            if folder.resolve() not in self._solvers:
                self._solvers[folder.resolve()] = load(folder, self.device)
            return self._solvers[folder.resolve()]

    def solver_for(self, kind: PuzzleKind, model: str | Path | None = None) -> Solver:
        """The solver of puzzles of this kind: with ``model``, or with the kind's default.

        Raises `CheckpointError` if there is no such model, and `PuzzleError` if it is for other puzzles.
        """
        solver = self.solver(default_model(kind) if model is None else model)
        solver.model_for(kind)
        return solver
