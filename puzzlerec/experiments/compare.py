"""Systems side by side, trained equally: the same data, the same number of layer evaluations or the same time."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from math import isfinite, sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import torch

from puzzlerec.data import Dataset
from puzzlerec.evaluation import Report, evaluate
from puzzlerec.evaluation.report import wilson
from puzzlerec.files import write
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.tables import Table, Tabular
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.distributed import Group
from puzzlerec.training.examples import Material, Progress, load_material
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import Recipe, RecipeError, load_recipe
from puzzlerec.training.run_folder import RunFolder

# of Student's distribution, two-sided 95%, by degrees of freedom
T95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
MEASURES = ("exact", "valid", "optimal", "solved")  # shares; "solved" is what the rules accept
SETTINGS, RESULT = "settings.json", "result.json"  # of a run: what it was begun with, what came of it


@dataclass(frozen=True)
class Budget:
    """What every entrant may spend on training; one of the two."""

    minutes: float | None = None
    evaluations: float | None = None  # layers applied to a puzzle, gradient or not

    def __post_init__(self) -> None:
        if (self.minutes is None) == (self.evaluations is None):
            raise RecipeError("equal training means the same minutes or the same evaluations: give one of them")
        if not isfinite(self.minutes or self.evaluations or 0):
            raise RecipeError(f"a budget of {self.minutes or self.evaluations} has no end: give a number")


@dataclass(frozen=True)
class Entrant:
    """A recipe in a comparison, under a name."""

    label: str
    recipe: str
    overrides: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Entrant:
        """``RECIPE``, ``LABEL=RECIPE`` or either with overrides: ``no z=maze-9x9-trldm,model.states=y``.

        A label may hold ``=``, a recipe's name may not.
        """
        first, *overrides = re.split(r",(?![^\[{]*[\]}])", text)  # not at commas within brackets
        label, _, recipe = first.rpartition("=")
        return cls(label or (text if overrides else recipe), recipe, tuple(overrides))

    @property
    def folder(self) -> str:
        """The label as the name of a folder on any system."""
        return re.sub(r"[^\w +,=()-]", "_", self.label)

    def load(self, seed: int) -> Recipe:
        return load_recipe(self.recipe, [*self.overrides, f"training.seed={seed}"])


@dataclass(frozen=True)
class Result:
    """What one training run came to."""

    label: str
    seed: int
    weights: int
    steps: int
    evaluations: float
    minutes: float
    puzzles: int  # of the test
    shares: dict[str, float]  # by measure
    length_ratio: float | None
    by_rating: dict[str, float]  # exact, by bin of the rating
    settings: dict[str, Any]  # the entrant's recipe, its overrides, the budget and the test's size


def compare(
    entrants: Sequence[Entrant],
    budget: Budget,
    folder: Path,
    *,
    seeds: int = 3,
    limit: int | None = None,
    test: Path | None = None,
    device: torch.device | None = None,
    progress: Callable[[str, int], AbstractContextManager[Progress]] | None = None,
    begun: Callable[[str, int], None] = lambda label, seed: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Result]:
    """Trains and measures every entrant with every seed, one after the other, on the file ``test`` if there is one.

    A run that has ended before, with the same settings, is not done again; one that was cut off goes on. It ends early
    if ``stopped()``, with the run at work saved. Raises `RecipeError`, before anything is trained, if two entrants
    would not train on the same data or a folder holds another run.
    """
    device = device or torch.device("cpu")
    recipes = [entrant.load(0) for entrant in entrants]
    if len({entrant.folder.casefold() for entrant in entrants}) < len(entrants):
        raise RecipeError("every entrant of a comparison needs a name of its own: LABEL=RECIPE")
    datasets = [(r.data.name, r.data.settings, r.data.file, r.data.train, r.data.test, r.data.seed) for r in recipes]
    if any(one != datasets[0] for one in datasets):
        raise RecipeError("systems are compared on the same data, but the recipes name different datasets")
    runs = [
        _Run(entrant.label, entrant.load(seed), RunFolder(folder / entrant.folder / f"seed{seed}"), budget, limit, test)
        for seed in range(seeds)
        for entrant in entrants
    ]
    for one in runs:
        one.claim()
    for one in runs:
        begun(one.label, one.recipe.training.seed)
        result = _measured(one, device, progress, stopped)
        if result is None:
            return
        yield result


@dataclass(frozen=True)
class _Run:
    """One training run of a comparison, and where it is kept."""

    label: str
    recipe: Recipe
    place: RunFolder
    budget: Budget
    limit: int | None
    test: Path | None

    @property
    def settings(self) -> dict[str, Any]:
        """All that its result depends on."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "budget": asdict(self.budget),
            "limit": self.limit,
            "test": None if self.test is None else _fingerprint(self.test, self.recipe),
        }

    def claim(self) -> None:
        """Raises `RecipeError` if the folder holds a run with other settings."""
        path = self.place.path
        kept = path / SETTINGS
        if kept.exists():
            same = json.loads(kept.read_text(encoding="utf-8")) == self.settings
        else:
            same = not (path.exists() and (not path.is_dir() or any(path.iterdir())))
        if not same:
            raise RecipeError(f"{path} holds a run with other settings: choose another folder, or remove it")

    def write(self, name: str, content: dict[str, Any]) -> None:
        self.place.path.mkdir(parents=True, exist_ok=True)
        write(self.place.path / name, json.dumps(content, indent=2) + "\n")


