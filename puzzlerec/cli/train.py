"""`puzzlerec train`: a recipe in, a checkpoint out, with its progress on the way."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ..training.loop import Trainer
    from ..training.recipe import Recipe


def train(
    recipe: Annotated[str, typer.Argument(help="A shipped recipe (see --list) or a TOML file.")] = "sudoku",
    out: Annotated[Path | None, typer.Option(help="The run's folder; runs/NAME by default.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where the run in the folder was saved.")] = False,
    minutes: Annotated[float | None, typer.Option(min=0.01, help="Time budget; the schedule is fitted to it.")] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Optimiser steps, instead of the recipe's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Override a setting of the recipe.")
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.", envvar="PUZZLEREC_DEVICE")] = "auto",
    seed: Annotated[int | None, typer.Option(help="Of weights, order and copies, instead of the recipe's.")] = None,
    tensorboard: Annotated[bool, typer.Option(help="Write TensorBoard files beside the metrics.")] = True,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress display.")] = False,
    list_recipes: Annotated[bool, typer.Option("--list", help="List the shipped recipes and leave.")] = False,
) -> None:
    """Train a model from a recipe; its dataset is built first if it is missing.

    Ctrl-C saves and says how to go on. Several devices: torchrun --nproc-per-node N -m puzzlerec train RECIPE.

    Exit status: 0 trained to the end, 2 bad recipe, data or device, 130 interrupted (saved).
    """
    from ..data.store import DatasetError
    from ..training.recipe import RecipeError
    from ..training.run_folder import ResumeError

    if list_recipes:
        _list()
        return
    overrides = list(settings or [])
    if steps is not None:
        overrides.append(f"training.steps={steps}")
    if seed is not None:
        overrides.append(f"training.seed={seed}")
    try:
        finished = _train(recipe, out, resume, minutes, overrides, device, tensorboard, quiet)
    except (RecipeError, ResumeError, DatasetError, ValueError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(2) from error
    if not finished:
        raise typer.Exit(130)


def _list() -> None:
    from ..training.recipe import load_recipe, shipped_recipes

    for name in shipped_recipes():
        typer.echo(f"{name:<18} {load_recipe(name).description}")


def _train(
    name: str,
    out: Path | None,
    resume: bool,
    minutes: float | None,
    overrides: list[str],
    device_name: str,
    tensorboard: bool,
    quiet: bool,
) -> bool:
    """Whether the run came to its end."""
    import torch

    from ..device import choose_device
    from ..training.loop import Trainer, run
    from ..training.recipe import load_recipe
    from ..training.run_folder import ResumeError, RunFolder

    recipe = load_recipe(name, overrides)
    device = choose_device(device_name)
    folder = RunFolder(out or Path("runs") / recipe.name)
    if not resume and folder.state.exists():
        raise ResumeError(f"{folder.path} holds a run already: go on with --resume, or choose another --out")
    train_set, test_set, card = examples_of(recipe, announce=not quiet)
    trainer = Trainer(recipe, train_set, device, folder)
    trainer.deadline = minutes * 60 if minutes else None
    if resume:
        trainer.resume()
    leads = trainer.group.leads
    if leads:
        folder.write_recipe(recipe.model_dump(mode="json"))
        parameters = sum(p.numel() for p in trainer.model.parameters())
        typer.echo(
            f"{recipe.name}: {parameters:,} parameters on {device} ({trainer.dtype}, torch {torch.__version__}, "
            f"{trainer.group.size} process{'es' * (trainer.group.size > 1)}), {len(train_set.questions):,} puzzles, "
            f"seed {recipe.training.seed}, run in {folder.path}",
            err=True,
        )
    stop = _Stop()
    display = _Display(recipe, trainer, folder.path if tensorboard else None, quiet or not leads)
    with stop, display:
        for record in run(trainer, test_set, stopped=stop.asked, save_checkpoint=_save_checkpoint(card)):
            display.show(record)
    trainer.group.close()
    finished = trainer.progress >= 1
    if leads:
        if finished:
            typer.echo(f"trained {trainer.done:,} steps in {trainer.seconds:.0f} s: {folder.checkpoint}", err=True)
        else:
            typer.echo(
                f"stopped and saved after {trainer.done:,} steps; go on with: {_again(recipe, folder)}", err=True
            )
    return finished


def _again(recipe: Recipe, folder: Any) -> str:
    return f"puzzlerec train {recipe.name} --out {folder.path} --resume"


def examples_of(recipe: Recipe, announce: bool) -> tuple[Any, Any, dict[str, Any]]:
    """Training and test examples of a recipe's dataset, and what a model card says of it."""
    import torch

    from ..data import ensure
    from ..data.store import Dataset
    from ..training.loop import Examples
    from ..training.recipe import RecipeError

    settings = recipe.data
    path = (
        Path(settings.file)
        if settings.file
        else ensure(settings.name, train=settings.train, test=settings.test, seed=settings.seed, announce=announce)
    )
    with Dataset.open(path) as dataset:
        if dataset.shape != recipe.model.grid or len(dataset.vocabulary) != recipe.model.vocabulary:
            raise RecipeError(
                f"{path} holds {dataset.puzzle} of {dataset.shape} with {len(dataset.vocabulary)} tokens, the model is "
                f"for {recipe.model.grid} with {recipe.model.vocabulary}"
            )

        def split(name: str) -> Examples:
            part = dataset.split(name)
            return Examples(
                torch.from_numpy(part.inputs[:]),
                torch.from_numpy(part.labels[:]),
                torch.from_numpy(part.puzzle_ids[:]).long(),
            )

        return (
            split("train"),
            split("test"),
            {"dataset": path.name, "sha256": dataset.sha256, "data_seed": settings.seed},
        )


