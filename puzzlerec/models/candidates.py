"""The candidates encoder and its network: a vector a *candidate* (cell x symbol) that the givens leave open.

A Sudoku is its units: a right answer picks one candidate from each of four kinds, symbol in row, symbol in column,
symbol in region, cell. Regions are boxes, a jigsaw's irregular ones (which its tokens say, question by question), and
the diagonals where they count. The network passes messages along this graph and nothing else, so it commutes with every
symmetry of the puzzle, renaming of symbols included, and the same weights run on every board. Candidates that a given
rules out at once are left out of the graph: of 729 in a 9x9 grid some 200 remain, and the cost falls with them.

Letters: B batch, L cells, K symbols, N open candidates of the whole batch, U units that hold any, S slots for the units
of a candidate, D width, E inner width.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .blocks import linear, rms_norm, round_up
from .config import ModelConfig
from .encoders import Encoder
from .units import CELL, CLOSED, REGION, UNIT_KINDS, fixed_units

IMPOSSIBLE = -1e9  # the logit of a closed candidate; finite, so that losses stay finite


class Incidence(NamedTuple):
    """A sparse 0/1 matrix in the two forms that its product and its transposed product need."""

    members: Tensor  # [edges] candidates, unit by unit
    member_offsets: Tensor  # [U + 1]
    units: Tensor  # [edges] units, candidate by candidate
    unit_offsets: Tensor  # [N + 1]


class CandidateGraph(NamedTuple):
    """The open candidates of a batch of questions and the units that join them."""

    open: Tensor  # [N] positions in [B * L * K]
    question: Tensor  # [N] the question, from 0, that each belongs to
    incidence: Incidence
    kinds: list[int]  # units of each kind, in order; their sum is U
    tokens: Tensor  # [B, L], the questions


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
    return _sum_rows(candidates, *incidence)


def sum_over_candidates_units(units: Tensor, incidence: Incidence) -> Tensor:
    """``[U, E] -> [N, E]``: each candidate's sum over its units."""
    return _sum_rows(units, incidence.units, incidence.unit_offsets, incidence.members, incidence.member_offsets)


def _sum_rows(rows: Tensor, indices: Tensor, offsets: Tensor, back: Tensor, back_offsets: Tensor) -> Tensor:
    sums: Tensor = _SumRows.apply(rows, indices, offsets, back, back_offsets)  # type: ignore[no-untyped-call]
    return sums


