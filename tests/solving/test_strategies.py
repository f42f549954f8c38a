"""Strategies: one file each, chosen by the kind or by name; none of them can call a puzzle solved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from puzzlerec.models.config import ModelConfig
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.system import System
from puzzlerec.puzzles import Puzzle, Verdict, get
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.solver import Solver
from puzzlerec.solving.strategies import (
    Attempt,
    Outcome,
    Strategy,
    StrategyError,
    Task,
    strategies,
    strategy,
    strategy_for,
)
from puzzlerec.solving.strategies.votes import Votes
from tests.solving.doubles import Latent, Liar, MazeOracle, Singles

SMALL = get("sudoku-4x4")
SOLUTION = SMALL.parse("1234341221434321")
QUESTION = SMALL.parse("12..3.....4....1")  # which has but that solution
MAZE = get("maze").parse("S   \n ## \n #  \n   G")
PLAIN = Singles("sudoku-4x4").config.model_copy(update={"mixer": "attention"})


@pytest.fixture
def registry() -> Iterator[dict[str, type[Strategy]]]:
    """What a test registers is gone after it."""
    before = dict(strategies())
    yield Strategy.registry
    Strategy.registry.clear()
    Strategy.registry.update(before)


def only(answers: Iterator[Answer]) -> Answer:
    (answer,) = answers
    return answer


# --- choosing


def test_there_are_pins_copies_noise_and_votes() -> None:
    assert {"pins", "copies", "noise", "votes"} <= set(strategies())
    with pytest.raises(StrategyError, match=r"Did you mean 'pins'\?"):
        strategy("pin")


@pytest.mark.parametrize(
    ("puzzle", "config", "chosen"),
    [
        ("sudoku-4x4", Singles("sudoku-4x4").config, "pins"),
        ("sudoku-4x4", PLAIN, "pins"),
        ("maze", MazeOracle(4).config, "copies"),
        ("maze", Singles().config, "noise"),  # which would see all copies as one
    ],
)
def test_the_first_of_the_kinds_strategies_that_applies_is_taken(puzzle: str, config: ModelConfig, chosen: str) -> None:
    question = QUESTION if puzzle != "maze" else MAZE
    task = Task(0, question, get(puzzle), config)
    assert strategy_for(task).name == chosen
    assert strategy_for(task, "noise").name == "noise"


def test_a_strategy_that_is_not_for_such_puzzles_is_refused_and_so_is_one_that_there_is_not() -> None:
    solver, maze = Solver(MazeOracle(4)), Puzzle(get("maze"), MAZE)
    with pytest.raises(StrategyError, match="'pins' is not for maze puzzles"):
        list(solver.solve([maze], SolveSettings(strategy="pins")))
    with pytest.raises(StrategyError, match="No strategy is called 'luck'"):
        list(solver.solve([maze], SolveSettings(strategy="luck")))


# --- a new one


def test_a_new_strategy_is_one_class_and_solves_by_its_name(registry: dict[str, type[Strategy]]) -> None:
    """It turns the puzzle over, which pleases the model, and is found by name in the settings."""
    question = np.flipud(MAZE).copy()

    class UpsideDown(Strategy, name="upside down"):
        def next(self, number: int) -> Attempt | None:
            if number > 3:
                return None
            rng = self.rng(number)
            symmetry = self.task.kind.random_symmetry(rng, question.shape)
            while not np.array_equal(symmetry.apply(self.task.question), MAZE):
                symmetry = self.task.kind.random_symmetry(rng, question.shape)
            return self.attempt(number, "turned", symmetry=symmetry, detail="over")

    model = MazeOracle(4, only_start_above_goal=True)
    puzzle = Puzzle(get("maze"), question)
    assert not only(Solver(model).solve([puzzle])).verdict.solved
    labels: list[str] = []
    answer = only(
        Solver(model).solve(
            [puzzle],
            SolveSettings(attempts=8, strategy="upside down"),
            lambda frame, attempts: labels.extend(attempt.label for attempt in attempts),
        )
    )
    assert answer.verdict.solved and answer.how == "turned" and answer.attempts == 2
    assert labels[-1] == "turned over"


def test_no_strategy_calls_a_puzzle_solved(registry: dict[str, type[Strategy]]) -> None:
    class Boaster(Strategy, name="boaster"):
        def next(self, number: int) -> Attempt | None:
            return None

        def answer(self) -> Outcome:
            return replace(super().answer(), verdict=None, how="boast")

    answer = only(Solver(Liar()).solve([Puzzle(SMALL, QUESTION)], SolveSettings(attempts=4, strategy="boaster")))
    assert not answer.verdict.solved and (answer.how, answer.attempts) == ("none", 1)
    assert answer.verdict.offending.any()


# --- copies and noise


def test_attempts_are_the_same_for_the_same_seed_and_no_copy_is_run_twice() -> None:
    config = MazeOracle(4).config

    def copies(seed: int) -> list[bytes]:
        attempts = strategy_for(Task(0, MAZE, get("maze"), config, seed)).propose(8)
        assert [attempt.number for attempt in attempts] == list(range(1, 9))
        return [attempt.symmetry.apply(MAZE).tobytes() for attempt in attempts if attempt.symmetry]

    assert copies(0) == copies(0) != copies(1)
    seen = copies(0)
    assert len({MAZE.tobytes(), *seen}) == len(seen) + 1
    first, second, other = (strategy_for(Task(0, MAZE, get("maze"), config, s)).propose(1)[0] for s in (0, 0, 1))
    assert first.seed == second.seed != other.seed, "what a system draws in its first pass has a seed too"


def test_where_there_is_no_new_copy_an_attempt_starts_from_noise() -> None:
    alone = get("maze").parse("SG  ")  # all of its copies are soon drawn
    attempts = strategy_for(Task(0, alone, get("maze"), MazeOracle(4).config, start_noise=0.5)).propose(32)
    hows = [attempt.how for attempt in attempts]
    assert hows[0] == "one pass" and set(hows[1:]) == {"symmetric copy", "random start"}
    assert {attempt.noise for attempt in attempts if attempt.how == "random start"} == {0.5}
    assert {attempt.noise for attempt in attempts if attempt.how != "random start"} == {0.0}


# --- votes


def ballot(tokens: np.ndarray, confidence: float, halt: float) -> Outcome:
    """Each cell's token with this confidence, the rest shared by the other digits."""
    probabilities = np.full((16, 6), (1 - confidence) / 3)
    probabilities[:, :2] = 0
    np.put_along_axis(probabilities, tokens.reshape(16, 1).astype(int), confidence, 1)
    return Outcome(
        tokens, np.full((4, 4), confidence, np.float32), probabilities.astype(np.float32), halt, 3, 0.0,
        Verdict(False, np.ones((4, 4), bool)), "symmetric copy",
    )  # fmt: skip


