"""The lesson of search: steps on the sets of open candidates that striking out and pinning lead to."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import torch

from puzzlerec.models.candidates import CandidateEncoder
from puzzlerec.models.prediction import Prediction
from puzzlerec.models.system import part
from puzzlerec.training.lesson import MOST_PINS, Search, pinned
from puzzlerec.training.loop import Trainer
from puzzlerec.training.objectives import Outcome, survival_loss
from puzzlerec.training.recipe import Objective, RecipeError, load_recipe
from puzzlerec.training.run_folder import RunFolder

from .conftest import SOLVED, tiny_examples, tiny_recipe

MODEL = {"projection": "kept", "recursions": 1, "width": 16}


def trainer(folder: Path, model: dict[str, object] | None = None, **objective: object) -> Trainer:
    recipe = tiny_recipe(
        model=MODEL | (model or {}),
        objective={"lesson": "search", "exploration": 0.0} | objective,
        training={"batch": 32, "micro_batch": 16},
    )
    return Trainer(recipe, {"sudoku": tiny_examples()}, torch.device("cpu"), RunFolder(folder))


def refilled(made: Trainer) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Open candidates after a refill, those without pins, and the answer's: [B, L, K] each."""
    (pool,) = made.pools.values()
    assert isinstance(made.lesson, Search)
    made.lesson.refill(pool, 3)
    encoder = cast(CandidateEncoder, made.model.encoder)
    B = len(pool.slots)
    plain = encoder.opened(pool.slots.question)
    return tuple(part.view(B, 16, 4) for part in (pool.slots.state.open, plain, encoder.truth(pool.slots.label)))  # type: ignore[return-value]


def test_without_ease_a_puzzle_begins_as_it_is(tmp_path: Path) -> None:
    ours, plain, _ = refilled(trainer(tmp_path, eased=0.0))
    assert torch.equal(ours, plain)


def test_ease_pins_mostly_right_symbols(tmp_path: Path) -> None:
    ours, plain, truth = refilled(trainer(tmp_path, eased=1.0))
    assert not (ours & ~plain).any()
    more = (ours.sum(-1) == 1).sum(1) - (plain.sum(-1) == 1).sum(1)
    assert bool((more > 0).any())
    right = (truth & ~ours).flatten(1).sum(1) == 0
    assert 0.5 < right.float().mean() < 1  # some puzzles have a wrong pin
    assert MOST_PINS >= 1


