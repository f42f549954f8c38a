"""Mazes that somebody may have generated, one at a time: all kinds, each of any size and length."""

from __future__ import annotations

from puzzlerec.puzzles.choices import Choice, Field

_FIELDS = (Field("size", "rows", 20), Field("moves", "moves", None, ", {} moves or more"))
_KINDS = {
    "random": "random walls, few or many",
    "depth-first": "one way between any two cells, long corridors",
    "prim": "one way between any two cells, many short dead ends",
    "kruskal": "one way between any two cells, by joining trees",
    "wilson": "one way between any two cells, all such mazes equally likely",
    "rooms": "rooms with doors",
    "open": "hardly any walls",
    "spiral": "one corridor that winds inwards",
}

CHOICES = (
    Choice("Maze", "with a long path", "maze-{size}x{size}", fields=_FIELDS, label="Maze {size}x{size}"),
    *(
        Choice(f"Maze, {kind}", about, "maze-{size}x{size}", {"kind": kind}, _FIELDS, f"Maze {{size}}x{{size}}, {kind}")
        for kind, about in _KINDS.items()
    ),
)
