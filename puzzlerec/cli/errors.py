"""How a command ends: the exit statuses, and errors put into words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

SOLVED, UNSOLVED, UNUSABLE, INTERRUPTED, PIPE_CLOSED = 0, 1, 2, 130, 141

STATUSES = """\b
Exit status:
  0    everything is solved
  1    it ran, but something is unsolved or cannot be solved
  2    wrong usage, or an input, model or setting that cannot be used; this
       wins over 1, because a part of the work was never tried
  130  interrupted; what was done by then is printed
  129, 141, 143  the terminal was closed, whoever reads the answers has had
       enough, or SIGTERM: 128 + the signal"""


class CommandError(Exception):
    """What went wrong and what to do about it, in one or two sentences for the user."""


def assumed(notes: Sequence[str], file: str | Path) -> list[str]:
    """What was assumed in reading a file, as sentences that name it."""
    return [f"{'standard input' if str(file) == '-' else file}: {note}" for note in notes]


def in_words(error: Exception) -> str:
    """What a user should read of ``error``, without a traceback."""
    kind = type(error)
    if kind.__module__.partition(".")[0] == "puzzlerec":  # the project's own errors are written for users
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror or error}."
    if isinstance(error, OSError) and error.strerror:  # of a stream: standard output on a full disk
        return f"{error.strerror}."
    message = " ".join(str(error).split())
    return f"{kind.__name__}: {message or 'no message'} (--debug shows where)"
