"""A recipe describes a training run in full: puzzle, data, model, objective, optimiser, schedule, evaluation.

Recipes are TOML files (`recipes/*.toml` are shipped); unknown keys are refused with the nearest known name. A recipe
that differs from another in little names it as its ``base`` and says what differs.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import cache, reduce
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model, field_validator, model_validator

from ..files import is_file, shorten
from ..models import config_class
from ..models.config import ModelConfig, TRMConfig
from ..puzzles import KINDS
from ..puzzles.generator import DatasetError

UNPARSABLE = (ValueError, RecursionError)  # what is no TOML, a number of thousands of digits, or nested without end


LARGEST = 1 << 63


class RecipeError(ValueError):
    """A recipe or an override that cannot be used: which key, what is wrong, what would do."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Stage(_Section):
    """Of the steps up to a share of the run: how many go to which dataset."""

    until: float = Field(gt=0, le=1)  # share of the run
    # a label of `sets` or a builder's name -> share of the steps; they are drawn, and need not sum to one
    shares: dict[str, float]


Generation = dict[str, int | float | str]  # settings of a generator, as `puzzlerec data build --set` takes them


class SetSettings(_Section):
    """A dataset of a curriculum that its builder's name does not say in full."""

    name: str
    train: int | None = Field(None, ge=1)  # puzzles, if not as many as of the recipe's own dataset
    settings: Generation = {}


class DataSettings(_Section):
    """The dataset: its builder's name and settings, built when missing, or a file."""

    name: str = "sudoku"  # a builder of `puzzlerec data build`
    settings: Generation = {}
    file: str | None = None  # an HDF5 file to use as it is, instead of building
    train: int = Field(1000, ge=1)
    test: int = Field(1000, ge=0)  # puzzles; without any, nothing is measured as the model learns
    seed: int = 0
    augment: bool = True  # a random symmetric copy each time a puzzle is drawn; useless to an equivariant model
    # other sizes to train on, for models that take any size: after the last stage, and without one, `name` alone
    curriculum: tuple[Stage, ...] = ()
    sets: dict[str, SetSettings] = {}  # datasets of the curriculum, by the labels that its shares name

    @property
    def trained_on(self) -> list[str]:
        """The names and labels of what the run draws from: not `name` where stages without it take the whole run."""
        named = [label for stage in self.curriculum for label in stage.shares]
        whole = bool(self.curriculum) and self.curriculum[-1].until == 1
        return list(dict.fromkeys(named if whole and self.name not in named else [self.name, *named]))

    def stage(self, progress: float) -> Stage | None:
        """The stage of a share of the run, None after the last; one that lasts to the end is never over."""
        return next((stage for stage in self.curriculum if progress < stage.until or stage.until == 1), None)

    def set_of(self, label: str) -> SetSettings:
        """The dataset of a label or a name in a stage's shares."""
        return self.sets.get(label) or SetSettings(name=label, settings=self.settings if label == self.name else {})

    @model_validator(mode="after")
    def _known(self) -> DataSettings:
        from ..data.building import checked, kind_and_shape  # which reads and writes files: not to list recipes

        if self.name in self.sets:
            raise ValueError(f"the label {self.name} of a set is the name of the recipe's own dataset: choose another")
        for one in self.sets.values():
            checked(one.name, one.settings)
        if self.settings:
            checked(self.name, self.settings)
        for label in dict.fromkeys(label for stage in self.curriculum for label in stage.shares):
            if label != self.name and label not in self.sets:
                try:
                    kind_and_shape(label)
                except DatasetError:
                    near = nearest(label, [*self.sets, *KINDS])
                    raise ValueError(f"a stage shares {label!r}, which is neither a set nor a dataset{near}") from None
        return self


