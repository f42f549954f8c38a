"""A vector a candidate (cell x symbol) that is still open, in NumPy: `models/candidates.py` and TRM's `eliminate`.

Runs are worked on in groups that fit a processor's cache, which is what NumPy's speed depends on.

Letters: B runs, L cells, K symbols, N open candidates of a group, U units that hold any, S slots for the units of a
candidate, M the most candidates of a unit, D width, E inner width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Self

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
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.units import CELL, CLOSED, REGION, UNIT_KINDS, fixed_units

IMPOSSIBLE = np.float32(-1e9)  # the logit of a closed candidate
GROUP = 640  # candidates that are worked on together: their inner vectors are half a megabyte


class Run(NamedTuple):
    """What is carried of one run: the open candidates [L, K], and y and z of those that are at work [n, D].

    At work are those of cells with several. What left the set never comes back, so no others need be kept.
    """

    open: np.ndarray
    y: np.ndarray
    z: np.ndarray


class Graph:
    """Open candidates of several runs and the units that join them."""

    def __init__(self, board: Board, is_open: np.ndarray, region: np.ndarray | None) -> None:
        """Of the candidates ``is_open [B, L * K]``; ``region [B, L]`` in jigsaws."""
        B = len(is_open)
        self.run, self.position = is_open.nonzero()
        self.N = N = len(self.run)
        unit = board.unit_of[self.position]  # [N, S]
        if region is not None:
            cell, symbol = self.position // board.K, self.position % board.K
            unit[:, board.region_slot] = region[self.run, cell] * board.K + symbol
        # numbers of units: kind by kind, run by run; those without a member are left out
        numbered = (board.kind_of * B + self.run[:, None]) * board.units + unit
        most = UNIT_KINDS * B * board.units
        if board.ragged:
            numbered[unit == CLOSED] = most
        counts = np.bincount(numbered.reshape(-1), minlength=most + 1)[:most]
        used = counts > 0
        rank = np.cumsum(used) - 1
        self.U = U = int(used.sum())
        self.kinds = [0, *rank[board.units * B - 1 :: board.units * B] + 1]  # where each kind of unit ends
        sizes = counts[used]
        rank = np.append(rank, U)  # the place of no unit
        units = rank[numbered]
        order = units.reshape(-1).astype(np.uint16 if U < 1 << 16 else np.int64).argsort(kind="stable")
        order = order[: int(sizes.sum())]  # no unit comes last
        of = units.reshape(-1)[order]
        within = np.arange(len(order)) - (np.cumsum(sizes) - sizes)[of]
        # [M, U] the candidates of each unit, N in place of one where it has fewer; [S, N] the units of each candidate
        self.members = np.full((int(sizes.max()) if U else 0, U), N)
        self.members[within, of] = order // len(board.kind_of)
        self.units = np.ascontiguousarray(units.T)
        self.scratch = Scratch()


class Board:
    """The tables of a board of units: which every candidate lies in, which cells meet."""

    def __init__(self, config: ModelConfig) -> None:
        assert config.symbols is not None
        self.first, self.K = config.symbols
        self.L, self.V, self.regions = config.cells, config.vocabulary, config.regions
        symbol, slots = np.arange(self.K), fixed_units(config)
        tables = [(CELL, np.repeat(np.arange(self.L), self.K))]
        tables += [
            (kind, np.where(unit[:, None] >= 0, unit[:, None] * self.K + symbol, CLOSED).reshape(-1))
            for kind, unit in slots
        ]
        if self.regions:  # of which each question has its own
            tables.append((REGION, np.tile(symbol, self.L)))
        tables.sort(key=lambda table: table[0])
        self.region_slot = next(slot for slot, (kind, _) in enumerate(tables) if kind == REGION)
        self.kind_of = np.array([kind for kind, _ in tables])
        self.unit_of = np.stack([table for _, table in tables], axis=1)  # [L * K, S], numbered within their kind
        self.units = 1 + max(int(self.unit_of.max()), self.regions * self.K - 1)
        self.ragged = bool((self.unit_of == CLOSED).any())
        meet = [(unit[:, None] == unit) & (unit >= 0)[:, None] for _, unit in slots]
        self.peers = np.any(meet, axis=0).astype(np.float32)  # [L, L], each cell among its own

    def region(self, tokens: np.ndarray) -> np.ndarray | None:
        """The region of each cell, of a jigsaw's tokens."""
        if not self.regions:
            return None
        return ((tokens - self.first + 1) // (self.K + 1)).clip(0, self.regions - 1)

    def given(self, tokens: np.ndarray) -> np.ndarray:
        """The number of the symbol that stands in each cell, `CLOSED` where there is none."""
        symbol = tokens - self.first
        if self.regions:
            symbol = np.where(symbol >= 0, (symbol + 1) % (self.K + 1) - 1, CLOSED)
        return np.where((symbol >= 0) & (symbol < self.K), symbol, CLOSED)

    def has(self, tokens: np.ndarray) -> np.ndarray:
        """Which symbol stands in each cell. [B, L, K] bool."""
        stands: np.ndarray = self.given(tokens)[..., None] == np.arange(self.K)
        return stands

    def tokens(self, tokens: np.ndarray) -> np.ndarray:
        """The token that each symbol has in each cell of the questions ``tokens [B, L]``. [B, L, K]."""
        symbols = np.broadcast_to(self.first + np.arange(self.K), (*tokens.shape, self.K))
        region = self.region(tokens)
        return symbols if region is None else symbols + region[..., None] * (self.K + 1)

    def ruled_out(self, tokens: np.ndarray, has: np.ndarray) -> np.ndarray:
        """The candidates that meet a placed one ``has [B, L, K]`` of another cell in a unit. [B, L, K] bool."""
        placed = has.astype(np.float32)
        ruled_out: np.ndarray = self.peers @ placed > placed
        region = self.region(tokens)
        if region is not None:
            lies_in = (region[..., None] == np.arange(self.regions)).astype(np.float32)  # [B, L, R]
            ruled_out |= lies_in @ (lies_in.swapaxes(1, 2) @ placed) > placed
        return ruled_out

    def propagated(self, tokens: np.ndarray, is_open: np.ndarray) -> np.ndarray:
        """``is_open [B, L, K]`` without what its placed symbols close, until they close nothing more."""
        while True:
            placed = is_open & (is_open.sum(-1, keepdims=True) == 1)
            closed = self.ruled_out(tokens, placed) & is_open
            if not closed.any():
                return is_open
            is_open = is_open & ~closed

    def among(self, tokens: np.ndarray, logits: np.ndarray, is_open: np.ndarray) -> np.ndarray:
        """``logits [B, L, V]`` with nothing but the candidates ``is_open [B, L, K]``, in cells that have any."""
        possible = np.zeros(logits.shape, bool)
        np.put_along_axis(possible, self.tokens(tokens), is_open, 2)
        return np.where(~possible & is_open.any(-1, keepdims=True), IMPOSSIBLE, logits)


class MessageLayer:
    """``h = norm(h + W_out silu(W_in h + sum over a candidate's units of U_kind (sum of the unit's h)))``."""

    def __init__(self, weights: Weights, name: str) -> None:
        self.inner = transposed(weights[f"{name}.inner.weight"], 0.5)
        self.bias = weights[f"{name}.inner.bias"] * np.float32(0.5)
        self.hear = [transposed(weights[f"{name}.hear.{kind}.weight"], 0.5) for kind in range(UNIT_KINDS)]
        self.out = transposed(weights[f"{name}.out.weight"])

    def __call__(self, h: np.ndarray, graph: Graph) -> np.ndarray:
        """Of ``h [N + 1, D]``, whose last row is zero, as that of what comes back."""
        D, E = self.inner.shape
        sums, member = graph.scratch("sums", graph.U, D), graph.scratch("member", graph.U, D)
        sums[:] = 0
        for members in graph.members:
            sums += h.take(members, 0, member, "clip")
        messages = graph.scratch("messages", graph.U + 1, E)
        messages[-1] = 0
        for hear, (first, last) in zip(self.hear, pairwise(graph.kinds), strict=True):
            np.matmul(sums[first:last], hear, out=messages[first:last])
        half, message = graph.scratch("half", graph.N, E), graph.scratch("message", graph.N, E)
        np.matmul(h[:-1], self.inner, out=half)
        half += self.bias
        for units in graph.units:
            half += messages.take(units, 0, message, "clip")
        out = np.zeros_like(h)
        np.matmul(silu_of_double(half, message), self.out, out=out[:-1])
        out += h
        rms_norm(out[:-1])
        return out


class CandidateModel(ArrayModel):
    """TRM with the candidates mixer, its state vectors or (`projection`) the set of open candidates too."""

    config: TRMConfig

    def __init__(self, config: ModelConfig, weights: Weights) -> None:
        super().__init__(config, weights)
        self.board = Board(config)
        self.layers = [MessageLayer(weights, f"network.layers.{layer}") for layer in range(config.layers)]
        self.x = embedding_scale(config) * weights["embedding.weight"]  # [1, D]
        heads = ["readout.weight", *["survival.weight"] * config.has_candidates]
        self.heads = np.concatenate([weights[head] for head in heads]).T  # [D, 1 or 2]
        self.conflict = (weights["conflict.weight"][0], weights["conflict.bias"]) if config.has_candidates else None
        self.falls = math.log(self.config.strike / (1 - self.config.strike))

    @classmethod
    def knows(cls, config: ModelConfig) -> bool:
        return (
            isinstance(config, TRMConfig)
            and config.mixer == "candidates"
            and config.latents == "pair"
            and config.networks == "one"
        )

    @classmethod
    def shapes(cls, config: ModelConfig) -> dict[str, tuple[int, ...]]:
        D = config.width
        E = -(-round(config.expansion * D) // config.multiple) * config.multiple
        shapes: dict[str, tuple[int, ...]] = {
            "y0": (D,),
            "z0": (D,),
            "embedding.weight": (1, D),
            "readout.weight": (1, D),
            "halting.weight": (2, D),
            "halting.bias": (2,),
        }
        if config.has_candidates:
            shapes |= {"survival.weight": (1, D), "conflict.weight": (1, D), "conflict.bias": (1,)}
        for layer in range(config.layers):
            name = f"network.layers.{layer}"
            shapes |= {f"{name}.inner.weight": (E, D), f"{name}.inner.bias": (E,), f"{name}.out.weight": (D, E)}
            shapes |= {f"{name}.hear.{kind}.weight": (E, D) for kind in range(UNIT_KINDS)}
        return shapes

    def on(self, settings: Mapping[str, object]) -> Self:
        other = super().on(settings)
        other.board = Board(other.config)
        return other

    # ---- the two calls

    def start(self, question: np.ndarray, steps: int | None = None, seeds: Sequence[int] | None = None) -> list[Run]:
        """All candidates that the givens leave open, with the same two fixed random vectors each."""
        board, tokens = self.board, question.reshape(len(question), -1)
        has = board.has(tokens)
        given = has.any(-1, keepdims=True)
        if self.config.has_candidates:
            is_open = board.propagated(tokens, has | ~given)
        else:
            is_open = ~(board.ruled_out(tokens, has) | given)
        counts = self._at_work(is_open).sum((1, 2))
        D = self.config.width
        vectors = (np.broadcast_to(vector, (count, D)) for count in counts for vector in (self.y0, self.z0))
        return [Run(each, next(vectors), next(vectors)) for each in is_open]

    def step(self, question: np.ndarray, state: list[Run], puzzle_ids: object = None) -> tuple[list[Run], Prediction]:
        """One step; of a set of open candidates, what is said not to survive is struck out, and what that closes."""
        board, tokens = self.board, question.reshape(len(question), -1)
        is_open = np.stack([run.open for run in state])  # [B, L, K]
        working = self._at_work(is_open)
        if self.config.has_candidates:  # placed symbols are givens to the graph
            placed = is_open & (is_open.sum(-1, keepdims=True) == 1)
            symbols = np.take_along_axis(board.tokens(tokens), placed.argmax(-1)[..., None], -1)[..., 0]
            seen = np.where(placed.any(-1), symbols, tokens)
        else:
            seen = tokens
        logits = np.full((*tokens.shape, board.V), IMPOSSIBLE)
        certain = board.given(seen) != CLOSED
        np.put_along_axis(logits, seen[..., None], np.where(certain[..., None], np.float32(0), IMPOSSIBLE), 2)
        survival = np.zeros(working.shape, np.float32)
        summary = np.zeros((len(state), self.config.width), np.float32)  # of the most doubtful candidate
        vectors: list[tuple[np.ndarray, np.ndarray]] = []
        for some in _groups(working.sum((1, 2))):
            y, z = self._thought(working[some], seen[some], state[some])
            ends = np.cumsum(working[some].sum((1, 2)))[:-1]
            vectors += zip(np.split(y, ends), np.split(z, ends), strict=True)
            scores = y @ self.heads
            run, cell, symbol = working[some].nonzero()
            logits[some][run, cell, board.tokens(seen[some])[run, cell, symbol]] = scores[:, 0]
            survival[some][working[some]] = scores[:, -1]
        for row, (y, _) in enumerate(vectors):
            np.maximum(summary[row], y.max(0, initial=0), out=summary[row])
        halt, proceed = self.halt(summary)
        prediction = Prediction(logits, halt, proceed)
        if self.conflict is None:
            return [Run(run.open, y, z) for run, (y, z) in zip(state, vectors, strict=True)], prediction
        left = board.propagated(tokens, is_open & ~(working & (survival < self.falls)))
        kept = self._at_work(left)
        stays = [kept[row][working[row]] for row in range(len(state))]
        weight, bias = self.conflict
        count = left.sum(-1)
        prediction = prediction._replace(
            logits=board.among(tokens, logits, left),
            survival=survival.reshape(len(state), -1),
            conflict=summary @ weight + bias,
            settled=(count == 1).all(1) | (count == 0).any(1),
        )
        runs = zip(left, vectors, stays, strict=True)
        return [Run(each, y[stay], z[stay]) for each, (y, z), stay in runs], prediction

    def perturb(self, state: list[Run], deviations: Sequence[float], seeds: Sequence[int]) -> list[Run]:
        return [
            self._disturbed(run, deviation, seed) if deviation else run
            for run, deviation, seed in zip(state, deviations, seeds, strict=True)
        ]

    # ---- parts

    def _at_work(self, is_open: np.ndarray) -> np.ndarray:
        """Which candidates of ``is_open [B, L, K]`` the network works on."""
        if not self.config.has_candidates:
            return is_open
        several: np.ndarray = is_open & (is_open.sum(-1, keepdims=True) > 1)
        return several

    def _thought(self, working: np.ndarray, tokens: np.ndarray, runs: list[Run]) -> tuple[np.ndarray, np.ndarray]:
        """y and z of all candidates at work in some runs, after a step's recursions. [N, D]."""
        graph = Graph(self.board, working.reshape(len(working), -1), self.board.region(tokens))
        y, z = (_above_zeros([run[part] for run in runs], self.config.width) for part in (1, 2))
        if not graph.N:
            return y[:-1], z[:-1]
        x = np.repeat(self.x, graph.N + 1, axis=0)
        x[-1] = 0

        def f(h: np.ndarray) -> np.ndarray:
            for layer in self.layers:
                h = layer(h, graph)
            return h

        y, z = self.recursions(x, y, z, f)
        return y[:-1], z[:-1]

    def _disturbed(self, run: Run, deviation: float, seed: int) -> Run:
        generator, working = np.random.default_rng(seed), self._at_work(run.open).reshape(-1)
        noise = [generator.standard_normal((len(working), self.config.width), np.float32)[working] for _ in ("y", "z")]
        return Run(run.open, *(part + np.float32(deviation) * some for part, some in zip(run[1:], noise, strict=True)))


def _above_zeros(parts: list[np.ndarray], width: int) -> np.ndarray:
    """Vectors one under another, and a row of zeros for who is not there."""
    return np.concatenate([*parts, np.zeros((1, width), np.float32)])


def _groups(sizes: Any) -> Iterator[slice]:
    """Runs that follow one another and have together at most `GROUP` candidates, or are alone."""
    first = total = 0
    for run, size in enumerate(sizes.tolist()):
        if run > first and total + size > GROUP:
            yield slice(first, run)
            first, total = run, 0
        total += size
    yield slice(first, len(sizes))
