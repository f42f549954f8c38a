"""What the objects of the Python API look like: printed, in a notebook and as plain data."""

from __future__ import annotations

import html
import json
import re
from base64 import b64decode
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from rich.console import Console

from puzzlerec.display import Displayed
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.trace import Run, Trace

from .test_film import frame

QUESTION, SOLVED, WRONG = "123434122143432.", "1234341221434321", "1234341221434323"


@pytest.fixture
def trace() -> Trace:
    kind = get("sudoku-4x4")
    puzzle = Puzzle(kind, kind.parse(QUESTION), source="a.sdm", line=7)
    frames = [replace(frame(step, kind.parse(text)), puzzles=(puzzle,)) for step, text in enumerate((WRONG, SOLVED), 1)]
    tokens = kind.parse(SOLVED)
    verdict = kind.check(puzzle.question, tokens)
    answer = Answer(puzzle, tokens, verdict, 2, 1, "one pass", 0.1, np.ones((4, 4)), "tiny", 1234)
    return Trace(answer, "tiny", SolveSettings(), [Run(1, "one pass", "one pass", frames)])


def digits(text: str) -> str:
    return "".join(character for character in text if character in "1234·")


def test_printed_they_are_grids_in_the_puzzles_own_digits(trace: Trace) -> None:
    answer = trace.answer
    assert digits("".join(str(answer).splitlines()[:-1])) == SOLVED
    assert str(answer).splitlines()[-1] == "Solved in one pass · tiny · 2 steps · 0.10 s"
    assert digits(str(answer.puzzle)) == QUESTION.replace(".", "·")
    lines = str(trace.runs[0].frames[0]).splitlines()
    assert digits("".join(lines[:-1])) == WRONG and lines[-1] == "supervision step 1, halting 25%"
    assert str(trace) == f"{answer}\nattempt 1, one pass: 2 steps"


def test_their_repr_is_one_line(trace: Trace) -> None:
    assert repr(trace.answer) == f"<sudoku-4x4, solved: '{SOLVED}'>"
    assert repr(trace.answer.puzzle) == f"<sudoku-4x4 at 'a.sdm:7': '{QUESTION}'>"
    assert repr(trace.runs[0].frames[0]) == "<supervision step 1 of 1 grid of 4x4>"
    kind = get("maze")
    assert len(repr(Puzzle(kind, np.full((30, 30), 2, np.uint8)))) < 120


def test_a_rich_console_gets_them_in_colour(trace: Trace) -> None:
    console = Console(force_terminal=True, width=80, color_system="truecolor")
    with console.capture() as capture:
        console.print(trace.answer)
    assert "\x1b[1;32mSolved in one pass" in capture.get()


def picture(shown: Displayed) -> ElementTree.Element:
    found = re.fullmatch(r'<img src="data:image/svg\+xml;base64,([\w+/=]+)">', shown._repr_html_())
    assert found is not None
    return ElementTree.fromstring(b64decode(found[1]))


def test_a_notebook_shows_pictures(trace: Trace) -> None:
    assert "tiny, 1,234 weights" in list(picture(trace.answer).itertext())
    assert len(picture(trace.answer.puzzle).findall(".//{*}text")) == 15
    two = trace.runs[0].frames[0]
    both = replace(
        two,
        **{
            name: np.concatenate([getattr(two, name)] * 2) for name in ("tokens", "confidence", "probabilities", "halt")
        },
        entropy=np.concatenate([two.entropy] * 2),
        puzzles=two.puzzles * 2,
    )
    assert len(picture(both).findall("{*}svg")) == 2
    assert "step 1 of 1 grid" in replace(two, puzzles=())._repr_html_()  # of a puzzle that nobody has named


def test_a_trace_has_a_slider_along_its_steps_that_needs_no_server(trace: Trace) -> None:
    frame = re.fullmatch(r'<iframe srcdoc="([^"]*)"[^>]*></iframe>', trace._repr_html_())
    assert frame is not None and 'sandbox="allow-scripts"' in frame[0]
    page = html.unescape(frame[1])
    assert '<input type="range" min="0" max="2" value="2"' in page and "--at:2.5" in page
    assert "animation:3s step-end infinite paused;animation-delay:calc(var(--at)*-1s)" in page
    assert "@keyframes k1-2{0%{visibility:hidden}33.33%{visibility:visible}66.67%,to{visibility:hidden}}" in page
    assert not re.search(r"(?:src|href)=|url\(|@import|fetch", page.replace("xmlns=", ""))
    assert replace(trace, runs=[])._repr_html_() == trace.answer._repr_html_()


def test_as_plain_data_they_are_whole(trace: Trace) -> None:
    plain = json.loads(json.dumps(trace.to_dict()))
    assert plain["answer"] == json.loads(json.dumps(trace.answer.to_dict()))
    assert (plain["answer"]["input"], plain["answer"]["answer"], plain["answer"]["solved"]) == (QUESTION, SOLVED, True)
    assert [frame["step"] for frame in plain["attempts"][0]["frames"]] == [1, 2]
    assert np.array(plain["attempts"][0]["frames"][1]["tokens"])[0].tolist() == trace.answer.tokens.tolist()
    assert trace.answer.puzzle.to_dict().items() <= trace.answer.to_dict().items()
