"""What a recipe trains on, in memory, and tests on, in a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from puzzlerec.data import Dataset, DatasetError, ensure
from puzzlerec.evaluation.run import Rows
from puzzlerec.puzzles import PuzzleKind, get

from .distributed import Group
from .recipe import Recipe

Progress = Callable[[int], None]


class Examples(NamedTuple):
    """Questions and answers, with the puzzle embedding's row of each and hints, where there are any."""

    questions: Tensor  # [N, H, W] uint8
    labels: Tensor  # [N, L] uint8
    puzzle_ids: Tensor  # [N]
    hints: Tensor  # [N, L] uint8, or [N, 0]
    due: Tensor  # [N, 2, L] int16, or [N, 2, 0]: moves of news after which a hint and a label can be known
    puzzle: str | None = None  # the kind's name; None: that of the model in training

    @classmethod
    def without_hints(
        cls, questions: Tensor, labels: Tensor, puzzle_ids: Tensor, puzzle: str | None = None
    ) -> Examples:
        nothing = torch.zeros(len(questions), 2, 0, dtype=torch.int16)
        return cls(questions, labels, puzzle_ids, nothing[:, 0].byte(), nothing, puzzle)

    def to(self, device: torch.device) -> Examples:
        questions, labels, puzzle_ids, hints, due = (part.to(device) for part in self[:5])
        return Examples(questions, labels, puzzle_ids, hints, due, self.puzzle)


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
                training[label] = _in_memory(dataset, copies=recipe.data.augment, hints=recipe.model.has_hints)
            about.append(_about(recipe, label, dataset))
    dataset = _dataset(recipe, own, group, progress)
    rows = dataset.splits.get("test")
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
        with progress(f"building {label}", train + data.test) as advance:
            ensure(one.name, **wanted, progress=advance)
    group.wait()
    return Dataset.open(ensure(one.name, **wanted))


def _in_memory(dataset: Dataset, copies: bool, hints: bool) -> Examples:
    """The training rows, with all symmetric copies if wanted of puzzles that are not copied as they train."""
    rows = dataset.split("train").read()
    questions, labels, ids = rows.inputs.reshape(-1, *dataset.shape), rows.labels, rows.puzzle_ids
    kind = get(dataset.puzzle)
    if copies and (copied := kind.copies(questions)) is not None:
        questions, answers = copied
        labels, ids = answers.reshape(len(answers), -1), np.tile(ids, len(answers) // len(ids))
    asked, wanted, numbers = map(torch.from_numpy, (questions, labels, ids.astype(np.int64)))
    plain = Examples.without_hints(asked, wanted, numbers, kind.name)
    return with_hints(plain, kind) if hints else plain


def with_hints(examples: Examples, kind: PuzzleKind) -> Examples:
    """The examples with what `PuzzleKind.hints` has for them."""
    found = kind.hints(examples.questions.numpy(), examples.labels.numpy())
    if found is None:
        return examples
    hints, due = found
    return examples._replace(hints=torch.from_numpy(hints), due=torch.from_numpy(due))
