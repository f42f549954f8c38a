"""`puzzlerec compare`: systems trained equally as a plan has it, and tables of what came of it."""

from __future__ import annotations

import json
import multiprocessing
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import INTERRUPTED, CommandError
from puzzlerec.cli.options import Device, chosen_device
from puzzlerec.cli.stop import Stop
from puzzlerec.cli.tables import Form, TableFormat, show
from puzzlerec.cli.terminal import messages, progress

if TYPE_CHECKING:
    from puzzlerec.experiments.findings import Comparison, Result
    from puzzlerec.experiments.plan import Plan

HELP = """Train several systems equally, and measure them on the same test.

\b
puzzlerec compare --plan maze-9x9 --processes 2 --report docs/results
puzzlerec compare --plan my-plan.toml --rehearse
puzzlerec compare sudoku-6x6-trm sudoku-6x6-hrm sudoku-6x6-direct --minutes 5
puzzlerec compare maze-9x9-trldm "no z=maze-9x9-trldm,model.states=y" --evaluations 2e7 --seeds 1
puzzlerec compare dense=copy,model.rung=dense ar-trm=copy,model.rung=ar-trm --minutes 3 --test longer.h5

A plan is a file, or one that is shipped (--list). Without one, each ENTRANT is a recipe, LABEL=RECIPE, or either
followed by its own settings, with commas. Equal training is the same time (--minutes, compilation apart; on a CPU, of
computing: waiting for other programs does not count, but they slow it down), the same number of layers applied
(--evaluations) or of steps (in a plan). Runs that have ended are not done again and what was interrupted goes on, so
a plan may take days. The same command in another terminal, or --processes, takes a share of the runs. On another
machine it goes on from the tables in --report: runs that they tell of, with the same settings, are not done again
either.

The tables give means over the seeds with 95% intervals (of the number of puzzles, or Student's over seeds if wider),
when a system was half, nine tenths and 99% right, differences with p over the same puzzles, and what became of the
plan's claims. They are kept as .md, .json, .csv, .tex, and as a figure .svg where Matplotlib is; the .json, from which
another machine goes on, whenever a run ends.

\b
Exit status:
  0    everything was trained and measured
  2    plans, recipes or settings that cannot be used
  130  interrupted; what had ended is shown
"""


def compare(
    entrants: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ENTRANT...", autocompletion=completion.recipes, help="Recipes, with labels and settings."
        ),
    ] = None,
    plan: Annotated[str | None, typer.Option("--plan", metavar="NAME|FILE", help="What to compare, and how.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="Name the plans that are shipped, and end.")] = False,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="At toy size, for two steps: does everything run?")
    ] = False,
    minutes: Annotated[float | None, typer.Option(metavar="M", min=0.01, help="Training time of each run.")] = None,
    evaluations: Annotated[
        float | None, typer.Option(metavar="N", min=1, help="Layers that each run's training may apply to puzzles.")
    ] = None,
    seeds: Annotated[
        int | None, typer.Option(metavar="K", min=1, help="Runs of each, with the seeds 0 to K - 1.  [default: 3]")
    ] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="The first N test puzzles alone.")] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Measure on this dataset's test puzzles, not the recipe's.")
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of all systems, said last.")
    ] = None,
    processes: Annotated[int, typer.Option(metavar="N", min=1, help="Runs at a time, each on a thread.")] = 1,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where runs are kept; by default runs/ and the plan's name.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where the tables are kept; by default beside the runs.")
    ] = None,
    form: Form = TableFormat.text,
    device: Device = "auto",
) -> None:
    from puzzlerec.data import DatasetError
    from puzzlerec.experiments.compare import adopt, ended
    from puzzlerec.experiments.compare import compare as compared
    from puzzlerec.experiments.findings import Comparison
    from puzzlerec.experiments.plan import load_plan, shipped_plans
    from puzzlerec.training.recipe import RecipeError
    from puzzlerec.training.run_folder import ResumeError
    from puzzlerec.views.words import count

    if listing:
        for name in shipped_plans():
            print(f"{name:<20} {load_plan(name).description}")
        return
    try:
        whole = _plan(plan, entrants or [], minutes, evaluations, seeds, limit, test, settings or [])
    except RecipeError as error:
        raise CommandError(str(error)) from error
    if rehearse:
        whole = whole.rehearsal()
    folder = out or Path("runs") / whole.name
    for path in (folder, report or folder):
        if path.exists() and not path.is_dir():
            raise CommandError(f"{path} is a file: choose another folder for the runs (--out) or tables (--report).")
    if report is not None:
        try:
            adopt(whole, folder, report / f"{whole.name}.json")
        except (RecipeError, DatasetError) as error:
            raise CommandError(str(error)) from error
    where = chosen_device(device)
    results: list[Result] = []
    fault: Exception | None = None
    try:
        before = ended(whole, folder)
        with Stop() as stop, _helpers(processes - 1, whole, folder, device, stop):
            runs = compared(
                whole,
                folder,
                device=where,
                progress=lambda what, rows: progress(what, rows, "puzzles"),
                begun=lambda label, seed: messages.note(f"{label}, seed {seed} …"),
                stopped=stop.asked,
            )
            for result in runs:
                shares = ", ".join(f"{name} {share:.1%}" for name, share in result.shares.items())
                messages.note(f"{result.label}, seed {result.seed}: {shares}; {result.minutes:.1f} min")
                if result not in before:
                    _record(Comparison(whole, tuple(ended(whole, folder))), report or folder)
    except (RecipeError, DatasetError, ResumeError) as error:
        fault = error
    except KeyboardInterrupt:
        pass
    with suppress(RecipeError, DatasetError):
        results = ended(whole, folder)
    if results:
        _keep(Comparison(whole, tuple(results)), report or folder, form)
    if fault is not None:
        raise CommandError(str(fault)) from fault
    if stop.asked():
        messages.note("Stopped and saved. The same command goes on where it stopped.")
        raise typer.Exit(INTERRUPTED)
    if left := len(whole.systems) * whole.seeds - len(results):
        messages.note(f"{count(left, 'run')} at work elsewhere: the last to end has all of the tables.")


