"""How an answer forms: a model's steps as a stream of frames.

Letters: B runs side by side, H x W grid, L = H * W tokens, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar, cast

import numpy as np

from puzzlerec.display import Displayed
from puzzlerec.models.config import ModelConfig
from puzzlerec.models.prediction import FrameKind, Prediction
from puzzlerec.puzzles import Puzzle, PuzzleError, PuzzleKind, Symmetry, get
from puzzlerec.solving.backends import backend_of

if TYPE_CHECKING:
    import torch

LEAST = np.float32(-80)  # a logarithm below which a probability is none: float32 has no smaller ones


class Model(Protocol):
    """What refinement asks of a model; questions are [B, H, W].

    Tensors, with states that are NamedTuples of tensors [B, ...], or arrays, with lists of B states: see `backends`.
    """

    config: ModelConfig
    frames: ClassVar[FrameKind]

    def start(self, question: Any, steps: int | None, seeds: Sequence[int], /) -> Any: ...

    def step(self, question: Any, state: Any, puzzle_ids: Any | None = None, /) -> tuple[Any, Prediction]: ...

    def perturb(self, state: Any, deviations: Sequence[float], seeds: Sequence[int]) -> Any: ...


AnyModel = TypeVar("AnyModel", bound=Model)


def on_board(model: AnyModel, kind: PuzzleKind) -> AnyModel | None:
    """The model with the same weights on the board of ``kind``; None if it is for other puzzles."""
    own = get(model.config.puzzle)
    if kind == own:
        return model
    board = kind.board() if kind.family == own.family else None
    if board is None or not model.config.any_board:
        return None
    moved: AnyModel = cast(Any, model).on(board)  # which models have whose config has `any_board`
    return moved


@dataclass(frozen=True, eq=False, repr=False)
class Frame(Displayed):
    """The answers of B runs after one step, all as NumPy arrays in the question's own places and tokens.

    Probabilities are over the tokens that an answer may hold; a given cell always keeps its token, with certainty.
    """

    step: int  # from 1
    kind: FrameKind
    tokens: np.ndarray  # [B, H, W] uint8
    confidence: np.ndarray  # [B, H, W] float32, the probability of the token that is shown
    entropy: np.ndarray  # [B, H, W] float32, nats
    probabilities: np.ndarray  # [B, L, V] float16
    masked: np.ndarray | None  # [B, H, W] bool, open cells without an answer yet; None where the system masks nothing
    halt: np.ndarray  # [B] float32, the model's probability that every token is right
    hints: np.ndarray | None = None  # [B, H, W] uint8, what the model shows beside the answer, as `PuzzleKind.hints`
    settled: np.ndarray | None = None  # [B] bool, no step will change anything any more; None where one cannot know
    # [B] float32, the model's probability that the answer is lost, by a wrong pin for instance; None where it says none
    conflict: np.ndarray | None = None
    puzzles: tuple[Puzzle, ...] = ()  # [B], what is answered, in the frame's own grid; none where nobody has said

    def of(self, run: int, shape: tuple[int, int]) -> Frame:
        """One run alone (B = 1), without what a question of this shape was set in."""
        height, width = shape
        grid = self.tokens.shape[1:]
        here = (slice(run, run + 1), slice(height), slice(width))
        return replace(
            self,
            tokens=self.tokens[here],
            confidence=self.confidence[here],
            entropy=self.entropy[here],
            probabilities=self.probabilities[run].reshape(*grid, -1)[:height, :width].reshape(1, height * width, -1),
            masked=None if self.masked is None else self.masked[here],
            halt=self.halt[run : run + 1],
            hints=None if self.hints is None else self.hints[here],
            settled=None if self.settled is None else self.settled[run : run + 1],
            conflict=None if self.conflict is None else self.conflict[run : run + 1],
            puzzles=tuple(
                replace(puzzle, question=puzzle.question[:height, :width]) for puzzle in self.puzzles[run : run + 1]
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: all but the probabilities."""
        return {
            "step": self.step,
            "kind": self.kind,
            "halt": self.halt.tolist(),
            "tokens": self.tokens.tolist(),
            "confidence": self.confidence.tolist(),
            "entropy": self.entropy.tolist(),
            "masked": None if self.masked is None else self.masked.tolist(),
        }

    def __repr__(self) -> str:
        runs, *grid = self.tokens.shape
        return f"<{self.kind} step {self.step} of {runs} grid{'s' * (runs != 1)} of {'x'.join(map(str, grid))}>"


