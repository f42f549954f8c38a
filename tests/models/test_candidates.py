"""The graph of open candidates on every board, its sums and their gradients, and models of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from puzzlerec.models import build, checkpoint, config_class
from puzzlerec.models.candidates import (
    IMPOSSIBLE,
    CandidateEncoder,
    CandidateGraph,
    sum_over_candidates_units,
    sum_over_units,
)
from puzzlerec.models.config import ModelConfig, TRMConfig
from puzzlerec.models.trm import TRM
from puzzlerec.puzzles import get

CONFIG = TRMConfig(mixer="candidates", prefix=0, box=(2, 3), grid=(6, 6), vocabulary=8, symbols=(2, 6), width=8)

BOARDS = {  # what a model is told of its board
    "9x9": {"puzzle": "sudoku", "grid": (9, 9), "vocabulary": 11, "box": (3, 3), "symbols": (2, 9)},
    "6x6": {"puzzle": "sudoku-6x6", "grid": (6, 6), "vocabulary": 8, "box": (2, 3), "symbols": (2, 6)},
    "4x4": {"puzzle": "sudoku-4x4", "grid": (4, 4), "vocabulary": 6, "box": (2, 2), "symbols": (2, 4)},
    "16x16": {"puzzle": "sudoku-16x16", "grid": (16, 16), "vocabulary": 18, "box": (4, 4), "symbols": (2, 16)},
    "x": {
        "puzzle": "sudoku-x", "grid": (9, 9), "vocabulary": 11, "box": (3, 3), "symbols": (2, 9), "diagonals": True,
    },
    "jigsaw": {"puzzle": "jigsaw", "grid": (9, 9), "vocabulary": 91, "regions": 9, "symbols": (2, 9)},
}  # fmt: skip

JIGSAW = """
    000011222
    000111222
    001141252
    333341552
    333444555
    334447558
    666647588
    666777888
    667777888
"""


def small(board: str, system: str = "trm", **settings: object) -> ModelConfig:
    content = {"system": system, "mixer": "candidates", "prefix": 0, "width": 8, "multiple": 4, **BOARDS[board]}
    content |= settings
    return config_class(content).model_validate(content)


def some_questions() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    question = torch.ones(3, 36, dtype=torch.long)
    for b in range(3):
        question[b, torch.randperm(36, generator=generator)[:7]] = torch.randint(2, 8, (7,), generator=generator)
    return question.view(3, 6, 6)


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
    graph = CandidateEncoder(CONFIG).canvas(question)
    found: list[set[tuple[int, int]]] = [set(), set(), set()]
    for flat in graph.open.tolist():
        batch, position = divmod(flat, 36 * 6)
        found[batch].add(divmod(position, 6))  # type: ignore[arg-type]
    assert found == [open_by_hand(q) for q in question.flatten(1).tolist()]
    assert graph.question.bincount().tolist() == [len(each) for each in found]


def test_each_candidate_meets_its_peers_through_four_units() -> None:
    question = some_questions()
    graph = CandidateEncoder(CONFIG).canvas(question)
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
    graph = CandidateEncoder(CONFIG).canvas(some_questions()[:1])
    N, U = len(graph.open), sum(graph.kinds)
    rows = torch.randn(N, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda r: sum_over_units(r, graph.incidence), rows)
    units = torch.randn(U, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda u: sum_over_candidates_units(u, graph.incidence), units)


def test_logits_keep_givens_and_close_what_they_exclude() -> None:
    question = some_questions()
    encoder = CandidateEncoder(CONFIG)
    graph = encoder.canvas(question)
    logits = encoder.logits(torch.arange(1.0, len(graph.open) + 1)[:, None], graph)
    cells = question.flatten(1)
    assert torch.equal(logits.argmax(-1)[cells > 1], cells[cells > 1])
    assert int((logits > 0).sum()) == len(graph.open)
    assert torch.all(logits[..., :2] == IMPOSSIBLE)


def test_a_full_grid_has_no_candidates_and_no_trouble() -> None:
    full = torch.tensor([[2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]])
    both = torch.cat([full, torch.where(torch.arange(16) < 3, 1, full)])
    for flat in (full, both):
        model, question = TRM(small("4x4", latent_updates=1)), flat.view(-1, 4, 4)
        _, prediction = model.step(question, model.start(question))
        assert torch.equal(prediction.logits[0].argmax(-1), full[0])
        assert torch.isfinite(prediction.halt).all()


# ---- other boards


def units_by_hand(board: str, regions: np.ndarray) -> list[set[int]]:
    """The sets of cells that hold each symbol once, by the rules of the board."""
    size = len(regions)
    cells = np.arange(size * size).reshape(size, size)
    units = [*map(set, cells.tolist()), *map(set, cells.T.tolist())]
    units += [set(cells[regions == region].tolist()) for region in np.unique(regions)]
    if board == "x":
        units += [set(cells.diagonal().tolist()), set(np.fliplr(cells).diagonal().tolist())]
    return units


def regions_of(board: str) -> np.ndarray:
    if board == "jigsaw":
        return np.array([[int(digit) for digit in line] for line in JIGSAW.split()])
    (H, W), (h, w) = BOARDS[board]["grid"], BOARDS[board]["box"]  # type: ignore[misc]
    return np.add.outer(np.arange(H) // h * (W // w), np.arange(W) // w)


def asked(board: str, regions: np.ndarray, digits: np.ndarray) -> torch.Tensor:
    """A question [1, H, W] of digits from 1, 0 for blank, in the board's tokens."""
    return torch.from_numpy((1 + digits + (regions * 10 if board == "jigsaw" else 0)).astype(np.int64))[None]


