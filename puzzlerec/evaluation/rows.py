"""What puzzles have shown, kept in a file line by line: an evaluation that was interrupted goes on from there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from filelock import FileLock, Timeout
from pydantic import TypeAdapter, ValidationError

from puzzlerec.evaluation.tally import PuzzleResult

LONGEST = 1 << 24  # bytes of a line; the longest are those with the path of a first pass


class RowsError(ValueError):
    """A file of rows that cannot be used: why, and what to do."""


class RowsFile:
    """JSON lines: the first says what is measured, and each other one what one puzzle has shown, in their order.

    Whole batches are appended, so that what comes after them is the same as if nobody had interrupted: batches are cut
    as before. The rest of one that was cut short is dropped. As a context it is claimed: nobody else writes to it.
    """

    def __init__(self, path: Path, of: Mapping[str, Any], batch: int) -> None:
        """``of`` says what is measured, as plain data: what the figures depend on."""
        self.path, self.batch = path, batch
        self.of: dict[str, Any] = json.loads(json.dumps(of))
        self._lock = FileLock(path.with_name(f".{path.name}.lock"), timeout=0)
        self._unwritten: list[PuzzleResult] = []

    def known(self) -> Iterator[PuzzleResult]:
        """What the file holds already; it is begun if there is none. Raises `RowsError` if it is of something else."""
        if not self.path.exists():
            self.path.write_text(json.dumps(self.of) + "\n", encoding="utf-8")
            return
        with self.path.open("r+b") as file:
            self._require_ours(file.readline(LONGEST))
            together: list[PuzzleResult] = []
            whole = file.tell()
            for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), 2):
                if not line.endswith(b"\n") and len(line) < LONGEST:  # cut short
                    break
                together.append(self._read(number, line))
                if len(together) == self.batch:
                    yield from together
                    together, whole = [], file.tell()
            file.truncate(whole)

    def add(self, one: PuzzleResult) -> None:
        """The next puzzle's; it is written when its batch is complete."""
        self._unwritten.append(one)
        if len(self._unwritten) == self.batch:
            self.flush()

    def flush(self) -> None:
        """Write what is not written yet, as at the end, where the last batch may be a smaller one."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write("".join(json.dumps(vars(one)) + "\n" for one in self._unwritten))
        self._unwritten.clear()

    def __enter__(self) -> Self:
        try:
            self._lock.acquire()
        except Timeout:
            raise RowsError(f"Another evaluation writes to {self.path}: wait for it, or name another file.") from None
        return self

    def __exit__(self, *error: object) -> None:
        self._lock.release()

    def _require_ours(self, line: bytes) -> None:
        try:
            theirs = json.loads(line)
        except ValueError:
            theirs = None
        if not isinstance(theirs, dict):
            raise RowsError(f"{self.path} holds something else than rows of an evaluation: name another file.")
        for name in self.of.keys() | theirs.keys():
            ours, other = self.of.get(name), theirs.get(name)
            if ours != other:
                raise RowsError(
                    f"{self.path} has rows with {name} {json.dumps(other)}, not {json.dumps(ours)}: name another file."
                )

    def _read(self, number: int, line: bytes) -> PuzzleResult:
        try:
            return _RESULT.validate_json(line)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"]))
            raise RowsError(
                f"{self.path}:{number}: this is no puzzle's row ({where}: {fault['msg']}). To go on from what stands "
                "before it, remove the lines from there on."
            ) from None


_RESULT = TypeAdapter(PuzzleResult)


def fingerprint(*files: Path) -> str:
    """SHA-256 of the files' content, one after another."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
    return digest.hexdigest()
