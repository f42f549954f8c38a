"""Pins: an open cell is filled with one of its symbols, as if it had been given. For puzzles that are their units.

Pins make a best-first search in which the network is the propagator; see `PinSearch`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from puzzlerec.puzzles import PuzzleKind
from puzzlerec.solving.strategies.base import Attempt, Outcome, Pin, Strategy, Task
from puzzlerec.solving.strategies.copies import NewCopies, sees_copies_as_one

# The search's model of the network. Fitted on runs with one right pin of puzzles that one pass had not solved.
SPREAD = 0.02  # share of a cell's belief that goes to all its open candidates alike: the network may be wrong
TRUST = 0.3  # exponent of its beliefs: in a puzzle that it has not solved it is far too sure
HARDNESS = 2.0 ** np.arange(7)  # nats that pins must settle before the network solves a puzzle: possible values
COMMON = np.array([0.15, 0.38, 0.2, 0.13, 0.07, 0.04, 0.03])  # how common each is
STEEPNESS = 2.0  # of the chance of solving, a logistic curve in the logarithm of (settled doubt / hardness)
CONFIDENT = 0.9  # cells above this contradict one another only if a pin is wrong, and so says such a conflict,
TELLING = 0.95  # in so many cases

FITTING_ROUNDS = 4  # of beliefs to sums of one in every constraint


class Pins(Strategy, name="pins"):
    """The search's next set of pins, on a new symmetric copy where the model does not see all copies as one."""

    @classmethod
    def applies(cls, task: Task) -> bool:
        return task.kind.units(task.question) is not None

    def __init__(self, task: Task) -> None:
        super().__init__(task)
        self._search = PinSearch(task.kind, task.question)
        self._copies = None if sees_copies_as_one(task.config) else NewCopies(task.kind, task.question)

    def next(self, number: int) -> Attempt | None:
        symmetry = self._copies.draw(self.rng(number)) if self._copies else None
        pins = self._search.propose()
        if pins is None:
            return None
        question = with_pins(self.task.question, pins)
        # the last character of a token's name is its symbol: the others say where it stands
        symbols = (self.task.kind.vocabulary[token][-1] for *_, token in pins)
        detail = " ".join(f"r{r + 1}c{c + 1}={symbol}" for (r, c, _), symbol in zip(pins, symbols, strict=True))
        return self.attempt(number, "pin", question, pins=pins, symmetry=symmetry, detail=detail)

    def learn(self, attempt: Attempt, outcome: Outcome) -> None:
        super().learn(attempt, outcome)
        if outcome.verdict is not None and not outcome.solved:
            self._search.learn(attempt.question, attempt.pins, outcome)


@dataclass(frozen=True, eq=False)
class Cover:
    """The exact cover that a puzzle of units is: L cells, K symbols, candidates numbered cell * K + symbol.

    A constraint is a cell, or a symbol in a unit; just one of its candidates is right.
    """

    tokens: np.ndarray  # [L, K] uint8, the token of each candidate
    members: np.ndarray  # [L + U K, K], the candidates of each constraint
    peers: np.ndarray  # [L, P], the other cells that a unit joins each cell with; L where it has fewer
    # units that do not meet, together: their cells [G, K], and which of them each cell is in [L], G where in none
    groups: tuple[tuple[np.ndarray, np.ndarray], ...]

    @classmethod
    def of(cls, kind: PuzzleKind, question: np.ndarray) -> Cover:
        units, tokens = kind.units(question), kind.candidates(question)
        assert units is not None and tokens is not None, f"a {kind.name} puzzle is not its units"
        return _cover(units.tobytes(), units.shape, tokens.tobytes(), tokens.shape)

    def open(self, kind: PuzzleKind, question: np.ndarray) -> np.ndarray:
        """[L, K] bool: the candidates that the givens leave to each open cell; none to a given cell."""
        given = kind.given(question).reshape(-1)
        cells = np.flatnonzero(given)
        symbols = (self.tokens[cells] == question.reshape(-1)[cells, None]).argmax(1)
        closed = np.zeros((len(self.tokens) + 1, self.tokens.shape[1]), bool)
        closed[self.peers[cells], symbols[:, None]] = True
        left: np.ndarray = ~closed[:-1] & ~given[:, None]
        return left

    def settled(self, doubt: np.ndarray) -> np.ndarray:
        """[L, K]: the ``doubt`` [L, K] about each candidate and about those that it closes."""
        padded = np.concatenate([doubt, np.zeros((1, doubt.shape[1]))])
        settled: np.ndarray = doubt.sum(1, keepdims=True) + padded[self.peers].sum(1)
        return settled

    def fitted(self, beliefs: np.ndarray) -> np.ndarray:
        """``beliefs`` [n, L K] scaled, constraint by constraint and again, towards sums of one in each of them."""
        parts = beliefs.reshape(len(beliefs), *self.tokens.shape)
        ones = np.ones((len(parts), 1, parts.shape[2]))
        for _ in range(FITTING_ROUNDS):
            for cells, unit_of in self.groups:  # a symbol in a unit
                sums = np.concatenate([np.maximum(parts[:, cells].sum(2), 1e-12), ones], 1)
                parts = parts / sums[:, unit_of]
            parts = parts / np.maximum(parts.sum(-1, keepdims=True), 1e-12)  # a cell
        return parts.reshape(beliefs.shape)


