"""Ctrl-C in a training."""

from __future__ import annotations

import signal

from puzzlerec.cli.terminal import messages


class Stop:
    """Within it, Ctrl-C and SIGTERM ask a run to stop after its step; a second one interrupts at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def _ask(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        messages.note("Stopping after this step, and saving …")

    def __enter__(self) -> Stop:
        self._old = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
