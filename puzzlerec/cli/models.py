"""``puzzlerec models``: which checkpoints there are, what one is, and exchange with the reference code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from puzzlerec.cli.errors import CommandError
from puzzlerec.cli.terminal import answers, messages, printable

app = typer.Typer(no_args_is_help=True, help="Shipped and local checkpoints.")

AsJSON = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_models(as_json: AsJSON = False) -> None:
    """List all checkpoints that have a name: the shipped ones, and those of the runs under ./runs.

    EXACT is the share of right answers in one pass, on puzzles that `puzzlerec models show` names.

    Everything that takes a model takes the path of a checkpoint's folder too.
    """
    from puzzlerec.models.checkpoint import CheckpointError, available

    described = []
    for name, folder in available().items():
        try:
            described.append(_described(name, folder))
        except CheckpointError as error:
            messages.warning(str(error))
    if as_json:
        print(json.dumps(described, indent=2))
        return
    if not described:
        messages.note("There are no checkpoints here. puzzlerec train makes one.")
        return
    rows = [("MODEL", "SYSTEM", "PUZZLE", "EXACT", "PARAMETERS", "SIZE", "FROM")]
    for one in described:
        origin = "shipped" if one["shipped"] else _short(one["folder"])
        size = f"{one['bytes'] / 1e6:.1f} MB"
        exact = f"{one['measured']['exact']:.1%}" if one["measured"] else ""
        rows.append((one["model"], one["system"], one["puzzle"], exact, f"{one['parameters']:,}", size, origin))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, "<<<>>><", widths, strict=True)  # numbers to the right
        print(printable("  ".join(f"{cell:{side}{width}}" for cell, side, width in cells).rstrip()))


@app.command()
def show(
    model: Annotated[str, typer.Argument(metavar="NAME|FOLDER", help="The checkpoint.")], as_json: AsJSON = False
) -> None:
    """Show a checkpoint's settings and its card: what it was trained on, and how well it does."""
    from puzzlerec.models.checkpoint import CARD, Measured, find

    folder = find(model)
    described = _described(model, folder)
    card = folder / CARD
    text = card.read_text("utf-8", "replace") if card.is_file() else ""
    if as_json:
        print(json.dumps({**described, "card": text}, indent=2))
        return
    from rich import box
    from rich.markdown import Markdown
    from rich.table import Table

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("folder", described["folder"])
    table.add_row("puzzle", described["puzzle"])
    if described["measured"]:
        table.add_row("exact", str(Measured(**described["measured"])))
    table.add_row("parameters", f"{described['parameters']:,} in {described['bytes'] / 1e6:.1f} MB")
    for key, value in described["config"].items():
        if key not in ("puzzle", "vocabulary") and value not in (None, []):
            table.add_row(key.replace("_", " "), "x".join(map(str, value)) if isinstance(value, list) else str(value))
    console = answers()
    console.print(table)
    if text.strip():
        console.print(Markdown(_without_front_matter(text)))


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A checkpoint of TRM's reference code (step_N).")],
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="The recipe whose model it is.")],
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to put the checkpoint.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="SECTION.KEY=VALUE", help="Another setting for the recipe.")
    ] = None,
) -> None:
    """Turn a checkpoint of the reference code of TRM into one of ours.

    Such files do not say all: RECIPE, such as sudoku-trm-att, gives the number of heads and of recursions. Of the file
    tensors alone are read; no code in it is run.
    """
    from puzzlerec.models.checkpoint import save
    from puzzlerec.models.reference import import_reference
    from puzzlerec.training.recipe import RecipeError, load_recipe

    try:
        plan = load_recipe(recipe, list(settings or []))
    except RecipeError as error:
        raise CommandError(str(error)) from error
    origin = f"Imported from `{file.name}`, which the reference code of TRM wrote, as recipe `{recipe}`."
    card = f"# {folder.name}\n\n{origin}\n"
    print(save(import_reference(file, plan.model), folder, card))


@app.command("export")
def export_file(
    model: Annotated[str, typer.Argument(metavar="NAME|FOLDER", help="The checkpoint: TRM with attention or MLP.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")],
) -> None:
    """Turn a checkpoint into a file that the reference code of TRM loads."""
    from puzzlerec.models.checkpoint import load
    from puzzlerec.models.reference import export_reference

    export_reference(load(model), file)
    print(file)


def _described(name: str, folder: Path) -> dict[str, Any]:
    from puzzlerec.models.checkpoint import SHIPPED, WEIGHTS, measured, outline

    model = outline(folder)
    config, known = model.config, measured(folder)
    return {
        "model": name,
        "system": config.system,
        "puzzle": config.puzzle,
        "folder": str(folder),
        "shipped": folder.parent in SHIPPED,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "bytes": (folder / WEIGHTS).stat().st_size,
        "measured": known and vars(known),
        "config": config.model_dump(mode="json"),
    }


def _short(folder: str) -> str:
    """The folder as seen from here or from home, if it lies there."""
    path = Path(folder).resolve()
    for start, sign in ((Path.cwd(), ""), (Path.home(), "~")):
        if path.is_relative_to(start):
            return str(Path(sign) / path.relative_to(start))
    return str(path)


def _without_front_matter(card: str) -> str:
    """A card's text without the block of metadata that model hubs put in front, between lines of three dashes."""
    if card.startswith("---\n"):
        _, found, rest = card[4:].partition("\n---\n")
        return rest if found else card
    return card
