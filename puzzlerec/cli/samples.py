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


def samples(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Where to.")] = Path("samples"),
) -> None:
    from puzzlerec.puzzles.samples import samples

    shipped = samples()
    if not shipped:
        raise CommandError("This installation has no samples; install puzzlerec again.")
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is a file: name another folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for sample in shipped:
        target = folder / sample.name
        if target.exists():
            messages.note(f"{target} is there already.")
            continue
        write(target, sample.read_bytes())
        print(target)
