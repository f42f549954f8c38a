"""Test-time training: a new network is trained on the demonstrations of one ARC task alone, and answers its tests.

Demonstrations and tests are seen in all eight views, turned and reflected, each with a learned vector of its own. From
some time on the network answers the tests every few batches, in every view; the answers that have most votes, each as
much as the network trusts it, are the tries.

Of enough demonstrations the last is held back until the others are known, and then answered before it is learned: a
task whose rule was found foresees it.

The network is TRM on a vector a cell and colour. Of a task's colours only those that occur count: token 0 is padding,
1 to K are they in order, K + 1 is no colour.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from puzzlerec.models.config import TRMConfig
from puzzlerec.models.prediction import PADDING
from puzzlerec.models.registry import build
from puzzlerec.puzzles.arc.augmentation import DIHEDRAL, DIHEDRAL_INVERSE
from puzzlerec.puzzles.arc.sizes import NOTHING, Learned, Shape, SizeRule, cornered, shape_of, size_rule
from puzzlerec.puzzles.arc.tasks import Pair, Task
from puzzlerec.training.objectives import supervise
from puzzlerec.training.optimizers import build_optimizers, clip_gradients, schedule
from puzzlerec.training.recipe import Objective, OptimizerSettings

TRIES = 2  # answers that a test may be given
BATCH = 8  # copies of pairs
MOST_PADDING = 0.25  # of a batch's real cells
VOTING = 0.6  # of the time, after which votes are taken
VOTE_EVERY = 8  # batches
HASTE = 2  # how much faster time runs while all views of all demonstrations are known
HELD = 0.25  # of the time, for which at most a demonstration is held back to see whether it is foreseen
ENOUGH = 3  # demonstrations of which one may be held back
LOOK_EVERY = 0.05  # of the time until then, after which the tests are answered to be looked at
MODEL = {
    **{"puzzle": "arc", "mixer": "colours", "prefix": 0, "mask_padding": True, "puzzle_ids": len(DIHEDRAL)},
    **{"width": 24, "layers": 2, "expansion": 2, "multiple": 16},
    **{"latent_updates": 2, "recursions": 1, "supervision_steps": 4},
}
OBJECTIVE = Objective(loss="softmax", halt_weight=0.1)
OPTIMIZER = OptimizerSettings(
    name="muon",
    lr=4e-3,
    rest_lr=1.2e-2,
    embedding_lr=1.2e-2,  # of the views: a rule that turns with none of them waits for their vectors
    weight_decay=0.2,
    warmup=0,
    schedule="linear",
    decay=0.5,
    clip=1.0,
)


@dataclass(frozen=True, eq=False)
class Try:
    """An answer to a test, and its share of the votes (0 to 1)."""

    output: np.ndarray  # [H, W] uint8 colours
    support: float


@dataclass(frozen=True, eq=False)
class TaskAnswer:
    """The tries at each of a task's tests, best first, and how far the demonstrations themselves were learned."""

    task: Task
    tries: tuple[tuple[Try, ...], ...]  # of each test up to `TRIES`; none where its output can have no size
    sizes: str  # what was assumed of outputs: that they are ...
    fitted: float  # the share of the demonstrations' views that were all right when training last saw them
    foreseen: float | None  # of the views of the last demonstration, answered before it was learned; None if it was not
    batches: int
    seconds: float

    def agrees(self, test: int) -> bool | None:
        """Whether most votes for a test are for one answer, and the last demonstration was foreseen too.

        None where none was held back.
        """
        if self.foreseen is None:
            return None
        return self.foreseen > 0.5 and bool(self.tries[test]) and self.tries[test][0].support > 0.5

    def right(self, test: int) -> bool | None:
        """Whether one of the tries at this test is its output, None where that is not known."""
        known = self.task.tests[test].output
        return None if known is None else any(np.array_equal(one.output, known) for one in self.tries[test])


class Progress(NamedTuple):
    """Where a training stands after a batch."""

    share: float  # of the time, 0 to 1
    loss: float  # of the last supervision step, a puzzle's mean
    fitted: float  # see `TaskAnswer`
    known: tuple[float, ...]  # the same of each demonstration
    tries: tuple[tuple[Try, ...], ...]  # as the votes stand; until they count, as the network answers just now
    votes: int  # how many of each test's views count so far


class Copy(NamedTuple):
    """A pair in one of its views."""

    pair: int  # among the demonstrations, or the tests
    view: int  # index into `DIHEDRAL`
    question: np.ndarray  # [H, W] tokens
    label: np.ndarray  # [H, W] tokens, `PADDING` where nothing is asked or known
    size: Shape  # of the output


