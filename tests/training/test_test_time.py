"""Tasks learned from their demonstrations alone: mirrored, recoloured and cropped toys, by a clock that ticks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count, pairwise
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import numpy as np
import pytest
import torch

from puzzlerec.models.colours import WAYS, ColourLayer
from puzzlerec.puzzles.arc.sizes import size_rule
from puzzlerec.puzzles.arc.tasks import Pair, Task
from puzzlerec.training import test_time
from puzzlerec.training.test_time import (
    BATCH,
    STARTS,
    Encoding,
    Learner,
    Progress,
    Start,
    Training,
    Try,
    answer,
    batches,
    load_base,
)

Change = Callable[[np.ndarray], np.ndarray]


def toy(change: Change, demonstrations: int = 4, shape: tuple[int, int] = (3, 3), colours: int = 4) -> Task:
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, colours, shape).astype(np.uint8) for _ in range(demonstrations + 1)]
    pairs = [Pair(grid, change(grid)) for grid in grids]
    return Task("toy", tuple(pairs[:-1]), (pairs[-1],))


def outputs(tries: tuple[tuple[Try, ...], ...]) -> list[list[list[list[int]]]]:
    return [[one.output.tolist() for one in test] for test in tries]


def ticking() -> Callable[[], float]:
    """A clock that moves on by one whenever it is read: once a batch."""
    return count().__next__


@pytest.mark.parametrize(
    ("change", "sizes"),
    [
        (lambda grid: np.array([0, 2, 3, 1], np.uint8)[grid], "as large as their inputs"),
        (np.fliplr, "as large as their inputs"),
        (lambda grid: grid[:1], "1/3 times as high, 1 times as wide"),
        (lambda grid: np.kron(grid, np.ones((2, 2), np.uint8)), "2 times as high, 2 times as wide"),
    ],
    ids=["recoloured", "mirrored", "cropped", "enlarged"],
)
def test_toys_are_learned(change: Change, sizes: str) -> None:
    seen: list[Progress] = []
    found = answer(toy(change), 128, progress=seen.append, clock=ticking())
    assert found.right(0) and found.sizes == sizes
    assert found.fitted > 0.8 and 16 <= found.batches == len(seen) <= 128
    assert all(one.share <= two.share for one, two in pairwise(seen)) and seen[-1].share == found.seconds / 128
    assert min(one.loss for one in seen) < 0.2 < seen[0].loss
    assert all(one.fitted == np.mean(one.known) for one in seen) and found.fitted == max(one.fitted for one in seen)
    assert outputs(seen[-1].tries) == outputs(found.tries)
    assert all(len(now.tries) == 1 for now in seen)  # there is always one to see
    assert seen[0].votes == 0 < seen[-1].votes and seen[-1].votes % 8 == 0
    assert found.foreseen is not None and seen[0].known[-1] == 0  # the last one was held back
    assert found.networks == seen[-1].networks >= 1 == seen[0].networks
    first = found.tries[0][0]
    assert first.support > 0.3 and sum(one.support for one in found.tries[0]) <= 1 + 1e-6
    assert np.array_equal(first.output, found.task.tests[0].known)


def test_the_same_seed_gives_the_same_answer_and_outputs_of_tests_are_not_looked_at() -> None:
    task = toy(np.fliplr)
    spoilt = Task("toy", task.demonstrations, (Pair(task.tests[0].input, np.full((9, 9), 7, np.uint8)),))
    one, same, other = (answer(task, 12, seed, clock=ticking()) for task, seed in ((task, 1), (spoilt, 1), (task, 2)))
    assert outputs(one.tries) == outputs(same.tries)
    assert one.tries[0][0].support == same.tries[0][0].support != other.tries[0][0].support
    assert same.right(0) is False


def test_sizes_that_no_rule_knows_are_learned() -> None:
    # what is left of the column of 3s
    def left(grid: np.ndarray) -> np.ndarray:
        return grid[:, : int((grid == 3).all(0).argmax())]

    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 3, (3, 5)).astype(np.uint8) for _ in range(5)]
    for grid, column in zip(grids, (2, 3, 4, 1, 2), strict=True):
        grid[:, column] = 3
    pairs = [Pair(grid, left(grid)) for grid in grids]
    found = answer(Task("left", tuple(pairs[:-1]), (pairs[-1],)), 128, clock=ticking())
    assert found.sizes == "as large as the network has learned to make them"
    assert found.right(0) and found.tries[0][0].output.shape == (3, 2)
    assert all(one.output.max() < 10 for one in found.tries[0])


def test_a_test_whose_size_is_not_possible_has_no_tries() -> None:
    low, high = (toy(lambda grid: grid[: len(grid) // 3], 1, (rows, 3)) for rows in (3, 6))
    thirds = Task("thirds", low.demonstrations + high.demonstrations, (*low.tests, Pair(low.tests[0].input[:2], None)))
    found = answer(thirds, 4, clock=ticking())
    assert len(found.tries[0]) > 0 and found.tries[1] == () and found.right(1) is None


def test_views_go_back_to_the_output_they_came_from() -> None:
    task = toy(lambda grid: grid[:2, :1], shape=(2, 3))
    rule = size_rule(task)
    encoding = Encoding.of(task, rule)
    copies = encoding.copies(task.demonstrations)
    assert len(copies) == 8 * len(task.demonstrations)
    for copy in copies:
        output = encoding.colours[encoding.cropped(copy, copy.label) - 1]
        assert np.array_equal(output, task.demonstrations[copy.pair].known)
    assert {copy.question.shape for copy in copies} == {(2, 3), (3, 2)}
    assert all(not copy.label.any() for copy in encoding.copies(task.tests, asked=True))


def test_batches_hold_every_copy_once_and_little_padding() -> None:
    pairs = tuple(Pair(np.ones((n, n), np.uint8), np.ones((n, n), np.uint8)) for n in (3, 3, 9, 10))
    task = Task("toy", pairs, ())
    rule = size_rule(task)
    copies = Encoding.of(task, rule).copies(task.demonstrations)
    for rng in (None, np.random.default_rng(0)):
        found = list(batches(copies, rng))
        assert sorted(id(copy) for batch in found for copy in batch.copies) == sorted(map(id, copies))
        assert max(len(batch.copies) for batch in found) == BATCH
        assert min(float((batch.question > 0).float().mean()) for batch in found) >= 1 / (1 + test_time.MOST_PADDING)
    assert [batch.question.shape[1] for batch in batches(copies)] == [3, 3, 9, 10]


def test_learning_rates_fall_with_the_time() -> None:
    task = toy(np.fliplr, demonstrations=1)
    rule = size_rule(task)
    encoding = Encoding.of(task, rule)
    learner, (batch,) = Learner(encoding, 0), batches(encoding.copies(task.demonstrations))
    before = {name: weight.clone() for name, weight in learner.model.named_parameters()}
    learner.learn(batch, 1.0)
    assert all(torch.equal(weight, before[name]) for name, weight in learner.model.named_parameters())


def trained(votes: dict[bytes, float], trust: float = 1.0) -> Training:
    """What `_tries`, `_agree` and `_start` ask of a network's training."""
    counted = Counter({((1, 1), output): support for output, support in votes.items()})
    return cast(Training, SimpleNamespace(votes=[counted], trust=trust, taken=8, over=True, given_up=False))


