"""Options that several commands share."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

import typer

from puzzlerec.cli.errors import CommandError

if TYPE_CHECKING:
    import torch

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


def chosen_device(name: str) -> torch.device:
    """The device that ``name`` means here. Raises `CommandError` if it is not there."""
    from puzzlerec.device import choose_device

    try:
        return choose_device(name)
    except ValueError as error:
        raise CommandError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from None
