"""The training loop: deep supervision over independent slots, one optimiser step a supervision step.

    python -m puzzlerec train sudoku --minutes 30
    torchrun --nproc-per-node 2 -m puzzlerec train sudoku

A step draws its random numbers from (seed, step) alone and everything else is in the saved state, so a run of so many
steps that was killed and resumed passes through the same bits as one that was not (on the CPU, with the same number of
processes). Where a time is given instead, the learning rate follows the clock.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ..device import can_compile, choose_precision
from ..models import build, checkpoint
from ..models.system import System, joined, part
from ..puzzles import get
from .distributed import Group
from .examples import Examples
from .objectives import Outcome, supervise
from .optimizers import build_optimizers, clip_gradients, schedule
from .recipe import Recipe
from .run_folder import RunFolder, optimizer_tensors, restore_optimizers
from .slots import Slots, step_generator

CPU = torch.device("cpu")


@dataclass
class Pool:
    """The examples of one dataset and the slots that work on them: grids of one size."""

    examples: Examples
    batch: int  # slots, over all processes
    slots: Slots  # this process's share


@dataclass
class Tally:
    """Sums over the steps since the last report."""

    steps: int = 0
    puzzles: int = 0
    loss: float = 0.0
    tokens: float = 0.0
    halting: float = 0.0
    accuracy: float = 0.0
    finished: float = 0.0
    finished_right: float = 0.0
    finished_steps: float = 0.0
    seconds: float = 0.0


class Trainer:
    """Trains one recipe on one device of a group. ``step()`` does one optimiser step."""

    def __init__(
        self,
        recipe: Recipe,
        examples: Mapping[str, Examples],
        device: torch.device,
        folder: RunFolder,
        group: Group | None = None,
    ) -> None:
        """``examples`` of each dataset that the recipe names, by its name."""
        settings = recipe.training
        self.recipe, self.device, self.folder = recipe, device, folder
        self.group = group or Group(device)
        if settings.batch % self.group.size:
            raise ValueError(f"batch {settings.batch} does not divide among {self.group.size} processes")
        if device.type == "cpu" and (settings.threads or self.group.size > 1):
            torch.set_num_threads(settings.threads or 1)
        self.dtype = choose_precision(settings.precision, device)
        torch.manual_seed(settings.seed)  # the same initial weights in every process
        self.model = build(recipe.model).to(device)
        if settings.init:
            self._start_from(settings.init)
        self.teacher = checkpoint.load(recipe.objective.teacher, device) if recipe.objective.teacher else None
        self.kind = get(recipe.model.puzzle)
        self._halting_logit = math.log(recipe.objective.halt_threshold / (1 - recipe.objective.halt_threshold))
        self.optimizers = build_optimizers(self.model, recipe.optimizer)
        self.average = AveragedModel(self.model, multi_avg_fn=self._average_weights, use_buffers=False)
        if recipe.model.prefix:  # puzzle embeddings are not averaged: most rows rest at every step
            self.average.module.puzzle_embedding = self.model.puzzle_embedding
        self.compiled = settings.compile and can_compile(device)
        if self.compiled:
            self.model.compile_core()
        self.done = 0  # optimiser steps
        self.seconds = 0.0  # of training, over all resumes
        self.clock = time.perf_counter  # what they are taken from
        self.deadline: float | None = None  # seconds of training after which the schedule ends, not after its steps
        self.pools = {name: self._pool(some.to(device)) for name, some in examples.items()}
        self.tally = Tally()

    def _start_from(self, name: str) -> None:
        """Take over the weights of a checkpoint. Raises `CheckpointError` or `ValueError`."""
        theirs, ours = checkpoint.load(name).state_dict(), self.model.state_dict()
        for key, tensor in theirs.items():
            if key not in ours or ours[key].shape != tensor.shape:
                raise ValueError(f"{name} does not fit the recipe's model: it has {key} {list(tensor.shape)}")
        self.model.load_state_dict(theirs, strict=False)

    def _pool(self, examples: Examples) -> Pool:
        """Slots for grids of one size: as many as make a step cost what it costs with grids of the model's size."""
        _, H, W = examples.questions.shape
        highest = int(examples.puzzle_ids.max())
        if self.recipe.model.prefix and highest >= self.recipe.model.puzzle_ids:
            raise ValueError(f"the data has puzzle id {highest}: set model.puzzle_ids = {highest + 1} or more")
        if self.teacher is not None:
            theirs, called = self.teacher.config, f"the teacher {self.recipe.objective.teacher}"
            if theirs.puzzle != self.recipe.model.puzzle or not (theirs.any_size or theirs.grid == (H, W)):
                raise ValueError(f"{called} knows {theirs.puzzle}, not the {H}x{W} grids of {self.recipe.model.puzzle}")
            if theirs.prefix and highest >= theirs.puzzle_ids:
                raise ValueError(f"the data has puzzle id {highest}, which {called} lacks")
        local = self._of_size(self.recipe.training.batch // self.group.size, H * W)
        nothing = torch.zeros(local, H, W, dtype=torch.long, device=self.device)
        state = self.model.begin(nothing, nothing.flatten(1), torch.zeros(local, 1 + H * W, device=self.device))
        slots = Slots.empty(
            local, (H, W), examples.hints.shape[1], type(state)(*(tensor.contiguous() for tensor in state))
        )
        return Pool(examples, local * self.group.size, slots)

    def _of_size(self, count: int, cells: int) -> int:
        """How many grids of so many cells cost as much as ``count`` grids of the model's size."""
        return max(1, count * self.recipe.model.cells // cells)

    def _average_weights(self, averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
        """EMA whose decay warms up, so that the first averages forget the random start."""
        decay = min(self.recipe.training.ema, (1 + int(count)) / (10 + int(count)))
        for average, weight in zip(averages, weights, strict=True):
            if average.data_ptr() != weight.data_ptr():
                average.lerp_(weight, 1 - decay)

    @property
    def averaged(self) -> System:
        """The model to evaluate and to ship: the EMA weights."""
        model: Any = self.average.module if self.recipe.training.ema else self.model
        return model

    @property
    def progress(self) -> float:
        """The share of the run that is done: of its time if it has a deadline, else of its steps."""
        return min(1.0, self.seconds / self.deadline if self.deadline else self.done / self.recipe.training.steps)

    @property
    def evaluations(self) -> int:
        """How many layers a step applies to a puzzle, those of the continue value's extra pass among them."""
        return self.model.evaluations * (2 if self.recipe.objective.continue_loss else 1)

    # ---- one step

    def warm_up(self) -> None:
        """Compile whatever a first step would compile, and change nothing."""
        for pool in self.pools.values():
            self._refill(pool)
            self._forward_backward(pool)
        self.model.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Refill the slots that halted, do one supervision step on all, update the weights."""
        started = self.clock()
        recipe = self.recipe
        pool = self._choose()
        self._refill(pool)
        factor = schedule(recipe.optimizer, self.done, self.progress)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
            for group in optimizer.param_groups:
                group["lr"] = group["peak_lr"] * factor
        outcomes, states, wants_halt = self._forward_backward(pool)
        self.group.sum_gradients(self.model)
        clip_gradients(self.model, recipe.optimizer.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        if recipe.training.ema:
            self.average.update_parameters(self.model)
        pool.slots.advance(joined(states), torch.cat(wants_halt), self._most_steps)
        self.done += 1
        self._count(pool, outcomes, self.clock() - started)

    def _choose(self) -> Pool:
        """The pool whose turn it is, as the curriculum has it; the same in every process."""
        data = self.recipe.data
        stage = next((stage for stage in data.curriculum if self.progress < stage.until), None)
        if stage is None:
            return self.pools[data.name]
        names, shares = list(stage.shares), torch.tensor(list(stage.shares.values()))
        generator = step_generator(self.recipe.training.seed + 1, self.done, CPU)
        return self.pools[names[int(torch.multinomial(shares, 1, generator=generator))]]

    @property
    def _most_steps(self) -> int:
        return self.model.training_steps

    def _refill(self, pool: Pool) -> None:
        """Offer every slot of the whole batch a puzzle; the halted ones take it.

        All processes draw for all slots and keep their share, so a run does not depend on the number of processes.
        """
        recipe, examples, B = self.recipe, pool.examples, pool.batch
        generator = step_generator(recipe.training.seed, self.done, self.device)
        chosen = torch.randint(len(examples.questions), (B,), generator=generator, device=self.device)
        explores = torch.rand(B, generator=generator, device=self.device) < recipe.objective.exploration
        least = torch.randint(2, max(3, self._most_steps + 1), (B,), generator=generator, device=self.device) * explores
        question, label = examples.questions[chosen].long(), examples.labels[chosen].long()
        if recipe.data.augment and self.kind.answers_move_along:
            question, label = self._copies(question, label)
        uniform = torch.rand(B, 1 + label.shape[1], generator=generator, device=self.device)
        mine = self.group.share
        start = self.model.begin(mine(question), mine(label), mine(uniform))
        hint, due, ids = examples.hints[chosen].long(), examples.due[chosen].long(), examples.puzzle_ids[chosen]
        pool.slots.refill(mine(question), mine(label), mine(hint), mine(due), mine(ids), mine(least), start)

    def _copies(self, question: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
        """A random symmetric copy of each puzzle; what is drawn depends on the seed and the step alone."""
        rng = np.random.default_rng([self.recipe.training.seed, self.done])
        drawn = self.kind.random_symmetries(rng, len(question), (question.shape[1], question.shape[2]))
        cells, tokens = (torch.from_numpy(array).to(self.device).long() for array in drawn)
        copies = (tokens.gather(1, grid.flatten(1).gather(1, cells)) for grid in (question, label))
        return next(copies).view_as(question), next(copies)

    def _forward_backward(self, pool: Pool) -> tuple[list[Outcome], list[Any], list[Tensor]]:
        """Gradients of the mean loss over the whole batch, micro-batch by micro-batch."""
        slots, objective = pool.slots, self.recipe.objective
        # what a system itself draws as it trains (SPRM's noise) comes from the seed and the step too
        torch.manual_seed(
            step_generator(self.recipe.training.seed + 2 + self.group.rank, self.done, CPU).initial_seed()
        )
        micro = self.recipe.training.micro_batch
        size = self._of_size(micro, slots.label.shape[1]) if micro else len(slots)
        outcomes, states, wants_halt = [], [], []
        for first in range(0, len(slots), size):
            some = slice(first, first + size)
            question, ids = slots.question[some], slots.puzzle_id[some]
            with self._autocast():
                state, prediction = self.model.step(question, part(slots.state, some), ids)
                target = (
                    self._continue_target(question, state, ids, slots.steps[some]) if objective.continue_loss else None
                )
            teacher = self._taught(question, ids) if self.teacher is not None else None
            hint, due = slots.hint[some], None
            if objective.pace and hint.shape[1]:
                due = slots.due[some] <= objective.pace * (slots.steps[some, None, None] + 1)
            outcome = supervise(prediction, slots.label[some], objective, target, hint, teacher, due)
            (outcome.loss / pool.batch).backward()
            outcomes.append(outcome._replace(loss=outcome.loss.detach()))
            states.append(state)
            halts = prediction.halt > (prediction.proceed if objective.continue_loss else self._halting_logit)
            wants_halt.append(halts.detach())
        return outcomes, states, wants_halt

    @torch.no_grad()
    def _taught(self, question: Tensor, ids: Tensor) -> Tensor:
        """The logits of the teacher's last step."""
        assert self.teacher is not None
        state = self.teacher.start(question)
        for _ in range(self.teacher.config.supervision_steps):
            state, prediction = self.teacher.step(question, state, ids)
        return prediction.logits

    @torch.no_grad()
    def _continue_target(self, question: Tensor, state: Any, ids: Tensor, steps: Tensor) -> Tensor:
        """The best value of one step more; on the last step there is only halting."""
        _, following = self.model.step(question, state, ids)
        last = steps + 1 >= self._most_steps
        return torch.sigmoid(torch.where(last, following.halt, torch.maximum(following.halt, following.proceed)))

    def _autocast(self) -> Any:
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, dtype=self.dtype)

    def _count(self, pool: Pool, outcomes: list[Outcome], seconds: float) -> None:
        """Add this step's figures to the tally; one transfer from the device.

        The time is the processes' mean, so that all of them see the same progress and the same learning rate.
        """
        halted = pool.slots.halted
        right = torch.cat([outcome.right for outcome in outcomes])
        figures = torch.stack(
            [
                torch.stack([outcome.loss for outcome in outcomes]).sum(),
                torch.cat([outcome.tokens for outcome in outcomes]).sum(),
                torch.cat([outcome.halting for outcome in outcomes]).sum(),
                torch.cat([outcome.accuracy for outcome in outcomes]).sum(),
                halted.sum().float(),
                (halted & right).sum().float(),
                (pool.slots.steps * halted).sum().float(),
                torch.tensor(seconds / self.group.size, device=self.device),
            ]
        )
        loss, tokens, halting, accuracy, finished, finished_right, finished_steps, seconds = self.group.sum(
            figures
        ).tolist()
        tally = self.tally
        tally.steps += 1
        tally.puzzles += pool.batch
        tally.loss += loss
        tally.tokens += tokens
        tally.halting += halting
        tally.accuracy += accuracy
        tally.finished += finished
        tally.finished_right += finished_right
        tally.finished_steps += finished_steps
        tally.seconds += seconds
        self.seconds += seconds

    def report(self) -> dict[str, Any]:
        """The figures since the last report, and a new tally."""
        tally, self.tally = self.tally, Tally()
        puzzles = max(1, tally.puzzles)
        finished = max(1.0, tally.finished)
        return {
            "step": self.done,
            "progress": round(self.progress, 5),
            "seconds": round(self.seconds, 2),
            "loss": tally.loss / puzzles,
            "token_loss": tally.tokens / puzzles,
            "halt_loss": tally.halting / puzzles,
            "token_accuracy": tally.accuracy / puzzles,
            "exact_accuracy": tally.finished_right / finished,  # of the puzzles that halted
            "halting_steps": tally.finished_steps / finished,
            "lr": self.optimizers[-1].param_groups[0]["lr"],
            "steps_per_second": tally.steps / max(tally.seconds, 1e-9),
            "puzzles_per_second": tally.finished / max(tally.seconds, 1e-9),
        }

    # ---- evaluation

    @torch.inference_mode()
    def evaluate(self, examples: Examples) -> dict[str, float]:
        """Exact and token accuracy of the averaged weights after all supervision steps, shared among the processes."""
        model = self.averaged.eval()  # which is the model in training itself where there is no average
        right = tokens = torch.zeros((), device=self.device)
        mine = range(self.group.rank, len(examples.questions), self.group.size)
        chosen = torch.tensor(list(mine), device=self.device)
        for some in chosen.split(self.recipe.evaluation.batch):
            question, label = examples.questions[some].long(), examples.labels[some].long()
            with self._autocast():
                state = model.start(question, seeds=some.tolist())
                for _ in range(self.recipe.model.supervision_steps):
                    state, prediction = model.step(question, state, examples.puzzle_ids[some])
            hits = (prediction.logits.argmax(-1) == label) | (label == 0)
            right = right + hits.all(-1).sum()
            tokens = tokens + hits.float().mean(-1).sum()
        model.train()
        sums = self.group.sum(torch.stack([right.float(), tokens.float()])) / len(examples.questions)
        return {"eval_exact_accuracy": float(sums[0]), "eval_token_accuracy": float(sums[1])}

    # ---- saving and resuming

    def save(self) -> None:
        """Everything that the next step depends on, in one file."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items()}
        tensors |= {f"optimizer.{name}": value for name, value in optimizer_tensors(self.optimizers).items()}
        for pool, its in self.pools.items():
            tensors |= {f"slots.{pool}.{name}": self.group.gather(value) for name, value in its.slots.tensors().items()}
        if self.group.leads:
            self.folder.save_state(tensors, {"step": self.done, "seconds": self.seconds})

    def resume(self) -> None:
        """Continue where the folder's state was saved. Raises `ResumeError`."""
        tensors, facts = self.folder.load_state()

        def under(start: str) -> dict[str, Tensor]:
            return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}

        self.model.load_state_dict(under("model."))
        self.average.load_state_dict(under("average."))
        restore_optimizers(self.optimizers, under("optimizer."))
        for name, pool in self.pools.items():
            slots = under(f"slots.{name}.")
            pool.slots.restore({key: self.group.share(tensor).to(self.device) for key, tensor in slots.items()})
        self.done, self.seconds = int(facts["step"]), float(facts["seconds"])


def run(
    trainer: Trainer,
    test: Examples,
    *,
    on_report: Callable[[dict[str, Any]], None] = lambda record: None,
    stopped: Callable[[], bool] = lambda: False,
    save_checkpoint: Callable[[Trainer, dict[str, Any]], None] = lambda trainer, record: None,
) -> Iterator[dict[str, Any]]:
    """Train to the end of the schedule, or until ``stopped()``; yields every report that went to ``metrics.jsonl``."""
    settings, evaluation = trainer.recipe.training, trainer.recipe.evaluation
    test = test.first(evaluation.puzzles).to(trainer.device)
    if trainer.group.leads:
        trainer.folder.forget_after(trainer.done)
    while True:
        ended = trainer.group.agree(trainer.progress >= 1 or stopped())
        worked = trainer.tally.steps > 0  # not at the start, nor where a resumed run stands
        if worked and (ended or trainer.done % settings.log_every == 0):
            record = trainer.report()
            if ended or trainer.done % evaluation.every == 0:
                record |= trainer.evaluate(test)
                if trainer.group.leads:
                    save_checkpoint(trainer, record)
            if trainer.group.leads:
                trainer.folder.append(record)
            on_report(record)
            yield record
        if worked and (ended or trainer.done % settings.save_every == 0):
            trainer.save()
        if ended:
            return
        trainer.step()
