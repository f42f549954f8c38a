"""A kind that only this test knows goes the way of all others: nothing asks what kind it is, only what it can do."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import puzzlerec
from puzzlerec.cli import app
from puzzlerec.data import Dataset, build
from puzzlerec.puzzles import PuzzleError, PuzzleKind, Verdict, get, read, register
from puzzlerec.puzzles.generator import Chunk, Generator
from puzzlerec.puzzles.registry import GRAMMARS, KINDS

BLANK = 1
ROWS = list(permutations((2, 3, 4)))
SQUARES = np.array([rows for rows in permutations(ROWS, 3) if all(len({*c}) == 3 for c in zip(*rows, strict=True))])
SQUARES = SQUARES.astype(np.uint8)  # [12, 3, 3]


class Latin(PuzzleKind):
    """Latin squares of three letters: each is once in every row and column."""

    name, family, title = "latin", "latin", "Latin square"
    vocabulary = ("?", ".", "a", "b", "c")
    layouts = ("line", "grid")
    shape = (3, 3)

    @property
    def answer_tokens(self) -> tuple[int, ...]:
        return 2, 3, 4

    def parse(self, text: str) -> np.ndarray:
        cells = "".join(text.split())
        if foreign := set(cells) - set(self.vocabulary[1:]):
            raise PuzzleError(
                f"{min(foreign)!r} is no cell of a Latin square.", line=1, column=1 + cells.index(min(foreign))
            )
        if len(cells) != 9:
            raise PuzzleError(f"There are {len(cells)} cells instead of 9.", line=1)
        return np.array([self.vocabulary.index(cell) for cell in cells], np.uint8).reshape(3, 3)

    def format(self, grid: np.ndarray, layout: str = "line") -> str:
        rows = ["".join(self.vocabulary[token] for token in row) for row in grid]
        return {"line": "", "grid": "\n"}[layout].join(rows)

    def given(self, question: np.ndarray) -> np.ndarray:
        return question > BLANK

    def check_question(self, question: np.ndarray) -> Verdict:
        fits = ((question == SQUARES) | (question == BLANK)).all((1, 2)).any()
        return Verdict(bool(fits), np.zeros((3, 3), bool), () if fits else ("no square has these letters",))

    def check(self, question: np.ndarray, answer: np.ndarray) -> Verdict:
        changed = self.given(question) & (answer != question)
        solved = not changed.any() and bool((answer == SQUARES).all((1, 2)).any())
        return Verdict(solved, changed, () if solved else ("this is not the square",))

    def solutions(self, question: np.ndarray, limit: int = 2) -> list[np.ndarray]:
        return list(SQUARES[((question == SQUARES) | (question == BLANK)).all((1, 2))][:limit])

    def generator(self, shape: tuple[int, int] | None = None) -> Generator:
        return LatinSquares(shape or self.shape)


class LatinSquares(Generator):
    """Squares with some letters left out; setting ``blanks``: how many."""

    version = "latin 1"
    settings = {"blanks": 2, "mark": "none"}  # noqa: RUF012

    def chunk(self, settings: dict[str, Any], split: str, rng: np.ndarray) -> Chunk:
        draw = np.random.default_rng(rng)
        labels = SQUARES[draw.integers(len(SQUARES), size=16)].reshape(16, 9)
        order = draw.permuted(np.tile(np.arange(9), (16, 1)), axis=1)
        inputs = np.where(order < settings["blanks"], np.uint8(BLANK), labels)
        keys = (inputs @ 5 ** np.arange(9)).astype(np.uint64)
        return Chunk(inputs, labels, keys, keys)


@pytest.fixture
def latin() -> Iterator[Latin]:
    kind = Latin()
    register([kind])
    yield kind
    del KINDS["latin"], GRAMMARS["latin"]


@pytest.fixture
def run(latin: Latin) -> Callable[..., Result]:
    return lambda *arguments, **more: CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


FIRST, SECOND = "ab.bc..ab", "a.cc...c."


@pytest.mark.parametrize("kind", [None, "latin"])
@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (f"{FIRST}\n{SECOND}\n", "line"),
        ("ab.\nbc.\n.ab\n\na.c\nc..\n.c.\n", "grid"),
        (f"id,puzzle\n1,{FIRST}\n2,{SECOND}\n", "line"),
    ],
)
def test_it_is_read_and_recognised(latin: Latin, text: str, layout: str, kind: str | None) -> None:
    reading = read(io.StringIO(text), kind)
    assert reading.errors == []
    assert [puzzle.kind for puzzle in reading.puzzles] == [latin, latin]
    assert [latin.format(puzzle.question) for puzzle in reading.puzzles] == [FIRST, SECOND]
    assert {puzzle.layout for puzzle in reading.puzzles} == {layout}


def test_a_faulty_line_loses_nothing_else(latin: Latin) -> None:
    reading = read(io.StringIO(f"{FIRST}\nab.bX..ab\n{SECOND}\n"), source="mine")
    assert [puzzle.line for puzzle in reading.puzzles] == [1, 3]
    assert [str(error) for error in reading.errors] == ["mine:2:5: 'X' is no cell of a Latin square."]


def test_a_fault_of_a_file_of_one_line_has_its_place(latin: Latin) -> None:
    (error,) = read(io.StringIO("ab.bX..ab\n"), latin, source="mine").errors
    assert (error.line, error.column) == (1, 5)


def test_others_are_read_as_ever(latin: Latin) -> None:
    for text, name in (("1..4\n....\n....\n....\n", "sudoku-4x4"), ("S \n# \nG \n", "maze"), ("1+2=", "addition")):
        assert [puzzle.kind.name for puzzle in read(io.StringIO(text)).puzzles] == [name]


def test_names_are_given_once(latin: Latin) -> None:
    with pytest.raises(ValueError, match="latin"):
        register([Latin()])
    with pytest.raises(ValueError, match="one family"):
        register([Latin(), get("maze")])
    assert get("latin") is latin
    with pytest.raises(PuzzleError, match="Did you mean 'latin'"):
        get("latine")


def test_a_family_keeps_its_grammar(latin: Latin) -> None:
    other = Latin()
    other.name = "latin-other"
    with pytest.raises(ValueError, match="needs a grammar that knows latin-other"):
        register([other])


def test_a_dataset_is_built_described_and_shown(run: Callable[..., Result], tmp_path: Path) -> None:
    path = tmp_path / "latin.h5"
    options = ["--train", 20, "--test", 5, "--workers", 1, "--set", "blanks=3", "--set", "mark=bold", "-o", path]
    built = run("data", "build", "latin", *options)
    assert (built.exit_code, built.stdout.strip()) == (0, str(path))
    with Dataset.open(path) as dataset:
        assert (dataset.puzzle, dataset.shape) == ("latin", (3, 3))
        assert dataset.settings == {"blanks": 3, "mark": "bold", "train": 20, "test": 5}
        assert ((dataset.split("train").inputs[:] == BLANK).sum(1) == 3).all()
        first = get("latin").format(dataset.split("test").inputs[0].reshape(3, 3))
    assert "latin, 3x3" in run("data", "info", path).stdout
    assert first in "".join(run("data", "show", path, "--split", "test").stdout.split())
    assert "is a word such as none, not 1" in run("data", "build", "latin", "--set", "mark=1", "-o", "x.h5").stderr
    assert "is a number such as 2, not 'few'" in run("data", "build", "latin", "--set", "blanks=few", "-o", "x").stderr


def test_processes_generate_what_only_this_one_registered(latin: Latin, tmp_path: Path) -> None:
    hashes = {build("latin", tmp_path / f"{n}.h5", train=30, test=10, seed=1, workers=n) for n in (1, 2)}
    assert len(hashes) == 1


RECIPE = """
base = "sudoku-6x6-trm"

