"""A generated mix of 9×9 Sudokus in the image of Sudoku-Extreme, half of them as hard as the hardest published lists.

Five kinds of puzzles, all minimal, all proved to have one solution:

    extreme  rating 20 to 150, and trying candidates one at a time (`bitboards.resistance`) hardly helps, as with all
             of the hardest published ones: found by a search in the vicinity of such puzzles, on new solution grids
    climbed  random puzzles, made harder by the same search in many small rises, first in rating and then in
             resistance; of 22 to 26 clues, as published hard ones have, where what is near the famous has 22. Nothing
             famous is among their ancestors, and every few of them have ancestors of their own. They take longer than
             the rest: none, unless asked for
    hard     rating 6 to 40: as extreme, around easier ones and without that condition
    plain    random minimal puzzles, whatever their rating (1 on average)
    few      random minimal puzzles of at most 22 clues

Ratings are on the scale of Sudoku-Extreme's: guesses of a strong solver up to the first solution, averaged over
symmetric copies. Ours are guesses of another solver over its whole search tree (`bitboards.rate`), put on that
scale by a power law (`rating_of`) that is fitted to published lists; `benchmarks/calibration.py` compares the two.

The searches start from `seeds.txt`: descendants of a few famous puzzles (`FAMOUS`) and of random ones, found by
this same search (`benchmarks/seeds.py`). Test and training puzzles start from different ones.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np

from puzzlerec.puzzles.generator import Chunk, DatasetError, Generator
from puzzlerec.puzzles.kernels import below
from puzzlerec.puzzles.sudoku import bitboards, search

FACTOR, EXPONENT = 0.51, 0.9  # of the power law from our guesses to published ratings


class Wanted(NamedTuple):
    """What a search keeps: ratings from ``low`` to ``high``, a `bitboards.resistance` and clues of so much at least."""

    low: float
    high: float
    resistance: int = 0
    clues: int = 0


WITHSTANDS = 200 * bitboards.SWEEPS  # a resistance of 200 candidates that are never struck out
SEARCHED = {"extreme": Wanted(20, 150, WITHSTANDS), "hard": Wanted(6, 40)}
FEW = 22  # clues
CHUNK = 64  # puzzles; more where there are climbed ones, so that a climb's family is used
LARGE_CHUNK = 256
PARENTS = 2  # of one search
BROOD = 4  # puzzles kept from one parent
ENDLESS = 1 << 62  # tries

CLUES = (22, 23, 24, 24, 25, 25, 26)  # of a climb's puzzles, at least: one of these
LUCK = 800  # random puzzles, of which a climb begins with the hardest
CLIMBERS = 32  # puzzles that a climb takes from rise to rise
CLIMBERS_BROOD = 8
RATED = 10.0  # the rating up to which a climb rises first, from FOOT on and by RISE each time
FOOT, RISE = 2.0, 1.2
CLIMBED = Wanted(5, 150, 200)  # what is kept of a climb
STEEPER = 1.06  # a rise in resistance, at least
BREATH = 6000  # new clues tried at a rise,
SPREAD = 15_000  # and around the last generations, for puzzles of SPREAD_RESISTANCE of what was reached
SPREAD_RESISTANCE = 0.4
FAMILY = 192  # puzzles kept of a climb


FAMOUS = {
    "AI Escargot": "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..",
    "Easter Monster": "1.......2.9.4...5...6...7...5.9.3.......7.......85..4.7.....6...3...9.8...2.....1",
    "Fata Morgana": "........3..1..56...9..4..7......9.5.7.......8.5.4.2....8..2..9...35..1..6........",
    "Golden Nugget": ".......39.....1..5..3.5.8....8.9...6.7...2...1..4.......9.8..5..2....6..4..7.....",
    "Inkala 2012": "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4..",
    "Kolk": "12.3....435....1....4........54..2..6...7.........8.9...31..5.......9.7.....6...8",
    "Platinum Blonde": ".......12........3..23..4....18....5.6..7.8.......9.....85.....9...4.5..47...6...",
    "Imam Bayildi": "..3..6.8....1..2......7...4..9..8.6..3..4...1.7.2.....3....5.....5...6..98.....5.",
    "Inkala 2010": "..53.....8......2..7..1.5..4....53...1..7...6..32...8..6.5....9..4....3......97..",
    "Discrepancy": ".....1.2.3...4.5.....6....7..2.....1.8..9..3.4.....8..5....2....9..3.4....67.....",
    "tarek 052": "..1..4.......6.3.5...9.....8.....7.3.......285...7.6..3...8...6..92......4...1...",
    "Cheese": ".2..5.7..4..1....68....3...2....8..3.4..2.5.....6...1...2.9.....9......57.4...9..",
}


class SudokuExtreme(Generator):
    """Sudokus 9×9; settings: the share of each kind, in any proportions."""

    version = "sudoku-extreme mix 3"
    settings = {"extreme": 0.5, "climbed": 0.0, "hard": 0.25, "plain": 0.2, "few": 0.05}  # noqa: RUF012  # Mapping, never changed

    def check(self, settings: dict[str, Any]) -> None:
        shares = {name: settings[name] for name in SudokuExtreme.settings}
        if min(shares.values()) < 0 or sum(shares.values()) <= 0:
            raise DatasetError(f"The shares of the mix must be 0 or more, and one above 0, not {shares}.")

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        puzzles, solutions, guesses = Generation.of(LARGE_CHUNK if settings["climbed"] else CHUNK)
        filled = 0
        for kind, count in zip(SudokuExtreme.settings, _counts(settings, len(puzzles)), strict=True):
            mine = slice(filled, filled + count)
            if kind in SEARCHED:
                vicinity(seeds(kind, split), puzzles[mine], solutions[mine], guesses[mine], SEARCHED[kind], rng)
            elif kind == "climbed":
                climb(puzzles[mine], solutions[mine], guesses[mine], rng)
            else:
                most = 81 if kind == "plain" else FEW
                search.random_minimals(puzzles[mine], solutions[mine], guesses[mine], most, rng)
            filled += count
        keys, classes = search.finish(puzzles, solutions, guesses, rng)
        return Chunk(puzzles + np.uint8(1), solutions + np.uint8(1), keys, classes, rating_of(guesses))


def rating(puzzle: np.ndarray, rng: np.ndarray, runs: int = bitboards.RUNS) -> float:
    """The rating of ``puzzle`` (uint8 [81] digits, 0 blank), averaged over ``runs`` searches."""
    return float(rating_of(np.array(bitboards.rate(puzzle, runs, rng))))


def rating_of(guesses: np.ndarray) -> np.ndarray:
    """The ratings for mean numbers of our guesses, float32."""
    return (FACTOR * guesses.astype(np.float64) ** EXPONENT).astype(np.float32)


def guesses_of(rating: float) -> float:
    """The mean number of our guesses for a rating."""
    return float((rating / FACTOR) ** (1 / EXPONENT))


@cache
def seeds(kind: str, split: str) -> np.ndarray:
    """The shipped "extreme" or "hard" puzzles (uint8 [n, 81] digits, 0 blank) that ``split`` starts from."""
    lines = (files("puzzlerec.puzzles.sudoku") / "seeds.txt").read_text("ascii").splitlines()
    texts = [line.split()[1] for line in lines if line.startswith(kind)]
    return digits_of([text for i, text in enumerate(texts) if (i % 4 == 0) == (split == "test")])


def digits_of(texts: list[str]) -> np.ndarray:
    """81-character lines (``.`` or ``0`` blank) as uint8 [n, 81]."""
    characters = np.frombuffer("".join(texts).replace(".", "0").encode("ascii"), np.uint8)
    return (characters - np.uint8(ord("0"))).reshape(-1, 81)


def _counts(settings: dict[str, Any], count: int) -> list[int]:
    """How many puzzles of each kind a chunk of ``count`` has: the shares, rounded so that they add up."""
    shares = np.cumsum([settings[name] for name in SudokuExtreme.settings])
    edges = np.rint(count * shares / shares[-1]).astype(int)
    return [int(count) for count in np.diff(edges, prepend=0)]


def vicinity(
    parents: np.ndarray,
    puzzles: np.ndarray,
    solutions: np.ndarray,
    guesses: np.ndarray,
    wanted: Wanted,
    rng: np.ndarray,
    together: int = PARENTS,
    brood: int = BROOD,
) -> None:
    """Fills the three arrays behind ``parents`` with puzzles as ``wanted``, found near ``together`` of ``parents``.

    Few parents make the search go far from each; at most ``brood`` puzzles come from one. ``guesses`` are what
    `rating_of` turns into ratings.
    """
    known = _seen(len(puzzles))
    order = np.arange(len(parents))
    found = 0
    while found < len(puzzles):
        for i in range(together):
            j = i + below(rng, len(order) - i)
            order[i], order[j] = order[j], order[i]
        some = parents[order[:together]]
        found = _near(some, puzzles, solutions, guesses, wanted, rng, found, known, brood)


def climb(puzzles: np.ndarray, solutions: np.ndarray, guesses: np.ndarray, rng: np.ndarray) -> None:
    """Fills the three arrays with `CLIMBED` puzzles, found around random ones that nothing else descends from.

    The hardest of some random puzzles are parents of others that are a little harder, these of the next, and so on,
    until nothing harder is found. Then others are found around the last generations.
    """
    while len(puzzles):
        family = _family(CLUES[below(rng, len(CLUES))], min(FAMILY, len(puzzles)), rng)
        found = len(family.puzzles)
        for array, its in zip((puzzles, solutions, guesses), family, strict=True):
            array[:found] = its
        puzzles, solutions, guesses = puzzles[found:], solutions[found:], guesses[found:]


class Generation(NamedTuple):
    """Puzzles and their solutions, uint8 [n, 81], and guesses, float32 [n]."""

    puzzles: np.ndarray
    solutions: np.ndarray
    guesses: np.ndarray

    @classmethod
    def of(cls, count: int) -> Generation:
        return cls(np.zeros((count, 81), np.uint8), np.zeros((count, 81), np.uint8), np.zeros(count, np.float32))


def _family(clues: int, count: int, rng: np.ndarray) -> Generation:
    """At most so many puzzles of one climb, of so many clues at least; none if the climb leads nowhere."""
    start = Generation.of(LUCK)
    search.random_minimals(*start, 81, rng)
    enough = np.count_nonzero(start.puzzles, axis=1) >= clues
    parents = start.puzzles[enough][np.argsort(-start.guesses[enough], kind="stable")[:CLIMBERS]]
    low = FOOT
    while low < RATED and len(parents):
        parents = _generation(parents, Wanted(low, CLIMBED.high, clues=clues), rng).puzzles
        low *= RISE
    wanted, level = CLIMBED._replace(clues=clues), 0.0
    climbed = [parents]
    while len(climbed[-1]) > 1 and level < WITHSTANDS:
        level = min(WITHSTANDS, max(STEEPER * level, float(np.median(search.resistances(climbed[-1]))), 1.0))
        climbed.append(_generation(climbed[-1], wanted._replace(resistance=int(level)), rng).puzzles)
    wanted = wanted._replace(resistance=max(CLIMBED.resistance, int(SPREAD_RESISTANCE * level)))
    parents = np.concatenate(climbed)
    parents = parents[search.resistances(parents) >= wanted.resistance]
    return _generation(parents, wanted, rng, count, BROOD, SPREAD)


def _generation(
    parents: np.ndarray,
    wanted: Wanted,
    rng: np.ndarray,
    count: int = CLIMBERS,
    brood: int = CLIMBERS_BROOD,
    tries: int = BREATH,
) -> Generation:
    """At most ``count`` puzzles near ``parents``."""
    found = Generation.of(count)
    how_many = _near(parents, *found, wanted, rng, brood=brood, tries=tries)
    return Generation(*(array[:how_many] for array in found))


def _near(
    parents: np.ndarray,
    puzzles: np.ndarray,
    solutions: np.ndarray,
    guesses: np.ndarray,
    wanted: Wanted,
    rng: np.ndarray,
    found: int = 0,
    known: np.ndarray | None = None,
    brood: int = BROOD,
    tries: int = ENDLESS,
) -> int:
    """Fills the arrays from ``found`` on, near ``parents``; returns how far that went before these were used up."""
    known = _seen(len(puzzles)) if known is None else known
    low, high = guesses_of(wanted.low), guesses_of(wanted.high)
    return search.vicinity(
        parents,
        puzzles,
        solutions,
        guesses,
        found,
        known,
        low,
        high,
        wanted.resistance,
        brood,
        wanted.clues,
        tries,
        rng,
    )


def _seen(count: int) -> np.ndarray:
    """An empty hash set (`kernels.insert`) for a search that is to find so many."""
    return np.zeros(1 << max(16, 8 + count.bit_length()), np.uint64)
