"""`python -m tests.fuzz --minutes 60`: cases by the clock. Faults are printed; with any the exit status is 1."""

from __future__ import annotations

import faulthandler
import random
from typing import Annotated

import typer

from .cases import run_cases, workplace
from .targets import TARGETS


def main(
    minutes: Annotated[float, typer.Option(help="How long.", min=0)] = 2,
    target: Annotated[list[str] | None, typer.Option(help=f"Of {', '.join(TARGETS)}; all if not given.")] = None,
    seed: Annotated[int | None, typer.Option(help="The number of the first case; drawn if not given.", min=0)] = None,
    case: Annotated[int | None, typer.Option(help="One case of one target alone.", min=0)] = None,
) -> None:
    """Spoil files and see that every command holds."""
    faulthandler.enable()
    if wrong := set(target or ()) - TARGETS.keys():
        raise typer.BadParameter(f"there is no target {', '.join(sorted(wrong))}")
    if case is not None:
        if not target or len(target) != 1:
            raise typer.BadParameter("a case is of one --target")
        with workplace() as run:
            statuses, faults = run(target[0], case)
        print(dict(statuses), *faults, sep="\n")
        raise typer.Exit(bool(faults))
    first = random.randrange(10**9) if seed is None else seed
    print(f"cases from {first} on")
    found = run_cases(60 * minutes, target or (), first, lambda fault: print(fault, flush=True))
    for name, statuses in found.statuses.items():
        print(f"{name:12} {statuses.total():6} commands, exit statuses {dict(sorted(statuses.items()))}")
    raise typer.Exit(bool(found.faults))


typer.run(main)
