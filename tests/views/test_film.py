"""Films: what is seen at each step in every form, and how little is written for it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.trace import Run, Trace
from puzzlerec.views import gif, svg
from puzzlerec.views.asciicast import cast
from puzzlerec.views.film import decisive, film, moving, strip
from puzzlerec.views.pictures import of_answer
from puzzlerec.views.shapes import Letters

GRIDS = ("1234341221434323", "1234341221434323", "1234341221434321")  # the second step changes nothing


def frame(step: int, tokens: np.ndarray, sure: float = 0.95) -> Frame:
    probabilities = np.zeros((1, tokens.size, 6), np.float16)
    probabilities[0, np.arange(tokens.size), tokens.reshape(-1)] = sure
    return Frame(
        step=step,
        kind="supervision",
        tokens=tokens[None],
        confidence=np.full((1, *tokens.shape), sure, np.float32),
        entropy=np.zeros((1, *tokens.shape), np.float32),
        probabilities=probabilities,
        masked=None,
        halt=np.array([0.25 * step], np.float32),
    )


@pytest.fixture
def trace() -> Trace:
    """Three steps on a 4x4 Sudoku of which the last solves it."""
    kind = get("sudoku-4x4")
    puzzle = Puzzle(kind, kind.parse("123434122143432."), source="a", line=7)
    frames = [frame(step, kind.parse(grid)) for step, grid in enumerate(GRIDS, 1)]
    right = frames[-1].tokens[0]
    answer = Answer(
        puzzle, right, kind.check(puzzle.question, right), 3, 1, "one pass", 0.1, np.ones((4, 4)), "tiny", 1234
    )
    return Trace(answer, "tiny", SolveSettings(), [Run(1, "one pass", "one pass", frames)])


def played(document: str) -> tuple[list[tuple[int, int, ElementTree.Element]], ElementTree.Element]:
    """The groups that come and go, each with the frames in its keyframes' name, and the whole document."""
    root = ElementTree.fromstring(document)
    groups = []
    for group in root.findall("{*}g"):
        if group.get("class") == "a":
            found = re.fullmatch(r"animation-name:k(\d+)-(\d+)", group.get("style") or "")
            assert found is not None
            groups.append((int(found[1]), int(found[2]), group))
    return groups, root


def texts(group: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in group.findall(".//{*}text")]


def test_an_animation_holds_each_mark_once_and_shows_it_while_it_is_there(trace: Trace) -> None:
    made = film(trace)
    groups, root = played(svg.animation(moving(made), made.seconds(0.5).tolist()))
    said = [(start, stop, text) for start, stop, group in groups for text in texts(group)]
    assert [one for one in said if len(one[2]) == 1] == [(1, 3, "3"), (3, 4, "1")]  # in the open cell
    assert sorted(one for one in said if len(one[2]) > 1) == [
        (0, 1, "the question"),
        (1, 2, "step 1, 3 cells at fault"),
        (2, 3, "step 2, 3 cells at fault"),
        (3, 4, "step 3, solved"),
    ]
    assert texts(root).count("tiny, 1,234 weights") == 1 and "".join(texts(root)).count("4321") == 0
    css = root.findtext("{*}style") or ""
    assert ".a{animation:5s step-end infinite}" in css  # 1 s, two steps of 0.5 s, 3 s
    assert "@keyframes k1-3{0%{visibility:hidden}20%{visibility:visible}40%,to{visibility:hidden}}" in css
    assert "@keyframes k3-4{0%{visibility:hidden}40%{visibility:visible}to{visibility:visible}}" in css


def test_a_reader_that_cannot_play_shows_the_end(trace: Trace) -> None:
    made = film(trace)
    groups, _ = played(svg.animation(moving(made), made.seconds(0.5).tolist()))
    assert groups and all((group.get("visibility") == "hidden") == (stop < made.length) for _, stop, group in groups)


def test_a_strip_shows_the_chosen_frames_above_the_curves(trace: Trace) -> None:
    made = film(trace)
    assert made.chosen(2) == [0, 3] and made.chosen(9) == [0, 1, 2, 3]
    picture = strip(made, [0, 3])
    said = [mark.shape.text for mark in picture.marks if isinstance(mark.shape, Letters) and len(mark.shape.text) > 1]
    assert said == ["the question", "step 3, solved", "confidence", "halting", "at fault, of 3", "tiny, 1,234 weights"]
    assert [curve.values for curve in made.curves] == [
        pytest.approx((0.95, 0.95, 0.95)),
        (0.25, 0.5, 0.75),
        (1.0, 1.0, 0.0),
    ]
    ElementTree.fromstring(svg.document([picture]))


