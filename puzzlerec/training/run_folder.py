"""What a training run leaves on disk: the resolved recipe, metrics, the state that resumes, the EMA checkpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from safetensors import safe_open
from safetensors.torch import save as serialized
from torch import Tensor
from torch.optim import Optimizer

from ..files import write

STATE_FORMAT = 1


REMEDY = "Remove it to start again in the folder, or train without --resume in another one (--out)."


class ResumeError(RuntimeError):
    """A run that cannot be begun or continued: why, and what to do."""


class BusyError(ResumeError):
    """Another process is at work in the folder."""


class RunFolder:
    """``recipe.json``, ``metrics.jsonl``, ``state.safetensors``, ``checkpoint/`` and TensorBoard files of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def state(self) -> Path:
        return self.path / "state.safetensors"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.json"

    @property
    def checkpoint(self) -> Path:
        return self.path / "checkpoint"

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """While the block runs nobody else trains in the folder. Raises `BusyError` if somebody does."""
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / ".lock", timeout=0)  # which the system lets go of when a process ends
        try:
            lock.acquire()
        except Timeout:
            busy = f"Another training is at work in {self.path}: wait for it, or choose another --out."
            raise BusyError(busy) from None
        try:
            yield
        finally:
            lock.release()

    def write_recipe(self, recipe: dict[str, Any]) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        write(self.recipe, json.dumps(recipe, indent=2) + "\n")

    def read_recipe(self) -> dict[str, Any]:
        """The resolved recipe. Raises `ResumeError`."""
        try:
            recipe: Any = json.loads(self.recipe.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ResumeError(f"{self.path} holds no run: train without --resume first.") from None
        except (OSError, ValueError, RecursionError) as error:
            raise ResumeError(f"{self.path} is no training run: {error}") from None
        if not isinstance(recipe, dict):
            raise ResumeError(f"{self.path} is no training run: there is no recipe in {self.recipe.name}")
        return recipe

    def append(self, record: dict[str, Any]) -> None:
        with self.metrics.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def forget_after(self, step: int) -> None:
        """Drop metrics of steps that will be done again."""
        if not self.metrics.exists():
            return
        kept = []
        for line in self.metrics.read_text("utf-8", "replace").splitlines():
            try:
                if json.loads(line)["step"] <= step:
                    kept.append(line + "\n")
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # the last line of a killed process, or none of ours
        write(self.metrics, "".join(kept))

    def save_state(self, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
        """One file, written beside and renamed: a killed process leaves the old state or the new one."""
        contiguous = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}
        write(self.state, serialized(contiguous, {"facts": json.dumps(facts | {"format": STATE_FORMAT})}))

    def load_state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        try:
            with safe_open(self.state, framework="pt") as file:
                facts: dict[str, Any] = dict(json.loads(file.metadata()["facts"]))
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError:
            raise ResumeError(f"{self.path} holds no saved state to resume; start without --resume") from None
        except Exception as error:
            raise ResumeError(f"{self.state} is damaged ({error}). {REMEDY}") from None
        if facts.get("format") != STATE_FORMAT:
            said = f"{self.state} has format {facts.get('format')}, this version reads {STATE_FORMAT}."
            raise ResumeError(f"{said} {REMEDY}")
        return tensors, facts


def optimizer_tensors(optimizers: list[Optimizer]) -> dict[str, Tensor]:
    """The optimisers' states by name; what is a number becomes a tensor."""
    return {
        f"{number}.{index}.{name}": torch.as_tensor(value)
        for number, optimizer in enumerate(optimizers)
        for index, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"])
        for name, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizers(optimizers: list[Optimizer], tensors: dict[str, Tensor]) -> None:
    """Take over what `optimizer_tensors` gave. Raises ValueError for what does not fit the weights."""
    for number, optimizer in enumerate(optimizers):
        for index, parameter in enumerate(p for group in optimizer.param_groups for p in group["params"]):
            start = f"{number}.{index}."
            saved = {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}
            if any(value.dim() and value.shape != parameter.shape for value in saved.values()):
                raise ValueError(f"the optimiser's tensors {start}* do not fit their weights")
            if saved:  # step counters stay where PyTorch keeps them, on the CPU
                optimizer.state[parameter] = {
                    name: value.clone() if value.dim() == 0 else value.to(parameter.device)
                    for name, value in saved.items()
                }
