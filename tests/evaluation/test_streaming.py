"""A dataset of any size is measured slice by slice, and processes share it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from puzzlerec.evaluation import Report, evaluate
from puzzlerec.solving.answer import SolveSettings
from tests.evaluation.test_evaluation import KNOWN, LABEL, UNKNOWN, Half, questions

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


class Peer:
    """One of several processes that are run one after the other; the last one's sums are everybody's."""

    def __init__(self, rank: int, size: int, sums: list[Tensor]) -> None:
        self.rank, self.size, self.sums = rank, size, sums

    def sum(self, tensor: Tensor) -> Tensor:
        self.sums.append(tensor)
        return torch.stack(self.sums).sum(0)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_processes_share_the_rows_and_find_together_what_one_finds(size: int) -> None:
    asked = questions(*[KNOWN, UNKNOWN, KNOWN] * 3, UNKNOWN)
    labels, ratings = np.repeat(LABEL, 10, 0), np.array([0, 0, 0, 1, 1, 7, 7, 7, 60, 60], np.float32)
    settings = replace(FIRST_PASS, attempts=4)
    alone = evaluate(Half(), asked, labels, settings, ratings=ratings)
    sums: list[Tensor] = []
    done: list[int] = []

    def shared(rank: int) -> Report:
        return evaluate(
            Half(), asked, labels, settings, ratings=ratings, processes=Peer(rank, size, sums),
            progress=lambda count, total: done.append(count),
        )  # fmt: skip

    together = [shared(rank) for rank in range(size)][-1]
    assert len(done) == 10, "nobody does another's work"
    for name in ("token", "blank_token", "exact", "first_pass", "steps", "attempts", "halting_error"):
        mine, theirs = getattr(together, name), getattr(alone, name)
        assert getattr(mine, "share", mine) == pytest.approx(getattr(theirs, "share", theirs)), name
    assert together.solved_within == alone.solved_within and together.ratings == alone.ratings
    assert [bin.count for bin in together.halting] == [bin.count for bin in alone.halting]


def test_the_precision_reaches_the_model() -> None:
    seen: list[bool] = []

    class Watched(Half):
        def step(self, *arguments: object):  # type: ignore[no-untyped-def]
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().step(*arguments)

    for precision, lowered in ((torch.float32, False), (torch.bfloat16, True)):
        evaluate(Watched(), questions(KNOWN), LABEL, FIRST_PASS, precision=precision)
        assert seen[-1] is lowered
