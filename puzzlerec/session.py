"""Solvers by name: each is loaded once, and stays."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puzzlerec.models import arrays, checkpoint
from puzzlerec.models.checkpoint import CheckpointError
from puzzlerec.puzzles import PuzzleError, PuzzleKind
from puzzlerec.solving.solver import Solver

if TYPE_CHECKING:
    import torch


WITHOUT_TORCH = ("auto", "cpu")  # devices on which a model runs in NumPy, if it can


class NoModelError(CheckpointError):
    """A kind of puzzle without a model."""


def load(name: str | Path, device: str | torch.device = "auto") -> Solver:
    """A new solver with the model of a shipped checkpoint, of a run or of a checkpoint's folder.

    It computes on ``device`` as for `choose_device`, in NumPy where that knows the model and no other device than the
    CPU is asked for: it has answered before torch is imported, and is the faster one on the CPU in float32. Raises
    `CheckpointError`, and ValueError for a device that is not here.
    """
    folder = checkpoint.find(name)
    title = folder.parent.name if folder.name == "checkpoint" else folder.name
    model: Any = None
    if str(device) in WITHOUT_TORCH:
        model = arrays.load(folder / checkpoint.WEIGHTS, checkpoint.read_config(folder))
    if model is None:
        from puzzlerec.device import choose_device

        device = choose_device(str(device))
        model = checkpoint.load(folder, device)
    try:
        solver = Solver(model, str(device) if device != "auto" else "cpu", title)
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
        if config.also and kind.name in config.trained_for:
            return name
    raise NoModelError(
        f"There is no model for {kind.name} puzzles yet. `puzzlerec models list` shows what there is; a checkpoint of "
        "your own will do too, if you name it."
    )


class Session:
    """Solvers on one device. All of its methods may be called from any thread."""

    def __init__(self, device: str | torch.device = "auto") -> None:
        """``device`` is as for `choose_device`, which raises ValueError for one that is not here."""
        if str(device) not in WITHOUT_TORCH:
            from puzzlerec.device import choose_device

            device = choose_device(str(device))
        self._device = device
        self._solvers: dict[Path, Solver] = {}
        self._loading = threading.Lock()

    @property
    def device(self) -> str:
        """Where its solvers compute, as far as that is known: "auto" becomes a device when one is loaded."""
        devices = [solver.device for solver in self._solvers.values()]
        return next((device for device in devices if device != "cpu"), devices[0] if devices else str(self._device))

    def solver(self, name: str | Path) -> Solver:
        """The solver with the model that ``name`` names, as for `load`. Raises `CheckpointError`."""
        folder = checkpoint.find(name)
        with self._loading:
            if folder.resolve() not in self._solvers:
                self._solvers[folder.resolve()] = load(folder, self._device)
            return self._solvers[folder.resolve()]

    def solver_for(self, kind: PuzzleKind, model: str | Path | None = None) -> Solver:
        """The solver of puzzles of this kind: with ``model``, or with the kind's default.

        Raises `CheckpointError` if there is no such model, and `PuzzleError` if it is for other puzzles.
        """
        solver = self.solver(default_model(kind) if model is None else model)
        solver.model_for(kind)
        return solver
