"""A plan describes a comparison in full: the systems, what each may spend on training, the seeds, the test, the claims.

Plans are TOML files (`plans/*.toml` are shipped). A system is a recipe and what it says otherwise, in a recipe's own
sections; what is common to all systems is said once:

    description = "What TR-LDM's two states are worth"
    budget = { minutes = 20 }
    [common]
    data = { train = 6000 }
    [systems."TR-LDM"]
    recipe = "maze-9x9-trldm"
    [systems."no z"]
    recipe = "maze-9x9-trldm"
    model = { states = "y" }
    [[claims]]
    says = "z helps"
    more = "TR-LDM"
    less = "no z"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from puzzlerec.data import ensure
from puzzlerec.files import is_file, shorten
from puzzlerec.training.recipe import (
    UNPARSABLE,
    Generation,
    Recipe,
    RecipeError,
    as_sections,
    derive_recipe,
    nearest,
    shipped_recipes,
)

Section = dict[str, Any]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Budget(_Part):
    """What every system may spend on training; one of the three."""

    minutes: float | None = Field(None, gt=0)  # of computing
    evaluations: float | None = Field(None, gt=0)  # layers applied to a puzzle, gradient or not
    steps: int | None = Field(None, ge=1)  # of the optimiser, whatever they cost

    @model_validator(mode="after")
    def _one(self) -> Budget:
        given = [spent for spent in (self.minutes, self.evaluations, self.steps) if spent is not None]
        if len(given) != 1:
            raise ValueError("equal training means the same minutes, evaluations or steps: give one of them")
        if not isfinite(given[0]):
            raise ValueError(f"a budget of {given[0]} has no end: give a number")
        return self


class Sections(_Part):
    """What a recipe's sections are to say."""

    data: Section = {}
    model: Section = {}
    objective: Section = {}
    optimizer: Section = {}
    training: Section = {}
    evaluation: Section = {}

    @property
    def said(self) -> dict[str, Section]:
        return {name: value for name in Sections.model_fields if (value := getattr(self, name))}


# what a rehearsal shrinks: enough to see every system train, save and be measured
REHEARSED = Sections(
    data={"train": 16, "test": 8, "curriculum": [], "sets": {}},
    model={"width": 16, "heads": 2, "multiple": 8, "supervision_steps": 2},
    training={"batch": 2, "log_every": 1, "compile": False},
    evaluation={"points": 1, "puzzles": 2, "batch": 2},
)
REHEARSAL_STEPS = 2


class Entrant(Sections):
    """A system in a comparison: a recipe, by its name or its file, and what it says otherwise.

    Or the weights of another system, which then trains for both, where the way to an answer alone is another.
    """

    recipe: str | None = None
    weights: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Entrant:
        if (self.recipe is None) == (self.weights is None):
            raise ValueError(f"a system has a recipe, {', '.join(shipped_recipes())}, or the weights of another system")
        return self

    @classmethod
    def parse(cls, text: str) -> tuple[str, Entrant]:
        """A label and its system, of ``RECIPE``, ``LABEL=RECIPE`` or either with settings after commas:

        ``no z=maze-9x9-trldm,model.states=y``. A label may hold ``=`` but no comma, a recipe's name neither.
        """
        first, *overrides = re.split(r",(?![^\[{]*[\]}])", text)  # not at commas within brackets
        for one in overrides:
            if one.partition(".")[0] not in Sections.model_fields:
                known = ", ".join(Sections.model_fields)
                raise RecipeError(f"{text}: {one!r} is no setting SECTION.KEY=VALUE, of {known}; a label has no comma")
        label, _, recipe = first.rpartition("=")
        try:
            return label or (text if overrides else recipe), cls(recipe=recipe, **as_sections(overrides))
        except ValidationError as error:
            raise RecipeError(f"{text}: {_explained(error)}") from None


class Test(_Part):
    """What is measured on, if not the recipes' own test puzzles: a dataset's test, in a file or to be built."""

    __test__ = False  # which pytest would take it for

    limit: int | None = Field(None, ge=1)  # the first so many puzzles alone
    file: str | None = None
    name: str | None = None  # of a builder
    puzzles: int = Field(1000, ge=1)
    seed: int = Field(1, ge=0)
    settings: Generation = {}
    votes: int = Field(0, ge=0)  # ARC: on how many copies of each task votes are taken besides; then tasks are limited

    @model_validator(mode="after")
    def _one_source(self) -> Test:
        if self.file is not None and self.name is not None:
            raise ValueError("a test is a file or has the name of a dataset to build, not both")
        return self

    def path(self) -> Path | None:
        """The file, built if it is missing; None where the recipes' own test counts. Raises `DatasetError`."""
        if self.name is not None:
            made: dict[str, Any] = {"train": 0, "test": self.puzzles, "seed": self.seed}
            return ensure(self.name, **(self.settings | made))
        return None if self.file is None else Path(self.file)


class Claim(_Part):
    """What somebody has said of two systems: the one answers more than the other."""

    says: str
    more: str
    less: str
    measure: Literal["exact", "solved", "valid", "optimal", "pass@1", "pass@2"] = "exact"


