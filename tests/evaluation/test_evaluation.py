from __future__ import annotations

import json
from typing import NamedTuple

import numpy as np
import pytest
import torch
from rich.console import Console
from torch import Tensor
from torch.nn.functional import one_hot

from puzzlerec.evaluation import Report, evaluate, wilson
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.system import System
from puzzlerec.puzzles import get
from puzzlerec.solving.answer import SolveSettings

KIND = get("sudoku-4x4")
SOLUTION = KIND.parse("1234341221434321")


class Latent(NamedTuple):
    y: Tensor


class Half:
    """Knows the one solution, but tells it only if r1c1 is given, or five cells: else all are a place off.

    It halts with probability 0.9 on what is right and 0.2 on what is not.
    """

    frames, disturbed, perturb = System.frames, ("y",), System.perturb

    def __init__(self) -> None:
        self.config = TRMConfig(
            puzzle="sudoku-4x4", vocabulary=6, grid=(4, 4), prefix=0, supervision_steps=4,
            mixer="candidates", box=(2, 2), symbols=(2, 4),
        )  # fmt: skip

    def start(self, question: Tensor, *_: object) -> Latent:
        return Latent(torch.zeros(len(question)))

    def step(self, question: Tensor, state: Latent, *_: object) -> tuple[Latent, Prediction]:
        right = torch.from_numpy(SOLUTION.astype(np.int64)).reshape(1, 16).expand(len(question), 16)
        wrong = right.roll(1, 1)
        question = question.flatten(1)
        given = question > 1
        sound = ((question == right) | ~given).all(1)
        knows = sound & (given[:, 0] | (given.sum(1) > 4)) & (state.y >= 1)
        logits = one_hot(torch.where(knows[:, None], right, wrong), 6).float() * 3
        halt = torch.where(knows, torch.tensor(0.9), torch.tensor(0.2)).logit()
        return Latent(state.y + 1), Prediction(logits, halt, torch.zeros(len(question)))


def questions(*givens: tuple[int, ...]) -> np.ndarray:
    """[n, 16], each with these cells given."""
    rows = np.ones((len(givens), 16), np.uint8)
    for row, cells in zip(rows, givens, strict=True):
        row[list(cells)] = SOLUTION.reshape(-1)[list(cells)]
    return rows


KNOWN, UNKNOWN = (0, 5, 10, 15), (5, 10, 15, 4)
LABEL = SOLUTION.reshape(1, 16)


def report(asked: np.ndarray, **settings) -> Report:
    ratings, curve = settings.pop("ratings", None), settings.pop("curve", False)
    chosen = SolveSettings(**settings) if settings else None
    return evaluate(Half(), asked, np.repeat(LABEL, len(asked), 0), chosen, ratings=ratings, name="half", curve=curve)


def test_wilson_intervals() -> None:
    # Newcombe 1998, table I: 81 of 263, 15 of 148, 0 of 20
    for hits, count, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611)):
        assert wilson(hits / count, count) == pytest.approx((low, high), abs=1e-4)
    assert wilson(1.0, 20) == pytest.approx((1 - 0.1611, 1.0), abs=1e-4)
    assert wilson(0.0, 0) == (0.0, 1.0)
    for count in range(1, 2000):
        for share in (0.0, 1.0):
            low, high = wilson(share, count)
            assert low <= share <= high  # rounding puts neither bound beyond it, which figures would not draw


def test_accuracies_are_those_of_the_first_pass_over_all_steps() -> None:
    found = report(questions(KNOWN, KNOWN, KNOWN, UNKNOWN))
    assert found.puzzles == 4 and found.model == "half" and found.puzzle == "sudoku-4x4"
    assert found.exact.share == found.first_pass.share == 0.75
    assert found.steps == 4, "all steps, as the papers do"
    wrong = np.roll(LABEL[0], 1)
    given = np.isin(np.arange(16), UNKNOWN)
    blank = (wrong == LABEL[0])[~given].mean()
    assert found.blank_token.share == pytest.approx((3 + blank) / 4)
    assert found.token.share == pytest.approx((3 + (12 * blank + 4) / 16) / 4)
    assert found.solved_within[1].share == 0.75 and list(found.solved_within) == [1]


def test_attempts_add_to_what_is_solved_and_leave_the_first_pass_alone() -> None:
    found = report(questions(KNOWN, UNKNOWN, UNKNOWN, UNKNOWN), attempts=24)
    assert list(found.solved_within) == [1, 2, 4, 8, 16, 24]
    shares = [rate.share for rate in found.solved_within.values()]
    assert shares == sorted(shares) and shares[0] == 0.25
    assert found.exact.share == 0.25
    assert found.attempts > 1 and found.evaluations > found.steps


