"""HDF5 files, written so that a full disk is an error and no crash."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import h5py

from puzzlerec.files import replacing


@contextmanager
def writing(path: Path) -> Iterator[tuple[h5py.File, Callable[[], None]]]:
    """An HDF5 file that becomes ``path`` when the block ends well, as `puzzlerec.files.replacing` has it.

    With it comes a function that raises the OSError of what could not be written so far: whoever has long to write
    calls it now and then. It is called once more at the end, which raises `puzzlerec.files.UnwritableError`.
    """
    with replacing(path) as partial, _Sink(partial) as sink:
        try:
            with h5py.File(sink, "w") as file:
                yield file, sink.check
        finally:
            sink.check()  # whatever else HDF5 ran into came of it


class _Sink(FileIO):
    """A file that keeps its first error to itself: HDF5 crashes as it closes what it could not write."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self._error: OSError | None = None

    def write(self, content: Any) -> int:
        left = memoryview(content).cast("B")
        length = len(left)
        try:
            while left and not self._error:
                left = left[super().write(left) :]
        except OSError as error:
            self._error = error
        return length

    def truncate(self, size: int | None = None) -> int:
        try:
            return super().truncate(size)
        except OSError as error:
            self._error = self._error or error
            return size or 0

    def check(self) -> None:
        if self._error:
            raise self._error