class CandidateEncoder(Encoder[CandidateGraph]):
    """Finds which candidates a question leaves open and through which units they meet. Index tables, no weights.

    What a candidate is lies in the graph alone: all have one and the same embedding.
    """

    dynamic = None
    count, outputs, labels = 1, 1, 3  # labels: not the answer's, the answer's, hidden
    unit_of: Tensor
    kind_of: Tensor
    peers: Tensor

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        assert config.symbols is not None
        self.first, self.K = config.symbols
        self.vocabulary, self.regions = config.vocabulary, config.regions
        slots = [(kind, torch.as_tensor(unit)) for kind, unit in fixed_units(config)]
        cell, symbol = torch.arange(config.cells), torch.arange(self.K)
        tables = [(CELL, cell[:, None].expand(-1, self.K))]
        tables += [
            (kind, torch.where(unit[:, None] >= 0, unit[:, None] * self.K + symbol, CLOSED)) for kind, unit in slots
        ]
        if self.regions:  # of which each question has its own
            tables.append((REGION, (cell * 0)[:, None] + symbol))
        tables.sort(key=lambda table: table[0])
        self.region_slot = next(slot for slot, (kind, _) in enumerate(tables) if kind == REGION)
        unit_of = torch.stack([table for _, table in tables], dim=-1).flatten(0, 1)  # numbered within its kind
        meet = [(unit[:, None] == unit) & (unit >= 0) for _, unit in slots]
        self.register_buffer("unit_of", unit_of, persistent=False)  # [L * K, S]
        self.register_buffer("kind_of", torch.tensor([kind for kind, _ in tables]), persistent=False)  # [S]
        self.register_buffer("peers", torch.stack(meet).any(0).float(), persistent=False)  # [L, L]

    # these look into the tables, which have no numbers on the meta device

    @cached_property
    def units(self) -> int:
        """How many units of one kind there may be, empty ones among them."""
        return 1 + max(int(self.unit_of.max()), self.regions * self.K - 1)

    @cached_property
    def ragged(self) -> bool:
        """Whether some candidates lie in fewer units than others."""
        return bool((self.unit_of == CLOSED).any())

    # ---- the graph

    def length(self, question: Tensor) -> int:
        """L * K: open or not, every candidate has a place in a state."""
        return len(self.unit_of)

    def symbols(self, question: Tensor) -> Tensor:
        return torch.zeros(1, dtype=torch.long, device=question.device)

    def canvas(self, question: Tensor) -> CandidateGraph:
        """The graph of the questions ``[B, H, W]``."""
        tokens = question.flatten(1)
        has = self._has(tokens)
        return self._graph(tokens, ~(self._ruled_out(tokens, has) | has.any(-1, keepdim=True)))

    def _graph(self, tokens: Tensor, is_open: Tensor) -> CandidateGraph:
        """Of the candidates ``is_open [B, L, K]`` of the questions ``tokens [B, L]``."""
        batch, position = is_open.flatten(1).nonzero(as_tuple=True)
        unit = self.unit_of[position]  # [N, S]
        if self.regions:
            unit[:, self.region_slot] = self._region(tokens)[batch, position // self.K] * self.K + position % self.K
        incidence, kinds = self._incidence(unit, batch, len(tokens))
        return CandidateGraph(batch * len(self.unit_of) + position, batch, incidence, kinds, tokens)

    def _has(self, tokens: Tensor) -> Tensor:
        """Which symbol stands in each cell. [B, L, K] bool."""
        return self._given(tokens)[..., None] == torch.arange(self.K, device=tokens.device)

    def _ruled_out(self, tokens: Tensor, has: Tensor) -> Tensor:
        """The candidates that meet a placed one ``has [B, L, K]`` of another cell in a unit. [B, L, K] bool."""
        placed = has.float()
        ruled_out = torch.einsum("lm,bmk->blk", self.peers, placed) > placed
        if self.regions:
            lies_in = F.one_hot(self._region(tokens), self.regions).float()  # [B, L, R]
            taken = torch.einsum("blr,blk->brk", lies_in, placed)
            ruled_out = ruled_out | (torch.einsum("blr,brk->blk", lies_in, taken) > placed)
        return ruled_out

    # ---- the set of open candidates as a state, in which a placed symbol is the last one open in its cell

    def opened(self, question: Tensor) -> Tensor:
        """The candidates that the questions ``[B, H, W]`` leave open, and no others but the givens. [B, L * K] bool."""
        has = self._has(question.flatten(1))
        return self.propagated(question, (has | ~has.any(-1, keepdim=True)).flatten(1))

    def propagated(self, question: Tensor, is_open: Tensor) -> Tensor:
        """``is_open [B, L * K]`` without what its placed symbols close, until they close nothing more.

        A symbol that meets itself in a unit leaves both of its cells without a candidate.
        """
        tokens, (B, _) = question.flatten(1), is_open.shape
        while True:
            left = is_open.view(B, -1, self.K)
            placed = left & (left.sum(-1, keepdim=True) == 1)
            closed = self._ruled_out(tokens, placed).flatten(1) & is_open
            if not bool(closed.any()):
                return is_open
            is_open = is_open & ~closed

    def over(self, is_open: Tensor) -> Tensor:
        """Whether every cell of ``is_open [B, L * K]`` has its symbol, or one can have none any more. [B] bool."""
        left = is_open.view(len(is_open), -1, self.K).sum(-1)
        return (left == 1).all(1) | (left == 0).any(1)

    def truth(self, answer: Tensor) -> Tensor:
        """The candidates of the answers ``[B, L]``. [B, L * K] bool."""
        return self._has(answer).flatten(1)

    def scores(self, question: Tensor, logits: Tensor) -> Tensor:
        """Of logits ``[B, L, V]`` those of the symbols that a cell may hold. [B, L, K]."""
        return logits.gather(2, self._tokens(question.flatten(1)))

    def among(self, question: Tensor, logits: Tensor, is_open: Tensor) -> Tensor:
        """``logits [B, L, V]`` with nothing but the candidates ``is_open [B, L * K]``, in cells that have any."""
        left = is_open.view(len(is_open), -1, self.K)
        tokens = self._tokens(question.flatten(1))
        possible = torch.zeros_like(logits, dtype=torch.bool).scatter(2, tokens, left)
        return logits.masked_fill(~possible & left.any(-1, keepdim=True), IMPOSSIBLE)

    def on_open(self, question: Tensor, is_open: Tensor) -> CandidateGraph:
        """The graph of the candidates ``is_open [B, L * K]`` of the questions ``[B, H, W]``.

        Placed symbols are givens to it. What has been ruled out is not in it.
        """
        tokens, left = question.flatten(1), is_open.view(len(is_open), -1, self.K)
        several = left.sum(-1, keepdim=True) > 1
        placed = self._tokens(tokens).gather(2, left.int().argmax(-1, keepdim=True))[..., 0]
        single = left.sum(-1) == 1
        return self._graph(torch.where(single, placed, tokens), left & several)

    def _incidence(self, unit: Tensor, batch: Tensor, questions: int) -> tuple[Incidence, list[int]]:
        """Of candidates' units ``[N, S]``, numbered within their kind, and the question ``[N]`` that each is of."""
        (N, S), device = unit.shape, unit.device
        edges = ((self.kind_of * questions + batch[:, None]) * self.units + unit).flatten()  # grouped by kind
        candidate = torch.arange(N, device=device).repeat_interleave(S)
        offsets = torch.arange(0, N * S + 1, S, device=device)
        if self.ragged:
            is_unit = unit != CLOSED
            edges, candidate = edges[is_unit.flatten()], candidate[is_unit.flatten()]
            offsets = F.pad(is_unit.sum(1).cumsum(0), (1, 0))
        used, units, sizes = torch.unique(edges, return_inverse=True, return_counts=True)
        members = candidate[units.argsort(stable=True)]
        kinds: list[int] = torch.bincount(used // (questions * self.units), minlength=UNIT_KINDS).tolist()
        return Incidence(members, F.pad(sizes.cumsum(0), (1, 0)), units, offsets), kinds

    # ---- states and answers

    def gather(self, state: Tensor, canvas: CandidateGraph) -> Tensor:
        return state.reshape(-1, state.shape[-1])[canvas.open]

    def scatter(self, state: Tensor, new: Tensor, canvas: CandidateGraph) -> Tensor:
        return state.reshape(-1, state.shape[-1]).index_copy(0, canvas.open, new).view(state.shape)

    def spread(self, x: Tensor, canvas: CandidateGraph) -> Tensor:
        return x.repeat(len(canvas.open), 1)

    def labelled(self, answer: Tensor, canvas: CandidateGraph) -> Tensor:
        said = answer.flatten()[canvas.open // self.K]
        return torch.where(said == self.vocabulary, 2, (said == self._token(canvas)).long())

    def answering(self, y: Tensor) -> Tensor:
        return y

    def logits(self, scores: Tensor, canvas: CandidateGraph) -> Tensor:
        """``[B, L, V]`` from the candidates' scores ``[N, 1]``; givens are certain, closed candidates impossible."""
        (B, L), V = canvas.tokens.shape, self.vocabulary
        logits = scores.new_full((B * L * V,), IMPOSSIBLE)
        place = canvas.open // self.K * V + self._token(canvas)
        logits = logits.index_copy(0, place, scores[:, 0]).view(B, L, V)
        given = self._given(canvas.tokens) != CLOSED
        certain = (canvas.tokens[..., None] == torch.arange(V, device=scores.device)) & given[..., None]
        return logits.masked_fill(certain, 0.0)

    def summary(self, y: Tensor, canvas: CandidateGraph) -> Tensor:
        """The most doubtful candidate speaks for the question."""
        empty = torch.zeros(len(canvas.tokens), y.shape[-1], device=y.device)
        return empty.scatter_reduce(0, canvas.question[:, None].expand_as(y), y.float(), "amax")

    # ---- tokens (see `config.Board`)

    def _region(self, tokens: Tensor) -> Tensor:
        """The region of each cell, of a jigsaw's tokens."""
        return ((tokens - self.first + 1) // (self.K + 1)).clamp(0, self.regions - 1)

    def _given(self, tokens: Tensor) -> Tensor:
        """The number of the symbol that stands in each cell, `CLOSED` where there is none."""
        symbol = tokens - self.first
        if self.regions:
            symbol = torch.where(symbol >= 0, (symbol + 1) % (self.K + 1) - 1, CLOSED)
        return torch.where((symbol >= 0) & (symbol < self.K), symbol, CLOSED)

    def _token(self, canvas: CandidateGraph) -> Tensor:
        """The token of each open candidate. [N]."""
        return self._tokens(canvas.tokens).flatten()[canvas.open]

    def _tokens(self, tokens: Tensor) -> Tensor:
        """The token that each symbol has in each cell of the questions ``tokens [B, L]``. [B, L, K]."""
        symbols = self.first + torch.arange(self.K, device=tokens.device).expand(*tokens.shape, -1)
        return symbols + self._region(tokens)[..., None] * (self.K + 1) if self.regions else symbols


class MessageLayer(nn.Module):
    """``h = norm(h + W_out silu(W_in h + sum over a candidate's units of U_kind (sum of the unit's h)))``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        D, E = config.width, round_up(round(config.expansion * config.width), config.multiple)
        self.inner = linear(D, E, bias=True)
        # what is heard sums four sums of some four candidates each: a small gain keeps the inner variance near one
        self.hear = nn.ModuleList(linear(D, E, gain=0.25) for _ in range(UNIT_KINDS))
        self.out = linear(E, D)

    def forward(self, h: Tensor, canvas: CandidateGraph) -> Tensor:
        sums = sum_over_units(h, canvas.incidence).split(canvas.kinds)  # type: ignore[no-untyped-call]
        messages = torch.cat([hear(part) for hear, part in zip(self.hear, sums, strict=True)])
        heard = sum_over_candidates_units(messages, canvas.incidence)
        return rms_norm(h + self.out(F.silu(self.inner(h) + heard)))


class CandidateNetwork(nn.Module):
    """f on a graph of candidates: ``[N, D] -> [N, D]``."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(MessageLayer(config) for _ in range(config.layers))

    def forward(self, h: Tensor, canvas: CandidateGraph) -> Tensor:
        for layer in self.layers:
            h = layer(h, canvas)
        return h