def test_each_network_has_as_many_votes_as_it_is_trusted() -> None:
    sure, doubtful = trained({b"1": 6.0, b"2": 2.0}), trained({b"2": 900.0}, trust=0.6)
    ((one, two),) = test_time._tries([sure, doubtful])
    assert (one.output.item(), two.output.item()) == (ord("2"), ord("1"))
    assert one.support == pytest.approx(0.85 / 1.6) and two.support == pytest.approx(0.75 / 1.6)
    ((alone,),) = test_time._tries([trained({b"3": 1.0}, trust=0.01)])  # all that there is
    assert alone.output.item() == ord("3") and alone.support == 1


def test_trust_is_in_what_is_known_with_little_and_was_foreseen() -> None:
    task = toy(np.fliplr)
    encoding = Encoding.of(task, size_rule(task))

    def trust(lacks: tuple[str, ...] = (), foreseen: float | None = None, known: int = 4) -> float:
        training = Training(task, encoding, 0, [], Start(False, lacks), None)
        training.foreseen = foreseen
        training._right = {(pair, view): True for pair in range(known) for view in range(8)}
        return training.trust

    assert trust() == 1 and trust(foreseen=0.5) == 1.5 and trust(("lines", "whole")) == 3
    assert trust(known=2) == 0.5 and 0 < trust(known=0) < 0.1


