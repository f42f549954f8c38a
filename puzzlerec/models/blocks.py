"""The blocks that all systems share: norm, SwiGLU, attention, token mixing, units and local mixing, and their layer.

Letters: B batch, L tokens, D width.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .config import ModelConfig

RMS_EPS = 1e-5
ROPE_BASE = 10000.0
GRID_ROPE_BASE = 100.0  # a grid's sides are short


class Canvas(NamedTuple):
    """What the tokens of a batch lie on."""

    grid: tuple[int, int]  # (H, W); a sequence may hold several such grids, one behind the other
    real: Tensor | None = None  # [B, P + L] bool, False where a masked padding cell is; None if there is none
    causal: bool = False  # whether attention hears a token and those before it alone


def rms_norm(x: Tensor) -> Tensor:
    """RMSNorm over the last axis without a learned weight, computed in float32."""
    return F.rms_norm(x.float(), x.shape[-1:], eps=RMS_EPS).to(x.dtype)


def truncated_normal_(tensor: Tensor, std: float) -> Tensor:
    """Fill with a normal cut at two standard deviations whose standard deviation *after* the cut is ``std``."""
    with torch.no_grad():
        if std == 0:
            return tensor.zero_()
        # the variance that is left of a unit normal between -2 and 2: 1 - 2 * 2 * pdf(2) / (2 * cdf(2) - 1)
        density = math.exp(-2.0) / math.sqrt(2 * math.pi)
        left = math.sqrt(1 - 4 * density / math.erf(2 / math.sqrt(2)))
        return nn.init.trunc_normal_(tensor, std=std / left, a=-2 * std / left, b=2 * std / left)


def linear(inputs: int, outputs: int, *, bias: bool = False, gain: float = 1.0) -> nn.Linear:
    """A linear map initialised with standard deviation gain/sqrt(inputs), its bias with zero."""
    layer = nn.Linear(inputs, outputs, bias=bias)
    truncated_normal_(layer.weight, gain / math.sqrt(inputs))
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def round_up(value: int, multiple: int) -> int:
    return -(-value // multiple) * multiple


class SwiGLU(nn.Module):
    """``down(silu(gate) * up)`` with inner width round(expansion * D * 2/3), rounded up to ``multiple``."""

    def __init__(self, width: int, expansion: float, multiple: int, gate_norm: bool = False) -> None:
        super().__init__()
        inner = round_up(round(expansion * width * 2 / 3), multiple)
        self.gate_norm = gate_norm
        self.gate_up = linear(width, 2 * inner)
        self.down = linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, up = self.gate_up(x).chunk(2, dim=-1)
        inner = torch.sigmoid(gate) * rms_norm(gate * up) if self.gate_norm else F.silu(gate) * up
        out: Tensor = self.down(inner)
        return out


def rotary_tables(length: int, head_width: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines ``[length, head_width]`` of RoPE with half-split rotation."""
    frequencies = 1.0 / ROPE_BASE ** (torch.arange(0, head_width, 2, dtype=torch.float32) / head_width)
    angles = torch.outer(torch.arange(length, dtype=torch.float32), frequencies).repeat(1, 2)
    return angles.cos(), angles.sin()


