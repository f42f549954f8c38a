"""The command line: one command a file."""

import os

# Threads that share a product wait for each other by spinning, which beside other busy processes costs many times the
# work itself. For OpenMP (GNU's library, the one in torch for Linux) a thirtieth of the usual patience is as fast on
# idle cores. The products that NumPy computes here are too small to be shared. Both are read when the libraries are
# first imported, so this comes before all else; whoever has set them keeps what they set.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from puzzlerec.cli.app import app, main

__all__ = ["app", "main"]
