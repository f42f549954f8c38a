"""What a training step asks of the model: deep supervision over independent slots.

A slot holds a puzzle and its states; every step is supervised, and the states go on to the next one until the slot
halts. What a system would have otherwise it says itself: `System.begin` makes the states in which a puzzle starts (of
its answer, where one corruption is to be undone), `System.training_steps` how many steps it is given at most.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..device import autocast
from ..models.candidates import CandidateEncoder
from ..models.prediction import Prediction
from ..models.system import System, joined, part
from ..models.trm import TRM, Candidates
from ..puzzles import PuzzleKind
from .distributed import Group
from .examples import Examples
from .objectives import Outcome, supervise, survival_loss
from .recipe import Recipe
from .slots import Slots, step_generator
from .teacher import Teacher

CPU = torch.device("cpu")


@dataclass
class Pool:
    """The examples of one dataset and the slots that work on them: grids of one size, on one kind's board."""

    examples: Examples
    kind: PuzzleKind
    model: System  # on that board, with the weights that are trained
    teacher: Teacher | None
    batch: int  # slots, over all processes
    slots: Slots  # this process's share


@dataclass(frozen=True)
class Learned:
    """What a step came to on this process's slots."""

    outcomes: list[Outcome]  # micro-batch by micro-batch
    state: Any  # of all slots, after the step
    wants_halt: Tensor  # [B] bool