def _save_checkpoint(card: dict[str, Any]) -> Any:
    from ..models import checkpoint

    def save(trainer: Trainer, record: dict[str, Any]) -> None:
        checkpoint.save(trainer.averaged, trainer.folder.checkpoint, card=_model_card(trainer, record, card))

    return save


def _model_card(trainer: Trainer, record: dict[str, Any], card: dict[str, Any]) -> str:
    """README.md of a checkpoint: what it was trained on and what was measured while it was."""
    recipe = trainer.recipe
    return "\n".join(
        [
            f"# {recipe.name}",
            "",
            recipe.description,
            "",
            f"- trained by `puzzlerec train {recipe.name}`: {trainer.done:,} steps of batch {recipe.training.batch}, "
            f"{trainer.seconds / 60:.1f} minutes on {trainer.device.type}, seed {recipe.training.seed}",
            f"- data: {card['dataset']} (seed {card['data_seed']}, content SHA-256 `{card['sha256']}`)",
            f"- at the last evaluation, on the first {recipe.evaluation.puzzles} test puzzles, "
            f"{recipe.model.supervision_steps} steps: exact {record['eval_exact_accuracy']:.4f}, "
            f"tokens {record['eval_token_accuracy']:.4f}",
            "",
        ]
    )


class _Stop:
    """Ctrl-C and SIGTERM ask the run to stop after its step; a second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self._asked = False

    def asked(self) -> bool:
        return self._asked

    def _ask(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        typer.echo("stopping after this step; saving …", err=True)

    def __enter__(self) -> _Stop:
        self._old = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)


class _Display:
    """A bar on a terminal, a line a report elsewhere, TensorBoard files if wanted."""

    def __init__(self, recipe: Recipe, trainer: Trainer, folder: Path | None, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.trainer, self.quiet = trainer, quiet
        console = Console(stderr=True)
        self.on_terminal = console.is_terminal and not quiet
        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>5.1f}%"),
            TextColumn("{task.fields[figures]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=not self.on_terminal,
        )
        self.task = self.bar.add_task(recipe.name, total=1.0, figures="first step …", left="")
        self.writer: Any = None
        if folder is not None and trainer.group.leads:
            from tensorboardX import SummaryWriter

            self.writer = SummaryWriter(str(folder / "tensorboard"))

    def show(self, record: dict[str, Any]) -> None:
        if self.writer is not None:
            for key, value in record.items():
                if isinstance(value, float):
                    self.writer.add_scalar(key, value, record["step"])
        if self.quiet or "loss" not in record:
            return
        left = record["seconds"] * (1 - record["progress"]) / max(record["progress"], 1e-9)
        figures = (
            f"step {record['step']:,} loss {record['loss']:.4f} exact {record['exact_accuracy']:.1%} "
            f"halts {record['halting_steps']:.1f} {record['puzzles_per_second']:.1f} puzzles/s"
        )
        if "eval_exact_accuracy" in record:
            typer_echo = self.bar.console.print if self.on_terminal else lambda text: print(text, file=sys.stderr)
            typer_echo(
                f"step {record['step']:,}: test exact {record['eval_exact_accuracy']:.2%}, "
                f"tokens {record['eval_token_accuracy']:.2%}"
            )
        if self.on_terminal:
            self.bar.update(self.task, completed=record["progress"], figures=figures, left=f"{left / 60:.1f} min left")
        else:
            print(f"{record['progress']:6.1%} {figures}, {left / 60:.1f} min left", file=sys.stderr, flush=True)

    def __enter__(self) -> _Display:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
        if self.writer is not None:
            self.writer.close()
