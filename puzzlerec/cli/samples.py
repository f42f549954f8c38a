"""``puzzlerec samples``: the puzzles that travel with the package, as files to try it with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puzzlerec.cli.errors import CommandError
from puzzlerec.cli.terminal import messages
from puzzlerec.files import write

HELP = """Write the samples that come with puzzlerec: a few puzzles of every kind, as files.

\b
puzzlerec samples                     into ./samples
puzzlerec solve samples/hard.sdm

A file that is there already is left as it is.
"""

_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = (_PACKAGE / "samples", _PACKAGE.parent / "datasets" / "samples")  # in an installed wheel, in a checkout


def samples(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to.")] = Path("samples"),
) -> None:
    shipped = next((place for place in _SHIPPED if place.is_dir()), None)
    if shipped is None:
        raise CommandError("This installation has no samples; install puzzlerec again.")
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for sample in sorted(shipped.iterdir()):
        target = folder / sample.name
        if target.exists():
            messages.note(f"{target} is there already.")
            continue
        write(target, sample.read_bytes())
        print(target)
