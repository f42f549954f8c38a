from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from puzzlerec.api import load
from puzzlerec.data.building import generator
from puzzlerec.puzzles import NO_SOLUTION, SEVERAL_SOLUTIONS, Puzzle, PuzzleError, get, read
from puzzlerec.solving.answer import Answer, SolveSettings
from puzzlerec.solving.frames import Frame
from puzzlerec.solving.solver import Solver
from puzzlerec.solving.strategies import Attempt
from tests.solving.doubles import Liar, MazeOracle, Singles

EASY = [
    "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79",
    "..3.2.6..9..3.5..1..18.64....81.29..7.......8..67.82....26.95..8..2.3..9..5.1.3..",
]
HARD = [
    ".174.............9..8..7...98.2.....324............6.4....3..46...964.12...8.....",
    "...24...6..1.9..3.4......9...8.....4....7.....3.1...6.6.......2..3...65.7...32..1",
    ".......2.35.2....4..4..63.854.6.....2....8.1..8.3.............7..9.5.2......9..31",
    "6.8..34...1............2..5..364...7.......3.98..5.....5..2........1.98....9.4...",
    ".6.2..14...5.94.3......12......2.5..1.3...62.4........3.1...4.7....6....6..9.3...",
]
CONTRADICTORY = "55..............................................................................."
MAZE = "S #     \n  # ### \n#   #   \n  ### ##\n        \n### ### \n    #  G\n  #     "


def puzzle(text: str, kind: str = "sudoku") -> Puzzle:
    return Puzzle(get(kind), get(kind).parse(text))


def only(answers) -> Answer:
    (answer,) = answers
    return answer


def test_an_answer_leaves_at_the_first_step_that_the_rules_accept() -> None:
    early = only(Solver(Singles(sweeps=1)).solve([puzzle(EASY[0])]))
    late = only(Solver(Singles(sweeps=1)).solve([puzzle(EASY[0])], SolveSettings(early=False)))
    assert early.verdict.solved and late.verdict.solved
    assert (early.tokens == late.tokens).all()
    assert early.steps < late.steps == 16
    assert (early.how, early.attempts) == ("one pass", 1)
    assert early.text == "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
    frames = []
    Solver(Singles(sweeps=1)).solve([puzzle(EASY[0])], on_frame=lambda frame, _: frames.append(frame))
    for frame in frames[:-1]:
        assert not get("sudoku").check(puzzle(EASY[0]).question, frame.tokens[0]).solved


def test_answers_come_in_order_whatever_becomes_of_each() -> None:
    texts = [HARD[0], EASY[0], CONTRADICTORY, EASY[1], HARD[1]]
    for batch in (1, 2, 64):
        answers = list(Solver(Singles()).solve([puzzle(text) for text in texts], SolveSettings(batch=batch)))
        assert [answer.puzzle.kind.format(answer.puzzle.question) for answer in answers] == texts
        assert [answer.verdict.solved for answer in answers] == [False, True, False, True, False]
        assert [answer.how for answer in answers] == ["none", "one pass", "none", "one pass", "none"]


def test_a_contradictory_question_costs_no_run_and_names_the_givens() -> None:
    model = Singles()
    answer = only(Solver(model).solve([puzzle(CONTRADICTORY)], SolveSettings(attempts=8)))
    assert model.runs == 0 == answer.attempts
    assert not answer.verdict.solved and answer.how == "none"
    assert answer.verdict.offending[0, :2].all() and answer.verdict.offending.sum() == 2


def test_nothing_is_called_solved_that_the_rules_have_not_passed() -> None:
    model = Liar()
    answer = only(Solver(model).solve([puzzle("1....2....3....4", "sudoku-4x4")]))
    assert not answer.verdict.solved and answer.how == "none"
    assert answer.verdict.offending.any()
    assert model.steps == 3, "a halting probability that the rules refute does not end a run"


def test_finished_puzzles_leave_the_batch() -> None:
    model = Singles(sweeps=1)
    list(Solver(model).solve([puzzle(text) for text in (EASY[0], HARD[0], EASY[1])]))
    assert model.sizes[0] == 3 and model.sizes[-1] == 1 and len(model.sizes) == 16
    assert sorted(model.sizes, reverse=True) == model.sizes


def test_answers_stream_batch_by_batch() -> None:
    model = Singles()
    answers = Solver(model).solve([puzzle(EASY[0])] * 6, SolveSettings(batch=2))
    next(answers)
    assert model.runs == 2


