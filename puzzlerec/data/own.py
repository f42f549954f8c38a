"""Datasets of puzzles that somebody has: each with its answer, found or checked, and none twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from puzzlerec.data.store import Attributes, Rows, write_dataset
from puzzlerec.puzzles import NO_SOLUTION, Puzzle, PuzzleError
from puzzlerec.puzzles.generator import DatasetError

TEST_SHARE = 10  # of how many puzzles one is a test, if nobody says how many there are
MOST_TESTS = 1000  # then

_PIECE = 8192


@dataclass(eq=False)
class Collection:
    """Puzzles of one kind and shape with their answers, and what was left out."""

    train: list[Puzzle] = field(default_factory=list)  # all with answers, as those of `test`
    test: list[Puzzle] = field(default_factory=list)
    faults: list[PuzzleError] = field(default_factory=list)  # puzzles without just one solution
    repeated: int = 0  # puzzles that were there already
    copies: int = 0  # training puzzles that are symmetric copies of a test, left out
    corrected: int = 0  # puzzles whose own answers were wrong


def collect(
    puzzles: Sequence[Puzzle],
    test: int | None = None,
    seed: int = 0,
    progress: Callable[[int], None] = lambda more: None,
) -> Collection:
    """The different ones of ``puzzles``, ``test`` of them, drawn by ``seed``, for tests and the others for training.

    Every puzzle has the answer that `PuzzleKind.solutions` proves, or its own where there is no proving; its own is
    replaced if the rules refuse it. ``progress`` is told how many more puzzles are looked at. Raises `DatasetError`
    for puzzles of several kinds or sizes, and if none is left.
    """
    kinds = sorted({puzzle.kind.name for puzzle in puzzles})
    if len(kinds) > 1:
        raise DatasetError(f"A dataset holds puzzles of one kind, not of {' and '.join(kinds)}; --puzzle chooses one.")
    found = Collection()
    distinct: dict[bytes, Puzzle] = {}
    for puzzle in puzzles:
        progress(1)
        try:
            solved = _solved(puzzle, found)
        except PuzzleError as error:
            found.faults.append(PuzzleError(error.message, source=puzzle.source, line=puzzle.line))
            continue
        key = bytes(str(puzzle.question.shape), "ascii") + puzzle.question.tobytes()
        found.repeated += key in distinct
        distinct.setdefault(key, solved)
    if not distinct:
        raise DatasetError("There is no puzzle with one solution to make a dataset of.")
    shapes = {puzzle.question.shape for puzzle in distinct.values()}
    if len(shapes) > 1 and any(height > 1 for height, _ in shapes):
        sizes = ", ".join(f"{height}x{width}" for height, width in sorted(shapes))
        raise DatasetError(f"A dataset holds puzzles of one size, not of {sizes}; give a file of each.")
    _share(list(distinct.values()), test, seed, found)
    return found


def _solved(puzzle: Puzzle, found: Collection) -> Puzzle:
    """The puzzle with its right answer. Raises `PuzzleError` if it is not sound or has not just one."""
    kind, question, own = puzzle.kind, puzzle.question, puzzle.answer
    verdict = kind.check_question(question)
    if not verdict.solved:
        raise PuzzleError("; ".join(verdict.problems) + ".")
    right = own is not None and own.shape == question.shape and kind.check(question, own).solved
    solutions = kind.solutions(question)
    if solutions is None:
        if own is None or not right:
            raise PuzzleError("its solution is not known, and search does not find it in time.")
        solutions = [own]
    if len(solutions) != 1:
        raise PuzzleError("it has more than one solution." if solutions else f"{NO_SOLUTION}.")
    found.corrected += own is not None and not right
    return Puzzle(kind, question, puzzle.layout, puzzle.source, puzzle.line, answer=solutions[0])


def _share(puzzles: list[Puzzle], test: int | None, seed: int, found: Collection) -> None:
    """Draws the tests, and leaves out of the others what is a copy of one."""
    wanted = min(len(puzzles) // TEST_SHARE, MOST_TESTS) if test is None else test
    if wanted >= len(puzzles):
        raise DatasetError(f"Of {len(puzzles)} different puzzles, {wanted} cannot be tests: none is left to train on.")
    drawn = set(np.random.default_rng(seed).permutation(len(puzzles))[:wanted].tolist())
    found.test = [puzzle for index, puzzle in enumerate(puzzles) if index in drawn]
    others = [puzzle for index, puzzle in enumerate(puzzles) if index not in drawn]
    if not drawn:
        found.train = others
        return
    tested = {_class_of(puzzle) for puzzle in found.test}
    found.train = [puzzle for puzzle in others if _class_of(puzzle) not in tested]
    found.copies = len(others) - len(found.train)
    if not found.train:
        raise DatasetError("All puzzles are copies of the tests: none is left to train on; ask for fewer tests.")


def _class_of(puzzle: Puzzle) -> int:
    assert puzzle.answer is not None
    return puzzle.kind.class_of(puzzle.question, puzzle.answer)


def write(collection: Collection, path: Path | str, seed: int = 0) -> str:
    """Writes the dataset file ``path`` and returns the SHA-256 of its content."""
    kind = collection.train[0].kind
    every = [*collection.test, *collection.train]
    shape = every[0].question.shape[0], max(puzzle.question.shape[1] for puzzle in every)
    told = {
        "source": sorted({Path(puzzle.source).name for puzzle in every}),
        "train": len(collection.train),
        "test": len(collection.test),
    }
    attributes = Attributes(kind.name, shape, kind.vocabulary, "imported", seed, told)
    splits = {"test": collection.test, "train": collection.train}
    return write_dataset(path, {name: _rows(some, shape) for name, some in splits.items() if some}, attributes)


def _rows(puzzles: Sequence[Puzzle], shape: tuple[int, int]) -> Iterator[Rows]:
    for start in range(0, len(puzzles), _PIECE):
        piece = puzzles[start : start + _PIECE]
        questions, answers = (np.zeros((len(piece), shape[0] * shape[1]), np.uint8) for _ in range(2))
        for row, puzzle in enumerate(piece):
            assert puzzle.answer is not None
            questions[row, : puzzle.question.size] = puzzle.question.reshape(-1)
            answers[row, : puzzle.answer.size] = puzzle.answer.reshape(-1)
        numbers = np.arange(start, start + len(piece), dtype=np.int32)
        yield Rows(questions, answers, np.zeros(len(piece), np.int32), numbers)
