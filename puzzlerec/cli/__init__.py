"""The command line: one command a file."""

import os

# OpenMP's threads wait for each other by spinning: beside other busy processes that costs many times the work itself.
# This is read when torch is first imported, so it comes before all else; whoever has set it keeps what they set.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from puzzlerec.cli.app import app, main

__all__ = ["app", "main"]
