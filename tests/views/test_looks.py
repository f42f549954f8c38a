"""How each kind looks: lines between regions, diagonals, symbols, lines of text, and what says nothing of its look."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from puzzlerec.puzzles import KINDS, Puzzle, PuzzleKind, get
from puzzlerec.solving.answer import Answer
from puzzlerec.solving.frames import Frame
from puzzlerec.views.lines import ROUND, borders, frame, openings, places
from puzzlerec.views.palette import DARK, GIVEN, HEAT, OPEN, TINTED
from puzzlerec.views.pictures import of_answer, of_frame, of_puzzle
from puzzlerec.views.scene import scene
from puzzlerec.views.strips import Painter, grid_strips
from puzzlerec.views.svg import document
from puzzlerec.views.text import CROSSED, draw
from puzzlerec.views.tiling import Tiling

from .toy import Toy

REGIONS = "aabbbccccaaabbbcccaaaabbbccdddeeefffdddeeefffdddeeefffggghhhiiiggghhhiiiggghhhiii"


def frame_of(puzzle: Puzzle, sure: float) -> Frame:
    """Each open cell is as sure as this of the first token that it may hold, and less of the second."""
    kind, question = puzzle.kind, puzzle.question
    allowed = kind.allowed(question[None])[0]
    probabilities = np.zeros(allowed.shape, np.float16)
    for cell, may in enumerate(allowed):
        tokens = np.flatnonzero(may)
        probabilities[cell, tokens[-1]] = 1 - sure
        probabilities[cell, tokens[0]] = sure if len(tokens) > 1 else 1
    tokens = probabilities.argmax(-1).astype(np.uint8).reshape(1, *question.shape)
    return Frame(
        step=1,
        kind="supervision",
        tokens=tokens,
        confidence=probabilities.max(-1).astype(np.float32).reshape(tokens.shape),
        entropy=np.zeros(tokens.shape, np.float32),
        probabilities=probabilities[None],
        masked=None,
        halt=np.zeros(1, np.float32),
    )


def empty(kind: PuzzleKind) -> Puzzle:
    assert kind.editing is not None
    return Puzzle(kind, kind.editing.empty(kind.editing.shape))


def test_openings_join_neighbours() -> None:
    drawn = np.array([[1, 1, 0], [0, 1, 1]], bool)
    assert ["".join(ROUND[side] for side in line) for line in openings(drawn) * drawn] == ["╶╮ ", " ╰╴"]


def test_one_region_has_no_lines_and_two_have_one_between_and_all_around() -> None:
    beside, between = borders(np.zeros((2, 3), int))
    assert not beside.any() and not between.any()
    regions = np.array([[0, 0, 1], [0, 1, 1]])
    beside, between = borders(regions)
    assert beside.tolist() == [[True, False, True, True], [True, True, False, True]]
    assert between.tolist() == [[True] * 3, [False, True, False], [True] * 3]
    sides = frame(regions, *places(regions, (1, 1)))
    assert ["".join(ROUND[side] for side in line) for line in sides] == [
        "╭───┬─╮",
        "│   │ │",
        "│ ╭─╯ │",
        "│ │   │",
        "╰─┴───╯",
    ]


def test_every_character_between_tiles_is_a_line_or_belongs_to_a_region() -> None:
    kind = get("jigsaw")
    puzzle = Puzzle(kind, kind.parse("." * 81 + REGIONS))
    tiling = Tiling.of(puzzle, (3, 1))
    painter = Painter(tiling)
    characters, styles = painter.paint(scene(puzzle))
    gap = tiling.left(1) - 1, tiling.top(0)  # between two cells of the first region
    assert chr(characters[gap[::-1]]) == " " and styles[gap[::-1]] == OPEN
    line = tiling.left(2) - 1, tiling.top(0)
    assert chr(characters[line[::-1]]) == "│"
    assert tiling.cell_at(*line) is None and tiling.cell_at(tiling.left(8) + 2, tiling.top(8)) == (8, 8)


def test_a_jigsaw_is_drawn_with_its_regions_and_digits_alone() -> None:
    kind = get("jigsaw")
    puzzle = Puzzle(kind, kind.parse("1" + "." * 79 + "9" + REGIONS))
    lines = draw(puzzle, puzzle.question, np.zeros((9, 9), bool), 80).plain.splitlines()
    assert lines[:4] == [
        "╭─────┬───────────┬─────────────╮",
        "│ 1 · │ ·   ·   · │ ·   ·   · · │",
        "│     ╰───╮       ╰───╮         │",
        "│ · ·   · │ ·   ·   · │ ·   · · │",
    ]
    assert lines[-2].endswith("9 │")
    assert (
        kind.parse("\n".join(lines).replace("·", ".")).tolist() == puzzle.question.tolist()
    )  # what is drawn can be read


def test_candidates_of_a_jigsaws_cell_are_the_digits_of_its_region() -> None:
    kind = get("jigsaw")
    puzzle = Puzzle(kind, kind.parse("." * 81 + REGIONS))
    candidates = kind.look.candidates(puzzle.question, 0, 2)
    assert [kind.look.name(token) for token in candidates] == list("123456789")
    assert kind.allowed(puzzle.question[None])[0, 2].nonzero()[0].tolist() == list(candidates)
    strips = grid_strips(puzzle, frame_of(puzzle, 0.6), width=90, height=50)
    assert sum(character.isdigit() for strip in strips for character in strip.text) == 2 * 81
    by_chance = replace(frame_of(puzzle, 1.0), confidence=np.full((1, 9, 9), 1 / 9 + 0.01, np.float32))
    assert (scene(puzzle, by_chance).levels == 0).all() and (scene(puzzle, frame_of(puzzle, 1.0)).levels == 7).all()


def test_diagonals_are_tinted_marked_and_underlined() -> None:
    kind = get("sudoku-x")
    puzzle = Puzzle(kind, kind.parse("1" + "." * 80))
    painter = Painter(Tiling.of(puzzle, (3, 1)))
    characters, styles = painter.paint(scene(puzzle, frame_of(puzzle, 0.6)))
    marks = [
        "".join(chr(characters[painter.tiling.top(row), painter.tiling.left(column)]) for column in range(9))
        for row in (0, 4, 8)
    ]
    assert marks == ["╲       ╱", "    ╳    ", "╱       ╲"]
    assert styles[1, 2] & TINTED and styles[1, 2] & ~np.uint16(TINTED | 32) == GIVEN
    assert DARK.style(GIVEN | TINTED).bgcolor != DARK.style(GIVEN).bgcolor
    assert DARK.style(HEAT | TINTED) == DARK.style(HEAT)  # heat is read off the background
    drawing = draw(puzzle, puzzle.question, np.zeros((9, 9), bool), 80)
    crossed = [span for span in drawing.spans if CROSSED in str(span.style)]
    assert len(crossed) == 17


def test_sixteen_candidates_stand_four_by_four() -> None:
    kind = get("sudoku-16x16")
    puzzle = empty(kind)
    strips = [strip.text for strip in grid_strips(puzzle, frame_of(puzzle, 0.6), width=140, height=75)]
    assert strips[1][2] == "0" and strips[4][8] == "F" and strips[1][9:11] == "▏0"
    assert len(grid_strips(puzzle, width=80, height=24)) == 21


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.editing])
@pytest.mark.parametrize("size", [(20, 10), (80, 24), (200, 120)])
def test_every_kind_is_drawn_in_every_medium(name: str, size: tuple[int, int]) -> None:
    puzzle = empty(get(name))
    found = frame_of(puzzle, 0.6)
    for unicode in (True, False):
        strips = grid_strips(puzzle, found, width=size[0], height=size[1], unicode=unicode)
        text = draw(puzzle, puzzle.question, np.zeros(puzzle.question.shape, bool), 80, unicode).plain
        assert len({strip.cell_length for strip in strips}) == 1
        assert unicode or (text.isascii() and all(strip.text.isascii() for strip in strips))
    verdict = puzzle.kind.check_question(puzzle.question)
    answer = Answer(puzzle, puzzle.question, verdict, 1, 1, "one pass", 0.1, found.confidence[0], "tiny", 1234)
    root = ElementTree.fromstring(document([of_answer(answer), of_puzzle(puzzle), of_frame(puzzle, found)]))
    pictures = root.findall("{*}svg")
    assert len(pictures) == 3 and all(len(picture) > 1 for picture in pictures)
    assert "tiny, 1,234 weights" in "".join(root.itertext())


def still(name: str, question: str, answer: str | None = None) -> ElementTree.Element:
    """The picture of an answer, or of a question as its own answer."""
    kind = get(name)
    puzzle = Puzzle(kind, kind.parse(question))
    tokens = puzzle.question if answer is None else kind.parse(answer)
    verdict = kind.check(puzzle.question, tokens)
    made = Answer(puzzle, tokens, verdict, 1, 1, "none", 0.1, np.ones(tokens.shape))
    return ElementTree.fromstring(document([of_answer(made)]))


def paths(picture: ElementTree.Element, paint: str) -> list[str]:
    """What is drawn in one paint."""
    return [path.get("d") or "" for path in picture.findall(".//{*}path") if paint in (path.get("class") or "").split()]


def test_regions_are_thick_lines_of_a_picture_and_diagonals_thin_ones() -> None:
    picture = still("sudoku-x", "." * 81)
    thick, thin = paths(picture, "ink"), paths(picture, "hair")
    assert thick[0].count("M") == 4 * 9 * 2
    assert thin[0].count("M") == 2 * 8 + 18  # lines between cells, and through those on diagonals


def test_a_path_is_one_line_through_its_cells_and_its_ends_are_shapes() -> None:
    picture = still("maze", "#####\n#S  G\n#####", "#####\n#SooG\n#####")
    margin = 6
    assert paths(picture, "filled") == [
        f"M{margin + 50} {margin + 30}h-10h10h10h-10M{margin + 70} {margin + 30}h-10h10h10h-10"
    ]
    assert paths(picture, "wall")[0].startswith(f"M{margin} {margin}h100v20h-100z")
    assert len(paths(picture, "ink")) == 3  # half a line at each end, the disc and the diamond
    assert [text.text for text in picture.findall(".//{*}text")] == ["solved"]


def test_what_is_given_filled_in_and_at_fault_is_told_apart_without_colour() -> None:
    picture = still("sudoku-4x4", "1" + "." * 15, "1144341221434321")
    texts = {group.get("class"): [text.text for text in group] for group in picture.findall(".//{*}g")}
    assert texts["ink t b"] == ["1"] and len(texts["filled t"]) == 15
    assert paths(picture, "given")[0].count("M") == 1 and paths(picture, "fault")[0].count("M") == 6
    assert "not solved: 6 cells at fault" in "".join(picture.itertext())


def test_a_picture_needs_no_font_or_file_of_others_and_knows_light_and_dark() -> None:
    picture = still("sudoku-4x4", "1" + "." * 15)
    text = ElementTree.tostring(picture, "unicode")
    assert "@media(prefers-color-scheme:dark)" in text
    assert "url(" not in text and "href" not in text and "@import" not in text
    used = {name for element in picture.iter() for name in (element.get("class") or "").split()}
    css = picture.findtext("{*}style") or ""
    assert all(f".{name}" in css for name in used)


def test_a_kind_that_says_nothing_is_a_plain_grid_of_its_characters() -> None:
    kind = Toy()
    puzzle = Puzzle(kind, kind.parse("a..."))
    assert [strip.text for strip in grid_strips(puzzle, width=4, height=2)] == ["a . ", ". . "]
    wrong = kind.parse("aaab")
    drawing = draw(puzzle, wrong, kind.check(puzzle.question, wrong).offending, 80)
    assert drawing.plain.splitlines() == ["a!a!", "a b "]
    assert kind.look.candidates(puzzle.question, 0, 1) == (2, 3) and kind.look.name(3) == "b"
    hidden = replace(frame_of(puzzle, 0.6), masked=np.array([[[False, True], [False, False]]]))
    assert scene(puzzle, hidden).offending.tolist() == [[True, False], [True, True]]


def test_views_leave_torch_alone() -> None:
    import subprocess
    import sys

    modules = "strips, text, svg, pictures, words, scene, tiling"
    code = f"import sys\nfrom puzzlerec.views import {modules}\nprint('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
