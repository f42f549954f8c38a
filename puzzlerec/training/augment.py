"""Symmetric copies drawn in batches on the training device: the same symmetries as `puzzlerec.puzzles`, as tensors."""

from __future__ import annotations

import torch
from torch import Generator, Tensor


def _permutations(batch: int, count: int, generator: Generator, device: torch.device) -> Tensor:
    """``[B, count]`` independent permutations."""
    return torch.rand(batch, count, generator=generator, device=device).argsort(dim=-1)


def sudoku_symmetries(
    batch: int, grid: tuple[int, int], box: tuple[int, int], generator: Generator, device: torch.device
) -> tuple[Tensor, Tensor]:
    """``(cells [B, L], tokens [B, V])``: each copy takes ``tokens[grid[cells]]``.

    Bands, rows in a band, stacks, columns in a stack, digits (tokens 2 and up), and transposition of square boxes.
    """
    (rows, columns), (box_rows, box_columns) = grid, box
    bands, stacks = rows // box_rows, columns // box_columns

    def order(groups: int, size: int) -> Tensor:
        outer = _permutations(batch, groups, generator, device)  # [B, groups]
        inner = _permutations(batch * groups, size, generator, device).view(batch, groups, size)
        return (outer[..., None] * size + inner).flatten(1)

    row_order, column_order = order(bands, box_rows), order(stacks, box_columns)
    cells = row_order[:, :, None] * columns + column_order[:, None, :]  # [B, rows, columns]
    if box_rows == box_columns:
        flip = torch.rand(batch, generator=generator, device=device) < 0.5
        cells = torch.where(flip[:, None, None], cells.transpose(1, 2), cells)
    digits = _permutations(batch, rows, generator, device) + 2
    fixed = torch.arange(2, device=device).expand(batch, 2)
    return cells.flatten(1), torch.cat((fixed, digits), dim=1)


def copy(tokens: Tensor, cells: Tensor, renamed: Tensor) -> Tensor:
    """The symmetric copies of ``tokens [B, L]``."""
    return renamed.gather(1, tokens.gather(1, cells))
