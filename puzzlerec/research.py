"""Training and measuring from Python: what the commands of the same names do, with objects for what was found.

>>> import puzzlerec
>>> report = puzzlerec.evaluate("sudoku-4x4", "1234341221434...", curve=True)
>>> report.exact.share, [point.steps for point in report.curve][:3]
(1.0, [1, 2, 3])

What is found prints as tables, is shown by a notebook, and has ``to_frame()`` (pandas), ``to_latex()``,
``to_markdown()``, ``to_csv()`` and ``plot()`` (Matplotlib).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from puzzlerec import data
from puzzlerec.api import Model, Source, load, read_puzzles
from puzzlerec.data import Dataset
from puzzlerec.device import choose_device
from puzzlerec.evaluation import Report
from puzzlerec.evaluation.examples import of_dataset, of_puzzles
from puzzlerec.experiments.compare import compare as compared
from puzzlerec.experiments.compare import ended
from puzzlerec.experiments.curves import Training
from puzzlerec.experiments.findings import Comparison
from puzzlerec.experiments.plan import Plan, load_plan
from puzzlerec.files import is_hdf5
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.solver import Solver
from puzzlerec.training.card import CheckpointSaver
from puzzlerec.training.distributed import Group
from puzzlerec.training.examples import load_material
from puzzlerec.training.loop import Trainer, run
from puzzlerec.training.recipe import load_recipe, parse_recipe
from puzzlerec.training.run_folder import ResumeError, RunFolder


def build_dataset(name: str, path: str | Path | None = None, **settings: Any) -> Path:
    """The dataset ``name`` in the file ``path``, or in the datasets folder, where it is built if it is not there yet.

    ``settings`` are those of `puzzlerec.data.build`: ``train``, ``test``, ``seed``, ``workers`` and the generator's
    own. Raises `puzzlerec.data.DatasetError`.
    """
    if path is None:
        return data.ensure(name, **settings)
    data.build(name, path, **settings)
    return Path(path)


def train(
    recipe: str | Path,
    *settings: str,
    out: str | Path | None = None,
    minutes: float | None = None,
    resume: bool = False,
    device: str = "auto",
) -> Training:
    """A run of ``recipe`` with ``settings`` such as ``"optimizer.lr=2e-3"``, trained to its end or for ``minutes``.

    It is kept in the folder ``out``, by default ``runs/`` and the recipe's name, which `load` and `evaluate` take as a
    model. One that was interrupted goes on from what was saved last with ``resume``. Raises
    `puzzlerec.training.recipe.RecipeError`, `puzzlerec.data.DatasetError` and
    `puzzlerec.training.run_folder.ResumeError`.
    """
    plan = load_recipe(recipe, list(settings))
    folder = RunFolder(Path(out) if out is not None else Path("runs") / plan.name)
    if resume:
        plan = parse_recipe(folder.read_recipe(), list(settings))
    elif folder.state.exists():
        raise ResumeError(f"{folder.path} holds a run already: go on with resume=True, or choose another out.")
    where = choose_device(device)
    group = Group(where)
    material = load_material(plan, group)
    with folder.claimed():
        trainer = Trainer(plan, material.training, where, folder, group)
        if resume:
            trainer.resume()
        trainer.deadline = minutes * 60 if minutes else None
        folder.write_recipe(plan.model_dump(mode="json"))
        for _ in run(trainer, material.test, save_checkpoint=CheckpointSaver(material.about)):
            pass
    return Training(folder.path)


def evaluate(
    model: Model,
    examples: str | Path | Source | Sequence[Source],
    *,
    split: str = "test",
    limit: int | None = None,
    curve: bool = False,
    device: str = "auto",
    **settings: Any,
) -> Report:
    """How good ``model`` is on ``examples``: an HDF5 dataset's file, or puzzles as `puzzlerec.solve` takes them.

    The first ``limit`` count. ``curve`` tells what every step of the first pass was worth too. ``settings`` are those
    of `SolveSettings`, such as ``attempts=64``; all steps are taken, as in the papers. Raises
    `puzzlerec.evaluation.examples.ExamplesError`.
    """
    solver = model if isinstance(model, Solver) else load(model, device)
    chosen = SolveSettings(**{"early": False, **settings})
    if isinstance(examples, Path) and is_hdf5(examples):
        with Dataset.open(examples) as dataset:
            return of_dataset(dataset, split, solver).measured(solver, chosen, limit=limit, curve=curve)
    puzzles = read_puzzles(examples, solver.kind)[:limit]
    return of_puzzles(puzzles, solver, "The list").measured(solver, chosen, curve=curve)


def compare(
    *entrants: str,
    plan: str | Path | None = None,
    minutes: float | None = None,
    evaluations: float | None = None,
    seeds: int = 3,
    limit: int | None = None,
    test: str | Path | None = None,
    out: str | Path | None = None,
    device: str = "auto",
) -> Comparison:
    """Every system of a ``plan``, a shipped one or a file, trained equally and measured.

    Or those of a small plan: each of ``entrants`` (``RECIPE``, ``LABEL=RECIPE``, either with settings after commas)
    with ``minutes`` of computing or ``evaluations``, the number of layers applied. Runs in the folder ``out``, by
    default ``runs/`` and the plan's name, that have ended are not done again. Raises
    `puzzlerec.training.recipe.RecipeError`.
    """
    if plan is not None:
        whole = load_plan(plan)
    else:
        budget = {"minutes": minutes, "evaluations": evaluations}
        tested = {"limit": limit, "file": None if test is None else str(test)}
        whole = Plan.of(entrants, budget=budget, seeds=seeds, test=tested)
    folder = Path(out) if out is not None else Path("runs") / whole.name
    for _ in compared(whole, folder, device=choose_device(device)):
        pass
    return Comparison(whole, tuple(ended(whole, folder)))
