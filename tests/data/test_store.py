"""The store: what is written is read, a damaged or foreign file is refused in words, a killed build changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from puzzlerec.data.reference import export_reference, import_reference
from puzzlerec.data.store import Attributes, Dataset, DatasetError, Rows, write_dataset
from puzzlerec.hdf5 import put_text

ATTRIBUTES = Attributes("sudoku-4x4", (4, 4), ("?", ".", "1", "2", "3", "4"), "made up", 7, {"spare": 2})


def rows(count: int, start: int = 0, ratings: bool = True, ids: np.ndarray | None = None) -> Rows:
    rng = np.random.default_rng(start)
    return Rows(
        rng.integers(1, 6, (count, 16)).astype(np.uint8),
        rng.integers(2, 6, (count, 16)).astype(np.uint8),
        np.zeros(count, np.int32) if ids is None else ids.astype(np.int32),
        np.arange(start, start + count, dtype=np.int32),
        rng.random(count).astype(np.float32) if ratings else None,
    )


def columns(some: Rows) -> list[np.ndarray | None]:
    return [some.inputs, some.labels, some.puzzle_ids, some.group_ids, some.ratings]


def assert_same(one: Rows, other: Rows) -> None:
    for left, right in zip(columns(one), columns(other), strict=True):
        assert (left is None) == (right is None)
        if left is not None and right is not None:
            assert left.dtype == right.dtype
            np.testing.assert_array_equal(left, right)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "some.h5"
    write_dataset(path, {"test": [rows(3)], "train": [rows(5), rows(4, 5)]}, ATTRIBUTES)
    return path


def test_round_trip_in_pieces(file: Path) -> None:
    with Dataset.open(file) as dataset:
        assert dataset.attributes == ATTRIBUTES
        assert {name: len(split) for name, split in dataset.splits.items()} == {"train": 9, "test": 3}
        train = dataset.split("train")
        assert_same(train.read(0, 5), rows(5))
        assert_same(train.read(5), rows(4, 5))
        np.testing.assert_array_equal(train.inputs[6:8], rows(4, 5).inputs[1:3])
        assert [len(piece) for piece in train.pieces(4)] == [4, 4, 1]
        dataset.verify()


def test_ratings_may_be_missing(tmp_path: Path) -> None:
    write_dataset(tmp_path / "a.h5", {"train": [rows(3, ratings=False)]}, ATTRIBUTES)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        assert dataset.split("train").ratings is None
        assert dataset.split("train").read().ratings is None
        with pytest.raises(DatasetError, match="no split 'test'"):
            dataset.split("test")


def test_the_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    whole = rows(6)
    halves = [Rows(*(column[part] for column in columns(whole))) for part in (slice(0, 2), slice(2, 6))]  # type: ignore[index]
    first = write_dataset(tmp_path / "a.h5", {"train": [whole]}, ATTRIBUTES)
    assert write_dataset(tmp_path / "b.h5", {"train": halves}, ATTRIBUTES) == first
    assert write_dataset(tmp_path / "c.h5", {"test": [whole]}, ATTRIBUTES) != first
    assert (tmp_path / "a.h5").read_bytes() != (tmp_path / "c.h5").read_bytes()
    write_dataset(tmp_path / "d.h5", {"train": [whole]}, ATTRIBUTES)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "d.h5").read_bytes()


def test_the_hash_is_the_documented_one(tmp_path: Path) -> None:
    """SHA-256 of a line a column, split, name and the column's own SHA-256, train before test, little-endian."""
    train, test = rows(5), rows(2, ratings=False)
    lines = ""
    for split, some in (("train", train), ("test", test)):
        for name in ("inputs", "labels", "puzzle_ids", "group_ids", "ratings"):
            column = getattr(some, name)
            if column is not None:
                little = column.astype(column.dtype.newbyteorder("<")).tobytes()
                lines += f"{split} {name} {hashlib.sha256(little).hexdigest()}\n"
    expected = hashlib.sha256(lines.encode()).hexdigest()
    assert write_dataset(tmp_path / "a.h5", {"test": [test], "train": [train]}, ATTRIBUTES) == expected
    with Dataset.open(tmp_path / "a.h5") as dataset:
        assert dataset.sha256 == expected


