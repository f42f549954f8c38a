"""Sudokus, tables and documents as other people write them: the smallest of each, and the right answer."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from puzzlerec.puzzles import PuzzleError, Reading, read

ONE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ROWS = [ONE[start : start + 9] for start in range(0, 81, 9)]
GRID = "\n".join(ROWS)
SOLVED = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
NUMBERS = [[0 if cell == "." else int(cell) for cell in row] for row in ROWS]
BARRED = ["|".join(row[start : start + 3] for start in (0, 3, 6)) for row in ROWS]
RULED = "\n---+---+---\n".join("\n".join(BARRED[start : start + 3]) for start in (0, 3, 6))
BOXED = "\n".join(["+-------+", *(f"| {' '.join(row)} |" for row in ROWS), "+-------+"])
MAZE = "S..E#####......."


def read_text(text: str | bytes, name: str = "some.txt", kind: str | None = None) -> Reading:
    return read(io.BytesIO(text.encode() if isinstance(text, str) else text), kind, source=name)


def require(text: str | bytes, lines: list[int], notes: tuple[str, ...] = (), name: str = "some.txt") -> None:
    """The text holds `ONE` at each of these lines, and nothing else."""
    reading = read_text(text, name)
    assert reading.errors == []
    assert [puzzle.kind.format(puzzle.question) for puzzle in reading.puzzles] == [ONE] * len(lines)
    assert [puzzle.line for puzzle in reading.puzzles] == lines
    assert reading.notes == list(notes)


# ---- around the rows


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"Grid 01\n{GRID}\nGrid 02\n{GRID}\n", [2, 12]),
        (f"Easy 1\n{GRID}\n", [2]),
        (f"9\n{GRID}\n", [2]),
        (f"1\n{GRID}\n2\n{GRID}\n", [2, 12]),
        (f"{BOXED}\nRated: easy\nby someone, 2009\n", [2]),
        (f"// by someone\n{GRID}\n// end", [2]),
        (f"Puzzle of the day\n\n{RULED}\n\nAll rights reserved, 2009\n", [3]),
        (f"{GRID}\n\x1a", [1]),
        (f"{ONE}\n\x1a", [1]),
    ],
)
def test_titles_footers_and_numbers_are_no_rows(text: str, lines: list[int]) -> None:
    require(text, lines)


@pytest.mark.parametrize("between", ["", " "])
def test_titles_of_16x16(between: str) -> None:
    symbols = [str(number) for number in range(1, 17)] if between else list("123456789ABCDEFG")
    rows = [between.join([*symbols[start:], *"." * start]) for start in range(16)]
    reading = read_text("\n".join(["Large 1", *rows, "Large 2", *rows]))
    assert reading.errors == []
    assert [(puzzle.kind.name, puzzle.line) for puzzle in reading.puzzles] == [
        ("sudoku-16x16", 2),
        ("sudoku-16x16", 19),
    ]


def test_prose_among_whole_sudokus_is_a_fault() -> None:
    for line in (ONE, "1..4" * 4):
        assert [error.line for error in read_text(f"{line}\nnonsense\n{line}\n").errors] == [2]


def test_a_row_that_is_short_is_still_a_fault() -> None:
    reading = read_text(GRID.replace("8...6...3", "8..."))
    assert [error.line for error in reading.errors] == [4]


# ---- blanks


@pytest.mark.parametrize("mark", "*-xX?")
@pytest.mark.parametrize("text", [ONE, GRID, "\n".join(BARRED), RULED, BOXED, "\n".join(map(" ".join, ROWS))])
def test_blanks_may_be_marks(text: str, mark: str) -> None:
    first = 2 if text == BOXED else 1
    require(text.replace(".", mark), [first], (f"read {mark} as blanks",))
    require(f"id,puzzle\n1,{ONE.replace('.', mark)}\n", [2], (f"read {mark} as blanks",))


def test_one_mark_among_other_blanks_is_a_fault() -> None:
    (error,) = read_text(f"{ONE}\n{ONE[:40]}x{ONE[41:]}\n").errors
    assert (error.line, error.column) == (2, 41)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", ", "])
def test_blanks_may_be_empty_fields(delimiter: str) -> None:
    require("\n".join(delimiter.join(row.replace(".", " ")) for row in ROWS).replace(" ", ""), [1])
    require(delimiter.strip(" ").join(ONE).replace(".", ""), [1])


@pytest.mark.parametrize("start", [0, 1, 2])
def test_pencil_marks_are_blanks(start: int) -> None:
    def cell(place: int, given: str) -> str:
        return given if given != "." else ("12", "1289", "49", "123456789")[(start + place) % 4]

    rows = [" ".join(cell(place, given) for place, given in enumerate(row, number)) for number, row in enumerate(ROWS)]
    note = "read single digits as given and several in a cell as pencil marks"
    require("\n".join(rows), [1], (note,))
    fields = [row.split() for row in rows]
    bars = [f"| {' | '.join(' '.join(row[at : at + 3]) for at in (0, 3, 6))} |" for row in fields]
    rule = ":-------+-------+-------:"
    hodoku = [".-------.-------.-------.", *bars[:3], rule, *bars[3:6], rule, *bars[6:], "'-------'-------'-------'"]
    require("\n".join(hodoku), [2], (note,))


def test_hodokus_library() -> None:
    require(f":0000:x:{ONE}:::\n:0000:x:{ONE}::", [1, 2])
    require(f":0904-2:38:{ONE[:2]}+4{ONE[3:]}:172:388::\n", [1], ("read digits after + as placed, not given",))


# ---- beside the puzzle


@pytest.mark.parametrize(
    "line",
    [
        "7,{}",
        "1 {}",
        "1. {}",
        "7.2/1.2/1.2 {}",
        "{}|easy",
        "{}:comment",
        '"{}"',
        f"0,{{}},{SOLVED}",
        f"{SOLVED},{{}}",
        "https://example.org/play?puzzle={}",
        "https://example.org/s?bd={}&level=1",
    ],
)
def test_what_stands_beside_a_sudoku_is_no_part_of_it(line: str) -> None:
    text = line.format(ONE)
    if not line.startswith(SOLVED):  # which of two is the question, the other lines tell
        require(text, [1])
    require(f"{text}\n\n{text}\n", [1, 3])


@pytest.mark.parametrize(
    "header", ["id,board", "sudoku", "Unsolved,Solved", "input", "no;grid", "name\tgrid", "solution,x"]
)
def test_a_header_may_have_any_names(header: str) -> None:
    names = header.replace(";", ",").replace("\t", ",").split(",")
    cells = {"id": "7", "no": "7", "name": "a", "Solved": SOLVED, "solution": SOLVED}
    delimiter = next((mark for mark in ",;\t" if mark in header), ",")
    line = delimiter.join(cells.get(name, ONE) for name in names)
    require(f"{header}\n{line}\n{line}\n", [2, 3])


@pytest.mark.parametrize(
    ("field", "kind"), [("12+3=", "addition"), ("copy:ab=", "copy"), (MAZE, "maze"), ("1..4" * 4, "sudoku-4x4")]
)
@pytest.mark.parametrize("header", ["id,board\n", ""])
def test_tables_of_every_kind(field: str, kind: str, header: str) -> None:
    reading = read_text(f"{header}7,{field}\n8,{field}\n")
    assert reading.errors == [] and [puzzle.kind.name for puzzle in reading.puzzles] == [kind] * 2


# ---- documents


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (json.dumps(NUMBERS), [1]),
        (json.dumps(NUMBERS, indent=1), [2]),
        (json.dumps([NUMBERS, NUMBERS]), [1, 1]),
        (json.dumps([[cell or None for cell in row] for row in NUMBERS]), [1]),
        (json.dumps(ROWS), [1]),
        (json.dumps([ONE, ONE]), [1, 1]),
        (f"grid = {[list(row) for row in ROWS]}", [1]),
        (str([list(row.replace(".", " ")) for row in ROWS]), [1]),
        (str([["" if cell == "." else cell for cell in row] for row in ROWS]), [1]),
        (str(np.array(NUMBERS)), [1]),
        (repr(np.array(NUMBERS)), [1]),
        (str(np.array(NUMBERS, float)), [1]),
        (str(np.array(NUMBERS).reshape(-1)), [1]),
        (str(np.array([NUMBERS, NUMBERS])), [1, 11]),
    ],
)
@pytest.mark.parametrize("name", ["some.txt", "some.json"])
def test_lists_and_print_outs(text: str, lines: list[int], name: str) -> None:
    require(text, lines, name=name)


def test_lists_of_16x16_are_of_numbers() -> None:
    grid = np.zeros((16, 16), int)
    grid[0] = range(1, 17)
    (puzzle,) = read_text(str(grid)).puzzles
    assert puzzle.kind.name == "sudoku-16x16" and puzzle.kind.given(puzzle.question).sum() == 16


@pytest.mark.parametrize("text", ["[['#', '#', '#'], ['S', ' ', 'G']]", str(np.array([list("###"), list("S G")]))])
def test_lists_of_mazes(text: str) -> None:
    (puzzle,) = read_text(text).puzzles
    assert puzzle.kind.format(puzzle.question, "grid") == "###\nS G"


def test_opensudokus_xml() -> None:
    game = f'<game data="{ONE.replace(".", "0")}" />'
    require(f'<?xml version="1.0" encoding="UTF-8"?>\n<opensudoku>\n{game}\n{game}\n</opensudoku>', [3, 4])
    cells = "".join(f"{SOLVED[place]}|0|{int(cell == '.')}|" for place, cell in enumerate(ONE))
    require(f'<opensudoku version="2"><game cells_data="version: 3&#10;{cells}"/></opensudoku>', [1])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<!DOCTYPE html>\n<html></html>\n", "HTML page"),
        ("<html>\n<body>5</body></html>\n", "HTML page"),
        ("<gpx>\n<trk/>\n</gpx>\n", "XML of 'gpx'"),
        ("<gpx>\n<trk>\n</gpx>\n", "not well-formed"),
        ('<!DOCTYPE a [<!ENTITY x "y">]>\n<a>&x;</a>\n', "document type"),
        ('{"name": "package"}', "JSON"),
        ("[]", "JSON"),
        ("[[1, 2], [3, 4]]", "2 cells instead of 4"),
        ("[[1 2 ... 3]\n [3 4 ... 5]]", "leaves cells out"),
    ],
)
def test_other_documents_are_named_once(text: str, words: str) -> None:
    with pytest.raises(PuzzleError, match=words) as caught:
        read_text(text, "some.txt")
    assert str(caught.value).startswith("some.txt")


def test_latin_1_does_not_cost_a_file() -> None:
    require(f"# très difficile\n{ONE}\n".encode("latin-1"), [2])
    reading = read_text("Prêt\n#####\n#S G#\n#####\n".encode("latin-1"))
    assert reading.errors == [] and len(reading.puzzles) == 1
