"""The dataset store: one HDF5 file a dataset, read in slices, written in pieces, proved by a hash.

Groups are splits ("train", "test"; "asked", whose answers are not all known), each with the columns

    inputs      uint8 [N, L]    questions as tokens, L = H * W, row-major
    labels      uint8 [N, L]    answers as tokens
    puzzle_ids  int32 [N]       which puzzle embedding a row takes; 0 where there is but one
    group_ids   int32 [N]       rows with the same number are copies of one puzzle
    ratings     float32 [N]     difficulty, where there is a measure of it

and the file's attributes say what the rows are and how to make them again: `Attributes`. Where puzzle ids stand for
something, the root holds

    identifiers fixed-length UTF-8 [I]   the name of each puzzle id; 0 is "<blank>"

The SHA-256 is that of the columns' own SHA-256 digests, split by split in the order above, the identifiers last; it
depends on the content alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import h5py
import numpy as np

from puzzlerec import hdf5
from puzzlerec.files import is_hdf5
from puzzlerec.puzzles.generator import DatasetError

FORMAT_VERSION = 2
SPLITS = ("train", "test", "asked")
COLUMNS = {"inputs": np.uint8, "labels": np.uint8, "puzzle_ids": np.int32, "group_ids": np.int32, "ratings": np.float32}
_CHUNK_BYTES = 1 << 16
_PIECE = 8192  # rows that are hashed or copied at a time
_ID_PIECE = 1 << 18  # the same for puzzle ids and their names
_IDENTIFIERS = "identifiers"


@dataclass(frozen=True)
class Attributes:
    """What a dataset is and how it came about."""

    puzzle: str  # a puzzle kind's name
    shape: tuple[int, int]  # of the grid
    vocabulary: tuple[str, ...]  # the character of each token
    generator: str
    seed: int
    settings: dict[str, Any] = field(default_factory=dict)  # the generator's; JSON


@dataclass(frozen=True)
class Rows:
    """Some rows of a split, in memory."""

    inputs: np.ndarray  # [n, L] uint8
    labels: np.ndarray  # [n, L] uint8
    puzzle_ids: np.ndarray  # [n] int32
    group_ids: np.ndarray  # [n] int32
    ratings: np.ndarray | None = None  # [n] float32

    def __len__(self) -> int:
        return len(self.inputs)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Whatever HDF5 raises as it reads is a `DatasetError`: it has many names for damage."""
    try:
        yield
    except DatasetError:
        raise
    except Exception as error:
        raise DatasetError(f"{path} is damaged ({error}); build it again.") from None


class Column:
    """One column of a split on disk: slice it to read, or name rows in order. What is damaged is a `DatasetError`.

    With ``numbers`` [n], in order, those rows are all that there is.
    """

    def __init__(self, column: h5py.Dataset, path: Path, numbers: np.ndarray | None = None) -> None:
        self._column, self._path, self._numbers = column, path, numbers

    def __len__(self) -> int:
        return len(self._column if self._numbers is None else self._numbers)

    def __getitem__(self, rows: Any) -> Any:
        with _sound(self._path):
            return self._column[rows if self._numbers is None else self._numbers[rows]]


