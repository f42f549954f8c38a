"""A command under torchrun: its processes share the work, and the leading one speaks for all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from puzzlerec.cli.terminal import messages
from puzzlerec.processes import Processes, launched


@contextmanager
def together() -> Iterator[Processes]:
    """The processes of this command. While the block runs all but the leading one are silent."""
    with Processes(*launched()) as processes:
        if processes.leads:
            yield processes
            return
        messages.muted = True
        with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
            yield processes
