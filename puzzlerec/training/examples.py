"""What a recipe trains and tests on, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from puzzlerec.data import Dataset, DatasetError, ensure
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

    @classmethod
    def without_hints(cls, questions: Tensor, labels: Tensor, puzzle_ids: Tensor) -> Examples:
        nothing = torch.zeros(len(questions), 2, 0, dtype=torch.int16)
        return cls(questions, labels, puzzle_ids, nothing[:, 0].byte(), nothing)

    def to(self, device: torch.device) -> Examples:
        return Examples(*(part.to(device) for part in self))

    def first(self, count: int) -> Examples:
        return Examples(*(part[:count] for part in self))


class Material(NamedTuple):
    """All that a recipe's datasets hold for it."""

    training: dict[str, Examples]  # by dataset
    test: Examples  # of the recipe's own dataset
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
    training, about = {}, []
    test, path = None, Path()
    for name in dict.fromkeys([recipe.data.name, *(name for stage in recipe.data.curriculum for name in stage.shares)]):
        with _dataset(recipe, name, group, progress) as dataset:
            model = recipe.model
            fits = dataset.shape == model.grid or (model.any_size and name != recipe.data.name)
            if not fits or (dataset.puzzle, len(dataset.vocabulary)) != (model.puzzle, model.vocabulary):
                raise DatasetError(
                    f"{dataset.path} holds {dataset.puzzle} {dataset.shape} with {len(dataset.vocabulary)} tokens, the "
                    f"model is for {model.puzzle} {model.grid} with {model.vocabulary}."
                )
            training[name] = _split(dataset, "train", copies=recipe.data.augment, hints=model.has_hints)
            if test is None:
                test, path = _split(dataset, "test"), dataset.path
            about.append(
                f"{dataset.path.name} ({dataset.generator}, seed {dataset.seed}, content SHA-256 `{dataset.sha256}`)"
            )
    assert test is not None
    return Material(training, test, path, "; ".join(about))


def _dataset(recipe: Recipe, name: str, group: Group, progress: Any) -> Dataset:
    settings = recipe.data
    if settings.file and name == settings.name:
        return Dataset.open(settings.file)
    wanted: dict[str, Any] = {"train": settings.train, "test": settings.test, "seed": settings.seed}
    if group.leads:
        with progress(f"building {name}", settings.train + settings.test) as advance:
            ensure(name, **wanted, progress=advance)
    group.wait()
    return Dataset.open(ensure(name, **wanted))


def _split(dataset: Dataset, name: str, copies: bool = False, hints: bool = False) -> Examples:
    """A split in memory, with all symmetric copies if wanted of puzzles that are not copied as they train."""
    rows = dataset.split(name).read()
    questions, labels, ids = rows.inputs.reshape(-1, *dataset.shape), rows.labels, rows.puzzle_ids
    kind = get(dataset.puzzle)
    if copies and (copied := kind.copies(questions)) is not None:
        questions, answers = copied
        labels, ids = answers.reshape(len(answers), -1), np.tile(ids, len(answers) // len(ids))
    plain = Examples.without_hints(*map(torch.from_numpy, (questions, labels, ids.astype(np.int64))))
    return with_hints(plain, kind) if hints else plain


def with_hints(examples: Examples, kind: PuzzleKind) -> Examples:
    """The examples with what `PuzzleKind.hints` has for them."""
    found = kind.hints(examples.questions.numpy(), examples.labels.numpy())
    if found is None:
        return examples
    hints, due = found
    return examples._replace(hints=torch.from_numpy(hints), due=torch.from_numpy(due))
