"""Reading puzzles: every form of file, every way in which a file can be wrong."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from puzzlerec.puzzles import Puzzle, PuzzleError, Reading, get, read, readings
from puzzlerec.puzzles import reading as reading_module

REAL_DATA = Path(os.environ.get("PUZZLEREC_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))

ONE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
TWO = "1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3.."
SIX = "1.3.56" + "." * 30
FOUR = "1..4" + "." * 12
ONE_ROWS = "\n".join(ONE[start : start + 9] for start in range(0, 81, 9))
ONE_GRID = get("sudoku").format(get("sudoku").parse(ONE), "grid")
TWO_GRID = get("sudoku").format(get("sudoku").parse(TWO), "grid")


def maze_line(seed: int, size: int = 30) -> str:
    rng = np.random.default_rng(seed)
    cells = rng.choice(list("# "), size * size, p=[0.35, 0.65])
    cells[rng.choice(size * size, 2, replace=False)] = ["S", "G"]
    return "".join(cells)


def rows_of(line: str) -> str:
    size = int(len(line) ** 0.5)
    return "\n".join(line[start : start + size] for start in range(0, len(line), size))


MAZE_ONE, MAZE_TWO = maze_line(1), maze_line(2)


def read_text(text: str | bytes, name: str = "", kind: str | None = None) -> Reading:
    return read(io.BytesIO(text.encode() if isinstance(text, str) else text), kind, source=name)


def lines_of(reading: Reading) -> list[str]:
    return [puzzle.kind.format(puzzle.question) for puzzle in reading.puzzles]


@pytest.mark.parametrize(
    ("text", "expected", "layout", "places"),
    [
        (ONE, [ONE], "line", [1]),
        (f"{ONE}\n{TWO}\n", [ONE, TWO], "line", [1, 2]),
        (f"# two\n#\n{ONE}\n\n  # more\n{TWO}\n####\n", [ONE, TWO], "line", [3, 6]),
        (f"{ONE} # easy\n{TWO};11.9;name\n", [ONE, TWO], "line", [1, 2]),
        (f"{ONE},{ONE}\n{TWO}\t60\n", [ONE, TWO], "line", [1, 2]),
        (f"{ONE}\n{SIX}\n{FOUR}\n", [ONE, SIX, FOUR], "line", [1, 2, 3]),
        (ONE_ROWS, [ONE], "grid", [1]),
        (ONE_GRID, [ONE], "grid", [1]),
        (f"#ACreator\n#CComment 123\n{ONE_ROWS}\n", [ONE], "grid", [3]),
        (f"[Puzzle]\n{ONE_ROWS}\n[State]\n{ONE_ROWS.replace('.', '1')}\n", [ONE], "grid", [2]),
        (f"{ONE_GRID}\n\n{TWO_GRID}\n\n\n{ONE_ROWS}", [ONE, TWO, ONE], "grid", [1, 13, 26]),
        (f"{ONE_ROWS}\n{ONE_ROWS}\n", [ONE, ONE], "grid", [1, 10]),
        (ONE_GRID.replace("---+---+---", ""), [ONE], "grid", [1]),
        ("\n".join(",".join(row.replace(".", "0")) for row in ONE_ROWS.split("\n")), [ONE], "grid", [1]),
        (",".join(ONE), [ONE], "line", [1]),
        ("1..4\n....\n....\n....\n\n1.3.56\n" + "......\n" * 5, [FOUR, SIX], "grid", [1, 6]),
        (f"id,puzzle,solution\n1,{ONE},\n2,{TWO},x\n", [ONE, TWO], "line", [2, 3]),
        (f"quizzes,solutions\n{ONE.replace('.', '0')},{ONE}\n", [ONE], "line", [2]),
        (f'Source,"Question",answer,rating\n"a ""b"", c",{ONE},{ONE},18\n', [ONE], "line", [2]),
        (f"question\tanswer\n{ONE}\t\n", [ONE], "line", [2]),
        (f"puzzle\n{ONE}\n", [ONE], "line", [2]),
        (f"question,answer\n{MAZE_ONE},{MAZE_ONE}\n\n{MAZE_TWO},\n", [MAZE_ONE, MAZE_TWO], "line", [2, 4]),
        (f"{MAZE_ONE}\n{MAZE_TWO}\n", [MAZE_ONE, MAZE_TWO], "line", [1, 2]),
        (f"{MAZE_ONE}\t{MAZE_ONE}\n", [MAZE_ONE], "line", [1]),
        (rows_of(MAZE_ONE), [MAZE_ONE], "grid", [1]),
        (f"\n{rows_of(MAZE_ONE)}\n\n{rows_of(MAZE_TWO)}\n", [MAZE_ONE, MAZE_TWO], "grid", [2, 33]),
        ("   \nS G\n   \n\nSG\n##\n", ["   S G   ", "SG##"], "grid", [1, 5]),
        ("S G \n####\n####\n####", ["S G ############"], "grid", [1]),
    ],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_forms(text: str, expected: list[str], layout: str, places: list[int], ends: str) -> None:
    reading = read_text(text.replace("\n", ends), "puzzles.txt")
    assert reading.errors == []
    assert lines_of(reading) == expected
    assert {puzzle.layout for puzzle in reading.puzzles} == {layout}
    assert [puzzle.line for puzzle in reading.puzzles] == places
    assert {puzzle.source for puzzle in reading.puzzles} == {"puzzles.txt"}


@pytest.mark.parametrize("name", ["sudoku", "sudoku-6x6", "sudoku-4x4", "sudoku-16x16", "maze"])
@pytest.mark.parametrize("layout", ["line", "grid"])
def test_what_is_written_is_read(name: str, layout: str) -> None:
    kind = get(name)
    if name == "maze":
        questions = [kind.parse(maze_line(seed, size)) for seed, size in enumerate((30, 9, 3, 20))]
    else:
        rng = np.random.default_rng(0)
        area = kind.shape[0] * kind.shape[1] if kind.shape else 0
        tokens = rng.integers(1, len(kind.vocabulary), (4, area), dtype=np.uint8)
        tokens[rng.random(tokens.shape) < 0.5] = 1
        questions = [row.reshape(kind.shape) for row in tokens]
    text = {"line": "\n", "grid": "\n\n"}[layout].join(kind.format(question, layout) for question in questions)
    for given_kind in (None, name) if name != "sudoku-x" else (name,):  # no text says that diagonals count
        reading = read_text(text, kind=given_kind)
        assert reading.errors == []
        assert [puzzle.kind for puzzle in reading.puzzles] == [kind] * 4
        for puzzle, question in zip(reading.puzzles, questions, strict=True):
            assert np.array_equal(puzzle.question, question)
            assert puzzle.layout == layout


GIVENS = "5" + "." * 79 + "9"
REGIONS = "aaaabbcccaaabbbcccaabbbbccc" + "dddeeefff" * 3 + "ggghhhiii" * 3  # boxes, but for two cells
JIGSAW = GIVENS + REGIONS


def cut(line: str, width: int = 9) -> str:
    return "\n".join(line[start : start + width] for start in range(0, len(line), width))


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (f"{JIGSAW}\n{JIGSAW}\n", "line"),
        (f"{GIVENS} {REGIONS} # easy\n{GIVENS};{REGIONS},more\n", "line"),
        (f"id,puzzle\n1,{JIGSAW}\n2,{GIVENS} {REGIONS.upper()}\n", "line"),
        (f"{GIVENS}\n{REGIONS}\n{GIVENS}\n{REGIONS}\n", "line"),
        (f"{cut(GIVENS)}\n\n{cut(REGIONS)}\n\n{cut(GIVENS)}\n{cut(REGIONS)}\n", "grid"),
        ("\n\n".join([get("jigsaw").format(get("jigsaw").parse(JIGSAW), "grid")] * 2), "grid"),
    ],
)
@pytest.mark.parametrize("kind", [None, "jigsaw"])
def test_jigsaws_are_told_by_their_regions(text: str, layout: str, kind: str | None) -> None:
    reading = read_text(text, kind=kind)
    assert reading.errors == []
    assert [(puzzle.kind.name, puzzle.layout) for puzzle in reading.puzzles] == [("jigsaw", layout)] * 2
    assert lines_of(reading) == [JIGSAW] * 2


def test_boxes_however_drawn_are_no_jigsaw() -> None:
    slanted = ONE_GRID.replace("53.|.7.|...", "53. | .7.|...")
    reading = read_text(f"{ONE_GRID}\n\n{slanted}\n\n{GIVENS},{ONE}\n")
    assert [puzzle.kind.name for puzzle in reading.puzzles] == ["sudoku"] * 3


@pytest.mark.parametrize("sort", ["numbers", "hexadecimal", "letters", "bands", "line of numbers"])
@pytest.mark.parametrize("kind", [None, "sudoku-16x16"])
def test_rows_of_16x16_are_no_lines_of_4x4(sort: str, kind: str | None) -> None:
    large = get("sudoku-16x16")
    rng = np.random.default_rng(0)
    questions = [np.where(rng.random((16, 16)) < 0.4, rng.integers(2, 18, (16, 16)), 1).astype(np.uint8) for _ in "ab"]
    texts = {
        "numbers": [large.format(question, "grid") for question in questions],
        "hexadecimal": [cut(large.format(question), 16) for question in questions],
        "letters": [cut(large.format(question, "letters"), 16) for question in questions],
        "bands": ["\n\n".join(cut(band, 16) for band in cut(large.format(q), 64).split("\n")) for q in questions],
        "line of numbers": [" ".join(str(token - 1) for token in question.flat) for question in questions],
    }[sort]
    reading = read_text("\n\n".join(texts), kind=kind)
    assert reading.errors == []
    assert [puzzle.kind for puzzle in reading.puzzles] == [large] * 2
    for puzzle, question in zip(reading.puzzles, questions, strict=True):
        assert np.array_equal(puzzle.question, question)


def test_lines_of_4x4_are_no_rows_of_16x16() -> None:
    lines = ["12..34..21..43..", "1234............", "............4321", "..1.............", "5...............", FOUR]
    reading = read_text("\n".join(lines))
    assert [puzzle.kind.name for puzzle in reading.puzzles] == ["sudoku-4x4"] * 5
    assert [error.line for error in reading.errors] == [5]


def test_what_no_text_can_say_is_chosen() -> None:
    (puzzle,) = read_text(ONE, kind="sudoku-x").puzzles
    assert puzzle.kind.name == "sudoku-x"


@pytest.mark.parametrize(
    ("text", "good", "line", "column", "words"),
    [
        (ONE[:80], 0, 1, 81, "80 cells"),
        (f"{ONE}\n{ONE[:40]}x{ONE[41:]}\n{TWO}\n", 2, 2, 41, "'x'"),
        (f"{ONE}\n{ONE[:80]},{ONE}\n{TWO}\n", 2, 2, 81, "80 cells"),
        ("5+,|+7,|+,9\n" * 9, 0, 1, 0, "3 cells instead of 9 (9x9"),
        (f"{ONE}\n{TWO}1\n{TWO}\n", 2, 2, 82, "82 cells"),
        (ONE_ROWS.replace("....8..79", "....8..7"), 0, 9, 9, "Row 9 has 8 cells"),
        (ONE_ROWS.replace("\n....8..79", ""), 0, 8, 0, "8 rows"),
        (f"# c\n{ONE_ROWS}\n\n{ONE_ROWS.replace('8.3', '8a3')}\n\n{TWO_GRID}", 2, 16, 5, "'a'"),
        (f"{ONE_ROWS}\n.........\n\n{TWO_GRID}", 1, 10, 0, "10 rows"),
        (f"a,puzzle\nb,{ONE[:80]}\nc,{TWO}\n", 1, 2, 83, "80 cells"),
        (f"a,puzzle\nb\nc,{TWO}\n", 1, 2, 0, "1 column;"),
        (f"a,puzzle\nb,\nc,{TWO}\n", 1, 2, 1, "empty"),
        (f'puzzle,a\n"{ONE},b\n{TWO},c\n', 2, 0, 0, ""),
        (f"{MAZE_ONE}\n{MAZE_TWO[:450]}x{MAZE_TWO[451:]}\n{MAZE_ONE}", 2, 2, 451, "'x'"),
        (f"{MAZE_ONE}\n{MAZE_TWO[:899]}\n{MAZE_ONE}", 2, 2, 900, "899 characters"),
        (f"{MAZE_ONE[:400]}x{MAZE_ONE[401:]}", 0, 1, 401, "'x'"),
        (f"{rows_of(MAZE_ONE)}\n\nS x\n G \n\n{rows_of(MAZE_TWO)}", 2, 32, 3, "'x'"),
        ("S  \n#  \n G#\nS  \n#  \n G#\n", 0, 4, 1, "2 S"),
        (f"{maze_line(3, 9)}\n{maze_line(4, 9).replace('G', 'x')}\n", 1, 2, 0, "'x'"),
        (f"{ONE}\n12+3=\n{TWO}\n", 2, 2, 0, "a line to complete among Sudokus"),
        (f"{ONE}\ncopy:ab=\n{TWO}\n", 2, 2, 0, "a line to complete among Sudokus"),
        ("copy:ab=\n# 1+2=\n#S G#\n12+345= # easy\n", 2, 3, 0, "a row of a maze"),
        ("12+3=\n12+345\n", 1, 2, 0, "does not end with ="),
        ("12 + 345 =\n12+3=\n", 1, 1, 3, "' ' has no place"),
        ("12+3=15\n12+3=\n", 1, 1, 6, "Nothing may follow the ="),
        ("12+x45=\n12+3=\n", 1, 1, 4, "'x' has no place"),
        ("1+2+3=\n1+2=\n", 1, 1, 0, "no line to complete"),
        ("  copy:aB=\ncopy:ab=\n", 1, 1, 9, "'B' has no place in a line of copy"),
    ],
)
def test_a_fault_is_named_and_loses_nothing_else(text: str, good: int, line: int, column: int, words: str) -> None:
    reading = read_text(text, "mine.txt")
    assert len(reading.puzzles) == good
    if not words:
        assert reading.errors == []
        return
    (error,) = reading.errors
    assert error.line == line
    assert column in (0, error.column)
    assert words in error.message
    assert str(error).startswith(f"mine.txt:{line}")


def test_one_bad_line_in_a_hundred() -> None:
    lines = [ONE, TWO] * 50
    lines[41] = "not a puzzle, nor was it ever meant to be one"
    reading = read_text("\n".join(lines))
    assert len(reading.puzzles) == 99
    assert [error.line for error in reading.errors] == [42]


def test_the_kind_can_be_given() -> None:
    reading = read_text(FOUR + "\n" + ONE, kind="sudoku")
    assert lines_of(reading) == [ONE]
    assert "16 cells instead of 81" in reading.errors[0].message
    assert [error.line for error in read_text(ONE, kind="maze").errors] == [1]
    assert lines_of(read(io.StringIO("S#\n#G"), get("maze"))) == ["S##G"]
    with pytest.raises(PuzzleError, match="called 'chess'"):
        read_text(ONE, kind="chess")


def test_a_suffix_says_sudoku() -> None:
    reading = read_text(f"# So, GO!\n#SG\n#####################\n{FOUR}\n", "easy.sdm")
    assert lines_of(reading) == [FOUR]


def test_paths_streams_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "one.sdm"
    path.write_text(ONE + "\n")
    for file in (path, str(path)):
        (puzzle,) = read(file).puzzles
        assert isinstance(puzzle, Puzzle)
        assert puzzle.source == str(path)
    with path.open() as text, path.open("rb") as content:
        assert lines_of(read(text)) == lines_of(read(content)) == [ONE]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TWO.encode()), encoding="ascii"))
    (puzzle,) = read("-").puzzles
    assert puzzle.source == "-"
    assert read(io.StringIO(ONE)).puzzles[0].source == ""


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + ONE.encode(),
        ONE.encode("utf-16"),
        b"\xfe\xff" + ONE.encode("utf-16-be"),
        b"\xef\xbb\xbfquestion,answer\r\n" + ONE.encode() + b",\r\n",
        ("\ufeff" + MAZE_ONE).encode(),
    ],
)
def test_byte_order_marks(content: bytes) -> None:
    reading = read_text(content)
    assert len(reading.puzzles) == 1
    assert reading.errors == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \r\n\t\n", "empty"),
        (b"\xef\xbb\xbf\n", "empty"),
        (ONE.encode() + b"\0", "binary"),
        (gzip.compress(ONE.encode(), mtime=0), "no UTF-8 text"),
        (b"\xff\xfe1", "no UTF-8 text"),
        (ONE.encode("utf-32"), "binary"),
        (b"# only a comment\n", "No puzzle is recognised"),
        (b"To be, or not to be\n", "No puzzle is recognised"),
        (b"puzzle,solution\n", "no puzzle in the file"),
        (
            b'{"train": [{"input": [[0]], "output": [[1]]}], "test": []}',
            "puzzlerec solve --puzzle arc file.txt solves them",
        ),
        (b'{\n "00576224": {\n "test": [ {"input": [[3, 2]]}]', "no JSON"),
        (b"[[0, 1], [1, 0]]", "JSON"),
        (b"{}", "JSON"),
    ],
)
def test_files_that_cannot_be_used(content: bytes, words: str) -> None:
    with pytest.raises(PuzzleError, match=words) as caught:
        read_text(content, "file.txt")
    assert str(caught.value).startswith("file.txt:")


def test_paths_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(PuzzleError, match="no such file"):
        read(tmp_path / "missing.sdm")
    with pytest.raises(PuzzleError, match="folder"):
        read(tmp_path)
    with pytest.raises(PuzzleError, match="cannot be read"):
        read("nul\0byte")
    with pytest.raises(PuzzleError, match="cannot be read"):
        read("x" * 5000)


def test_size_and_number_of_faults_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "MOST_ERRORS", 5)
    reading = read_text("\n".join([ONE, *["12345678901234567"] * 20, TWO]))
    assert lines_of(reading) == [ONE, TWO]
    assert len(reading.errors) == 6
    assert "15 more" in reading.errors[-1].message
    long = read_text(f"{ONE}\n{'1' * 300_000}\n{TWO}")
    assert lines_of(long) == [ONE, TWO]
    assert "300000 characters" in long.errors[0].message
    monkeypatch.setattr(reading_module, "MOST_BYTES", 100)
    with pytest.raises(PuzzleError, match="larger than"):
        read_text(f"{ONE}\n{TWO}")


SEEDS = [
    ONE,
    f"{ONE}\n{TWO}\n",
    f"#A\n{ONE_GRID}\n\n{TWO_GRID}",
    f"[Puzzle]\n{ONE_ROWS}",
    "1..4\n....\n....\n....\n",
    f"source,question,answer,rating\na,{ONE},{ONE},3\n",
    maze_line(7, 9),
    rows_of(maze_line(8, 6)),
    f"question,answer\n{maze_line(9, 9)},{maze_line(9, 9)}\n",
    '{"train": []}',
    "+--+--+\n|S |G |\n+  +  +\n|     |\n+--+--+\n",
    "Maze 1\n%%%%%\n%P .%\n%%%%%\n",
    "0 1 0\nS 0 G\n1 1 1\n",
    f"Grid 01\n{ONE_ROWS.replace('.', '*')}\n",
    "12 3 4 .\n. . . .\n. . 12 .\n. . . 1\n",
    str([list(row) for row in ONE_ROWS.split("\n")]),
    f'<opensudoku>\n<game data="{ONE}" />\n</opensudoku>',
    f"id,board\n7,{ONE}\n8,{TWO}\n",
    f":0000:x:{ONE}:::\n",
]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    content = bytearray(draw(st.sampled_from(SEEDS)).encode(draw(st.sampled_from(["utf-8", "utf-16"]))))
    for _ in range(draw(st.integers(1, 6))):
        place = draw(st.integers(0, len(content)))
        change = draw(st.sampled_from(["insert", "delete", "replace", "repeat"]))
        piece = draw(
            st.one_of(st.binary(max_size=4), st.sampled_from([b"\n", b"\n\n", b"#", b'"', b",", b"S", b"[", b"\r"]))
        )
        if change == "insert":
            content[place:place] = piece
        elif change == "delete":
            del content[place : place + draw(st.integers(1, 20))]
        elif change == "replace":
            content[place : place + len(piece)] = piece
        else:
            content += content[place:]
    return bytes(content)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(mutated(), st.binary(max_size=60), st.text("#SGE o.019\n|-+,\t[]'*x<>", max_size=80).map(str.encode)))
def test_no_bytes_raise_anything_but_puzzle_errors(content: bytes) -> None:
    for kind in (None, "sudoku-4x4", "maze"):
        try:
            reading = read_text(content, "fuzz", kind)
        except PuzzleError as error:
            assert error.source == "fuzz"
            assert error.message
        else:
            assert reading.puzzles or reading.errors
            for puzzle in reading.puzzles:
                assert puzzle.question.dtype == np.uint8
                assert puzzle.question.min() > 0
                assert puzzle.layout in puzzle.kind.layouts
                assert 1 <= puzzle.line <= content.count(b"\n") + content.count(b"\r") + 1
                puzzle.kind.check_question(puzzle.question)
            for error in reading.errors:
                assert error.line >= 1
                assert error.source == "fuzz"


@pytest.mark.parametrize(
    ("name", "kind", "count"),
    [("maze-hard/train.txt.gz", "maze", 1000), ("sudoku/forum_11plus_part.csv.gz", "sudoku", 6095)],
)
def test_real_files(name: str, kind: str, count: int) -> None:
    path = REAL_DATA / name
    if not path.exists():
        pytest.skip(f"real data are missing: {path}")
    with gzip.open(path) as stream:
        reading = read(io.BytesIO(stream.read()))
    assert reading.errors == []
    assert len(reading.puzzles) == count
    assert {puzzle.kind for puzzle in reading.puzzles} == {get(kind)}


STREAMED = {
    "lines": "\n".join([ONE, TWO, "# a comment", "1..", ONE, "", FOUR, SIX] * 30),
    "grids": "\n\n".join([ONE_GRID, TWO_GRID, ONE_ROWS] * 30),
    "grids without lines between": "\n".join([ONE_ROWS] * 60),
    "titles": "\n".join(f"Grid {number}\n{ONE_ROWS}" for number in range(60)),
    "bands": "\n\n\n".join(["\n\n".join(ONE_ROWS[start : start + 29] for start in (0, 30, 60))] * 40),
    "a table": "id,puzzle,solution\n" + "\n".join(f"{number},{ONE},{TWO}" for number in range(100)),
    "a table with faults": "question,answer\n" + "\n".join([f"{ONE},{ONE}", "12,3", TWO] * 40),
    "mazes": "\n\n".join([rows_of(MAZE_ONE), rows_of(MAZE_TWO)] * 10),
    "lines of mazes": "\n".join([MAZE_ONE, MAZE_TWO] * 20),
    "lists": "[" + ",\n".join([str([[int(cell) for cell in ONE[:9].replace(".", "0")]] * 9)] * 20) + "]",
    "sums": "\n".join(f"{number}+345=" for number in range(10, 99)),
    "nothing": "hello\n" * 100,
}


@pytest.mark.parametrize("name", STREAMED)
@pytest.mark.parametrize(("first", "piece"), [(4096, 65536), (512, 100), (1000, 1000)])
def test_what_is_read_as_it_comes_is_what_is_there(
    name: str, first: int, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = STREAMED[name].encode()

    def whole() -> object:
        return _told(read(io.BytesIO(text)))

    def parts() -> object:
        found = Reading()
        for part in readings(io.BytesIO(text)):
            found.puzzles.extend(part.puzzles)
            found.errors.extend(part.errors)
            found.notes.extend(part.notes)
        return _told(found)

    expected = _or_error(whole)
    monkeypatch.setattr(reading_module, "FIRST_BYTES", first)
    monkeypatch.setattr(reading_module, "PIECE_BYTES", piece)
    assert _or_error(parts) == expected


def _told(reading: Reading) -> object:
    puzzles = [(puzzle.kind.name, puzzle.question.tobytes(), puzzle.layout, puzzle.line) for puzzle in reading.puzzles]
    return puzzles, [str(error) for error in reading.errors], reading.notes


def _or_error(told: Callable[[], object]) -> object:
    try:
        return told()
    except PuzzleError as error:
        return str(error)


def test_of_a_stream_no_more_is_read_than_is_asked_for() -> None:
    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
            line = f"{ONE}\n".encode()
            buffer[: len(line)] = line
            self.given += 1
            return len(line)

    stream = Endless()
    found = readings(io.BufferedReader(stream))
    assert len(next(found).puzzles) < 60
    assert sum(len(next(found).puzzles) for _ in range(1000)) == 1000
    assert stream.given < 1100