class Plan(_Part):
    name: str = "comparison"  # of its tables and its runs' folder
    description: str = ""
    budget: Budget
    seeds: int = Field(3, ge=1)  # 0 to seeds - 1
    test: Test = Test()
    common: Sections = Sections()  # what all systems say
    over: Sections = Sections()  # and what is said last, whatever a system says
    systems: dict[str, Entrant] = Field(min_length=1)
    reference: str | None = None  # the system that the others are tested against; the first
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Plan:
        named = {"reference": self.reference} if self.reference else {}
        named |= {f"systems.{label}.weights": one.weights for label, one in self.systems.items() if one.weights}
        for number, claim in enumerate(self.claims):
            named |= {f"claims.{number}.more": claim.more, f"claims.{number}.less": claim.less}
        for place, label in named.items():
            if label not in self.systems:
                raise ValueError(f"{place} is no system of the plan: {label!r}{nearest(label, list(self.systems))}")
        for label, one in self.systems.items():
            if one.weights and self.systems[one.weights].weights:
                raise ValueError(f"systems.{label}.weights: {one.weights!r} trains nothing itself")
        if len({folder_of(label).casefold() for label in self.systems}) < len(self.systems):
            raise ValueError("two systems' names are the same for a file system: every system needs a folder")
        return self

    @classmethod
    def of(cls, entrants: Iterable[str], **settings: Any) -> Plan:
        """A small plan from a command line's entrants. Raises `RecipeError`."""
        systems: dict[str, Entrant] = {}
        for text in entrants:
            label, entrant = Entrant.parse(text)
            if label in systems:
                raise RecipeError(f"every system of a comparison needs a name of its own, LABEL=RECIPE: {label!r}")
            systems[label] = entrant
        return _validated({"systems": systems, **settings})

    def trained_as(self, label: str) -> str:
        """The system whose training gives this one its weights: itself, or the one that it names."""
        return self.systems[label].weights or label

    def recipe(self, label: str, seed: int) -> Recipe:
        """What a system trains by. Raises `RecipeError`."""
        entrant = self.systems[label]
        trains = self.systems[self.trained_as(label)]
        assert trains.recipe is not None
        changes = (self.common.said, trains.said, entrant.said, self.over.said, {"training": {"seed": seed}})
        try:
            return derive_recipe(trains.recipe, *changes)
        except RecipeError as error:
            raise RecipeError(f"{label}: {error}") from None

    def rehearsal(self) -> Plan:
        """The same systems at toy size, for some steps: whether all of it runs, and no more."""
        few = {"limit": 2, "puzzles": 8 if self.test.name else self.test.puzzles, "votes": min(self.test.votes, 2)}
        test = self.test.model_copy(update=few)
        copied = {"data": REHEARSED.data | {"settings": {"version": 1, "copies": test.votes}}} if test.votes else {}
        over = REHEARSED.model_copy(update=copied)
        toy = {"budget": Budget(steps=REHEARSAL_STEPS), "seeds": 1, "test": test, "over": over}
        return self.model_copy(update={"name": f"{self.name}-rehearsal", **toy})


def folder_of(label: str) -> str:
    """A label as the name of a folder on any system."""
    return re.sub(r"[^\w +,=()-]", "_", label)


# ---- files


def shipped_plans() -> list[str]:
    folder = files(__package__) / "plans"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_plan(name: str | Path) -> Plan:
    """The shipped plan of this name or the TOML file at this path. Raises `RecipeError`."""
    path = Path(name)
    if path.suffix == ".toml":
        if not is_file(path):
            raise RecipeError(f"no plan file {shorten(str(path))}")
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise RecipeError(f"{path} is no UTF-8 text ({error.reason} at byte {error.start + 1})") from None
    elif str(name) in shipped_plans():
        text = (files(__package__) / "plans" / f"{name}.toml").read_text(encoding="utf-8")
    else:
        raise RecipeError(f"no plan {shorten(str(name))!r}{nearest(str(name), shipped_plans())}")
    try:
        content = tomllib.loads(text)
    except UNPARSABLE as error:
        raise RecipeError(f"{name}: {error}") from None
    content.setdefault("name", path.stem)
    try:
        return _validated(_beside(content, path.parent) if path.suffix == ".toml" else content)
    except RecipeError as error:
        raise RecipeError(f"{name}: {error}") from None


def _beside(content: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The files that a plan names, recipes' and the test's, from the plan's own folder."""
    systems, test = content.get("systems"), content.get("test")
    if isinstance(systems, dict):
        for entrant in systems.values():
            if isinstance(entrant, dict) and str(entrant.get("recipe", "")).endswith(".toml"):
                entrant["recipe"] = str(folder / entrant["recipe"])
    if isinstance(test, dict) and isinstance(test.get("file"), str):
        test["file"] = str(folder / test["file"])
    return content


def _validated(content: dict[str, Any]) -> Plan:
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        raise RecipeError(_explained(error)) from None


def _explained(error: ValidationError) -> str:
    """Every key that is wrong, what it says and what would do."""
    return "; ".join(_fault(dict(fault)) for fault in error.errors())


def _fault(fault: dict[str, Any]) -> str:
    place = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        known = list(_model_at(fault["loc"][:-1]).model_fields)
        return f"unknown key {place}{nearest(str(fault['loc'][-1]), known)}"
    if fault["type"] == "missing":
        return f"{place} is missing"
    said = str(fault["msg"]).removeprefix("Value error, ")
    if isinstance(fault["input"], dict | BaseModel):  # parts that are at odds with each other
        return f"{place}: {said}" if place else said
    return f"{place}: {said} (got {shorten(repr(fault['input']))})"


def _model_at(place: tuple[int | str, ...]) -> type[_Part]:
    parts: dict[str, type[_Part]] = {
        "budget": Budget,
        "test": Test,
        "common": Sections,
        "over": Sections,
        "systems": Entrant,
        "claims": Claim,
    }
    return parts[str(place[0])] if place else Plan