def _measured(one: _Run, device: torch.device, progress: Any, stopped: Callable[[], bool]) -> Result | None:
    """What came of a run, now or before; None if it was stopped."""
    done = one.place.path / RESULT
    if done.exists():
        return Result(**json.loads(done.read_text(encoding="utf-8")))
    with one.place.claimed():
        return _trained(one, device, progress, stopped)


def _trained(one: _Run, device: torch.device, progress: Any, stopped: Callable[[], bool]) -> Result | None:
    one.write(SETTINGS, one.settings)
    torch.compiler.reset()  # it keeps few versions of a function, and those of earlier runs would be among them
    group = Group(device)
    material = load_material(one.recipe, group, *([progress] if progress else []))
    if material.test is None and one.test is None:
        raise RecipeError(f"{material.path} has no test puzzles to compare on: name a dataset that has, with --test")
    trainer = _trainer(one, material, device, group)
    for _ in run(trainer, material.test, stopped=stopped, save_checkpoint=CheckpointSaver(material.about)):
        pass
    if trainer.progress < 1:
        return None
    result = _result(one, trainer, _report(one, trainer, material))
    one.write(RESULT, asdict(result))
    return result


def _trainer(one: _Run, material: Material, device: torch.device, group: Group) -> Trainer:
    """A trainer that will spend the budget, where it stood if it has worked before."""
    recipe, budget = one.recipe, one.budget
    try:
        trainer = Trainer(recipe, material.training, device, one.place, group)
    except ValueError as error:
        raise RecipeError(f"{one.label}: {error}") from error
    if device.type == "cpu":
        trainer.clock = time.thread_time  # what else is at work on the machine takes no time from a system
    if budget.minutes is not None:
        trainer.deadline = 60 * budget.minutes
    else:
        assert budget.evaluations is not None
        steps = max(1, round(budget.evaluations / (trainer.evaluations * recipe.training.batch)))
        trainer.recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": steps})})
    one.place.write_recipe(recipe.model_dump(mode="json"))
    if one.place.state.exists():
        trainer.resume()
    trainer.warm_up()  # compilers' time is not a system's
    return trainer


def _report(one: _Run, trainer: Trainer, material: Material) -> Report:
    """The trained model on the test."""
    with Dataset.open(one.test or material.path) as dataset:
        rows = dataset.split("test")
        return evaluate(
            trainer.averaged.eval(),
            rows.inputs,
            rows.labels,
            SolveSettings(early=False, batch=one.recipe.evaluation.batch),
            puzzle_ids=rows.puzzle_ids,
            ratings=rows.ratings,
            limit=one.limit,
            grid=dataset.shape,
            device=trainer.device,
        )


def _result(one: _Run, trainer: Trainer, report: Report) -> Result:
    shares = {"exact": report.exact.share, "solved": report.first_pass.share}
    return Result(
        label=one.label,
        seed=one.recipe.training.seed,
        weights=sum(p.numel() for p in trainer.model.parameters()),
        steps=trainer.done,
        evaluations=float(trainer.done) * one.recipe.training.batch * trainer.evaluations,
        minutes=trainer.seconds / 60,
        puzzles=report.puzzles,
        shares=shares | {name: rate.share for name, rate in report.rules.items()},
        length_ratio=report.length_ratio,
        by_rating={name: exact.share for name, (exact, _) in report.ratings.items()},
        settings=one.settings,
    )