def grid_rotary_tables(grid: tuple[int, int], head_width: int, prefix: int, parts: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines ``[prefix + parts * H * W, head_width]`` of RoPE on a grid.

    Half of a head's pairs turn with the row, half with the column: what one cell hears of another depends on the way
    between them. ``parts`` grids stand one behind the other, on the same places; a prefix is not turned.
    """
    H, W = grid
    frequencies = 1.0 / GRID_ROPE_BASE ** (torch.arange(0, head_width, 4, dtype=torch.float32) / head_width)
    rows, columns = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    angles = torch.cat([torch.outer(places.flatten().float(), frequencies) for places in (rows, columns)], dim=1)
    angles = torch.cat((torch.zeros(prefix, head_width // 2), angles.repeat(parts, 1))).repeat(1, 2)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    """``x [B, heads, L, head_width]`` turned by its position's angles."""
    first, second = x.chunk(2, dim=-1)
    turned = torch.cat((-second, first), dim=-1)
    return (x * cosines + turned * sines).to(x.dtype)


def fused_attention(q: Tensor, k: Tensor, v: Tensor, heard: Tensor | None, causal: bool) -> Tensor:
    """PyTorch's, of ``[B, heads, L, head_width]`` each; ``heard`` says which tokens each may attend to."""
    return F.scaled_dot_product_attention(q, k, v, attn_mask=heard, is_causal=causal and heard is None)


class Attention(nn.Module):
    """Self-attention over the whole sequence, prefix included, without bias; masked padding is not attended to.

    On a causal canvas no token hears a later one. Sequences longer or shorter than the config's take part as they are.
    """

    cosines: Tensor
    sines: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.qkv = linear(config.width, 3 * config.width)
        self.out = linear(config.width, config.width)
        self.config = config
        self.rotary = config.positions in ("rope", "grid-rope")
        if self.rotary:
            cosines, sines = self._tables(config.grid, config.state_length)
            self.register_buffer("cosines", cosines, persistent=False)
            self.register_buffer("sines", sines, persistent=False)

    def forward(self, h: Tensor, canvas: Canvas) -> Tensor:
        B, L, D = h.shape
        q, k, v = (
            self.qkv(h).view(B, L, 3, self.heads, D // self.heads).permute(2, 0, 3, 1, 4)
        )  # [B, heads, L, D/heads]
        if self.rotary:
            cosines, sines = self.cosines, self.sines
            if len(cosines) > L and self.config.positions == "rope":
                cosines, sines = cosines[:L], sines[:L]
            elif len(cosines) != L:
                cosines, sines = (table.to(h.device) for table in self._tables(canvas.grid, L))
            q, k = rotate(q, cosines, sines), rotate(k, cosines, sines)
        heard = None if canvas.real is None else canvas.real[:, None, None]
        if canvas.causal and heard is not None:
            heard = heard & torch.ones(L, L, dtype=torch.bool, device=h.device).tril()
        if h.device.type == "cpu":  # whose fused kernel takes up to ten times as long in bfloat16, backwards
            with torch.autocast("cpu", enabled=False):
                mixed = fused_attention(q.float(), k.float(), v.float(), heard, canvas.causal)
        else:
            mixed = fused_attention(q, k, v, heard, canvas.causal)
        out: Tensor = self.out(mixed.transpose(1, 2).reshape(B, L, D))
        return out

    def _tables(self, grid: tuple[int, int], length: int) -> tuple[Tensor, Tensor]:
        """Of a sequence of so many tokens that shows ``grid``."""
        config, head_width = self.config, self.config.width // self.heads
        if config.positions == "rope":
            return rotary_tables(length, head_width)
        parts = (length - config.prefix) // (grid[0] * grid[1])
        return grid_rotary_tables(grid, head_width, config.prefix, parts)


class UnitsMixer(nn.Module):
    """Each cell hears the other cells of its row, column and box through separate channels.

    ``W_out norm(concat over row, column, box of (sum over the unit's other cells of silu(W_in h)))``. Every permutation
    that maps units to units commutes with it: it needs no position embedding and sees all symmetric copies as one.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.box is not None
        (rows, columns), (box_rows, box_columns) = config.grid, config.box
        self.blocks = (rows // box_rows, box_rows, columns // box_columns, box_columns)
        self.message = linear(config.width, 3 * config.width)
        self.out = linear(3 * config.width, config.width)

    def forward(self, h: Tensor, canvas: Canvas) -> Tensor:
        B, L, D = h.shape
        in_row, in_column, in_box = F.silu(self.message(h)).view(B, *self.blocks, 3 * D).chunk(3, dim=-1)
        heard = torch.cat(
            (
                in_row.sum((3, 4), keepdim=True) - in_row,
                in_column.sum((1, 2), keepdim=True) - in_column,
                in_box.sum((2, 4), keepdim=True) - in_box,
            ),
            dim=-1,
        )
        out: Tensor = self.out(rms_norm(heard.view(B, L, 3 * D)))
        return out


class LocalMixer(nn.Module):
    """Each cell hears itself and its eight neighbours: a depthwise 3x3 convolution, then a product within each cell.

    The cost grows with the number of cells, and the same weights run on every grid. Nothing is heard from beyond the
    edge, nor from masked padding, so a padded grid gives the same answer as the grid itself.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D = config.width
        self.convolution = nn.Conv2d(D, D, 3, padding=1, groups=D, bias=False)
        truncated_normal_(self.convolution.weight, 1 / 3)
        self.out = linear(D, D)

    def forward(self, h: Tensor, canvas: Canvas) -> Tensor:
        B, L, D = h.shape
        if canvas.real is not None:
            h = h * canvas.real[..., None]
        image = h.view(B, *canvas.grid, D).permute(0, 3, 1, 2)  # channels last in memory: no copy
        out: Tensor = self.out(self.convolution(image).permute(0, 2, 3, 1).reshape(B, L, D))
        return out


class Layer(nn.Module):
    """One post-norm layer: mix positions, then a SwiGLU within each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.transposed = config.mixer == "mlp"  # TRM-MLP mixes, and norms, along the token axis
        self.mix: nn.Module
        if config.mixer == "attention":
            self.mix = Attention(config)
        elif config.mixer == "mlp":
            self.mix = SwiGLU(config.state_length, config.expansion, config.multiple, config.gate_norm)
        elif config.mixer in ("units", "local"):
            self.mix = UnitsMixer(config) if config.mixer == "units" else LocalMixer(config)
        else:
            raise ValueError(f"the {config.mixer} mixer has a network of its own")
        self.mlp = SwiGLU(config.width, config.expansion, config.multiple, config.gate_norm)

    def forward(self, h: Tensor, canvas: Canvas) -> Tensor:
        if self.transposed:
            across = h.transpose(1, 2)
            h = rms_norm(across + self.mix(across)).transpose(1, 2)
        else:
            h = rms_norm(h + self.mix(h, canvas))
        return rms_norm(h + self.mlp(h))


class Network(nn.Module):
    """f: the one small stack of layers that a recursive model applies again and again, ``[B, L, D] -> [B, L, D]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))

    def forward(self, h: Tensor, canvas: Canvas) -> Tensor:
        for layer in self.layers:
            h = layer(h, canvas)
        return h
