"""Systems side by side, trained equally as a plan has it: the same data, and the same time, work or steps."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from puzzlerec.data import Dataset
from puzzlerec.evaluation import PuzzleResult, evaluate
from puzzlerec.evaluation.votes import TRIES, vote
from puzzlerec.experiments.curves import points
from puzzlerec.experiments.findings import MEASURES, Point, Result
from puzzlerec.experiments.plan import Budget, Plan, folder_of
from puzzlerec.files import write
from puzzlerec.models import build, checkpoint
from puzzlerec.models.system import System
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.distributed import Group
from puzzlerec.training.examples import Material, Progress, load_material
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import Recipe, RecipeError, parse_recipe
from puzzlerec.training.run_folder import BusyError, RunFolder

SETTINGS, RESULT = "settings.json", "result.json"  # of a run: what it was begun with, what came of it


def compare(
    plan: Plan,
    folder: Path,
    *,
    device: torch.device | None = None,
    progress: Callable[[str, int], AbstractContextManager[Progress]] | None = None,
    begun: Callable[[str, int], None] = lambda label, seed: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Iterator[Result]:
    """Trains and measures every system with every seed, one after the other, and yields what came of it.

    A run that has ended before, with the same settings, is not done again; one that was cut off goes on; one that
    another process is at work on is left to it, so that several processes share a plan: what takes the weights of that
    one too, as whoever ends it comes to it next. It ends early if
    ``stopped()``, with the run at work saved. Raises `RecipeError`, before anything is trained, if two systems would
    not train on the same data or a folder holds another run.
    """
    device = device or torch.device("cpu")
    recipes = [plan.recipe(label, 0) for label in plan.systems]
    datasets = [(r.data.name, r.data.settings, r.data.file, r.data.train, r.data.test, r.data.seed) for r in recipes]
    if any(one != datasets[0] for one in datasets):
        raise RecipeError("systems are compared on the same data, but the recipes name different datasets")
    runs = _runs(plan, folder)
    for one in runs:
        one.claim()
    for one in runs:
        result = one.result
        if result is None:
            if stopped():
                return
            try:
                with one.place.claimed():  # it may have ended meanwhile
                    result = one.result or _done(one, device, progress, begun, stopped)
            except BusyError:
                continue
            if result is None:
                return
        yield result


def ended(plan: Plan, folder: Path) -> list[Result]:
    """What came of the plan's runs that have ended, whoever did them. Raises `RecipeError` as `compare` does."""
    runs = _runs(plan, folder)
    for one in runs:
        one.claim()
    return [result for one in runs if (result := one.result)]


def adopt(plan: Plan, folder: Path, report: Path) -> None:
    """Take over into ``folder`` what a ``report`` (JSON) tells of runs that it lacks: they may be another machine's.

    A run of which another one wants the weights, and is not told of, is left to be done again. Raises `RecipeError` if
    the file is no report.
    """
    try:
        results = [Result.of_json(one) for one in json.loads(report.read_text(encoding="utf-8"))["results"]]
    except FileNotFoundError:
        return
    except (ValueError, LookupError, TypeError, AttributeError):
        raise RecipeError(f"{report} is there, but holds no comparison: choose another folder for the tables") from None
    told = {(one.label, one.seed): one for one in results}
    runs = {(one.label, one.recipe.training.seed): one for one in _runs(plan, folder)}
    known = {
        key: told[key] for key, one in runs.items() if key in told and _of_today(told[key].settings) == one.settings
    }
    wanted = [one.trained_by.place.path for key, one in runs.items() if one.trained_by and key not in known]
    for key, result in known.items():
        one = runs[key]
        if not one.place.path.exists() and one.place.path not in wanted:
            one.write(SETTINGS, result.settings)
            one.write(RESULT, asdict(result))


def _runs(plan: Plan, folder: Path) -> list[_Run]:
    """Every system with every seed, the first seed of all first; after a system what takes its weights."""
    test = plan.test.path()

    def of(label: str, seed: int) -> _Run:
        weights = plan.systems[label].weights
        return _Run(
            label,
            plan.recipe(label, seed),
            RunFolder(folder / folder_of(label) / f"seed{seed}"),
            plan.budget,
            plan.test.limit,
            plan.test.votes,
            test,
            of(weights, seed) if weights else None,
        )

    labels = list(plan.systems)

    def place(label: str) -> tuple[int, bool]:
        trained = plan.trained_as(label)
        return labels.index(trained), trained != label

    in_order = sorted(labels, key=place)
    return [of(label, seed) for seed in range(plan.seeds) for label in in_order]


