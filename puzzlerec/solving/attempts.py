"""Which runs of the network to spend on a puzzle that the first one did not solve.

Three ways to make the next run differ from the last: a *symmetric copy* of the question (for models that do not see all
copies as one), a *random start* (noise on the first states), and *pins* (Sudoku alone: an open cell is filled with one
of its digits, as if it had been given).

Pins make a best-first search in which the network is the propagator; see `PinSearch`.
"""

from __future__ import annotations

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

# The search's model of the network. Fitted on runs with one right pin of puzzles that one pass had not solved.
SPREAD = 0.02  # share of a cell's belief that goes to all its open candidates alike: the network may be wrong
TRUST = 0.3  # exponent of its beliefs: in a puzzle that it has not solved it is far too sure
HARDNESS = 2.0 ** np.arange(7)  # nats that pins must settle before the network solves a puzzle: possible values
COMMON = np.array([0.15, 0.38, 0.2, 0.13, 0.07, 0.04, 0.03])  # how common each is
STEEPNESS = 2.0  # of the chance of solving, a logistic curve in the logarithm of (settled doubt / hardness)
CONFIDENT = 0.9  # cells above this contradict one another only if a pin is wrong,
TELLING = 0.95  # in so many cases

FITTING_ROUNDS = 4  # of beliefs to sums of one in every constraint


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
        self.exhausted = False  # every pin contradicts the rules
        self._search = PinSearch(kind) if "pins" in kind.strategies and isinstance(kind, Sudoku) else None
        self._copies = config.mixer != "candidates"  # which sees all copies of a question as one
        self._seen: set[bytes] = set()  # copies that were tried
        self._identity = zlib.crc32(question.tobytes())

    def propose(self, count: int) -> list[Attempt]:
        """The next attempts, at most ``count``."""
        attempts: list[Attempt] = []
        while len(attempts) < count and (attempt := self._next(self.spent + 1)):
            self.spent += 1
            attempts.append(attempt)
        self.exhausted = not attempts
        return attempts

    def _next(self, number: int) -> Attempt | None:
        entropy = [self.seed, self._identity, number]
        seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
        if number == 1:
            return Attempt(self.index, number, "one pass", self.question, seed=seed)
        symmetry = self._copy(np.random.default_rng(entropy)) if self._copies else None
        if self._search is not None:
            pins = self._search.propose()
            if pins is None:
                return None
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
            self._search.learn(attempt.question, attempt.pins, outcome)


@dataclass(frozen=True, eq=False)
class _Node:
    """A question with some pins, run and not solved. Candidates are numbered cell * N + digit."""

    pins: tuple[Pin, ...]
    parent: int  # index of the node with one pin less, -1 for the question itself
    candidate: int  # the last pin as a candidate of the parent
    settled: float  # nats of doubt that the pins have settled at once
    beliefs: np.ndarray  # [L * N], the network's, tempered by `TRUST`
    worth: np.ndarray  # [L * N], nats that a pin on each candidate would settle
    evidence: np.ndarray  # [L * N], log likelihood of what descendants have shown, were the candidate right


