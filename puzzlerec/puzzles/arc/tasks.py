"""ARC tasks and the JSON that they are published as: ``{"train": [{"input": [[0, 1], ...], ...}, ...], "test": ...}``.

A *grid* is here a ``uint8`` array ``[H, W]`` of colours 0 to 9, 1x1 to 30x30.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from puzzlerec.puzzles.arc.augmentation import SEPARATOR
from puzzlerec.puzzles.arc.canvas import COLOURS, SIDE
from puzzlerec.puzzles.base import PuzzleError


@dataclass(frozen=True, eq=False)
class Pair:
    """An input and its output, None where that is not known."""

    input: np.ndarray  # [H, W] uint8 colours
    output: np.ndarray | None

    @property
    def known(self) -> np.ndarray:
        """The output. Raises `PuzzleError` if it is not known."""
        if self.output is None:
            raise PuzzleError("The output of this pair is not known.")
        return self.output


@dataclass(frozen=True, eq=False)
class Task:
    """One ARC task."""

    id: str  # "007bbfb7", the name of its file
    demonstrations: tuple[Pair, ...]  # JSON's "train"; all outputs are known
    tests: tuple[Pair, ...]
    source: str = ""  # the file that it comes from


def is_task(text: str) -> bool:
    """Whether ``text`` looks like the JSON of ARC tasks; it may be malformed."""
    start = text.lstrip()[:2000]
    return start.startswith("{") and re.search(r'"(train|test|input|output)"', start) is not None


def holds_tasks(path: Path) -> bool:
    """Whether ``path`` looks like a file of tasks, or a folder of them."""
    try:
        if path.is_dir():
            return any(path.rglob("*.json"))
        with path.open(encoding="utf-8-sig", errors="replace") as stream:
            return is_task(stream.read(2000))
    except (OSError, ValueError):
        return False


def parse_task(text: str, source: str = "", id: str = "") -> Task:
    """The task in a JSON text. Its id is the name of the file ``source`` if none is given.

    Raises `PuzzleError` with the place of what is wrong. A test pair may lack its output.
    """
    return _task(_document(text, source), id or Path(source).stem or "task", source)


def parse_tasks(text: str, source: str = "", faults: list[PuzzleError] | None = None) -> list[Task]:
    """The tasks in a JSON text: one, or an object of tasks by their ids, as Kaggle's ``*_challenges.json`` has them.

    Raises `PuzzleError`; of an object of tasks with ``faults`` those that are faulty are left out, and added to them.
    """
    document = _document(text, source)
    if not isinstance(document, dict) or not document or {"train", "test"} & document.keys():
        return [_task(document, Path(source).stem or "task", source)]
    tasks = []
    for key, value in document.items():
        try:
            tasks.append(_task(value, key, source, f"task {key}"))
        except PuzzleError as fault:
            if faults is None or not isinstance(value, dict):  # an object of other things is no file of tasks
                raise
            faults.append(fault)
    return tasks


def parse_solutions(text: str, source: str = "") -> dict[str, list[np.ndarray]]:
    """The outputs of each task's tests, by its id, from the JSON of Kaggle's ``*_solutions.json``."""
    document = _document(text, source)
    if not isinstance(document, dict) or not all(isinstance(grids, list) for grids in document.values()):
        raise PuzzleError("Solutions are an object with a list of grids for each task's id.", source=source)
    return {
        key: [grid_of(grid, f"task {key}, test {number}", source) for number, grid in enumerate(grids, 1)]
        for key, grids in document.items()
    }


def format_task(task: Task) -> str:
    """The task as JSON text, on one line: ``parse_task(format_task(t), id=t.id)`` is ``t``."""
    document = {
        "train": [_pair_document(pair) for pair in task.demonstrations],
        "test": [_pair_document(pair) for pair in task.tests],
    }
    return json.dumps(document)


def _pair_document(pair: Pair) -> dict[str, list[list[int]]]:
    output = {} if pair.output is None else {"output": pair.output.tolist()}
    return {"input": pair.input.tolist(), **output}


def attempts(tries: Sequence[np.ndarray]) -> dict[str, list[list[int]]]:
    """The tries at a test as Kaggle's ``submission.json`` has them: two, the second like the first where there is one.

    ``[[0]]`` where there is none.
    """
    grids = [grid.tolist() for grid in tries[:2]] or [[[0]]]
    return {"attempt_1": grids[0], "attempt_2": grids[-1]}


def parse_grid(text: str) -> np.ndarray:
    """The grid that one JSON list of rows holds. Raises `PuzzleError`."""
    return grid_of(_document(text, ""))


def _document(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise PuzzleError(
            f"This is no JSON: {error.msg}.", source=source, line=error.lineno, column=error.colno
        ) from None
    except (RecursionError, ValueError):  # nested thousands deep; an integer of thousands of digits
        raise PuzzleError("This JSON is no ARC task.", source=source) from None


def _task(document: Any, id: str, source: str, place: str = "") -> Task:
    if not id.isprintable() or SEPARATOR in id or not id:
        raise PuzzleError(f"{id!r} cannot be a task's id; give it a name of plain characters.", source=source)
    start = f"{place}: " if place else ""
    if not isinstance(document, dict):
        raise PuzzleError(f"{start}An ARC task is an object with the keys 'train' and 'test'.", source=source)
    pairs: dict[str, tuple[Pair, ...]] = {}
    for key in ("train", "test"):
        if key not in document:
            raise PuzzleError(f"{start}The task has no {key!r}; it needs 'train' and 'test'.", source=source)
        if not isinstance(document[key], list):
            raise PuzzleError(f"{start}{key!r} should be a list of pairs.", source=source)
        where = f"{place}, {key}" if place else key
        pairs[key] = tuple(
            _pair(pair, f"{where} {number}", source, key == "test") for number, pair in enumerate(document[key], 1)
        )
    if not pairs["train"]:
        raise PuzzleError(f"{start}The task has no demonstrations: 'train' is empty.", source=source)
    return Task(id, pairs["train"], pairs["test"], source)


def _pair(document: Any, place: str, source: str, may_be_open: bool) -> Pair:
    if not isinstance(document, dict):
        raise PuzzleError(f"{place}: A pair is an object with the keys 'input' and 'output'.", source=source)
    if "input" not in document:
        raise PuzzleError(f"{place}: The pair has no 'input'.", source=source)
    output = document.get("output")
    if output is None and not may_be_open:
        raise PuzzleError(f"{place}: The pair has no 'output'.", source=source)
    return Pair(
        grid_of(document["input"], f"{place}, input", source),
        None if output is None else grid_of(output, f"{place}, output", source),
    )


def grid_of(rows: Any, place: str = "", source: str = "") -> np.ndarray:
    """The grid [H, W] uint8 that JSON's lists hold. Raises `PuzzleError`, which says that it is in ``place``."""

    def wrong(message: str) -> PuzzleError:
        return PuzzleError(f"{place}: {message}" if place else message, source=source)

    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise wrong("A grid is a list of rows, which are lists of colours.")
    if not rows or not rows[0]:
        raise wrong("The grid is empty.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise wrong(
                f"Row {number} has {count_of_cells(len(row))}, row 1 has {len(rows[0])}; all rows must be equally long."
            )
    if max(len(rows), len(rows[0])) > SIDE:
        raise wrong(f"The grid is {len(rows)}x{len(rows[0])}; at most {SIDE} rows and {SIDE} columns are possible.")
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row, 1):
            if type(cell) is not int or not 0 <= cell < COLOURS:
                value = json.dumps(cell)
                value = value if len(value) <= 20 else f"{value[:20]}..."
                raise wrong(f"Row {number}, column {column} holds {value}; colours are whole numbers from 0 to 9.")
    return np.array(rows, np.uint8)


def count_of_cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"
