"""The local mixer against attention: the same mazes, the same recursion, the same time on the same machine.

    python benchmarks/mixers.py --recipe maze-9x9 --minutes 10

Each mixer is trained by `puzzlerec train` in a process of its own, one after the other on one thread, and measured by
`puzzlerec eval` on the recipe's test mazes. The table tells weights, steps a second, the training process's peak memory
and accuracies of one pass. Attention has rotary positions on the grid, with which it learns mazes best.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

MIXERS = {
    "local": [],
    "attention": ["model.mixer=attention", "model.heads=4", "model.positions=grid-rope"],
}


def run(*arguments: str) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "puzzlerec", *arguments]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(recipe: str, settings: list[str], minutes: float, seed: int, limit: int, folder: Path) -> dict[str, float]:
    options = [option for setting in settings for option in ("--set", setting)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    run(
        "train",
        recipe,
        "--minutes",
        str(minutes),
        "--seed",
        str(seed),
        "--out",
        str(folder),
        "--no-tensorboard",
        *options,
    )
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # KiB on Linux, of the largest child so far
    last = json.loads((folder / "metrics.jsonl").read_text().splitlines()[-1])
    from puzzlerec.data import ensure
    from puzzlerec.models import checkpoint
    from puzzlerec.training.recipe import load_recipe

    data = load_recipe(recipe).data
    dataset = ensure(data.name, train=data.train, test=data.test, seed=data.seed)
    report = json.loads(run("eval", str(folder / "checkpoint"), str(dataset), "--limit", str(limit), "--json"))
    return {
        "weights": sum(p.numel() for p in checkpoint.load(folder / "checkpoint").parameters()),
        "steps": last["step"],
        "steps_per_second": last["step"] / last["seconds"],
        "peak_MiB": memory / 1024 if memory > before else float("nan"),
        "exact": report["exact"]["share"],
        "valid": report["rules"]["valid"]["share"],
        "optimal": report["rules"]["optimal"]["share"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="maze-9x9")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=1000, help="measure on the first so many test mazes")
    options = parser.parse_args()
    print(
        f"{'mixer':<10} {'weights':>8} {'steps':>7} {'steps/s':>8} {'MiB':>6} {'exact':>7} {'valid':>7} {'optimal':>8}"
    )
    with tempfile.TemporaryDirectory() as folder:
        for mixer, settings in MIXERS.items():  # the mixer that needs less memory first
            found = measured(
                options.recipe, settings, options.minutes, options.seed, options.limit, Path(folder) / mixer
            )
            print(
                f"{mixer:<10} {found['weights']:>8,} {found['steps']:>7,} {found['steps_per_second']:>8.2f} "
                f"{found['peak_MiB']:>6.0f} {found['exact']:>7.1%} {found['valid']:>7.1%} {found['optimal']:>8.1%}",
                flush=True,
            )


if __name__ == "__main__":
    main()
