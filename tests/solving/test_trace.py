from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import h5py
import numpy as np
import pytest

from puzzlerec.hdf5 import put_text, text_of
from puzzlerec.puzzles import Puzzle, get
from puzzlerec.solving import trace as traces
from puzzlerec.solving.answer import SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.solver import Solver
from puzzlerec.solving.trace import Recorder, Trace, TraceError
from tests.solving.doubles import MazeOracle, Singles

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
HARD = "...24...6..1.9..3.4......9...8.....4....7.....3.1...6.6.......2..3...65.7...32..1"


def recorded(solver: Solver, puzzles: list[Puzzle], settings: SolveSettings) -> list[Trace]:
    recorder = Recorder(solver.name, settings, puzzles)
    return [recorder.trace(index, a) for index, a in enumerate(solver.solve(puzzles, settings, recorder))]


@pytest.fixture(scope="module")
def solved() -> list[Trace]:
    kind = get("sudoku")
    puzzles = [Puzzle(kind, kind.parse(text), source="a.sdm", line=n) for n, text in enumerate((EASY, HARD), 1)]
    return recorded(Solver(Singles(), name="singles"), puzzles, SolveSettings(attempts=4, seed=5))


def test_a_trace_comes_back_as_it_was(solved: list[Trace], tmp_path: Path) -> None:
    path = tmp_path / "solve.h5"
    traces.save(path, solved)
    loaded = traces.load(path)
    assert len(loaded) == 2
    for before, after in zip(solved, loaded, strict=True):
        assert after.model == "singles" and after.settings == before.settings
        one, other = before.answer, after.answer
        assert other.puzzle.kind == one.puzzle.kind and other.puzzle.layout == one.puzzle.layout
        assert (other.puzzle.source, other.puzzle.line) == (one.puzzle.source, one.puzzle.line)
        assert (other.steps, other.attempts, other.how) == (one.steps, one.attempts, one.how)
        assert other.seconds == one.seconds
        assert (other.verdict.solved, other.verdict.problems) == (one.verdict.solved, one.verdict.problems)
        assert other.verdict.facts == one.verdict.facts
        for name in ("tokens", "confidence"):
            assert np.array_equal(getattr(other, name), getattr(one, name))
        assert np.array_equal(other.puzzle.question, one.puzzle.question)
        assert np.array_equal(other.verdict.offending, one.verdict.offending)
        assert [(run.number, run.how, run.label) for run in after.runs] == [
            (run.number, run.how, run.label) for run in before.runs
        ]
        for left, right in zip(before.runs, after.runs, strict=True):
            assert len(left.frames) == len(right.frames)
            for first, second in zip(left.frames, right.frames, strict=True):
                assert first.puzzles == (one.puzzle,) and second.puzzles == (other.puzzle,)
                for field in fields(Frame):
                    if field.name == "puzzles":
                        continue
                    assert np.array_equal(getattr(first, field.name), getattr(second, field.name)), field.name


def test_every_attempt_has_its_frames_under_its_label(solved: list[Trace]) -> None:
    easy, hard = solved
    assert [run.label for run in easy.runs] == ["one pass"]
    assert len(easy.runs[0].frames) == easy.answer.steps
    assert len(hard.runs) == hard.answer.attempts == 4
    assert all(run.label.startswith("pin r") for run in hard.runs[1:])
    for run in hard.runs:
        assert [frame.step for frame in run.frames] == list(range(1, len(run.frames) + 1))
        assert all(frame.tokens.shape == (1, 9, 9) for frame in run.frames)


def test_frames_of_a_small_maze_are_cut_to_its_size(tmp_path: Path) -> None:
    kind = get("maze")
    (trace,) = recorded(Solver(MazeOracle(10)), [Puzzle(kind, kind.parse("S  \n## \nG  "))], SolveSettings())
    frame = trace.runs[0].frames[-1]
    assert frame.tokens.shape == (1, 3, 3) and frame.probabilities.shape == (1, 9, 6)
    assert np.array_equal(frame.tokens[0], trace.answer.tokens)
    assert np.array_equal(frame.probabilities[0].argmax(-1).reshape(3, 3), trace.answer.tokens)


