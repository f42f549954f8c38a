"""The colours encoder and its network: a vector a cell and colour, so that colours are known by where they stand.

Renaming colours permutes the vectors and changes nothing else, but for a small vector that each colour learns, from
zero, where it matters which one it is. The same weights run on grids of every size and with every number of colours.

What a vector hears comes by eight ways: from its neighbours of the same colour (a depthwise 3x3 convolution); from its
counterparts (depthwise too, from zero), which are the cells in its place in the grid's mirror images, in the turned
ones of a square grid, in the next half and third of a grid of such parts; from its row, its column and the whole grid,
within its colour; from all colours of its cell; from everything. Of the last five it is the mean and the maximum.
Maxima are cut off at zero: so padding, which is zero, is never heard, and a padded grid has the answer of the grid
itself.

Letters: B batch, K colours, H x W grid, L = H * W cells, D width, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import SwiGLU, linear, rms_norm, truncated_normal_
from .config import ModelConfig
from .encoders import Encoder
from .prediction import PADDING

IMPOSSIBLE = -1e9  # the logit of a token that is no colour; finite, so that losses stay finite
DROPOUT = 0.05  # of what is heard, in training: a task has few grids, which are soon known by heart
COUNTERPARTS = 11  # two mirrored, half a turn; two transposed, two turned; the next half and the next third, either way
WAYS = {  # of hearing, and their weights in a layer
    "neighbours": ("neighbours.weight",),
    "counterparts": ("counterparts",),
    "lines": ("row.weight", "column.weight"),
    "whole": ("grid.weight", "all.weight"),
}
OTHER, SAME, NONE = range(3)  # what the cell of a vector holds: another colour, the vector's own, none


class ColourCanvas(NamedTuple):
    """Where the vectors of a batch lie, and how many cells of each row, column and grid are no padding."""

    colours: int  # K
    grid: tuple[int, int]  # (H, W)
    real: Tensor  # [B, H, W] float, 1 where a cell is no padding
    in_rows: Tensor  # [B, 1, H, 1], at least 1
    in_columns: Tensor  # [B, 1, W, 1]
    in_grid: Tensor  # [B, 1, 1]
    counterparts: Tensor  # [B, COUNTERPARTS, L], cells; L where there is none


def counterparts(real: Tensor) -> Tensor:
    """Of each cell of a canvas ``[B, H, W]``, within the box of what is ``real``; see `ColourCanvas`.

    Parts of a grid that are alike may have a line between them: a box of 2 p - 1 rows has halves p apart.
    """
    _, H, W = real.shape
    ys, xs = torch.arange(H, device=real.device)[:, None], torch.arange(W, device=real.device)
    rows, columns = real.amax(2, keepdim=True), real.amax(1, keepdim=True)
    top, left = rows.argmax(1, keepdim=True), columns.argmax(2, keepdim=True)
    bottom, right = (rows * ys).amax(1, keepdim=True).long(), (columns * xs).amax(2, keepdim=True).long()
    down, up, on, back = ys - top, bottom - ys, xs - left, right - xs  # from the sides of the box
    high, wide = bottom - top + 1, right - left + 1
    box = (down >= 0) & (up >= 0) & (on >= 0) & (back >= 0)
    square = box & (high == wide)
    there = [(down, back, box), (up, on, box), (up, back, box)]
    there += [(on, down, square), (back, up, square), (on, up, square), (back, down, square)]
    for parts in (2, 3):
        below, beside = high.add(1) // parts, wide.add(1) // parts
        row, column = (down + below) % (parts * below).clamp(min=1), (on + beside) % (parts * beside).clamp(min=1)
        there.append((row, on, box & (row < high) & ((high % parts == 0) | (high % parts == parts - 1))))
        there.append((down, column, box & (column < wide) & ((wide % parts == 0) | (wide % parts == parts - 1))))
    cells = [torch.where(found, (top + row) * W + left + column, H * W) for row, column, found in there]
    return torch.stack(cells, 1).flatten(2)


class ColourEncoder(Encoder[ColourCanvas]):
    """States are ``[B, K * L, D]``, colour by colour; the network works on all of their vectors."""

    dynamic = True
    count, outputs, labels = 3, 1, 3  # labels: not the answer's, the answer's, hidden

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.symbols is not None
        self.first, self.K = config.symbols
        self.vocabulary = config.vocabulary

    def length(self, question: Tensor) -> int:
        return self.K * question[0].numel()

    def symbols(self, question: Tensor) -> Tensor:
        colour = (question - self.first).flatten(1)
        none = (colour < 0) | (colour >= self.K)
        same = colour[:, None] == torch.arange(self.K, device=question.device)[:, None]
        return torch.where(none[:, None], NONE, same.long()).flatten(1)

    def canvas(self, question: Tensor) -> ColourCanvas:
        real = (question != PADDING).float()
        rows, columns = real.sum(-1)[:, None, :, None], real.sum(-2)[:, None, :, None]
        sums = (rows, columns, rows.sum(2))
        in_rows, in_columns, in_grid = (n.clamp(min=1) for n in sums)
        shape = (question.shape[1], question.shape[2])
        return ColourCanvas(self.K, shape, real, in_rows, in_columns, in_grid, counterparts(real))

    def gather(self, state: Tensor, canvas: ColourCanvas) -> Tensor:
        return state

    def scatter(self, state: Tensor, new: Tensor, canvas: ColourCanvas) -> Tensor:
        return new

    def spread(self, x: Tensor, canvas: ColourCanvas) -> Tensor:
        return x

    def labelled(self, answer: Tensor, canvas: ColourCanvas) -> Tensor:
        colours = self.first + torch.arange(self.K, device=answer.device)
        same = (answer[:, None] == colours[:, None]).long()
        return torch.where(answer[:, None] == self.vocabulary, 2, same).flatten(1)

    def answering(self, y: Tensor) -> Tensor:
        return y

    def logits(self, scores: Tensor, canvas: ColourCanvas) -> Tensor:
        by_cell = scores.view(len(scores), self.K, -1).transpose(1, 2)
        return F.pad(by_cell, (self.first, self.vocabulary - self.first - self.K), value=IMPOSSIBLE)

    def summary(self, y: Tensor, canvas: ColourCanvas) -> Tensor:
        """The most doubtful vector speaks for the whole grid."""
        padding = (canvas.real == 0).flatten(1).repeat(1, self.K)
        return y.masked_fill(padding[..., None], -torch.inf).amax(dim=1)


class ColourLayer(nn.Module):
    """``h = norm(h + heard)``, then ``h = norm(h + SwiGLU(h))``.

    Products of means and maxima are taken before these are spread over the grid, where they cost next to nothing.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D = config.width
        self.neighbours = nn.Conv2d(D, D, 3, padding=1, groups=D, bias=False)
        truncated_normal_(self.neighbours.weight, 1 / 3)
        self.counterparts = nn.Parameter(torch.zeros(D, 1, COUNTERPARTS))
        self.local = linear(D, D, gain=0.5)
        self.row, self.column, self.grid, self.cell, self.all = (linear(2 * D, D, gain=0.5) for _ in range(5))
        self.mlp = SwiGLU(D, config.expansion, config.multiple, config.gate_norm)

    def forward(self, h: Tensor, canvas: ColourCanvas) -> Tensor:
        """``[B, K, H, W, D] -> [B, K, H, W, D]``, zero where a cell is padding, before and after."""
        dropout = DROPOUT if self.training else 0.0
        matrices = (self.local, self.row, self.column, self.grid, self.cell, self.all, self.mlp.gate_up, self.mlp.down)
        if compiled_for(h) and not self.mlp.gate_norm:
            from .colour_kernels import Layer  # Numba takes a while to import

            counts = (canvas.in_rows[:, 0, :, 0], canvas.in_columns[:, 0, :, 0], canvas.in_grid[:, 0, 0])
            weights = (self.neighbours.weight, self.counterparts, *(matrix.weight for matrix in matrices))
            out: Tensor = Layer.apply(h, canvas.real, canvas.counterparts, counts, dropout, *weights)  # type: ignore[no-untyped-call]
            return out
        real = canvas.real[:, None, ..., None].to(h.dtype)
        h = rms_norm(h + F.dropout(self.heard(h, canvas), dropout, self.training)) * real
        return rms_norm(h + self.mlp(h)) * real

    def heard(self, h: Tensor, canvas: ColourCanvas) -> Tensor:
        B, K, H, W, D = h.shape
        row_sum, column_sum = h.sum(3), h.sum(2)
        row_most, column_most = h.amax(3).relu(), h.amax(2).relu()
        grid_mean, grid_most = row_sum.sum(2) / canvas.in_grid, row_most.amax(2)
        row = self.row(torch.cat((row_sum / canvas.in_rows, row_most), -1))
        column = self.column(torch.cat((column_sum / canvas.in_columns, column_most), -1))
        grid = self.grid(torch.cat((grid_mean, grid_most), -1))
        everything = self.all(torch.cat((grid_mean.mean(1), grid_most.amax(1)), -1))
        cell = self.cell(torch.cat((h.mean(1), h.amax(1).relu()), -1))
        image = h.reshape(B * K, H, W, D).permute(0, 3, 1, 2)  # channels last in memory: no copy
        near = self.neighbours(image).permute(0, 2, 3, 1).reshape(h.shape)
        cells = F.pad(h.flatten(2, 3), (0, 0, 0, 1))  # the last is none
        for taps, places in zip(self.counterparts.unbind(-1), canvas.counterparts.unbind(1), strict=True):
            near = near + taps.squeeze(1) * cells.gather(2, places[:, None, :, None].expand(B, K, -1, D)).view(h.shape)
        local = self.local(near)
        row = row + (grid + everything[:, None])[:, :, None]
        heard: Tensor = local + row[:, :, :, None] + column[:, :, None] + cell[:, None]
        return heard


def compiled_for(h: Tensor) -> bool:
    """Whether layers run compiled on vectors like these: float32 on a CPU."""
    autocast = torch.is_autocast_enabled("cpu")
    return h.is_cpu and h.dtype == torch.float32 and not autocast and not torch.compiler.is_compiling()


class ColourNetwork(nn.Module):
    """f on grids of cells and colours: ``[B, K * L, D] -> [B, K * L, D]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(ColourLayer(config) for _ in range(config.layers))

    def forward(self, h: Tensor, canvas: ColourCanvas) -> Tensor:
        grids = h.view(len(h), canvas.colours, *canvas.grid, h.shape[-1]) * canvas.real[:, None, ..., None].to(h.dtype)
        for layer in self.layers:
            grids = layer(grids, canvas)
        return grids.view(h.shape)


def deafen(model: nn.Module, ways: Iterable[str]) -> None:
    """No layer of the model will ever hear anything by these of the `WAYS`."""
    for layer in model.modules():
        if isinstance(layer, ColourLayer):
            for name in (name for way in ways for name in WAYS[way]):
                nn.init.zeros_(layer.get_parameter(name)).requires_grad_(False)
