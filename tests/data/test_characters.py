"""Generated lines: right answers, lengths as asked for, and nothing in common between training and test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from puzzlerec.data import Dataset, DatasetError, build
from puzzlerec.data.building import generator, make
from puzzlerec.puzzles import get
from puzzlerec.puzzles.generator import Chunk

NAMES = ("copy", "reverse", "addition")


def chunk(name: str, split: str, seed: int = 1, **settings: int) -> Chunk:
    maker = generator(name)
    return make(maker, dict(maker.settings) | settings, seed, split, 0)


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_of_lines_is_right_and_rated_by_length(tmp_path: Path, name: str) -> None:
    build(name, tmp_path / "a.h5", train=200, test=50, seed=3, workers=1, shortest=2, longest=5)
    kind = get(name)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        dataset.verify()
        assert dataset.puzzle == name and dataset.shape == (1, kind.width(5))
        questions = []
        for split in dataset.splits.values():
            rows = split.read()
            for question, answer, rating in zip(rows.inputs, rows.labels, rows.ratings, strict=True):
                question, answer = question.reshape(dataset.shape), answer.reshape(dataset.shape)
                assert kind.check(question, answer).solved
                operands = kind.format(question).removeprefix(kind.start)[:-1].split("+")
                assert max(map(len, operands)) == rating and min(map(len, operands)) >= 2
                questions.append(question.tobytes())
            assert set(rows.ratings) == {2, 3, 4, 5}
        assert len(set(questions)) == 250


@pytest.mark.parametrize("name", NAMES)
def test_a_chunk_depends_on_its_seed_alone(name: str) -> None:
    one, again, other = chunk(name, "train"), chunk(name, "train"), chunk(name, "train", seed=2)
    assert np.array_equal(one.inputs, again.inputs) and np.array_equal(one.ratings, again.ratings)
    assert not np.array_equal(one.inputs, other.inputs)


@pytest.mark.parametrize("name", NAMES)
def test_no_test_line_is_in_any_training_set(name: str) -> None:
    """Whatever the seeds and lengths: short lines, of which there are few, would be in both otherwise."""
    kind = get(name)

    def lines(split: str, seed: int, longest: int) -> set[str]:
        made = chunk(name, split, seed, longest=longest).inputs
        return {kind.format(row[None]) for row in made}

    assert not lines("test", 1, 2) & (lines("train", 1, 2) | lines("train", 2, 3))
    assert lines("test", 1, 2) & lines("test", 2, 3)


def test_settings_and_sizes_that_cannot_be_are_refused(tmp_path: Path) -> None:
    for settings in ({"shortest": 0}, {"longest": 0}, {"shortest": 4, "longest": 3}, {"longest": 1000}):
        with pytest.raises(DatasetError, match="shortest <= longest"):
            build("copy", tmp_path / "a.h5", train=1, test=1, workers=1, **settings)
    with pytest.raises(DatasetError, match="set longest"):
        generator("addition-5x5")