def _plan(
    name: str | None,
    entrants: list[str],
    minutes: float | None,
    evaluations: float | None,
    seeds: int | None,
    limit: int | None,
    test: Path | None,
    settings: list[str],
) -> Plan:
    """The plan of this name with what the options say besides; or a small plan of options alone."""
    from puzzlerec.experiments.plan import Plan, load_plan
    from puzzlerec.training.recipe import RecipeError, as_sections

    said: dict[str, Any] = {}
    if minutes is not None or evaluations is not None or name is None:
        said["budget"] = {"minutes": minutes, "evaluations": evaluations}
    if seeds is not None:
        said["seeds"] = seeds
    if settings:
        said["over"] = as_sections(settings)
    tested = {"limit": limit, "file": None if test is None else str(test)}
    if name is None:
        if not entrants:
            raise RecipeError("name a plan, --plan NAME, or the systems to compare")
        return Plan.of(entrants, test=tested, **said)
    if entrants:
        raise RecipeError(f"a plan names its systems itself: leave out {entrants[0]!r}, or --plan")
    plan = load_plan(name)
    if limit is not None or test is not None:
        said["test"] = tested if test is not None else plan.test.model_dump() | {"limit": limit}
    return Plan.model_validate(plan.model_dump() | said)


@contextmanager
def _helpers(count: int, plan: Plan, folder: Path, device: str, stop: Stop) -> Iterator[None]:
    """So many processes beside this one that take a share of the runs; they are waited for.

    Where this one is to stop, they are asked to save and stop too.
    """
    context = multiprocessing.get_context("spawn")
    helpers = [context.Process(target=_help, args=(plan, folder, device)) for _ in range(count)]
    for helper in helpers:
        helper.start()
    asked = False
    try:
        yield
        while any(helper.is_alive() for helper in helpers) and not stop.asked():
            time.sleep(0.2)
        asked = stop.asked()
    except BaseException:
        asked = True
        raise
    finally:
        for helper in helpers:
            if asked:
                helper.terminate()
            helper.join()


def _help(plan: Plan, folder: Path, device: str) -> None:
    """Do what is left of the plan. The terminal's Ctrl-C is for the first process, which asks this one to stop."""
    from puzzlerec.data import DatasetError
    from puzzlerec.experiments.compare import compare as compared
    from puzzlerec.training.recipe import RecipeError
    from puzzlerec.training.run_folder import ResumeError

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Stop() as stop:
            for _ in compared(plan, folder, device=chosen_device(device), stopped=stop.asked):
                pass
    except (RecipeError, DatasetError, ResumeError) as error:
        messages.error(str(error))


def _record(found: Comparison, folder: Path) -> None:
    """Write what the tables are made of, from which they can be made again and the plan goes on."""
    from puzzlerec.files import write

    folder.mkdir(parents=True, exist_ok=True)
    write(folder / f"{found.plan.name}.json", json.dumps(found.document(), indent=2) + "\n")


def _keep(found: Comparison, folder: Path, form: TableFormat) -> None:
    """Show the tables and write them, with all that they are made of."""
    from puzzlerec.files import write

    show(form, found.tables(), found.records(), found.document())
    _record(found, folder)
    texts = {"md": found.to_markdown(), "csv": found.to_csv(), "tex": found.to_latex()}
    for ending, text in texts.items():
        write(folder / f"{found.plan.name}.{ending}", text)
    kept = ["json", *texts]
    if find_spec("matplotlib") is not None:
        from puzzlerec.views import figures

        figures.save(found.plot(), folder / f"{found.plan.name}.svg")
        kept.append("svg")
    messages.note(f"Kept in {folder}: {found.plan.name}.{{{','.join(kept)}}}")
