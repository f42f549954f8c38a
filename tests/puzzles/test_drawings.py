"""Mazes as other people write them: walls, free cells and ends of other characters, walls drawn as lines."""

from __future__ import annotations

import io

import pytest

from puzzlerec.puzzles import Reading, read


def read_text(text: str, kind: str | None = None) -> Reading:
    return read(io.StringIO(text), kind, source="maze.txt")


@pytest.mark.parametrize(
    ("text", "rows", "note"),
    [
        ("#####\n#S.E#\n#####\n", "#####\n#S G#\n#####", "read . as free cells, E as the goal"),
        ("S..E\n.##.\n....\n", "S  G\n ## \n    ", "read . as free cells, E as the goal"),
        ("###\nS F\n###\n", "###\nS G\n###", "read F as the goal"),
        ("███\nA B\n███\n", "###\nS G\n###", "read █ as walls, A as the start, B as the goal"),
        ("XXX\nG_S\nXXX\n", "###\nG S\n###", "read X as walls, _ as free cells"),
        ("%%%%%\n%P .%\n%%%%%\n", "#####\n#S G#\n#####", "read % as walls, P as the start, . as the goal"),
        ("010\nS0G\n111\n", " # \nS G\n###", "read 1 as walls, 0 as free cells"),
        ("0 1 0\nS 0 G\n1 1 1\n", " # \nS G\n###", "read 1 as walls, 0 as free cells"),
        ("0, 1, 0\nS, 0, G\n1, 1, 1\n", " # \nS G\n###", "read 1 as walls, 0 as free cells"),
        ("###\n   \n###\n", "###\nS G\n###", "read the openings of the border as S and G"),
        (
            "101\n101\n101\n",
            "#S#\n# #\n#G#",
            "read 1 as walls, 0 as free cells, the openings of the border as S and G",
        ),
        (
            "+--+--+\n|S |G |\n+  +  +\n|     |\n+--+--+\n",
            "#####\n#S#G#\n# # #\n#   #\n#####",
            "read lines as walls between cells, each a cell of its own",
        ),
        (
            "  o---o---o\n      |   |\n  o   o   o\n  |        \n  o---o---o\n",
            "#####\nS # #\n# # #\n#   G\n#####",
            "read lines as walls between cells, each a cell of its own, the openings of the border as S and G",
        ),
        (
            " _ _ _\n|S|_  |\n|  _|G|\n|_____|\n",
            "#######\n#S#   #\n# ### #\n#   #G#\n# ### #\n#     #\n#######",
            "read lines as walls between cells, each a cell of its own",
        ),
        (
            " _____\n|  _  \n|_____ \n",
            "#######\n#     S\n# ### #\n#     G\n#######",
            "read lines as walls between cells, each a cell of its own, the openings of the border as S and G",
        ),
        (
            "┌─┬─┐\n│A│B│\n│ ╵ │\n│   │\n└───┘\n",
            "#####\n#S#G#\n# # #\n#   #\n#####",
            "read lines as walls between cells, each a cell of its own, A as the start, B as the goal",
        ),
    ],
)
@pytest.mark.parametrize("kind", [None, "maze"])
def test_other_peoples_mazes_are_read_and_what_was_assumed_is_said(
    text: str, rows: str, note: str, kind: str | None
) -> None:
    reading = read_text(text, kind)
    assert reading.errors == []
    (puzzle,) = reading.puzzles
    assert puzzle.kind.name == "maze" and puzzle.kind.format(puzzle.question, "grid") == rows
    assert puzzle.kind.check_question(puzzle.question).solved
    assert reading.notes == [note]


def test_a_maze_without_ends_is_read_where_the_kind_is_told() -> None:
    (puzzle,) = read_text("0 1 0 0\n0 0 0 1\n1 1 0 0\n", "maze").puzzles
    assert puzzle.kind.check_question(puzzle.question).problems == ("there is no S", "there is no G")


def test_our_own_form_is_read_as_it_stands() -> None:
    reading = read_text("#####\n#S G#\n#####\n")
    assert reading.notes == [] and [puzzle.line for puzzle in reading.puzzles] == [1]


