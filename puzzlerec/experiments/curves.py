"""How training went, over steps, time or work: what runs have written down, as curves of numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from puzzlerec.models import build
from puzzlerec.tables import Table, Tabular
from puzzlerec.training.recipe import parse_recipe
from puzzlerec.training.run_folder import RunFolder

AGAINST = {"steps": "training steps", "seconds": "seconds of training", "evaluations": "layers applied to puzzles"}
MEASURES = {"exact": "eval_exact_accuracy", "cells": "eval_token_accuracy"}  # else a record's own name for it


class CurveError(ValueError):
    """Folders that hold no such curves."""


@dataclass(frozen=True)
class Curve:
    """One measure of one run."""

    system: str  # runs of one system differ in their seeds
    run: str
    measure: str
    against: str  # what ``x`` is, in words
    x: tuple[float, ...]
    y: tuple[float, ...]

    @property
    def is_share(self) -> bool:
        return self.measure in MEASURES or self.measure.endswith("accuracy")


@dataclass(frozen=True)
class Training(Tabular):
    """A training run in its folder, finished or not."""

    folder: Path

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """What it has written down, report by report."""
        return list(_records(RunFolder(self.folder)))

    def records(self) -> list[dict[str, Any]]:
        return self.metrics

    def tables(self) -> list[Table]:
        """How it ended: every measure when it was last reported."""
        last: dict[str, float] = {}
        for record in self.metrics:
            last |= record
        return [Table(str(self.folder), ("", "last"), [(name, f"{value:.6g}") for name, value in last.items()])]

    def curves(self, against: str = "steps", measures: Sequence[str] = ("exact", "loss")) -> list[Curve]:
        """As `curves` of its folder."""
        return curves([self.folder], against, measures)


def curves(folders: Sequence[Path], against: str, measures: Sequence[str]) -> list[Curve]:
    """The ``measures`` of all runs in ``folders`` (of runs, of comparisons or of anything above) against `AGAINST`.

    Raises `CurveError` if there is no run, or none of them has a measure.
    """
    found = []
    for run, system in _runs(folders):
        records = list(_records(run))
        unit = _work(run) if against == "evaluations" else 1.0
        key = "seconds" if against == "seconds" else "step"
        for measure in measures:
            name = MEASURES.get(measure, measure)
            points = [(unit * record[key], record[name]) for record in records if name in record and key in record]
            if points:
                x, y = zip(*points, strict=True)
                found.append(Curve(system, str(run.path), measure, AGAINST[against], x, y))
    for measure in measures:
        if not any(curve.measure == measure for curve in found):
            known = sorted({name for run, _ in _runs(folders) for record in _records(run) for name in record})
            raise CurveError(f"No run has {measure!r}. There are {', '.join((*MEASURES, *known))}.")
    return found


def points(run: RunFolder) -> Iterator[tuple[int, float, float]]:
    """When the run was measured as it learned, and what was exact: steps, seconds of training, share."""
    exact = MEASURES["exact"]
    return ((int(one["step"]), one["seconds"], one[exact]) for one in _records(run) if exact in one)


def records(found: Sequence[Curve]) -> list[dict[str, Any]]:
    """All points, one a record, for tables of one's own."""
    return [
        {"system": curve.system, "run": curve.run, "measure": curve.measure, "x": x, "y": y}
        for curve in found
        for x, y in zip(curve.x, curve.y, strict=True)
    ]


def _runs(folders: Sequence[Path]) -> Iterator[tuple[RunFolder, str]]:
    """Each run with the name of its system: its folder's, or in a comparison that of the folder of its seeds."""
    for folder in folders:
        below = [RunFolder(path.parent) for path in sorted(folder.rglob("metrics.jsonl"))]
        if not below:
            raise CurveError(f"{folder} holds no training run.")
        for run in below:
            in_comparison = run.path != folder and run.path.name.startswith("seed")
            yield run, (run.path.parent if in_comparison else run.path).resolve().name


def _records(run: RunFolder) -> Iterator[dict[str, Any]]:
    for line in run.metrics.read_text("utf-8", "replace").splitlines():
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the last line of a killed process, or none of ours
        if isinstance(record, dict):
            yield {name: value for name, value in record.items() if isinstance(value, int | float)}


def _work(run: RunFolder) -> float:
    """How many layers a step of the run applies to puzzles."""
    recipe = parse_recipe(run.read_recipe())
    model = build(recipe.model)
    return float(recipe.training.batch * model.evaluations * (2 if recipe.objective.continue_loss else 1))
