"""The autoregressive ladder (arXiv 2603.08082): seven depth rules between a plain transformer and a causal TRM.

All rungs share the block (a causal `Network`), the token stream and the next-token objective, and spend the same number
E of block evaluations on a token; they differ in what these do:

- dense: E untied blocks.
- iterative: one block, E times; iterative-step: with a learned embedding of the step added before each.
- universal: that, and ACT: each position has a distribution over the steps at which it may halt, and what is read out
  is the sum of the states, weighted by it.
- dual-universal: two streams, reasoning z and answer y, updated in turn: ``z = f(x + y + z)``, ``y = f(y + z)``, with
  step embeddings; ACT over the states of y.
- dual-nested: n updates of z to each of y.
- ar-trm: nested as TRM has it, without step embeddings or ACT: only the last y is read out, only the last recursion (or
  the last `with_gradient`) has a gradient, one halting logit says whether all tokens are right, and with deep
  supervision y and z go on to another supervision step.

The tokens are the answer's in reading order; where the question has a token, it stands. Position i of the network hears
the tokens before i and predicts token i.

Letters: x embedded tokens, y answer stream, z reasoning stream, all ``[B, L, D]``, E block evaluations, n reasoning
updates to one of the answer, T recursions, S supervision steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from .blocks import Canvas, Network, truncated_normal_
from .config import Count, Layers, ModelConfig, Prefix, Steps, Token, Truncation
from .prediction import PADDING, FrameKind, Prediction
from .system import System, unrolled

Rung = Literal["dense", "iterative", "iterative-step", "universal", "dual-universal", "dual-nested", "ar-trm"]
STEP_EMBEDDING = ("iterative-step", "universal", "dual-universal", "dual-nested")
ACT = ("universal", "dual-universal", "dual-nested")
DUAL = ("dual-universal", "dual-nested", "ar-trm")

DEEP_START = -3.0  # of the ACT logits: a new model reads out its last state for the most part, lest it stay shallow
IMPOSSIBLE = -1e9  # logit of a token that no answer holds
CERTAIN = 20.0  # of a token that stands


class AutoregressiveConfig(Truncation, ModelConfig):
    """A block is a network of `layers` layers; `evaluations` of it make E, from which T follows. `supervision_steps`
    is the most tokens that a line is given.
    """

    system: Literal["autoregressive"] = "autoregressive"
    prefix: Prefix = 0
    layers: Layers = 1
    latent_updates: Count = 2  # n, of dual-nested and ar-trm
    supervision_steps: Steps = 64
    rung: Rung = "universal"
    evaluations: int = Field(12, ge=1, le=256)  # E
    deep_supervision: Count = 1  # S, of ar-trm; each is a training step, and all are taken for a token
    blank: Count = 1  # the token of an open cell
    end: Token = 2  # the token that ends an answer, and fills the cells behind it; 0: there is none

    @model_validator(mode="after")
    def _only_autoregressive(self) -> AutoregressiveConfig:
        if self.mixer != "attention" or self.prefix or self.mask_padding or "grid" in self.positions:
            raise ValueError(
                "the autoregressive ladder needs causal attention over a line: no other mixer, prefix, mask_padding or "
                "positions on a grid"
            )
        if max(self.blank, self.end) >= self.vocabulary or self.blank == self.end:
            raise ValueError(f"blank {self.blank} and end {self.end} must be two tokens of the {self.vocabulary}")
        for name in ("deep_supervision", "with_gradient"):
            if getattr(self, name) > 1 and self.rung != "ar-trm":
                raise ValueError(f"{name} is for ar-trm, not {self.rung}")
        if self.evaluations % self.unit:
            raise ValueError(f"{self.rung} spends block evaluations by {self.unit}: {self.evaluations} is no multiple")
        return self

    @property
    def updates(self) -> int:
        """n: the reasoning updates to one of the answer; 0 where there is one stream."""
        return 0 if self.rung not in DUAL else 1 if self.rung == "dual-universal" else self.latent_updates

    @property
    def unit(self) -> int:
        """The number that E is a multiple of."""
        return self.deep_supervision * (self.updates + 1)

    @property
    def depth(self) -> int:
        """T of the rungs with two streams, in one supervision step; E of the others."""
        return self.evaluations // self.unit

    @property
    def passes(self) -> int:
        return self.evaluations // self.deep_supervision

    @property
    def any_size(self) -> bool:
        """Lines of every length: positions are relative. `grid` is the one that the model was trained for."""
        return True


class State(NamedTuple):
    """A line as far as it is written."""

    answer: Tensor  # [B, L] tokens, blank where there is none yet
    taught: Tensor  # [B] bool, the whole answer is there to be predicted token by token
    noise: Tensor  # [B, L, V] added to a token's logits before the highest is taken
    y: Tensor  # [B, L, D] of ar-trm's supervision steps in training; [B, L, 0] for the others
    z: Tensor
    halt: Tensor  # [B, 2] halting logits as of the last token


class Autoregressive(System, system="autoregressive"):
    """Next-token prediction. In training, a step predicts all tokens at once; in solving, it writes one more token."""

    Config = AutoregressiveConfig
    frames: ClassVar[FrameKind] = "token"
    config: AutoregressiveConfig
    y0: Tensor
    z0: Tensor

    def __init__(self, config: ModelConfig) -> None:
        assert isinstance(config, AutoregressiveConfig)
        super().__init__(config)
        D, E = config.width, config.evaluations
        self.networks = nn.ModuleList(Network(config) for _ in range(E if config.rung == "dense" else 1))
        if config.rung in STEP_EMBEDDING:
            self.step_embedding = nn.Embedding(E, D)
            truncated_normal_(self.step_embedding.weight, 1 / math.sqrt(D))
        if config.rung in ACT:
            self.act = nn.Linear(D, 1)
            nn.init.zeros_(self.act.weight)
            nn.init.constant_(self.act.bias, DEEP_START)
        if config.rung in DUAL:
            for name in ("y0", "z0"):
                self.register_buffer(name, truncated_normal_(torch.empty(D), 1.0))

    # ---- training: all tokens at once

    @property
    def training_steps(self) -> int:
        return self.config.deep_supervision

    def begin(self, question: Tensor, answer: Tensor, uniform: Tensor) -> State:
        """The whole answer, to be predicted from what stands before each token (teacher forcing)."""
        return self._state(question, answer, taught=True)

    def _taught(self, question: Tensor, state: State) -> tuple[State, Prediction]:
        """Logits of all tokens. The loss is of those that the question leaves open, up to the end token."""
        config, answer = self.config, state.answer
        asked = question.flatten(1) == config.blank
        if config.end:
            ends = (asked & (answer == config.end)).long()
            asked = asked & (ends.cumsum(1) - ends == 0)
        x = self._embed(answer)
        carried = (state.y, state.z) if config.rung == "ar-trm" else self._fresh(x)
        y, z = self.supervision_step(x, *carried)
        logits = torch.where(asked[..., None], self._logits(y), self._certain(answer))
        halt = self._halting(y, asked)
        weights = asked / asked.sum(1, keepdim=True).clamp(min=1)
        if config.rung == "ar-trm":
            state = state._replace(y=y.detach(), z=z.detach())
        return state, Prediction(logits, halt[:, 0], halt[:, 1], weights=weights)

    # ---- solving: one token more

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        """The question's tokens alone."""
        return self._state(question, question.flatten(1), taught=False)

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        """From `begin`, or in training mode: one supervision step on all tokens. From `start`: one token more."""
        if self.training or bool(state.taught.all()):
            return self._taught(question, state)
        return self._write(question, state)

    def _write(self, question: Tensor, state: State) -> tuple[State, Prediction]:
        """Write the first token that is missing of each line; after an end token a line stays as it is."""
        config, answer = self.config, state.answer
        missing = answer == config.blank
        writing = missing.any(1)
        logits, halt = self._certain(answer), state.halt
        if bool(writing.any()):
            place = missing.int().argmax(1)  # [B], the first that is missing
            L = int(place[writing].max()) + 1
            x = self._embed(answer[:, :L])
            y, z = self._fresh(x)
            for _ in range(config.deep_supervision):
                y, z = self.supervision_step(x, y, z)
            place = place.clamp(max=L - 1)
            rows = torch.arange(len(answer), device=answer.device)
            next_logits = self._logits(y[rows, place]) + state.noise[rows, place]
            token = next_logits.argmax(-1)
            here = torch.arange(answer.shape[1], device=answer.device) == place[:, None]
            here = here & writing[:, None]
            rest = missing & ~here & (token == config.end)[:, None] if config.end else torch.zeros_like(missing)
            answer = torch.where(here, token[:, None], answer).masked_fill(rest, config.end)
            logits = torch.where(here[..., None], next_logits[:, None], self._certain(answer))
            written = (question.flatten(1) == config.blank) & (~missing | here)
            halt = torch.where(writing[:, None], self._halting(y, written[:, :L]), halt)
            missing = answer == config.blank
        # an open cell may become anything; ties go to the end, so that a line reads as far as it is written
        unknown = torch.zeros_like(logits[0, 0])
        unknown[config.end] = 1e-3 if config.end else 0.0
        logits = torch.where(missing[..., None], unknown, logits)
        return state._replace(answer=answer, halt=halt.detach()), Prediction(
            logits, halt[:, 0], halt[:, 1], masked=missing
        )

    def perturb(self, state: State, deviations: Sequence[float], seeds: Sequence[int]) -> State:
        """Runs with a deviation draw their tokens at this temperature (Gumbel noise), not the likeliest."""
        noise = state.noise.clone()
        for run, (temperature, seed) in enumerate(zip(deviations, seeds, strict=True)):
            if temperature:
                drawn = torch.rand(noise.shape[1:], generator=torch.Generator().manual_seed(seed)).clamp(1e-9, 1 - 1e-7)
                noise[run] = -temperature * (-drawn.log()).log().to(noise.device)
        return state._replace(noise=noise)

    # ---- the depth rules

    def supervision_step(self, x: Tensor, y: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """What is read out ``[B, L, D]`` after all block evaluations of one supervision step, and z."""
        f = partial(self._evaluate, canvas=Canvas((1, x.shape[1]), causal=True))
        if self.config.rung not in DUAL:
            states = []
            for step in range(self.config.evaluations):
                x = f(x, step)
                states.append(x)
            return self._read(states), z
        if self.config.rung != "ar-trm":
            states = []
            for recursion in range(self.config.depth):
                y, z = self.recursion(x, y, z, f, recursion)
                states.append(y)
            return self._read(states), z
        return unrolled(lambda y, z: self.recursion(x, y, z, f, 0), y, z, self.config)

    def recursion(self, x: Tensor, y: Tensor, z: Tensor, f: partial[Tensor], number: int) -> tuple[Tensor, Tensor]:
        """n times ``z = f(x + y + z)``, then once ``y = f(y + z)``."""
        step = number * (self.config.updates + 1)
        for update in range(self.config.updates):
            z = f(x + y + z, step + update)
        return f(y + z, step + self.config.updates), z

    def _evaluate(self, h: Tensor, step: int, canvas: Canvas) -> Tensor:
        """One evaluation of the block, the ``step``-th that the token costs."""
        if self.config.rung in STEP_EMBEDDING:
            h = h + self.step_embedding.weight[step]
        network: Tensor = self.networks[step % len(self.networks)](h, canvas)
        return network

    def _read(self, states: list[Tensor]) -> Tensor:
        """The last state, or with ACT the states' sum, weighted by each position's halting distribution."""
        if self.config.rung not in ACT:
            return states[-1]
        h = torch.stack(states)  # [steps, B, L, D]
        return (self.halting_distribution(h)[..., None] * h).sum(0)

    def halting_distribution(self, states: Tensor) -> Tensor:
        """The probability ``[steps, B, L]`` that a position halts at each step, of ``states [steps, B, L, D]``.

        ``p_k`` of those that have not halted before do at step k, and all that are left at the last.
        """
        p = torch.sigmoid(self.act(states)[..., 0].float())
        p = torch.cat((p[:-1], torch.ones_like(p[-1:])))
        left = torch.cat((torch.ones_like(p[:1]), (1 - p[:-1]).cumprod(0)))
        return p * left

    # ---- parts

    def _state(self, question: Tensor, answer: Tensor, taught: bool) -> State:
        B, L = answer.shape
        fresh = self._fresh(self.embedding.weight.new_zeros(B, L, self.config.width))
        y, z = fresh if self.config.rung == "ar-trm" else (part[..., :0] for part in fresh)
        noise = torch.zeros(B, L, self.config.vocabulary, device=answer.device)
        flags = torch.full((B,), taught, device=answer.device)
        return State(answer, flags, noise, y, z, torch.zeros(B, 2, device=answer.device))

    def _fresh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """y and z before the first update."""
        return (self.y0.expand_as(x), self.z0.expand_as(x)) if self.config.rung in DUAL else (x, x)

    def _embed(self, answer: Tensor) -> Tensor:
        """x of the tokens before each; padding stands before the first."""
        before = F.pad(answer[:, :-1], (1, 0), value=PADDING)
        x: Tensor = math.sqrt(self.config.width) * self.embedding(before)
        return x

    def _logits(self, y: Tensor) -> Tensor:
        """Of what is read out, without the tokens that no answer holds. [..., V]."""
        logits: Tensor = self.readout(y).float()
        never = torch.zeros(logits.shape[-1], dtype=torch.bool, device=logits.device)
        never[[PADDING, self.config.blank]] = True
        return logits.masked_fill(never, IMPOSSIBLE)

    def _certain(self, answer: Tensor) -> Tensor:
        """Logits of tokens that stand. [B, L, V]."""
        return CERTAIN * F.one_hot(answer, self.config.vocabulary).float()

    def _halting(self, y: Tensor, cells: Tensor) -> Tensor:
        """Halting logits ``[B, 2]``: the most doubtful of the ``cells [B, L]`` speaks for the line.

        But for ar-trm, whose objective it belongs to, no gradient goes on to the network.
        """
        y = y if self.config.rung == "ar-trm" else y.detach()
        summary = y.masked_fill(~cells[..., None], -torch.inf).amax(1)
        summary = torch.where(cells.any(1, keepdim=True), summary, 0)
        halt: Tensor = self.halting(summary).float()
        return halt
