"""A vector a cell that hears its neighbours, in NumPy: `blocks.LocalMixer` and TRM on a state of tokens.

Every run is worked on by itself, on its own grid. Vectors lie in a grid that has a border of zeros, row by row: so a
neighbour is always as many vectors away, and a shift of the grid is a slice of it.

A cell hears no further than there are layers in a step. So what a step says of a cell is what the last one said, unless
a field within that reach has changed since: only the rectangle around what changed is worked on.

Letters: B runs, H x W grid, N vectors of a grid in its border, D width, E inner width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from puzzlerec.models.arrays.model import (
    ArrayModel,
    Scratch,
    Weights,
    embedding_scale,
    rms_norm,
    silu_of_double,
    transposed,
)
from puzzlerec.models.config import ModelConfig, TRMConfig
from puzzlerec.models.prediction import PADDING, Prediction

IMPOSSIBLE = -np.inf


Rectangle = tuple[slice, slice]  # rows and columns


class Said(NamedTuple):
    """What a step has said of one run's cells, and which of its fields were new then."""

    logits: np.ndarray  # [H, W, V]
    hints: np.ndarray  # [H, W, K]
    y: np.ndarray  # [H, W, D], zero where a cell is padding
    changed: np.ndarray  # [H, W] bool


class Fields(NamedTuple):
    """What is carried of one run, as in `trm.Fields`: classes [H, W] of its own grid."""

    answer: np.ndarray
    hint: np.ndarray
    said: Said | None = None  # None before the first step


class Frame:
    """A grid in a border of one cell; one vector more at either end, for the corners' neighbours."""

    def __init__(self, real: np.ndarray) -> None:
        """``real [H, W]`` are the cells that are no padding."""
        self.height, self.width = real.shape
        self.row = self.width + 2
        self.real = np.pad(real, ((0, 0), (1, 1))).reshape(-1, 1).astype(np.float32)
        self.rows = slice(1 + self.row, 1 + self.row + len(self.real))  # of N, those of the grid, sides included
        self.scratch = Scratch()

    def around(self, vectors: np.ndarray) -> np.ndarray:
        """``vectors [H, W, D]`` in the border, [N, D], zero where no cell is real."""
        framed = np.zeros((len(self.real) + 2 * self.row + 2, vectors.shape[-1]), np.float32)
        framed[self.rows] = np.pad(vectors, ((0, 0), (1, 1), (0, 0))).reshape(len(self.real), -1) * self.real
        return framed

    def inside(self, framed: np.ndarray) -> np.ndarray:
        """``framed [N, D]`` without the border, [H, W, D]."""
        return framed[self.rows].reshape(self.height, self.row, -1)[:, 1:-1]

    def neighbours(self, framed: np.ndarray) -> Iterator[np.ndarray]:
        """``framed [N, D]`` as each of nine neighbours of a cell has it, [H, (W + 2) * D]: a row is an inner loop."""
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                first = self.rows.start + down * self.row + right
                yield framed[first : first + len(self.real)].reshape(self.height, -1)


