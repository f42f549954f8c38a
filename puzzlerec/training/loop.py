"""The training loop: a lesson's step, an optimiser step, and now and then a report, an evaluation and a saved state.

    python -m puzzlerec train sudoku --minutes 30
    torchrun --nproc-per-node 2 -m puzzlerec train sudoku

A step draws its random numbers from (seed, step) alone and everything else is in the saved state, so a run of so many
steps that was killed and resumed passes through the same bits as one that was not (on the CPU, with the same number of
processes). Where a time is given instead, the learning rate follows the clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, cast

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from ..device import can_compile, choose_precision
from ..evaluation import evaluate
from ..evaluation.run import Rows
from ..files import shorten
from ..models import build, checkpoint
from ..models.system import System
from ..puzzles import PuzzleKind, get
from ..solving.answer import SolveSettings
from ..solving.frames import on_board
from .distributed import Group
from .examples import Examples, TestRows
from .lesson import CPU, LESSONS, Pool
from .objectives import Outcome
from .optimizers import build_optimizers, clip_gradients, scale_rates, schedule
from .recipe import Recipe
from .run_folder import REMEDY, ResumeError, RunFolder, optimizer_tensors, restore_optimizers
from .slots import step_generator
from .teacher import Teacher

SHARED = "module.puzzle_embedding.weight"  # of the averaged model, which the trained one has too


class DivergedError(ArithmeticError):
    """A training whose loss or weights are no finite numbers any more: where, and what is left of it."""


@dataclass
class Tally:
    """Sums over the steps since the last report that was due."""

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
        """``examples`` of each dataset that the recipe trains on, by its name or label."""
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
        self.lesson = LESSONS[recipe.objective.lesson](recipe, device, self.dtype, self.group)
        self.optimizers = build_optimizers(self.model, recipe.optimizer)
        self.average = AveragedModel(self.model, multi_avg_fn=self._average_weights, use_buffers=False)
        if recipe.model.embeds_puzzles:  # puzzle embeddings are not averaged: most rows rest at every step
            self.average.module.puzzle_embedding = self.model.puzzle_embedding
        self.compiled = settings.compile and can_compile(device)
        if self.compiled:
            self.model.compile_core()
        self.done = 0  # optimiser steps
        self.reported = 0  # of them, those up to the last report that was due
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
        """The pool of a dataset, with the model on its kind's board. Raises ValueError if that cannot be."""
        kind, model, teacher = self.kind, self.model, self.teacher
        highest, shape = int(examples.puzzle_ids.max()), tuple(examples.questions.shape[1:])
        if model.config.embeds_puzzles and highest >= model.config.puzzle_ids:
            raise ValueError(f"the data has puzzle id {highest}: set model.puzzle_ids = {highest + 1} or more")
        if examples.puzzle not in (None, kind.name):
            kind = get(examples.puzzle)
            moved = on_board(model, kind)
            if moved is None:
                raise ValueError(f"a model of {self.kind.name} cannot be put on the board of {kind.name}")
            if self.recipe.objective.token_weights and kind.vocabulary != self.kind.vocabulary:
                raise ValueError(f"objective.token_weights are for the tokens of {self.kind.name}, not {kind.name}")
            model = moved
        if teacher is not None:
            teacher = self._teacher_of(teacher, kind, shape)
            if teacher.config.embeds_puzzles and highest >= teacher.config.puzzle_ids:
                raise ValueError(
                    f"the data has puzzle id {highest}, which the teacher {self.recipe.objective.teacher} lacks"
                )
        return self.lesson.pool(examples, kind, model, None if teacher is None else Teacher(teacher, examples))

    def _teacher_of(self, teacher: System, kind: PuzzleKind, shape: tuple[int, ...]) -> System:
        """The teacher on the board of ``kind``, if it was trained for such grids."""
        config = teacher.config
        moved = on_board(teacher, kind) if kind.name in config.trained_for else None
        if moved is None or not (moved.config.any_size or moved.config.grid == shape):
            called = f"the teacher {self.recipe.objective.teacher}"
            raise ValueError(f"{called} knows {config.puzzle}, not the {shape[0]}x{shape[1]} grids of {kind.name}")
        return moved

    def _average_weights(self, averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor | int) -> None:
        """EMA whose decay warms up, so that the first averages forget the random start."""
        done = int(
            cast(Any, self.average).n_averaged
        )  # on the CPU: ``count`` is on the device, which would be waited for
        decay = min(self.recipe.training.ema, (1 + done) / (10 + done))
        for average, weight in zip(averages, weights, strict=True):
            if average.data_ptr() != weight.data_ptr():
                average.lerp_(weight, 1 - decay)

    @property
    def averaged(self) -> System:
        """The model to evaluate and to ship: the EMA weights."""
        module: System = cast(Any, self.average).module
        return module if self.recipe.training.ema else self.model

    @property
    def progress(self) -> float:
        """The share of the run that is done: of its time if it has a deadline, else of its steps."""
        return self._share(self.seconds, self.done)

    def _share(self, seconds: float, steps: int) -> float:
        return min(1.0, seconds / self.deadline if self.deadline else steps / self.recipe.training.steps)

    @property
    def evaluations(self) -> int:
        """How many layers a step applies to a puzzle, those of the continue value's extra pass among them."""
        passes = 2 if self.recipe.objective.continue_loss else 1
        return self.model.evaluations * passes * self.lesson.steps_at_once

    # ---- one step

    def warm_up(self) -> None:
        """Compile whatever a first step would compile, and change nothing."""
        for pool in self.pools.values():
            self.lesson.refill(pool, self.done)
            self.lesson.learn(pool, self.done)
        self.model.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Refill the slots that halted, do one supervision step on all, update the weights."""
        started = self.clock()
        recipe = self.recipe
        pool = self._choose()
        self.lesson.refill(pool, self.done)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        scale_rates(self.optimizers, schedule(recipe.optimizer, self.done, self.progress))
        learned = self.lesson.learn(pool, self.done)
        self.group.sum_gradients(self.model)
        clip_gradients(self.model, recipe.optimizer.clip)
        for optimizer in self.optimizers:
            optimizer.step()
        if recipe.training.ema:
            self.average.update_parameters(self.model)
        self.lesson.advance(pool, learned)
        self.done += 1
        self._count(pool, learned.outcomes, self.clock() - started)
        if not isfinite(self.tally.loss):
            raise self._diverged("the loss is")

    def _choose(self) -> Pool:
        """The pool whose turn it is, as the curriculum has it; the same in every process."""
        data = self.recipe.data
        stage = data.stage(self.progress)
        if stage is None:
            return self.pools[data.name]
        names, shares = list(stage.shares), torch.tensor(list(stage.shares.values()))
        generator = step_generator(self.recipe.training.seed + 1, self.done, CPU)
        return self.pools[names[int(torch.multinomial(shares, 1, generator=generator))]]

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
                torch.full((), seconds / self.group.size, device=self.device),  # filled there: nothing is copied
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

    def require_finite(self) -> None:
        """Raises `DivergedError` if a weight is no finite number: such weights must not replace good ones."""
        for weights in (*self.model.parameters(), *self.averaged.parameters()):
            if not bool(weights.isfinite().all()):
                raise self._diverged("the weights are")

    def _diverged(self, what: str) -> DivergedError:
        kept = f"What was saved before is in {self.folder.path}: go on from there with --resume --set"
        if not self.folder.state.exists():
            kept = "Nothing was saved yet: start again with --set"
        return DivergedError(
            f"Training diverged: after step {self.done:,} {what} not finite. {kept} "
            f"optimizer.lr=..., less than {self.recipe.optimizer.lr:g}."
        )

    def report(self, due: bool = True) -> dict[str, Any]:
        """The figures since the last report that was due; after one that is, there is a new tally."""
        tally = self.tally
        if due:
            self.tally, self.reported = Tally(), self.done
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

    @property
    def evaluation_due(self) -> bool:
        """Whether the schedule has an evaluation here; of so many `points` a run, at the first report behind each."""
        every, points = self.recipe.evaluation.every, self.recipe.evaluation.points
        if points is None:
            return self.done % every == 0
        before = self._share(self.seconds - self.tally.seconds, self.reported)
        return self.done % self.recipe.training.log_every == 0 and int(points * self.progress) > int(points * before)

    def evaluate(self, test: TestRows | Examples) -> dict[str, float]:
        """Exact and token accuracy of the averaged weights after all supervision steps, shared among the processes."""
        model = self.averaged.eval()  # which is the model in training itself where there is no average
        total = min(len(test.questions), self.recipe.evaluation.puzzles)
        found = evaluate(
            model,
            cast(Rows, test.questions),
            cast(Rows, test.labels),
            # so that there is work for all
            SolveSettings(early=False, batch=min(self.recipe.evaluation.batch, max(1, -(-total // self.group.size)))),
            puzzle_ids=test.puzzle_ids,
            limit=total,
            device=self.device,
            precision=self.dtype,
            processes=self.group,
        )
        model.train()
        if not found.whole:
            raise KeyboardInterrupt
        return {"eval_exact_accuracy": found.exact.share, "eval_token_accuracy": found.token.share}

    # ---- saving and resuming

    def save(self) -> None:
        """Everything that the next step depends on, in one file."""
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"average.{name}": value for name, value in self.average.state_dict().items() if name != SHARED}
        tensors |= {f"optimizer.{name}": value for name, value in optimizer_tensors(self.optimizers).items()}
        for pool, its in self.pools.items():
            tensors |= {f"slots.{pool}.{name}": self.group.gather(value) for name, value in its.slots.tensors().items()}
        if self.group.leads:
            facts = {"step": self.done, "seconds": self.seconds, "reported": self.reported}
            self.folder.save_state(tensors, facts | {"tally": asdict(self.tally)})

    def resume(self) -> None:
        """Continue where the folder's state was saved. Raises `ResumeError`."""
        tensors, facts = self.folder.load_state()

        def under(start: str) -> dict[str, Tensor]:
            return {name.removeprefix(start): value for name, value in tensors.items() if name.startswith(start)}

        try:
            self.model.load_state_dict(under("model."))
            shared = {SHARED: self.model.puzzle_embedding.weight} if self.recipe.model.embeds_puzzles else {}
            self.average.load_state_dict(under("average.") | shared)
            restore_optimizers(self.optimizers, under("optimizer."))
            for name, pool in self.pools.items():
                slots = under(f"slots.{name}.")
                pool.slots.restore({key: self.group.share(tensor).to(self.device) for key, tensor in slots.items()})
            self.done, self.seconds = int(facts["step"]), float(facts["seconds"])
            self.reported = int(facts.get("reported", self.done))  # early states have none, and no tally
            self.tally = Tally(**facts.get("tally", {}))
        except (RuntimeError, ValueError, KeyError, TypeError, IndexError, OverflowError) as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ResumeError(
                f"{self.folder.state} is of another run than {self.folder.recipe.name} beside it ({shorten(reason)}). "
                + REMEDY
            ) from None