class DeepSupervision:
    """One supervision step on all slots of a pool. What it draws depends on the seed and the step alone."""

    def __init__(self, recipe: Recipe, device: torch.device, dtype: torch.dtype, group: Group) -> None:
        self.recipe, self.device, self.dtype, self.group = recipe, device, dtype, group
        self._halting_logit = math.log(recipe.objective.halt_threshold / (1 - recipe.objective.halt_threshold))

    def pool(self, examples: Examples, kind: PuzzleKind, model: System, teacher: Teacher | None) -> Pool:
        """Slots for grids of one size: as many as make a step cost what it costs with grids of the model's size."""
        _, H, W = examples.questions.shape
        local = self._of_size(self.recipe.training.batch // self.group.size, H * W)
        nothing = torch.zeros(local, H, W, dtype=torch.long, device=self.device)
        state = model.begin(nothing, nothing.flatten(1), torch.zeros(local, 1 + H * W, device=self.device))
        taught = teacher.model.config.vocabulary if teacher is not None else 0
        parts = type(state)(*(tensor.contiguous() for tensor in state))
        slots = Slots.empty(local, (H, W), examples.hints.shape[1], taught, parts)
        return Pool(examples, kind, model, teacher, local * self.group.size, slots)

    @property
    def steps_at_once(self) -> int:
        """How many steps a slot does between two updates of the weights."""
        return 1

    def most_steps(self, pool: Pool) -> int:
        """How many steps a puzzle is given at most."""
        return pool.model.training_steps

    def refill(self, pool: Pool, step: int) -> None:
        """Offer every slot of the whole batch a puzzle; the halted ones take it.

        All processes draw for all slots and keep their share, so a run does not depend on the number of processes.
        """
        recipe, examples, B, most = self.recipe, pool.examples, pool.batch, self.most_steps(pool)
        generator, mine = step_generator(recipe.training.seed, step, self.device), self.group.share
        drawn = examples.draw(B, generator)
        explores = torch.rand(B, generator=generator, device=self.device) < recipe.objective.exploration
        least = torch.randint(2, max(3, most + 1), (B,), generator=generator, device=self.device) * explores
        uniform = torch.rand(B, 1 + examples.labels.shape[1], generator=generator, device=self.device)
        rows = mine(drawn)
        rows = torch.where(pool.slots.halted, rows, rows[0])  # who goes on needs nothing that would have to be read
        question, label = examples.questions[rows].long(), examples.labels[rows].long()
        taught = pool.slots.taught if pool.teacher is None else pool.teacher(rows)
        if recipe.data.augment and pool.kind.answers_move_along:
            question, label, taught = self._copies(pool.kind, question, label, taught, step)
        start = pool.model.begin(question, label, mine(uniform))
        hint, due, ids = examples.hints[rows].long(), examples.due[rows].long(), examples.puzzle_ids[rows]
        pool.slots.refill(question, label, hint, due, ids, taught, mine(least), start)

    def learn(self, pool: Pool, step: int) -> Learned:
        """Gradients of the mean loss over the whole batch, micro-batch by micro-batch."""
        slots = pool.slots
        # what a system itself draws as it trains (SPRM's noise) comes from the seed and the step too
        torch.manual_seed(step_generator(self.recipe.training.seed + 2 + self.group.rank, step, CPU).initial_seed())
        micro = self.recipe.training.micro_batch
        size = self._of_size(micro, slots.label.shape[1]) if micro else len(slots)
        outcomes, states, wants_halt = [], [], []
        for first in range(0, len(slots), size):
            outcome, state, halts = self._supervised(pool, slice(first, first + size))
            torch.autograd.backward(outcome.loss / pool.batch)
            outcomes.append(outcome._replace(loss=outcome.loss.detach()))
            states.append(state)
            wants_halt.append(halts)
        return Learned(outcomes, joined(states), torch.cat(wants_halt))

    def advance(self, pool: Pool, learned: Learned) -> None:
        """Carry the states on to the next step."""
        pool.slots.advance(learned.state, learned.wants_halt, self.most_steps(pool), self.steps_at_once)

    def _supervised(self, pool: Pool, some: slice) -> tuple[Outcome, Any, Tensor]:
        """A step on some slots: its loss, the states after it, and which of them [B] are to halt."""
        slots, objective = pool.slots, self.recipe.objective
        question, ids = slots.question[some], slots.puzzle_id[some]
        with autocast(self.device, self.dtype):
            state, prediction = pool.model.step(question, part(slots.state, some), ids)
            target = None
            if objective.continue_loss:
                target = self.continue_target(pool, question, state, ids, slots.steps[some])
        teacher = None if pool.teacher is None else slots.taught[some]
        hint, due = slots.hint[some], None
        if objective.pace and hint.shape[1]:
            due = slots.due[some] <= objective.pace * (slots.steps[some, None, None] + 1)
        outcome = supervise(prediction, slots.label[some], objective, target, hint, teacher, due)
        return outcome, state, self._halts(prediction) | pool.model.lost(state, slots.label[some])

    def _halts(self, prediction: Prediction) -> Tensor:
        """Which slots [B] want to halt, by what the model says."""
        continues = self.recipe.objective.continue_loss
        halts: Tensor = prediction.halt > (prediction.proceed if continues else self._halting_logit)
        return halts.detach()

    @torch.no_grad()
    def continue_target(self, pool: Pool, question: Tensor, state: Any, ids: Tensor, steps: Tensor) -> Tensor:
        """The best value of one step more; on the last step there is only halting."""
        _, following = pool.model.step(question, state, ids)
        last = steps + 1 >= self.most_steps(pool)
        return torch.sigmoid(torch.where(last, following.halt, torch.maximum(following.halt, following.proceed)))

    def _copies(
        self, kind: PuzzleKind, question: Tensor, label: Tensor, taught: Tensor, step: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """A random symmetric copy of each puzzle; what is drawn depends on the seed and the step alone."""
        rng = np.random.default_rng([self.recipe.training.seed, step])
        drawn = kind.random_symmetries(rng, len(question) * self.group.size, (question.shape[1], question.shape[2]))
        cells, tokens = (self.group.share(torch.from_numpy(array).to(self.device).long()) for array in drawn)
        copies = (tokens.gather(1, grid.flatten(1).gather(1, cells)) for grid in (question, label))
        moved = taught.gather(1, cells[..., None].expand_as(taught))
        if moved.shape[-1]:  # what was said of a token is said of the one that stands for it
            moved = torch.zeros_like(moved).scatter(2, tokens[:, None].expand_as(moved), moved)
        return next(copies).view_as(question), next(copies), moved

    def _of_size(self, count: int, cells: int) -> int:
        """How many grids of so many cells cost as much as ``count`` grids of the model's size."""
        return max(1, count * self.recipe.model.cells // cells)


class TrueFields(DeepSupervision):
    """One step of a model whose state is made of tokens, from the true fields of a drawn time to those a step later.

    A step is `pace` moves of news: what can be known after so many is in the fields, and what cannot stands there as in
    the question. Nothing is unrolled, so that late times are learned as soon as early ones. Times go two steps beyond
    the end, where standing still is to be learned. Of the mistakes that may be asked for, up to so large a share of the
    cells stands at another time, and half as many have a hint drawn at random.
    """

    # of the slots, from the refill to the end of the step
    _target: tuple[Tensor, Tensor]  # answer and hints [B, L]
    _left: Tensor  # [B] steps to the end of the puzzle, after this one

    def most_steps(self, pool: Pool) -> int:
        return pool.slots.label.shape[1]

    def refill(self, pool: Pool, step: int) -> None:
        super().refill(pool, step)
        slots, objective = pool.slots, self.recipe.objective
        assert objective.pace is not None
        generator = step_generator(self.recipe.training.seed + 3 + self.group.rank, step, self.device)
        (B, L), draw = slots.label.shape, partial(torch.rand, generator=generator, device=self.device)
        needed = slots.due / objective.pace  # [B, 2, L] steps
        end = needed.flatten(1).amax(1, keepdim=True).ceil()
        drawn = (draw(B, 1) * (end + STILL + 1)).floor()  # [B, 1], 0 ... end + STILL
        share = objective.mistakes * draw(B, 1)
        there = torch.where(draw(B, L) < share, (draw(B, L) * (end + 1)).floor(), drawn)
        answer, hint = self._fields(slots, needed, there)
        strayed = (draw(B, L) < share / 2) & (slots.hint > 0)
        model = cast(TRM, pool.model)
        assert model.hint_embedding is not None
        hint = torch.where(strayed, (draw(B, L) * model.hint_embedding.num_embeddings).long(), hint)
        slots.state = model.fields(slots.question, answer, hint)
        slots.steps = drawn[:, 0].long()
        slots.least = torch.zeros_like(slots.least)  # there is nothing to explore: the true fields are known
        self._target = self._fields(slots, needed, drawn + 1)
        self._left = (end - drawn)[:, 0] - 1

    def _fields(self, slots: Slots, needed: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
        """Answer and hints [B, L] as far as they can be known after ``time`` steps, [B, 1] or [B, L]."""
        answer = torch.where(needed[:, 1] <= time, slots.label, slots.question.flatten(1))
        return answer, slots.hint * (needed[:, 0] <= time)

    def _supervised(self, pool: Pool, some: slice) -> tuple[Outcome, Any, Tensor]:
        slots, objective = pool.slots, self.recipe.objective
        with autocast(self.device, self.dtype):
            state, prediction = pool.model.step(slots.question[some], part(slots.state, some), slots.puzzle_id[some])
        answer, hint = (field[some] for field in self._target)
        left = self._left[some]
        outcome = supervise(prediction, answer, objective, hints=hint, final=left <= 0)
        return outcome, state, torch.ones_like(left, dtype=torch.bool)


class Search(DeepSupervision):
    """Steps on the sets of open candidates that the model's own striking out and pinning lead to, wrong turns included.

    In a share of the slots (`pinning`) symbols are pinned at every other step, as the model believes in them. The
    others are left to be thought through without. Many puzzles begin with some pins (`eased`), most of them right:
    what is too hard as a whole has parts within reach. A slot ends when its cells have one candidate each, when one
    has none, and soon after the answer has been lost. What was learned from LDT (arXiv 2605.08605): training on the
    states that solving produces, the three questions asked of each, and their weights.
    """

    def refill(self, pool: Pool, step: int) -> None:
        fresh = pool.slots.halted
        super().refill(pool, step)
        slots, model = pool.slots, cast(TRM, pool.model)
        encoder = cast(CandidateEncoder, model.encoder)
        generator = step_generator(self.recipe.training.seed + 3 + self.group.rank, step, self.device)
        (B, L), draw = slots.label.shape, partial(torch.rand, generator=generator, device=self.device)
        is_open = slots.state.open.view(B, L, -1)
        several = is_open.sum(-1) > 1
        eased = fresh & (draw(B) < self.recipe.objective.eased)
        count = 1 + (draw(B, 1) * MOST_PINS).floor()
        rank = (draw(B, L) + ~several).argsort(1).argsort(1)
        pinned = several & (rank < count) & eased[:, None]
        truth = encoder.truth(slots.label).view_as(is_open)
        strays = pinned & (rank == 0) & (draw(B, 1) < WRONG_PINS)
        other = F.one_hot(((is_open & ~truth) * draw(B, L, is_open.shape[-1])).argmax(-1), is_open.shape[-1]).bool()
        pins = torch.where(strays[..., None], other, truth)
        is_open = torch.where(pinned[..., None], pins, is_open).flatten(1)
        slots.state = slots.state._replace(open=encoder.propagated(slots.question, is_open))

    @property
    def steps_at_once(self) -> int:
        return self.recipe.objective.horizon

    def _supervised(self, pool: Pool, some: slice) -> tuple[Outcome, Any, Tensor]:
        """`horizon` steps, each with its loss; the gradient goes back through all of them."""
        state, outcomes = part(pool.slots.state, some), []
        for ahead in reversed(range(self.steps_at_once)):
            outcome, state, halts = self._searched(pool, some, state, detached=ahead == 0)
            outcomes.append(outcome)
        return Outcome.mean(outcomes), state, halts

    def _searched(self, pool: Pool, some: slice, before: Candidates, detached: bool) -> tuple[Outcome, Any, Tensor]:
        slots, objective = pool.slots, self.recipe.objective
        question, label = slots.question[some], slots.label[some]
        model = cast(TRM, pool.model)
        encoder = cast(CandidateEncoder, model.encoder)
        truth = encoder.truth(label)
        lost = (truth & ~before.open).any(1)
        several = before.open.view(*label.shape, -1).sum(-1) > 1
        asked = several & ~lost[:, None]
        with autocast(self.device, self.dtype):
            state, prediction = model.eliminate(question, before, detached)
        right = (state.open == truth).all(1)  # the answer is what is left
        outcome = supervise(prediction, label, objective, due=asked[:, None].expand(-1, 2, -1), right=right)
        at_work = before.open & several.repeat_interleave(before.open.shape[1] // label.shape[1], 1)
        loss = outcome.loss + survival_loss(prediction, at_work, truth, lost, objective).sum()
        with torch.no_grad():
            which = torch.arange(*some.indices(len(slots)), device=self.device)
            pins = (which < objective.pinning * len(slots)) & (torch.rand(len(label), device=self.device) < 0.5)
            left = pinned(encoder, question, state.open, prediction.logits, pins)
            assert prediction.conflict is not None
            known = torch.sigmoid(prediction.conflict) > KNOWN
            forgotten = torch.rand(len(label), device=self.device) < FORGOTTEN
            halts = encoder.over(left) | (lost & (known | forgotten))
        return outcome._replace(loss=loss), state._replace(open=left), halts


STILL = 2  # steps beyond the end of a puzzle in which its fields are to stand still
MOST_PINS = 8  # that a puzzle begins with
WRONG_PINS = 0.15  # the share of puzzles with pins of which one is wrong
TEMPERATURE = 1.5  # of the beliefs that pins are drawn from
KNOWN = 0.9  # a slot that has lost the answer ends when the model is so sure of it,
FORGOTTEN = 0.15  # or by chance


def pinned(encoder: CandidateEncoder, question: Tensor, is_open: Tensor, logits: Tensor, which: Tensor) -> Tensor:
    """The sets ``is_open [B, L * K]`` after a pin in those of ``which [B]``: a symbol drawn for a cell with few left.

    ``logits [B, L, V]`` are the model's, as far as they are of open candidates.
    """
    B, K = len(is_open), encoder.K
    left = is_open.view(B, -1, K)
    count = left.sum(-1)
    cells = (count > 1) / count.clamp(min=1).square()
    which = which & (cells.sum(1) > 0)
    cell = torch.multinomial(cells + 1e-9, 1)  # [B, 1]
    beliefs = encoder.scores(question, logits).gather(1, cell[..., None].expand(-1, -1, K))[:, 0] / TEMPERATURE
    there = left.gather(1, cell[..., None].expand(-1, -1, K))[:, 0]
    beliefs = beliefs.masked_fill(~there, -1e9).softmax(-1) * there + 1e-9
    pin = F.one_hot(torch.multinomial(beliefs, 1), K).bool()  # [B, 1, K]
    pins = left.scatter(1, cell[..., None].expand(-1, -1, K), pin)
    return encoder.propagated(question, torch.where(which[:, None, None], pins, left).flatten(1))


LESSONS: dict[str, type[DeepSupervision]] = {
    "deep-supervision": DeepSupervision,
    "true-fields": TrueFields,
    "search": Search,
}
