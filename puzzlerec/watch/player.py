"""Where the playback stands: a position among steps that may still be growing in number, moved by a clock."""

from __future__ import annotations

import time
from collections.abc import Callable

SPEEDS = (0.5, 1, 2, 4, 8, 16, 32, 64)  # steps a second


class Player:
    """``position`` is an index from 0 into ``length`` steps, -1 while there are none.

    Playing goes on at the end as long as more steps are to come (``growing``), then stops.
    """

    def __init__(self, speed: float = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self.length = 0
        self.position = -1
        self.playing = False
        self.growing = False
        self._clock = clock
        self._since = clock()  # when the step that is shown should have come

    def start(self) -> None:
        """Play from the beginning what is yet to be computed."""
        self.length, self.position, self.playing, self.growing = 0, -1, True, True
        self._since = self._clock() - 1 / self.speed  # the first step is shown at once

    def grow(self, length: int, growing: bool) -> None:
        """There are ``length`` steps by now, and more to come if ``growing``."""
        self.length, self.growing = length, growing
        self.position = min(self.position, length - 1)
        if not self.playing and self.position < 0 < length:
            self.position = 0

    def advance(self) -> bool:
        """Let the clock move the position; returns whether it did."""
        if not self.playing:
            return False
        now = self._clock()
        due = int((now - self._since) * self.speed + 1e-9)
        moved = min(due, self.length - 1 - self.position)
        self.position += moved
        if moved < due:  # waiting for the next step, which is shown as soon as it is there
            self._since = now - 1 / self.speed
            self.playing = self.growing
        else:
            self._since += due / self.speed
        return moved > 0

    def toggle(self) -> None:
        """Play or pause; at the end, play from the beginning."""
        if self.playing:
            self.playing = False
            return
        if self.position >= self.length - 1 and not self.growing:
            self.position = min(0, self.length - 1)
        self.playing = True
        self._since = self._clock()

    def seek(self, position: int) -> None:
        """Go there, or as near as there are steps, and stay."""
        self.position = max(min(position, self.length - 1), min(0, self.length - 1))
        self.playing = False

    def move(self, steps: int) -> None:
        self.seek(self.position + steps)

    def change_speed(self, by: int) -> None:
        """The next faster (1) or slower (-1) of `SPEEDS`."""
        nearest = min(range(len(SPEEDS)), key=lambda index: abs(SPEEDS[index] - self.speed))
        self.speed = SPEEDS[max(0, min(nearest + by, len(SPEEDS) - 1))]
        self._since = self._clock()