def run(
    trainer: Trainer,
    test: TestRows | Examples | None,
    *,
    on_report: Callable[[dict[str, Any]], None] = lambda record: None,
    stopped: Callable[[], bool] = lambda: False,
    save_checkpoint: Callable[[Trainer, dict[str, Any]], None] = lambda trainer, record: None,
) -> Iterator[dict[str, Any]]:
    """Train to the end of the schedule, or until ``stopped()``; yields every report that went to ``metrics.jsonl``.

    Without ``test`` nothing is measured on the way.
    """
    settings = trainer.recipe.training
    if trainer.group.leads:
        trainer.folder.forget_after(trainer.reported)
    start = trainer.done
    while True:
        ended = trainer.group.agree(trainer.progress >= 1 or stopped())
        worked = trainer.done > start  # not at the start, nor where a resumed run stands
        due = trainer.done % settings.log_every == 0 or trainer.progress >= 1
        saves = ended or trainer.done % settings.save_every == 0
        measures = ended or trainer.evaluation_due
        if worked and (saves or measures):
            trainer.require_finite()
        if worked and (ended or due):
            record = trainer.report(due)
            if measures:
                record |= trainer.evaluate(test) if test is not None else {}
                if trainer.group.leads:
                    save_checkpoint(trainer, record)
            if trainer.group.leads:
                trainer.folder.append(record)
            on_report(record)
            yield record
        if worked and saves:
            trainer.save()
        if ended:
            return
        trainer.step()
