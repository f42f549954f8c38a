"""TRM, the Tiny Recursive Model (arXiv 2510.04871): one small network, used over and over, refines an answer.

Letters: x embedded question, y answer state, z reasoning state, n latent updates, T recursions. States are
``[B, length, D]``: a vector a cell behind a prefix, or a vector a candidate, as the encoder has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor

from .blocks import linear, truncated_normal_
from .config import HintedRecursion, ModelConfig, TinyRecursion, TRMConfig
from .system import Prediction, System, network_for, unrolled

Function = Callable[[Tensor], Tensor]  # f


class State(NamedTuple):
    """What TRM carries from one step to the next. ``z`` is ``[B, scales, length, D]`` for multi-scale latents."""

    y: Tensor
    z: Tensor


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
        self.network = network_for(config)
        self.answer_network = network_for(config) if config.networks == "two" else self.network
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
        x, canvas = self.encode(question, puzzle_ids)
        f, g = partial(self.network, canvas=canvas), partial(self.answer_network, canvas=canvas)
        y, z = self.gather(state, canvas)
        y, z = self.recursions(x, y, z, f, g)
        prediction = self.predict(y, canvas)
        if self.hint_readout is not None:
            prediction = prediction._replace(hints=self.hint_readout(self.encoder.answering(z)).float())
        return self.scatter(state, (y, z), canvas), prediction

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