@lru_cache(maxsize=64)  # jigsaws have units of their own each
def _cover(units_: bytes, units_shape: tuple[int, int], tokens_: bytes, tokens_shape: tuple[int, int]) -> Cover:
    units = np.frombuffer(units_, np.int64).reshape(units_shape)
    tokens = np.frombuffer(tokens_, np.uint8).reshape(tokens_shape)
    L, K = tokens.shape
    candidates = np.arange(L * K).reshape(L, K)
    members = np.concatenate([candidates, candidates[units].swapaxes(1, 2).reshape(-1, K)])
    joined = np.zeros((L, L), bool)
    for unit in units:
        joined[np.ix_(unit, unit)] = True
    np.fill_diagonal(joined, False)
    peers = np.full((L, joined.sum(1).max()), L)
    for cell, others in enumerate(joined):
        peers[cell, : others.sum()] = np.flatnonzero(others)
    return Cover(tokens, members, peers, tuple(_groups(units, L)))


def _groups(units: np.ndarray, cells: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The units in runs that do not meet, as in `Cover.groups`."""
    groups: list[tuple[np.ndarray, np.ndarray]] = []
    first = 0
    for end in range(1, len(units) + 1):
        if end < len(units) and not np.isin(units[end], units[first:end]).any():
            continue
        unit_of = np.full(cells, end - first)
        unit_of[units[first:end]] = np.arange(end - first)[:, None]
        groups.append((units[first:end], unit_of))
        first = end
    return groups


@dataclass(frozen=True, eq=False)
class _Node:
    """A question with some pins, run and not solved. Candidates are numbered as in `Cover`."""

    pins: tuple[Pin, ...]
    parent: int  # index of the node with one pin less, -1 for the question itself
    candidate: int  # the last pin as a candidate of the parent
    settled: float  # nats of doubt that the pins have settled at once
    beliefs: np.ndarray  # [L K], the network's, tempered by `TRUST`
    worth: np.ndarray  # [L K], nats that a pin on each candidate would settle
    evidence: np.ndarray  # [L K], log likelihood of what descendants have shown, were the candidate right


class PinSearch:
    """Best-first search over sets of pins; a node is what the network makes of the question with such a set.

    *Beliefs.* Each node holds the network's belief in every candidate (symbol in a cell). The rules say that just
    one candidate of each constraint (a cell; a symbol in a unit) is right: beliefs are fitted to sum to
    one there. A node's pins are all right with the product of their beliefs, each in the node that it was added to.

    *Evidence.* A run that does not solve the puzzle speaks against its pins, and the more so if confident cells
    contradict one another. Evidence against a candidate holds in all descendants of the node in which it was tried, and
    since beliefs are fitted it speaks for the candidate's rivals.

    *Worth.* A pin settles the doubt (binary entropy) about its own candidate and those that it closes. A puzzle is
    solved once right pins have settled more doubt than its hardness, which is not known but learned: while pins fail it
    looks harder, and sets of more pins become the better bet.

    The next run is the set of pins that is most likely to solve the puzzle: right, and enough.
    """

    def __init__(self, kind: PuzzleKind, question: np.ndarray) -> None:
        """``question`` [H, W] as it stands, without pins."""
        self.kind, self.width = kind, question.shape[1]
        self.cover = Cover.of(kind, question)
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
        while chance.max() >= 0:
            index, candidate = (int(place) for place in np.unravel_index(chance.argmax(), chance.shape))
            chance[index, candidate] = -1
            row, column = divmod(candidate // self.cover.tokens.shape[1], self.width)
            pins = (*self._nodes[index].pins, (row, column, int(self.cover.tokens.flat[candidate])))
            if frozenset(pins) not in self._tried:
                spent = float(settled[index, candidate])
                self._tried[frozenset(pins)] = index, candidate, spent
                # as far as the search is concerned the run fails: if not, the search is over
                self._failed(index, candidate, float(solving[index, candidate]), beliefs)
                self._hardness += np.log1p(-right[index] * beliefs[index, candidate] * _logistic(spent))
                return pins
        return None

    def learn(self, question: np.ndarray, pins: tuple[Pin, ...], outcome: Outcome) -> None:
        """Take in a run that did not solve the puzzle; ``question`` [H, W] holds its pins."""
        parent, candidate, settled = self._tried[frozenset(pins)] if pins else (-1, 0, 0.0)
        if pins and (outcome.conflict > CONFIDENT or contradictions(self.kind, question, outcome)):
            self._failed(parent, candidate, TELLING, self._beliefs()[0])
        left = self.cover.open(self.kind, question)
        if not left[~self.kind.given(question).reshape(-1)].any(1).all():
            return  # some cell has no candidate
        network = np.take_along_axis(outcome.probabilities, self.cover.tokens.astype(np.int64), 1).astype(np.float64)
        beliefs = np.where(left, network, 0)
        beliefs = (1 - SPREAD) * _shares(beliefs) + SPREAD * _shares(left)
        doubt = _binary_entropy(beliefs)
        self._nodes.append(
            _Node(
                pins=pins,
                parent=parent,
                candidate=candidate,
                settled=settled,
                beliefs=beliefs.reshape(-1) ** TRUST,
                worth=self.cover.settled(doubt).reshape(-1),
                evidence=np.zeros(beliefs.size),
            )
        )

    def _beliefs(self) -> tuple[np.ndarray, np.ndarray]:
        """Of each node its candidates' beliefs, evidence included [nodes, L K], 0 where given or closed, and the
        probability that its pins are right [nodes]."""
        evidence = np.array([node.evidence for node in self._nodes])
        for index, node in enumerate(self._nodes):
            if node.parent >= 0:
                evidence[index] += evidence[node.parent]
        beliefs = self.cover.fitted(np.array([node.beliefs for node in self._nodes]) * np.exp(evidence))
        right = np.ones(len(self._nodes))
        for index, node in enumerate(self._nodes):
            if node.parent >= 0:
                right[index] = right[node.parent] * beliefs[node.parent, node.candidate]
        return beliefs, right

    def _solving(self, settled: np.ndarray) -> np.ndarray:
        """The chance that right pins which settle so many nats solve the puzzle."""
        posterior = np.exp(self._hardness - self._hardness.max())
        nats = np.geomspace(1e-2, 1e4, 256)
        chance: np.ndarray = np.interp(settled, nats, _logistic(nats) @ (posterior / posterior.sum()))
        return chance

    def _failed(self, index: int, candidate: int, telling: float, beliefs: np.ndarray) -> None:
        """A run with a pin on ``candidate`` of node ``index`` failed, as right pins do with 1 - ``telling``."""
        share = 1.0  # the probability that all pins further down are right, if this one is
        while index >= 0:
            node = self._nodes[index]
            node.evidence[candidate] += np.log1p(-telling * share)
            share *= float(beliefs[index, candidate])
            index, candidate = node.parent, node.candidate


def contradictions(kind: PuzzleKind, question: np.ndarray, outcome: Outcome) -> int:
    """How often the cells above `CONFIDENT` break the rules, if they are taken for given.

    Counted are cells whose symbol another such cell holds in the same unit, open cells that are left without a
    candidate, and symbols that are left without a place in a unit.
    """
    sure = np.where(outcome.confidence > CONFIDENT, outcome.tokens, question)
    cover = Cover.of(kind, question)
    holds = cover.tokens == sure.reshape(-1, 1)
    possible = (cover.open(kind, sure) | holds).reshape(-1)
    return int(kind.check_question(sure).offending.sum() + (~possible[cover.members].any(1)).sum())


def with_pins(question: np.ndarray, pins: tuple[Pin, ...]) -> np.ndarray:
    filled = question.copy()
    for row, column, token in pins:
        filled[row, column] = token
    return filled


def _shares(counts: np.ndarray) -> np.ndarray:
    """Rows scaled to sum to one; rows of zeros stay."""
    shares: np.ndarray = counts / np.maximum(counts.sum(-1, keepdims=True), 1e-9)
    return shares


def _binary_entropy(p: np.ndarray) -> np.ndarray:
    nats: np.ndarray = -(p * np.log(np.maximum(p, 1e-12)) + (1 - p) * np.log1p(-np.minimum(p, 1 - 1e-12)))
    return nats


def _logistic(settled: np.ndarray | float) -> np.ndarray:
    """The chance of solving for each hardness [..., hardness values]."""
    chance: np.ndarray = 1 / (1 + (HARDNESS / np.maximum(np.asarray(settled)[..., None], 1e-3)) ** STEEPNESS)
    return chance
