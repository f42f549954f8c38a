"""What each checkpoint of a run makes of the same puzzles."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from puzzlerec.puzzles import Puzzle, Verdict, get
from puzzlerec.watch.making import make
from puzzlerec.watch.run_files import Record

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame

PUZZLES = 12  # that every checkpoint solves


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


async def puzzles_of(recipe: Record) -> list[Puzzle]:
    """The first puzzles of a run's test set, or new ones from its generator where the set is not here.

    Raises `PuzzleError`, OSError, KeyError, TypeError or ValueError for what is no recipe of puzzles that can be had.
    """
    puzzles = await asyncio.to_thread(test_puzzles, recipe)
    return puzzles or (await make(recipe["data"]["name"], {}, seed=0))[:PUZZLES]


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
            rows = dataset.split("test").read(0, PUZZLES)
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
    from puzzlerec.device import choose_device
    from puzzlerec.models import checkpoint
    from puzzlerec.solving.frames import refine
    from puzzlerec.solving.solver import fit

    place = choose_device(device)
    model, step = checkpoint.load(folder, place), checkpoint.trained_steps(folder) or 0
    questions = [fit(puzzle.question, model.config) for puzzle in puzzles]
    for last in refine(model, questions, device=place):  # noqa: B007
        if cancelled():
            return None
    frames = [last.of(run, puzzle.question.shape) for run, puzzle in enumerate(puzzles)]
    checked = zip(puzzles, frames, strict=True)
    verdicts = [puzzle.kind.check(puzzle.question, frame.tokens[0]) for puzzle, frame in checked]
    return Snapshot(step, frames, verdicts)
