"""Recordings: every step kept as it is computed, traces read again, and the exact answer to compare with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from puzzlerec.models import checkpoint
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.session import Session
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.strategies import Attempt
from puzzlerec.solving.trace import Trace
from puzzlerec.solving.trace import load as load_trace
from puzzlerec.solving.trace import save as save_trace
from puzzlerec.watch.job import Job
from puzzlerec.watch.recording import Recording

from .conftest import QUESTION_4X4, SOLVED_4X4, frame_of, sudoku, trace_of


def job(shipped: Path, puzzle: Puzzle, model: str | None = None, **options: object) -> Job:
    return Job(puzzle, model or str(shipped / puzzle.kind.name), options, Session("cpu").solver_for)


def test_a_job_records_every_step_and_ends_with_the_answer(shipped: Path) -> None:
    work = job(shipped, sudoku())
    assert work.working
    work.run()
    assert work.state == "done" and work.recording is not None and work.recording.answer is not None
    assert len(work.recording.moments) == work.recording.answer.steps
    step = work.recording.moments[0].steps[1]
    assert step.frame.step == 1 and step.previous is None and 0 <= step.halt <= 1
    assert step.changed == 10 and step.violations == step.offending.sum()


def test_an_accepted_answer_is_whole_and_until_then_hidden_cells_count_for_nothing() -> None:
    puzzle = sudoku()
    given = puzzle.kind.given(puzzle.question)
    recording = Recording(puzzle, "any", SolveSettings(), 2)
    attempt = Attempt(0, 1, "one pass", puzzle.question)
    for step, text in enumerate((QUESTION_4X4.replace(".", "4"), SOLVED_4X4), 1):
        recording(replace(frame_of(puzzle, text, step, 0.5), masked=~given[None]), [attempt])
    first, last = recording.steps_of(1)
    assert first.violations == first.changed == 0 and first.frame.masked is not None and first.frame.masked.any()
    assert last.solved and last.frame.masked is not None and not last.frame.masked.any()
    assert last.changed == (~given).sum()


def test_attempts_run_side_by_side_and_one_leads(shipped: Path) -> None:
    work = job(shipped, sudoku("1..............."), attempts=4, steps=1, early=False)
    work.run()
    assert work.recording is not None
    sizes = [len(moment.steps) for moment in work.recording.moments]
    if len(sizes) > 2:
        assert sizes[:3] == [1, 1, 2]
    for index, moment in enumerate(work.recording.moments):
        assert work.recording.leader(index) in moment.steps


@pytest.mark.parametrize(
    ("model", "words"),
    [(None, "no model for maze"), ("nothing-like-it", "No model is called"), ("sudoku", "solves sudoku, not maze")],
)
def test_what_cannot_be_computed_is_said_in_words(
    shipped: Path, model: str | None, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "SHIPPED", (shipped,))
    kind = get("maze")
    puzzle = Puzzle(kind, kind.parse("S  \n # \n  G"))
    name = str(shipped / model) if model == "sudoku" else model
    work = Job(puzzle, name, {}, Session("cpu").solver_for)
    work.run()
    assert work.state == "failed" and words in work.problem


def test_a_cancelled_job_stops_at_its_next_step(shipped: Path) -> None:
    work = job(shipped, sudoku())
    work.cancel()
    work.run()
    assert work.recording is not None and not work.recording.moments and work.state == "loading"


def test_an_unsound_question_has_no_steps_but_a_verdict(shipped: Path) -> None:
    work = job(shipped, sudoku("11.............."))
    work.run()
    assert work.recording is not None and work.recording.answer is not None
    assert not work.recording.moments and not work.recording.answer.verdict.solved


def test_a_trace_is_replayed_as_it_was(trace: Trace, tmp_path: Path) -> None:
    save_trace(tmp_path / "it.h5", [trace])
    recording = Recording.of(load_trace(tmp_path / "it.h5")[0])
    assert [sorted(moment.steps) for moment in recording.moments] == [[1]] * 4 + [[2]] * 3
    assert recording.begun == {1: 0, 2: 4} and recording.steps == 4
    assert [step.changed for step in recording.steps_of(2)] == [10, 0, 1]
    assert recording.moments[-1].steps[2].solved and not recording.moments[3].steps[1].solved
    assert recording.steps_done(2, 5) == 2 and recording.steps_done(2, 1) == 0
    assert recording.answer is not None and recording.answer.attempt == 2
    saved = recording.saved()
    assert [run.number for run in saved.runs] == [1, 2] and saved.answer.verdict.solved


def test_the_attempt_that_solved_it_is_known_among_those_that_ran_beside_it() -> None:
    kind = get("sudoku")
    puzzle = Puzzle(
        kind, kind.parse("1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..")
    )
    checkpoints = Path(__file__).parents[2] / "checkpoints"
    work = Job(puzzle, str(checkpoints / "sudoku"), {"attempts": 64, "steps": 8}, Session("cpu").solver_for)
    work.run()
    assert work.recording is not None and work.recording.answer is not None
    answer, last = work.recording.answer, work.recording.moments[-1]
    assert answer.verdict.solved and len(last.steps) > 1
    assert answer.attempt == min(number for number, step in last.steps.items() if step.solved) <= answer.attempts


def test_attempts_of_a_trace_that_ran_side_by_side_do_so_again() -> None:
    trace = trace_of(sudoku(), *[[SOLVED_4X4] * 2] * 6)
    recording = Recording.of(trace)
    rounds = [sorted(moment.steps) for moment in recording.moments]
    assert rounds == [[1], [1], [2], [2], [3, 4], [3, 4], [5, 6], [5, 6]]


def test_a_live_recording_and_its_trace_have_the_same_moments(shipped: Path) -> None:
    work = job(shipped, sudoku("1..............."), attempts=6, steps=2)
    work.run()
    assert work.recording is not None and work.recording.answer is not None
    again = Recording.of(work.recording.saved())
    assert [moment.steps.keys() for moment in again.moments] == [m.steps.keys() for m in work.recording.moments]
    assert again.settings == SolveSettings(attempts=6, steps=2)