def test_a_network_none_of_whose_answers_has_a_size_has_no_votes() -> None:
    ((one,),) = test_time._tries([trained({}), trained({b"1": 2.0})])
    assert one.support == 1


def test_networks_that_agree_are_enough() -> None:
    one, two = trained({b"1": 3.0, b"2": 2.0}), trained({b"2": 1.0})
    assert not test_time._agree([one, one, one]) and test_time._agree([two, one, one, one, one])
    assert not test_time._agree([one, one, two, one, one, one])
    silent = trained({b"2": 1.0})
    silent.taken = 0
    assert test_time._agree([one, one, one, silent, one])


def test_no_network_lacks_what_another_could_not_do_without() -> None:
    plain, laid_over, near, neither, colours, views = fresh = [start for start in STARTS if not start.based]

    def after(*starts: Start, given_up: Start | None = None, based: bool = False, left: float = 9.0) -> Start:
        before = [trained({}) for _ in starts]
        for one, start in zip(before, starts, strict=True):
            one.start, one.given_up, one.seconds = start, start == given_up, 3.0
        return test_time._start(before, based, left)

    assert [after(*fresh[:count]) for count in range(7)] == [*fresh, plain]
    assert after(plain, laid_over, near, given_up=near) == neither
    assert after(plain, near, neither, colours, given_up=near) == views  # nor is less heard than that
    assert after(plain, laid_over, near, colours, given_up=colours) == views  # nor neither
    assert [after(plain, near, left=left) for left in (6, 5)] == [laid_over, plain]  # nothing new in a hurry
    assert after(plain, near, plain, left=5) == near != after(plain, near, plain, given_up=near, left=5)
    assert [after(*STARTS[:count], based=True) for count in range(10)] == STARTS
    assert after(*STARTS[:9], given_up=STARTS[6], based=True) == STARTS[9]  # as a base it may do without


def test_what_a_network_lacks_it_does_not_learn() -> None:
    task = toy(np.fliplr)
    encoding = Encoding.of(task, size_rule(task))
    for _, lacks in STARTS:
        learner = Learner(encoding, 0, lacks)
        for _ in range(2):
            learner.learn(next(batches(encoding.copies(task.demonstrations))), 0.0)
        assert bool(learner.model.colour_embedding.weight.any()) == ("colours" not in lacks)
        assert bool(learner.model.puzzle_embedding.weight.any()) == ("views" not in lacks)
        for way, names in WAYS.items():
            layers = [module for module in learner.model.modules() if isinstance(module, ColourLayer)]
            weights = [layer.get_parameter(name) for layer in layers for name in names]
            assert {bool(weight.any()) for weight in weights} == {way not in lacks}


def test_a_network_that_learns_nothing_in_the_time_of_others_is_given_up() -> None:
    task = toy(lambda grid: np.array([0, 2, 3, 1], np.uint8)[grid])  # without vectors no colour becomes another one
    seen: list[Progress] = []
    found = answer(task, 400, 1, progress=seen.append, clock=ticking())
    assert found.right(0) and found.networks >= 5
    *others, fourth = (sum(one.networks == number for one in seen) for number in (1, 2, 3, 4))
    assert fourth <= max(others) + 8 and not any(one.fitted == 1 for one in seen if one.networks == 4)


