"""A dataset that is to be made, whatever makes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

Progress = Callable[[int], None]  # is told how many more rows there are


@dataclass(frozen=True)
class Making:
    """A dataset that is to be made."""

    path: Path
    rows: int  # about
    write: Callable[[Progress], str]  # writes the file and returns its SHA-256
    remarks: Sequence[str] = ()  # what else there is to say when it is made
