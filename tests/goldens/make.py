"""Writes the goldens again, after a change that is meant to change what training does:

    python -m tests.goldens.make             all of them
    python -m tests.goldens.make hrm direct  those whose names hold one of these words

The commit that does so says why the numbers changed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.goldens.runs import RUNS, Step, run

FILE = Path(__file__).with_name("goldens.json")


def load() -> dict[str, list[Step]]:
    stored: dict[str, list[Step]] = json.loads(FILE.read_text("utf-8"))
    return stored


def rounded(step: Step) -> Step:
    return {
        name: [float(f"{part:.8g}") for part in value] if isinstance(value, list) else float(f"{value:.8g}")
        for name, value in step.items()
    }


def save(goldens: dict[str, list[Step]]) -> None:
    """One line a step, so that a change shows which steps it is of."""
    runs = [
        f"  {json.dumps(name)}: [\n"
        + ",\n".join(f"    {json.dumps(rounded(step))}" for step in goldens[name])
        + "\n  ]"
        for name in RUNS
        if name in goldens
    ]
    FILE.write_text("{\n" + ",\n".join(runs) + "\n}\n", "utf-8")


def main(words: list[str]) -> None:
    goldens = load() if words else {}
    for name in RUNS:
        if not words or any(word in name for word in words):
            goldens[name] = run(name)
            print(name)
    save(goldens)


if __name__ == "__main__":
    main(sys.argv[1:])
