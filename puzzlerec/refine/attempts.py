"""Which runs of the network to spend on a puzzle that the first one did not solve.

Three ways to make the next run differ from the last: a *symmetric copy* of the question (for models that do not see all
copies as one), a *random start* (noise on the first states), and *pins* (Sudoku alone: an open cell is filled with one
of its likely digits, as if it had been given). Pins make a best-first search in which the network is the propagator:

- A node is the question and some pins; running the network on it tells what it believes of the cells that are left.
- A node that was run and not solved is expanded. The rules give constraints of which exactly one candidate (digit in
  cell) holds: a cell, or a digit in a row, column or box. One constraint is chosen, and each of its likely candidates
  becomes a child's pin: the right one is among them.
- The frontier's best node is run next: likely by the network's own probabilities, and with little doubt left.

A pin that the rules refute at once is never made; a node whose confident cells contradict one another sinks.
"""

from __future__ import annotations

import heapq
import zlib
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np

from puzzlerec.models.config import ModelConfig
from puzzlerec.puzzles import PuzzleKind, Sudoku, Symmetry, Verdict

How = Literal["one pass", "symmetric copy", "random start", "pin", "exact solver", "none"]
Pin = tuple[int, int, int]  # row and column from 0, token

FIRST_TOKEN = 2  # of the digits of a Sudoku
UNLIKELY = 0.02  # candidates of a chosen constraint that the network gives less are left out
CONFIDENT = 0.9  # cells above this should not contradict one another
CONFLICT_COST = 2.0  # a node's cost, in nats, for each confident cell that contradicts another
DOUBT_COST = 0.3  # and for each nat of doubt that the network has left about its candidates


@dataclass(frozen=True, eq=False)
class Attempt:
    """One run of the network on a puzzle, or on a variant of it."""

    puzzle: int  # index of the puzzle among those to solve
    number: int  # from 1, of the attempts at this puzzle
    how: How
    question: np.ndarray  # [H, W] uint8 in the model's grid, pins filled in
    pins: tuple[Pin, ...] = ()
    symmetry: Symmetry | None = None
    noise: float = 0.0
    seed: int = 0

    @property
    def label(self) -> str:
        """What sets this attempt apart, such as "pin r3c4=7"."""
        if not self.pins:
            return self.how
        return "pin " + " ".join(f"r{row + 1}c{column + 1}={token - 1}" for row, column, token in self.pins)


@dataclass(frozen=True, eq=False)
class Outcome:
    """How an attempt ended."""

    tokens: np.ndarray  # [H, W] uint8 in the model's grid
    confidence: np.ndarray  # [H, W] float32
    probabilities: np.ndarray  # [L, V] float32
    halt: float  # the model's probability that every token is right
    steps: int
    seconds: float  # this run's share of the batch's computing time
    verdict: Verdict | None  # None if another attempt at the puzzle ended this one

    @property
    def solved(self) -> bool:
        return self.verdict is not None and self.verdict.solved


class Plan:
    """The attempts at one puzzle: `propose` says what to run next, `learn` takes in how it went."""

    best: Outcome  # solved, or else the one with the fewest offending cells
    how: How  # of the best

    def __init__(
        self, index: int, question: np.ndarray, kind: PuzzleKind, config: ModelConfig, seed: int, start_noise: float
    ) -> None:
        """``question`` [H, W] is in the model's grid. The same question and seed make the same plan."""
        self.index, self.question, self.kind = index, question, kind
        self.seed, self.start_noise = seed, start_noise
        self.spent = 0
        self.seconds = 0.0
        self._search = PinSearch(kind) if isinstance(kind, Sudoku) else None
        self._copies = config.mixer != "candidates"  # which sees all copies of a question as one
        self._seen: set[bytes] = set()  # copies that were tried
        self._identity = zlib.crc32(question.tobytes())

    @property
    def exhausted(self) -> bool:
        """Nothing is left to try: every pin contradicts the rules."""
        return self.spent > 0 and self._search is not None and not self._search.frontier

    def propose(self, count: int) -> list[Attempt]:
        """The next attempts, at most ``count``."""
        attempts = []
        for _ in range(count):
            if self.exhausted:
                break
            self.spent += 1
            attempts.append(self._next())
        return attempts

    def _next(self) -> Attempt:
        number = self.spent
        if number == 1:
            return Attempt(self.index, number, "one pass", self.question)
        entropy = [self.seed, self._identity, number]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        symmetry = self._copy(np.random.default_rng(entropy)) if self._copies else None
        if self._search is not None:
            pins = self._search.pop()
            question = with_pins(self.question, pins)
            return Attempt(self.index, number, "pin", question, pins, symmetry, seed=seed)
        if symmetry is not None:
            return Attempt(self.index, number, "symmetric copy", self.question, symmetry=symmetry, seed=seed)
        return Attempt(self.index, number, "random start", self.question, noise=self.start_noise, seed=seed)

    def _copy(self, rng: np.random.Generator) -> Symmetry | None:
        """A copy that looks different from all that were run; None if a few draws find no such copy."""
        self._seen.add(self.question.tobytes())
        for _ in range(16):
            symmetry = self.kind.random_symmetry(rng, self.question.shape)
            if (copy := symmetry.apply(self.question).tobytes()) not in self._seen:
                self._seen.add(copy)
                return symmetry
        return None

    def learn(self, attempt: Attempt, outcome: Outcome) -> None:
        self.seconds += outcome.seconds
        if outcome.verdict is None:
            return
        if attempt.number == 1 or _rank(outcome) > _rank(self.best):
            self.best, self.how = outcome, attempt.how
        if self._search is not None and not outcome.solved:
            self._search.expand(attempt.question, attempt.pins, outcome)


