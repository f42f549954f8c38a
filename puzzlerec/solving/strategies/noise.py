"""Random starts: Gaussian noise on the model's first states."""

from __future__ import annotations

from puzzlerec.solving.strategies.base import Attempt, Strategy


class Noise(Strategy, name="noise"):
    """Every attempt starts somewhere else."""

    def next(self, number: int) -> Attempt | None:
        return self.attempt(number, "random start", noise=self.task.start_noise)
