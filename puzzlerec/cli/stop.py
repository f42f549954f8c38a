"""Ctrl-C in a training."""

from __future__ import annotations

import signal
from contextlib import suppress

from puzzlerec.cli.terminal import messages
from puzzlerec.signals import ENDING


class Stop:
    """Within it, Ctrl-C, SIGTERM and SIGHUP ask a run to stop after its step; a second one interrupts at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def _ask(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        with suppress(OSError):  # the terminal may be gone
            messages.note("Stopping after this step, and saving …")

    def __enter__(self) -> Stop:
        numbers = [n for n in ENDING if signal.getsignal(n) is not signal.SIG_IGN]
        self._old = {number: signal.signal(number, self._ask) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)