class Refinement:
    """Runs side by side through a model, one step at a time: `advance` gives a frame, `keep` drops runs.

    Run i works on the copy ``symmetries[i]`` of ``questions[i]`` (its frames come back undone), and starts from states
    with Gaussian noise of standard deviation ``noise[i]``, drawn from ``seeds[i]`` alone.
    ``puzzle_ids[i]`` is the row of the model's puzzle embedding that it takes, 0 if None. ``steps`` is how many will be
    taken (the model's own number if None).
    """

    def __init__(
        self,
        model: Model,
        questions: Sequence[np.ndarray] | np.ndarray,
        *,
        device: str | torch.device = "cpu",
        precision: torch.dtype | None = None,
        puzzle_ids: Sequence[int] | None = None,
        symmetries: Sequence[Symmetry | None] | None = None,
        noise: Sequence[float] | None = None,
        seeds: Sequence[int] | None = None,
        steps: int | None = None,
    ) -> None:
        """``questions`` [H, W] uint8 are in the model's own grid shape.

        Raises `PuzzleError` for a puzzle id that the model lacks.
        A model that takes any size takes several sizes at once: frames are then as large as the largest question, and
        the others sit in the top left corner, with padding around.
        """
        config = model.config
        for question in questions:
            if not config.any_size and question.shape != config.grid:
                shapes = ["x".join(map(str, shape)) for shape in (question.shape, config.grid)]
                raise ValueError(f"a question has {shapes[0]} cells, this model takes {shapes[1]}")
        self.model, self._backend = model, backend_of(model, device, precision)
        self.kind = get(config.puzzle)
        self.step = 0
        H, W = (max(sizes) for sizes in zip(*(question.shape for question in questions), strict=True))
        self.grid = H, W
        padded = np.zeros((len(questions), H, W), np.uint8)
        for run, question in enumerate(questions):
            padded[run, : question.shape[0], : question.shape[1]] = question
        self.questions = padded  # [B, H, W], in frames' own places and tokens
        self._puzzles = tuple(Puzzle(self.kind, question) for question in padded)
        self._undo: tuple[np.ndarray, np.ndarray] | None = None
        seen = padded.reshape(len(padded), -1).astype(np.int64)
        if symmetries is not None and any(symmetry is not None for symmetry in symmetries):
            cells = np.tile(np.arange(H * W), (len(padded), 1))  # which cell of the question each seen cell is
            tokens = np.tile(np.arange(config.vocabulary), (len(padded), 1))
            for run, symmetry in enumerate(symmetries):
                if symmetry is not None:
                    (height, width), (old_height, old_width) = symmetry.shape, symmetry.old_shape
                    places = np.arange(H * W).reshape(H, W)
                    old_places = places[:old_height, :old_width].reshape(-1)
                    cells[run, places[:height, :width].reshape(-1)] = old_places[symmetry.cells]
                    tokens[run] = symmetry.tokens
            seen = np.take_along_axis(tokens, np.take_along_axis(seen, cells, 1), 1)
            self._undo = np.argsort(cells, 1), tokens
        self._seen = self._backend.given(seen.reshape(padded.shape))  # [B, H, W], what the model sees
        self._allowed = self.kind.allowed(padded)  # [B, L, V]
        self._open = ~self.kind.given(padded.reshape(len(padded), -1))  # [B, L]
        self._ids = self._embedded(puzzle_ids)
        with self._backend.computing():
            drawn = seeds or [0] * len(questions)
            self._state = model.start(self._seen, steps, drawn)
            if noise is not None and any(noise):
                self._state = model.perturb(self._state, noise, drawn)

    def __len__(self) -> int:
        return len(self._seen)

    def advance(self) -> Frame:
        """One step of the model."""
        with self._backend.computing():
            self._state, prediction = self.model.step(self._seen, self._state, self._ids)
        self.step += 1
        logits, halt = self._backend.taken(prediction.logits), self._backend.taken(prediction.halt)
        masked, hints, settled, conflict = (
            None if said is None else self._backend.taken(said)
            for said in (prediction.masked, prediction.hints, prediction.settled, prediction.conflict)
        )
        if self._undo is not None:
            hints = None  # which may name directions, that turn with the grid
            cells, tokens = self._undo
            masked = None if masked is None else np.take_along_axis(masked, cells, 1)
            logits = np.take_along_axis(logits, cells[:, :, None], 1)
            logits = np.take_along_axis(logits, tokens[:, None].astype(np.int64), 2)
        logits = np.where(self._allowed, logits, np.float32(-np.inf))
        logp = logits - logits.max(-1, keepdims=True)
        probabilities = np.exp(logp)
        total = probabilities.sum(-1, keepdims=True)
        probabilities /= total
        logp -= np.log(total)
        shape = (len(self), *self.grid)
        return Frame(
            step=self.step,
            kind=self.model.frames,
            tokens=probabilities.argmax(-1).astype(np.uint8).reshape(shape),
            confidence=probabilities.max(-1).reshape(shape),
            entropy=-(probabilities * np.maximum(logp, LEAST)).sum(-1).reshape(shape),
            probabilities=probabilities.astype(np.float16),
            masked=None if masked is None else (masked & self._open).reshape(shape),
            halt=_sigmoid(halt),
            hints=None if hints is None else hints.argmax(-1).astype(np.uint8).reshape(shape),
            settled=settled,
            conflict=None if conflict is None else _sigmoid(conflict),
            puzzles=self._puzzles,
        )

    def keep(self, runs: np.ndarray) -> None:
        """Go on with these ``runs`` (indices or a mask over B) alone."""
        index = np.arange(len(self))[runs]
        self.questions, self._allowed, self._open = self.questions[index], self._allowed[index], self._open[index]
        self._puzzles = tuple(self._puzzles[run] for run in index.tolist())
        given = self._backend.given(index)
        self._seen, self._ids = self._seen[given], None if self._ids is None else self._ids[given]
        self._state = self._backend.kept(self._state, index)
        if self._undo is not None:
            cells, tokens = self._undo
            self._undo = cells[index], tokens[index]

    def _embedded(self, puzzle_ids: Sequence[int] | None) -> Any | None:
        """[B] rows of the puzzle embedding; None where the model has no use for them."""
        if not self.model.config.embeds_puzzles or puzzle_ids is None:
            return None
        ids, known = np.asarray(puzzle_ids, np.int64), self.model.config.puzzle_ids
        if missing := [int(one) for one in ids if not 0 <= one < known]:
            raise PuzzleError(f"This model knows the puzzle ids 0 to {known - 1}, not {missing[0]}.")
        return self._backend.given(ids)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    probabilities: np.ndarray = 1 / (1 + np.exp(-np.maximum(logits, LEAST)))
    return probabilities


def refine(
    model: Model,
    questions: Sequence[np.ndarray] | np.ndarray,
    *,
    steps: int | None = None,
    puzzle_ids: Sequence[int] | None = None,
    start_noise: float = 0.0,
    seed: int = 0,
    device: str | torch.device = "cpu",
) -> Iterator[Frame]:
    """The frames of ``steps`` steps on ``questions`` [H, W] uint8.

    If None, as many as the model takes for grids of this size; fewer if no run will change any more.

    ``puzzle_ids`` are as for `Refinement`. ``start_noise`` is the standard deviation of Gaussian noise on the first
    states, drawn anew for each question.
    """
    B = len(questions)
    seeds = [seed + run for run in range(B)]
    noise = [start_noise] * B
    refinement = Refinement(
        model, questions, device=device, puzzle_ids=puzzle_ids, noise=noise, seeds=seeds, steps=steps
    )
    for _ in range(model.config.most_steps(refinement.grid) if steps is None else steps):
        frame = refinement.advance()
        yield frame
        if steps is None and frame.settled is not None and frame.settled.all():
            return