class Objective(_Section):
    loss: Literal["stablemax", "softmax"] = "stablemax"
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    token_weights: tuple[float, ...] | None = None  # of each token of the vocabulary in the loss; equal if not given
    halt_weight: float = Field(0.5, ge=0)
    halt_threshold: float = Field(0.5, gt=0, lt=1)  # of the halting probability, above which a training slot halts
    teacher: str | None = None  # a checkpoint to learn from besides, by name or folder: the KL divergence from it
    teacher_weight: float = Field(1.0, ge=0)
    hint_weight: float = Field(1.0, ge=0)  # of the hints that model.hints asks for
    # moves that news makes in a step: hints and labels that it cannot have brought yet are not asked for. None: all are
    pace: float | None = Field(None, gt=0)
    # what a step learns from. deep-supervision: the states of earlier steps, puzzle after puzzle. true-fields: the true
    # fields of a drawn time, as far as news has come by then at `pace`, to those of a step later; nothing is unrolled.
    # search: the sets of open candidates that striking out and pinning lead to, right and wrong ones
    lesson: Literal["deep-supervision", "true-fields", "search"] = "deep-supervision"
    mistakes: float = Field(0.0, ge=0, le=1)  # true-fields: at most so large a share of cells stands at another time
    survival_weights: tuple[float, float] = (4.0, 0.5)  # search: of the answer's candidates in the loss, of the others
    conflict_weight: float = Field(0.3, ge=0)  # search: of whether the set has lost the answer
    pinning: float = Field(0.5, ge=0, le=1)  # search: the share of slots in which symbols are pinned
    horizon: int = Field(1, ge=1)  # search: the steps that an optimiser step goes forward, and its gradient back
    eased: float = Field(0.6, ge=0, le=1)  # search: the share of puzzles that begin with some pins, most of them right
    continue_loss: bool = False  # learn a continue value from one more forward pass, and halt by comparing the two
    exploration: float = Field(0.1, ge=0, le=1)  # share of puzzles that must do randint(2..N_sup) steps


class OptimizerSettings(_Section):
    name: Literal["adamw", "adam-atan2", "muon"] = "adamw"
    lr: float = Field(1e-4, gt=0)
    rest_lr: float | None = Field(None, gt=0)  # of the weights that Muon does not take; default lr
    embedding_lr: float = Field(1e-4, gt=0)  # of the puzzle embedding
    betas: tuple[float, float] = (0.9, 0.95)
    momentum: float = 0.95  # of Muon
    muon_scale: Literal["match_rms_adamw", "original"] = "match_rms_adamw"  # how Muon scales a matrix's update
    weight_decay: float = Field(1.0, ge=0)
    rest_weight_decay: float = Field(0.0, ge=0)  # of the weights that Muon does not take
    warmup: int = Field(2000, ge=0)  # steps
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    decay: float = Field(0.4, gt=0, le=1)  # the last share of the run, over which "linear" goes down
    final: float = Field(0.0, ge=0, le=1)  # the factor at the end
    clip: float | None = Field(None, gt=0)  # gradient norm


class TrainingSettings(_Section):
    init: str | None = None  # a checkpoint to start from, by name or folder; what it lacks (hints) starts at random
    steps: int = Field(65_000, ge=1)
    batch: int = Field(768, ge=1)  # slots, over all devices
    micro_batch: int | None = Field(
        None, ge=1
    )  # puzzles in one pass; gradients add up. Small ones stay in a CPU's cache
    ema: float = Field(0.999, ge=0, lt=1)  # 0: none
    seed: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    compile: bool = False
    threads: int | None = Field(None, ge=1)  # of a CPU process
    log_every: int = Field(20, ge=1)
    save_every: int = Field(500, ge=1)


class EvaluationSettings(_Section):
    every: int = Field(1000, ge=1)  # optimiser steps
    points: int | None = Field(None, ge=1)  # at so many equal shares of the run instead
    puzzles: int = Field(256, ge=1)
    batch: int = Field(128, ge=1)


