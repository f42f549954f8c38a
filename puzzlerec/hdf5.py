"""HDF5 files: written so that a full disk is an error and no crash, read so that they cost no more than they hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from puzzlerec.files import replacing
from puzzlerec.signals import Waiting

MOST_OF_A_BYTE = 1100  # bytes that gzip packs into one: 1032 at most, and what a chunk is rounded up by
ONE_CHUNK = 1 << 20


@contextmanager
def writing(path: Path) -> Iterator[tuple[h5py.File, Callable[[], AbstractContextManager[None]]]]:
    """An HDF5 file that becomes ``path`` when the block ends well, as `puzzlerec.files.replacing` has it.

    With it comes a context that everything is written in, a piece at a time. It raises the OSError of what could not
    be written so far, and lets Ctrl-C and its like wait: HDF5 crashes where one of them reaches into its writing. An
    error at the end is a `puzzlerec.files.UnwritableError`.
    """
    with replacing(path) as partial, _Sink(partial) as sink, Waiting() as signals:
        file = h5py.File(sink, "w", libver="latest")

        @contextmanager
        def piece() -> Iterator[None]:
            with signals.wait():
                yield
                sink.check()

        try:
            with signals.act():
                yield file, piece
        finally:
            try:
                file.close()
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


def put_text(holder: h5py.File | h5py.Group, name: str, text: str) -> None:
    """Make ``text`` an attribute, as the bytes of its UTF-8.

    HDF5's own strings lie in a heap, and a damaged one can keep it reading for ever.
    """
    holder.attrs[name] = np.frombuffer(text.encode(), np.uint8)


def text_of(holder: h5py.File | h5py.Group, name: str) -> str:
    """The text that `put_text` wrote. Raises KeyError where there is none and ValueError for what is no text."""
    if name not in holder.attrs:
        raise KeyError(f"{name} is missing")
    kept = holder.attrs.get_id(name)
    if kept.dtype != np.uint8 or len(kept.shape) != 1:
        raise ValueError(f"{name} is no text")
    return bytes(holder.attrs[name]).decode()


Member = TypeVar("Member", h5py.Group, h5py.Dataset)


def member(group: h5py.Group, name: str, kind: type[Member]) -> Member:
    """The group or the array ``name`` of ``group``, which must lie in the file itself.

    An array's numbers must be there as well, or not be claimed: gzip makes the most of nothing, but no more. Raises
    KeyError for what is missing and ValueError for what is something else.
    """
    link = group.get(name, getlink=True)
    if link is None:
        raise KeyError(f"{name} is missing")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{name} is a link out of its place")
    found = group[name]
    if not isinstance(found, kind):
        raise ValueError(f"{name} is no {kind.__name__.lower()}")
    if isinstance(found, h5py.Dataset):
        if found.external or found.is_virtual:
            raise ValueError(f"{name} lies in other files")
        if found.shape is None or found.nbytes > MOST_OF_A_BYTE * found.id.get_storage_size() + ONE_CHUNK:
            raise ValueError(f"{name} claims more than the file holds")
    return found