def test_files_that_are_no_traces_are_told_from_damaged_ones(solved: list[Trace], tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace"):
        traces.load(tmp_path / "missing.h5")
    text = tmp_path / "text.h5"
    text.write_text("hello")
    with pytest.raises(TraceError, match="is no trace of puzzlerec"):
        traces.load(text)
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["x"] = 1
    with pytest.raises(TraceError, match="no trace of puzzlerec"):
        traces.load(foreign)
    whole = tmp_path / "whole.h5"
    traces.save(whole, solved)
    content = whole.read_bytes()
    cut = tmp_path / "cut.h5"
    for share in (0.2, 0.5, 0.9):
        cut.write_bytes(content[: int(share * len(content))])
        with pytest.raises(TraceError, match="truncated or damaged"):
            traces.load(cut)
    with h5py.File(whole, "a") as file:
        file.attrs["version"] = 99
    with pytest.raises(TraceError, match="update puzzlerec"):
        traces.load(whole)


def test_a_file_is_replaced_only_by_a_whole_one(solved: list[Trace], tmp_path: Path) -> None:
    path = tmp_path / "solve.h5"
    traces.save(path, solved[:1])
    before = path.read_bytes()
    with pytest.raises(AttributeError):
        traces.save(path, [solved[0], None])  # type: ignore[list-item]
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["solve.h5"]


def changed(path: Path, solved: list[Trace], change: Callable[[h5py.File], object]) -> None:
    """Write the traces, and then something else into the file."""
    traces.save(path, solved)
    with h5py.File(path, "a") as file:
        change(file)


def replaced(name: str, content: object) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = content

    return change


def test_whether_it_is_solved_the_rules_say_and_not_the_file(solved: list[Trace], tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    wrong = solved[0].answer.tokens.copy()
    wrong[0, 2] = wrong[0, 3]
    changed(path, solved[:1], replaced("000000/answer", wrong))
    verdict = traces.load(path)[0].answer.verdict
    assert not verdict.solved and verdict.problems and verdict.offending[0, 2]

    def denied(file: h5py.File) -> None:
        about = json.loads(text_of(file["000000"], "about"))
        put_text(file["000000"], "about", json.dumps(about | {"solved": False, "problems": ["none"]}))

    changed(path, solved[:1], denied)
    assert traces.load(path)[0].answer.verdict.solved

    another = solved[0].answer.puzzle.question.copy()
    another[0, 0] = another[0, 1]  # two of a kind in a row: no answer is one
    changed(path, solved[:1], replaced("000000/question", another))
    assert not traces.load(path)[0].answer.verdict.solved


RUN = "000000/runs/000001"


def claimed(name: str, shape: tuple[int, ...]) -> Callable[[h5py.File], object]:
    """An array that says that it is large, and was never written."""

    def change(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, shape, "u1", chunks=True)

    return change


def outside(name: str) -> Callable[[h5py.File], object]:
    def change(file: h5py.File) -> None:
        del file[name]
        file[name] = h5py.ExternalLink("other.h5", "x")

    return change


def external(file: h5py.File) -> None:
    del file["000000/answer"]
    file.create_dataset("000000/answer", (9, 9), "u1", external=[("/etc/passwd", 0, 81)])


@pytest.mark.parametrize(
    "change",
    [
        replaced(f"{RUN}/kinds", [-5]),
        replaced(f"{RUN}/kinds", [0]),
        replaced(f"{RUN}/steps", np.zeros((3, 3), int)),
        replaced(f"{RUN}/tokens", np.zeros((1, 9, 9), np.uint8)),
        replaced(f"{RUN}/halt", "halting"),
        claimed(f"{RUN}/tokens", (1 << 40, 9, 9)),
        claimed("000000/question", (1 << 20, 1 << 20)),
        claimed("000000/confidence", (9, 9, 9)),
        replaced("000000/answer", np.full((9, 9), 200, np.uint8)),
        replaced("000000/question", np.zeros((0, 0), np.uint8)),
        outside("000000/answer"),
        outside("000000"),
        external,
        lambda file: put_text(file["000000"], "about", "[" * 100_000),
        lambda file: put_text(file["000000"], "about", "[]"),
        lambda file: put_text(file["000000"], "puzzle", "chess"),
        lambda file: put_text(file["000000"], "settings", '{"nonsense": 1}'),
        lambda file: file["000000"].attrs.__setitem__("puzzle", "sudoku"),  # in HDF5's own strings
        lambda file: file.__setitem__("x", 1),
    ],
)
def test_what_a_file_claims_is_checked(
    solved: list[Trace], tmp_path: Path, change: Callable[[h5py.File], object]
) -> None:
    changed(tmp_path / "a.h5", solved, change)
    with pytest.raises(TraceError, match=r"a\.h5 is truncated or damaged"):
        traces.load(tmp_path / "a.h5")