class Recipe(_Section):
    name: str  # of its runs' folder too
    description: str = ""
    data: DataSettings = DataSettings()
    model: ModelConfig = TRMConfig()
    objective: Objective = Objective()
    optimizer: OptimizerSettings = OptimizerSettings()
    training: TrainingSettings = TrainingSettings()
    evaluation: EvaluationSettings = EvaluationSettings()

    @field_validator("name")
    @classmethod
    def _names_a_folder(cls, name: str) -> str:
        if not re.fullmatch(r"\w[\w .,+=()-]{0,99}", name):
            raise ValueError("it is a folder's name too: at most 100 letters, digits, blanks and .,+=()-_")
        return name

    @model_validator(mode="after")
    def _consistent(self) -> Recipe:
        weights, curriculum = self.objective.token_weights, self.data.curriculum
        if self.objective.pace and not self.model.has_hints:
            raise ValueError("objective.pace is a timetable for hints: set model.hints, or leave it out")
        if self.objective.lesson == "true-fields" and not (self.objective.pace and self.model.has_fields):
            raise ValueError('the lesson "true-fields" needs objective.pace, model.hints and model.projection')
        if (self.objective.lesson == "search") != self.model.has_candidates:
            raise ValueError('the lesson "search" and a projection of candidates belong together')
        if self.objective.teacher and self.objective.lesson != "deep-supervision":
            raise ValueError(f'the lesson "{self.objective.lesson}" hears no teacher: leave out objective.teacher')
        if weights is not None and len(weights) != self.model.vocabulary:
            raise ValueError(f"{len(weights)} token_weights for a vocabulary of {self.model.vocabulary}")
        if curriculum and not self.model.any_board:
            raise ValueError(f"a curriculum needs a model that takes other boards, not {self.model.mixer}")
        if [stage.until for stage in curriculum] != sorted({stage.until for stage in curriculum}):
            raise ValueError("the stages of a curriculum come in the order of `until`")
        return self


def shipped_recipes() -> list[str]:
    folder = files(__package__) / "recipes"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def description(name: str) -> str:
    """What a shipped recipe is for; without validating it, which may mean importing torch."""
    text = (files(__package__) / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text).get("description", ""))


def load_recipe(name: str | Path, overrides: list[str] | None = None) -> Recipe:
    """The shipped recipe of this name or the TOML file at this path, with ``section.key=value`` overrides."""
    return parse_recipe(_content(name), overrides)