def test_the_hash_tells_columns_apart(tmp_path: Path) -> None:
    some = rows(3, ratings=False)
    swapped = Rows(some.labels, some.inputs, *columns(some)[2:])  # type: ignore[arg-type]
    renumbered = Rows(some.inputs, some.labels, some.group_ids, some.puzzle_ids, None)
    hashes = {
        write_dataset(tmp_path / f"{number}.h5", {"train": [each]}, ATTRIBUTES)
        for number, each in enumerate((some, swapped, renumbered))
    }
    assert len(hashes) == 3


@pytest.mark.parametrize("column", ["inputs", "labels", "puzzle_ids", "group_ids", "ratings"])
def test_a_changed_cell_is_found(file: Path, column: str) -> None:
    with h5py.File(file, "r+") as raw:
        values = raw["train"][column]
        values[2] = values[2] + 1
    with Dataset.open(file) as dataset, pytest.raises(DatasetError, match="has changed since it was written"):
        dataset.verify()


def test_files_that_are_no_datasets(file: Path, tmp_path: Path) -> None:
    def refused(path: Path, match: str) -> None:
        with pytest.raises(DatasetError, match=match):
            Dataset.open(path)

    refused(tmp_path / "missing.h5", "There is no dataset")
    text = tmp_path / "text.h5"
    text.write_text("53..7....")
    refused(text, "no HDF5 file")
    short = tmp_path / "short.h5"
    short.write_bytes(file.read_bytes()[:2000])
    refused(short, "cut short or damaged")
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as raw:
        raw["x"] = 1
    refused(foreign, "no dataset of puzzlerec")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda raw: raw.attrs.modify("format_version", 0), "format version 0; this program reads 2. Build it again"),
        (lambda raw: raw.attrs.modify("format_version", 99), "Use a newer puzzlerec"),
        (lambda raw: raw.attrs.__delitem__("puzzle"), "unusable attributes"),
        (lambda raw: put_text(raw, "vocabulary", "nonsense"), "unusable attributes"),
        (lambda raw: raw.attrs.modify("shape", np.array([4, 5])), "instead of uint8"),
        (lambda raw: raw["train"].__delitem__("labels"), "has no train/labels"),
        (lambda raw: [raw.__delitem__(name) for name in ("train", "test")], "holds neither train nor test"),
    ],
)
def test_unusable_metadata_is_told(file: Path, change, match: str) -> None:  # type: ignore[no-untyped-def]
    with h5py.File(file, "r+") as raw:
        change(raw)
    with pytest.raises(DatasetError, match=match):
        Dataset.open(file)


def replaced(name: str, make: Callable[[h5py.File], object]) -> Callable[[h5py.File], object]:
    def change(raw: h5py.File) -> None:
        del raw[name]
        make(raw)

    return change


@pytest.mark.parametrize(
    "change",
    [
        replaced("train/labels", lambda raw: raw["train"].__setitem__("labels", h5py.SoftLink("/nowhere"))),
        replaced("train/labels", lambda raw: raw["train"].__setitem__("labels", h5py.ExternalLink("b.h5", "x"))),
        replaced("train", lambda raw: raw.__setitem__("train", h5py.ExternalLink("b.h5", "train"))),
        replaced("train", lambda raw: raw.__setitem__("train", 1)),
        replaced("train/labels", lambda raw: raw.create_group("train/labels")),
        replaced("train/inputs", lambda raw: raw.create_group("train/inputs")),
        replaced("train/inputs", lambda raw: raw["train"].__setitem__("inputs", 1)),
        replaced(
            "train/labels", lambda raw: raw["train"].create_dataset("labels", (9, 16), "u1", external="/dev/zero")
        ),
        replaced("train/inputs", lambda raw: raw["train"].create_dataset("inputs", (10**10, 16), "u1", chunks=True)),
        lambda raw: raw.__setitem__("identifiers", h5py.SoftLink("/nowhere")),
        lambda raw: raw.attrs.__setitem__("format_version", [1, 2]),
        lambda raw: raw.attrs.__setitem__("format_version", "one"),
        lambda raw: raw.attrs.__setitem__("shape", [-4, -4]),
        lambda raw: put_text(raw, "settings", "[" * 100_000),
        lambda raw: raw.attrs.__setitem__("settings", "{}"),  # in HDF5's own strings
    ],
)
def test_what_a_file_claims_is_checked(file: Path, change: Callable[[h5py.File], object]) -> None:
    with h5py.File(file, "r+") as raw:
        change(raw)
    with pytest.raises(DatasetError, match=r"some\.h5"):
        Dataset.open(file)


