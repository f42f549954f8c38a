"""The command line: one command a file."""

import os

# OpenMP's threads wait for each other by spinning, by default so long that beside other busy processes it costs many
# times the work itself; on idle cores a thirtieth of that is as fast (GNU's library, the one in torch for Linux).
# It is read when torch is first imported, so it comes before all else; whoever has set it keeps what they set.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")

from puzzlerec.cli.app import app, main

__all__ = ["app", "main"]
