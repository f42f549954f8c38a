"""What tests of all folders share."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest


@pytest.fixture
def in_the_foreground() -> Iterator[None]:
    """Signals as a terminal's programs have them: what `nohup` or `&` starts ignores them, by design of the product."""
    usual = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    before = {
        number: signal.signal(number, usual[name])
        for name in usual
        if (number := getattr(signal, name, None)) is not None  # Windows has no SIGHUP
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
