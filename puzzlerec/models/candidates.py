"""The candidates mixer: one vector a *candidate* (cell x symbol) that the givens leave open, messages through units.

A Sudoku is an exact cover: each candidate belongs to four units (symbol in row, symbol in column, symbol in box, cell),
and a right answer picks one candidate from each unit. The network passes messages along this graph and nothing else, so
it commutes with every symmetry of the puzzle, renaming of symbols included. Candidates that a given rules out at once
(same symbol in its row, column or box) are left out of the graph: of 729 in a 9x9 grid some 200 remain, and the cost
falls with them.

Letters: B batch, N open candidates of the whole batch, U units that hold any, D width, E inner width.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import linear, rms_norm, round_up
from .config import ModelConfig

IMPOSSIBLE = -1e9  # the logit of a closed candidate; finite, so that losses stay finite
UNIT_KINDS = 4  # symbol in row, symbol in column, symbol in box, cell


class Incidence(NamedTuple):
    """A sparse 0/1 matrix in the two forms that its product and its transposed product need."""

    members: Tensor  # [4 N] candidates, unit by unit
    member_offsets: Tensor  # [U + 1]
    units: Tensor  # [4 N] units, candidate by candidate
    unit_offsets: Tensor  # [N + 1]


class CandidateGraph(NamedTuple):
    """The open candidates of a batch of questions and the units that join them."""

    open: Tensor  # [N] positions in [B * L * K]
    question: Tensor  # [N] the question, from 0, that each belongs to
    incidence: Incidence
    kinds: list[int]  # units of each kind, in order; their sum is U


class _SumRows(torch.autograd.Function):
    """Sums of rows of a matrix, bag by bag; the gradient is the sum through the transposed bags."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, indices: Tensor, offsets: Tensor, back: Tensor, back_offsets: Tensor) -> Tensor:
        ctx.save_for_backward(back, back_offsets)
        return F.embedding_bag(indices, rows, offsets, mode="sum", include_last_offset=True)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None, None]:
        back, back_offsets = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        return (
            F.embedding_bag(back, gradient, back_offsets, mode="sum", include_last_offset=True),
            None,
            None,
            None,
            None,
        )


def sum_over_units(candidates: Tensor, incidence: Incidence) -> Tensor:
    """``[N, D] -> [U, D]``: each unit's sum over its open candidates."""
    return _SumRows.apply(candidates, *incidence)


def sum_over_candidates_units(units: Tensor, incidence: Incidence) -> Tensor:
    """``[U, E] -> [N, E]``: each candidate's sum over its four units."""
    return _SumRows.apply(units, incidence.units, incidence.unit_offsets, incidence.members, incidence.member_offsets)


class CandidateGraphs(nn.Module):
    """Finds which candidates a question leaves open and through which units they meet. Index tables, no weights."""

    unit_of: Tensor
    peers: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.box is not None and config.symbols is not None
        (rows, columns), (box_rows, box_columns) = config.grid, config.box
        self.first, self.count = config.symbols
        self.vocabulary = config.vocabulary
        cell = torch.arange(rows * columns)
        row, column = cell // columns, cell % columns
        box = row // box_rows * (columns // box_columns) + column // box_columns
        groups = torch.stack((row, column, box))  # [3, L]
        self.register_buffer("peers", (groups[:, :, None] == groups[:, None, :]).any(0).float(), persistent=False)
        symbol = torch.arange(self.count)
        by_symbol = groups[:, :, None] * self.count + symbol  # [3, L, K]
        by_cell = cell[:, None].expand(-1, self.count)
        unit_of = torch.cat((by_symbol, by_cell[None])).flatten(1)  # [4, L * K], numbered within its kind
        self.units = int(unit_of.max()) + 1
        self.register_buffer("unit_of", unit_of, persistent=False)

    def forward(self, question: Tensor) -> CandidateGraph:
        """The graph of the questions ``[B, L]``."""
        B, device = len(question), question.device
        symbols = torch.arange(self.first, self.first + self.count, device=device)
        given = question[..., None] == symbols  # [B, L, K]
        ruled_out = torch.einsum("lm,bmk->blk", self.peers, given.float()) > 0
        is_open = ~(ruled_out | given.any(-1, keepdim=True))
        batch, position = is_open.flatten(1).nonzero(as_tuple=True)
        N, K = len(batch), self.unit_of.shape[1]
        kind = torch.arange(UNIT_KINDS, device=device)[:, None]
        number = (kind * B + batch) * self.units + self.unit_of[:, position]  # [4, N], grouped by kind
        used, units, sizes = number.flatten().unique(return_inverse=True, return_counts=True)
        edges = units.argsort(stable=True)
        incidence = Incidence(
            members=edges % max(N, 1),
            member_offsets=F.pad(sizes.cumsum(0), (1, 0)),
            units=units.view(UNIT_KINDS, N).t().flatten(),
            unit_offsets=torch.arange(0, UNIT_KINDS * N + 1, UNIT_KINDS, device=device),
        )
        kinds = torch.bincount(used // (B * self.units), minlength=UNIT_KINDS).tolist()
        return CandidateGraph(batch * K + position, batch, incidence, kinds)

    def place(self, scores: Tensor, graph: CandidateGraph, question: Tensor) -> Tensor:
        """Logits ``[B, L, V]`` from the open candidates' scores ``[N]``; givens are certain, closed ones impossible."""
        (B, L), V = question.shape, self.vocabulary
        logits = scores.new_full((B * L * V,), IMPOSSIBLE)
        cell, symbol = graph.open // self.count, graph.open % self.count
        logits = logits.index_copy(0, cell * V + self.first + symbol, scores).view(B, L, V)
        given = (question >= self.first) & (question < self.first + self.count)
        certain = (question[..., None] == torch.arange(V, device=question.device)) & given[..., None]
        return logits.masked_fill(certain, 0.0)


class MessageLayer(nn.Module):
    """``h = norm(h + W_out silu(W_in h + sum over the four units of U_kind (sum of the unit's h)))``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D, E = config.width, round_up(round(config.expansion * config.width), config.multiple)
        self.inner = linear(D, E, bias=True)
        # what is heard sums four sums of some four candidates each: a small gain keeps the inner variance near one
        self.hear = nn.ModuleList(linear(D, E, gain=0.25) for _ in range(UNIT_KINDS))
        self.out = linear(E, D)

    def forward(self, h: Tensor, graph: CandidateGraph) -> Tensor:
        sums = sum_over_units(h, graph.incidence).split(graph.kinds)
        messages = torch.cat([hear(part) for hear, part in zip(self.hear, sums, strict=True)])
        heard = sum_over_candidates_units(messages, graph.incidence)
        return rms_norm(h + self.out(F.silu(self.inner(h) + heard)))


class CandidateNetwork(nn.Module):
    """f on a graph of candidates: ``[N, D] -> [N, D]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MessageLayer(config) for _ in range(config.layers))

    def forward(self, h: Tensor, graph: CandidateGraph) -> Tensor:
        for layer in self.layers:
            h = layer(h, graph)
        return h
