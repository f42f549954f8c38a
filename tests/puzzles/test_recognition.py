"""What decides whether a text holds mazes or Sudokus."""

from __future__ import annotations

import io

import pytest

from puzzlerec.puzzles import PuzzleError, Reading, read, reading

MAZE_LINE = "S" + "#" * 5 + " " * 4 + "G" + " " * 5  # 4x4
SUDOKU_LINE = "1..4............"  # 4x4


def read_text(text: str) -> Reading:
    return read(io.StringIO(text), source="some.txt")


@pytest.mark.parametrize(
    ("line", "known"),
    [
        ("#S#G1", "maze"),  # four fifths of its characters are a maze's
        ("#S#Gx", "maze"),
        ("#SGx", ""),  # three quarters are not enough
        ("12xy", "Sudoku"),  # half of its characters are a Sudoku's
        ("12xyz", ""),
    ],
)
def test_a_line_counts_for_what_most_of_its_characters_belong_to(line: str, known: str) -> None:
    if not known:
        with pytest.raises(PuzzleError, match="No puzzle is recognised"):
            read_text(line)
        return
    reading = read_text(line)
    assert not reading.puzzles and known in reading.errors[0].message


def test_comments_are_no_walls() -> None:
    """A line of # is a maze's or a comment: without S or G among such lines it is a comment."""
    commented = read_text(f"{'#' * 40}\n{SUDOKU_LINE}\n")
    assert [puzzle.kind.name for puzzle in commented.puzzles] == ["sudoku-4x4"] and not commented.errors
    maze = read_text(f"{MAZE_LINE}\n")
    assert [puzzle.kind.name for puzzle in maze.puzzles] == ["maze"]


def test_the_first_two_hundred_lines_decide() -> None:
    """Of 200 short Sudokus and mazes that outweigh them: where the Sudokus come first, the mazes are faults."""
    wide = "S" + "#" * 1000 + "G" + " " * (33 * 33 - 1002)
    sudokus, mazes = f"{SUDOKU_LINE}\n" * 200, f"{wide}\n" * 5
    reading = read_text(sudokus + mazes)
    assert len(reading.puzzles) == 200 and {puzzle.kind.name for puzzle in reading.puzzles} == {"sudoku-4x4"}
    reading = read_text(f"{SUDOKU_LINE}\n" * 100 + mazes)
    assert {puzzle.kind.name for puzzle in reading.puzzles} == {"maze"}


def test_one_line_may_decide_what_a_file_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_SAMPLE", 1)
    assert [puzzle.kind.name for puzzle in read(io.StringIO("1..4" * 4 + "\n12+3=\n")).puzzles] == ["sudoku-4x4"]