@dataclass(frozen=True)
class _Run:
    """One training run of a comparison, and where it is kept."""

    label: str
    recipe: Recipe
    place: RunFolder
    budget: Budget
    limit: int | None
    votes: int
    test: Path | None
    trained_by: _Run | None  # whose weights it takes

    @property
    def settings(self) -> dict[str, Any]:
        """All that its result depends on."""
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "budget": self.budget.model_dump(mode="json"),
            "limit": self.limit,
            "votes": self.votes,
            "test": None if self.test is None else _fingerprint(self.test, self.recipe),
        }

    @property
    def result(self) -> Result | None:
        """What came of it, if it has ended."""
        try:
            return Result.of_json(json.loads((self.place.path / RESULT).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def claim(self) -> None:
        """Raises `RecipeError` if the folder holds a run with other settings."""
        path = self.place.path
        kept = path / SETTINGS
        if kept.exists():
            same = _of_today(json.loads(kept.read_text(encoding="utf-8"))) == self.settings
        else:
            same = not (path.exists() and (not path.is_dir() or any(one.name != ".lock" for one in path.iterdir())))
        if not same:
            raise RecipeError(f"{path} holds a run with other settings: choose another folder, or remove it")

    def write(self, name: str, content: dict[str, Any]) -> None:
        self.place.path.mkdir(parents=True, exist_ok=True)
        write(self.place.path / name, json.dumps(content, indent=2) + "\n")


def _done(
    one: _Run,
    device: torch.device,
    progress: Any,
    begun: Callable[[str, int], None],
    stopped: Callable[[], bool],
) -> Result | None:
    """What came of a run that is done now; None if it was stopped.

    Raises `BusyError` if it waits for another's weights.
    """
    if one.trained_by is not None and one.trained_by.result is None:
        raise BusyError(f"{one.label} waits for the weights of {one.trained_by.label}")
    begun(one.label, one.recipe.training.seed)
    one.write(SETTINGS, one.settings)
    material = load_material(one.recipe, Group(device), *([progress] if progress else []))
    if material.test is None and one.test is None:
        raise RecipeError(f"{material.path} has no test puzzles to compare on: name a dataset that has, with --test")
    result = _trained(one, material, device, stopped) if one.trained_by is None else _retried(one, material, device)
    if result is not None:
        one.write(RESULT, asdict(result))
    return result


def _trained(one: _Run, material: Material, device: torch.device, stopped: Callable[[], bool]) -> Result | None:
    torch.compiler.reset()  # it keeps few versions of a function, and those of earlier runs would be among them
    trainer = _trainer(one, material, device, Group(device))
    for _ in run(trainer, material.test, stopped=stopped, save_checkpoint=CheckpointSaver(material.about)):
        pass
    if trainer.progress < 1:
        return None
    work = float(one.recipe.training.batch * trainer.evaluations)  # of a step
    return Result(
        label=one.label,
        seed=one.recipe.training.seed,
        weights=sum(p.numel() for p in trainer.model.parameters()),
        steps=trainer.done,
        evaluations=trainer.done * work,
        minutes=trainer.seconds / 60,
        curve=[Point(steps, seconds, steps * work, exact) for steps, seconds, exact in points(one.place)],
        machine=f"{_processor(device)}, {str(trainer.dtype).removeprefix('torch.')}, torch {torch.__version__}",
        settings=one.settings,
        **_measured(one, trainer.averaged.eval(), material, device),
    )


def _retried(one: _Run, material: Material, device: torch.device) -> Result:
    """What the weights of another run come to, answering in this one's way."""
    theirs = one.trained_by
    assert theirs is not None and theirs.result is not None
    model = build(one.recipe.model)
    if not theirs.place.checkpoint.exists():
        raise RecipeError(
            f"{one.label}: {theirs.place.path} has no weights of {theirs.label}, which ended on another machine. "
            "Remove it, and they are trained again"
        )
    try:
        model.load_state_dict(checkpoint.load(theirs.place.checkpoint).state_dict())
    except RuntimeError:
        raise RecipeError(
            f"{one.label}: the weights of {theirs.label} do not fit its model. Only settings of how an answer forms "
            "may differ; give it a recipe"
        ) from None
    found = _measured(one, model.to(device).eval(), material, device)
    return replace(theirs.result, label=one.label, curve=[], settings=one.settings, **found)


def _trainer(one: _Run, material: Material, device: torch.device, group: Group) -> Trainer:
    """A trainer that will spend the budget, where it stood if it has worked before."""
    recipe, budget = one.recipe, one.budget
    try:
        trainer = Trainer(recipe, material.training, device, one.place, group)
    except ValueError as error:
        raise RecipeError(f"{one.label}: {error}") from error
    if device.type == "cpu":
        trainer.clock = time.process_time  # waiting for what else is at work on the machine does not count
    if budget.minutes is not None:
        trainer.deadline = 60 * budget.minutes
    else:
        steps = budget.steps
        if budget.evaluations is not None:
            steps = max(1, round(budget.evaluations / (trainer.evaluations * recipe.training.batch)))
        trainer.recipe = recipe.model_copy(update={"training": recipe.training.model_copy(update={"steps": steps})})
    one.place.write_recipe(recipe.model_dump(mode="json"))
    if one.place.state.exists():
        trainer.resume()
    trainer.warm_up()  # compilers' time is not a system's
    return trainer


@dataclass
class _Right:
    """Which puzzles of the test a model has answered, by measure: a 0 or 1 for each."""

    by_measure: dict[str, list[str]] = field(default_factory=dict)

    def __call__(self, one: PuzzleResult) -> None:
        facts = {"exact": one.exact, "solved": one.first_pass, **one.facts}
        for measure in MEASURES:
            if measure in facts:
                self.by_measure.setdefault(measure, []).append(str(int(facts[measure])))


def _measured(one: _Run, model: System, material: Material, device: torch.device) -> dict[str, Any]:
    """The model on the test: what a result says of it. Raises KeyboardInterrupt if it was interrupted."""
    right = _Right()
    votes: dict[str, list[bool]] = {}
    with Dataset.open(one.test or material.path) as dataset:
        rows = dataset.split("test").copies(0)  # each puzzle as it is
        if one.votes:
            rows = rows.first_groups(one.limit)
            batch = one.recipe.evaluation.batch
            counted = vote(model, dataset, copies=one.votes, limit=one.limit, batch=batch, device=device)
            if not counted.whole:
                raise KeyboardInterrupt
            votes = {f"pass@{k}": counted.right(k) for k in (1, TRIES)}
        report = evaluate(
            model,
            rows.inputs,
            rows.labels,
            SolveSettings(early=False, batch=one.recipe.evaluation.batch),
            puzzle_ids=rows.puzzle_ids,
            ratings=rows.ratings,
            limit=None if one.votes else one.limit,  # with votes it is of tasks, and the rows are theirs
            grid=dataset.shape,
            device=device,
            each=right,
        )
    if not report.whole:  # what was measured before it was interrupted is no result
        raise KeyboardInterrupt
    for measure, whole in votes.items():
        right.by_measure[measure] = [str(int(one)) for one in whole]
    shares = {"exact": report.exact.share, "solved": report.first_pass.share}
    shares |= {name: rate.share for name, rate in report.rules.items()}
    return {
        "puzzles": report.puzzles,
        "shares": shares | {measure: float(np.mean(whole)) for measure, whole in votes.items()},
        "length_ratio": report.length_ratio,
        "by_rating": {name: exact.share for name, (exact, _) in report.ratings.items()},
        "right": {measure: "".join(digits) for measure, digits in right.by_measure.items()},
    }


def _processor(device: torch.device) -> str:
    """What a device is, as its maker calls it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _of_today(settings: dict[str, Any]) -> dict[str, Any]:
    """What a run was begun with, and the defaults of settings that there were not yet then."""
    try:
        return {"votes": 0} | settings | {"recipe": parse_recipe(settings["recipe"]).model_dump(mode="json")}
    except (RecipeError, KeyError):
        return settings


def _fingerprint(test: Path, recipe: Recipe) -> str:
    """The content hash of a test of the recipe's kind of puzzle; `RecipeError` if it is of another."""
    with Dataset.open(test) as dataset:
        if dataset.puzzle != recipe.model.puzzle or not recipe.model.takes(dataset.shape):
            rows, columns = dataset.shape
            raise RecipeError(f"{test} holds {dataset.puzzle} of {rows}x{columns}, which {recipe.name} does not take")
        return dataset.sha256
