"""Tables in the form that was asked for."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlerec.cli.terminal import answers

if TYPE_CHECKING:
    from puzzlerec.tables import Table


class TableFormat(StrEnum):
    text = "text"
    json = "json"
    csv = "csv"
    latex = "latex"
    markdown = "markdown"


Form = Annotated[
    TableFormat,
    typer.Option(
        "--format", metavar="FORM", help="text, json, csv (a line a number), latex (with booktabs) or markdown."
    ),
]


def show(form: TableFormat, tables: Sequence[Table], records: Sequence[Mapping[str, Any]], document: object) -> None:
    """Print ``tables`` for people, or the ``records`` (CSV) or the ``document`` (JSON) behind them for programs."""
    if form is TableFormat.json:
        print(json.dumps(document, indent=2))
    elif form is TableFormat.csv:
        from puzzlerec.tables import to_csv

        sys.stdout.write(to_csv(records))
    elif form is TableFormat.text:
        console = answers()
        for number, table in enumerate(tables):
            if number:
                console.print()
            console.print(table.to_rich())
    else:
        texts = (table.to_latex() if form is TableFormat.latex else table.to_markdown() for table in tables)
        print("\n".join(texts), end="")
