"""The colours encoder and its network: a vector a cell and colour, so that colours are known by where they stand.

Renaming colours permutes the vectors and changes nothing else, but for a small vector that each colour learns, from
zero, where it matters which one it is. The same weights run on grids of every size and with every number of colours.

What a vector hears comes by seven ways: from its neighbours of the same colour (a depthwise 3x3 convolution); from its
row, its column and the whole grid, within its colour; from all colours of its cell; from everything. Of the last five
it is the mean and the maximum. Maxima are cut off at zero: so padding, which is zero, is never heard, and a padded grid
has the answer of the grid itself.

Letters: B batch, K colours, H x W grid, L = H * W cells, D width, V vocabulary.
"""

from __future__ import annotations

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
OTHER, SAME, NONE = range(3)  # what the cell of a vector holds: another colour, the vector's own, none


class ColourCanvas(NamedTuple):
    """Where the vectors of a batch lie, and how many cells of each row, column and grid are no padding."""

    colours: int  # K
    grid: tuple[int, int]  # (H, W)
    real: Tensor  # [B, H, W] float, 1 where a cell is no padding
    in_rows: Tensor  # [B, 1, H, 1], at least 1
    in_columns: Tensor  # [B, 1, W, 1]
    in_grid: Tensor  # [B, 1, 1]


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
        return ColourCanvas(self.K, (question.shape[1], question.shape[2]), real, *(n.clamp(min=1) for n in sums))

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
            weights = (self.neighbours.weight, *(matrix.weight for matrix in matrices))
            out: Tensor = Layer.apply(h, canvas.real, counts, dropout, *weights)  # type: ignore[no-untyped-call]
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
        local = self.local(self.neighbours(image).permute(0, 2, 3, 1)).view(h.shape)
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
