"""The set of open candidates as a state: what is open, what a placed symbol closes, and what a step strikes out."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from puzzlerec.models import build
from puzzlerec.models.candidates import IMPOSSIBLE, CandidateEncoder
from puzzlerec.models.config import TRMConfig
from puzzlerec.models.trm import TRM, Candidates
from puzzlerec.puzzles import get

from .test_candidates import BOARDS, JIGSAW, small

SOLVED = [1, 2, 3, 4, 3, 4, 1, 2, 2, 1, 4, 3, 4, 3, 2, 1]
PUZZLE = "1...\n..1.\n.1..\n...1"


def question(text: str = PUZZLE, kind: str = "sudoku-4x4") -> torch.Tensor:
    return torch.from_numpy(get(kind).parse(text).astype(np.int64))[None]


def model(board: str = "4x4", **settings: object) -> TRM:
    torch.manual_seed(1)
    made = build(small(board, projection="kept", recursions=1, latent_updates=2, **settings)).eval()
    assert isinstance(made, TRM)
    return made


def encoder(board: str = "4x4") -> CandidateEncoder:
    return CandidateEncoder(small(board))


def sets(text: str) -> torch.Tensor:
    """[1, L * K] bool of cells such as "13 2 4 124"."""
    return torch.tensor([[str(k + 1) in cell for cell in text.split() for k in range(4)]])


def test_a_question_opens_what_its_givens_leave() -> None:
    opened = encoder().opened(question())
    assert torch.equal(opened, sets("1 234 234 234  234 234 1 234  234 1 234 234  234 234 234 1"))


def test_a_placed_symbol_closes_others_until_nothing_more_falls() -> None:
    made = encoder()
    start = sets("1 2 234 234  234 234 1 234  234 1 234 234  234 234 234 1")
    assert torch.equal(made.propagated(question(), start), sets("1 2 34 34  34 34 1 234  234 1 234 234  234 34 234 1"))
    chain = sets("1 2 34 34  3 34 1 234  234 1 234 234  234 34 234 1")
    closed = made.propagated(question(), chain)
    assert torch.equal(closed, sets("1 2 34 34  3 4 1 2  24 1 234 34  24 3 24 1"))


def test_two_equal_symbols_in_a_unit_leave_no_candidate() -> None:
    made = encoder()
    closed = made.propagated(question(), sets("1 2 2 34  34 34 1 34  234 1 234 234  234 234 234 1"))
    assert not closed.view(1, 16, 4)[0, 1:3].any()
    assert made.over(closed).all()


def test_over_is_when_each_cell_has_one_or_some_cell_none() -> None:
    solved = torch.tensor([[SOLVED[cell] == k + 1 for cell in range(16) for k in range(4)]])
    several, none = solved.clone(), solved.clone()
    several[0, 1] = True
    none[0, 0] = False
    assert encoder().over(torch.cat((solved, several, none))).tolist() == [True, False, True]


@pytest.mark.parametrize("board", ["9x9", "6x6", "16x16", "x", "jigsaw"])
def test_the_graph_at_the_start_is_the_questions(board: str) -> None:
    made = encoder(board)
    if board == "jigsaw":
        regions = torch.tensor([int(c) for c in "".join(JIGSAW.split())])
        asked = (1 + 10 * regions).view(1, 9, 9)
        asked[0, 0, 0] += 5
    else:
        H, W = BOARDS[board]["grid"]  # type: ignore[misc]
        asked = torch.ones(1, H, W, dtype=torch.long)  # type: ignore[has-type]
        asked[0, 0, 0], asked[0, 1, 3] = 4, 5
    usual, ours = made.canvas(asked), made.on_open(asked, made.opened(asked))
    assert torch.equal(usual.open, ours.open) and usual.kinds == ours.kinds
    assert torch.equal(usual.tokens, ours.tokens)
    assert torch.equal(usual.incidence.members, ours.incidence.members)


def test_placed_symbols_are_givens_to_the_graph() -> None:
    made = encoder()
    graph = made.on_open(question(), sets("1 2 34 34  3 4 1 2  24 1 234 34  24 3 24 1"))
    assert graph.tokens[0].tolist() == [2, 3, 1, 1, 4, 5, 2, 3, 1, 2, 1, 1, 1, 4, 1, 2]
    assert len(graph.open) == 2 + 2 + 2 + 3 + 2 + 2 + 2


def test_a_step_strikes_out_what_is_said_not_to_survive() -> None:
    trm, asked = model().train(), question("1...\n....\n....\n...2")
    start = trm.start(asked)
    assert isinstance(start, Candidates)
    _, said = trm.step(asked, start)
    assert said.survival is not None and said.conflict is not None and said.conflict.shape == (1,)
    at_work = start.open & (start.open.view(1, 16, 4).sum(-1) > 1).repeat_interleave(4, 1)
    assert bool((said.survival[~at_work] == 0).all())
    values = said.survival[at_work].detach().sort().values
    widest = int(values.diff().argmax())
    middle = values[widest : widest + 2].mean()  # symmetric candidates are alike but for rounding
    with torch.no_grad():
        trm.strike = float(torch.sigmoid(middle))  # some of them fall
    after, again = trm.step(asked, start)
    assert isinstance(after, Candidates) and torch.equal(again.logits, said.logits)
    falls = at_work & (said.survival < middle)
    assert not (after.open & falls).any()
    assert torch.equal(after.open, trm.encoder.propagated(asked, start.open & ~falls))  # type: ignore[operator]
    closed = ~start.open.view(1, 16, 4)
    assert bool((said.logits[0, :, 2:][closed[0]] == IMPOSSIBLE).all())
    _, answer = trm.eval().step(asked, start)  # which is what is left
    left = after.open.view(1, 16, 4)
    assert bool((answer.logits[..., 2:][~left & left.any(-1, keepdim=True)] == IMPOSSIBLE).all())
    assert torch.equal(answer.logits[..., 2:][left], said.logits[..., 2:][left])
    survivors = start.open & ~falls
    assert not torch.equal(after.y.view(64, -1)[survivors[0]], start.y.view(64, -1)[survivors[0]])
    assert torch.equal(after.y.view(64, -1)[~start.open[0]], start.y.view(64, -1)[~start.open[0]])


def test_nothing_is_struck_out_of_a_full_grid_and_it_is_settled() -> None:
    trm = model()
    full = torch.tensor(SOLVED).view(1, 4, 4) + 1
    _, said = trm.step(full, trm.start(full))
    assert said.settled is not None and said.settled.all()
    assert torch.equal(said.logits.argmax(-1), full.flatten(1))


def test_settings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValidationError, match="kept"):
        small("4x4", projection="fresh")
    with pytest.raises(ValidationError, match="two states"):
        small("4x4", projection="kept", latents="single")
    assert not TRMConfig().has_candidates and not small("4x4").has_candidates  # type: ignore[attr-defined]
