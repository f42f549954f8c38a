"""TR-LDM, the Tiny Recursive Language Diffusion Model: a masked diffusion model whose predictor is TRM's recursion.

The sequence is ``[p, r]``: the question's L tokens, then the answer's, of which some are masked. The model predicts the
masked ones; an answer comes about in N denoising steps, from all masked to none. Given cells and padding are tokens of
r like the others: they are masked, predicted and count in L.

Letters: x the embedded sequence, y answer state, z reasoning state, all ``[B, 2 L, D]``; t the masked share of r.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Literal, NamedTuple

import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from .blocks import Canvas, Network, truncated_normal_
from .config import Count, Layers, ModelConfig, Prefix, Recursion, Steps, Truncation
from .denoising import of_step, ranks, seeded_uniform
from .prediction import PADDING, FrameKind, Prediction
from .system import System, detached, position_embedding, unrolled


class TRLDMConfig(Recursion, Truncation, ModelConfig):
    """n is `latent_updates`, T `recursions`; `supervision_steps` is N, the denoising steps that an answer takes."""

    system: Literal["trldm"] = "trldm"
    prefix: Prefix = 0
    layers: Layers = 4
    latent_updates: Count = 4
    recursions: Count = 1
    supervision_steps: Steps = 32
    states: Literal["yz", "y", "z", "none"] = "yz"  # y: y = f(x + y); z: z = f(x + z); none: one pass, f(x)
    initial_y: Literal["sequence", "zero"] = "sequence"  # y as a recursion starts anew: x (the paper's), or 0 as z is
    # ds: deep supervision over a whole denoising, which a slot leaves early as TRM's do (the paper's threshold is 0.9)
    regime: Literal["one-step", "ds"] = "one-step"
    training_denoising: int = Field(16, ge=2, le=1024)  # steps of a denoising in training, regime "ds"
    while_right: bool = False  # which ends when a token is wrong that stays (not the paper's)
    remasking: Literal["confidence", "random"] = "confidence"  # what is masked again: the least confident, or any
    overwrite: bool = False  # let tokens of earlier steps be masked again too
    reset_every: Count = 1  # denoising steps, after which y and z start anew

    @property
    def state_length(self) -> int:
        return 2 * self.cells

    @property
    def embeds_puzzles(self) -> bool:
        return self.puzzle_ids > 1

    @property
    def passes(self) -> int:
        return 1 if self.states == "none" else super().passes

    @model_validator(mode="after")
    def _only_trldm(self) -> TRLDMConfig:
        if self.mixer not in ("attention", "mlp") or self.mask_padding:
            raise ValueError("TR-LDM mixes a sequence: its mixer is attention or mlp, without masked padding")
        if self.prefix:
            raise ValueError("TR-LDM's sequence has no prefix: set prefix = 0")
        return self


class State(NamedTuple):
    """An answer with some tokens masked, and what the recursion remembers."""

    y: Tensor  # [B, 2 L, D]; of a run that starts, as z: what is added to the first states, zeros unless perturbed
    z: Tensor  # [B, 2 L, D]
    answer: Tensor  # [B, L] tokens, the vocabulary's size where masked
    ratio: Tensor  # [B] t
    done: Tensor  # [B] denoising steps
    uniform: Tensor  # [B, N, L] random numbers of the N steps


class TRLDM(System, system="trldm"):
    """Recursive masked diffusion. Its steps are denoising steps."""

    Config = TRLDMConfig
    frames: ClassVar[FrameKind] = "denoising"
    config: TRLDMConfig

    def __init__(self, config: ModelConfig) -> None:
        assert isinstance(config, TRLDMConfig)
        super().__init__(config)
        D = config.width
        self.mask_embedding = nn.Parameter(truncated_normal_(torch.empty(D), 1 / math.sqrt(D)))
        self.network = Network(config)
        if config.positions in ("grid", "grid-rope"):  # a cell of p and one of r are on the same place
            self.parts = position_embedding(2, D)

    # ---- training

    @property
    def training_steps(self) -> int:
        return self.config.training_denoising if self.config.regime == "ds" else 1

    def begin(self, question: Tensor, answer: Tensor, uniform: Tensor) -> State:
        """One step: each token masked with probability t, drawn from (0, 1]. Deep supervision: all masked."""
        if self.config.regime == "ds":
            N = self.config.training_denoising
            return self._state(question, uniform[:, None, 1:].expand(-1, N, -1))
        t = 1 - uniform[:, 0]
        state = self._state(question, uniform[:, None, 1:])
        return state._replace(answer=answer.masked_fill(uniform[:, 1:] < t[:, None], self.config.vocabulary), ratio=t)

    def lost(self, state: State, answer: Tensor) -> Tensor:
        """Whose denoising goes on `while_right`, and kept a token that is wrong."""
        if not self.config.while_right:
            return super().lost(state, answer)
        kept = (state.answer != self.config.vocabulary) & (answer != PADDING)
        return (kept & (state.answer != answer)).any(dim=1)

    # ---- solving

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        """All of r masked."""
        return self._state(question, seeded_uniform(question, steps or self.config.supervision_steps, seeds))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        """One denoising step: predict what is masked, keep the rest as it is, mask the least certain share again."""
        config, L = self.config, state.answer.shape[1]
        canvas = Canvas((question.shape[1], question.shape[2]))
        x = self._embed(question, state.answer, puzzle_ids)
        first, anew = (
            condition[:, None, None] for condition in (state.done == 0, state.done % config.reset_every == 0)
        )
        y, z = (torch.where(anew & ~first, 0, old) for old in (state.y, state.z))
        if config.states == "none":
            y = self.network(torch.where(first, x + y, x), canvas)
        else:
            if config.initial_y == "sequence":
                y = torch.where(anew, x + y, y)
            y, z = unrolled(lambda y, z: self.recursion(x, y, z, canvas), y, z, config)
        logits = self.readout(y[:, L:]).float()
        halt, proceed = self.halting(y[:, L:].amax(dim=1)).float().unbind(dim=-1)

        masked = state.answer == config.vocabulary
        done = state.done + 1
        ratio = (1 - done / state.uniform.shape[1]).clamp(min=0)
        with torch.no_grad():
            answer = torch.where(masked, logits.argmax(-1), state.answer)
            again = self._again(logits, answer, masked, state.uniform, ratio, done)
        carried = State(y, z, answer.masked_fill(again, config.vocabulary), ratio, done, state.uniform)
        # what was not masked stays as it is, whatever the logits say: the halting logit learns if that answer is right
        certain = nn.functional.one_hot(answer, config.vocabulary).float().clamp(min=1e-9).log()
        shown = torch.where(masked[..., None], logits, certain)
        weights = masked / (state.ratio[:, None] * L).clamp(min=1e-6)
        return detached(carried), Prediction(shown, halt, proceed, weights=weights, masked=again)

    def recursion(self, x: Tensor, y: Tensor, z: Tensor, canvas: Canvas) -> tuple[Tensor, Tensor]:
        """n times ``z = f(x + y + z)``, then once ``y = f(y + z)``."""
        states, n = self.config.states, self.config.latent_updates
        if states == "yz":
            for _ in range(n):
                z = self.network(x + y + z, canvas)
            return self.network(y + z, canvas), z
        for _ in range(n + 1):  # one state alone, as many evaluations
            if states == "y":
                y = self.network(x + y, canvas)
            else:
                z = self.network(x + z, canvas)
        return (y, z) if states == "y" else (z, z)

    def compile_core(self) -> None:
        if self.config.states == "none":
            self.network.compile(dynamic=False)
        else:
            self.recursion = torch.compile(self.recursion, dynamic=False)  # type: ignore[method-assign]

    def _state(self, question: Tensor, uniform: Tensor) -> State:
        cells = question.flatten(1)
        B, L = cells.shape
        empty = torch.zeros(B, 2 * L, self.config.width, device=question.device)
        all_masked = torch.full_like(cells, self.config.vocabulary)
        done = torch.zeros(B, dtype=torch.long, device=question.device)
        return State(empty, empty, all_masked, torch.ones(B, device=question.device), done, uniform)

    def _embed(self, question: Tensor, answer: Tensor, puzzle_ids: Tensor | None = None) -> Tensor:
        masked = (answer == self.config.vocabulary)[..., None]
        r = torch.where(masked, self.mask_embedding, self.embedding(answer.clamp(max=self.config.vocabulary - 1)))
        x = torch.cat((self.embedding(question.flatten(1)), r), dim=1)
        if self.config.positions in ("grid", "grid-rope"):
            x = x + self.parts.weight.repeat_interleave(answer.shape[1], dim=0)
        if self.config.positions == "grid":
            x = x + self.places(question).repeat(2, 1)
        if self.config.embeds_puzzles:
            x = x + self.puzzles(puzzle_ids, len(x))[:, None]
        return math.sqrt(self.config.width) * x

    def _again(
        self, logits: Tensor, answer: Tensor, masked: Tensor, uniform: Tensor, ratio: Tensor, done: Tensor
    ) -> Tensor:
        """The cells [B, L] that are masked again, so that the share ``ratio [B]`` is."""
        config, L = self.config, answer.shape[1]
        if config.remasking == "random":
            scores = of_step(uniform, done)
        else:
            scores = logits.softmax(-1).gather(-1, answer[..., None])[..., 0]
        if not config.overwrite:
            scores = torch.where(masked, scores, 2.0)  # tokens of earlier steps count as certain
        return ranks(scores) < (ratio[:, None] * L).round()
