"""A dataset of any size is measured slice by slice, and processes share it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from puzzlerec.evaluation import PuzzleResult, Report, evaluate
from puzzlerec.processes import Processes
from puzzlerec.solving.answer import SolveSettings
from tests.evaluation.test_evaluation import KNOWN, LABEL, UNKNOWN, Half, questions
from tests.test_processes import together

FIRST_PASS = SolveSettings(early=False, batch=4)


class Endless:
    """A column of a million rows that are made as they are asked for, and how many were at once."""

    def __init__(self, rows: np.ndarray, count: int = 10**6) -> None:
        self.rows, self.count = rows, count
        self.asked: list[int] = []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, rows: slice, /) -> np.ndarray:
        self.asked.append(rows.stop - rows.start)
        return self.rows[np.arange(rows.start, rows.stop) % len(self.rows)]


def test_no_more_rows_than_a_batch_are_in_memory() -> None:
    columns = [Endless(part) for part in (questions(KNOWN, UNKNOWN), LABEL, np.zeros(1, np.int32), np.arange(3.0))]
    asked, labels, ids, ratings = columns
    found = evaluate(Half(), asked, labels, FIRST_PASS, puzzle_ids=ids, ratings=ratings, limit=10)
    assert found.puzzles == 10 and found.exact.share == 0.5
    assert [column.asked for column in columns] == [[4, 4, 2]] * 4
    assert {name: exact.count for name, (exact, _) in found.ratings.items()} == {"0 to 1": 4, "1 to 2": 3, "2 to 5": 3}


def test_padding_counts_neither_as_right_nor_as_wrong() -> None:
    """The model is right in the one puzzle and wrong in most cells of the other; of both, cells are no cells."""
    labels = np.repeat(LABEL, 2, 0)
    whole = evaluate(Half(), questions(KNOWN, UNKNOWN), labels, FIRST_PASS)
    wrong = np.flatnonzero(np.roll(LABEL[0], 1) != LABEL[0])
    wrong = wrong[~np.isin(wrong, UNKNOWN)]
    labels[1, wrong[2:]] = 0
    padded = evaluate(Half(), questions(KNOWN, UNKNOWN), labels, FIRST_PASS)
    left = 16 - len(wrong[2:])
    assert padded.token.share == pytest.approx((1 + (left - 2) / left) / 2) and padded.exact.share == 0.5
    assert padded.token.share > whole.token.share
    labels[1, wrong[:2]] = 0
    assert evaluate(Half(), questions(KNOWN, UNKNOWN), labels, FIRST_PASS).exact.share == 1.0


@pytest.mark.parametrize("size", [2, 3])
def test_processes_share_the_rows_and_find_together_what_one_finds(size: int) -> None:
    asked = questions(*[KNOWN, UNKNOWN, KNOWN] * 3, UNKNOWN)
    labels, ratings = np.repeat(LABEL, 10, 0), np.array([60, 0, 0, 1, 1, 7, 7, 7, 60, 0], np.float32)
    settings = replace(FIRST_PASS, attempts=4, batch=2)
    alone = evaluate(Half(), asked, labels, settings, ratings=ratings, curve=True)
    assert list(alone.ratings) == ["0 to 1", "1 to 2", "5 to 10", "50 or more"], "in the order of the ratings"
    seen: list[PuzzleResult] = []

    def shared(processes: Processes) -> Report:
        return evaluate(
            Half(), asked, labels, settings, ratings=ratings, processes=processes, curve=True, each=seen.append
        )

    for found in together(size, shared):  # everybody has the report of all
        assert replace(found, seconds=0.0) == replace(alone, seconds=0.0), "to the bit"
    assert [one.rating for one in seen] == ratings.tolist(), "each once, in order"


def test_what_is_known_is_not_measured_again() -> None:
    asked, labels = questions(*[KNOWN, UNKNOWN] * 5), np.repeat(LABEL, 10, 0)
    seen: list[PuzzleResult] = []
    alone = evaluate(Half(), asked, labels, FIRST_PASS, each=seen.append)
    again: list[PuzzleResult] = []
    found = evaluate(Half(), asked, labels, FIRST_PASS, known=iter(seen[:4]), each=again.append)
    assert again == seen[4:] and replace(found, seconds=0.0) == replace(alone, seconds=0.0)


def test_the_precision_reaches_the_model() -> None:
    seen: list[bool] = []

    class Watched(Half):
        def step(self, *arguments: object):  # type: ignore[no-untyped-def]
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().step(*arguments)

    for precision, lowered in ((torch.float32, False), (torch.bfloat16, True)):
        evaluate(Watched(), questions(KNOWN), LABEL, FIRST_PASS, precision=precision)
        assert seen[-1] is lowered
