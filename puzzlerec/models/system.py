"""What every system is: two calls, ``start`` and ``step``, over the same embedding, readout and halting head.

A new system is one file in this package with a subclass of `System`; nothing else needs to know of it.

Letters: B batch, H x W grid, L = H * W tokens, P prefix, D width, V vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from .blocks import Network, linear, truncated_normal_
from .candidates import CandidateEncoder, CandidateNetwork
from .colours import ColourEncoder, ColourNetwork
from .config import ModelConfig, Truncation
from .encoders import CellEncoder, Encoder
from .prediction import FrameKind, Prediction

Recursion = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]  # y and z to the next y and z

HALT_BIAS = -5.0  # a new model does not halt


class System(nn.Module):
    """A model: ``state = start(question)``, then ``state, prediction = step(question, state)`` as often as one likes.

    Questions are tokens ``[B, H, W]``. A state is a NamedTuple of tensors ``[B, ...]``, without gradient.
    """

    registry: ClassVar[dict[str, type[System]]] = {}
    Config: ClassVar[type[ModelConfig]]
    frames: ClassVar[FrameKind] = "supervision"  # what a step is
    disturbed: ClassVar[tuple[str, ...]] = ("y", "z")  # the parts of a state that noise goes into

    def __init_subclass__(cls, system: str) -> None:
        super().__init_subclass__()
        System.registry[system] = cls

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = encoder_for(config)
        D, count = config.width, self.encoder.count
        self.embedding = nn.Embedding(count, D)
        self.readout = linear(D, self.encoder.outputs)
        truncated_normal_(self.embedding.weight, 1 / math.sqrt(D))
        if config.positions == "grid":
            self.rows, self.columns = (position_embedding(count, D) for count in config.grid)
        self.halting = nn.Linear(D, 2)  # halt, continue
        nn.init.zeros_(self.halting.weight)
        nn.init.constant_(self.halting.bias, HALT_BIAS)
        if config.mixer == "colours":
            assert config.symbols is not None
            self.colour_embedding = nn.Embedding(config.symbols[1], D)  # what sets a colour apart from the others
            nn.init.zeros_(self.colour_embedding.weight)
        if config.embeds_puzzles:
            # of many ids a batch holds few: sparse gradients leave the other rows alone
            self.puzzle_embedding = nn.Embedding(config.puzzle_ids, D, sparse=config.puzzle_ids > 1)
            nn.init.zeros_(self.puzzle_embedding.weight)

    # ---- the two calls

    def start(self, question: Tensor, steps: int | None = None, seeds: Sequence[int] | None = None) -> Any:
        """Fresh states for the questions. ``steps`` is how many will be taken (the config's number if None).

        Whatever is drawn at random comes from each question's own seed, 0 if None.
        """
        raise NotImplementedError

    def step(self, question: Tensor, state: Any, puzzle_ids: Tensor | None = None) -> tuple[Any, Prediction]:
        """One step; gradient flows to the weights as the system's training rule has it."""
        raise NotImplementedError

    # ---- what training and restarts may want to differ

    @property
    def weights(self) -> int:
        """How many there are."""
        return sum(parameter.numel() for parameter in self.parameters())

    @property
    def training_steps(self) -> int:
        """How many steps a training puzzle is given at most."""
        return self.config.supervision_steps

    @property
    def evaluations(self) -> int:
        """How many layers a training step applies to a puzzle: the measure by which systems are trained equally."""
        return self.config.passes * self.config.layers

    def begin(self, question: Tensor, answer: Tensor, uniform: Tensor) -> Any:
        """The states from which training starts, of ``answer [B, L]`` and random numbers ``uniform [B, 1 + L]``."""
        return self.start(question)

    def lost(self, state: Any, answer: Tensor) -> Tensor:
        """Of which puzzles [B] training learns nothing more, whatever steps follow on these states. None by default."""
        return torch.zeros(len(answer), dtype=torch.bool, device=answer.device)

    def perturb(self, state: Any, deviations: Sequence[float], seeds: Sequence[int]) -> Any:
        """Start states with Gaussian noise of each run's own standard deviation, drawn from its seed alone."""
        # a start state may be an expanded view
        parts = {name: getattr(state, name).clone() for name in self.disturbed}
        for run, (deviation, seed) in enumerate(zip(deviations, seeds, strict=True)):
            if deviation:
                generator = np.random.default_rng(seed)  # the same noise on every device, and without torch
                for part in parts.values():
                    drawn = torch.from_numpy(generator.standard_normal(part.shape[1:], np.float32))
                    part[run] += deviation * drawn.to(part.device, part.dtype)
        return state._replace(**parts)

    def compile_core(self) -> None:
        """Let torch.compile fuse what training and solving repeat; nothing by default."""

    def on(self, settings: Mapping[str, object]) -> Self:
        """The same weights, shared, as a model of another board: see `config.Board.on`. Raises `ValueError`."""
        config = self.config.on(settings)
        other = copy(self)
        other._modules = dict(self._modules)
        other.config, other.encoder = config, encoder_for(config).to(self.halting.weight.device)
        return other

    # ---- shared parts: a question's way in, and an answer's way out

    def encode(self, question: Tensor, puzzle_ids: Tensor | None = None) -> tuple[Tensor, Any]:
        """x, scaled by sqrt(D), of the questions' tokens ``[B, H, W]``, and the canvas that it lies on.

        x is ``[B, P + L, D]``, or one vector for all candidates ``[1, D]``.
        """
        x = self.embedding(self.encoder.symbols(question))
        if self.config.positions == "grid":
            x = x + self.places(question)
        if self.config.mixer == "colours":
            x = x + self.colour_embedding.weight.repeat_interleave(question[0].numel(), dim=0)
            x = x + self.puzzles(puzzle_ids, len(x))[:, None]
        return math.sqrt(self.config.width) * self.behind_prefix(x, puzzle_ids), self.encoder.canvas(question)

    def gather(self, state: Any, canvas: Any) -> Iterator[Tensor]:
        """What the network works on of each part of a state."""
        return (self.encoder.gather(part, canvas) for part in state)

    def scatter(self, state: Any, parts: Iterable[Tensor], canvas: Any) -> Any:
        """The state with what the network made of its parts, cut off from the graph."""
        pairs = zip(state, parts, strict=True)
        return type(state)(*(self.encoder.scatter(old, new.detach(), canvas) for old, new in pairs))

    def length(self, question: Tensor) -> int:
        """The number of vectors in a state for the questions ``[B, H, W]``."""
        return self.encoder.length(question)

    def predict(self, y: Tensor, canvas: Any) -> Prediction:
        """Logits of the grid's cells and halting logits from what the network made of the answer state."""
        logits = self.encoder.logits(self.readout(self.encoder.answering(y)).float(), canvas)
        halt, proceed = self.halting(self.encoder.summary(y, canvas)).float().unbind(dim=-1)
        return Prediction(logits, halt, proceed)

    def places(self, question: Tensor) -> Tensor:
        """The embeddings ``[L, D]`` of the rows and columns of the questions' cells."""
        _, H, W = question.shape
        return (self.rows.weight[:H, None] + self.columns.weight[None, :W]).flatten(0, 1)

    def puzzles(self, puzzle_ids: Tensor | None, count: int) -> Tensor:
        """The puzzle embeddings of so many questions, of id 0 where none are given. [B, D]."""
        if puzzle_ids is None:
            puzzle_ids = torch.zeros(count, dtype=torch.long, device=self.puzzle_embedding.weight.device)
        embedded: Tensor = self.puzzle_embedding(puzzle_ids)
        return embedded

    def behind_prefix(self, x: Tensor, puzzle_ids: Tensor | None = None) -> Tensor:
        """``x [B, L, D]`` with the prefix in front: the puzzle embedding, then zeros. [B, P + L, D]."""
        if not self.config.prefix:
            return x
        B, _, D = x.shape
        front = torch.cat((self.puzzles(puzzle_ids, B)[:, None], x.new_zeros(B, self.config.prefix - 1, D)), dim=1)
        return torch.cat((front, x), dim=1)


def encoder_for(config: ModelConfig) -> Encoder[Any]:
    """What the vectors of the model's states stand for."""
    encoders: dict[str, type[Encoder[Any]]] = {"candidates": CandidateEncoder, "colours": ColourEncoder}
    return encoders.get(config.mixer, CellEncoder)(config)


def network_for(config: ModelConfig) -> nn.Module:
    """A new f for such vectors: ``f(h, canvas)``."""
    networks: dict[str, type[nn.Module]] = {"candidates": CandidateNetwork, "colours": ColourNetwork}
    return networks.get(config.mixer, Network)(config)


def unrolled(recursion: Recursion, y: Tensor, z: Tensor, config: Truncation) -> tuple[Tensor, Tensor]:
    """T recursions, the last (or the last `with_gradient`) with gradient."""
    with torch.no_grad():
        for _ in range(config.depth - config.with_gradient):
            y, z = recursion(y, z)
    for _ in range(config.with_gradient):
        y, z = recursion(y, z)
    return y, z


def position_embedding(count: int, width: int) -> nn.Embedding:
    """A learned vector for each of so many places (or tokens), initialised as tokens are."""
    embedding = nn.Embedding(count, width)
    truncated_normal_(embedding.weight, 1 / math.sqrt(width))
    return embedding


def detached(state: Any) -> Any:
    """The same state, cut off from the graph."""
    return type(state)(*(part.detach() for part in state))


def chosen(fresh: Tensor, state: Any, other: Any) -> Any:
    """Slot by slot: ``other``'s state where ``fresh [B]`` is True, ``state``'s elsewhere."""
    parts = zip(state, other, strict=True)
    return type(state)(*(torch.where(fresh.view(-1, *[1] * (a.dim() - 1)), b, a) for a, b in parts))


def part(state: Any, runs: Any) -> Any:
    """The state of these runs (a slice, indices or a mask) alone."""
    return type(state)(*(tensor[runs] for tensor in state))


def joined(states: Sequence[Any]) -> Any:
    """The states of several batches as one."""
    return type(states[0])(*map(torch.cat, zip(*states, strict=True)))