def test_a_pin_leaves_one_symbol_that_was_open_to_its_cell(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    (pool,) = made.pools.values()
    encoder = cast(CandidateEncoder, made.model.encoder)
    question = pool.examples.questions[:4].long()
    start = encoder.opened(question)
    torch.manual_seed(0)
    which = torch.tensor([True, False, True, False])
    after = pinned(encoder, question, start, torch.zeros(4, 16, 6), which)
    assert torch.equal(after[1], start[1]) and torch.equal(after[3], start[3])
    assert not (after & ~start).any()
    several = (start.view(4, 16, 4).sum(-1) > 1).any(1)
    assert bool(((after != start).any(1) == (which & several)).all())


def test_pins_follow_beliefs(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    (pool,) = made.pools.values()
    encoder = cast(CandidateEncoder, made.model.encoder)
    question, answer = pool.examples.questions[:4].long(), SOLVED.long().expand(4, -1)
    logits = torch.zeros(4, 16, 6).scatter(2, answer[..., None], 40.0)
    for seed in range(5):
        torch.manual_seed(seed)
        after = pinned(encoder, question, encoder.opened(question), logits, torch.ones(4, dtype=torch.bool))
        assert bool((encoder.truth(answer) <= after).all())  # no right symbol is closed by a right pin


def test_survival_is_asked_of_sets_that_hold_the_answer_alone() -> None:
    objective = Objective(survival_weights=(4.0, 0.5), conflict_weight=0.3)
    survival = torch.tensor([[2.0, -1.0, 0.0, 0.0], [2.0, -1.0, 0.0, 0.0]])
    conflict = torch.tensor([0.7, 0.7])
    at_work = torch.tensor([[True, True, False, False]] * 2)
    truth = torch.tensor([[True, False, True, False]] * 2)
    said = Prediction(torch.zeros(2, 2, 3), torch.zeros(2), torch.zeros(2), survival=survival, conflict=conflict)
    found = survival_loss(said, at_work, truth, torch.tensor([False, True]), objective)
    softplus = torch.nn.functional.softplus
    kept = (4 * softplus(torch.tensor(-2.0)) + 0.5 * softplus(torch.tensor(-1.0))) / 2
    assert torch.allclose(found[0], kept + 0.3 * softplus(torch.tensor(0.7)))
    assert torch.allclose(found[1], 0.3 * softplus(torch.tensor(-0.7)))


def test_halting_is_asked_whether_what_is_left_is_the_answer(tmp_path: Path) -> None:
    made = trainer(tmp_path, pinning=0.0, eased=0.0)
    (pool,) = made.pools.values()
    made.lesson.refill(pool, 0)
    assert isinstance(made.lesson, Search)
    truth = cast(CandidateEncoder, made.model.encoder).truth(pool.slots.label)
    whole = pool.slots.state._replace(open=truth)
    outcome, _, _ = made.lesson._searched(pool, slice(0, len(truth)), whole, detached=True)
    assert bool(outcome.right.all())
    outcome, after, _ = made.lesson._searched(pool, slice(0, len(truth)), pool.slots.state, detached=True)
    assert torch.equal(outcome.right, (after.open == truth).all(1))
    assert not bool(outcome.right.all())


def test_it_learns(tmp_path: Path) -> None:
    made = trainer(tmp_path)
    made.step()
    first = made.report()["loss"]
    assert first < 10  # no closed candidate's logit is in it
    for _ in range(60):
        made.step()
    assert made.report()["loss"] < first
    found = made.evaluate(tiny_examples(8))  # some have a second solution
    assert found["eval_token_accuracy"] > 0.9 and found["eval_exact_accuracy"] > 0.5


def test_slots_end_with_their_puzzles(tmp_path: Path) -> None:
    made = trainer(tmp_path, pinning=1.0)
    (pool,) = made.pools.values()
    for _ in range(8):
        made.step()
        over = cast(CandidateEncoder, made.model.encoder).over(pool.slots.state.open)
        assert bool((pool.slots.halted | ~over).all())


def test_lesson_and_projection_belong_together() -> None:
    with pytest.raises(RecipeError, match="belong together"):
        load_recipe("sudoku-trm", ["objective.lesson=search"])
    with pytest.raises(RecipeError, match="belong together"):
        load_recipe("sudoku", ["objective.lesson=deep-supervision"])


def test_over_a_horizon_the_gradient_of_a_step_goes_back_through_those_before_it(tmp_path: Path) -> None:
    made = trainer(tmp_path, horizon=2, pinning=0.0, eased=0.0)
    (pool,) = made.pools.values()
    made.lesson.refill(pool, 0)
    assert isinstance(made.lesson, Search)
    some, state = slice(0, 8), part(pool.slots.state, slice(0, 8))
    first, free, _ = made.lesson._searched(pool, some, state, detached=False)
    second, last, _ = made.lesson._searched(pool, some, free, detached=True)
    assert free.y.requires_grad and not last.y.requires_grad
    cut, _, _ = made.lesson._searched(pool, some, type(free)(*(kept.detach() for kept in free)), detached=True)
    assert torch.equal(cut.loss, second.loss)
    weights = list(made.model.network.parameters())
    through, alone = (torch.autograd.grad(one.loss, weights, retain_graph=True) for one in (second, cut))
    assert not all(map(torch.allclose, through, alone))

    mean = Outcome.mean([first, second])
    assert torch.allclose(mean.loss, (first.loss + second.loss) / 2)
    assert torch.equal(mean.right, second.right)


def test_a_step_of_the_weights_is_as_many_of_the_slots_as_the_horizon_says(tmp_path: Path) -> None:
    made = trainer(tmp_path, horizon=3)
    (pool,) = made.pools.values()
    made.step()
    assert bool((pool.slots.steps == 3).all())
    assert made.evaluations == 3 * made.model.evaluations
