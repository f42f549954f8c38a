"""Whether a difference between two systems is more than chance: tests that are paired on the puzzles.

Letters: K seeds, N puzzles; right [K, N] says which puzzles the run of each seed answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt

import numpy as np

RESAMPLES, CHUNK = 10_000, 1_000


@dataclass(frozen=True)
class Difference:
    """How much more of the puzzles one system answers than another, as a share, with its 95% interval."""

    mean: float
    low: float
    high: float
    p: float  # of no difference, two-sided


def bootstrap(right: np.ndarray, other: np.ndarray, *, same_weights: bool = False, seed: int = 0) -> Difference:
    """The mean of ``right [K, N]`` less that of ``other [K', N]``, over puzzles and seeds.

    The same puzzles are drawn for both, seeds for each of its own; but the same too where the runs of both are two ways
    to answer with the ``same_weights``, seed by seed (K' = K). Few seeds drawn with repeats vary too little, by
    (K - 1) / K; their weights are spread by as much. What a seed and a puzzle have together is counted with both, so
    the interval is rather too wide than too narrow (Owen, The pigeonhole bootstrap, 2007). With one seed each it says
    nothing of other seeds.
    """
    rng = np.random.default_rng(seed)
    N = right.shape[1]
    drawn = []
    for _ in range(RESAMPLES // CHUNK):
        puzzles = rng.multinomial(N, np.full(N, 1 / N), CHUNK) / N  # [CHUNK, N] weights
        seeds = _seed_weights(rng, len(right))
        others = seeds if same_weights else _seed_weights(rng, len(other))
        drawn.append((seeds * (puzzles @ right.T)).sum(1) - (others * (puzzles @ other.T)).sum(1))
    differences = np.concatenate(drawn)
    low, high = np.quantile(differences, (0.025, 0.975))
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    p = min(1.0, 2 * (1 + int(tail)) / (1 + RESAMPLES))
    return Difference(float(right.mean() - other.mean()), float(low), float(high), p)


def _seed_weights(rng: np.random.Generator, count: int) -> np.ndarray:
    """Weights [CHUNK, K] of so many seeds drawn with repeats."""
    K = count
    weights = rng.multinomial(K, np.full(K, 1 / K), CHUNK) / K
    return 1 / K + (weights - 1 / K) * (sqrt(K / (K - 1)) if K > 1 else 1.0)


def mcnemar(right: np.ndarray, other: np.ndarray) -> float:
    """The exact two-sided p of two runs [N] that would be right equally often (McNemar 1947).

    Only puzzles count that one of them alone has answered; each is then a coin's throw.
    """
    alone, others = int((right & ~other).sum()), int((other & ~right).sum())
    n = alone + others
    tail = sum(comb(n, k) for k in range(min(alone, others) + 1))
    return min(1.0, float(2 * tail / 2**n))


def holm(ps: Sequence[float]) -> list[float]:
    """The ``ps`` of a family of tests, adjusted so that one false alarm among all is as rare as p says (Holm 1979)."""
    order = sorted(range(len(ps)), key=ps.__getitem__)
    adjusted, worst = [0.0] * len(ps), 0.0
    for rank, index in enumerate(order):
        worst = max(worst, min(1.0, (len(ps) - rank) * ps[index]))
        adjusted[index] = worst
    return adjusted