class PinSearch:
    """Best-first search over sets of pins; a node is what the network makes of the question with such a set.

    *Beliefs.* Each node holds the network's belief in every candidate (digit in a cell). The rules say that just
    one candidate of each constraint (a cell; a digit in a row, column or box) is right: beliefs are fitted to sum to
    one there. A node's pins are all right with the product of their beliefs, each in the node that it was added to.

    *Evidence.* A run that does not solve the puzzle speaks against its pins, and the more so if confident cells
    contradict one another. Evidence against a candidate holds in all descendants of the node in which it was tried, and
    since beliefs are fitted it speaks for the candidate's rivals.

    *Worth.* A pin settles the doubt (binary entropy) about its own candidate and those that it closes. A puzzle is
    solved once right pins have settled more doubt than its hardness, which is not known but learned: while pins fail it
    looks harder, and sets of more pins become the better bet.

    The next run is the set of pins that is most likely to solve the puzzle: right, and enough.
    """

    def __init__(self, kind: Sudoku) -> None:
        self.kind = kind
        self._nodes: list[_Node] = []
        self._tried: dict[frozenset[Pin], tuple[int, int, float]] = {}  # pins -> parent, candidate, settled
        self._hardness = np.log(COMMON)  # posterior, up to a constant

    def propose(self) -> tuple[Pin, ...] | None:
        """The pins to run next; None if all that are left contradict the rules."""
        if not self._nodes:
            return None
        beliefs, right = self._beliefs()
        settled = np.array([node.settled for node in self._nodes])[:, None] + [node.worth for node in self._nodes]
        solving = self._solving(settled)
        chance = np.where(beliefs > 0, right[:, None] * beliefs * solving, -1)
        size = self.kind.size
        while chance.max() >= 0:
            index, candidate = (int(place) for place in np.unravel_index(chance.argmax(), chance.shape))
            chance[index, candidate] = -1
            cell, digit = divmod(candidate, size)
            pins = (*self._nodes[index].pins, (cell // size, cell % size, digit + FIRST_TOKEN))
            if frozenset(pins) not in self._tried:
                spent = float(settled[index, candidate])
                self._tried[frozenset(pins)] = index, candidate, spent
                # as far as the search is concerned the run fails: if not, the search is over
                self._failed(index, candidate, float(solving[index, candidate]), beliefs)
                self._hardness += np.log1p(-right[index] * beliefs[index, candidate] * _logistic(spent))
                return pins
        return None

    def learn(self, question: np.ndarray, pins: tuple[Pin, ...], outcome: Outcome) -> None:
        """Take in a run that did not solve the puzzle; ``question`` [N, N] holds its pins."""
        parent, candidate, settled = self._tried[frozenset(pins)] if pins else (-1, 0, 0.0)
        if pins and contradictions(self.kind, question, outcome):
            self._failed(parent, candidate, TELLING, self._beliefs()[0])
        left = open_candidates(self.kind, question)
        if not left[question.reshape(-1) < FIRST_TOKEN].any(1).all():
            return  # some cell has no candidate
        size = self.kind.size
        network = outcome.probabilities[:, FIRST_TOKEN : FIRST_TOKEN + size].astype(np.float64)
        beliefs = np.where(left, network, 0)
        beliefs = (1 - SPREAD) * _shares(beliefs) + SPREAD * _shares(left)
        doubt = _binary_entropy(beliefs).reshape(-1)
        _, closes = constraints(self.kind)
        self._nodes.append(
            _Node(
                pins=pins,
                parent=parent,
                candidate=candidate,
                settled=settled,
                beliefs=beliefs.reshape(-1) ** TRUST,
                worth=doubt + closes @ doubt,
                evidence=np.zeros(size**3),
            )
        )

    def _beliefs(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each node its candidates' beliefs, evidence included [nodes, L * N], 0 where given or closed, and the
        probability that its pins are right [nodes]."""
        evidence = np.array([node.evidence for node in self._nodes])
        for index, node in enumerate(self._nodes):
            if node.parent >= 0:
                evidence[index] += evidence[node.parent]
        beliefs = fitted(self.kind, np.array([node.beliefs for node in self._nodes]) * np.exp(evidence))
        right = np.ones(len(self._nodes))
        for index, node in enumerate(self._nodes):
            if node.parent >= 0:
                right[index] = right[node.parent] * beliefs[node.parent, node.candidate]
        return beliefs, right

    def _solving(self, settled: np.ndarray) -> np.ndarray:
        """The chance that right pins which settle so many nats solve the puzzle."""
        posterior = np.exp(self._hardness - self._hardness.max())
        nats = np.geomspace(1e-2, 1e4, 256)
        return np.interp(settled, nats, _logistic(nats) @ (posterior / posterior.sum()))

    def _failed(self, index: int, candidate: int, telling: float, beliefs: np.ndarray) -> None:
        """A run with a pin on ``candidate`` of node ``index`` failed, as right pins do with 1 - ``telling``."""
        share = 1.0  # the probability that all pins further down are right, if this one is
        while index >= 0:
            node = self._nodes[index]
            node.evidence[candidate] += np.log1p(-telling * share)
            share *= float(beliefs[index, candidate])
            index, candidate = node.parent, node.candidate


@cache
def constraints(kind: Sudoku) -> tuple[np.ndarray, np.ndarray]:
    """The exact cover of a Sudoku, over candidates numbered cell * N + digit.

    Members [4 * L, N]: the candidates of each constraint, one of which holds. Closes [L * N, L * N] float64: 1 where
    the candidate of the row rules out that of the column.
    """
    size = kind.size
    candidates = np.arange(size**3).reshape(size**2, size)
    units = kind.units(np.ones(kind.shape, np.uint8))
    in_units = candidates[units].swapaxes(1, 2).reshape(-1, size)  # a digit in a row, column or box
    members = np.concatenate([candidates, in_units])
    closes = np.zeros((size**3, size**3))
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


def fitted(kind: Sudoku, beliefs: np.ndarray) -> np.ndarray:
    """``beliefs`` [n, L * N] scaled, constraint by constraint and again, towards sums of one in every constraint."""
    size, (rows, columns) = kind.size, kind.box
    shape = (len(beliefs), size // rows, rows, size // columns, columns, size)
    parts = beliefs.reshape(shape)
    for _ in range(FITTING_ROUNDS):
        for axes in ((3, 4), (1, 2), (2, 4), (5,)):  # a digit in a row, in a column, in a box; a cell
            parts = parts / np.maximum(parts.sum(axes, keepdims=True), 1e-12)
    return parts.reshape(beliefs.shape)


def with_pins(question: np.ndarray, pins: tuple[Pin, ...]) -> np.ndarray:
    filled = question.copy()
    for row, column, token in pins:
        filled[row, column] = token
    return filled


def _rank(outcome: Outcome) -> tuple[bool, int]:
    if outcome.verdict is None:
        return False, -outcome.tokens.size
    return outcome.verdict.solved, -int(outcome.verdict.offending.sum())


def _shares(counts: np.ndarray) -> np.ndarray:
    """Rows scaled to sum to one; rows of zeros stay."""
    return counts / np.maximum(counts.sum(-1, keepdims=True), 1e-9)


def _binary_entropy(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(np.maximum(p, 1e-12)) + (1 - p) * np.log1p(-np.minimum(p, 1 - 1e-12)))


def _logistic(settled: np.ndarray | float) -> np.ndarray:
    """The chance of solving for each hardness [..., hardness values]."""
    return 1 / (1 + (HARDNESS / np.maximum(np.asarray(settled)[..., None], 1e-3)) ** STEEPNESS)