def test_a_lost_answer_ends_runs_with_pins_alone() -> None:
    class Doubter(Singles):
        def step(self, question, state, *rest):  # type: ignore[no-untyped-def]
            state, prediction = super().step(question, state, *rest)
            return state, prediction._replace(conflict=torch.full((len(question),), 10.0))

    steps: dict[int, int] = {}

    def count(frame: Frame, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            steps[attempt.number] = frame.step

    (answer,) = Solver(Doubter(steps=5, sweeps=1)).solve([puzzle(HARD[0])], SolveSettings(attempts=3), count)
    assert not answer.verdict.solved
    assert steps == {1: 5, 2: 1, 3: 1}


def test_pins_solve_what_one_pass_does_not() -> None:
    """With the shipped model: AI Escargot and its like, checked against the exact solver."""
    puzzles = read(Path(__file__).parents[2] / "datasets" / "samples" / "hard.sdm").puzzles
    solver = load("sudoku", "cpu")
    assert sum(answer.verdict.solved for answer in solver.solve(puzzles)) < len(puzzles)
    for answer in solver.solve(puzzles, SolveSettings(attempts=64)):
        assert answer.verdict.solved and 1 <= answer.attempts <= 64
        assert (answer.how == "pin") == (answer.attempts > 1)
        assert (answer.tokens == answer.puzzle.kind.truth(answer.puzzle.question)).all()


def test_the_shipped_model_solves_mazes_of_several_sizes() -> None:
    chunk = generator("maze-12x12").chunk({"kind": "hard", "moves": 0}, "test", np.array([7], np.uint64))
    small = [Puzzle(get("maze"), question.reshape(12, 12)) for question in chunk.inputs[:4]]
    large = read(Path(__file__).parents[2] / "datasets" / "samples" / "maze.txt").puzzles
    for answer in load("maze", "cpu").solve([*small, *large], SolveSettings(attempts=16)):
        assert answer.verdict.solved and answer.verdict.facts["optimal"]


def test_pins_make_up_for_a_weak_model_and_every_run_is_counted() -> None:
    puzzles = [puzzle(text) for text in HARD[:3]]
    assert not any(answer.verdict.solved for answer in Solver(Singles()).solve(puzzles))
    model = Singles()
    answers = list(Solver(model).solve(puzzles, SolveSettings(attempts=64)))
    assert sum(answer.verdict.solved for answer in answers) >= 2
    assert sum(answer.attempts for answer in answers) == model.runs
    assert all(answer.how == "pin" for answer in answers if answer.verdict.solved)


@pytest.mark.parametrize("budget", [1, 16, 40, 200])
def test_all_attempts_at_a_puzzle_together_cost_no_more_evaluations_than_allowed(budget: int) -> None:
    puzzles = [puzzle(text) for text in HARD[:3]]
    spent = [0, 0, 0]

    def count(frame: Frame, attempts: Sequence[Attempt]) -> None:
        for attempt in attempts:
            spent[attempt.puzzle] += 1

    settings = SolveSettings(attempts=64, evaluations=budget)
    answers = list(Solver(Singles()).solve(puzzles, settings, on_frame=count))
    for answer, cost in zip(answers, spent, strict=True):
        assert cost <= budget and answer.evaluations == cost
        assert answer.verdict.solved or cost > 0.9 * budget


def test_the_same_seed_gives_the_same_answers_whatever_else_is_solved() -> None:
    settings = SolveSettings(attempts=32)
    together = list(Solver(Singles()).solve([puzzle(text) for text in HARD[:3]], settings))
    alone = [only(Solver(Singles()).solve([puzzle(text)], settings)) for text in HARD[:3]]
    for first, second in zip(together, alone, strict=True):
        assert (first.attempts, first.how, first.steps) == (second.attempts, second.how, second.steps)
        assert (first.tokens == second.tokens).all()


def test_frames_name_their_attempts() -> None:
    seen: dict[int, set[str]] = {}

    def on_frame(frame, attempts) -> None:
        assert len(frame.tokens) == len(attempts)
        for row, attempt in enumerate(attempts):
            seen.setdefault(attempt.number, set()).add(attempt.label)
            for pin_row, column, token in attempt.pins:
                assert frame.tokens[row, pin_row, column] == token

    answer = only(Solver(Singles()).solve([puzzle(HARD[0])], SolveSettings(attempts=16), on_frame))
    assert sorted(seen) == list(range(1, answer.attempts + 1))
    assert seen[1] == {"one pass"}
    assert all(len(labels) == 1 for labels in seen.values())
    assert all(label.startswith("pin r") for number in seen if number > 1 for label in seen[number])


def test_a_maze_that_is_smaller_than_the_grid_is_set_in_walls() -> None:
    answer = only(Solver(MazeOracle(12)).solve([puzzle(MAZE, "maze")]))
    assert answer.verdict.solved and answer.steps == 1
    assert answer.tokens.shape == answer.confidence.shape == (8, 8)


def test_a_maze_that_is_larger_than_the_grid_is_refused_with_both_sizes() -> None:
    answer = only(Solver(MazeOracle(6)).solve([puzzle(MAZE, "maze")]))
    assert not answer.verdict.solved and answer.attempts == 0
    assert "8x8" in answer.verdict.problems[0] and "6x6" in answer.verdict.problems[0]


def test_symmetric_copies_and_random_starts_solve_what_one_pass_does_not() -> None:
    upside_down = puzzle("\n".join(reversed(MAZE.split("\n"))), "maze")
    for model, how in (
        (MazeOracle(only_start_above_goal=True), "symmetric copy"),
        (MazeOracle(only_after_noise=True), "random start"),
    ):
        assert not only(Solver(model).solve([upside_down])).verdict.solved
        answer = only(Solver(model).solve([upside_down], SolveSettings(attempts=16)))
        assert answer.verdict.solved and answer.how == how
        assert 1 < answer.attempts <= 16


def test_the_exact_solver_is_used_only_if_asked_for() -> None:
    settings = SolveSettings(exact=True)
    answers = list(Solver(Singles()).solve([puzzle(EASY[0]), puzzle(HARD[0])], settings))
    assert [answer.how for answer in answers] == ["one pass", "exact solver"]
    assert all(answer.verdict.solved for answer in answers)
    assert only(Solver(Singles()).solve([puzzle(HARD[0])])).how == "none"


def test_the_exact_solver_tells_of_no_solution_and_of_several() -> None:
    settings = SolveSettings(exact=True)
    liar = Solver(Liar())
    none = only(liar.solve([puzzle("123....4........", "sudoku-4x4")], settings))
    assert not none.verdict.solved and none.how == "none" and "no solution" in none.verdict.problems[-1]
    several = only(liar.solve([puzzle("1...............", "sudoku-4x4")], settings))
    assert several.verdict.solved and several.how == "exact solver"
    assert "more than one solution" in several.verdict.problems[-1]


def test_a_proof_comes_after_one_attempt_and_is_not_the_models() -> None:
    settings = SolveSettings(proof=True, attempts=64)
    texts = (f"12345678.........9{'.' * 63}", "." * 81, EASY[0])
    none, several, one = Solver(Singles()).solve([puzzle(text) for text in texts], settings)
    assert (none.verdict.problems[-1], none.how, none.attempts) == (NO_SOLUTION, "none", 1)
    assert (several.how, several.attempts, several.verdict.problems) == ("exact solver", 1, (SEVERAL_SOLUTIONS,))
    assert several.verdict.solved and one.how == "one pass"


def test_a_solved_puzzle_is_said_to_have_another_solution_where_that_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(get("sudoku")), "another", lambda self, question, answer: answer)  # as if it were another
    doubted = only(Solver(Singles()).solve([puzzle(EASY[0])], SolveSettings(proof=True)))
    assert doubted.verdict.solved and doubted.how == "one pass"
    assert doubted.verdict.problems == (SEVERAL_SOLUTIONS,)
    assert only(Solver(Singles()).solve([puzzle(EASY[0])])).verdict.problems == ()