[data]
name = "latin"
train = 40
test = 8

[model]
puzzle = "latin"
vocabulary = 5
grid = [3, 3]
width = 16
heads = 2
multiple = 8
layers = 1

[training]
batch = 8
steps = 2
log_every = 1

[evaluation]
every = 2
puzzles = 8
"""


@pytest.fixture
def trained(run: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a run of two steps that is called like the kind."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))
    (tmp_path / "latin.toml").write_text(RECIPE)
    result = run("train", "latin.toml", "--out", "runs/latin", "--device", "cpu")
    assert result.exit_code == 0, result.stderr
    return tmp_path


def test_it_is_trained_solved_measured_and_watched(run: Callable[..., Result], trained: Path) -> None:
    (trained / "squares.txt").write_text(f"{FIRST}\n{SECOND}\n")
    solved = run("solve", "squares.txt", "--attempts", 2, "--exact")
    assert solved.exit_code == 0, solved.stderr  # what two steps of training do not solve, the exact solver does
    assert solved.stdout == "abcbcacab\nabccabbca\n"
    picture = run("solve", "squares.txt", "--exact", "--attempts", 1, "--format", "svg")
    assert picture.exit_code == 0 and picture.stdout.startswith("<svg")
    watched = run("watch", "squares.txt", "--once", "--exact", "--attempts", 2)
    assert watched.exit_code == 0, watched.stderr
    (dataset,) = (trained / "datasets").glob("*.h5")
    measured = run("eval", "latin", dataset)
    assert measured.exit_code == 0 and "exact" in measured.stdout
    assert run("eval", "latin", "squares.txt").exit_code == 0


def test_it_goes_through_the_api(trained: Path) -> None:
    answer = puzzlerec.solve(FIRST, attempts=2, exact=True, device="cpu")
    assert answer.verdict.solved and answer.text == "abcbcacab"
    assert [frame.tokens.shape for frame in puzzlerec.refine(FIRST, steps=2, device="cpu")] == [(1, 3, 3)] * 2