def _fingerprint(test: Path, recipe: Recipe) -> str:
    """The content hash of a test of the recipe's kind of puzzle; `RecipeError` if it is of another."""
    with Dataset.open(test) as dataset:
        if dataset.puzzle != recipe.model.puzzle or not recipe.model.takes(dataset.shape):
            rows, columns = dataset.shape
            raise RecipeError(f"{test} holds {dataset.puzzle} of {rows}x{columns}, which {recipe.name} does not take")
        return dataset.sha256


def interval(shares: Sequence[float], puzzles: int) -> tuple[float, float, float]:
    """The mean of the seeds' shares and its 95% interval: that of a test of so many puzzles, or Student's over seeds
    where that is wider."""
    mean = fmean(shares)
    low, high = wilson(mean, puzzles)
    if len(shares) > 1:
        half = T95[min(len(shares) - 2, len(T95) - 1)] * stdev(shares) / sqrt(len(shares))
        low, high = min(low, max(0.0, mean - half)), max(high, min(1.0, mean + half))
    return mean, low, high


@dataclass(frozen=True)
class Comparison(Tabular):
    """What came of all runs."""

    results: tuple[Result, ...]

    def tables(self) -> list[Table]:
        return tables(self.results)

    def records(self) -> list[dict[str, Any]]:
        return records(self.results)


def records(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The runs, one a record, for tables of one's own."""
    return [
        {
            "system": result.label,
            "seed": result.seed,
            "weights": result.weights,
            "steps": result.steps,
            "evaluations": result.evaluations,
            "minutes": result.minutes,
            "puzzles": result.puzzles,
            **result.shares,
            "length_ratio": result.length_ratio,
        }
        for result in results
    ]


def tables(results: Sequence[Result]) -> list[Table]:
    """What to show: accuracy, then seed by seed and by rating, and the training."""
    labels = list(dict.fromkeys(result.label for result in results))
    of = {label: [result for result in results if result.label == label] for label in labels}
    measures = [name for name in MEASURES if all(name in result.shares for result in results)]
    measures = [name for name in measures if name != "solved" or "optimal" not in measures]
    ratios = any(result.length_ratio is not None for result in results)
    accuracy, training = [], []
    for label, some in of.items():
        row = [label, *(_share([r.shares[name] for r in some], some[0].puzzles) for name in measures)]
        if ratios:
            known = [r.length_ratio for r in some if r.length_ratio is not None]
            row.append(f"{fmean(known):.4f}" if known else "-")
        accuracy.append(row)
        row = [label, str(len(some)), f"{some[0].weights:,}", f"{fmean(r.steps for r in some):,.0f}"]
        training.append([*row, f"{fmean(r.evaluations for r in some):.2e}", f"{fmean(r.minutes for r in some):.1f}"])
    found = [Table("accuracy, %", ["system", *measures, *["length ratio"] * ratios], accuracy)]
    seeds = sorted({result.seed for result in results})
    if len(seeds) > 1:
        exact = {(result.label, result.seed): f"{100 * result.shares['exact']:.1f}" for result in results}
        rows = [[label, *(exact.get((label, seed), "-") for seed in seeds)] for label in labels]
        found.append(Table("exact by seed, %", ["system", *(f"seed {seed}" for seed in seeds)], rows))
    bins = list(dict.fromkeys(name for result in results for name in result.by_rating))
    if bins:
        rows = [
            [name, *(f"{100 * fmean(r.by_rating.get(name, 0.0) for r in some):.1f}" for some in of.values())]
            for name in bins
        ]
        found.append(Table("exact by rating or length, %", ["", *labels], rows))  # there may be many: a line each
    found.append(Table("training", ["system", "seeds", "weights", "steps", "evaluations", "minutes"], training))
    return found


def _share(shares: Sequence[float], puzzles: int) -> str:
    mean, low, high = interval(shares, puzzles)
    return f"{100 * mean:.1f} ({100 * low:.1f}-{100 * high:.1f})"
