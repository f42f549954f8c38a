"""What each checkpoint of a run makes of the same puzzles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle, Verdict, get
from puzzlerec.watch.making import make
from puzzlerec.watch.run_files import Record

if TYPE_CHECKING:
    from puzzlerec.models.system import System
    from puzzlerec.solving.frames import Frame

PUZZLES = 12  # that every checkpoint solves
POOL = 600  # puzzles among which those are looked for that a checkpoint gets wrong


@dataclass(frozen=True, eq=False)
class Snapshot:
    """What one checkpoint makes of the puzzles."""

    step: int  # of the run, 0 if not known
    frames: list[Frame]  # B = 1, the last of each puzzle
    verdicts: list[Verdict]

    @property
    def solved(self) -> int:
        return sum(verdict.solved for verdict in self.verdicts)

    @property
    def in_order(self) -> float:
        """The share of the cells that break no rule."""
        return 1 - float(np.mean([verdict.offending.mean() for verdict in self.verdicts]))


class Exhibit:
    """Some puzzles, and what each checkpoint of a run has made of them."""

    def __init__(self, puzzles: list[Puzzle], snapshots: Sequence[Snapshot] = ()) -> None:
        self.puzzles = puzzles
        self.snapshots = list(snapshots)
        self.stamp: tuple[int, ...] = ()  # of the checkpoint that was solved with last
        self.answers: list[np.ndarray | None] = [None] * len(puzzles)

    def find_answers(self) -> None:
        """The exact ones, where they can be had. May take seconds."""
        self.answers = [puzzle.kind.truth(puzzle.question) for puzzle in self.puzzles]


async def puzzles_of(recipe: Record) -> list[Puzzle]:
    """Puzzles of a run's test set, at most `POOL`, or new ones from its generator where the set is not here.

    Raises `PuzzleError`, OSError, KeyError, TypeError or ValueError for what is no recipe of puzzles that can be had.
    """
    puzzles = await asyncio.to_thread(test_puzzles, recipe)
    return puzzles or (await make(recipe["data"]["name"], {}, seed=0))[:POOL]


def test_puzzles(recipe: Record) -> list[Puzzle]:
    """The first puzzles of the run's test set; none if its file is not here."""
    from puzzlerec.data.building import default_path
    from puzzlerec.data.store import Dataset
    from puzzlerec.puzzles.generator import DatasetError

    data, kind = recipe["data"], get(recipe["model"]["puzzle"])
    wanted = {key: data[key] for key in ("train", "test", "seed")}
    try:
        with Dataset.open(data.get("file") or default_path(data["name"], **wanted)) as dataset:
            if (dataset.puzzle, dataset.shape) != (kind.name, tuple(recipe["model"]["grid"])):
                return []
            rows = dataset.split("test").read(0, POOL)
            return [
                Puzzle(kind, question.reshape(dataset.shape), source=dataset.path.name, line=number, puzzle_id=int(row))
                for number, (question, row) in enumerate(zip(rows.inputs, rows.puzzle_ids, strict=True), 1)
            ]
    except DatasetError:
        return []


def snapshot(folder: Path, puzzles: list[Puzzle], device: str, cancelled: Callable[[], bool]) -> Snapshot | None:
    """What the checkpoint in ``folder`` makes of ``puzzles``; None as soon as it is ``cancelled``.

    Raises `CheckpointError`, also for one that is just being written.
    """
    model, step = _loaded(folder, device)
    made = _solved(model, puzzles, cancelled)
    return Snapshot(step, *made) if made else None


def still_wrong(
    folder: Path, pool: list[Puzzle], device: str, cancelled: Callable[[], bool], told: Callable[[int, int], None]
) -> Exhibit | None:
    """The first `PUZZLES` of ``pool`` that the checkpoint in ``folder`` does not solve, with what it makes of them.

    ``told`` hears, as it goes on, how many are found among how many. None as soon as it is ``cancelled``.
    Raises `CheckpointError`.
    """
    model, step = _loaded(folder, device)
    puzzles: list[Puzzle] = []
    frames: list[Frame] = []
    verdicts: list[Verdict] = []
    for start in range(0, len(pool), PUZZLES):
        part = pool[start : start + PUZZLES]
        made = _solved(model, part, cancelled)
        if made is None:
            return None
        for puzzle, frame, verdict in zip(part, *made, strict=True):
            if not verdict.solved and len(puzzles) < PUZZLES:
                puzzles.append(puzzle)
                frames.append(frame)
                verdicts.append(verdict)
        told(len(puzzles), start + len(part))
        if len(puzzles) == PUZZLES:
            break
    return Exhibit(puzzles, [Snapshot(step, frames, verdicts)] if puzzles else [])


def _loaded(folder: Path, device: str) -> tuple[System, int]:
    """The model, and how many steps of training made it, 0 if not known."""
    from puzzlerec.device import choose_device
    from puzzlerec.models import checkpoint

    return checkpoint.load(folder, choose_device(device)), checkpoint.trained_steps(folder) or 0


def _solved(
    model: System, puzzles: list[Puzzle], cancelled: Callable[[], bool]
) -> tuple[list[Frame], list[Verdict]] | None:
    """The last frame of each puzzle, and what the rules say of it; None as soon as it is ``cancelled``."""
    from puzzlerec.solving.frames import refine
    from puzzlerec.solving.solver import fit

    questions = [fit(puzzle.question, model.config) for puzzle in puzzles]
    ids = [puzzle.puzzle_id for puzzle in puzzles]
    for last in refine(model, questions, puzzle_ids=ids, device=next(model.parameters()).device):  # noqa: B007
        if cancelled():
            return None
    frames = [last.of(run, puzzle.question.shape) for run, puzzle in enumerate(puzzles)]
    checked = zip(puzzles, frames, strict=True)
    return frames, [puzzle.kind.check(puzzle.question, frame.tokens[0]) for puzzle, frame in checked]
