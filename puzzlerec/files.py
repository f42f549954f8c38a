"""Files: replaced as a whole or not at all, and told apart by how they begin."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HDF5 = b"\x89HDF\r\n\x1a\n"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to. When the block ends well that file becomes ``path``, else it is removed."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def typed(text: str | Path) -> Path:
    """The path that a user typed, ``~`` being their home; ``~nobody`` is taken as it stands."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_hdf5(path: Path) -> bool:
    """Whether the file begins as HDF5 does; a file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(HDF5)) == HDF5
    except OSError:
        return False
