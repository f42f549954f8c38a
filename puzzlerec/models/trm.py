"""TRM, the Tiny Recursive Model (arXiv 2510.04871): one small network, used over and over, refines an answer.

Letters: x embedded question, y answer state, z reasoning state, n latent updates, T recursions, all states
``[B, P + L, D]``, or ``[B, L * K, D]`` where every one of K symbols of a cell has a vector of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from .blocks import Network, linear, truncated_normal_
from .candidates import CandidateGraphs, CandidateNetwork
from .config import ModelConfig
from .system import Prediction, System, detached

Function = Callable[[Tensor], Tensor]  # f


class State(NamedTuple):
    """What TRM carries from one step to the next. ``z`` is ``[B, scales, length, D]`` for multi-scale latents."""

    y: Tensor
    z: Tensor


class TRM(System, system="trm"):
    """Recursion over an answer and a latent. Its steps are supervision steps.

    Where the config masks padding, grids of several sizes go together, each in the top left corner of the largest.
    """

    y0: Tensor
    z0: Tensor

    def __init__(self, config: ModelConfig) -> None:
        candidates = config.mixer == "candidates"
        super().__init__(config, symbols=1 if candidates else None)
        D = config.width
        self.graph = CandidateGraphs(config) if candidates else None
        if config.hints:
            self.hint_readout = linear(D, config.hints)
        network = CandidateNetwork if self.graph else Network
        self.network = network(config)
        self.answer_network = network(config) if config.networks == "two" else self.network
        self.register_buffer("y0", truncated_normal_(torch.empty(D), 1.0))
        scales = (config.latent_updates,) if config.latents == "multi-scale" else ()
        self.register_buffer("z0", truncated_normal_(torch.empty(*scales, D), 1.0))

    # ---- the two calls

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> State:
        """Fresh states for the questions ``[B, H, W]``: the same two fixed random vectors at every position."""
        B, length, D = len(question), self.length(question), self.config.width
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
        prediction = self.predict(y, canvas)
        if self.config.hints:
            prediction = prediction._replace(hints=self.hint_readout(z[:, self.config.prefix :]).float())
        return detached(State(y, z)), prediction

    def _step_on_candidates(self, question: Tensor, state: State, graphs: CandidateGraphs) -> tuple[State, Prediction]:
        """The same step, on the open candidates alone: their states are packed, refined and put back."""
        B, D = len(question), self.config.width
        graph = graphs(question)
        x = math.sqrt(D) * self.embedding.weight  # [1, D]: what a candidate is lies in the graph alone
        flat = State(state.y.reshape(-1, D), state.z.reshape(-1, D))
        f, g = partial(self.network, graph=graph), partial(self.answer_network, graph=graph)
        y, z = self.recursions(x, flat.y[graph.open], flat.z[graph.open], f, g)
        logits = graphs.place(self.readout(y)[:, 0].float(), graph, question)
        summary = torch.zeros(B, D, device=y.device)
        summary = summary.scatter_reduce(0, graph.question[:, None].expand_as(y), y.float(), "amax")
        halt, proceed = self.halting(summary).float().unbind(dim=-1)
        put_back = State(*(old.index_copy(0, graph.open, new.detach()) for old, new in zip(flat, (y, z), strict=True)))
        return State(*(part.view(B, -1, D) for part in put_back)), Prediction(logits, halt, proceed)

    # ---- the recursion (TRM, Figure 3)

    def compile_core(self) -> None:
        """Let torch.compile fuse one whole recursion, the unit that training and solving repeat, once a grid size."""
        self.recursion = torch.compile(self.recursion, dynamic=None if self.graph else False)  # type: ignore[method-assign]

    def recursions(self, x: Tensor, y: Tensor, z: Tensor, f: Function, g: Function) -> tuple[Tensor, Tensor]:
        """T recursions, the last (or the last `with_gradient`) with gradient."""
        return self.unrolled(lambda y, z: self.recursion(x, y, z, f, g), y, z)

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
