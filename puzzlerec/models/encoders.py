"""Encoders: what a vector of a model's state stands for, and so how questions become vectors and vectors answers.

An encoder has no weights: those are the model's, which embeds what `symbols` names, lets its networks work on vectors
that `gather` took out of its states, and reads what `answering` leaves of them.

Letters: B batch, H x W grid, L = H * W tokens, P prefix, D width, V vocabulary, N vectors at work.
"""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import Canvas
from .config import ModelConfig
from .prediction import PADDING

C = TypeVar("C")  # what the network is told of where its vectors lie


class Encoder(nn.Module, Generic[C]):
    """The slot. States are ``[B, length, D]``; a network may work on some of their vectors alone, ``[N, D]``."""

    dynamic: ClassVar[bool | None]  # of torch.compile: False where the number of vectors at work is always the same
    count: int  # of symbols that have an embedding
    outputs: int  # scores that are read out of a vector
    labels: int  # that a vector may have where an answer is embedded again (DRM)

    def length(self, question: Tensor) -> int:
        """The number of vectors in a state for the questions ``[B, H, W]``."""
        raise NotImplementedError

    def symbols(self, question: Tensor) -> Tensor:
        """Which embeddings make x, one a vector or one for all."""
        raise NotImplementedError

    def canvas(self, question: Tensor) -> C:
        """Where the vectors of the questions ``[B, H, W]`` lie."""
        raise NotImplementedError

    def gather(self, state: Tensor, canvas: C) -> Tensor:
        """The vectors of a state ``[B, length, D]`` that the network works on."""
        raise NotImplementedError

    def scatter(self, state: Tensor, new: Tensor, canvas: C) -> Tensor:
        """The state with its vectors at work replaced."""
        raise NotImplementedError

    def spread(self, x: Tensor, canvas: C) -> Tensor:
        """x, a vector for each that is at work."""
        raise NotImplementedError

    def labelled(self, answer: Tensor, canvas: C) -> Tensor:
        """The label of each vector at work (but the prefix), of answers ``[B, L]`` with V where a cell is hidden."""
        raise NotImplementedError

    def answering(self, y: Tensor) -> Tensor:
        """The vectors of y that are read out."""
        raise NotImplementedError

    def logits(self, scores: Tensor, canvas: C) -> Tensor:
        """``[B, L, V]`` from what is read out."""
        raise NotImplementedError

    def summary(self, y: Tensor, canvas: C) -> Tensor:
        """What decides about halting. [B, D]."""
        raise NotImplementedError


class CellEncoder(Encoder[Canvas]):
    """A vector a cell, behind a prefix; the network works on all of them."""

    dynamic = False

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.prefix, self.mask_padding = config.prefix, config.mask_padding
        self.count, self.outputs, self.labels = config.vocabulary, config.vocabulary, config.vocabulary + 1

    def length(self, question: Tensor) -> int:
        return self.prefix + question[0].numel()

    def symbols(self, question: Tensor) -> Tensor:
        return question.flatten(1)

    def canvas(self, question: Tensor) -> Canvas:
        """The grid, and which of its cells are real where some are padding."""
        grid = (question.shape[1], question.shape[2])
        real = (question != PADDING).flatten(1)
        if not self.mask_padding or bool(real.all()):
            return Canvas(grid)
        return Canvas(grid, F.pad(real, (self.prefix, 0), value=True))

    def gather(self, state: Tensor, canvas: Canvas) -> Tensor:
        return state

    def scatter(self, state: Tensor, new: Tensor, canvas: Canvas) -> Tensor:
        return new

    def spread(self, x: Tensor, canvas: Canvas) -> Tensor:
        return x

    def labelled(self, answer: Tensor, canvas: Canvas) -> Tensor:
        return answer

    def answering(self, y: Tensor) -> Tensor:
        return y[:, self.prefix :]

    def logits(self, scores: Tensor, canvas: Canvas) -> Tensor:
        return scores

    def summary(self, y: Tensor, canvas: Canvas) -> Tensor:
        """The first of the prefix speaks for the whole grid; without one, its most doubtful cell does."""
        if self.prefix:
            return y[:, 0]
        cells = y if canvas.real is None else y.masked_fill(~canvas.real[..., None], -torch.inf)
        return cells.amax(dim=1)