def test_threads_train_networks_at_the_same_time() -> None:
    task, working = toy(np.fliplr), set()

    class Watched(Training):
        def run(self, *given: Any) -> Iterator[float]:
            for loss in super().run(*given):
                working.add((threading.get_ident(), self.learner, torch.get_num_threads()))
                yield loss

    seen: list[Progress] = []
    before = torch.get_num_threads()
    with patch.object(test_time, "Training", Watched):
        found = answer(task, 60, progress=seen.append, clock=ticking(), threads=3)
    assert found.networks >= 3 and len(seen) < found.batches
    assert (
        len({thread for thread, *_ in working}) == 3 and len({learner for _, learner, _ in working}) == found.networks
    )
    assert {threads for *_, threads in working} == {1} and torch.get_num_threads() == before
    assert all(one.share <= two.share for one, two in pairwise(seen))
    assert outputs(seen[-1].tries)[0][0] == found.tries[0][0].output.tolist()


def test_what_is_raised_while_a_thread_learns_ends_all_of_them() -> None:
    def stopped(_: Progress) -> None:
        raise KeyboardInterrupt

    def broken(*_: object) -> Iterator[float]:
        raise ArithmeticError
        yield

    with pytest.raises(KeyboardInterrupt):  # long before the time is over
        answer(toy(np.fliplr), 1e9, progress=stopped, clock=ticking(), threads=2)
    run = Training.run
    only = threading.get_ident()

    def elsewhere(self: Training, *given: Any) -> Iterator[float]:
        return (run if threading.get_ident() == only else broken)(self, *given)

    with patch.object(Training, "run", elsewhere), pytest.raises(ArithmeticError):
        answer(toy(np.fliplr), 1e9, clock=ticking(), threads=2)


def scattered(rng: np.random.Generator) -> np.ndarray:
    """A few cells of three colours on black."""
    grid = np.zeros((8, 9), np.uint8)
    for colour, places in zip((1, 2, 3), rng.permutation(grid.size)[:12].reshape(3, 4), strict=True):
        grid.ravel()[places] = colour
    return grid


def framed(rng: np.random.Generator) -> np.ndarray:
    """Two frames, in the left and in the right half."""
    grid = np.zeros((10, 14), np.uint8)
    for left in (0, 7):
        high, wide = rng.integers(3, 7, 2)
        row, column = rng.integers(0, 11 - high), left + rng.integers(0, 8 - wide)
        grid[row : row + high, column : column + wide] = 2
        grid[row + 1 : row + high - 1, column + 1 : column + wide - 1] = 0
    return grid


def filled(grid: np.ndarray) -> np.ndarray:
    """What lies inside frames is 4."""
    inside = [np.maximum.accumulate(turned == 2, axis) for turned, axis in ((grid, 0), (grid, 1))]
    inside += [np.flip(np.maximum.accumulate(np.flip(grid == 2, axis), axis), axis) for axis in (0, 1)]
    return np.where(np.all(inside, 0) & (grid == 0), 4, grid).astype(np.uint8)


def dotted(rng: np.random.Generator) -> np.ndarray:
    """Two cells, each in a row of its own, not at the right edge."""
    grid = np.zeros((9, 10), np.uint8)
    rows = rng.permutation(9)[:2]
    grid[rows, rng.integers(0, 8, 2)] = rng.permutation((3, 6))
    return grid


def ruled(grid: np.ndarray) -> np.ndarray:
    """A line from each cell to the right edge."""
    return np.maximum.accumulate(grid, 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("drawn", "change"),
    [
        (scattered, np.fliplr),
        (scattered, lambda grid: np.array([0, 2, 3, 1], np.uint8)[grid]),
        (framed, filled),
        (dotted, ruled),
    ],
    ids=["mirrors", "recolours", "fills", "draws lines"],
)
def test_plain_tasks_are_solved_in_two_minutes(
    drawn: Callable[[np.random.Generator], np.ndarray], change: Change
) -> None:
    rng = np.random.default_rng(0)
    grids = [drawn(rng) for _ in range(4)]
    pairs = [Pair(grid, change(grid)) for grid in grids]
    found = answer(Task("plain", tuple(pairs[:-1]), (pairs[-1],)), 120, clock=time.process_time, base=load_base())
    assert found.right(0)
    print(f"{found.networks} networks, {found.batches} batches, {found.seconds:.0f} s")
