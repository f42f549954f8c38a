"""Building: the same seed makes the same rows, test and training share nothing, wrong wishes are refused in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from puzzlerec.data import Dataset, DatasetError, build, ensure
from puzzlerec.data.building import _distinct, generator, make
from puzzlerec.puzzles import get
from puzzlerec.puzzles.generator import Chunk
from puzzlerec.puzzles.kernels import KeySet


def test_workers_change_no_byte(tmp_path: Path) -> None:
    hashes = {
        workers: build("sudoku-4x4", tmp_path / f"{workers}.h5", train=150, test=80, seed=3, workers=workers)
        for workers in (1, 2)
    }
    assert hashes[1] == hashes[2]
    assert (tmp_path / "1.h5").read_bytes() == (tmp_path / "2.h5").read_bytes()
    assert build("sudoku-4x4", tmp_path / "other.h5", train=150, test=80, seed=4, workers=1) != hashes[1]


def test_a_sudoku_chunk_depends_on_its_seed_alone(sudokus: Path) -> None:
    maker = generator("sudoku")
    settings = dict(maker.settings)
    chunk = make(maker, settings, 5, "test", 0)
    with Dataset.open(sudokus) as dataset:
        np.testing.assert_array_equal(dataset.split("test").inputs[:], chunk.inputs[:20])
        assert dataset.seed == 5
        assert dataset.settings == settings | {"train": 40, "test": 20}


@pytest.mark.parametrize("name", ["sudoku-4x4", "sudoku-6x6", "sudoku-x", "jigsaw", "maze-9x9"])
def test_answers_are_right_and_rows_differ(tmp_path: Path, name: str) -> None:
    build(name, tmp_path / "a.h5", train=60, test=30, seed=1, workers=1)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        dataset.verify()
        kind = get(dataset.puzzle)
        everything = []
        for split in dataset.splits.values():
            some = split.read()
            for question, answer in zip(some.inputs, some.labels, strict=True):
                assert kind.check(question.reshape(dataset.shape), answer.reshape(dataset.shape)).solved
            everything += [question.tobytes() for question in some.inputs]
            assert some.group_ids.tolist() == list(range(len(some)))
        assert len(set(everything)) == len(everything)


def chunk_of(*pairs: tuple[int, int]) -> Chunk:
    """A chunk of one-cell puzzles from (key, class)."""
    cells = np.array([[key] for key, _ in pairs], np.uint8)
    keys, classes = (np.array(column, np.uint64) for column in zip(*pairs, strict=True))
    return Chunk(cells, cells, keys, classes)


def test_planted_copies_are_dropped() -> None:
    test, train = KeySet(), [chunk_of((5, 51), (6, 61), (7, 71)), chunk_of((8, 81), (6, 62), (9, 91))]
    kept = [
        row for rows in _distinct(iter([chunk_of((1, 61), (2, 11), (1, 61))]), 2, "test", test) for row in rows.inputs
    ]
    assert np.concatenate(kept).tolist() == [1, 2]
    kept = [row for rows in _distinct(iter(train), 4, "train", test) for row in rows.inputs]
    assert np.concatenate(kept).tolist() == [5, 7, 8, 9]  # 6 has the class of test's 1


def test_a_generator_that_runs_dry_is_told() -> None:
    def same_again() -> Iterator[Chunk]:
        while True:
            yield chunk_of((1, 1), (2, 2))

    with pytest.raises(DatasetError, match="no more than about 2 different puzzles for train"):
        list(_distinct(same_again(), 3, "train", KeySet()))


def test_key_sets_hold_what_was_added() -> None:
    keys = np.random.default_rng(0).integers(1, 2**63, 30_000, np.uint64)
    some = KeySet()
    for part in np.split(keys, 10):
        assert some.add(part).all()
    assert not some.add(keys).any()
    assert some.has(keys).all()
    assert not some.has(keys + np.uint64(1)).any()
    assert KeySet().add(np.array([4, 5, 4], np.uint64)).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("name", "wish", "match"),
    [
        ("sudoko", {}, "Did you mean 'sudoku'"),
        ("sudoku-5x5", {}, "cannot have the shape 5x5"),
        ("maze-3x3", {}, "sizes from 4 to 62"),
        ("maze-20x30", {}, "generated square, not 20x30; with kind=random"),
        ("maze-9x201", {"kind": "open"}, "sides of 5 to 200 here, not 9x201"),
        ("maze-4x9", {"kind": "open"}, "sides of 5 to 200 here, not 4x9"),
        ("maze", {"kind": "wilsen"}, "Did you mean 'wilson'"),
        ("maze", {"kind": 3}, "a word such as hard"),
        ("maze", {"kind": "prim", "border": 2}, "border is 1 or 0"),
        ("maze", {"border": 1}, "border does not apply to hard"),
        ("maze", {"kind": "spiral", "moves": 500}, "too rare"),
        ("chess-8x8", {}, "no dataset 'chess-8x8'"),
        ("arc", {}, "ARC-AGI-1 or -2"),
        ("arc-8x9", {"version": 1}, "squares with sides of 1 to 30, not 8x9"),
        ("arc", {"versions": 1}, "no setting .versions.; it has version, with, copies"),
        ("sudoku", {"train": -1}, "-1 rows in train"),
        ("sudoku", {"train": 0, "test": 0}, "at least one row"),
        ("sudoku", {"workers": 0}, "At least one worker"),
        ("sudoku", {"extrem": 1}, "no setting 'extrem'; it has extreme, climbed, hard, plain, few"),
        ("sudoku", {"extreme": "much"}, "a number such as 0.5"),
        ("sudoku", {"extreme": -1}, "0 or more"),
        ("sudoku-4x4", {"moves": 3}, "it has none"),
        ("maze", {"moves": 500}, "too rare"),
    ],
)
def test_wrong_wishes_are_refused(tmp_path: Path, name: str, wish: dict[str, Any], match: str) -> None:
    with pytest.raises(DatasetError, match=match):
        build(name, tmp_path / "a.h5", **wish)
    assert not list(tmp_path.iterdir())


def test_ensure_builds_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUZZLEREC_DATASETS", str(tmp_path / "sets"))
    told: list[int] = []
    path = ensure("sudoku-4x4", train=12, test=4, seed=2, workers=1, progress=told.append)
    assert path.parent == tmp_path / "sets"
    assert sum(told) == 16
    modified = path.stat().st_mtime_ns
    assert ensure("sudoku-4x4", train=12, test=4, seed=2, workers=1) == path
    assert path.stat().st_mtime_ns == modified
    assert ensure("sudoku-4x4", train=12, test=4, seed=3, workers=1) != path
