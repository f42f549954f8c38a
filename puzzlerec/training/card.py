"""What a run says of its weights: a model card with the command that made them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from ..models import checkpoint
from .loop import Trainer
from .recipe import Recipe, load_recipe, shipped_recipes


class CheckpointSaver:
    """Writes the averaged weights with a card of what they are. ``data`` is the card's words on the data."""

    def __init__(self, data: str) -> None:
        self.data = data

    def __call__(self, trainer: Trainer, record: dict[str, Any]) -> None:
        recipe = trainer.recipe
        exact, puzzles = record.get("eval_exact_accuracy"), min(recipe.evaluation.puzzles, recipe.data.test)
        measured = None if exact is None else checkpoint.Measured(exact, puzzles, "test puzzles")
        card = self.card(trainer, record)
        checkpoint.save(trainer.averaged, trainer.folder.checkpoint, card, step=trainer.done, measured=measured)

    def card(self, trainer: Trainer, record: dict[str, Any]) -> str:
        recipe = trainer.recipe
        if "eval_exact_accuracy" in record:
            measured = (
                f"on the first {recipe.evaluation.puzzles} test puzzles, {recipe.model.supervision_steps} steps: "
                f"{record['eval_exact_accuracy']:.2%} exact, {record['eval_token_accuracy']:.2%} of the cells"
            )
        else:
            measured = "on nothing: the data has no test puzzles"
        return (
            f"# {recipe.name}\n\n{recipe.description}\n\n"
            f"- made by `{command(recipe, trainer.deadline)}`: {trainer.done:,} steps of batch "
            f"{recipe.training.batch}, {trainer.seconds / 60:.1f} minutes on {trainer.device.type}, "
            f"{str(trainer.dtype).removeprefix('torch.')}, seed {recipe.training.seed}\n"
            f"- data: {self.data}\n"
            f"- measured then {measured}\n"
        )


def command(recipe: Recipe, seconds: float | None = None) -> str:
    """The command that trains this recipe, with every setting in which it differs from the shipped one of its name."""
    words = ["puzzlerec", "train", recipe.name]
    if recipe.name in shipped_recipes():
        for setting in differences(load_recipe(recipe.name), recipe):
            words += ["--set", setting]
    if seconds:
        words += ["--minutes", f"{seconds / 60:g}"]
    return shlex.join(words)


def differences(base: Recipe, recipe: Recipe) -> list[str]:
    """``section.key=value`` for all that ``recipe`` sets otherwise than ``base``."""
    ours, theirs = recipe.model_dump(mode="json"), base.model_dump(mode="json")
    return [
        f"{section}.{key}={_toml(value)}"
        for section, settings in ours.items()
        if isinstance(settings, dict)
        for key, value in settings.items()
        if value is not None and value != theirs[section].get(key)
    ]


def _toml(value: Any) -> str:
    """A value as TOML writes it in one line."""
    if isinstance(value, dict):
        said = {key: part for key, part in value.items() if part is not None}
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in said.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value)
