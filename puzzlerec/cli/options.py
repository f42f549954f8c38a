"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from puzzlerec.cli import completion
from puzzlerec.cli.errors import CommandError

if TYPE_CHECKING:
    import torch

    from puzzlerec.session import Session

DEVICES = re.compile(r"auto|cpu|cuda(:\d+)?|mps")


def valid_device(name: str | None) -> str | None:
    if name is not None and not DEVICES.fullmatch(name):
        raise typer.BadParameter(f"{name!r} is none of auto, cpu, cuda, cuda:N and mps.")
    return name


Device = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        envvar="PUZZLEREC_DEVICE",
        autocompletion=completion.one_of(*completion.DEVICES),
        callback=valid_device,
        help="Where to compute: cpu, cuda, cuda:N, mps, or auto for the fastest of them that is here.",
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=0,
        max=2**32 - 1,
        envvar="PUZZLEREC_SEED",
        help="Of all that is drawn at random. Same seed and device: same result.",
    ),
]


# How puzzles are read and solved: of `solve` and `watch`, some of `eval` too.
Kind = Annotated[
    str | None,
    typer.Option(
        "--puzzle",
        metavar="KIND",
        autocompletion=completion.kinds,
        help="Read the files as this kind, such as sudoku-4x4 or maze.",
    ),
]
Base = Annotated[
    str,
    typer.Option(
        metavar="NAME",
        autocompletion=completion.models,
        help="ARC: as what every other network of a task begins; none: all from nothing.",
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar="PUZZLEREC_MODEL",
        autocompletion=completion.models,
        help="The model that solves, or its folder. By default the one that is called like the kind.",
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="N", min=1, envvar="PUZZLEREC_STEPS", help="Steps of each attempt, if not as many as in training."
    ),
]
Attempts = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=1,
        envvar="PUZZLEREC_ATTEMPTS",
        help="What a puzzle may cost: one pass, then fresh starts until the rules accept an answer.",
    ),
]
Evaluations = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Steps that all attempts at a puzzle may take together, if that is less."),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        envvar="PUZZLEREC_STRATEGY",
        autocompletion=completion.one_of(*completion.STRATEGIES),
        help="How attempts differ: pins, copies, noise or votes. By default what suits the kind and the model best.",
    ),
]
Exact = Annotated[
    bool, typer.Option("--exact", help="What no attempt has solved is finished by search, without the model.")
]
Early = Annotated[
    bool, typer.Option("--early/--all-steps", help="Stop at the first step whose answer the rules accept.")
]


def chosen_device(name: str) -> torch.device:
    """The device that ``name`` means here. Raises `CommandError` if it is not there."""
    from puzzlerec.device import choose_device

    with _device_in_words():
        return choose_device(name)


def session_on(name: str) -> Session:
    """Solvers on the device that ``name`` means here. Raises `CommandError` if it is not there."""
    from puzzlerec.session import Session

    with _device_in_words():
        return Session(name)


@contextmanager
def _device_in_words() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise CommandError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
