"""Saved solves: every frame of every attempt, to be replayed without a model.

One HDF5 file holds one or more traces, a group each. It is written beside its target and renamed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence, Sized
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import h5py
import numpy as np

from puzzlerec import hdf5
from puzzlerec.display import Displayed
from puzzlerec.files import is_hdf5
from puzzlerec.hdf5 import member, put_text, text_of
from puzzlerec.models.prediction import FrameKind
from puzzlerec.puzzles import Puzzle, Verdict, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.strategies import Attempt

FORMAT = "puzzlerec trace"
VERSION = 2

MOST = 1 << 31  # bytes of an array

_ARRAYS = ("tokens", "confidence", "entropy", "probabilities", "masked", "halt", "hints")


class TraceError(ValueError):
    """A file that is no trace, or not one that this version can replay."""


@dataclass(frozen=True, eq=False)
class Run:
    """One attempt and its frames, each with B = 1."""

    number: int  # from 1, in the order in which the attempts began
    how: str
    label: str  # such as "pin r3c4=7"
    frames: list[Frame] = field(default_factory=list)


@dataclass(frozen=True, eq=False, repr=False)
class Trace(Displayed):
    """How one puzzle was solved, or was not."""

    answer: Answer
    model: str  # its name
    settings: SolveSettings
    runs: list[Run]

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: the answer, and every step of every attempt."""
        return {
            "answer": self.answer.to_dict(),
            "model": self.model,
            "settings": asdict(self.settings),
            "attempts": [
                {
                    "number": run.number,
                    "how": run.how,
                    "label": run.label,
                    "frames": [frame.to_dict() for frame in run.frames],
                }
                for run in self.runs
            ],
        }

    def __repr__(self) -> str:
        steps = ", ".join(str(len(run.frames)) for run in self.runs)
        return f"<trace of {self.answer!r} in {len(self.runs)} attempts of {steps} steps>"


class Recorder:
    """An ``on_frame`` for `Solver.solve` that keeps all frames, cut to the size of each puzzle."""

    def __init__(self, model: str, settings: SolveSettings, puzzles: Sequence[Puzzle]) -> None:
        self.model, self.settings = model, settings
        self._puzzles = puzzles
        self._runs: dict[int, dict[int, Run]] = {}  # puzzle -> number of the attempt -> run

    def __call__(self, frame: Frame, attempts: Sequence[Attempt]) -> None:
        for row, attempt in enumerate(attempts):
            run = Run(attempt.number, attempt.how, attempt.label)
            run = self._runs.setdefault(attempt.puzzle, {}).setdefault(attempt.number, run)
            puzzle = self._puzzles[attempt.puzzle]  # what the run works on may have pins beside what is given
            run.frames.append(replace(frame.of(row, puzzle.question.shape), puzzles=(puzzle,)))

    def trace(self, index: int, answer: Answer) -> Trace:
        """The trace of puzzle ``index``, whose frames the recorder then lets go."""
        runs = self._runs.pop(index, {})
        return Trace(answer, self.model, self.settings, [runs[number] for number in sorted(runs)])


def save(path: str | Path, traces: Sequence[Trace]) -> None:
    """Write ``traces`` to ``path``; a file that is there is replaced once the new one is whole."""
    with hdf5.writing(Path(path)) as (file, piece):
        with piece():
            put_text(file, "format", FORMAT)
            file.attrs["version"] = VERSION
        for index, trace in enumerate(traces):
            with piece():
                _write(file.create_group(f"{index:06d}"), trace)


def load(path: str | Path) -> list[Trace]:
    """All traces in the file. Raises `TraceError`."""
    path = Path(path)
    if not path.is_file():
        raise TraceError(f"There is no trace {path}.")
    try:
        with h5py.File(path, "r") as file:
            if "format" not in file.attrs or text_of(file, "format") != FORMAT:
                raise TraceError(f"{path} is an HDF5 file, but no trace of puzzlerec.")
            if file.attrs.get("version") != VERSION:
                raise TraceError(
                    f"{path} has version {file.attrs.get('version')} of the trace format, this puzzlerec reads "
                    f"{VERSION}: update puzzlerec."
                )
            return [_read(member(file, name, h5py.Group)) for name in sorted(file)]
    except TraceError:
        raise
    except Exception as error:  # whatever a file leads to that is not what it should be
        fault = "is truncated or damaged" if is_hdf5(path) else "is no trace of puzzlerec"
        raise TraceError(f"{path} {fault} ({error}).") from None