def test_a_puzzle_of_another_kind_is_refused() -> None:
    with pytest.raises(PuzzleError, match="sudoku, not maze"):
        list(Solver(Singles()).solve([puzzle(MAZE, "maze")]))


@pytest.mark.parametrize("setting", ["steps", "attempts", "batch"])
def test_settings_below_one_are_refused(setting: str) -> None:
    with pytest.raises(ValueError, match=setting):
        replace(SolveSettings(), **{setting: 0})


def test_seconds_are_shares_of_the_time_that_passed() -> None:
    import time

    clock = time.perf_counter()
    answers = list(Solver(Singles()).solve([puzzle(text) for text in (*EASY, HARD[0])], SolveSettings(attempts=4)))
    passed = time.perf_counter() - clock
    assert 0 < sum(answer.seconds for answer in answers) <= passed
    assert answers[2].seconds > answers[0].seconds


def test_an_unsolved_answer_is_the_one_with_the_fewest_offending_cells() -> None:
    question, endings = puzzle(HARD[1]), {}

    def on_frame(frame, attempts) -> None:
        for row, attempt in enumerate(attempts):
            if frame.step == 16:
                offending = int(question.kind.check(question.question, frame.tokens[row]).offending.sum())
                endings[attempt.number] = offending, frame.tokens[row], frame.confidence[row]

    answer = only(Solver(Singles(sweeps=1)).solve([question], SolveSettings(attempts=8), on_frame))
    counts = {number: offending for number, (offending, _, _) in endings.items()}
    best = min(counts, key=lambda number: counts[number])
    assert len(counts) == 8 and 1 < best < 8, "neither the first attempt nor the last is the best"
    assert not answer.verdict.solved and (answer.how, answer.attempts, answer.steps) == ("none", 8, 16)
    assert answer.verdict.offending.sum() == counts[best] < counts[1]
    assert np.array_equal(answer.tokens, endings[best][1])
    assert np.array_equal(answer.confidence, endings[best][2])
