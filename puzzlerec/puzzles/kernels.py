"""What the generators' compiled code shares: random numbers and sets of 64-bit keys.

A generator's whole randomness is one ``uint64 [1]`` array, so the same seed makes the same puzzles on every machine.
"""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def mix(z: np.uint64, salt: int) -> np.uint64:
    """A well-spread 64-bit hash of ``z`` (the finaliser of splitmix64)."""
    z = (z + np.uint64(salt)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@njit(cache=True)
def random_bits(rng: np.ndarray) -> np.uint64:
    """64 random bits; advances ``rng``."""
    rng[0] += np.uint64(0x9E3779B97F4A7C15)
    return mix(rng[0], 0)


@njit(cache=True)
def below(rng: np.ndarray, bound: int) -> int:
    """A random integer from 0 to ``bound - 1``."""
    scaled = (random_bits(rng) >> np.uint64(32)) * np.uint64(bound) >> np.uint64(32)
    return np.int64(scaled)  # type: ignore[return-value]  # an int once compiled


@njit(cache=True)
def uniform(rng: np.ndarray) -> float:
    """A random number from [0, 1)."""
    return np.float64(random_bits(rng) >> np.uint64(11)) * 2.0**-53


@njit(cache=True)
def shuffle_numbers(rng: np.ndarray, order: np.ndarray) -> None:
    """Fills ``order`` with 0, 1, ... in random order."""
    for i in range(order.size):
        j = below(rng, i + 1)
        order[i] = order[j]
        order[j] = i


@njit(cache=True)
def hash_rows(rows: np.ndarray) -> np.ndarray:
    """A uint64 hash of each row of ``rows`` (uint8 [n, L])."""
    hashes = np.zeros(rows.shape[0], np.uint64)
    for i in range(rows.shape[0]):
        for value in rows[i]:
            hashes[i] = mix(hashes[i], value)
    return hashes


@njit(cache=True)
def insert(table: np.ndarray, key: np.uint64) -> bool:
    """Adds ``key`` to the hash set ``table`` (uint64 [a power of two], 0 where empty). False if it was there."""
    mask = np.uint64(table.size - 1)
    at = key & mask
    while table[at] != 0:
        if table[at] == key:
            return False
        at = (at + np.uint64(1)) & mask
    table[at] = key
    return True


@njit(cache=True)
def _insert_all(table: np.ndarray, keys: np.ndarray, new: np.ndarray) -> None:
    for i in range(keys.size):
        new[i] = insert(table, keys[i])


@njit(cache=True)
def _contains_all(table: np.ndarray, keys: np.ndarray, known: np.ndarray) -> None:
    mask = np.uint64(table.size - 1)
    for i in range(keys.size):
        at = keys[i] & mask
        while table[at] != 0 and table[at] != keys[i]:
            at = (at + np.uint64(1)) & mask
        known[i] = table[at] != 0


class KeySet:
    """A set of 64-bit hashes in 16 to 32 bytes a key, which is what makes sets of millions of puzzles cheap."""

    def __init__(self) -> None:
        self._table = np.zeros(1 << 12, np.uint64)
        self._size = 0

    def add(self, keys: np.ndarray) -> np.ndarray:
        """Adds ``keys`` (uint64 [n]); True where a key was not there before, nor earlier in ``keys``."""
        if 2 * (self._size + keys.size) > self._table.size:
            old = self._table[self._table != 0]
            capacity = self._table.size
            while 2 * (self._size + keys.size) > capacity:
                capacity *= 2
            self._table = np.zeros(capacity, np.uint64)
            _insert_all(self._table, old, np.empty(old.size, np.bool_))
        new = np.empty(keys.size, np.bool_)
        _insert_all(self._table, keys, new)
        self._size += int(new.sum())
        return new

    def has(self, keys: np.ndarray) -> np.ndarray:
        """True where a key is there."""
        known = np.empty(keys.size, np.bool_)
        _contains_all(self._table, keys, known)
        return known
