"""DRM, the Denoising Recursion Model (arXiv 2604.18839): TRM's recursion undoes the corruption of an answer.

"K steps back, one forward": an answer is corrupted once, by hiding some of its tokens, and restored over several
recursions, where plain diffusion would restore it in one. To solve, all tokens are hidden at first; each denoising step
answers every cell and hides some of them again, fewer and fewer.

Letters: x embedded question, y answer state (rebuilt from the corrupted answer at every step), z reasoning state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import truncated_normal_
from .config import Count, ModelConfig, TinyRecursion
from .denoising import of_step, ranks, seeded_uniform
from .prediction import PADDING, FrameKind, Prediction
from .system import detached
from .trm import TRM

LEVELS = 1000  # of corruption, t = 0 ... LEVELS - 1
BLUR, SIGMA = 5, 1.5  # cells, of spatially correlated masks


class DRMConfig(TinyRecursion):
    """T is `recursions`; `supervision_steps` is the number of denoising steps that an answer takes."""

    system: Literal["drm"] = "drm"
    latent_updates: Count = 4
    latents: Literal["pair"] = "pair"  # y is rebuilt at every step
    remasking: Literal["random", "confidence", "spatial"] = "random"
    # denoising steps after which z starts anew, as in training, where every puzzle is seen with a fresh z; None: never,
    # as the paper has it
    reset_every: Count | None = None


class State(NamedTuple):
    """A corrupted answer and what the recursion remembers."""

    z: Tensor  # [B, length, D]
    answer: Tensor  # [B, L] tokens, the vocabulary's size where hidden
    done: Tensor  # [B] denoising steps
    uniform: Tensor  # [B, N, L] random numbers of the N steps


class DRM(TRM, system="drm"):
    """TRM trained to denoise. Its steps are denoising steps."""

    Config = DRMConfig
    config: DRMConfig
    frames: ClassVar[FrameKind] = "denoising"
    disturbed: ClassVar[tuple[str, ...]] = ("z",)

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        # the last is for "hidden"; as y enters the first recursion alone, it is trained only if that has a gradient
        self.label_embedding = nn.Embedding(self.encoder.labels, config.width)
        truncated_normal_(self.label_embedding.weight, 1 / math.sqrt(config.width))

    # ---- training: one corruption, undone at once

    @property
    def training_steps(self) -> int:
        return 1

    def begin(self, question: Tensor, answer: Tensor, uniform: Tensor) -> State:
        """Answers of which each token is hidden with probability p(t), t drawn anew for each."""
        t = (uniform[:, :1] * LEVELS).floor()
        hidden = uniform[:, 1:] < corruption(t)
        return State(
            self._fresh(question),
            answer.masked_fill(hidden, self.config.vocabulary),
            torch.zeros(len(answer), dtype=torch.long, device=answer.device),
            uniform[:, None, 1:],
        )

    # ---- solving

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:  # type: ignore[override]
        """All tokens hidden."""
        N = steps or self.config.supervision_steps
        return State(
            self._fresh(question),
            torch.full_like(question.flatten(1), self.config.vocabulary),
            torch.zeros(len(question), dtype=torch.long, device=question.device),
            seeded_uniform(question, N, seeds),
        )

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:  # type: ignore[override]
        """One denoising step: restore the answer over T recursions, then hide some of it again.

        Given cells are restored and hidden like the others. Where padding is outside the grid (`mask_padding`), it
        stays token 0 where it is not hidden; elsewhere an answer may be larger than its question, as in ARC.
        """
        config, (x, canvas) = self.config, self.encode(question, puzzle_ids)
        y = math.sqrt(config.width) * self.label_embedding(self.encoder.labelled(state.answer, canvas))
        y = F.pad(y, (0, 0, config.prefix, 0))
        f, g = partial(self.network, canvas=canvas), partial(self.answer_network, canvas=canvas)
        y, z = self.recursions(x, y, self.encoder.gather(self._remembered(question, state), canvas), f, g)
        prediction = self.predict(y, canvas)
        done = state.done + 1
        hidden = self._hidden(question, prediction.logits, state.uniform, done)
        answer = prediction.logits.argmax(-1)
        if config.mask_padding:
            answer = answer.masked_fill(question.flatten(1) == PADDING, PADDING)
        answer = answer.masked_fill(hidden, config.vocabulary)
        z = self.encoder.scatter(state.z, z.detach(), canvas)
        return detached(State(z, answer, done, state.uniform)), prediction._replace(masked=hidden)

    def _fresh(self, question: Tensor) -> Tensor:
        return self.z0.expand(len(question), self.length(question), self.config.width)

    def _remembered(self, question: Tensor, state: State) -> Tensor:
        """z as a step begins: that of the last step, or a fresh one."""
        if self.config.reset_every is None:
            return state.z
        anew = (state.done > 0) & (state.done % self.config.reset_every == 0)  # the first may be perturbed
        return torch.where(anew[:, None, None], self._fresh(question), state.z)

    def _hidden(self, question: Tensor, logits: Tensor, uniform: Tensor, done: Tensor) -> Tensor:
        """Which cells [B, L] are hidden after ``done [B]`` of the N steps."""
        config = self.config
        share = remasking_share(done, uniform.shape[1])[:, None]
        drawn = of_step(uniform, done)
        if config.remasking == "random":
            return drawn < share
        if config.remasking == "confidence":
            scores = logits.detach().softmax(-1).amax(-1)
        else:
            scores = blurred(drawn.view(len(question), 1, *question.shape[1:])).flatten(1)
        return ranks(scores) < (share * scores.shape[1]).round()


def corruption(t: Tensor) -> Tensor:
    """p(t), the probability that a token is hidden at level t (DRM, section 3: a cosine schedule)."""
    return 1 - torch.cos(0.5 * math.pi * (t / LEVELS + 0.008) / 1.008).square()


def remasking_share(done: Tensor, steps: int) -> Tensor:
    """The share of cells to hide after ``done`` of so many steps: t / 1000 on a quadratic grid; 0 after the last."""
    left = (steps - done).clamp(min=0) / steps
    return torch.where(done < steps, (1 + (LEVELS - 1) * left.square()) / LEVELS, torch.zeros_like(left))


def blurred(noise: Tensor) -> Tensor:
    """Noise ``[B, 1, H, W]`` under a Gaussian of `BLUR` x `BLUR` cells: neighbours are hidden together."""
    reach = torch.arange(BLUR, device=noise.device) - BLUR // 2
    bell = torch.exp(-reach.square() / (2 * SIGMA**2))
    kernel = (bell[:, None] * bell)[None, None] / bell.sum() ** 2
    return F.conv2d(F.pad(noise, [BLUR // 2] * 4, mode="replicate"), kernel.to(noise.dtype))
