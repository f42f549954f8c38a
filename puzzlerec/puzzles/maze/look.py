"""Mazes to look at: walls fill their cells, the path is a line from S to G that glows."""

from __future__ import annotations

from puzzlerec.puzzles.look import TILES, Look


def maze_look(characters: tuple[str, ...], *, wall: int, free: int, ends: tuple[int, int], path: int) -> Look:
    """``characters`` [V] and the tokens that they stand for; ``ends`` are start and goal."""
    return Look(
        characters,
        answers=(free, path),
        names=("?", "wall", "free", "start", "goal", "path"),
        tiles=TILES,
        small=(2, 1),
        line=path,
        ends=ends,
        solid=wall,
        heat=path,
        heat_words="path",
        one_truth=False,  # there are many shortest paths
    )
