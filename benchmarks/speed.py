"""Where time goes, as ratios within one run: cold starts, solving, training steps, and how near the machine's limit.

    python benchmarks/speed.py            # all of it, on one thread, in CPU seconds; minutes
    python benchmarks/speed.py cold solve

Every row names its baseline: ``import torch`` for cold starts, torch's eager float32 for the rest. The last column is
the share of the machine's matrix rate, in the row's own precision, that the row's matrix products reach. Puzzles are
symmetric copies of the samples, so it needs no data.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from puzzlerec.device import autocast
from puzzlerec.models import arrays, checkpoint
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM
from puzzlerec.puzzles import Puzzle, get, read
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.solver import Solver

SAMPLES = Path(__file__).parents[1] / "datasets" / "samples"
EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def row(what: str, seconds: float, baseline: float, share: float | None = None) -> None:
    told = f"{what:<58} {seconds * 1e3:10.1f} ms {seconds / baseline:6.2f}"
    print(told + (f" {share:7.0%}" if share is not None else ""), flush=True)


def timed(call: Callable[[], Any], repeats: int = 3) -> float:
    """CPU seconds of the fastest of some calls, after one that does not count."""
    call()
    found = []
    for _ in range(repeats):
        clock = time.process_time()
        call()
        found.append(time.process_time() - clock)
    return min(found)


def matrix_rates() -> dict[str, float]:
    """Floating-point operations a second of large products, the most that a network can reach."""
    rates = {}
    for name, precision in PRECISIONS.items():
        one, other = (torch.randn(2048, 2048, dtype=precision) for _ in range(2))
        rates[name] = 2 * 2048**3 / timed(partial(torch.matmul, one, other), 5)
    one, other = (torch.randn(2048, 2048) for _ in range(2))
    rates["NumPy"] = 2 * 2048**3 / timed(partial(np.matmul, one.numpy(), other.numpy()), 5)
    print("matrix rate, GFLOP/s: " + ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in rates.items()))
    return rates


def cold() -> None:
    """Whole processes."""
    commands = {
        'python -c "import torch"': ["-c", "import torch"],
        "solve: an easy Sudoku": ["-m", "puzzlerec", "solve", "-"],
        "solve: a 30x30 maze": ["-m", "puzzlerec", "solve", str(SAMPLES / "maze.txt")],
        "solve: three hard Sudokus": ["-m", "puzzlerec", "solve", str(SAMPLES / "hard.sdm")],
    }
    found: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(5):
        for what, command in commands.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *command], input=EASY, text=True, capture_output=True, check=False)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            found[what].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    for what, seconds in found.items():
        row(what, statistics.median(seconds), statistics.median(found['python -c "import torch"']))


def copies(kind_name: str, file: str, count: int) -> list[Puzzle]:
    """Symmetric copies of the puzzles of a sample."""
    kind, rng = get(kind_name), np.random.default_rng(0)
    questions = [puzzle.question for puzzle in read(SAMPLES / file, kind).puzzles]
    drawn = (questions[number % len(questions)] for number in range(count))
    return [Puzzle(kind, kind.random_symmetry(rng, question.shape).apply(question)) for question in drawn]


def solve(rates: dict[str, float]) -> None:
    """One pass of the shipped models over some puzzles, and one first step of theirs."""
    for name, file, count in (("sudoku", "sudoku-unseen.sdm", 64), ("maze", "maze.txt", 8)):
        puzzles, folder = copies(name, file, count), checkpoint.find(name)
        model = checkpoint.load(folder)
        ours = arrays.load(folder / checkpoint.WEIGHTS, checkpoint.read_config(folder))
        asked = np.stack([puzzle.question for puzzle in puzzles]).astype(np.int64)
        operations = _operations(model, asked)
        ways: dict[str, tuple[Any, torch.dtype, str]] = {
            "torch, float32": (model, torch.float32, "float32"),
            "torch, bfloat16": (model, torch.bfloat16, "bfloat16"),
            "NumPy": (ours, torch.float32, "NumPy"),
        }
        baseline: tuple[float, float] | None = None
        for way, (computing, precision, rate) in ways.items():
            whole, step = _pass_and_step(computing, precision, puzzles, asked)
            baseline = baseline or (whole, step)
            row(f"{name}, one pass of {count}, a puzzle: {way}", whole / count, baseline[0] / count)
            share = operations / step / rates[rate]
            row(f"{name}, a first step of {count}, a puzzle: {way}", step / count, baseline[1] / count, share)


def _pass_and_step(model: Any, precision: torch.dtype, puzzles: list[Puzzle], asked: np.ndarray) -> tuple[float, float]:
    solver = Solver(model, precision=precision)
    whole = timed(lambda: list(solver.solve(puzzles, SolveSettings())), 2)
    return whole, timed(lambda: _first_step(model, asked, precision))


def _first_step(model: Any, asked: np.ndarray, precision: torch.dtype) -> None:
    if isinstance(model, arrays.ArrayModel):
        model.step(asked, model.start(asked))
        return
    with torch.inference_mode(), autocast(torch.device("cpu"), precision):
        tensors = torch.from_numpy(asked)
        model.step(tensors, model.start(tensors))


def _operations(model: Any, asked: np.ndarray) -> float:
    with FlopCounterMode(display=False) as counter:
        _first_step(model, asked, torch.float32)
    return float(counter.get_total_flops())


def train(rates: dict[str, float]) -> None:
    """Forwards and backwards of a step, without the optimiser, which is a small part of it."""
    paper = TRMConfig(mixer="mlp", box=None)
    models: dict[str, tuple[TRM, int]] = {
        "paper-size TRM-MLP, batch 16": (TRM(paper), 16),
        "sudoku (candidates), batch 64": (TRM(checkpoint.read_config(checkpoint.find("sudoku"))), 64),
        "maze (local), batch 4": (TRM(checkpoint.read_config(checkpoint.find("maze"))), 4),
    }
    for what, (model, count) in models.items():
        kind = "maze" if model.config.puzzle == "maze" else "sudoku"
        puzzles = copies(kind, "maze.txt" if kind == "maze" else "sudoku-unseen.sdm", count)
        question = torch.from_numpy(np.stack([puzzle.question for puzzle in puzzles]).astype(np.int64))
        state = model.start(question)

        def learn(precision: torch.dtype, model: TRM = model, question: Any = question, state: Any = state) -> None:
            with autocast(torch.device("cpu"), precision):
                _, prediction = model.step(question, state)
            said = (prediction.logits, prediction.hints, prediction.survival)
            sum(part.clamp(-50, 50).float().square().mean() for part in said if part is not None).backward()
            model.zero_grad(set_to_none=True)

        with FlopCounterMode(display=False) as counter:
            learn(torch.float32)
        baseline = 0.0
        for name, precision in PRECISIONS.items():
            seconds = timed(partial(learn, precision), 2)
            baseline = baseline or seconds
            row(f"training step, {what}: {name}", seconds, baseline, counter.get_total_flops() / seconds / rates[name])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=["cold", "solve", "train", []], help="all of them if none is named")
    parts = parser.parse_args().parts or ["cold", "solve", "train"]
    torch.set_num_threads(1)
    print(f"torch {torch.__version__}, NumPy {np.__version__}, one thread")
    rates = matrix_rates()
    print(f"\n{'':<58} {'CPU time':>13} {'ratio':>6} {'of rate':>7}")
    if "cold" in parts:
        cold()
    if "solve" in parts:
        solve(rates)
    if "train" in parts:
        train(rates)


if __name__ == "__main__":
    main()
