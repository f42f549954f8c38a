"""puzzlerec from Python.

>>> import puzzlerec
>>> answer = puzzlerec.solve("53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79")
>>> answer.verdict.solved, answer.text
(True, '534678912672195348198342567859761423426853791713924856961537284287419635345286179')
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, overload

import numpy as np
import torch

from puzzlerec.puzzles import KINDS, Puzzle, PuzzleError, PuzzleKind, get, read
from puzzlerec.session import Session
from puzzlerec.solving import frames
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.solver import Solver, fit
from puzzlerec.solving.trace import Recorder, Trace, TraceError
from puzzlerec.solving.trace import load as load_traces

Source = str | Path | np.ndarray | Puzzle
Model = str | Path | Solver


def load(name_or_path: str | Path = "sudoku", device: str | torch.device = "auto") -> Solver:
    """The solver of a shipped model, of a run or of a checkpoint's folder.

    A model is loaded once and shared, by `solve` and `refine` too. Raises
    `puzzlerec.models.checkpoint.CheckpointError`, and ValueError for a device that is not here.
    """
    return _session(str(device)).solver(name_or_path)


@overload
def solve(
    puzzles: Puzzle, model: Model | None = None, *, device: str | torch.device = "auto", **settings: Any
) -> Answer: ...


@overload
def solve(
    puzzles: Path | Sequence[Source],
    model: Model | None = None,
    *,
    device: str | torch.device = "auto",
    **settings: Any,
) -> list[Answer]: ...


@overload
def solve(
    puzzles: str | np.ndarray, model: Model | None = None, *, device: str | torch.device = "auto", **settings: Any
) -> Answer | list[Answer]: ...


def solve(
    puzzles: Source | Sequence[Source],
    model: Model | None = None,
    *,
    device: str | torch.device = "auto",
    **settings: Any,
) -> Answer | list[Answer]:
    """The answer to one puzzle, or the list of answers to several, each with the rules' verdict.

    ``puzzles`` is

    - text that holds one puzzle or more, in any form that `puzzlerec.puzzles.read` knows,
    - a `pathlib.Path` of a file of puzzles: always a list,
    - an array: [H, W] is one puzzle, [B, H, W] are several. Sudokus are digits, 0 for a blank; mazes are tokens
      (1 wall, 2 free, 3 start, 4 goal),
    - a `Puzzle`, or a sequence of any of these: a list.

    ``model`` is a solver or what `load` takes, by default the model of the puzzle's kind (`default_model`).
    ``settings`` are those of `SolveSettings`, such as ``attempts=64``. Raises `PuzzleError` for what cannot be read.

    >>> import numpy as np
    >>> grid = np.zeros((9, 9), int)
    >>> grid[0] = range(1, 10)
    >>> puzzlerec.solve(grid, attempts=4).attempts <= 4
    True
    """
    found, single = _puzzles(puzzles, model.kind if isinstance(model, Solver) else None)
    chosen = SolveSettings(**settings)
    answers: dict[int, Answer] = {}
    for kind in {puzzle.kind: None for puzzle in found}:
        places = [place for place, puzzle in enumerate(found) if puzzle.kind == kind]
        solver = _solver_for(kind, model, device)
        answers.update(zip(places, solver.solve([found[place] for place in places], chosen), strict=True))
    return answers[0] if single else [answers[place] for place in range(len(found))]


def refine(
    puzzles: Source | Sequence[Source],
    model: Model | None = None,
    *,
    steps: int | None = None,
    start_noise: float = 0.0,
    seed: int = 0,
    device: str | torch.device = "auto",
) -> Iterator[Frame]:
    """The frames of one pass over ``puzzles`` (as for `solve`, all of one kind), B of them side by side.

    Also called ``puzzlerec.refine``. Frames are as large as the largest puzzle, or as the
    model's grid where that is fixed: a smaller maze sits in the top left corner.

    >>> [frame.tokens.shape for frame in puzzlerec.refine("12" + 14 * ".", steps=2)]
    [(1, 4, 4), (1, 4, 4)]
    """
    found, _ = _puzzles(puzzles, model.kind if isinstance(model, Solver) else None)
    kinds = list(dict.fromkeys(puzzle.kind for puzzle in found))
    if not kinds:
        raise PuzzleError("There are no puzzles to refine.")
    if len(kinds) > 1:
        raise PuzzleError(f"Frames are of puzzles of one kind, not of {' and '.join(kind.name for kind in kinds)}.")
    solver = _solver_for(kinds[0], model, device)
    refined = solver.model_for(kinds[0])
    return frames.refine(
        refined,
        [fit(puzzle.question, refined.config) for puzzle in found],
        steps=steps,
        puzzle_ids=[puzzle.puzzle_id for puzzle in found],
        start_noise=start_noise,
        seed=seed,
        device=solver.device,
    )


def trace(puzzle: Source, model: Model | None = None, *, device: str | torch.device = "auto", **settings: Any) -> Trace:
    """One puzzle, solved as by `solve`, with every step of every attempt; a notebook shows a slider along them.

    >>> traced = puzzlerec.trace("1234341221434...")
    >>> traced.answer.verdict.solved, [frame.step for frame in traced.runs[0].frames]
    (True, [1])
    """
    found, _ = _puzzles(puzzle, model.kind if isinstance(model, Solver) else None)
    if len(found) != 1:
        raise PuzzleError(f"A trace is of one puzzle, not of {len(found)}.")
    solver, chosen = _solver_for(found[0].kind, model, device), SolveSettings(**settings)
    recorder = Recorder(solver.name, chosen, found)
    (answer,) = solver.solve(found, chosen, recorder)
    return recorder.trace(0, answer)


def load_trace(path: str | Path, number: int = 1) -> Trace:
    """A solve that ``puzzlerec solve --trace`` or `puzzlerec.solving.trace.save` has saved: that of puzzle ``number``.

    Raises `puzzlerec.solving.trace.TraceError`.
    """
    traces = load_traces(path)
    if not 1 <= number <= len(traces):
        raise TraceError(f"There is no trace {number} in {path}: the last one is {len(traces)}.")
    return traces[number - 1]


def read_puzzles(source: Source | Sequence[Source], kind: PuzzleKind | None = None) -> list[Puzzle]:
    """All puzzles in what `solve` takes, read as ``kind`` where it does not say itself. Raises `PuzzleError`."""
    return _puzzles(source, kind)[0]


def _solver_for(kind: PuzzleKind, model: Model | None, device: str | torch.device) -> Solver:
    if isinstance(model, Solver):
        model.model_for(kind)
        return model
    return _session(str(device)).solver_for(kind, model)


@cache
def _session(device: str) -> Session:
    return Session(device)


def _puzzles(source: Source | Sequence[Source], kind: PuzzleKind | None) -> tuple[list[Puzzle], bool]:
    """The puzzles in ``source`` and whether it stands for a single one."""
    if isinstance(source, Puzzle):
        return [source], True
    if isinstance(source, str | Path):
        reading = read(source if isinstance(source, Path) else io.StringIO(source), kind)
        if reading.errors:
            raise reading.errors[0]
        return reading.puzzles, isinstance(source, str) and len(reading.puzzles) == 1
    if isinstance(source, np.ndarray):
        if source.ndim not in (2, 3) or 0 in source.shape[-2:]:
            raise PuzzleError(f"An array of puzzles is [H, W] or [B, H, W], not {list(source.shape)}.")
        if source.dtype.kind not in "biuf":
            raise PuzzleError(f"An array of puzzles holds numbers, not {source.dtype}.")
        grids = source if source.ndim == 3 else source[None]
        return [_from_array(grid, kind) for grid in grids], source.ndim == 2
    if not isinstance(source, Iterable):
        raise PuzzleError(f"Puzzles are text, a path, arrays or a sequence of these, not {type(source).__name__}.")
    found = [puzzle for part in source for puzzle in _puzzles(part, kind)[0]]
    if not found:
        raise PuzzleError("There are no puzzles to solve.")
    return found, False


def _from_array(grid: np.ndarray, kind: PuzzleKind | None) -> Puzzle:
    kind = kind or next((one for one in KINDS.values() if one.shape == grid.shape), get("maze"))
    return Puzzle(kind, kind.from_array(grid))
