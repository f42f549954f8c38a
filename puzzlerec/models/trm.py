"""TRM, the Tiny Recursive Model (arXiv 2510.04871): one small network, used over and over, refines an answer.

Letters: x embedded question, y answer state, z reasoning state, n latent updates, T recursions. States are
``[B, length, D]``: a vector a cell behind a prefix, or a vector a candidate, as the encoder has it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, NamedTuple, cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from .blocks import linear, truncated_normal_
from .candidates import CandidateEncoder
from .config import HintedRecursion, ModelConfig, TinyRecursion, TokenState, TRMConfig
from .prediction import PADDING, Prediction
from .system import System, network_for, position_embedding, unrolled

Function = Callable[[Tensor], Tensor]  # f


class State(NamedTuple):
    """What TRM carries from one step to the next. ``z`` is ``[B, scales, length, D]`` for multi-scale latents."""

    y: Tensor
    z: Tensor


class Fields(NamedTuple):
    """What TRM carries where its state is made of tokens (`config.projection`): the fields that it has read out.

    Discrete states do not drift: small errors of a step end in its argmax (arXiv 2402.11628). DRM and TR-LDM too begin
    every step with the answer's tokens alone.
    """

    answer: Tensor  # [B, L]; where a puzzle has not been answered yet, the question's tokens
    hint: Tensor  # [B, L] classes of the hints, 0 for none yet; [B, 0] without hints
    z: Tensor  # [B, length, D], [B, 0, D] where z begins anew at every step


class Candidates(NamedTuple):
    """What TRM carries where the field is the set of open candidates: the same projection, onto a set that shrinks."""

    open: Tensor  # [B, L * K] bool; a placed symbol is the last one of its cell
    y: Tensor
    z: Tensor


AnyState = State | Fields | Candidates


class TRM(System, system="trm"):
    """Recursion over an answer and a latent. Its steps are supervision steps.

    Where the config masks padding, grids of several sizes go together, each in the top left corner of the largest.
    """

    Config: ClassVar[type[ModelConfig]] = TRMConfig
    config: TinyRecursion
    y0: Tensor
    z0: Tensor

    def __init__(self, config: ModelConfig) -> None:
        assert isinstance(config, TinyRecursion)
        super().__init__(config)
        D = config.width
        hints = config.hints if isinstance(config, HintedRecursion) else 0
        self.hint_readout = linear(D, hints) if hints else None
        self.projection = config.projection if isinstance(config, TokenState) else "none"
        self.strike = config.strike if isinstance(config, TokenState) else 0.0
        if config.has_candidates:
            self.survival, self.conflict = linear(D, 1), linear(D, 1, bias=True)
        elif self.projection != "none":  # y, of the fields, enters the first recursion alone: T = 1, with_gradient = T
            self.answer_embedding = position_embedding(config.vocabulary, D)
            self.hint_embedding = position_embedding(hints, D) if hints else None
        self.network = network_for(config)
        self.answer_network = network_for(config) if config.networks == "two" else self.network
        self.register_buffer("y0", truncated_normal_(torch.empty(D), 1.0))
        scales = (config.latent_updates,) if config.latents == "multi-scale" else ()
        self.register_buffer("z0", truncated_normal_(torch.empty(*scales, D), 1.0))

    # ---- the two calls

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> AnyState:
        """Fresh states for the questions ``[B, H, W]``: the same two fixed random vectors at every position.

        Of tokens: the question itself, and no hints.
        """
        if self.projection != "none" and not self.config.has_candidates:
            tokens = question.flatten(1)
            return self.fields(question, tokens, torch.zeros_like(tokens) if self.hint_readout else tokens[:, :0])
        B, length, D = len(question), self.length(question), self.config.width
        y = self.y0.expand(B, length, D)
        if self.config.latents == "multi-scale":
            return State(y, self.z0[None, :, None].expand(B, -1, length, D))
        z = self.z0.expand(B, length, D)
        if self.config.has_candidates:
            return Candidates(cast(CandidateEncoder, self.encoder).opened(question), y, z)
        return State(y, z)

    def step(self, question: Tensor, state: AnyState, puzzle_ids: Tensor | None = None) -> tuple[AnyState, Prediction]:
        """One supervision step: T - 1 recursions without gradient, one with; the state comes back detached."""
        if isinstance(state, Candidates):
            return self.eliminate(question, state)
        x, canvas = self.encode(question, puzzle_ids)
        f, g = partial(self.network, canvas=canvas), partial(self.answer_network, canvas=canvas)
        y, z = self.embedded(state) if isinstance(state, Fields) else self.gather(state, canvas)
        y, z = self.recursions(x, y, z, f, g)
        prediction = self.predict(y, canvas)
        if self.hint_readout is not None:
            prediction = prediction._replace(hints=self.hint_readout(self.encoder.answering(z)).float())
        if isinstance(state, Fields):
            return self.projected(question, state, z, prediction)
        return self.scatter(state, (y, z), canvas), prediction

    # ---- a state of tokens

    def fields(self, question: Tensor, answer: Tensor, hint: Tensor) -> Fields:
        """The state in which these fields have been read out."""
        length = self.length(question) if self.projection == "kept" else 0
        return Fields(answer, hint, self.z0.expand(len(question), length, self.config.width))

    def embedded(self, state: Fields) -> tuple[Tensor, Tensor]:
        """y of the fields, behind zeros for the prefix, and z."""
        y = self.answer_embedding(state.answer)
        if self.hint_embedding is not None:
            y = y + self.hint_embedding(state.hint)
        y = F.pad(math.sqrt(self.config.width) * y, (0, 0, self.config.prefix, 0))
        return y, state.z if self.projection == "kept" else self.z0.expand_as(y)

    def projected(
        self, question: Tensor, state: Fields, z: Tensor, prediction: Prediction
    ) -> tuple[Fields, Prediction]:
        """The fields as the prediction has them, and whether that is what they were."""
        padding = question.flatten(1) == PADDING
        answer = prediction.logits.argmax(-1).masked_fill(padding, PADDING)
        hint = state.hint if prediction.hints is None else prediction.hints.argmax(-1).masked_fill(padding, 0)
        if self.projection == "kept":
            return Fields(answer, hint, z.detach()), prediction
        settled = (answer == state.answer).all(1) & (hint == state.hint).all(1)
        return Fields(answer, hint, state.z), prediction._replace(settled=settled)

    def perturb(self, state: Any, deviations: Sequence[float], seeds: Sequence[int]) -> Any:
        """As in the base class; of tokens, runs with a deviation begin with hints that are drawn at random."""
        if not isinstance(state, Fields):
            return super().perturb(state, deviations, seeds)
        hint = state.hint.clone()
        for run, (deviation, seed) in enumerate(zip(deviations, seeds, strict=True)):
            if deviation and self.hint_embedding is not None:
                generator = np.random.default_rng(seed)  # the same on every device, and without torch
                drawn = generator.integers(self.hint_embedding.num_embeddings, size=len(hint[run]))
                hint[run] = torch.from_numpy(drawn).to(hint.device)
        return state._replace(hint=hint)

    # ---- a set of open candidates

    def eliminate(self, question: Tensor, state: Candidates, detached: bool = True) -> tuple[Candidates, Prediction]:
        """A step on the candidates that are open: what is said not to survive is struck out, and what that closes.

        A state that is not ``detached`` lets the gradient of the next step back into this one.
        """
        encoder = cast(CandidateEncoder, self.encoder)
        canvas = encoder.on_open(question, state.open)
        f, g = partial(self.network, canvas=canvas), partial(self.answer_network, canvas=canvas)
        x = math.sqrt(self.config.width) * self.embedding(encoder.symbols(question))
        y, z = (encoder.gather(part, canvas) for part in (state.y, state.z))
        y, z = self.recursions(x, y, z, f, g)
        survival = self.survival(y).float()[:, 0]
        prediction = self.predict(y, canvas)._replace(
            survival=torch.zeros_like(state.open, dtype=torch.float32)
            .flatten()
            .index_copy(0, canvas.open, survival)
            .view_as(state.open),
            conflict=self.conflict(encoder.summary(y, canvas)).float()[:, 0],
        )
        falls = survival < math.log(self.strike / (1 - self.strike))
        left = state.open.flatten().index_fill(0, canvas.open[falls], False).view_as(state.open)
        left = encoder.propagated(question, left)
        if not self.training:  # the answer is what is left; what is learned is the belief in what was there
            prediction = prediction._replace(logits=encoder.among(question, prediction.logits, left))
        y, z = (encoder.scatter(old, new, canvas) for old, new in ((state.y, y), (state.z, z)))
        y, z = (part.detach() if detached else part for part in (y, z))
        return Candidates(left, y, z), prediction._replace(settled=encoder.over(left))

    # ---- the recursion (TRM, Figure 3)

    def compile_core(self) -> None:
        """Let torch.compile fuse one whole recursion, the unit that training and solving repeat, once a grid size."""
        self.recursion = torch.compile(self.recursion, dynamic=self.encoder.dynamic)  # type: ignore[method-assign]

    def recursions(self, x: Tensor, y: Tensor, z: Tensor, f: Function, g: Function) -> tuple[Tensor, Tensor]:
        """T recursions, the last (or the last `with_gradient`) with gradient."""
        return unrolled(lambda y, z: self.recursion(x, y, z, f, g), y, z, self.config)

    def recursion(self, x: Tensor, y: Tensor, z: Tensor, f: Function, g: Function) -> tuple[Tensor, Tensor]:
        """n times ``z = f(x + y + z)``, then once ``y = g(y + z)``: without x, the network knows that it is to answer.

        ``g`` is ``f`` itself unless the model has two networks.
        """
        config = self.config
        if config.latents == "single":
            for _ in range(config.latent_updates):
                z = f(x + z)
            z = g(z)
            return z, z
        if config.latents == "multi-scale":
            scales = list(z.unbind(dim=1))
            for i in range(config.latent_updates):
                scales[i] = f(x + y + torch.stack(scales).sum(0))
            z = torch.stack(scales, dim=1)
            return g(y + z.sum(1)), z
        with torch.set_grad_enabled(torch.is_grad_enabled() and config.gradient == "recursion"):
            for _ in range(config.latent_updates - 1):
                z = f(x + y + z)
        z = f(x + y + z)
        return g(y + z), z