class Split:
    """The rows of one split on disk."""

    inputs: Column  # [N, L] uint8
    labels: Column  # [N, L] uint8
    puzzle_ids: Column  # [N] int32
    group_ids: Column  # [N] int32
    ratings: Column | None  # [N] float32

    def __init__(self, group: h5py.Group, path: Path, numbers: np.ndarray | None = None) -> None:
        self._group, self._path, self._numbers = group, path, numbers
        for name in COLUMNS:
            column = group.get(name)
            setattr(self, name, None if column is None else Column(column, path, numbers))

    def __len__(self) -> int:
        return len(self.inputs)

    def read(self, start: int = 0, stop: int | None = None) -> Rows:
        """Rows ``start`` to ``stop`` (the end if None) as NumPy arrays."""
        ratings = None if self.ratings is None else self.ratings[start:stop]
        rows = slice(start, stop)
        return Rows(self.inputs[rows], self.labels[rows], self.puzzle_ids[rows], self.group_ids[rows], ratings)

    def part(self, numbers: np.ndarray) -> Split:
        """These rows alone, which are named in order."""
        if self._numbers is not None:
            numbers = self._numbers[numbers]
        return Split(self._group, self._path, numbers)

    def copies(self, most: int | None) -> Split:
        """Of each group the rows of its first puzzle id, the puzzle as it is, and of ``most`` others, all if None."""
        if most is None:
            return self
        groups, ids = self.group_ids[:], self.puzzle_ids[:]
        new_group = np.diff(groups, prepend=-1) != 0
        copy = np.cumsum(new_group | (np.diff(ids, prepend=-1) != 0))
        starts = np.flatnonzero(new_group)
        first = np.repeat(copy[starts], np.diff(starts, append=len(ids)))
        return self.part(np.flatnonzero(copy - first <= most))

    def first_groups(self, most: int | None) -> Split:
        """The rows of the first ``most`` groups, of all if None."""
        if most is None:
            return self
        number = np.cumsum(np.diff(self.group_ids[:], prepend=-1) != 0)
        return self.part(np.flatnonzero(number <= most))

    def pieces(self, rows: int = _PIECE) -> Iterator[Rows]:
        """All rows, ``rows`` at a time."""
        for start in range(0, len(self), rows):
            yield self.read(start, start + rows)


