"""TRM, the Tiny Recursive Model (arXiv 2510.04871): one small network, used over and over, refines an answer.

Letters: x embedded question, y answer state, z reasoning state, n latent updates, T recursions, all states
``[B, P + L, D]``, or ``[B, L * K, D]`` where every one of K symbols of a cell has a vector of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Canvas, Network, linear, truncated_normal_
from .candidates import CandidateGraphs, CandidateNetwork
from .config import ModelConfig

Function = Callable[[Tensor], Tensor]  # f

PADDING = 0  # the token of no cell
HALT_BIAS = -5.0  # a new model does not halt


class State(NamedTuple):
    """What a model carries from one step to the next. ``z`` is ``[B, scales, length, D]`` for multi-scale latents."""

    y: Tensor
    z: Tensor

    def detach(self) -> State:
        return State(self.y.detach(), self.z.detach())

    def where(self, fresh: Tensor, other: State) -> State:
        """Slot by slot: ``other``'s state where ``fresh [B]`` is True, this one's elsewhere."""
        return State(
            *(torch.where(fresh.view(-1, *[1] * (a.dim() - 1)), b, a) for a, b in zip(self, other, strict=True))
        )


class Prediction(NamedTuple):
    """What a model says after a step."""

    logits: Tensor  # [B, L, V]
    halt: Tensor  # [B] logit of "every token is right"
    proceed: Tensor  # [B] logit of the continue value (Q-learning halting only)


class TRM(nn.Module):
    """``state = start(question)``, then ``state, prediction = step(question, state)`` as often as one likes.

    Questions are tokens ``[B, H, W]``. Where the config masks padding, grids of several sizes go together, each in the
    top left corner of the largest.
    """

    y0: Tensor
    z0: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        D = config.width
        self.graph = CandidateGraphs(config) if config.mixer == "candidates" else None
        self.embedding = nn.Embedding(1 if self.graph else config.vocabulary, D)
        self.readout = linear(D, 1 if self.graph else config.vocabulary)
        truncated_normal_(self.embedding.weight, 1 / math.sqrt(D))
        self.halting = nn.Linear(D, 2)  # halt, continue
        nn.init.zeros_(self.halting.weight)
        nn.init.constant_(self.halting.bias, HALT_BIAS)
        if config.prefix:
            # of many ids a batch holds few: sparse gradients leave the other rows alone
            self.puzzle_embedding = nn.Embedding(config.puzzle_ids, D, sparse=config.puzzle_ids > 1)
            nn.init.zeros_(self.puzzle_embedding.weight)
        network = CandidateNetwork if self.graph else Network
        self.network = network(config)
        self.answer_network = network(config) if config.networks == "two" else self.network
        self.register_buffer("y0", truncated_normal_(torch.empty(D), 1.0))
        scales = (config.latent_updates,) if config.latents == "multi-scale" else ()
        self.register_buffer("z0", truncated_normal_(torch.empty(*scales, D), 1.0))

    # ---- the two calls

    def start(self, question: Tensor) -> State:
        """Fresh states for the questions ``[B, H, W]``: the same two fixed random vectors at every position."""
        (B, H, W), D = question.shape, self.config.width
        length = H * W if self.config.any_size else self.config.state_length
        y = self.y0.expand(B, length, D)
        if self.config.latents == "multi-scale":
            return State(y, self.z0[None, :, None].expand(B, -1, length, D))
        return State(y, self.z0.expand(B, length, D))

    def step(self, question: Tensor, state: State, puzzle_ids: Tensor | None = None) -> tuple[State, Prediction]:
        """One supervision step: T - 1 recursions without gradient, one with; the state comes back detached."""
        if self.graph is not None:
            return self._step_on_candidates(question.flatten(1), state, self.graph)
        canvas = self.canvas(question)
        x = self.embed(question, puzzle_ids)
        f, g = partial(self.network, canvas=canvas), partial(self.answer_network, canvas=canvas)
        y, z = self.recursions(x, state.y, state.z, f, g)
        logits = self.readout(y[:, self.config.prefix :]).float()
        if self.config.prefix:
            summary = y[:, 0]
        else:  # without a prefix to speak for the whole grid, its most doubtful cell does
            cells = y if canvas.real is None else y.masked_fill(~canvas.real[..., None], -torch.inf)
            summary = cells.amax(dim=1)
        halt, proceed = self.halting(summary).float().unbind(dim=-1)
        return State(y, z).detach(), Prediction(logits, halt, proceed)

    def canvas(self, question: Tensor) -> Canvas:
        """The grid of the questions ``[B, H, W]``, and which of its cells are real where some are padding."""
        grid = (question.shape[1], question.shape[2])
        real = (question != PADDING).flatten(1)
        if not self.config.mask_padding or bool(real.all()):
            return Canvas(grid)
        return Canvas(grid, F.pad(real, (self.config.prefix, 0), value=True))

    def embed(self, question: Tensor, puzzle_ids: Tensor | None = None) -> Tensor:
        """x ``[B, P + L, D]`` of the questions' tokens ``[B, H, W]``, scaled by sqrt(D)."""
        x = self.embedding(question.flatten(1))
        if self.config.prefix:
            B, _, D = x.shape
            ids = torch.zeros(B, dtype=torch.long, device=x.device) if puzzle_ids is None else puzzle_ids
            front = torch.cat((self.puzzle_embedding(ids)[:, None], x.new_zeros(B, self.config.prefix - 1, D)), dim=1)
            x = torch.cat((front, x), dim=1)
        return math.sqrt(self.config.width) * x

    def _step_on_candidates(self, question: Tensor, state: State, graphs: CandidateGraphs) -> tuple[State, Prediction]:
        """The same step, on the open candidates alone: their states are packed, refined and put back."""
        B, D = len(question), self.config.width
        graph = graphs(question)
        x = math.sqrt(D) * self.embedding.weight  # [1, D]: what a candidate is lies in the graph alone
        flat = State(state.y.reshape(-1, D), state.z.reshape(-1, D))
        f, g = partial(self.network, graph=graph), partial(self.answer_network, graph=graph)
        y, z = self.recursions(x, flat.y[graph.open], flat.z[graph.open], f, g)
        logits = graphs.place(self.readout(y)[:, 0].float(), graph, question)
        summary = torch.segment_reduce(y.float(), "max", lengths=graph.lengths, initial=0.0)
        halt, proceed = self.halting(summary).float().unbind(dim=-1)
        put_back = State(*(old.index_copy(0, graph.open, new.detach()) for old, new in zip(flat, (y, z), strict=True)))
        return State(*(part.view(B, -1, D) for part in put_back)), Prediction(logits, halt, proceed)

    # ---- the recursion (TRM, Figure 3)

    def compile_recursion(self) -> None:
        """Let torch.compile fuse one whole recursion, the unit that training and solving repeat, once a grid size."""
        self.recursion = torch.compile(self.recursion, dynamic=None if self.graph else False)  # type: ignore[method-assign]

    def recursions(self, x: Tensor, y: Tensor, z: Tensor, f: Function, g: Function) -> tuple[Tensor, Tensor]:
        """T recursions, the last alone with gradient."""
        with torch.no_grad():
            for _ in range(self.config.recursions - 1):
                y, z = self.recursion(x, y, z, f, g)
        return self.recursion(x, y, z, f, g)

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
        with torch.set_grad_enabled(torch.is_grad_enabled() and config.gradient == "last-recursion"):
            for _ in range(config.latent_updates - 1):
                z = f(x + y + z)
        z = f(x + y + z)
        return g(y + z), z
