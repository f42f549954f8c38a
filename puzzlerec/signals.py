"""Signals that end a program: Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# of these every system has its own
ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Waiting:
    """Within it signals that end a program wait; their handlers run at its end, or within `act`."""

    def __init__(self) -> None:
        self._handlers: dict[int, Any] = {}
        self._came: list[int] = []

    def __enter__(self) -> Waiting:
        self._hold()
        return self

    def __exit__(self, *error: object) -> None:
        self._release()

    @contextmanager
    def act(self) -> Iterator[None]:
        try:
            self._release()
            yield
        finally:
            self._hold()

    @contextmanager
    def wait(self) -> Iterator[None]:
        try:
            self._hold()
            yield
        finally:
            self._release()

    def _hold(self) -> None:
        if threading.current_thread() is threading.main_thread():  # of all threads signals interrupt only this one
            for number in ENDING:
                handler = signal.getsignal(number)
                if callable(handler) and handler != self._note:
                    self._handlers[number] = handler
                    signal.signal(number, self._note)

    def _release(self) -> None:
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers.clear()
        while self._came:
            signal.raise_signal(self._came.pop())

    def _note(self, number: int, frame: object) -> None:
        self._came.append(number)