def _content(name: str | Path, seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """What a recipe says, over what the one that it names as its `base` says: section by section, key by key."""
    if str(name) in seen:
        raise RecipeError(f"recipes are each other's base: {' -> '.join((*seen, str(name)))}")
    path = Path(name)
    if path.suffix == ".toml":
        if not is_file(path):
            raise RecipeError(f"no recipe file {shorten(str(path))}")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            place = f"{error.reason} at byte {error.start + 1}"
            raise RecipeError(f"{path} is no UTF-8 text ({place}): save it as UTF-8") from None
    elif str(name) in shipped_recipes():
        text = (files(__package__) / "recipes" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise RecipeError(f"no recipe {shorten(str(name))!r}{nearest(str(name), shipped_recipes())}")
    try:
        content: dict[str, Any] = tomllib.loads(text)
    except UNPARSABLE as error:
        raise RecipeError(f"{name}: {error}") from None
    content.setdefault("name", path.stem)
    base = content.pop("base", None)
    if base is None:
        return content
    if not isinstance(base, str):
        raise RecipeError(f"{name}: base is a recipe's name or a file, not {base!r}")
    if base.endswith(".toml"):
        base = str(path.parent / base)
    return _over(_content(base, (*seen, str(name))), content)


def _over(below: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """``content`` over ``below``: section by section, key by key.

    Where they name different systems, what ``below`` says of settings that the new one does not have is left out.
    """
    merged = dict(below)
    for section, value in content.items():
        old = below.get(section, {})
        if isinstance(value, dict) and not isinstance(old, dict):
            raise RecipeError(f"{section!r} is a value, not a section")
        merged[section] = old | value if isinstance(value, dict) else value
    old, own = below.get("model"), content.get("model")
    if isinstance(old, dict) and isinstance(own, dict) and own.get("system", old.get("system")) != old.get("system"):
        known = _config_class(merged["model"]).model_fields
        merged["model"] = {key: value for key, value in merged["model"].items() if key in known or key in own}
    return merged


def parse_recipe(content: dict[str, Any], overrides: list[str] | None = None) -> Recipe:
    """A validated recipe; `RecipeError` names every key that is wrong."""
    return _validated(_over(content, as_sections(overrides or [], content)))


def derive_recipe(base: str | Path, *changes: dict[str, Any]) -> Recipe:
    """The recipe ``base`` with what each of ``changes`` says over it: section by section, key by key."""
    return _validated(reduce(_over, changes, _content(base)))


def as_sections(overrides: Iterable[str], content: Any = None) -> dict[str, Any]:
    """``section.key=value`` settings as a recipe says them, over one of this ``content``."""
    said: dict[str, Any] = {}
    for override in overrides:
        _override(said, override, content)
    return said


def _validated(content: dict[str, Any]) -> Recipe:
    if long := next(_too_long(content), None):
        raise RecipeError(f"{long} is a number of more digits than there is any use for")
    form = _form(_config_class(content.get("model")))
    try:
        return form.model_validate(content)
    except ValidationError as error:
        raise RecipeError("; ".join(_explain(form, dict(fault)) for fault in error.errors())) from None


def _too_long(content: Any, place: str = "") -> Iterator[str]:
    """Where there are integers that no counter of a computer holds."""
    if isinstance(content, int) and abs(content) >= LARGEST:
        yield place
    inner = content if isinstance(content, dict) else dict(enumerate(content)) if isinstance(content, list) else {}
    for key, value in inner.items():
        yield from _too_long(value, f"{place}.{key}".removeprefix("."))


def _config_class(model: Any) -> type[ModelConfig]:
    try:
        return config_class(model)
    except ValueError as error:
        raise RecipeError(f"model.system: {error}") from None


@cache
def _form(config: type[ModelConfig]) -> type[Recipe]:
    """Recipes whose model has the settings of its own system."""
    return create_model("Recipe", __base__=Recipe, model=(config, Recipe.model_fields["model"].default))


def _override(said: dict[str, Any], override: str, content: Any) -> None:
    """Add what an override says to what is ``said``; a table in a section keeps what ``content`` has there beside."""
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise RecipeError(f"a setting is section.key=value, such as training.steps=500, not {override!r}")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except UNPARSABLE:
        parsed = value  # a bare word is a string
    *sections, last = key.strip().split(".")
    for depth, section in enumerate(sections):
        content = content.get(section) if isinstance(content, dict) else None
        said = said.setdefault(section, dict(content) if depth and isinstance(content, dict) else {})
        if not isinstance(said, dict):
            raise RecipeError(f"{override}: {section!r} is a value, not a section")
    said[last] = parsed


def _explain(form: type[Recipe], fault: dict[str, Any]) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        said = str(fault["msg"]).removeprefix("Value error, ")
        if isinstance(fault["input"], dict | BaseModel):  # a section is at odds with itself
            return f"{place}: {said}" if place else said
        return f"{place}: {said} (got {shorten(repr(fault['input']))})"
    section: Any = form
    for part in fault["loc"][:-1]:
        inner = get_args(section)  # of a tuple of sections, or a table of them by name
        section = inner[get_origin(section) is dict] if inner else section.model_fields[part].annotation
    name, known = str(fault["loc"][-1]), section.model_fields
    whose = f": {known['system'].default} has no setting {name}" if issubclass(section, ModelConfig) else ""
    return f"unknown key {place}{whose}{nearest(name, list(known))}"


def nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(known)}"