def some_givens(size: int, count: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    digits = np.zeros(size * size, np.int64)
    digits[rng.permutation(size * size)[:count]] = rng.integers(1, size + 1, count)
    return digits.reshape(size, size)


def members(graph: CandidateGraph, K: int) -> set[tuple[int, frozenset[tuple[int, int]]]]:  # noqa: N803
    """The units of a graph of one question: their kind and the (cell, symbol) pairs in each."""
    ones = sum_over_units(torch.eye(len(graph.open)), graph.incidence)
    kinds = np.repeat(range(4), graph.kinds)
    pairs = [divmod(place, K) for place in graph.open.tolist()]
    return {
        (int(kind), frozenset(pairs[i] for i in row.nonzero().flatten().tolist()))
        for kind, row in zip(kinds, ones, strict=True)
    }


def test_the_jigsaws_regions_have_a_cell_for_each_digit() -> None:
    assert np.bincount(regions_of("jigsaw").flatten()).tolist() == [9] * 9


@pytest.mark.parametrize("board", BOARDS)
def test_every_board_is_its_units(board: str) -> None:
    """Candidates that no given rules out meet in the units of the rules, whichever board it is."""
    regions = regions_of(board)
    size, units = len(regions), units_by_hand(board, regions)
    digits = some_givens(size, size)
    given = {cell: digit - 1 for cell, digit in enumerate(digits.flatten().tolist()) if digit}
    left = {
        (cell, symbol)
        for cell in set(range(size * size)) - set(given)
        for symbol in range(size)
        if not any(cell in unit and given.get(other) == symbol for unit in units for other in unit)
    }
    encoder = CandidateEncoder(small(board))
    graph = encoder.canvas(asked(board, regions, digits))
    assert {divmod(place, size) for place in graph.open.tolist()} == left

    kinds = [0] * size + [1] * size + [2] * (len(units) - 2 * size)
    expected = {
        (kind, frozenset((cell, symbol) for cell in unit if (cell, symbol) in left))
        for kind, unit in zip(kinds, units, strict=True)
        for symbol in range(size)
    } | {(3, frozenset((cell, symbol) for symbol in range(size) if (cell, symbol) in left)) for cell in range(size**2)}
    assert members(graph, size) == {(kind, unit) for kind, unit in expected if unit}


def test_a_jigsaws_logits_are_of_the_tokens_of_each_cells_own_region() -> None:
    regions = regions_of("jigsaw")
    question = asked("jigsaw", regions, some_givens(9, 12))
    model = TRM(small("jigsaw"))
    _, prediction = model.step(question, model.start(question))
    assert prediction.logits.shape == (1, 81, 91)
    says, tokens = prediction.logits[0].argmax(-1), question.flatten()
    assert torch.equal((says - 1) // 10, torch.from_numpy(regions).flatten())
    given = (tokens - 1) % 10 > 0
    assert torch.equal(says[given], tokens[given])
    possible = prediction.logits[0] > IMPOSSIBLE / 2
    assert not possible[:, 0].any() and not possible[:, 1::10].any()  # padding, blanks


def test_questions_with_different_regions_go_together() -> None:
    regions, turned = regions_of("jigsaw"), np.rot90(regions_of("jigsaw"))
    questions = torch.cat([asked("jigsaw", each, some_givens(9, 9)) for each in (regions, turned)])
    model = TRM(small("jigsaw"))
    together = model.step(questions, model.start(questions))[1].logits
    alone = torch.cat([model.step(each[None], model.start(each[None]))[1].logits for each in questions])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def steps(model: TRM, question: torch.Tensor, count: int = 2) -> torch.Tensor:
    state = model.start(question)
    with torch.no_grad():
        for _ in range(count):
            state, prediction = model.step(question, state)
    return prediction.logits


def test_weights_go_from_board_to_board_without_a_copy() -> None:
    model = TRM(small("9x9"))
    for board, settings in BOARDS.items():
        other = model.on(settings)
        assert (other.config.puzzle, other.config.grid) == (settings["puzzle"], settings["grid"])
        assert dict(other.named_parameters()).keys() == dict(model.named_parameters()).keys()
        for one, same in zip(model.parameters(), other.parameters(), strict=True):
            assert one is same
        regions = regions_of(board)
        question = asked(board, regions, some_givens(len(regions), len(regions)))
        assert steps(other, question).shape == (1, len(regions) ** 2, settings["vocabulary"])
        fresh = TRM(other.config)
        fresh.load_state_dict(model.state_dict())
        assert torch.equal(steps(fresh, question), steps(other, question))
    assert model.config.puzzle == "sudoku"


def test_a_jigsaw_whose_regions_are_boxes_is_a_sudoku() -> None:
    digits, boxes = some_givens(9, 15), regions_of("9x9")
    model = TRM(small("9x9"))
    plain = steps(model, asked("9x9", boxes, digits)).view(81, 11)[:, 2:]
    jigsaw = steps(model.on(BOARDS["jigsaw"]), asked("jigsaw", boxes, digits)).view(81, 91)
    own = torch.from_numpy(boxes).flatten()[:, None] * 10 + torch.arange(2, 11)
    torch.testing.assert_close(jigsaw.gather(1, own), plain)


def test_a_jigsaw_knows_no_numbers_of_regions_and_no_names_of_digits() -> None:
    rng = np.random.default_rng(0)
    regions, digits = regions_of("jigsaw"), some_givens(9, 12)
    renumbered, renamed = rng.permutation(9), np.r_[0, 1 + rng.permutation(9)]
    model = TRM(small("jigsaw"))
    one = steps(model, asked("jigsaw", regions, digits)).view(81, 91)[:, 1:].view(81, 9, 10)
    other = steps(model, asked("jigsaw", renumbered[regions], renamed[digits])).view(81, 91)[:, 1:].view(81, 9, 10)
    torch.testing.assert_close(one, other[:, renumbered][:, :, renamed])


@pytest.mark.parametrize("board", ["x", "jigsaw", "16x16"])
def test_other_boards_learn(board: str) -> None:
    regions = regions_of(board)
    question = asked(board, regions, some_givens(len(regions), len(regions)))
    model = TRM(small(board))
    _, prediction = model.step(question, model.start(question))
    (prediction.logits.clamp(min=-100).square().mean() + prediction.halt.mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.any(), f"{name} has no part in the prediction"


def test_the_shipped_sudoku_weights_run_on_other_boards() -> None:
    model = checkpoint.load("sudoku")
    for board in ("x", "jigsaw", "16x16"):
        regions = regions_of(board)
        question = asked(board, regions, some_givens(len(regions), 5))
        assert torch.isfinite(steps(model.on(BOARDS[board]), question, 1)).all()


def test_weights_that_belong_to_one_board_stay_there() -> None:
    attention = TRM(TRMConfig(grid=(4, 4), vocabulary=6, width=8, heads=2, multiple=8, latent_updates=1))
    with pytest.raises(ValueError, match="the attention mixer is for the board that it was trained on"):
        attention.on({"grid": (6, 6)})
    assert not attention.config.any_board and small("9x9").any_board
    for settings, words in (
        ({"grid": (9, 9)}, "needs a `box`"),
        ({"box": (3, 3)}, "`symbols`"),
        ({"box": (3, 3), "regions": 9, "symbols": (2, 9)}, "not both"),
        ({"regions": 9, "symbols": (2, 9)}, "within 11"),
        ({"width": 9}, "width: a board has the settings box"),
    ):
        with pytest.raises(ValueError, match=words):
            TRM(small("9x9")).on(settings)
    local = TRM(TRMConfig(mixer="local", mask_padding=True, prefix=0, width=8, multiple=8, vocabulary=6, grid=(4, 4)))
    assert local.on({"puzzle": "maze", "grid": (5, 7)}).config.grid == (5, 7)
    with pytest.raises(ValueError, match="knows 6 tokens"):
        local.on({"vocabulary": 7})


# ---- other systems


@pytest.mark.parametrize("system", ["trm", "sprm", "hrm", "direct", "drm"])
@pytest.mark.parametrize("board", ["4x4", "jigsaw"])
def test_every_system_of_cells_works_on_candidates(system: str, board: str) -> None:
    model = build(small(board, system, **({"recursions": 2, "with_gradient": 2} if system == "drm" else {})))
    regions = regions_of(board)
    size = len(regions)
    question = asked(board, regions, some_givens(size, size // 2)).expand(2, -1, -1)
    answer = asked(board, regions, np.random.default_rng(1).integers(1, size + 1, (size, size))).flatten(1)
    state = model.begin(question, answer.expand(2, -1), torch.rand(2, 1 + size**2))
    state, prediction = model.step(question, state)
    assert prediction.logits.shape == (2, size**2, BOARDS[board]["vocabulary"])
    assert not any(part.requires_grad for part in state)
    (prediction.logits.clamp(min=-100).square().mean() + prediction.halt.mean()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f"{name} has no part in the prediction"
    before = prediction.logits.detach()
    optimizer = torch.optim.SGD(model.parameters(), 0.05)
    optimizer.step()
    _, after = model.eval().step(question, model.start(question, 2, [0, 1]))
    assert not torch.equal(before, after.logits)


@pytest.mark.parametrize("system", ["hrm", "direct", "drm"])
def test_other_systems_on_candidates_see_copies_as_one(system: str) -> None:
    """Digits renamed and two rows of a band swapped."""
    rng = np.random.default_rng(2)
    digits = (
        get("sudoku").parse("1....7.9..3..2...8..96..5....53..9...1..8...26....4...3......1..4......7..7...3..") - 1
    )
    rows, renamed = np.array([0, 1, 2, 5, 4, 3, 6, 7, 8]), np.r_[0, 1 + rng.permutation(9)]
    settings = {"remasking": "confidence"} if system == "drm" else {}  # random numbers belong to places
    model = build(small("9x9", system, **settings)).eval()
    questions = torch.cat(
        [asked("9x9", regions_of("9x9"), each.astype(np.int64)) for each in (digits, renamed[digits[rows]])]
    )
    state = model.start(questions, 1, [0, 0])
    with torch.no_grad():
        _, prediction = model.step(questions, state)
    one, other = prediction.logits.view(2, 9, 9, 11)[..., 1:]
    torch.testing.assert_close(one[rows], other[..., renamed], atol=2e-4, rtol=2e-4)
    torch.testing.assert_close(prediction.halt[0], prediction.halt[1])


def test_drm_restores_candidates_over_its_steps_and_forgets_none_that_it_keeps() -> None:
    model = build(small("4x4", "drm", supervision_steps=4)).eval()
    question = asked("4x4", regions_of("4x4"), some_givens(4, 3))
    state = model.start(question, 4, [3])
    hidden = []
    for _ in range(4):
        state, prediction = model.step(question, state)
        hidden.append(int((state.answer == 6).sum()))
    assert hidden[-1] == 0 and hidden == sorted(hidden, reverse=True)
    labels = model.encoder.labelled(state.answer, model.encoder.canvas(question))
    chosen = model.encoder.canvas(question).open[labels == 1]
    assert all(int(state.answer[0, place // 4]) == 2 + int(place) % 4 for place in chosen)
    assert torch.isfinite(prediction.logits).all()


@pytest.mark.parametrize(("vocabulary", "fits"), [(91, True), (90, False), (120, True)])
def test_the_tokens_of_all_regions_have_room_in_the_vocabulary(vocabulary: int, fits: bool) -> None:
    if fits:
        assert small("jigsaw", vocabulary=vocabulary).vocabulary == vocabulary
    else:
        with pytest.raises(ValueError, match="within 90"):
            small("jigsaw", vocabulary=vocabulary)
