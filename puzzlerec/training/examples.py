"""What a recipe trains on, in memory or in a file where it is too much for that, and tests on, in a file."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from puzzlerec.data import Dataset, DatasetError, ensure
from puzzlerec.data.building import rows_of
from puzzlerec.data.store import Column, Split
from puzzlerec.evaluation.run import Rows
from puzzlerec.puzzles import PuzzleKind, get

from .distributed import Group
from .recipe import Recipe

Progress = Callable[[int], None]

IN_MEMORY = 1 << 30  # bytes of questions and labels; a dataset that has more of them stays in its file


class OnDisk:
    """A column of a dataset that stays in its file: indexed as a tensor is, by the numbers of rows that were drawn."""

    def __init__(self, column: Column, shape: tuple[int, ...], device: torch.device | None = None) -> None:
        self._column, self.shape, self._device = column, (len(column), *shape), device

    def __len__(self) -> int:
        return len(self._column)

    def __getitem__(self, rows: Tensor) -> Tensor:
        numbers, places = np.unique(rows.cpu().numpy(), return_inverse=True)  # HDF5 reads rows in order, each once
        found = torch.from_numpy(self._column[numbers]).view(-1, *self.shape[1:])
        return found[torch.from_numpy(places)].to(self._device)

    def to(self, device: torch.device) -> OnDisk:
        return OnDisk(self._column, self.shape[1:], device)


class Groups(NamedTuple):
    """Rows that are copies of one puzzle, as the papers draw them: each puzzle as often, whatever its copies.

    A task with two demonstrations is drawn twice as often as one with one, in any of its copies.
    """

    edges: Tensor  # [G] the demonstrations up to and with those of this group
    first: Tensor  # [G] row
    rows: Tensor  # [G]

    @classmethod
    def of(cls, group_ids: np.ndarray, puzzle_ids: np.ndarray) -> Groups | None:
        """Of rows of which those of a group, and in it of a puzzle id, are neighbours; None if none has copies."""
        new = np.diff(group_ids, prepend=-1) != 0
        first = np.flatnonzero(new)
        rows = np.diff(first, append=len(group_ids))
        copies = np.add.reduceat(new | (np.diff(puzzle_ids, prepend=-1) != 0), first, dtype=np.int64)
        if (copies == 1).all():
            return None
        return cls(*map(torch.from_numpy, (np.cumsum(rows // copies), first, rows)))

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """The numbers of ``count`` rows."""
        device = self.edges.device
        one = torch.randint(int(self.edges[-1]), (count,), generator=generator, device=device)
        group = torch.searchsorted(self.edges, one, right=True)
        within = torch.rand(count, generator=generator, device=device, dtype=torch.float64)
        return self.first[group] + (within * self.rows[group]).long()


class Examples(NamedTuple):
    """Questions and answers, with the puzzle embedding's row of each and hints, where there are any."""

    questions: Tensor | OnDisk  # [N, H, W] uint8
    labels: Tensor | OnDisk  # [N, L] uint8
    puzzle_ids: Tensor  # [N]
    hints: Tensor  # [N, L] uint8, or [N, 0]
    due: Tensor  # [N, 2, L] int16, or [N, 2, 0]: moves of news after which a hint and a label can be known
    puzzle: str | None = None  # the kind's name; None: that of the model in training
    groups: Groups | None = None  # None: no row is a copy of another, all are drawn alike

    @classmethod
    def without_hints(
        cls,
        questions: Tensor | OnDisk,
        labels: Tensor | OnDisk,
        puzzle_ids: Tensor,
        puzzle: str | None = None,
        groups: Groups | None = None,
    ) -> Examples:
        nothing = torch.zeros(len(questions), 2, 0, dtype=torch.int16)
        return cls(questions, labels, puzzle_ids, nothing[:, 0].byte(), nothing, puzzle, groups)

    def to(self, device: torch.device) -> Examples:
        return Examples(
            self.questions.to(device),
            self.labels.to(device),
            self.puzzle_ids.to(device),
            self.hints.to(device),
            self.due.to(device),
            self.puzzle,
            None if self.groups is None else Groups(*(part.to(device) for part in self.groups)),
        )

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """The numbers [count] of rows that are drawn to learn from, on the examples' device."""
        if self.groups is not None:
            return self.groups.draw(count, generator)
        return torch.randint(len(self.questions), (count,), generator=generator, device=self.puzzle_ids.device)


class TestRows(NamedTuple):
    """What to measure on: columns of a file, which are read in slices and never as a whole."""

    questions: Rows  # [N, L] uint8
    labels: Rows  # [N, L] uint8
    puzzle_ids: Rows  # [N]


class Material(NamedTuple):
    """All that a recipe's datasets hold for it."""

    training: dict[str, Examples]  # by the dataset's name or label
    test: TestRows | None  # of the recipe's own dataset, whose file stays open; None: it has none
    path: Path  # of that
    about: str  # a model card's words on the data


@contextmanager
def _silent(what: str, total: int) -> Iterator[Progress]:
    yield lambda more: None


