"""A thousand inputs that someone spoilt: always a clean end, and never a solved puzzle that is not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from typer.testing import Result

import puzzlerec.session

from ..fuzz.rules import is_solved
from .conftest import SOLVED_4X4, SOLVED_9X9, opened

Run = Callable[..., Result]

MAZE = "######\n#S # #\n# ## #\n#   G#\n######\n"
FOREIGN = "xX?*=äß½\u2063☃~^§AZ789"


def puzzles(random: random.Random) -> Iterator[str]:
    """Sound puzzles in all forms."""
    while True:
        nine = opened(SOLVED_9X9, *random.sample(range(81), random.randint(1, 20)))
        four = opened(SOLVED_4X4, *random.sample(range(16), random.randint(1, 6)))
        yield nine + "\n"
        yield four + "\n"
        yield "\n".join(nine[start : start + 9] for start in range(0, 81, 9)) + "\n"
        yield f"question,answer\n{nine},{SOLVED_9X9}\n{nine},{SOLVED_9X9}\n"
        yield MAZE
        yield MAZE.replace("\n", "")[:25] + "\n"


def contradictory(text: str, random: random.Random) -> str:
    """One digit turned into its neighbour in the row, or a second S in the maze, or no way out of S."""
    if "S" in text:
        return random.choice((text.replace("G", "S"), text.replace("# ## #", "#### #"), text.replace("G", "#")))
    start = len("question,answer\n") if "," in text else 0
    size = 4 if len(text) == len(SOLVED_4X4) + 1 else 9
    row = 10 if len(text.splitlines()) == size else size  # characters from row to row
    pairs = [place for place in range(start, start + size * row - 1) if text[place : place + 2].isdigit()]
    place = random.choice([place for place in pairs if (place - start) % row < size - 1])
    return text[:place] + text[place] * 2 + text[place + 2 :]


def cut(text: str, random: random.Random) -> str:
    return text[: random.randrange(len(text) - 2)]


def longer(text: str, random: random.Random) -> str:
    place = random.randrange(len(text))
    return text[:place] + random.choice("12345.G") * random.randint(1, 9) + text[place:]


def foreign(text: str, random: random.Random) -> str:
    place = random.randrange(len(text) - 1)
    return text[:place] + random.choice(FOREIGN) + text[place + 1 :]


def without_line(text: str, random: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    del lines[random.randrange(len(lines))]
    return "".join(lines)


def flipped(text: str, random: random.Random) -> bytes:
    content = bytearray(text.encode())
    for _ in range(random.randint(1, 4)):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return bytes(content)


def noise(text: str, random: random.Random) -> bytes:
    return random.randbytes(random.randint(0, 300))


MUTATIONS = (contradictory, cut, longer, foreign, without_line, flipped, noise)


def test_spoilt_inputs_end_cleanly_and_solve_nothing_that_is_not(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("puzzlerec.session.load", lru_cache(puzzlerec.session.load))  # each checkpoint is read once
    chance = random.Random(0)
    statuses = {0: 0, 1: 0, 2: 0}
    path = tmp_path / "spoilt.txt"
    for number, text in zip(range(1000), puzzles(chance), strict=False):
        mutation = MUTATIONS[number // 6 % len(MUTATIONS)]
        spoilt = mutation(text, chance)
        path.write_bytes(spoilt if isinstance(spoilt, bytes) else spoilt.encode())
        result = run("solve", path, "--json", "--attempts", "1")  # raises what the command does not catch
        told = f"{mutation.__name__}: {spoilt!r}: {result.stderr}"
        assert result.exit_code in statuses and "Traceback" not in result.stderr, told
        assert result.exit_code != 2 or "Error: " in result.stderr, told  # after what was assumed, if anything
        answers = [json.loads(line) for line in result.stdout.splitlines()]
        for answer in answers:
            assert not answer["solved"] or is_solved(answer["input"], answer["answer"]), told
        if mutation is contradictory:
            assert result.exit_code in (1, 2), told
            assert not answers or not answers[0]["solved"], told
        if result.exit_code == 0:  # a spoilt puzzle may still be one: then all of them are solved, and rightly
            assert answers and all(answer["solved"] for answer in answers), told
        statuses[result.exit_code] += 1
    assert min(statuses[1], statuses[2]) > 100, statuses
