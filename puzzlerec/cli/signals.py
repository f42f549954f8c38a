"""What the signals that end a program do to a command."""

from __future__ import annotations

import signal
import sys

from puzzlerec.signals import ENDING


class Unwinding:
    """Lets such a signal end the process as an error would, so that what was begun is cleaned up.

    Ctrl-C is a KeyboardInterrupt as ever; of the others the exit status is 128 + signal.
    """

    def __init__(self) -> None:
        self._asked: int | None = None

    def install(self) -> None:
        """A signal that the process was told to ignore, as by nohup, is left alone."""
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._ask)

    def _ask(self, number: int, frame: object) -> None:
        self._asked = number
        self.check()

    def check(self) -> None:
        """Raise what a signal asked for. Long work calls it: an exception out of a destructor comes to nothing."""
        if self._asked == signal.SIGINT:
            raise KeyboardInterrupt
        if self._asked is not None:
            sys.exit(128 + self._asked)


unwinding = Unwinding()
