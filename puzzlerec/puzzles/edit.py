"""How a puzzle of a kind is typed, cell by cell: data and NumPy alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BLANK_KEYS, DELETE, BACKSPACE = (" ", ".", "0"), ("delete",), ("backspace",)


@dataclass(frozen=True)
class Key:
    """What a key puts into the cell at the cursor."""

    names: tuple[str, ...]  # characters, or the names of keys that have none
    about: str  # in words; keys that do the same are listed once
    token: int
    other: int | None = None  # what a cell gets that holds the token already
    go: int = 0  # cells that the cursor goes on afterwards, in reading order
    alone: bool = False  # whether the token stands but once: where it was, the cell becomes empty
    shown: str = ""  # how the keys that do the same are called together, such as "1-9"


@dataclass(frozen=True, eq=False)
class Editing:
    """Typed as characters, until a kind says more."""

    name: str  # of the kind, as a heading has it
    keys: tuple[Key, ...]
    fill: int  # the token of an empty cell
    shape: tuple[int, int]  # of a new puzzle
    layout: str = "line"  # in which the puzzle is written
    sizes: tuple[int, int] | None = None  # the fewest and the most rows and columns; None: they cannot be changed
    counts: bool = False  # whether solutions should be counted: no solution is no puzzle
    sound: str = ""  # what is said of a sound puzzle, with its facts in braces
    draws: str = ""  # what shift and an arrow key do, in words; "": nothing
    drawn: tuple[int, ...] = ()  # the tokens that these draw on with; other cells draw empty ones

    @classmethod
    def of(cls, name: str, vocabulary: tuple[str, ...], shape: tuple[int, int], layout: str) -> Editing:
        """Each token of a vocabulary by its character; the first after padding is that of an empty cell."""
        keys = [Key((character,), "Token, go on", token, go=1) for token, character in enumerate(vocabulary) if token]
        return cls(name, (*keys, *clearing(1)), fill=1, shape=shape, layout=layout)

    def empty(self, shape: tuple[int, int]) -> np.ndarray:
        """[H, W] uint8: a question to begin with."""
        return np.full(shape, self.fill, np.uint8)

    def put(self, question: np.ndarray, cell: tuple[int, int], key: Key) -> np.ndarray:
        """The question with what the key puts into ``cell``."""
        changed = question.copy()
        if key.alone:
            changed[changed == key.token] = self.fill
        again = key.other is not None and question[cell] == key.token
        changed[cell] = key.other if again else key.token
        return changed

    def draw(self, question: np.ndarray, cell: tuple[int, int], to: tuple[int, int]) -> np.ndarray:
        """The question after drawing on from ``cell`` to its neighbour ``to``."""
        changed = question.copy()
        changed[to] = question[cell] if question[cell] in self.drawn else self.fill
        return changed

    def resized(self, question: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """The question with rows and columns cut off, or with empty ones behind it."""
        changed = np.full(shape, self.fill, np.uint8)
        kept = tuple(slice(min(old, new)) for old, new in zip(question.shape, shape, strict=True))
        changed[kept] = question[kept]
        return changed


def clearing(token: int) -> tuple[Key, Key]:
    """The keys that make a cell empty, in place and going back."""
    return Key(DELETE, "Clear", token), Key(BACKSPACE, "Clear, go back", token, go=-1)
