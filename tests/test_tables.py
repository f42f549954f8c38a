"""Tables in every form."""

from __future__ import annotations

import csv
import io

from puzzlerec.tables import Table, to_csv

TABLE = Table("50% of a_b", ("system", "exact, %"), (("a & b", " 50.0 (40-60)"), ("c", "9")))


def test_latex_is_a_table_with_rules_whose_special_characters_are_escaped() -> None:
    assert TABLE.to_latex() == (
        "\\begin{table}\n\\centering\n\\caption{50\\% of a\\_b}\n\\begin{tabular}{lr}\n\\toprule\n"
        "system & exact, \\% \\\\\n\\midrule\na \\& b & 50.0 (40-60) \\\\\nc & 9 \\\\\n"
        "\\bottomrule\n\\end{tabular}\n\\end{table}\n"
    )


def test_markdown_has_a_title_and_a_line_a_row() -> None:
    assert TABLE.to_markdown().splitlines()[2:] == [
        "| system | exact, % |",
        "| --- | --- |",
        "| a & b |  50.0 (40-60) |",
        "| c | 9 |",
    ]


def test_csv_has_all_fields_of_all_records_and_leaves_out_what_there_is_not() -> None:
    text = to_csv([{"a": 1, "b": None}, {"a": "x,y", "c": 0.5}])
    assert list(csv.DictReader(io.StringIO(text))) == [
        {"a": "1", "b": "", "c": ""},
        {"a": "x,y", "b": "", "c": "0.5"},
    ]