def test_early_halting_is_reported_in_steps() -> None:
    assert report(questions(KNOWN), early=True).steps == 2
    assert report(questions(UNKNOWN), early=True).steps == 4


def test_halting_is_held_against_what_came_out() -> None:
    found = report(questions(KNOWN, KNOWN, KNOWN, UNKNOWN))
    sure, unsure = found.halting[8 if found.halting[8].count else 9], found.halting[2 if found.halting[2].count else 1]
    assert (sure.count, sure.right) == (3, 1.0) and sure.probability == pytest.approx(0.9)
    assert (unsure.count, unsure.right) == (1, 0.0) and unsure.probability == pytest.approx(0.2)
    assert found.halting_error == pytest.approx((3 * 0.1 + 1 * 0.2) / 4)


def test_accuracy_by_rating() -> None:
    found = report(questions(KNOWN, UNKNOWN, UNKNOWN), ratings=np.array([0.5, 7.0, 60.0], np.float32))
    assert {name: exact.share for name, (exact, _) in found.ratings.items()} == {
        "0 to 1": 1.0, "5 to 10": 0.0, "50 or more": 0.0,
    }  # fmt: skip


def test_batches_grids_and_progress() -> None:
    asked = questions(*[KNOWN, UNKNOWN] * 4)
    seen: list[tuple[int, int]] = []
    labels = np.repeat(LABEL, 8, 0)
    flat = evaluate(Half(), asked, labels, SolveSettings(early=False, batch=3), progress=lambda *n: seen.append(n))
    grids = evaluate(Half(), asked.reshape(-1, 4, 4), labels.reshape(-1, 4, 4))
    assert seen == [(done, 8) for done in range(1, 9)]
    assert flat.exact == grids.exact and flat.token == grids.token


def test_a_contradictory_question_counts_as_unsolved() -> None:
    asked = questions(KNOWN, KNOWN)
    asked[1, 1] = asked[1, 0]
    found = report(asked)
    assert found.exact.share == found.solved_within[1].share == 0.5


def test_the_exact_solver_earns_the_model_nothing() -> None:
    found = report(questions(UNKNOWN), exact=True, attempts=1)
    assert found.solved_within[1].share == found.first_pass.share == 0.0


def test_the_report_is_json_and_tables() -> None:
    found = report(questions(KNOWN, UNKNOWN), attempts=2, ratings=np.array([0.0, 3.0]))
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["exact"] == {"share": 0.5, "count": 2, "interval": list(found.exact.interval)}
    assert plain["solved_within"]["1"]["share"] == 0.5 and plain["settings"]["attempts"] == 2
    console = Console(width=100, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    for table in found.tables():
        console.print(table.to_rich())
    text = console.export_text()
    for words in ("exact (as the label)", "50.0%", "attempts", "rating", "calibration error"):
        assert words in text


def test_the_curve_goes_over_the_steps_of_the_first_pass_and_on_over_the_attempts() -> None:
    """`Half` knows nothing before its second step; a copy of a puzzle that it cannot solve may be one that it can."""
    found = report(questions(KNOWN, KNOWN, UNKNOWN), attempts=4, curve=True, early=False)
    first, more = found.curve[:4], found.curve[4:]
    assert [(point.steps, point.attempts) for point in found.curve] == [(1, 1), (2, 1), (3, 1), (4, 1), (8, 2), (16, 4)]
    assert [point.solved.share for point in first] == pytest.approx([0, 2 / 3, 2 / 3, 2 / 3])
    assert [point.exact for point in first] == [point.solved for point in first]
    assert all(point.exact is None and point.solved == found.solved_within[point.attempts] for point in more)
    assert first[-1].solved == found.first_pass == found.solved_within[1]
    assert report(questions(KNOWN), attempts=4).curve == ()
    plain = json.loads(json.dumps(found.to_dict()))["curve"]
    assert plain[0]["solved"]["share"] == 0 and plain[-1]["exact"] is None
    assert len(found.curve_table().rows) == 6


def test_records_hold_every_rate_with_its_interval() -> None:
    found = report(questions(KNOWN, UNKNOWN), attempts=2, ratings=np.array([0.0, 3.0]), curve=True, early=False)
    records = {(record["measure"], record["part"]): record for record in found.records()}
    assert records["exact", ""]["share"] == 0.5 and records["exact", ""]["low"] == found.exact.interval[0]
    assert {"attempts 1", "attempts 2", "rating 0 to 1", "steps 1"} <= {part for _, part in records}
    assert records["solved", "steps 4"]["share"] == 0.5 and records["exact", "rating 0 to 1"]["puzzles"] == 1
