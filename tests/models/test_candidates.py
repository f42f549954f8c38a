"""The graph of open candidates, its sums and their gradients."""

from __future__ import annotations

import torch

from puzzlerec.models.candidates import IMPOSSIBLE, CandidateGraphs, sum_over_candidates_units, sum_over_units
from puzzlerec.models.config import ModelConfig

CONFIG = ModelConfig(mixer="candidates", prefix=0, box=(2, 3), grid=(6, 6), vocabulary=8, symbols=(2, 6), width=8)


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    question = torch.ones(3, 36, dtype=torch.long)
    for b in range(3):
        question[b, torch.randperm(36, generator=generator)[:7]] = torch.randint(2, 8, (7,), generator=generator)
    return question


def open_by_hand(question: list[int]) -> set[tuple[int, int]]:
    """(cell, digit) pairs that no given rules out, by the definition of a 6x6 Sudoku."""

    def meet(a: int, b: int) -> bool:
        (r, c), (s, d) = divmod(a, 6), divmod(b, 6)
        return r == s or c == d or (r // 2 == s // 2 and c // 3 == d // 3)

    return {
        (cell, digit)
        for cell in range(36)
        for digit in range(6)
        if question[cell] == 1 and not any(question[other] == digit + 2 and meet(cell, other) for other in range(36))
    }


def test_open_candidates_are_those_no_given_rules_out() -> None:
    question = some_questions()
    graph = CandidateGraphs(CONFIG)(question)
    found: list[set[tuple[int, int]]] = [set(), set(), set()]
    for flat in graph.open.tolist():
        batch, position = divmod(flat, 36 * 6)
        found[batch].add(divmod(position, 6))  # type: ignore[arg-type]
    assert found == [open_by_hand(q) for q in question.tolist()]
    assert graph.question.bincount().tolist() == [len(each) for each in found]


def test_each_candidate_meets_its_peers_through_four_units() -> None:
    question = some_questions()
    graph = CandidateGraphs(CONFIG)(question)
    N = len(graph.open)
    ones = sum_over_units(torch.eye(N), graph.incidence)  # [U, N]: the members of each unit
    assert sum(graph.kinds) == len(ones)
    shared = sum_over_candidates_units(ones, graph.incidence)  # [N, N]: units that two candidates share
    assert torch.all(shared.diagonal() == 4)
    batch, cell, digit = graph.open // 216, graph.open // 6 % 36, graph.open % 6
    row, column = cell // 6, cell % 6
    box = row // 2 * 2 + column // 3
    same_puzzle = batch[:, None] == batch
    same_digit = digit[:, None] == digit
    expected = sum((key[:, None] == key) & same_digit & same_puzzle for key in (row, column, box))
    expected = expected + ((cell[:, None] == cell) & same_puzzle)
    assert torch.equal(shared, expected.float())


def test_gradients_of_the_sums() -> None:
    graph = CandidateGraphs(CONFIG)(some_questions()[:1])
    N, U = len(graph.open), sum(graph.kinds)
    rows = torch.randn(N, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: sum_over_units(r, graph.incidence), rows)
    units = torch.randn(U, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda u: sum_over_candidates_units(u, graph.incidence), units)


def test_logits_keep_givens_and_close_what_they_exclude() -> None:
    question = some_questions()
    graphs = CandidateGraphs(CONFIG)
    graph = graphs(question)
    logits = graphs.place(torch.arange(1.0, len(graph.open) + 1), graph, question)
    given = question > 1
    assert torch.equal(logits.argmax(-1)[given], question[given])
    assert int((logits > 0).sum()) == len(graph.open)
    assert torch.all(logits[..., :2] == IMPOSSIBLE)


def test_a_full_grid_has_no_candidates_and_no_trouble() -> None:
    from puzzlerec.models.trm import TRM

    config = ModelConfig(
        mixer="candidates", prefix=0, box=(2, 2), grid=(4, 4), vocabulary=6, symbols=(2, 4), width=8, latent_updates=1
    )
    full = torch.tensor([[2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]])
    both = torch.cat([full, torch.where(torch.arange(16) < 3, 1, full)])
    for flat in (full, both):
        model, question = TRM(config), flat.view(-1, 4, 4)
        _, prediction = model.step(question, model.start(question))
        assert torch.equal(prediction.logits[0].argmax(-1), full[0])
        assert torch.isfinite(prediction.halt).all()