def with_fault(cell: int) -> np.ndarray:
    wrong = SOLUTION.copy()
    wrong.flat[cell] = 2 + (wrong.flat[cell] - 1) % 4
    return wrong


def voted(*ballots: Outcome) -> Outcome:
    votes = Votes(Task(0, QUESTION, SMALL, PLAIN))
    for attempt, outcome in zip(votes.propose(len(ballots)), ballots, strict=True):
        votes.learn(attempt, outcome)
    return votes.answer()


def test_the_heaviest_of_the_answers_that_several_give_wins() -> None:
    one, other = with_fault(2), with_fault(3)
    assert np.array_equal(voted(ballot(one, 0.9, 0.5), ballot(other, 0.9, 0.5), ballot(one, 0.9, 0.5)).tokens, one)
    heavy, light = ballot(other, 0.9, 0.9), ballot(one, 0.9, 0.1)
    assert np.array_equal(voted(light, heavy, light, heavy, light).tokens, other), "two sure ones outweigh three"
    sure, unsure = ballot(other, 0.99, 0.5), ballot(one, 0.4, 0.5)
    assert np.array_equal(voted(unsure, sure, sure, unsure).tokens, other), "confidence counts as halting does"
    alone = ballot(other, 0.9, 1.0)
    assert np.array_equal(voted(light, alone, light).tokens, one), "a single vote makes no agreement"


def test_where_no_two_agree_each_cell_is_voted_on_by_itself() -> None:
    found = voted(*(ballot(with_fault(cell), 0.8, 0.5) for cell in (2, 3, 6)))
    assert np.array_equal(found.tokens, SOLUTION) and found.how == "vote"
    assert found.verdict is None, "the rules are still to be asked"
    assert found.confidence.reshape(-1)[2] == pytest.approx((0.8 + 0.8 + 0.2 / 3) / 3, abs=1e-6)
    believed = voted(ballot(with_fault(2), 0.8, 0.9), ballot(with_fault(3), 0.8, 0.1), ballot(with_fault(6), 0.8, 0.1))
    assert np.array_equal(believed.tokens, with_fault(2))


class Slips:
    """Is wrong in one open cell, in another one for each copy that it sees."""

    frames, disturbed, perturb = System.frames, ("y",), System.perturb
    config = PLAIN

    def start(self, question: Tensor, *_: object) -> Latent:
        return Latent(torch.zeros(len(question), 1))

    def step(self, question: Tensor, state: Latent, *_: object) -> tuple[Latent, Prediction]:
        answers = []
        for row in question.numpy().astype(np.uint8):
            answer, given = SMALL.solutions(row)[0].reshape(-1), SMALL.given(row).reshape(-1)
            slip = np.flatnonzero(~given)[int(row.astype(int).ravel() @ np.arange(16)) % (~given).sum()]
            answer[slip] = 2 + (answer[slip] - 1) % 4
            answers.append(answer)
        logits = 4 * one_hot(torch.from_numpy(np.stack(answers)).long(), 6).float()
        return state, Prediction(logits, torch.zeros(len(question)), torch.zeros(len(question)))


def test_votes_solve_what_every_attempt_gets_wrong_in_another_cell() -> None:
    puzzle = Puzzle(SMALL, QUESTION)
    for name in ("copies", "noise"):
        assert not only(Solver(Slips()).solve([puzzle], SolveSettings(attempts=8, strategy=name))).verdict.solved
    answer = only(Solver(Slips()).solve([puzzle], SolveSettings(attempts=8, strategy="votes")))
    assert answer.verdict.solved and answer.how == "vote" and np.array_equal(answer.tokens, SOLUTION)
    assert 2 < answer.attempts <= 8
