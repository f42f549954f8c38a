"""`puzzlerec data import` of puzzles that somebody has."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from puzzlerec.cli.data import app
from puzzlerec.data import Dataset, DatasetError
from puzzlerec.data.own import collect
from puzzlerec.puzzles import Puzzle, get

SOLVED = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def opened(solved: str, *blanks: int) -> str:
    return "".join("." if place in blanks else digit for place, digit in enumerate(solved))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "datasets"))
    return tmp_path / "own.csv"


def test_a_table_becomes_a_dataset_with_answers(file: Path) -> None:
    first, second = opened(SOLVED, 3), opened(SOLVED, 4, 5)
    wrong = SOLVED.replace("5", "6", 1)
    empty, twice = "." * 81, f"55{SOLVED[2:]}"
    lines = ["no,board,solved", f"1,{first},{SOLVED}", f"2,{second},{wrong}", f"3,{first},", f"4,{empty},"]
    lines += [f"5,{twice},{SOLVED}", f"6,{first[:80]},{SOLVED}"]
    file.write_text("\n".join(lines))
    result = run("import", file, "--puzzle", "sudoku", "--test", "0")
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == str(file.parent / "datasets" / "own.h5")
    assert "Left out: 3 cannot be used, 1 repeated." in result.stderr
    assert f"Wrong answers in {file}: 1." in result.stderr
    for said in ("own.csv:5: it has more than one solution", "own.csv:6: 2 cells break row 1", "own.csv:7:"):
        assert said in result.stderr
    kind = get("sudoku")
    with Dataset.open(result.stdout.strip()) as dataset:
        rows = dataset.split("train").read(0, 2)
        assert dataset.puzzle == "sudoku" and dataset.shape == (9, 9) and "test" not in dataset.splits
    assert [kind.format(row.reshape(9, 9)) for row in rows.inputs] == [first, second]
    assert [kind.format(row.reshape(9, 9)) for row in rows.labels] == [SOLVED] * 2


def test_copies_of_tests_are_not_trained_on(file: Path) -> None:
    renamed = SOLVED.translate(str.maketrans("123456789", "234567891"))
    lines = [opened(SOLVED, place) for place in range(5)] + [opened(renamed, 7)]
    file.write_text("\n".join(lines))
    result = run("import", file, file.parent / "own.h5", "--test", "1")
    assert isinstance(result.exception, DatasetError) and "copies of the tests" in str(result.exception)  # of one grid
    mazes = ["S  #G  # ", "G  #S  # ", "  S #  G#", " S  # G  "]
    file.write_text("\n".join(mazes))
    result = run("import", file, file.parent / "own.h5", "--test", "1")
    assert result.exit_code == 0, result.output
    with Dataset.open(file.parent / "own.h5") as dataset:
        assert len(dataset.split("test")) == 1
        train = len(dataset.split("train"))
    assert f"{train} training and 1 test puzzles" in result.stderr


def test_lines_of_pairs_and_other_kinds(file: Path) -> None:
    file.write_text("S..#..G..\tSoo#.oG..\n.S.#..G..\n")
    assert run("import", file, "a.h5", "--test", "0").exit_code == 0
    file.write_text("12+3=\n4+56=\n")
    assert run("import", file, "b.h5", "--test", "0").exit_code == 0
    with Dataset.open("a.h5") as mazes, Dataset.open("b.h5") as sums:
        assert (mazes.puzzle, mazes.shape, sums.puzzle) == ("maze", (3, 3), "addition")
        tokens = sums.split("train").read(0, 2)
        kind = get("addition")
        for question, label in zip(tokens.inputs, tokens.labels, strict=True):
            row = question[question > 0][None]
            assert np.array_equal(kind.solutions(row)[0][0], label[label > 0])  # type: ignore[index]


def test_what_cannot_make_a_dataset_is_named() -> None:
    sudoku, small = (
        Puzzle(get(name), get(name).parse("." * area)) for name, area in (("sudoku", 81), ("sudoku-4x4", 16))
    )
    with pytest.raises(DatasetError, match="one kind, not of sudoku and sudoku-4x4"):
        collect([sudoku, small])
    with pytest.raises(DatasetError, match="no puzzle with one solution"):
        collect([sudoku])
    mazes = [Puzzle(get("maze"), get("maze").parse(text)) for text in ("SG##", "SG#######")]
    with pytest.raises(DatasetError, match="one size, not of 2x2, 3x3"):
        collect(mazes)
    with pytest.raises(DatasetError, match="none is left to train on"):
        collect(mazes[:1], test=1)


@pytest.mark.parametrize("name", ["sudoku", "sudoku-4x4", "sudoku-16x16", "sudoku-x", "jigsaw", "maze"])
def test_symmetric_copies_share_a_class(name: str) -> None:
    kind = get(name)
    maker = kind.generator((9, 9) if name == "maze" else None)
    assert maker is not None
    chunk = maker.chunk({**maker.settings}, "train", np.array([7], np.uint64))
    shape = maker.shape
    rng = np.random.default_rng(0)
    classes = set()
    for question, answer in zip(
        chunk.inputs[:4].reshape(-1, *shape), chunk.labels[:4].reshape(-1, *shape), strict=True
    ):
        symmetry = kind.random_symmetry(rng, shape)
        classes.add(kind.class_of(question, answer))
        assert kind.class_of(symmetry.apply(question), symmetry.apply(answer)) == kind.class_of(question, answer)
    assert len(classes) == 4
