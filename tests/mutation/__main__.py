"""Do the tests notice? Small changes to the code, one at a time, and the tests that should fail:

    python -m tests.mutation --jobs 2
    python -m tests.mutation --only models/trm.py --count 20
    python -m tests.mutation --list                            what would be tried

Each worker has a copy of the tree in a temporary folder, in which it changes one file, runs the tests of that file up
to the first failure, and puts the file back. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from functools import partial
from pathlib import Path
from queue import Queue
from typing import TypeVar

from tests.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parents[2]
COPIED = ("puzzlerec", "tests", "checkpoints", "datasets", "docs", "pyproject.toml", "README.md")
MUTATED = (
    "models/**/*.py",
    "training/objectives.py",
    "training/slots.py",
    "training/optimizers.py",
    "solving/**/*.py",
    "puzzles/**/*.py",
)
# which tests a file has, quick ones first; a file takes the first line that its path begins with
TESTS: dict[str, tuple[str, ...]] = {
    "models/config": ("tests/models", "tests/training/test_recipe.py", "tests/goldens"),
    "models/checkpoint": ("tests/models", "tests/test_shipped.py"),
    "models": ("tests/goldens", "tests/formulas", "tests/models", "tests/solving/test_frames.py"),
    "training/slots": ("tests/goldens", "tests/formulas", "tests/training/test_resume.py"),
    "training": ("tests/goldens", "tests/formulas", "tests/training/test_o*.py"),
    "solving": ("tests/solving", "tests/formulas", "tests/evaluation", "tests/cli/test_solve.py"),
    "puzzles/look": ("tests/views", "tests/watch/test_grid.py"),
    "puzzles/edit": ("tests/views", "tests/watch/test_editor.py"),
    **{
        f"puzzles/{family}/{ability}": ("tests/views", "tests/watch/test_editor.py", "tests/watch/test_grid.py")
        for family in ("sudoku", "maze", "characters", "arc")
        for ability in ("look", "edit")
    },
    "puzzles/choices": ("tests/watch/test_choosers.py",),
    "puzzles/sudoku/choices": ("tests/watch/test_choosers.py",),
    "puzzles/arc": ("tests/puzzles/*arc*", "tests/data/test_arc.py"),
    "puzzles/maze": ("tests/puzzles/*maze*", "tests/data/*maze*", "tests/puzzles", "tests/solving"),
    "puzzles/characters": ("tests/puzzles/*characters*", "tests/data/*characters*", "tests/puzzles", "tests/solving"),
    "puzzles/sudoku": ("tests/puzzles/*sudoku*", "tests/puzzles", "tests/data/*sudoku*", "tests/solving"),
    "puzzles": ("tests/puzzles", "tests/test_toy_kind.py", "tests/views", "tests/data", "tests/solving"),
}  # fmt: skip
PATIENCE = 4  # times as long as the tests take without a change, after which a mutant counts as caught
Result = TypeVar("Result")
UNKNOWN = "failed without a change"


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.mutation", description=(__doc__ or "").split("\n")[0])
    options.add_argument("--jobs", type=int, default=1, help="mutants that are tried at once")
    options.add_argument("--only", action="append", default=[], metavar="PATH", help="files under puzzlerec/; repeat")
    options.add_argument("--seed", type=int, default=0, help="of the choice among mutants")
    options.add_argument("--count", type=int, default=160, help="how many to try")
    options.add_argument("--kernels", action="store_true", help="change what Numba compiles too, at a minute each")
    options.add_argument(
        "--log", type=Path, default=Path("mutation.jsonl"), help="results, which a later run goes on from"
    )
    options.add_argument("--list", action="store_true", help="list the mutants and try none")
    settings = options.parse_args()
    some = sample(settings.only, settings.count, settings.seed, settings.kernels)
    if settings.list:
        for mutant in some:
            print(f"{mutant.path}:{mutant.line}  {mutant.change}  {mutant.text}")
        return 0
    known = {key(entry): entry for entry in logged(settings.log)}
    missing = [mutant for mutant in some if key(asdict(mutant)) not in known]
    for entry in tried(missing, settings.jobs):
        with settings.log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        known[key(entry)] = entry
        print(f"{entry['verdict']:<24} {entry['path']}:{entry['line']}  {entry['change']}", flush=True)
    results = [known[key(asdict(mutant))] for mutant in some if key(asdict(mutant)) in known]
    print(table(results))
    return 0


def sample(only: list[str], count: int, seed: int, kernels: bool) -> list[Mutant]:
    """So many mutants: as many more of a file as the root of its own number is larger, no two of a line."""
    rng = random.Random(seed)
    pools: dict[str, list[Mutant]] = {}
    for path in sorted({path for pattern in MUTATED for path in (ROOT / "puzzlerec").glob(pattern)}):
        name = path.relative_to(ROOT).as_posix()
        if only and not any(f"puzzlerec/{part}" in name for part in only):
            continue
        pool = mutants(name, path.read_text("utf-8"), kernels)
        rng.shuffle(pool)
        if pool := list({mutant.line: mutant for mutant in pool}.values()):
            pools[name] = pool
    total = sum(len(pool) ** 0.5 for pool in pools.values())
    wanted = {name: max(1, round(count * len(pool) ** 0.5 / total)) for name, pool in pools.items()}
    chosen = [mutant for name, pool in pools.items() for mutant in pool[: wanted[name]]]
    rest = [mutant for name, pool in pools.items() for mutant in pool[wanted[name] :]]
    chosen += rng.sample(rest, min(max(count - len(chosen), 0), len(rest)))
    return sorted(chosen, key=lambda mutant: (mutant.path, mutant.line))


def key(entry: dict[str, object]) -> tuple[object, ...]:
    return entry["path"], entry["line"], entry["change"], entry["start"], entry["text"]


def logged(log: Path) -> Iterator[dict[str, object]]:
    if log.exists():
        yield from map(json.loads, log.read_text("utf-8").splitlines())


def tried(some: list[Mutant], jobs: int) -> Iterator[dict[str, object]]:
    """The mutants' verdicts, as they come."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder, ThreadPoolExecutor(jobs) as pool:
        copies: Queue[Copy] = Queue()
        for number in range(jobs):
            copies.put(Copy(Path(folder) / str(number)))

        def lent(work: Callable[[Copy], Result]) -> Result:
            mine = copies.get()
            try:
                return work(mine)
            finally:
                copies.put(mine)

        sets = sorted({tests_of(mutant.path) for mutant in some})
        seconds = dict(zip(sets, pool.map(lambda tests: lent(lambda copy: copy.unchanged(tests)), sets), strict=True))
        # in an order of their own, so that files whose tests take long do not come together
        shuffled = random.Random(1).sample(some, len(some))
        work = [pool.submit(lent, partial(Copy.verdict, mutant=one, seconds=seconds)) for one in shuffled]
        for done in as_completed(work):
            yield done.result()


