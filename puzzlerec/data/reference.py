"""Import and export of the dataset folders that the reference code of HRM and TRM reads.

    identifiers.json                   names of the puzzle identifiers
    {train,test}/dataset.json          sizes: sequence length, vocabulary, identifiers, groups
    {train,test}/all__inputs.npy       [N, L] questions, tokens as ours
    {train,test}/all__labels.npy       [N, L] answers
    {train,test}/all__puzzle_identifiers.npy   [P] which puzzle embedding each puzzle takes, 0 for none
    {train,test}/all__puzzle_indices.npy       [P + 1] where each puzzle's examples begin
    {train,test}/all__group_indices.npy        [G + 1] where each group's puzzles begin

A *puzzle* there is a task with examples (ARC) or a single example (Sudoku, mazes); a *group* is a puzzle and its
copies.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from puzzlerec.data.store import SPLITS, Attributes, Dataset, Rows, Split, write_dataset
from puzzlerec.files import replacing, write
from puzzlerec.puzzles import get
from puzzlerec.puzzles.generator import DatasetError

_ARRAYS = ("inputs", "labels", "puzzle_identifiers", "puzzle_indices", "group_indices")
_PIECE = 8192
# by sequence length and vocabulary size
_KINDS = {(81, 11): "sudoku", (36, 8): "sudoku-6x6", (16, 6): "sudoku-4x4", (900, 12): "arc"}


def import_reference(folder: Path | str, path: Path | str) -> str:
    """Writes the dataset file ``path`` from a reference ``folder``; returns its SHA-256. Raises `DatasetError`."""
    folder = Path(folder)
    names = [name for name in SPLITS if (folder / name / "dataset.json").is_file()]
    if not names:
        raise DatasetError(f"{folder} is no reference dataset: it has no train/dataset.json and no test/dataset.json.")
    kinds = {name: _kind(folder / name) for name in names}
    if len(set(kinds.values())) > 1:
        raise DatasetError(f"{folder} mixes puzzles: {', '.join(f'{k[0]} in {name}' for name, k in kinds.items())}.")
    (puzzle, shape), *_ = kinds.values()
    attributes = Attributes(puzzle, shape, get(puzzle).vocabulary, "imported", 0, {"folder": folder.resolve().name})
    splits = {name: _rows(folder / name, len(get(puzzle).vocabulary)) for name in names}
    return write_dataset(path, splits, attributes, _identifiers(folder) if puzzle == "arc" else ())


def export_reference(dataset: Dataset, folder: Path | str) -> None:
    """Writes ``dataset`` as a reference folder.

    Rows with puzzle id 0 are puzzles of their own; other consecutive rows with the same id are one puzzle's examples.
    """
    folder = Path(folder)
    identifiers = 1
    for name, split in dataset.splits.items():
        identifiers = max(identifiers, _write_split(dataset, split, folder / name))
    names = range(1, identifiers) if dataset.identifiers is None else dataset.identifiers[1:]
    write(folder / "identifiers.json", json.dumps(["<blank>", *map(str, names)]))


def _kind(folder: Path) -> tuple[str, tuple[int, int]]:
    try:
        facts = json.loads((folder / "dataset.json").read_text("utf-8"))
        length, vocabulary = int(facts["seq_len"]), int(facts["vocab_size"])
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(f"{folder / 'dataset.json'} is unusable ({error}).") from None
    side = int(length**0.5)
    puzzle = "maze" if vocabulary == 6 and length != 16 else _KINDS.get((length, vocabulary), "")
    if not puzzle or side * side != length:
        raise DatasetError(f"{folder} holds no known puzzle: {length} cells and {vocabulary} tokens.")
    return puzzle, (side, side)


def _identifiers(folder: Path) -> Iterator[np.ndarray]:
    """The names of the puzzle identifiers: in ARC they say which copy of which task each is."""
    try:
        names = json.loads((folder / "identifiers.json").read_text("utf-8"))
        encoded = [name.encode() for name in names]
    except FileNotFoundError:
        return
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise DatasetError(f"{folder / 'identifiers.json'} is unusable ({error}).") from None
    if encoded:
        yield np.array(encoded)


def _load(folder: Path, name: str) -> np.ndarray:
    file = folder / f"all__{name}.npy"
    try:
        column: np.ndarray = np.load(file, mmap_mode="r", allow_pickle=False)
        return column
    except FileNotFoundError:
        raise DatasetError(f"{folder} has no {file.name}.") from None
    except Exception as error:  # NumPy reads the header as Python, and fails in as many ways
        raise DatasetError(f"{file} is unusable ({error}).") from None


def _rows(folder: Path, vocabulary: int) -> Iterator[Rows]:
    arrays = {name: _load(folder, name) for name in _ARRAYS}
    inputs, labels = arrays["inputs"], arrays["labels"]
    starts, groups = np.asarray(arrays["puzzle_indices"], np.int64), np.asarray(arrays["group_indices"], np.int64)
    puzzles = len(arrays["puzzle_identifiers"])
    if (
        inputs.shape != labels.shape
        or len(starts) != puzzles + 1
        or not _covers(starts, len(inputs))
        or not _covers(groups, puzzles)
    ):
        raise DatasetError(f"{folder}: the index arrays do not fit the {len(inputs)} inputs and {puzzles} puzzles.")
    puzzle_of = np.repeat(np.arange(puzzles), np.diff(starts))
    group_of = np.repeat(np.arange(len(groups) - 1), np.diff(groups))
    for start in range(0, len(inputs), _PIECE):
        piece = slice(start, start + _PIECE)
        questions, answers = np.asarray(inputs[piece]), np.asarray(labels[piece])
        for tokens in (questions, answers):
            if tokens.min() < 0 or tokens.max() >= vocabulary:
                raise DatasetError(
                    f"{folder}: the tokens go from {tokens.min()} to {tokens.max()} instead of 0 to {vocabulary - 1}."
                )
        rows = puzzle_of[piece]
        yield Rows(
            questions.astype(np.uint8),
            answers.astype(np.uint8),
            np.asarray(arrays["puzzle_identifiers"])[rows].astype(np.int32),
            group_of[rows].astype(np.int32),
        )


def _covers(starts: np.ndarray, length: int) -> bool:
    return len(starts) > 0 and starts[0] == 0 and starts[-1] == length and bool((np.diff(starts) >= 0).all())


def _write_split(dataset: Dataset, split: Split, folder: Path) -> int:
    """Writes one split and returns how many puzzle identifiers it needs."""
    folder.mkdir(parents=True, exist_ok=True)
    length = dataset.shape[0] * dataset.shape[1]
    for name in ("inputs", "labels"):
        with replacing(folder / f"all__{name}.npy") as partial, partial.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": (len(split), length)}
            np.lib.format.write_array_header_1_0(file, header)
            for rows in split.pieces(_PIECE):
                file.write(getattr(rows, name).tobytes())
    ids, groups = split.puzzle_ids[:], split.group_ids[:]
    new_group = np.diff(groups, prepend=-1) != 0
    new_puzzle = new_group | (ids == 0) | (np.diff(ids, prepend=-1) != 0)
    first = np.flatnonzero(new_puzzle)
    counts: dict[str, np.ndarray] = {
        "puzzle_identifiers": ids[first],
        "puzzle_indices": np.append(first, len(split)).astype(np.int32),
        "group_indices": np.append(np.flatnonzero(new_group[first]), len(first)).astype(np.int32),
    }
    for name, array in counts.items():
        with replacing(folder / f"all__{name}.npy") as partial, partial.open("wb") as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
    identifiers = int(ids.max(initial=0)) + 1
    facts: dict[str, Any] = {
        "pad_id": 0,
        "ignore_label_id": 0,
        "blank_identifier_id": 0,
        "vocab_size": len(dataset.vocabulary),
        "seq_len": length,
        "num_puzzle_identifiers": identifiers,
        "total_groups": int(new_group.sum()),
        "total_puzzles": len(first),
        "mean_puzzle_examples": len(split) / max(1, len(first)),
        "sets": ["all"],
    }
    write(folder / "dataset.json", json.dumps(facts))
    return identifiers
