"""Tables for a terminal, a paper, a README and programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
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
            table.add_column(column, justify="right" if index else "left", no_wrap=True)
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


def to_csv(records: Iterable[Mapping[str, Any]]) -> str:
    """Records of the same fields, the names in the first line; what a record lacks or has as None is empty."""
    rows = list(records)
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