def test_a_broken_off_build_leaves_the_old_file_and_nothing_else(file: Path) -> None:
    def breaking_off() -> Iterator[Rows]:
        yield rows(2)
        raise KeyboardInterrupt

    before = file.read_bytes()
    with pytest.raises(KeyboardInterrupt):
        write_dataset(file, {"train": breaking_off()}, ATTRIBUTES)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_reference_folders_round_trip(tmp_path: Path) -> None:
    ids = np.array([0, 0, 3, 3, 3, 4])
    some = Rows(*columns(rows(6, ratings=False, ids=ids))[:3], np.array([0, 1, 2, 2, 2, 2], np.int32))  # type: ignore[arg-type]
    write_dataset(tmp_path / "a.h5", {"train": [some], "test": [rows(2, ratings=False)]}, ATTRIBUTES)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        export_reference(dataset, tmp_path / "folder")
    train = tmp_path / "folder" / "train"
    load = {file.stem.removeprefix("all__"): np.load(file, allow_pickle=False) for file in train.glob("*.npy")}
    assert load["puzzle_identifiers"].tolist() == [0, 0, 3, 4]
    assert load["puzzle_indices"].tolist() == [0, 1, 2, 5, 6]
    assert load["group_indices"].tolist() == [0, 1, 2, 4]
    facts = json.loads((train / "dataset.json").read_text())
    assert (facts["seq_len"], facts["vocab_size"], facts["num_puzzle_identifiers"]) == (16, 6, 5)
    import_reference(tmp_path / "folder", tmp_path / "b.h5")
    with Dataset.open(tmp_path / "b.h5") as dataset:
        assert dataset.puzzle == "sudoku-4x4"
        assert_same(dataset.split("train").read(), some)
        assert_same(dataset.split("test").read(), rows(2, ratings=False))


def test_unusable_reference_folders_are_told(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no train/dataset\.json"):
        import_reference(tmp_path, tmp_path / "x.h5")
    write_dataset(tmp_path / "a.h5", {"train": [rows(3, ratings=False)]}, ATTRIBUTES)
    with Dataset.open(tmp_path / "a.h5") as dataset:
        export_reference(dataset, tmp_path)
    labels = tmp_path / "train" / "all__labels.npy"
    np.save(labels, np.array([{"a": 1}], object), allow_pickle=True)
    with pytest.raises(DatasetError, match="unusable"):  # a pickle is not loaded
        import_reference(tmp_path, tmp_path / "x.h5")
    np.save(labels, np.full((3, 16), 9, np.uint8))
    with pytest.raises(DatasetError, match="instead of 0 to 5"):
        import_reference(tmp_path, tmp_path / "x.h5")
    np.save(labels, np.full((2, 16), 3, np.uint8))
    with pytest.raises(DatasetError, match="do not fit"):
        import_reference(tmp_path, tmp_path / "x.h5")
    labels.unlink()
    with pytest.raises(DatasetError, match="has no all__labels"):
        import_reference(tmp_path, tmp_path / "x.h5")
    assert not (tmp_path / "x.h5").exists()
