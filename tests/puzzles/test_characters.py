"""Lines of characters: what is written is read, and the rules agree with Python's own arithmetic."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puzzlerec.puzzles import PuzzleError, Reading, get, read
from puzzlerec.puzzles.characters.rules import CHARACTERS
from puzzlerec.puzzles.characters.tokens import LONGEST

PROMPTS = {"copy": "copy:a1b2=", "reverse": "reverse:a1b2=", "addition": "12+345="}
RESULTS = {"copy": "a1b2", "reverse": "2b1a", "addition": "357"}


def read_text(text: str, kind: str | None = None) -> Reading:
    return read(io.StringIO(text), kind)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_line_is_completed_and_checked(name: str) -> None:
    kind = get(name)
    question = kind.parse(PROMPTS[name])
    assert question.shape[0] == 1 and kind.check_question(question).solved
    assert kind.format(question) == PROMPTS[name]
    assert kind.given(question).sum() == len(PROMPTS[name]) - len(kind.start)
    answer = kind.answer(question)
    assert kind.format(answer) == PROMPTS[name] + RESULTS[name]
    assert kind.check(question, answer).solved
    assert not kind.check(question, question).solved


def test_every_kind_is_known_by_its_form_alone_in_mixed_files() -> None:
    text = "# lines\n12+345=\n\ncopy:a1b2=\n  reverse:x=\n"
    reading = read_text(text)
    assert not reading.errors
    assert [(puzzle.kind.name, puzzle.line) for puzzle in reading.puzzles] == [
        ("addition", 2), ("copy", 4), ("reverse", 5),
    ]  # fmt: skip
    reading = read_text("question\n12+345=\n1+1=\n")
    assert [puzzle.kind.format(puzzle.question) for puzzle in reading.puzzles] == ["12+345=", "1+1="]


@pytest.mark.parametrize(
    ("line", "words"),
    [("1+1=\n12+=", "12+345="), ("copy:a\n", "copy:a1b2="), ("copy:A=\n", "copy:a1b2="), ("1+1=2\n", "12+345="),
     ("1+" + "1" * (LONGEST + 1) + "=", "too many")],
)  # fmt: skip
def test_what_is_no_line_is_told_in_one_line(line: str, words: str) -> None:
    (error,) = read_text(line).errors
    assert words in str(error) and "\n" not in str(error)
    assert error.line == line.strip().count("\n") + 1


def test_a_line_of_another_kind_is_refused() -> None:
    (error,) = read_text("12+345=", "copy").errors
    assert "copy:a1b2=" in error.message


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_sums_are_pythons(a: int, b: int) -> None:
    kind = get("addition")
    assert kind.format(kind.answer(kind.parse(f"{a}+{b}="))) == f"{a}+{b}={a + b}"


@given(st.text("0123456789abcxyz", min_size=1, max_size=40))
def test_copies_and_reversals_are_pythons(text: str) -> None:
    for name, result in (("copy", text), ("reverse", text[::-1])):
        kind = get(name)
        question = kind.parse(f"{name}:{text}=")
        assert kind.format(kind.answer(question)) == f"{name}:{text}={result}"


@given(st.sampled_from(sorted(PROMPTS)), st.data())
def test_any_change_to_a_right_line_is_found(name: str, data: st.DataObject) -> None:
    kind = get(name)
    question = kind.parse(PROMPTS[name])
    answer = kind.answer(question)
    cell = data.draw(st.integers(0, answer.size - 1))
    token = data.draw(st.integers(0, len(kind.vocabulary) - 1).filter(lambda token: token != answer.flat[cell]))
    answer.flat[cell] = token
    verdict = kind.check(question, answer)
    assert not verdict.solved and len(verdict.problems) == 1
    assert np.flatnonzero(verdict.offending).tolist() == [cell]


def test_what_is_wrong_is_said() -> None:
    kind = get("addition")
    question = kind.parse("12+345=")
    answer = kind.answer(question)
    end = 10
    assert answer[0, end:].tolist() == [2, 2]
    wrong, endless, longer = answer.copy(), answer.copy(), answer.copy()
    wrong[0, 9] = 3
    endless[0, end:] = 1
    longer[0, end + 1] = 4
    assert kind.check(question, wrong).problems == ("the result is 357, not 350",)
    assert kind.check(question, endless).problems == ("the result does not end",)
    assert kind.check(question, longer).problems == ("there is something behind the end of the result",)


def test_questions_that_are_none_are_refused_and_padding_is_not() -> None:
    kind = get("addition")
    question = kind.parse("12+345=")
    padded = np.pad(question, ((0, 0), (0, 5)))
    assert kind.check_question(padded).solved
    assert kind.format(kind.answer(padded)) == "12+345=357"
    assert kind.given(padded)[0, -5:].all()
    for faulty in (question[:, :-1], question[:, 2:], np.vstack((question, question)), kind.answer(question)):
        verdict = kind.check_question(faulty)
        assert not verdict.solved and len(verdict.problems) == 1
        with pytest.raises(PuzzleError, match="cannot be completed"):
            kind.answer(faulty)


@pytest.mark.parametrize("kind", CHARACTERS, ids=lambda kind: kind.name)
def test_the_only_symmetry_is_the_identity(kind) -> None:  # type: ignore[no-untyped-def]
    question = kind.parse(PROMPTS[kind.name])
    symmetry = kind.random_symmetry(np.random.default_rng(0), question.shape)
    assert np.array_equal(symmetry.apply(question), question)
    assert np.array_equal(symmetry.undo(question), question)