class LocalLayer:
    """Mix neighbours, then a SwiGLU within each cell; each with its norm."""

    def __init__(self, weights: Weights, name: str) -> None:
        self.kernel = weights[f"{name}.mix.convolution.weight"][:, 0].transpose(1, 2, 0).reshape(9, -1)  # [9, D]
        self.out = transposed(weights[f"{name}.mix.out.weight"])
        gate, up = np.split(weights[f"{name}.mlp.gate_up.weight"], 2)
        self.gate, self.up = transposed(gate, 0.5), transposed(up)
        self.down = transposed(weights[f"{name}.mlp.down.weight"])

    def __call__(self, h: np.ndarray, frame: Frame) -> np.ndarray:
        """Of ``h [N, D]``, which is zero outside the grid, as what comes back is."""
        scratch, rows, (D, E) = frame.scratch, frame.rows, self.gate.shape
        count = len(frame.real)
        heard, near = scratch("heard", count, D), scratch("near", count, D)
        heard[:] = 0
        heard_rows, near_rows = (vectors.reshape(frame.height, -1) for vectors in (heard, near))
        kernels = np.tile(self.kernel, frame.row)  # [9, (W + 2) * D]
        for neighbour, kernel in zip(frame.neighbours(h), kernels, strict=True):
            heard_rows += np.multiply(neighbour, kernel, out=near_rows)
        mixed = np.matmul(heard, self.out, out=near)
        mixed += h[rows]
        rms_norm(mixed)
        inner, other = scratch("inner", count, E), scratch("other", count, E)
        np.matmul(mixed, self.gate, out=other)
        silu_of_double(other, inner)
        inner *= np.matmul(mixed, self.up, out=other)
        new = np.zeros_like(h)
        here = new[rows]
        np.matmul(inner, self.down, out=here)
        here += mixed
        rms_norm(here)
        here *= frame.real
        return new