class Batch(NamedTuple):
    """Copies of about one size, each in the top left corner."""

    copies: Sequence[Copy]
    question: Tensor  # [B, H, W]
    label: Tensor  # [B, H * W]
    view: Tensor  # [B]


def answer(
    task: Task,
    seconds: float,
    seed: int = 0,
    progress: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
) -> TaskAnswer:
    """Train for so many ``seconds`` of the ``clock`` on the task's demonstrations, and answer its tests.

    The first time on a machine layers are compiled before that.
    """
    rule = size_rule(task)
    encoding = Encoding.of(task, rule)
    demonstrations, tests = encoding.copies(task.demonstrations), encoding.copies(task.tests, asked=True)
    last = len(task.demonstrations) - 1 if len(task.demonstrations) >= ENOUGH else None
    held = [copy for copy in demonstrations if copy.pair == last]
    learned = [copy for copy in demonstrations if copy.pair != last]
    foreseen: float | None = None
    # layers are compiled once on a machine: that takes as long as a minute, which is none of the task's time
    Learner(encoding, seed).learn(next(batches(demonstrations)), 0.0)
    learner, begun = Learner(encoding, seed), clock()
    votes: list[Counter[tuple[Shape, bytes]]] = []
    tries: tuple[tuple[Try, ...], ...] = ()
    right: dict[tuple[int, int], bool] = {}
    rng = np.random.default_rng(seed)
    count, taken, share, looked, before = 0, 0, 0.0, 0.0, begun
    while share < 1:
        for batch in batches(learned, rng):
            loss, hits = learner.learn(batch, share)
            right.update(((copy.pair, copy.view), hit) for copy, hit in zip(batch.copies, hits, strict=True))
            count += 1
            known = tuple(
                sum(right.get((pair, view), False) for view in range(len(DIHEDRAL))) / len(DIHEDRAL)
                for pair in range(len(task.demonstrations))
            )
            fitted = float(np.mean([known[copy.pair] for copy in demonstrations]))
            now = clock()
            share = min(share + (HASTE if fitted == 1 else 1) * (now - before) / seconds, 1.0)
            before = now
            counting = share >= 1 or (share >= VOTING and count % VOTE_EVERY == 0)
            if counting or (share < VOTING and share >= looked):
                if not taken:  # what was answered before is not counted
                    votes = [Counter() for _ in task.tests]
                for copy, output, confidence in learner.answers(tests):
                    if output is not None:
                        votes[copy.pair][shape_of(output), output.tobytes()] += confidence  # type: ignore[assignment]
                tries = tuple(map(_most_voted, votes))
                taken += len(DIHEDRAL) * counting
                looked = share + LOOK_EVERY
            progress(Progress(share, loss, fitted, known, tries, taken))
            if held and (share >= HELD or all(right.get((copy.pair, copy.view)) for copy in learned)):
                last_output = task.demonstrations[-1].known
                said = [
                    output is not None and np.array_equal(output, last_output) for _, output, _ in learner.answers(held)
                ]
                foreseen = sum(said) / len(said)
                held, learned = [], demonstrations
                break
            if share >= 1:
                break
    return TaskAnswer(task, tries, rule.words, fitted, foreseen, count, clock() - begun)


def _most_voted(votes: Counter[tuple[Shape, bytes]]) -> tuple[Try, ...]:
    return tuple(
        Try(np.frombuffer(colours, np.uint8).reshape(shape), support / votes.total())
        for (shape, colours), support in votes.most_common(TRIES)
    )


@dataclass(frozen=True, eq=False)
class Encoding:
    """How a task's grids become tokens, and tokens grids."""

    rule: SizeRule
    colours: np.ndarray  # [K] uint8, those that occur, in order; `NOTHING` is one where sizes are learned

    @classmethod
    def of(cls, task: Task, rule: SizeRule) -> Encoding:
        grids = [pair.input for pair in (*task.demonstrations, *task.tests)]
        grids += [pair.known for pair in task.demonstrations]
        outside = [np.full(1, NOTHING, np.uint8)] if isinstance(rule, Learned) else []
        return cls(rule, np.unique(np.concatenate([grid.ravel() for grid in grids] + outside)))

    def copies(self, pairs: Sequence[Pair], asked: bool = False) -> list[Copy]:
        """All views of the pairs whose outputs have a size; if ``asked``, without their outputs."""
        found = []
        for index, pair in enumerate(pairs):
            layout = self.rule.laid_out(pair.input)
            if layout is None:
                continue
            question = self._tokens(layout.grid, len(self.colours) + 1)
            label = np.full_like(question, PADDING)
            if not asked:
                label = self._tokens(cornered(pair.known, shape_of(question)), PADDING)
            found += [Copy(index, view, turn(question), turn(label), layout.size) for view, turn in enumerate(DIHEDRAL)]
        return found

    def output(self, copy: Copy, tokens: np.ndarray) -> np.ndarray | None:
        """The output in an answer ``tokens [H, W]`` to this copy, None if it has no size."""
        return self.rule.trimmed(self.colours[self.cropped(copy, tokens) - 1])

    def cropped(self, copy: Copy, grid: np.ndarray) -> np.ndarray:
        """What ``grid [H, W]``, which lies as the question of this copy does, has in the place of the output."""
        back = DIHEDRAL[DIHEDRAL_INVERSE[copy.view]](grid)
        return back[: copy.size[0], : copy.size[1]]

    def _tokens(self, grid: np.ndarray, nothing: int) -> np.ndarray:
        table = np.full(NOTHING + 1, nothing, np.uint8)
        table[self.colours] = np.arange(1, len(self.colours) + 1)
        return table.take(grid)


