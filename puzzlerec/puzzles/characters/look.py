"""Lines of characters to look at: a prompt, and what comes after it up to its end."""

from __future__ import annotations

import numpy as np

from puzzlerec.puzzles.characters.tokens import FIRST
from puzzlerec.puzzles.look import Look


class LineLook(Look):
    """Of lines that end at the first token which is no character of theirs."""

    def written(self, tokens: np.ndarray) -> int:
        stop = np.flatnonzero(tokens.reshape(-1) < FIRST)
        return int(stop[0]) if stop.size else tokens.size
