"""What a training run leaves in its folder, while it goes on or when it is over."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

METRICS, RECIPE, CHECKPOINT = "metrics.jsonl", "recipe.json", "checkpoint"  # as `training.run_folder` lays them out
CARD = "README.md"  # what is written last of a checkpoint
PIECE = 1 << 20  # bytes read at a time, so that a long run does not hold up the screen
DEPTH = 3  # folders below the one that is named in which runs are looked for: a comparison's are two below
MOST_FOLDERS = 2000  # that are looked into
SILENT = 120.0  # seconds without a figure after which a run no longer counts as live

Record = dict[str, Any]


def is_run(path: Path) -> bool:
    """Whether ``path`` is the folder of a training run, begun or finished."""
    return (path / RECIPE).is_file() or (path / METRICS).is_file()


def runs_below(folder: Path) -> list[Path]:
    """The folders of runs in ``folder``, at most `DEPTH` below it, by name; itself, if it is one."""
    return sorted(_runs_below(folder))


def _runs_below(top: Path) -> Iterator[Path]:
    level, looked = [top], 0
    for _ in range(DEPTH + 1):
        below: list[Path] = []
        for folder in level:
            looked += 1
            if is_run(folder):
                yield folder
            elif looked <= MOST_FOLDERS:
                below += _folders(folder)
        level = below


def _folders(folder: Path) -> list[Path]:
    """Those in ``folder`` that are not hidden; none if it cannot be read."""
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir()]
    except OSError:
        return []


class Metrics:
    """The records of a ``metrics.jsonl`` that another process writes.

    ``records`` holds every whole line so far; a resumed run takes back those that it does again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: list[Record] = []
        self.there = False
        self.written = 0.0  # time of the last change
        self._file = 0  # inode: a resumed run replaces the file
        self._offset = 0
        self._rest = b""

    def read(self) -> bool:
        """Take in what is new, at most `PIECE` bytes; whether there was anything."""
        try:
            with self.path.open("rb") as file:
                status = self.path.stat()
                again = status.st_ino != self._file or status.st_size < self._offset
                if again:
                    self.records, self._rest = [], b""
                    self._file, self._offset = status.st_ino, 0
                file.seek(self._offset)
                piece = file.read(PIECE)
        except OSError:
            there, self.there = self.there, False
            return there
        self.there, self.written = True, status.st_mtime
        self._offset += len(piece)
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.records += [record for line in lines if (record := _record(line))]
        return again or bool(piece)

    def series(self, key: str) -> list[float]:
        """The values of ``key``, NaN where a record has none."""
        return [number(record.get(key)) for record in self.records]


class Run:
    """A training run in its folder, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.metrics = Metrics(path / METRICS)
        self.recipe: Record = {}

    def read(self) -> bool:
        """Take in what is new, as `Metrics.read`."""
        self.recipe = self.recipe or recipe_of(self.path)
        return self.metrics.read()

    @property
    def name(self) -> str:
        return str(self.recipe.get("name", self.path.name))

    @property
    def state(self) -> str:
        """What it does, in a word or two."""
        records = self.metrics.records
        if not self.path.is_dir():
            return "its folder is gone" if records else "waiting for it to begin"
        if self.progress >= 1:
            return "finished"
        if not records:
            return "no figures yet"
        silent = time.time() - self.metrics.written
        return f"stopped? no news for {duration(silent)}" if silent > SILENT else "training"

    @property
    def progress(self) -> float:
        """The share of it that is done, NaN if not known."""
        records = self.metrics.records
        return number(records[-1].get("progress")) if records else math.nan

    def last(self, key: str) -> float:
        """The value of ``key`` that was reported last, NaN if there is none."""
        values = (number(record.get(key)) for record in reversed(self.metrics.records))
        return next((value for value in values if not math.isnan(value)), math.nan)


def duration(seconds: float) -> str:
    """Such as "48 s", "66 min" or "5.2 h"."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 100 * 60 else f"{seconds / 3600:.1f} h"


def _record(line: bytes) -> Record | None:
    """None for a line that a killed process has left, or that is none of ours."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("step"), int) else None


def number(value: Any) -> float:
    """NaN for what is none, or none that a float can hold."""
    try:
        return float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return math.nan


def section(recipe: Record, name: str) -> Record:
    """A part of a recipe; empty if it has none."""
    part = recipe.get(name)
    return part if isinstance(part, dict) else {}


def recipe_of(run: Path) -> Record:
    """The recipe of a run; empty while it is missing or half-written."""
    try:
        document = json.loads((run / RECIPE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def stamp(folder: Path) -> tuple[int, ...]:
    """Another one for every checkpoint that is saved in ``folder``; empty if there is none."""
    try:
        status = (folder / CARD).stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_ino