def batches(copies: Sequence[Copy], rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """All copies once, those of like size together, up to `BATCH` in one; with ``rng`` in random order."""
    order = np.arange(len(copies)) if rng is None else rng.permutation(len(copies))
    groups: list[list[Copy]] = []
    for copy in sorted((copies[index] for index in order), key=lambda copy: copy.question.shape):
        if not groups or len(groups[-1]) == BATCH or _padding([*groups[-1], copy]) > MOST_PADDING:
            groups.append([])
        groups[-1].append(copy)
    for index in range(len(groups)) if rng is None else rng.permutation(len(groups)):
        yield _joined(groups[index])


def _padding(copies: Sequence[Copy]) -> float:
    """How many cells of padding a batch of these copies has for each real one."""
    rows, columns = np.max([copy.question.shape for copy in copies], axis=0)
    return float(len(copies) * rows * columns / sum(copy.question.size for copy in copies) - 1)


def _joined(copies: Sequence[Copy]) -> Batch:
    shape = np.max([copy.question.shape for copy in copies], axis=0)

    def tensor(grids: Sequence[np.ndarray]) -> Tensor:
        padded = [
            np.pad(grid, [(0, most - side) for most, side in zip(shape, grid.shape, strict=True)]) for grid in grids
        ]
        return torch.from_numpy(np.stack(padded)).long()

    label = tensor([copy.label for copy in copies]).flatten(1)
    return Batch(
        copies, tensor([copy.question for copy in copies]), label, torch.tensor([copy.view for copy in copies])
    )


class Learner:
    """A new network for a task's tokens, and its optimisers."""

    def __init__(self, encoding: Encoding, seed: int) -> None:
        K = len(encoding.colours)
        self.encoding = encoding
        torch.manual_seed(seed)
        self.model = build(TRMConfig.model_validate({**MODEL, "symbols": (1, K), "vocabulary": K + 2}))
        self.optimizers = build_optimizers(self.model, OPTIMIZER)
        self.steps = self.model.config.supervision_steps

    def learn(self, batch: Batch, share: float) -> tuple[float, list[bool]]:
        """An optimiser step for each supervision step; the last one's loss, and which copies were all right.

        ``share`` of the time is over.
        """
        self.model.train()
        factor = schedule(OPTIMIZER, 0, share)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = factor * group["peak_lr"]
        state = self.model.start(batch.question)
        for _ in range(self.steps):
            state, prediction = self.model.step(batch.question, state, batch.view)
            outcome = supervise(prediction, batch.label, OBJECTIVE)
            self.model.zero_grad()
            (outcome.loss / len(batch.copies)).backward()  # type: ignore[no-untyped-call]
            clip_gradients(self.model, OPTIMIZER.clip)
            for optimizer in self.optimizers:
                optimizer.step()
        return float(outcome.tokens.mean()), outcome.right.tolist()

    @torch.no_grad()
    def answers(self, copies: Sequence[Copy]) -> Iterator[tuple[Copy, np.ndarray | None, float]]:
        """Each copy with the output that the network gives it, ``[H, W]`` colours, and its mean confidence."""
        self.model.eval()
        for batch in batches(copies):
            state = self.model.start(batch.question)
            for _ in range(self.steps):
                state, prediction = self.model.step(batch.question, state, batch.view)
            confidence, tokens = (
                part.view(batch.question.shape).numpy() for part in prediction.logits.softmax(-1).max(-1)
            )
            for copy, said, sure in zip(batch.copies, tokens, confidence, strict=True):
                rows, columns = copy.question.shape
                output = self.encoding.output(copy, said[:rows, :columns])
                yield copy, output, float(self.encoding.cropped(copy, sure[:rows, :columns]).mean())