class LocalModel(ArrayModel):
    """TRM with the local mixer and a state of tokens from which every step begins anew."""

    config: TRMConfig

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        super().__init__(config, weights)
        scale = embedding_scale(config)
        self.layers = [LocalLayer(weights, f"network.layers.{layer}") for layer in range(config.layers)]
        self.embedding, self.answer_embedding = (
            scale * weights[f"{which}.weight"] for which in ("embedding", "answer_embedding")
        )
        self.readout = transposed(weights["readout.weight"])
        self.hints = self.config.hints
        if self.hints:
            self.hint_embedding = scale * weights["hint_embedding.weight"]
            self.hint_readout = transposed(weights["hint_readout.weight"])

    @classmethod
    def knows(cls, config: ModelConfig) -> bool:
        return (
            isinstance(config, TRMConfig)
            and config.mixer == "local"
            and config.projection == "fresh"
            and config.networks == "one"
            and not config.gate_norm
        )

    @classmethod
    def shapes(cls, config: ModelConfig) -> dict[str, tuple[int, ...]]:
        assert isinstance(config, TRMConfig)
        D, V, K = config.width, config.vocabulary, config.hints
        E = -(-round(config.expansion * D * 2 / 3) // config.multiple) * config.multiple
        shapes: dict[str, tuple[int, ...]] = {
            "y0": (D,),
            "z0": (D,),
            "embedding.weight": (V, D),
            "answer_embedding.weight": (V, D),
            "readout.weight": (V, D),
            "halting.weight": (2, D),
            "halting.bias": (2,),
        }
        if K:
            shapes |= {"hint_embedding.weight": (K, D), "hint_readout.weight": (K, D)}
        for layer in range(config.layers):
            name = f"network.layers.{layer}"
            shapes |= {
                f"{name}.mix.convolution.weight": (D, 1, 3, 3),
                f"{name}.mix.out.weight": (D, D),
                f"{name}.mlp.gate_up.weight": (2 * E, D),
                f"{name}.mlp.down.weight": (D, E),
            }
        return shapes

    # ---- the two calls

    def start(self, question: np.ndarray, steps: int | None = None, seeds: Sequence[int] | None = None) -> list[Fields]:
        """The questions themselves, and no hints."""
        return [Fields(grid, np.zeros_like(grid)) for grid in map(_cut, question)]

    def step(
        self, question: np.ndarray, state: list[Fields], puzzle_ids: object = None
    ) -> tuple[list[Fields], Prediction]:
        """One step: what is read out of the fields, and whether that is what they were."""
        B, H, W = question.shape
        logits, hints = (np.zeros((B, H, W, count), np.float32) for count in (self.config.vocabulary, self.hints))
        summary = np.zeros((B, self.config.width), np.float32)
        after, settled = [], np.zeros(B, bool)
        for row, (grid, fields) in enumerate(zip(question, state, strict=True)):
            height, width = fields.answer.shape
            grid, here = grid[:height, :width], (row, slice(height), slice(width))
            real = grid != PADDING
            said = self._said(grid, fields)
            logits[here], hints[here] = said.logits, said.hints
            summary[row] = np.where(real[..., None], said.y, IMPOSSIBLE).max((0, 1))
            answer, hint = np.where(real, said.logits.argmax(-1), PADDING), fields.hint
            if self.hints:
                hint = np.where(real, said.hints.argmax(-1), 0)
            changed = (answer != fields.answer) | (hint != fields.hint)
            after.append(Fields(answer, hint, said._replace(changed=changed)))
            settled[row] = not changed.any()
        halt, proceed = self.halt(summary)
        return after, Prediction(
            logits.reshape(B, H * W, -1),
            halt,
            proceed,
            hints=hints.reshape(B, H * W, -1) if self.hints else None,
            settled=settled,
        )

    def perturb(self, state: list[Fields], deviations: Sequence[float], seeds: Sequence[int]) -> list[Fields]:
        """Runs with a deviation begin with hints that are drawn at random."""
        return [
            fields._replace(hint=np.random.default_rng(seed).integers(self.hints, size=fields.hint.shape))
            if deviation and self.hints
            else fields
            for fields, deviation, seed in zip(state, deviations, seeds, strict=True)
        ]

    # ---- parts

    @property
    def reach(self) -> int:
        """How many cells away a step hears."""
        return self.config.layers * (self.config.latent_updates + 1) * self.config.recursions

    def _said(self, grid: np.ndarray, fields: Fields) -> Said:
        """What a step says of one run, of whose cells only those are worked on that can have something new to say."""
        if fields.said is None:
            y, z = self._thought(grid, fields.answer, fields.hint)
            hints = z @ self.hint_readout if self.hints else np.zeros((*grid.shape, 0), np.float32)
            return Said(y @ self.readout, hints, y, np.ones(grid.shape, bool))
        said = Said(*(part.copy() for part in fields.said))
        if not said.changed.any():
            return said
        new, heard = around(said.changed, self.reach), around(said.changed, 2 * self.reach)
        y, z = self._thought(grid[heard], fields.answer[heard], fields.hint[heard])
        inner = tuple(slice(n.start - h.start, n.stop - h.start) for n, h in zip(new, heard, strict=True))
        said.y[new] = y[inner]
        said.logits[new] = y[inner] @ self.readout
        if self.hints:
            said.hints[new] = z[inner] @ self.hint_readout
        return said

    def _thought(self, grid: np.ndarray, answer: np.ndarray, hint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """y and z [H, W, D] of a grid [H, W], or of a part of one, after a step's recursions."""
        frame = Frame(grid != PADDING)
        x, y = self.embedding[grid], self.answer_embedding[answer]
        if self.hints:
            y = y + self.hint_embedding[hint]
        z = np.broadcast_to(self.z0, x.shape)

        def f(h: np.ndarray) -> np.ndarray:
            for layer in self.layers:
                h = layer(h, frame)
            return h

        y, z = self.recursions(frame.around(x), frame.around(y), frame.around(z), f)
        return frame.inside(y), frame.inside(z)


def around(cells: np.ndarray, distance: int) -> Rectangle:
    """The rectangle of all that lies no further than ``distance`` from some of the ``cells`` [H, W]; one is true."""
    rows, columns = (np.flatnonzero(cells.any(axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - distance), int(rows[-1]) + distance + 1),
        slice(max(0, int(columns[0]) - distance), int(columns[-1]) + distance + 1),
    )


def _cut(question: np.ndarray) -> np.ndarray:
    """The part ``[h, w]`` of a question ``[H, W]`` in the top left corner that is not padding."""
    real = question != PADDING
    height, width = (int(real.any(axis).sum()) for axis in (1, 0))
    return question[:height, :width]
