"""`puzzlerec train`: a recipe in, a checkpoint out, with its progress on the way."""

from __future__ import annotations

from contextlib import nullcontext
from importlib.util import find_spec
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import INTERRUPTED, CommandError
from puzzlerec.cli.options import Device, chosen_device
from puzzlerec.cli.stop import Stop
from puzzlerec.cli.terminal import errors, messages, progress

if TYPE_CHECKING:
    import torch

    from puzzlerec.training.distributed import Group
    from puzzlerec.training.examples import Material
    from puzzlerec.training.loop import Trainer
    from puzzlerec.training.recipe import Recipe
    from puzzlerec.training.run_folder import RunFolder

HELP = """Train a model from a recipe; its dataset is built first if it is missing.

RECIPE is a shipped one (--list shows them) or a TOML file. Ctrl-C saves and says how to go on.

Several processes, one a device: torchrun --nproc-per-node N -m puzzlerec train RECIPE

\b
Exit status:
  0    trained to the end
  2    a recipe, dataset, device or run folder that cannot be used
  130  interrupted; the run is saved
"""


def train(
    recipe: Annotated[
        str | None,
        typer.Argument(
            metavar="RECIPE",
            autocompletion=completion.recipes,
            help="A shipped recipe or a TOML file; sudoku if not given.",
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The run's folder, if not runs/RECIPE.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where the run in the folder was saved, as it was set.")
    ] = False,
    minutes: Annotated[
        float | None,
        typer.Option(
            metavar="M",
            min=0.01,
            help="Training time in all, resumes included, whatever the steps; the schedule fits it.",
        ),
    ] = None,
    steps: Annotated[int | None, typer.Option(metavar="N", min=1, help="Optimiser steps, if not the recipe's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Another setting for the recipe.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, envvar="PUZZLEREC_SEED", help="Of weights and order, not the recipe's."),
    ] = None,
    tensorboard: Annotated[
        bool | None,
        typer.Option(
            "--tensorboard/--no-tensorboard",
            help="Write TensorBoard files beside the metrics; by default where tensorboardX is installed.",
            show_default=False,
        ),
    ] = None,
    list_recipes: Annotated[bool, typer.Option("--list", help="List the shipped recipes, and exit.")] = False,
    device: Device = "auto",
) -> None:
    if list_recipes:
        _list()
        return
    from puzzlerec.training.card import CheckpointSaver
    from puzzlerec.training.distributed import Group
    from puzzlerec.training.loop import run

    if minutes and steps:
        raise CommandError("A run ends after --minutes or after --steps: give one of them.")
    if minutes and not isfinite(minutes):
        raise CommandError(f"--minutes {minutes} has no end: give a number.")
    overrides = list(settings or [])
    overrides += [f"training.{key}={value}" for key, value in (("steps", steps), ("seed", seed)) if value is not None]
    plan, folder = _planned(recipe, out, overrides, resume)
    where = chosen_device(device)
    group = Group(where)
    material = _material(plan, group)
    with folder.claimed() if group.leads else nullcontext():
        trainer = _trainer(plan, material, folder, group, where, resume)
        trainer.deadline = minutes * 60 if minutes else None
        if group.leads:
            folder.write_recipe(plan.model_dump(mode="json"))
            _announce(trainer, material)
        stop, saver = Stop(), CheckpointSaver(material.about)
        with stop, _Display(trainer, tensorboard) as display:
            for record in run(trainer, material.test, stopped=stop.asked, save_checkpoint=saver):
                display.show(record)
    group.close()
    finished = trainer.progress >= 1
    if group.leads:
        _conclude(trainer, recipe or plan.name, minutes)
    if not finished:
        raise typer.Exit(INTERRUPTED)


def _planned(recipe: str | None, out: Path | None, overrides: list[str], resume: bool) -> tuple[Recipe, RunFolder]:
    """What to train and where. Raises `CommandError` for a recipe or a folder that cannot be used."""
    from puzzlerec.training.recipe import RecipeError, load_recipe, parse_recipe
    from puzzlerec.training.run_folder import ResumeError, RunFolder

    try:
        plan = load_recipe(recipe or "sudoku", overrides)
        folder = RunFolder(out or Path("runs") / plan.name)
        if resume:
            asked, plan = plan.name, parse_recipe(folder.read_recipe(), overrides)
            if recipe and asked != plan.name:
                raise CommandError(f"{folder.path} holds a run of {plan.name}, not of {asked}: choose another --out.")
    except (RecipeError, ResumeError) as error:
        raise CommandError(str(error)) from error
    if folder.path.exists() and not folder.path.is_dir():
        raise CommandError(f"{folder.path} is a file: choose another --out for the run's folder.")
    if not resume and folder.state.exists():
        raise CommandError(f"{folder.path} holds a run already: go on with --resume, or choose another --out.")
    return plan, folder


def _material(plan: Recipe, group: Group) -> Material:
    """The data. Raises `CommandError` for what cannot be used."""
    from puzzlerec.training.examples import load_material

    try:
        return load_material(plan, group, lambda what, total: progress(what, total, "puzzles"))
    except ValueError as error:
        raise CommandError(str(error)) from error


def _trainer(
    plan: Recipe, material: Material, folder: RunFolder, group: Group, device: torch.device, resume: bool
) -> Trainer:
    """A trainer that stands where the run does. Raises `CommandError` for what cannot be used."""
    from puzzlerec.training.loop import Trainer
    from puzzlerec.training.run_folder import ResumeError

    try:
        trainer = Trainer(plan, material.training, device, folder, group)
        if resume:
            trainer.resume()
    except (ResumeError, ValueError) as error:
        raise CommandError(str(error)) from error
    return trainer


def _conclude(trainer: Trainer, recipe: str, minutes: float | None) -> None:
    """What came of it, and how to go on if it is not over."""
    path = trainer.folder.path
    if trainer.progress >= 1:
        messages.note(f"Trained {trainer.done:,} steps in {trainer.seconds:.0f} s: {trainer.folder.checkpoint}")
        return
    budget = f" --minutes {minutes:g}" if minutes else ""
    messages.note(
        f"Stopped and saved after {trainer.done:,} steps. Go on with: "
        f"puzzlerec train {recipe} --out {path}{budget} --resume"
    )


def _list() -> None:
    from puzzlerec.training.recipe import description, shipped_recipes

    names = shipped_recipes()
    for name in names:
        print(f"{name:<{max(map(len, names))}}  {description(name)}")


def _announce(trainer: Trainer, material: Material) -> None:
    import torch

    parameters = sum(p.numel() for p in trainer.model.parameters())
    puzzles = sum(len(some.questions) for some in material.training.values())
    size = trainer.group.size
    messages.note(
        f"{trainer.recipe.name}: {parameters:,} parameters, {puzzles:,} puzzles, "
        f"{str(trainer.dtype).removeprefix('torch.')} on {trainer.device} in {size} process{'es' * (size > 1)}, "
        f"torch {torch.__version__}, seed {trainer.recipe.training.seed}, run in {trainer.folder.path}"
    )
    if trainer.recipe.training.compile and not trainer.compiled:
        needed = "Triton" if trainer.device.type == "cuda" else "a C++ compiler"
        messages.warning(f"Training goes on uncompiled and slower: torch.compile needs {needed}, and there is none.")
    if material.test is None:
        messages.warning("The data has no test puzzles: how well the model does on others is not measured.")


def _summary_writer(folder: Path) -> Any:
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        raise CommandError("TensorBoard files need tensorboardX: pip install 'puzzlerec[tensorboard]'") from None
    return SummaryWriter(str(folder))


class _Display:
    """A bar on a terminal, a line a report elsewhere; TensorBoard files if wanted."""

    def __init__(self, trainer: Trainer, tensorboard: bool | None) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.quiet = messages.verbosity < 0 or not trainer.group.leads
        console = errors()
        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:.0f}%"),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=self.quiet or not console.is_terminal,
        )
        self.task = self.bar.add_task(trainer.recipe.name, total=1.0, figures="…", left="")
        self.writer: Any = None
        if trainer.group.leads and (find_spec("tensorboardX") if tensorboard is None else tensorboard):
            self.writer = _summary_writer(trainer.folder.path / "tensorboard")

    def show(self, record: dict[str, Any]) -> None:
        if self.writer is not None:
            for key, value in record.items():
                if isinstance(value, float):
                    self.writer.add_scalar(key, value, record["step"])
        if self.quiet:
            return
        left = record["seconds"] * (1 - record["progress"]) / max(record["progress"], 1e-9) / 60
        figures = (
            f"step {record['step']:,} · loss {record['loss']:.3f} · exact {record['exact_accuracy']:.1%} · "
            f"halts {record['halting_steps']:.1f} · {record['puzzles_per_second']:.1f} puzzles/s"
        )
        if "eval_exact_accuracy" in record:
            self.bar.console.print(
                f"step {record['step']:,}: of the test puzzles {record['eval_exact_accuracy']:.2%} exact, "
                f"{record['eval_token_accuracy']:.2%} of the cells"
            )
        if self.bar.disable:
            self.bar.console.print(f"{record['progress']:.1%} · {figures} · {left:.1f} min left", soft_wrap=True)
        else:
            self.bar.update(self.task, completed=record["progress"], figures=figures, left=f"{left:.0f} min left")

    def __enter__(self) -> _Display:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        if self.writer is not None:
            self.writer.close()