def _write(group: h5py.Group, trace: Trace) -> None:
    answer, verdict = trace.answer, trace.answer.verdict
    put_text(group, "puzzle", answer.puzzle.kind.name)
    put_text(group, "model", trace.model)
    put_text(group, "settings", json.dumps(asdict(trace.settings)))
    about = {
        "layout": answer.puzzle.layout,
        "source": answer.puzzle.source,
        "line": answer.puzzle.line,
        "puzzle_id": answer.puzzle.puzzle_id,
        "solved": verdict.solved,
        "problems": verdict.problems,
        "facts": verdict.facts,
        "steps": answer.steps,
        "attempts": answer.attempts,
        "how": answer.how,
        "seconds": answer.seconds,
        "weights": answer.weights,
    }
    put_text(group, "about", json.dumps(about))
    group["question"] = answer.puzzle.question
    group["answer"] = answer.tokens
    group["confidence"] = answer.confidence
    group["offending"] = verdict.offending
    for run in trace.runs:
        inner = group.create_group(f"runs/{run.number:06d}")
        put_text(inner, "how", run.how)
        put_text(inner, "label", run.label)
        inner["steps"] = [frame.step for frame in run.frames]
        inner["kinds"] = [get_args(FrameKind).index(frame.kind) for frame in run.frames]
        for name in _ARRAYS:
            parts = [getattr(frame, name) for frame in run.frames]
            if parts[0] is not None:
                inner.create_dataset(name, data=np.concatenate(parts), compression="gzip", compression_opts=1)


def _read(group: h5py.Group) -> Trace:
    about, kind = json.loads(text_of(group, "about")), get(text_of(group, "puzzle"))
    question = _array(group, "question", (None, None), highest=kind.vocabulary)
    shape = question.shape
    tokens = _array(group, "answer", shape, highest=kind.vocabulary)
    puzzle = Puzzle(
        kind,
        question,
        about["layout"],
        str(about["source"]),
        int(about["line"]),
        int(about["puzzle_id"]),
    )
    if puzzle.layout not in kind.layouts:
        raise ValueError(f"there is no layout {puzzle.layout!r}")
    found = member(group, "runs", h5py.Group) if "runs" in group else {}
    runs = [_read_run(int(number), member(found, number, h5py.Group), puzzle) for number in sorted(found)]
    answer = Answer(
        puzzle=puzzle,
        tokens=tokens,
        verdict=_verdict(group, about, puzzle, tokens),
        steps=int(about["steps"]),
        attempts=int(about["attempts"]),
        how=str(about["how"]),
        seconds=float(about["seconds"]),
        confidence=_array(group, "confidence", shape),
        model=text_of(group, "model"),
        weights=int(about.get("weights", 0)),
        attempt=next((run.number for run in runs if np.array_equal(run.frames[-1].tokens[0], tokens)), 0),
        evaluations=sum(run.frames[-1].step for run in runs),
    )
    settings = SolveSettings(**json.loads(text_of(group, "settings")))
    return Trace(answer, text_of(group, "model"), settings, runs)


def _verdict(group: h5py.Group, about: dict[str, Any], puzzle: Puzzle, tokens: np.ndarray) -> Verdict:
    """Whether it is solved the rules say, whatever the file does; of what is not, the file may know more."""
    verdict = puzzle.kind.check_question(puzzle.question)
    if verdict.solved:
        verdict = puzzle.kind.check(puzzle.question, tokens)
    if verdict.solved != about["solved"]:
        return verdict
    problems = tuple(map(str, about["problems"]))
    if verdict.solved:
        return replace(verdict, problems=problems)
    return Verdict(False, _array(group, "offending", puzzle.question.shape), problems, dict(about["facts"]))


def _read_run(number: int, group: h5py.Group, puzzle: Puzzle) -> Run:
    kinds, (H, W), V = get_args(FrameKind), puzzle.question.shape, len(puzzle.kind.vocabulary)
    steps, kind_of = _array(group, "steps", (None,)), _array(group, "kinds", (None,), highest=kinds)
    n = len(steps)
    shapes = {name: (n, H * W, V) if name == "probabilities" else (n, H, W) for name in _ARRAYS} | {"halt": (n,)}
    optional = {"masked", "hints"}
    arrays = {name: _array(group, name, shapes[name]) for name in _ARRAYS if name in group or name not in optional}
    if arrays["tokens"].max(initial=0) >= V:
        raise ValueError("tokens that there are not")
    frames = []
    for row, (step, kind) in enumerate(zip(steps, kind_of, strict=True)):
        parts: dict[str, Any] = {name: arrays[name][[row]] if name in arrays else None for name in _ARRAYS}
        frames.append(Frame(step=int(step), kind=kinds[kind], puzzles=(puzzle,), **parts))
    return Run(number, text_of(group, "how"), text_of(group, "label"), frames)


def _array(group: h5py.Group, name: str, shape: tuple[int | None, ...], highest: Sized = ()) -> np.ndarray:
    """The numbers of an array of this shape (None: any length), from 0 to below the length of ``highest`` if given."""
    dataset = member(group, name, h5py.Dataset)
    fits = len(dataset.shape) == len(shape) and all(
        wanted in (None, there) for wanted, there in zip(shape, dataset.shape, strict=True)
    )
    if not fits or dataset.dtype.kind not in "buif" or dataset.nbytes > MOST:
        raise ValueError(f"{name} is {dataset.dtype} {list(dataset.shape)}")
    array: np.ndarray = dataset[...]
    if highest and array.size and not 0 <= array.min() <= array.max() < len(highest):
        raise ValueError(f"{name} goes from {array.min()} to {array.max()}")
    return array
