"""Makes puzzles in a process of its own.

The generators are compiled code that lets no other thread of its interpreter run, for seconds or longer: in the app's
own process they would freeze the screen. This one can be killed at any time::

    python -m puzzlerec.watch.making maze-20x20 '{"moves": 40}' 1
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from puzzlerec.puzzles import Puzzle, PuzzleError, get


async def make(name: str, settings: Mapping[str, Any], seed: int) -> list[Puzzle]:
    """A chunk of puzzles of the dataset ``name`` in random order; cancelling kills the process that makes them.

    Raises `PuzzleError` for a name or settings that cannot be used.
    """
    command = [sys.executable, "-m", __name__, name, json.dumps(dict(settings)), str(seed)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    try:
        output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise PuzzleError(errors.decode(errors="replace").strip().rpartition("\n")[2] or f"{name} cannot be made.")
    kind_name, *lines = output.decode().splitlines()
    kind = get(kind_name)
    return [Puzzle(kind, kind.parse(line), source=f"generated {name}") for line in lines]


def main() -> None:
    """Print the name of the kind, then a chunk, a puzzle a line."""
    from puzzlerec.data.building import generator, kind_and_shape
    from puzzlerec.puzzles.generator import DatasetError

    name, settings, seed = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
    try:
        (kind, _), maker = kind_and_shape(name), generator(name)
        complete = dict(maker.settings) | settings
        maker.check(complete)
        rows = maker.chunk(complete, "test", np.random.SeedSequence(seed).generate_state(1, np.uint64)).inputs
    except DatasetError as error:
        sys.exit(str(error))
    print(kind.name)
    for row in np.random.default_rng(seed).permutation(rows):
        print(kind.format(row.reshape(maker.shape_of(complete))))


if __name__ == "__main__":
    main()
