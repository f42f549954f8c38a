"""Lines in box-drawing characters: the frame between regions of a grid, and the path through a maze.

A character is chosen by its openings, the sum of the sides on which its line goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8  # openings
LIGHT = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
ROUND = " ╵╷│╴╯╮┤╶╰╭├─┴┬┼"
HEAVY = " ╹╻┃╸┛┓┫╺┗┏┣━┻┳╋"
PLAIN = " |||-+++-+++-+++"


def codes(characters: str | Sequence[str]) -> np.ndarray:
    """[N] uint32: the code points of N characters."""
    return np.array([ord(character) for character in characters], "<u4")


def openings(drawn: np.ndarray) -> np.ndarray:
    """[H, W] int: on which sides each cell of a line, given as ``drawn`` [H, W] bool, has a neighbour on it."""
    around = np.pad(drawn, 1)
    up, down, left, right = around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:]
    sides: np.ndarray = UP * up + DOWN * down + LEFT * left + RIGHT * right
    return sides


def borders(regions: np.ndarray, ruled: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Where a line is between cells of different ``regions`` [H, W] and around all: nowhere if there is one region.

    ``beside`` [H, W + 1] bool: on the left of each column and on the right of the last; ``between`` [H + 1, W]: above
    each row and below the last, or nowhere unless ``ruled``.
    """
    if regions.min() == regions.max():
        height, width = regions.shape
        return np.zeros((height, width + 1), bool), np.zeros((height + 1, width), bool)
    around = np.pad(regions.astype(int), 1, constant_values=-1)
    return around[1:-1, 1:] != around[1:-1, :-1], (around[1:, 1:-1] != around[:-1, 1:-1]) & ruled


@dataclass(frozen=True, eq=False)
class Places:
    """Where the cells of a row (or a column) of a grid stand, and the lines between them, in characters."""

    starts: np.ndarray  # [n], the first character of each cell
    edges: np.ndarray  # [n + 1], the place before each cell and behind the last: a line, or where the next cell starts
    ends: np.ndarray  # [n], behind the line after each cell, or behind the cell where there is none
    length: int

    @classmethod
    def of(cls, lined: np.ndarray, tile: float, gap: int = 0) -> Places:
        """``lined`` [n + 1] bool: before which cells of ``tile`` characters there is a line, and ``gap`` spaces."""
        room = lined * (1 + gap)
        before = np.cumsum(room)
        exact = before - room + tile * np.arange(len(lined))
        edges = exact.astype(int)
        return cls((edges + room)[:-1], edges, (edges + lined)[1:], int(np.ceil(exact[-1]) + lined[-1]))


def places(regions: np.ndarray, tile: tuple[float, float], gap: int = 0, ruled: bool = True) -> tuple[Places, Places]:
    """Of rows and of columns, in tiles of w x h characters with ``gap`` spaces behind each line downwards.

    ``ruled`` is as in `borders`. A tile may be a part of a character; several cells then stand at the same place.
    """
    beside, between = borders(regions, ruled)
    width, height = tile
    return Places.of(np.any(between, axis=1), height), Places.of(np.any(beside, axis=0), width, gap)


def frame(regions: np.ndarray, rows: Places, columns: Places, ruled: bool = True) -> np.ndarray:
    """[lines, columns] int: the openings of the lines between ``regions``, 0 where there is no line."""
    drawn = np.zeros((rows.length, columns.length), bool)
    beside, between = borders(regions, ruled)
    down, across = rows.edges, columns.edges
    for row, column in np.argwhere(beside):
        drawn[down[row] : rows.ends[row], across[column]] = True
    for row, column in np.argwhere(between):
        drawn[down[row], across[column] : columns.ends[column]] = True
    return np.where(drawn, openings(drawn) if ruled else UP | DOWN, 0)
