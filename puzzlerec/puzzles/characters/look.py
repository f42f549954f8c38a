"""Lines of characters to look at: a prompt, and what comes after it up to its end."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from puzzlerec.puzzles.look import Look


@dataclass(frozen=True, eq=False, kw_only=True)
class LineLook(Look):
    """Of lines whose tokens from ``first`` on are characters; those before end them."""

    first: int

    def written(self, tokens: np.ndarray) -> int:
        stop = np.flatnonzero(tokens.reshape(-1) < self.first)
        return int(stop[0]) if stop.size else tokens.size