class Copy:
    """A copy of the tree to change files in."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "*.h5", ".*")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            elif source.exists():
                folder.mkdir(exist_ok=True)
                shutil.copy(source, folder / name)

    def unchanged(self, tests: tuple[str, ...]) -> float | None:
        """How many seconds the tests take without a change; None if one fails."""
        clock = time.monotonic()
        if failed := self.failure(tests, 3600, self.folder / "numba"):
            print(f"{failed} fails without a change: what it would say of mutants is left out", file=sys.stderr)
            return None
        return time.monotonic() - clock

    def verdict(self, mutant: Mutant, seconds: dict[tuple[str, ...], float | None]) -> dict[str, object]:
        tests, path = tests_of(mutant.path), self.folder / mutant.path
        source = path.read_bytes()
        caught_by: str | None = UNKNOWN
        if (usual := seconds[tests]) is not None:
            # Numba's cache knows the file of a kernel, not those of the kernels that it calls
            kernels = b"njit" in source
            cache = self.folder / ("numba-once" if kernels else "numba")
            path.write_bytes(mutant.of(source))
            try:
                caught_by = self.failure(tests, PATIENCE * usual + 60, cache)
            finally:
                path.write_bytes(source)
                if kernels:
                    shutil.rmtree(cache, ignore_errors=True)
        line = source.decode().splitlines()[mutant.line - 1].strip()
        return asdict(mutant) | {"code": line, "verdict": caught_by or "survived"}

    def failure(self, tests: tuple[str, ...], timeout: float, numba: Path) -> str | None:
        """The first test that fails, "time-out", or None."""
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", *tests]
        environment = os.environ | {
            "PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1",
            "NUMBA_CACHE_DIR": str(numba), "PUZZLEREC_REAL_DATA": str(self.folder / "none"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(self.folder / "hypothesis"),
        }  # fmt: skip
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=pipe, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return "time-out"
        if process.returncode == 0:
            return None
        lines = [line for line in output.decode(errors="replace").splitlines() if line.startswith(("FAILED", "ERROR"))]
        return lines[0].split(" - ")[0].split(" ", 1)[1] if lines else "an import"


def tests_of(path: str) -> tuple[str, ...]:
    """The tests of a file, those that are there; files and folders may move."""
    name = path.removeprefix("puzzlerec/")
    tests = next(tests for start, tests in TESTS.items() if name.startswith(start))
    found = [path for test in tests for path in sorted(ROOT.glob(test))]
    # file by file: pytest leaves out the rest of a folder of which a file was named before
    files = [file for path in found for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])]
    return tuple(dict.fromkeys(file.relative_to(ROOT).as_posix() for file in files))


def table(results: list[dict[str, object]]) -> str:
    """In Markdown, survivors first, and how many of how many were caught."""
    rows = ["| where | code | change | caught by |", "|---|---|---|---|"]
    for entry in sorted(results, key=lambda entry: entry["verdict"] != "survived"):
        code = str(entry["code"]).replace("|", "\\|")
        rows.append(f"| {entry['path']}:{entry['line']} | `{code}` | {entry['change']} | {entry['verdict']} |")
    valid = [entry for entry in results if entry["verdict"] != UNKNOWN]
    caught = sum(entry["verdict"] != "survived" for entry in valid)
    share = f"{caught} of {len(valid)} mutants were caught ({100 * caught / max(len(valid), 1):.1f}%)."
    return "\n".join(["", *rows, "", share])


if __name__ == "__main__":
    sys.exit(main())