def load_material(
    recipe: Recipe, group: Group, progress: Callable[[str, int], AbstractContextManager[Progress]] = _silent
) -> Material:
    """The examples of all of the recipe's datasets; those that are missing are built by the leading process.

    ``progress(what, total)`` shows how a dataset is built. Raises `DatasetError` for one that does not fit the model.
    """
    own, labels = recipe.data.name, recipe.data.trained_on
    training, about = {}, []
    for label in labels if own in labels else [*labels, own]:
        with _dataset(recipe, label, group, progress) as dataset:
            _require(dataset, recipe, own=label == own)
            if label in labels:
                training[label] = _examples(dataset, recipe)
            about.append(_about(recipe, label, dataset))
    dataset = _dataset(recipe, own, group, progress)
    rows = dataset.splits.get("test")
    rows = None if rows is None else rows.copies(0)  # each test is measured once
    test = None if rows is None else TestRows(rows.inputs, rows.labels, rows.puzzle_ids)
    return Material(training, test, dataset.path, "; ".join(about))


def _require(dataset: Dataset, recipe: Recipe, own: bool) -> None:
    """Raises `DatasetError` if the model cannot learn from the dataset, the recipe's ``own`` or a curriculum's."""
    model, kind = recipe.model, get(dataset.puzzle)
    if dataset.puzzle == model.puzzle:
        fits = dataset.shape == model.grid or (model.any_size and not own)
        fits = fits and len(dataset.vocabulary) == model.vocabulary
    else:
        fits = not own and kind.family == get(model.puzzle).family and kind.board() is not None
        fits = fits and model.any_board
    if not fits:
        raise DatasetError(
            f"{dataset.path} holds {dataset.puzzle} {dataset.shape} with {len(dataset.vocabulary)} tokens, the "
            f"model is for {model.puzzle} {model.grid} with {model.vocabulary}."
        )


def _about(recipe: Recipe, label: str, dataset: Dataset) -> str:
    """A dataset in words: where it comes from, which settings the recipe asks for, its hash, its part if not usual."""
    asked = {} if recipe.data.file and label == recipe.data.name else recipe.data.set_of(label).settings
    settings = "".join(f"{key} {value}, " for key, value in asked.items())
    words = f"({dataset.generator}, {settings}seed {dataset.seed}, content SHA-256 `{dataset.sha256}`)"
    return f"{dataset.path.name} {words}" + ("" if label in recipe.data.trained_on else ", measured on alone")


def _dataset(recipe: Recipe, label: str, group: Group, progress: Any) -> Dataset:
    """The file of a dataset of the recipe; of one that is not trained on, the test alone is built."""
    data = recipe.data
    if data.file and label == data.name:
        return Dataset.open(data.file)
    one = data.set_of(label)
    train = (one.train or data.train) if label in data.trained_on else 0
    wanted: dict[str, Any] = {"train": train, "test": data.test, "seed": data.seed, **one.settings}
    if group.leads:
        with progress(f"building {label}", rows_of(one.name, train, data.test, **one.settings)) as advance:
            ensure(one.name, **wanted, progress=advance)
    group.wait()
    return Dataset.open(ensure(one.name, **wanted))


def _examples(dataset: Dataset, recipe: Recipe) -> Examples:
    """The training rows; in the file where they are many, unless something is to be computed of each of them."""
    split, kind, hints = dataset.split("train"), get(dataset.puzzle), recipe.model.has_hints
    copies = recipe.data.augment and not kind.answers_move_along
    if 2 * len(split) * math.prod(dataset.shape) > IN_MEMORY and not (copies or hints):
        return _in_the_file(Dataset.open(dataset.path))  # which stays open
    return _in_memory(split, dataset, copies, hints)


def _in_the_file(dataset: Dataset) -> Examples:
    (H, W), split = dataset.shape, dataset.split("train")
    ids = split.puzzle_ids[:].astype(np.int64)
    questions, labels = OnDisk(split.inputs, (H, W)), OnDisk(split.labels, (H * W,))
    groups = Groups.of(split.group_ids[:], ids)
    return Examples.without_hints(questions, labels, torch.from_numpy(ids), dataset.puzzle, groups)


def _in_memory(split: Split, dataset: Dataset, copies: bool, hints: bool) -> Examples:
    """The rows, with all symmetric copies if wanted of puzzles that are not copied as they train."""
    rows, kind = split.read(), get(dataset.puzzle)
    questions, labels, ids = rows.inputs.reshape(-1, *dataset.shape), rows.labels, rows.puzzle_ids
    groups = Groups.of(rows.group_ids, ids)
    if copies and (copied := kind.copies(questions)) is not None:
        questions, answers = copied
        labels, ids = answers.reshape(len(answers), -1), np.tile(ids, len(answers) // len(ids))
        groups = None
    asked, wanted, numbers = map(torch.from_numpy, (questions, labels, ids.astype(np.int64)))
    plain = Examples.without_hints(asked, wanted, numbers, kind.name, groups)
    return with_hints(plain, kind) if hints else plain


def with_hints(examples: Examples, kind: PuzzleKind) -> Examples:
    """The examples, which are in memory, with what `PuzzleKind.hints` has for them."""
    assert isinstance(examples.questions, Tensor) and isinstance(examples.labels, Tensor)
    found = kind.hints(examples.questions.numpy(), examples.labels.numpy())
    if found is None:
        return examples
    hints, due = found
    return examples._replace(hints=torch.from_numpy(hints), due=torch.from_numpy(due))