@pytest.mark.parametrize("title", ["Maze 1", "// by hand", "5 5", "12"])
@pytest.mark.parametrize("maze", ["#####\n#S G#\n#####", "#####\n#S.E#\n#####", "#####\n#S  #\n#  G#\n#####"])
def test_titles_that_touch_a_maze_are_no_rows(title: str, maze: str) -> None:
    reading = read_text(f"{title}\n{maze}\n{title}\n{maze}\n{title}\n")
    assert reading.errors == []
    assert [puzzle.line for puzzle in reading.puzzles] == [2, 3 + maze.count("\n") + 1]


def test_each_assumption_is_said_once() -> None:
    one, other = "#####\n#S.G#\n#####\n", "#####\n#S.E#\n#####\n"
    assert read_text("\n".join([one, one, other, one])).notes == [
        "read . as free cells",
        "read . as free cells, E as the goal",
    ]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("#####\n#S.E#\n#%###\n", 3, 2, "Both # and % could be walls"),
        ("#####\n#S.E#\n#.F.#\n#####\n", 3, 3, "F could be an end beside S and E"),
        ("#####\n#S.E#\n#.x.#\n#####\n", 3, 3, "'x' is no cell of this maze"),
        ("%%%%%%\n%P ..%\n%%%%%%\n", 2, 5, "2 . and must have one"),
        ("%%%%\n%PG%\n%.o%\n%%%%\n", 2, 3, "G could be an end beside P and ."),
        ("%%%%\n%P.%\n% o%\n%%%%\n", 3, 3, "'o' is no cell of this maze"),
        ("#####\n#E.S#\n#.E.#\n#####\n", 3, 3, "2 E and must have one"),
        ("0,1\nS,0,G\n1,1,1\n", 2, 0, "Row 2 has 3 cells, row 1 has 2"),
        ("+--+--+\n|S |G |\n+- +--+\n", 3, 2, "no whole wall, nor free"),
        ("+--+--+\n|S |SG|\n+--+--+\n", 2, 5, "'SG' is no whole wall"),
        ("+--+--+\n|S |S |\n+--+--+\n", 2, 2, "S is no end beside others"),
        ("+--+-+\n|S  G|\n+--+-+\n", 1, 0, "equally far apart"),
        ("┌─┬─┐\n│S│G│\n│   │\n│   │\n│   │\n└───┘\n", 1, 0, "equally far apart"),
    ],
)
def test_what_is_ambiguous_or_broken_is_named(text: str, line: int, column: int, words: str) -> None:
    reading = read_text(f"\n{text}")
    assert reading.puzzles == []
    (error,) = reading.errors
    assert (error.line, error.column) == (line + 1, column) and words in error.message


def test_lines_and_columns_of_tables_may_be_other_peoples_mazes() -> None:
    line = "S..E#####......."
    reading = read_text(f"{line}\n{line}\n")
    assert [puzzle.layout for puzzle in reading.puzzles] == ["line", "line"] and reading.errors == []
    reading = read_text(f"id,puzzle\n7,{line}\n")
    assert [puzzle.line for puzzle in reading.puzzles] == [2]
    assert reading.notes == ["read . as free cells, E as the goal"]


@pytest.mark.parametrize("height", [201, 2000])
def test_a_maze_that_is_too_large_is_told_the_limit(height: int) -> None:
    rows = [f"#{' ' * (height - 2)}#"] * height
    rows[0], rows[-1] = f"#S{'#' * (height - 2)}", f"{'#' * (height - 2)}G#"
    (error,) = read_text("\n".join(rows)).errors
    assert f"{height} rows and {height} columns; 2 to 200" in error.message and error.line == 1


def test_sudokus_are_no_mazes() -> None:
    blank = "+-------+-------+-------+\n" + "| . . . | . 1 . | . . . |\n" * 3
    for text in (blank * 3 + blank[:26], "1...\n.1..\n..1.\n...1\n", "1000\n0100\n0010\n0001\n"):
        assert [puzzle.kind.family for puzzle in read_text(text).puzzles] == ["sudoku"]