class Dataset:
    """A dataset file, open for reading; a context manager.

    ``puzzle``, ``shape``, ``vocabulary``, ``generator``, ``settings`` and ``seed`` are as in `Attributes`; ``sha256``
    is what the file says of itself, which `verify` proves.
    """

    def __init__(self, path: Path, file: h5py.File, attributes: Attributes, sha256: str) -> None:
        self.path, self.attributes, self.sha256 = path, attributes, sha256
        self.puzzle, self.shape, self.vocabulary = attributes.puzzle, attributes.shape, attributes.vocabulary
        self.generator, self.settings, self.seed = attributes.generator, attributes.settings, attributes.seed
        self._file = file

    @classmethod
    def open(cls, path: Path | str) -> Dataset:
        """Raises `DatasetError` if the file is missing, cut short, of another kind or of another format version."""
        path = Path(path)
        if not path.is_file():
            raise DatasetError(f"There is no dataset {path}. puzzlerec data build makes one.")
        try:
            file = h5py.File(path, "r")
        except OSError as error:
            if is_hdf5(path):
                raise DatasetError(f"{path} is cut short or damaged ({error}); build it again.") from None
            raise DatasetError(f"{path} is no HDF5 file; datasets are made by puzzlerec data build.") from None
        try:
            with _sound(path):
                attributes, sha256 = _read_attributes(path, file)
                _check_columns(path, file, attributes)
        except BaseException:
            file.close()
            raise
        return cls(path, file, attributes, sha256)

    @property
    def identifiers(self) -> Any:
        """The name of each puzzle id, as an h5py view: slice it for strings. None where ids have no names."""
        return self._file[_IDENTIFIERS].asstr() if _IDENTIFIERS in self._file else None

    @cached_property
    def puzzle_id_count(self) -> int:
        """How many embeddings the puzzle ids need: one more than the highest, or one a name where ids have names."""
        if _IDENTIFIERS in self._file:
            return len(self._file[_IDENTIFIERS])
        columns = [split.puzzle_ids for split in self.splits.values()]
        pieces = (column[start : start + _ID_PIECE] for column in columns for start in range(0, len(column), _ID_PIECE))
        return max((int(piece.max()) for piece in pieces), default=0) + 1

    @property
    def splits(self) -> dict[str, Split]:
        return {name: Split(self._file[name], self.path) for name in SPLITS if name in self._file}

    def split(self, name: str) -> Split:
        """The rows of "train" or "test". Raises `DatasetError` if there are none."""
        if name not in self.splits:
            raise DatasetError(f"{self.path} has no split {name!r}; it has {' and '.join(self.splits)}.")
        return self.splits[name]

    def verify(self) -> None:
        """Raises `DatasetError` if the content is not what was written."""
        digest = _ContentHash()
        with _sound(self.path):
            for name, split in self.splits.items():
                for rows in split.pieces():
                    digest.update(name, rows)
            for start in range(0, self.puzzle_id_count if self.identifiers is not None else 0, _ID_PIECE):
                digest.update_identifiers(self._file[_IDENTIFIERS][start : start + _ID_PIECE])
        if digest.hexdigest() != self.sha256:
            raise DatasetError(
                f"{self.path} has changed since it was written: its content's SHA-256 is {digest.hexdigest()}, "
                f"not {self.sha256}. Build it again."
            )

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Dataset:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def write_dataset(
    path: Path | str,
    splits: Mapping[str, Iterable[Rows]],
    attributes: Attributes,
    identifiers: Iterable[np.ndarray] = (),
) -> str:
    """Writes the pieces of each split, in the mapping's order, and returns the SHA-256 of the content.

    ``identifiers`` are pieces too: arrays [n] of UTF-8 bytes, all of one dtype ``S<length>``, from puzzle id 0 on.
    The file is written beside ``path`` and renamed when complete: whatever happens, ``path`` is the old file or the
    new one.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = _ContentHash()
    with hdf5.writing(path) as (file, piece):
        for name, pieces in splits.items():
            if name not in SPLITS:
                raise DatasetError(f"A split is called {', '.join(SPLITS)}, not {name!r}.")
            with piece():
                group = file.create_group(name)
            for rows in pieces:
                with piece():
                    _append(group, rows, attributes.shape[0] * attributes.shape[1])
                digest.update(name, rows)
        for names in identifiers:
            with piece():
                _append_identifiers(file, names)
            digest.update_identifiers(names)
        with piece():
            file.attrs["format_version"] = FORMAT_VERSION
            hdf5.put_text(file, "puzzle", attributes.puzzle)
            file.attrs["shape"] = np.array(attributes.shape, np.int64)
            hdf5.put_text(file, "vocabulary", json.dumps(attributes.vocabulary, ensure_ascii=False))
            hdf5.put_text(file, "generator", attributes.generator)
            hdf5.put_text(file, "settings", json.dumps(attributes.settings, sort_keys=True))
            file.attrs["seed"] = attributes.seed
            hdf5.put_text(file, "sha256", digest.hexdigest())
    return digest.hexdigest()


class _ContentHash:
    """SHA-256 over columns that arrive a piece at a time, a split after the other."""

    def __init__(self) -> None:
        self._columns = {(split, name): hashlib.sha256() for split in SPLITS for name in COLUMNS}
        self._seen: set[tuple[str, str]] = set()
        self._identifiers: Any = None

    def update(self, split: str, rows: Rows) -> None:
        for name, dtype in COLUMNS.items():
            column = getattr(rows, name)
            if column is not None:
                little_endian = np.ascontiguousarray(column, np.dtype(dtype).newbyteorder("<"))
                self._columns[split, name].update(little_endian.tobytes())
                self._seen.add((split, name))

    def update_identifiers(self, names: np.ndarray) -> None:
        self._identifiers = self._identifiers or hashlib.sha256()
        self._identifiers.update(names.tobytes())

    def hexdigest(self) -> str:
        whole = hashlib.sha256()
        for (split, name), column in self._columns.items():
            if (split, name) in self._seen:
                whole.update(f"{split} {name} {column.hexdigest()}\n".encode())
        if self._identifiers is not None:
            whole.update(f"{_IDENTIFIERS} {self._identifiers.hexdigest()}\n".encode())
        return whole.hexdigest()


def _append(group: h5py.Group, rows: Rows, length: int) -> None:
    for name, dtype in COLUMNS.items():
        column = getattr(rows, name)
        if column is None:
            continue
        tail = (length,) if name in ("inputs", "labels") else ()
        if column.shape != (len(rows), *tail):
            raise ValueError(f"{name} has the shape {column.shape} instead of {(len(rows), *tail)}")
        if name not in group:
            chunk = max(1, _CHUNK_BYTES // (np.dtype(dtype).itemsize * (length if tail else 1)))
            group.create_dataset(
                name, (0, *tail), dtype, maxshape=(None, *tail), chunks=(chunk, *tail), compression="gzip", shuffle=True
            )
        dataset = group[name]
        dataset.resize(dataset.shape[0] + len(rows), axis=0)
        dataset[dataset.shape[0] - len(rows) :] = column


def _append_identifiers(file: h5py.File, names: np.ndarray) -> None:
    if _IDENTIFIERS not in file:
        text = h5py.string_dtype("utf-8", names.dtype.itemsize)
        chunks = (max(1, _CHUNK_BYTES // names.dtype.itemsize),)
        file.create_dataset(_IDENTIFIERS, (0,), text, maxshape=(None,), chunks=chunks, compression="gzip")
    dataset = file[_IDENTIFIERS]
    dataset.resize(len(dataset) + len(names), axis=0)
    dataset[len(dataset) - len(names) :] = names.astype(dataset.dtype)


def _read_attributes(path: Path, file: h5py.File) -> tuple[Attributes, str]:
    try:
        version = file.attrs.get("format_version")
        version = None if version is None else int(version)
    except (TypeError, ValueError, RuntimeError, OSError):
        version = None
    if version is None:
        raise DatasetError(f"{path} is an HDF5 file but no dataset of puzzlerec: it has no format version.")
    if version != FORMAT_VERSION:
        raise DatasetError(
            f"{path} has format version {version}; this program reads {FORMAT_VERSION}. "
            + ("Build it again." if version < FORMAT_VERSION else "Use a newer puzzlerec.")
        )
    try:
        height, width = (int(side) for side in file.attrs["shape"])
        if min(height, width) < 1:
            raise ValueError(f"a shape of {height}x{width}")
        attributes = Attributes(
            puzzle=hdf5.text_of(file, "puzzle"),
            shape=(height, width),
            vocabulary=tuple(json.loads(hdf5.text_of(file, "vocabulary"))),
            generator=hdf5.text_of(file, "generator"),
            seed=int(file.attrs["seed"]),
            settings=dict(json.loads(hdf5.text_of(file, "settings"))),
        )
        return attributes, hdf5.text_of(file, "sha256")
    except (KeyError, ValueError, TypeError, OverflowError, RecursionError, RuntimeError, OSError) as error:
        raise DatasetError(f"{path} has unusable attributes ({error}); build it again.") from None


def _check_columns(path: Path, file: h5py.File, attributes: Attributes) -> None:
    length = attributes.shape[0] * attributes.shape[1]
    present = [name for name in SPLITS if _has(file, name)]
    if not present:
        raise DatasetError(f"{path} holds neither {' nor '.join(SPLITS)}.")
    if _has(file, _IDENTIFIERS):
        _member(path, file, _IDENTIFIERS, h5py.Dataset)
    for split in present:
        group = _member(path, file, split, h5py.Group)
        rows = _member(path, group, "inputs", h5py.Dataset).shape[:1]
        for name, dtype in COLUMNS.items():
            if name == "ratings" and not _has(group, name):
                continue
            column = _member(path, group, name, h5py.Dataset)
            shape = (*rows, length) if name in ("inputs", "labels") else rows
            if column.shape != shape or column.dtype != dtype:
                raise DatasetError(
                    f"{path}: {split}/{name} is {column.dtype} {list(column.shape)} instead of "
                    f"{np.dtype(dtype)} {list(shape)}; build it again."
                )


def _has(group: h5py.Group, name: str) -> bool:
    """Whether there is anything of this name, be it a link that leads nowhere."""
    return group.get(name, getlink=True) is not None


def _member(path: Path, group: h5py.Group, name: str, kind: type[hdf5.Member]) -> hdf5.Member:
    place = f"{group.name}/{name}".strip("/")
    try:
        return hdf5.member(group, name, kind)
    except KeyError:
        raise DatasetError(f"{path} has no {place}; build it again.") from None
    except (ValueError, RuntimeError, OSError) as error:
        raise DatasetError(f"{path}: {place}: {error}; build it again.") from None