class PinSearch:
    """The frontier of nodes that are not yet run, best first."""

    def __init__(self, kind: Sudoku) -> None:
        self.kind = kind
        self.frontier: list[tuple[float, int, tuple[Pin, ...]]] = []  # cost, order of making, pins
        self._surprise: dict[tuple[Pin, ...], float] = {(): 0.0}  # -log probability of a node's pins
        self._made = 0

    def pop(self) -> tuple[Pin, ...]:
        return heapq.heappop(self.frontier)[2]

    def expand(self, question: np.ndarray, pins: tuple[Pin, ...], outcome: Outcome) -> None:
        """Put the children of a node that was run into the frontier. ``question`` [N, N] holds its pins."""
        kind, size = self.kind, self.kind.size
        members, closes = constraints(kind)
        left = open_candidates(kind, question)  # [L, N]
        if not left[question.reshape(-1) < FIRST_TOKEN].any(1).all():
            return  # some cell has no candidate
        beliefs = outcome.probabilities[:, FIRST_TOKEN : FIRST_TOKEN + size] * left
        beliefs = (beliefs / np.maximum(beliefs.sum(1, keepdims=True), 1e-9)).reshape(-1)  # [L * N] candidates
        doubt = _binary_entropy(beliefs)
        gain = doubt + closes @ doubt  # doubt that a pin on the candidate settles at once
        shares = beliefs[members] * left.reshape(-1)[members]  # [constraints, N]
        shares = shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)
        # pins tried likeliest first: how many it takes on average to reach the right one, and what that one is worth
        tries = (-np.sort(-shares, 1)) @ np.arange(1, size + 1)
        worth = (shares * np.log1p(gain[members])).sum(1) / np.maximum(tries, 1)
        undecided = (shares > UNLIKELY).sum(1) > 1
        if not undecided.any():
            undecided = (shares > 0).sum(1) > 1
            if not undecided.any():
                return
        chosen = int(np.argmax(np.where(undecided, worth, -1.0)))
        spoiled = CONFLICT_COST * contradictions(kind, question, outcome)
        floor = UNLIKELY if (shares[chosen] > UNLIKELY).sum() > 1 else 0.0
        for candidate, share in zip(members[chosen], shares[chosen], strict=True):
            if share > floor:
                cell, digit = divmod(int(candidate), size)
                child = (*pins, (cell // size, cell % size, digit + FIRST_TOKEN))
                self._surprise[child] = self._surprise[pins] - float(np.log(share))
                cost = self._surprise[child] + DOUBT_COST * float(doubt.sum() - gain[candidate]) + spoiled
                heapq.heappush(self.frontier, (cost, self._made, child))
                self._made += 1


@cache
def constraints(kind: Sudoku) -> tuple[np.ndarray, np.ndarray]:
    """The exact cover of a Sudoku, over candidates numbered cell * N + digit.

    Members [4 * L, N]: the candidates of each constraint, one of which holds. Closes [L * N, L * N] float32: 1 where
    the candidate of the row rules out that of the column.
    """
    size = kind.size
    candidates = np.arange(size**3).reshape(size**2, size)
    in_units = candidates[kind.units()].swapaxes(1, 2).reshape(-1, size)  # a digit in a row, column or box
    members = np.concatenate([candidates, in_units])
    closes = np.zeros((size**3, size**3), np.float32)
    for column in range(size):
        closes[members[:, [column]], members] = 1
    np.fill_diagonal(closes, 0)
    return members, closes


def open_candidates(kind: Sudoku, question: np.ndarray) -> np.ndarray:
    """[L, N] bool: the digits that the givens leave to each open cell; none to a given cell."""
    size = kind.size
    flat = question.reshape(-1)
    given = flat >= FIRST_TOKEN
    _, closes = constraints(kind)
    held = np.flatnonzero(given) * size + (flat[given].astype(np.int64) - FIRST_TOKEN)
    return ~(closes[held].any(0)).reshape(-1, size) & ~given[:, None]


def contradictions(kind: Sudoku, question: np.ndarray, outcome: Outcome) -> int:
    """How often the cells above `CONFIDENT` break the rules, if they are taken for given.

    Counted are cells whose digit another such cell holds in the same unit, open cells that are left without a
    candidate, and digits that are left without a place in a unit.
    """
    sure = np.maximum(np.where(outcome.confidence > CONFIDENT, outcome.tokens, question), 1)
    flat = sure.reshape(-1)
    members, _ = constraints(kind)
    holds = flat[:, None] == np.arange(FIRST_TOKEN, FIRST_TOKEN + kind.size)
    possible = (open_candidates(kind, sure) | holds).reshape(-1)
    return int(kind.check_question(sure).offending.sum() + (~possible[members].any(1)).sum())


def with_pins(question: np.ndarray, pins: tuple[Pin, ...]) -> np.ndarray:
    filled = question.copy()
    for row, column, token in pins:
        filled[row, column] = token
    return filled


def _rank(outcome: Outcome) -> tuple[bool, int]:
    if outcome.verdict is None:
        return False, -outcome.tokens.size
    return outcome.verdict.solved, -int(outcome.verdict.offending.sum())


def _binary_entropy(p: np.ndarray) -> np.ndarray:
    p = np.clip(p, 1e-6, 1 - 1e-6)
    return -(p * np.log(p) + (1 - p) * np.log1p(-p))
