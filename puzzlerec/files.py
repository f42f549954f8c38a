"""Files: replaced as a whole or not at all, and told apart by how they begin."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HDF5 = b"\x89HDF\r\n\x1a\n"

# what only writing can come to: no space, no quota, a file that may not grow, a disk that may not be written to
_UNWRITABLE = {errno.ENOSPC, errno.EFBIG, errno.EROFS, getattr(errno, "EDQUOT", errno.ENOSPC)}


class UnwritableError(OSError):
    """A file that cannot be written: which, and why."""

    def __str__(self) -> str:
        return f"{self.filename} cannot be written: {self.strerror}."


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path to write to. When the block ends well what is there becomes ``path``, else it is removed.

    It is a file beside ``path``, or beside what that links to, so that readers see the old content or the new one. What
    is there and no regular file, such as a pipe or ``/dev/null``, is not replaced: it is written to. Leftovers of
    processes that were killed are removed. Raises `UnwritableError` for what the file system refuses.
    """
    path = Path(path)
    try:
        with _beside(path.resolve()) if _is_regular(path) else _written_through(path) as partial:
            yield partial
    except OSError as error:
        if error.errno in _UNWRITABLE or error.filename in (str(path), str(_partial(path.resolve()))):
            raise UnwritableError(error.errno, error.strerror, str(path)) from error
        raise


def write(path: Path, content: str | bytes) -> None:
    """Make ``content`` (text as UTF-8) that of the file ``path``, as `replacing` has it."""
    with replacing(path) as partial:
        partial.write_bytes(content if isinstance(content, bytes) else content.encode())


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    partial = _partial(path)
    _clear(path)
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _written_through(path: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / path.name
        yield whole
        with whole.open("rb") as content, path.open("wb") as stream:
            shutil.copyfileobj(content, stream)


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}")


def _is_regular(path: Path) -> bool:
    """Whether ``path`` is a file that can be replaced, or nothing yet."""
    try:
        return stat.S_ISREG(path.stat().st_mode) or path.is_dir()
    except FileNotFoundError:
        return True


def _clear(target: Path) -> None:
    """Remove what processes left beside ``target`` that were killed as they wrote it."""
    leftover = re.compile(rf"\.{re.escape(target.name)}\.(\d+)")
    with suppress(OSError):
        for other in target.parent.iterdir():
            if (match := leftover.fullmatch(other.name)) and not _is_at_work(int(match[1])):
                other.unlink()


def _is_at_work(process: int) -> bool:
    """Whether there is such a process; on Windows a file that one writes cannot be removed in any case."""
    if sys.platform == "win32":
        return False
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True


def typed(text: str | Path) -> Path:
    """The path that a user typed, ``~`` being their home; ``~nobody`` is taken as it stands."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_file(path: Path) -> bool:
    """Whether there is such a file, and it may be seen; a name that no file can have has none."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_dir(path: Path) -> bool:
    """The same of a folder."""
    try:
        return path.is_dir()
    except OSError:
        return False


def shorten(name: str, most: int = 80) -> str:
    """A name as a sentence can take it."""
    return name if len(name) <= most else f"{name[: most // 2]}…{name[-most // 2 :]}"


def is_hdf5(path: Path) -> bool:
    """Whether the file begins as HDF5 does; a file that cannot be read does not."""
    try:
        with path.open("rb") as file:
            return file.read(len(HDF5)) == HDF5
    except OSError:
        return False


def shipped(installed: str, checked_out: str = "") -> tuple[Path, Path]:
    """Where what comes with the package lies: as it is called in an installed wheel, and in a checkout."""
    package = Path(__file__).resolve().parent
    return package / installed, package.parent / (checked_out or installed)