def test_the_film_is_of_the_attempt_that_found_the_answer(trace: Trace) -> None:
    (run,) = trace.runs
    failed = Run(2, "pins", "pin r1c1=2", run.frames[:2])
    several = replace(trace, runs=[failed, run, failed])
    assert decisive(several) is run
    assert decisive(replace(trace, runs=[run, failed, failed][1:])) is failed
    assert film(several, failed).said[1] == "step 1, attempt 2 (pin r1c1=2), 3 cells at fault"
    with pytest.raises(ValueError, match="nothing to see"):
        film(replace(trace, runs=[]))


def screens(lines: list[str]) -> tuple[list[tuple[float, list[str]]], int]:
    """What a terminal shows after each event of an asciicast, without colours, and how much was written in all."""
    header, *events = map(json.loads, lines)
    screen = [[" "] * header["width"] for _ in range(header["height"])]
    seen, written = [], 0
    for seconds, kind, text in events:
        assert kind == "o"
        row = column = 0
        for move, colour, character in re.findall(r"\x1b\[(\d+;\d+)H|(\x1b\[[\d;?]*[a-zA-Z])|(.)", text):
            if move:
                row, column = (int(part) - 1 for part in move.split(";"))
            elif character:
                assert not colour
                screen[row][column] = character
                column, written = column + 1, written + 1
        seen.append((seconds, ["".join(line) for line in screen]))
    return seen, written


def test_an_asciicast_writes_only_what_changed_and_a_player_sees_every_frame(trace: Trace) -> None:
    made = film(trace)
    seen, written = screens(list(cast(made, trace, trace.runs[0], 0.5)))
    assert [seconds for seconds, _ in seen] == [0.0, 0.0, 1.0, 1.5, 2.0, 5.0]
    heads = [screen[0].split("  ")[0].strip() for _, screen in seen[1:-1]]
    assert heads == list(made.said)
    assert all("tiny, 1,234 weights" in screen[0] for _, screen in seen[1:])
    last = "".join(character for line in seen[-1][1][1:] for character in line if character.isdigit())
    assert last == "1234341221434321"
    assert written < 1.2 * len("".join(seen[0][1]))  # one screen, and little more


def test_names_of_files_models_and_attempts_control_no_reader(trace: Trace) -> None:
    """Not a terminal, and no parser of XML or JSON."""
    evil = "\x1b]0;x\x07<b>&\udc80\n"
    answer = replace(trace.answer, puzzle=replace(trace.answer.puzzle, source=evil), model=evil)
    run = Run(1, "one pass", evil, trace.runs[0].frames)
    several = replace(trace, answer=answer, model=evil, runs=[run, run])
    made = film(several)
    document = svg.animation(moving(made), made.seconds(0.5).tolist()).encode()
    assert "]0;x" in "".join(ElementTree.fromstring(document).itertext())
    lines = "".join(cast(made, several, run, 0.5)).encode().decode().splitlines()
    assert len(lines) == 7 and not any("\\u001b]" in line or "\\u0007" in line for line in lines)
    ElementTree.fromstring(svg.document([of_answer(answer)]).encode())


def test_a_gif_has_a_frame_a_step_that_lasts_as_long(trace: Trace) -> None:
    image_of = pytest.importorskip("PIL.Image")
    made = film(trace)
    changing = replace(made, said=tuple("abcd"))  # equal frames are one
    image = image_of.open(io.BytesIO(gif.animation(moving(changing), made.seconds(0.5).tolist())))
    lasts = []
    for index in range(image.n_frames):
        image.seek(index)
        lasts.append(image.info["duration"])
    assert image.size[0] == made.pixels and lasts == [1000, 500, 500, 3000] and image.info["loop"] == 0
    assert image.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_a_maze_of_usual_size_that_changes_everywhere_stays_small() -> None:
    """60 steps of which each changes a twentieth of the cells, as a spreading answer does."""
    kind, rng = get("maze"), np.random.default_rng(0)
    question = np.where(rng.random((30, 30)) < 0.4, 1, 2).astype(np.uint8)
    question[0, 0], question[-1, -1] = 3, 4
    puzzle, tokens, frames = Puzzle(kind, question), question.copy(), []
    for step in range(1, 61):
        turned = (rng.random((30, 30)) < 0.05) & (question == 2)
        tokens = np.where(turned, 7 - tokens, tokens).astype(np.uint8)  # free (2) and path (5)
        frames.append(frame(step, tokens))
    verdict = kind.check(question, tokens)
    trace = Trace(
        Answer(puzzle, tokens, verdict, 60, 1, "none", 0.1, np.ones((30, 30))),
        "",
        SolveSettings(),
        [Run(1, "one pass", "one pass", frames)],
    )
    made = film(trace)
    assert len("".join(cast(made, trace, trace.runs[0], 0.1))) < 300_000
    assert len(svg.animation(moving(made), made.seconds(0.1).tolist())) < 1_000_000
