"""Tables for a terminal, a paper, a README and programs."""

from __future__ import annotations

import csv
import io
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table as RichTable

_LATEX = str.maketrans({character: f"\\{character}" for character in "&%$#_{}"} | {"\\": r"\textbackslash{}"})


@dataclass(frozen=True)
class Table:
    """Words and numbers as they are shown; the first column says what the others are of."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def to_rich(self) -> RichTable:
        from rich.table import Table as RichTable

        table = RichTable(title=self.title, title_justify="left", box=None)
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left", no_wrap=index > 0)
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        return f"{self.title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"

    def to_latex(self) -> str:
        """A ``table`` with the rules of the package booktabs."""
        head, *rows = (" & ".join(cell.strip().translate(_LATEX) for cell in row) for row in (self.columns, *self.rows))
        body = "\n".join(f"{row} \\\\" for row in rows)
        return (
            f"\\begin{{table}}\n\\centering\n\\caption{{{self.title.translate(_LATEX)}}}\n"
            f"\\begin{{tabular}}{{l{'r' * (len(self.columns) - 1)}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}\n"
            "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
        )

    def to_html(self) -> str:
        """A ``table`` as a notebook shows it."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.columns)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in self.rows)
        return (
            f"<table><caption>{escape(self.title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


class Tabular(ABC):
    """What was found, as tables to read, as records to work on, and drawn."""

    @abstractmethod
    def tables(self) -> list[Table]:
        """What there is to read."""

    @abstractmethod
    def records(self) -> list[dict[str, Any]]:
        """Every number there is, as a list of records with the same fields."""

    def to_frame(self) -> Any:
        """`records` as a `pandas.DataFrame`. Needs pandas."""
        import pandas

        return pandas.DataFrame(self.records())

    def to_csv(self) -> str:
        """`records` as CSV."""
        return to_csv(self.records())

    def to_latex(self) -> str:
        """`tables` for a paper that uses booktabs."""
        return "\n".join(table.to_latex() for table in self.tables())

    def to_markdown(self) -> str:
        return "\n".join(table.to_markdown() for table in self.tables())

    def plot(self) -> Any:
        """A `matplotlib.figure.Figure`, which a notebook shows and ``savefig`` writes. Needs Matplotlib."""
        from importlib import import_module

        return import_module("puzzlerec.views.figures").of(self)  # by its name: what draws is above what is drawn

    def __str__(self) -> str:
        from rich.console import Console

        text = Console(width=160, file=io.StringIO(), record=True)
        for table in self.tables():
            text.print(table.to_rich())
        return text.export_text().rstrip()

    def _repr_html_(self) -> str:
        return "".join(table.to_html() for table in self.tables())


def to_csv(records: Iterable[Mapping[str, Any]]) -> str:
    """Records of the same fields, the names in the first line; what a record lacks or has as None is empty."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
