"""``puzzlerec data import`` and ``export``: folders of the reference code for HRM and TRM."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from puzzlerec.cli.terminal import messages

File = Annotated[Path, typer.Argument(metavar="FILE", help="A dataset that was built or imported.")]


def import_folder(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="With train/ or test/, and all__inputs.npy there.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The dataset file to write.")],
) -> None:
    """Turn a dataset folder of the reference code for HRM and TRM into a dataset file."""
    from puzzlerec.data.reference import import_reference

    sha256 = import_reference(folder, file)
    messages.note(f"Imported; content SHA-256 {sha256[:16]}...")
    print(file)


def export_file(
    file: File, folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write train/ and test/.")]
) -> None:
    """Turn a dataset file into a folder that the reference code for HRM and TRM reads."""
    from puzzlerec.data import Dataset
    from puzzlerec.data.reference import export_reference

    with Dataset.open(file) as dataset:
        export_reference(dataset, folder)
    print(folder)
