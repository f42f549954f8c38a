"""Test-time training: new networks are trained on the demonstrations of one ARC task alone, and answer its tests.

Demonstrations and tests are seen in all eight views, turned and reflected, each with a learned vector of its own. Once
a network knows the demonstrations it answers the tests every few batches, in every view; the answers that have most
votes of all networks, each as much as its network trusts it, are the tries.

Most tasks can be learned by heart. So some of their networks lack something, and those that cannot do without are soon
given up: the less a network has that knows the demonstrations, the likelier it has found the rule.

Of enough demonstrations each network has one held back until it knows the others, and answers it before it is learned:
a network that has found the rule foresees it, and has more votes.

A network is TRM on a vector a cell and colour. Of a task's colours only those that occur count: token 0 is padding,
1 to K are they in order, K + 1 is no colour.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from puzzlerec.models import checkpoint
from puzzlerec.models.colours import WAYS, deafen
from puzzlerec.models.config import ModelConfig, TRMConfig
from puzzlerec.models.prediction import PADDING, Prediction
from puzzlerec.models.registry import build
from puzzlerec.models.system import System
from puzzlerec.puzzles.arc.augmentation import DIHEDRAL, DIHEDRAL_INVERSE
from puzzlerec.puzzles.arc.canvas import COLOURS
from puzzlerec.puzzles.arc.sizes import NOTHING, Learned, Shape, SizeRule, cornered, shape_of, size_rule
from puzzlerec.puzzles.arc.tasks import Pair, Task
from puzzlerec.training.objectives import supervise
from puzzlerec.training.optimizers import build_optimizers, clip_gradients, scale_rates, schedule
from puzzlerec.training.recipe import Objective, OptimizerSettings

BASE = "arc-base"  # as which networks begin by default

TRIES = 2  # answers that a test may be given
BATCH = 8  # copies of pairs
MOST_PADDING = 0.25  # of a batch's real cells
PATIENCE = 0.5  # of the time that is left, after which the rate falls though not all is known
HELD = 0.5  # of that, for which at most a demonstration is held back to see whether it is foreseen
ENOUGH = 3  # demonstrations of which one may be held back
VOTE_EVERY = 8  # batches
WORTHWHILE = 0.5  # of the least time that a network took, which the next one needs
HURRY = 2  # times the most that one took: with less than that left none lacks what no other one lacked
FEWEST = 24  # batches before the rate falls, if there is time
AGREED = 4  # networks in a row that say the same, after which no more are asked
LEAST = 0.01  # weight of a network's votes that knows no demonstration
LOOK_EVERY = 0.05  # of the time until there are votes, after which the tests are answered to be looked at
MODEL = {
    **{"puzzle": "arc", "symbols": (1, COLOURS), "vocabulary": COLOURS + 2, "puzzle_ids": len(DIHEDRAL)},
    **{"mixer": "colours", "prefix": 0, "mask_padding": True},
    **{"width": 24, "layers": 2, "expansion": 2, "multiple": 16},
    **{"latent_updates": 2, "recursions": 1, "supervision_steps": 4},
}
OWN, VIEWS = "colour_embedding.weight", "puzzle_embedding.weight"  # of a task's own colours; of the eight views
OBJECTIVE = Objective(loss="softmax", halt_weight=0.1)
OPTIMIZER = OptimizerSettings(
    name="muon",
    lr=4e-3,
    rest_lr=1.2e-2,
    embedding_lr=1.2e-2,  # of the views: a rule that turns with none of them waits for their vectors
    weight_decay=0.2,
    warmup=0,
    schedule="linear",
    decay=0.5,
    clip=1.0,
)
ADAPTING = OPTIMIZER.model_copy(update={"lr": 3e-3, "rest_lr": 9e-3})  # of a network that begins as a base


def load_base(name: str = BASE) -> System | None:
    """The checkpoint of this name as a base; None where it is "none". Raises `CheckpointError`."""
    if name == "none":
        return None
    base = checkpoint.load(name)
    if base.config.mixer != MODEL["mixer"] or base.config.puzzle_ids != MODEL["puzzle_ids"]:
        raise checkpoint.CheckpointError(
            f"{name} is no base for ARC tasks, but a model of {base.config.puzzle}: {BASE} is one, and none is none."
        )
    return base


@dataclass(frozen=True, eq=False)
class Try:
    """An answer to a test, and its share of the votes (0 to 1)."""

    output: np.ndarray  # [H, W] uint8 colours
    support: float


@dataclass(frozen=True, eq=False)
class TaskAnswer:
    """The tries at each of a task's tests, best first, and how far the demonstrations themselves were learned."""

    task: Task
    tries: tuple[tuple[Try, ...], ...]  # of each test up to `TRIES`; none where its output can have no size
    sizes: str  # what was assumed of outputs: that they are ...
    fitted: float  # the share of the demonstrations' views that the best network had right when it last saw them
    foreseen: float | None  # by the best of the networks, of the views of what it had not learned; None if none had
    networks: int  # that were trained
    batches: int
    seconds: float

    def agrees(self, test: int) -> bool | None:
        """Whether most votes for a test are for one answer, and a network foresaw most of what it had not learned.

        None where nothing was held back.
        """
        if self.foreseen is None:
            return None
        return self.foreseen > 0.5 and bool(self.tries[test]) and self.tries[test][0].support > 0.5

    def right(self, test: int) -> bool | None:
        """Whether one of the tries at this test is its output, None where that is not known."""
        known = self.task.tests[test].output
        return None if known is None else any(np.array_equal(one.output, known) for one in self.tries[test])


class Progress(NamedTuple):
    """Where training stands after a batch of the oldest network at work."""

    share: float  # of the time, 0 to 1
    loss: float  # of the last supervision step, a puzzle's mean
    fitted: float  # the share of the demonstrations' views that it had right when it last saw them
    known: tuple[float, ...]  # the same of each demonstration
    tries: tuple[tuple[Try, ...], ...]  # as the votes stand; until they count, as the network answers just now
    votes: int  # how many of each test's views count so far
    networks: int  # that were begun so far


class Copy(NamedTuple):
    """A pair in one of its views."""

    pair: int  # among the demonstrations, or the tests
    view: int  # index into `DIHEDRAL`
    question: np.ndarray  # [H, W] tokens
    label: np.ndarray  # [H, W] tokens, `PADDING` where nothing is asked or known
    size: Shape  # of the output


Votes = Counter[tuple[Shape, bytes]]  # for outputs


class Batch(NamedTuple):
    """Copies of about one size, each in the top left corner."""

    copies: Sequence[Copy]
    question: Tensor  # [B, H, W]
    label: Tensor  # [B, H * W]
    view: Tensor  # [B]


def answer(
    task: Task,
    seconds: float,
    seed: int = 0,
    progress: Callable[[Progress], None] = lambda _: None,
    clock: Callable[[], float] = time.perf_counter,
    base: System | None = None,
    threads: int = 1,
) -> TaskAnswer:
    """Train for at most so many ``seconds`` of the ``clock`` on the task's demonstrations, and answer its tests.

    One network after the other is trained in each of the ``threads``, until the time is over or `AGREED` of them in a
    row say the same. What is raised in ``progress`` ends it. One thread answers alike whenever the clock runs alike.
    The first time on a machine layers are compiled before that.
    """
    encoding = Encoding.of(task, size_rule(task))
    # layers are compiled once on a machine: that takes as long as a minute, which is none of the task's time
    Learner(encoding, seed, base=base).learn(next(batches(encoding.copies(task.demonstrations))), 0.0)
    networks = _Networks(task, encoding, seconds, seed, progress, clock, base)
    with ThreadPoolExecutor(threads) as others:  # who computes lets the others do so too
        try:
            working = [others.submit(networks.work) for _ in range(threads - 1)]
            networks.work()
            for one in working:
                one.result()
        finally:
            networks.enough = True
    return networks.answer


class _Networks:
    """The networks of a task, that several threads train: who has ended with one begins the next."""

    def __init__(
        self,
        task: Task,
        encoding: Encoding,
        seconds: float,
        seed: int,
        progress: Callable[[Progress], None],
        clock: Callable[[], float],
        base: System | None,
    ) -> None:
        self.task, self.encoding, self.seed, self.base = task, encoding, seed, base
        self.seconds, self.progress, self.clock = seconds, progress, clock
        self.begun = clock()
        self.end = self.begun + seconds
        self.trained: list[Training] = []  # those at work too
        self.enough = False  # no more batches are wanted
        self._lock = threading.Lock()

    def work(self) -> None:
        """Train one network after the other. Raises what ``progress`` does."""
        threads, now = torch.get_num_threads(), self.begun
        torch.set_num_threads(1)
        try:
            while (training := self._next(now)) is not None:
                for loss in training.run(now, self.end, self.clock):
                    now = training.now
                    if self.enough:
                        return
                    self._tell(training, loss)
                training.over = True
        except BaseException:
            self.enough = True
            raise
        finally:
            torch.set_num_threads(threads)

    def _next(self, now: float) -> Training | None:
        """The next network to train, None if there is no time or need for one."""
        with self._lock:
            trained = self.trained
            late = self.end - now < WORTHWHILE * min(_times(trained), default=0.0)
            self.enough = self.enough or _agree(trained)
            if trained and (late or self.enough):
                return None
            start = _start(trained, self.base is not None, self.end - now)
            trained.append(Training(self.task, self.encoding, self.seed, trained, start, self.base))
            return trained[-1]

    def _tell(self, training: Training, loss: float) -> None:
        """Of the networks at work the oldest tells where they stand."""
        with self._lock:
            trained = self.trained
            if training is next(one for one in trained if not one.over):
                share, votes = min((training.now - self.begun) / self.seconds, 1.0), sum(one.taken for one in trained)
                told = (share, loss, training.fitted, training.known, _tries(trained), votes, len(trained))
                self.progress(Progress(*told))

    @property
    def answer(self) -> TaskAnswer:
        """What came of them all."""
        foreseen = [one.foreseen for one in self.trained if one.foreseen is not None]
        return TaskAnswer(
            self.task,
            tries=_tries(self.trained),
            sizes=self.encoding.rule.words,
            fitted=max(one.fitted for one in self.trained),
            foreseen=max(foreseen) if foreseen else None,
            networks=len(self.trained),
            batches=sum(one.batches for one in self.trained),
            seconds=max(one.now for one in self.trained) - self.begun,
        )


class Start(NamedTuple):
    """How a network begins."""

    based: bool  # as a base does, or from nothing
    lacks: tuple[str, ...]  # vectors for "colours" or "views", so that its rule holds for all alike, or `WAYS` to hear


STARTS = [
    Start(True, ()),
    Start(False, ()),
    Start(False, ("neighbours", "lines", "whole")),  # has counterparts: for halves that are laid over each other
    Start(False, ("lines", "whole")),
    Start(False, ("colours", "views")),
    Start(True, ("colours",)),
    Start(False, ("colours",)),
    Start(True, ("views",)),
    Start(False, ("views",)),
    Start(True, ("colours", "views")),
]


class Training:
    """Of one network: at a constant rate until it knows the demonstrations, then as long again while the rate falls.

    In this second half it answers the tests. Where there are enough demonstrations, each network does without another
    one at first.
    """

    def __init__(
        self, task: Task, encoding: Encoding, seed: int, before: Sequence[Training], start: Start, base: System | None
    ) -> None:
        """``before`` are those of the task's networks that were begun before. It grows."""
        number, count = len(before), len(task.demonstrations)
        self.start = start
        self.learner = Learner(encoding, seed + number, self.start.lacks, base if self.start.based else None)
        self.demonstrations = encoding.copies(task.demonstrations)
        self.tests = encoding.copies(task.tests, asked=True)
        self.votes: list[Votes] = [Counter() for _ in task.tests]
        self.taken = 0  # votes for a test; until there are some, `votes` are what the network says just now
        self.held = (count - 1 - number) % count if count >= ENOUGH else None  # the demonstration it does without
        self.foreseen: float | None = None  # the share of its views that were right before it was learned
        self.given_up = self.over = False
        self.batches = 0
        self.seconds = 0.0  # that it took
        self.now = 0.0  # when its last batch was over
        self._others = before
        self._task, self._rng = task, np.random.default_rng(seed + number)
        self._right: dict[tuple[int, int], bool] = {}  # whether a copy was, when training last saw it

    @property
    def known(self) -> tuple[float, ...]:
        """Of each demonstration the share of views that were right when training last saw them."""
        views, pairs = range(len(DIHEDRAL)), range(len(self._task.demonstrations))
        return tuple(sum(self._right.get((pair, view), False) for view in views) / len(views) for pair in pairs)

    @property
    def fitted(self) -> float:
        return float(np.mean(self.known))

    @property
    def trust(self) -> float:
        """The weight of its votes: more the more demonstrations it knows, what it foresaw, and what it does without."""
        return max(self.fitted, LEAST) * (1 + (self.foreseen or 0)) * (1 + len(self.start.lacks))

    def run(self, begun: float, end: float, clock: Callable[[], float]) -> Iterator[float]:
        """Train, at most until ``end``; after every batch the loss of its last supervision step."""
        turn, stop, falls = end, end, False  # when the rate begins to fall, and is zero
        now, looked = begun, begun
        while now < stop:
            learned = [copy for copy in self.demonstrations if copy.pair != self.held]
            for batch in batches(learned, self._rng):
                loss, hits = self.learner.learn(batch, 1 - 0.5 * (stop - now) / (stop - turn) if falls else 0.0)
                self._right.update(((copy.pair, copy.view), hit) for copy, hit in zip(batch.copies, hits, strict=True))
                now = clock()
                self.now, self.seconds, self.batches = now, now - begun, self.batches + 1
                known, patience = self.fitted == 1, self._patience(end - begun)
                if not falls and ((known and self.batches >= FEWEST) or self.seconds >= patience):
                    if self.start.lacks and not known:
                        self.given_up = True
                        yield loss
                        return
                    turn, stop, falls = now, min(end, 2 * now - begun), True
                voting = now >= stop or (falls and self.batches % VOTE_EVERY == 0)
                if voting or (not _times(self._others) and not self.taken and now >= looked):
                    self._answer(voting)
                    looked = now + LOOK_EVERY * (end - begun)
                yield loss
                if self.held is not None and (now >= begun + HELD * patience or self._knows(learned)):
                    self._foresee([copy for copy in self.demonstrations if copy.pair == self.held])
                    break
                if now >= stop:
                    break

    def _patience(self, left: float) -> float:
        """The seconds after which the rate falls, of those that were ``left`` at first."""
        patience, times = PATIENCE * left, _times(self._others)
        if times and self.start.lacks:  # what takes longer than any other did cannot do without
            patience = min(patience, max(times))
        if times and WAYS.keys() & self.start.lacks:  # the plainer rule is known sooner, what is learned by heart later
            patience = min(patience, min(times) / 2)
        return patience

    def _knows(self, copies: Sequence[Copy]) -> bool:
        return all(self._right.get((copy.pair, copy.view)) for copy in copies)

    def _foresee(self, copies: Sequence[Copy]) -> None:
        """Answer the demonstration that was held back, and hold it back no more."""
        known = self._task.demonstrations[copies[0].pair].known
        said = [output is not None and np.array_equal(output, known) for _, output, _ in self.learner.answers(copies)]
        self.foreseen, self.held = sum(said) / len(said), None

    def _answer(self, voting: bool) -> None:
        """Answer the tests. Earlier answers count too if these and they are votes."""
        votes = [Counter(one if voting and self.taken else {}) for one in self.votes]
        for copy, output, confidence in self.learner.answers(self.tests):
            if output is not None:
                votes[copy.pair][shape_of(output), output.tobytes()] += confidence  # type: ignore[assignment]
        self.votes = votes  # at once: another thread may be counting
        self.taken += len(DIHEDRAL) * voting


def _times(begun: Sequence[Training]) -> list[float]:
    """The seconds that each network took which has ended and was not given up."""
    return [one.seconds for one in begun if one.over and not one.given_up]


def _start(before: Sequence[Training], based: bool, left: float) -> Start:
    """How the next network begins, with so many seconds ``left``: in each way by turns.

    What another one could not do without it does not lack, and nothing new when there is no time to give it up.
    """
    failed = [one.start for one in before if one.given_up]
    proven = [one.start for one in before if one.over and not one.given_up]
    hurried = left < HURRY * max(_times(before), default=0.0)
    possible = [
        start
        for start in STARTS
        if (based or not start.based)
        and (not hurried or not start.lacks or start in proven)
        and not any(one.based == start.based and set(one.lacks) <= set(start.lacks) for one in failed)
    ]
    return min(possible, key=[one.start for one in before].count)


def _tries(trained: Sequence[Training]) -> tuple[tuple[Try, ...], ...]:
    """Of each test the most voted outputs. Each network has as many votes as it is trusted."""
    voting = [one for one in trained if one.taken] or trained
    found = []
    for test in range(len(voting[0].votes)):
        total: Votes = Counter()
        for one in voting:
            whole = one.votes[test].total()
            for output, support in one.votes[test].items():
                total[output] += one.trust * support / whole  # type: ignore[assignment]
        found.append(_most_voted(total))
    return tuple(found)


def _most_voted(votes: Votes) -> tuple[Try, ...]:
    return tuple(
        Try(np.frombuffer(colours, np.uint8).reshape(shape), support / votes.total())
        for (shape, colours), support in votes.most_common(TRIES)
    )


def _agree(trained: Sequence[Training]) -> bool:
    """Whether the last `AGREED` networks that have ended and voted say the same of every test."""
    last = [one.votes for one in trained if one.over and one.taken][-AGREED:]
    said = {tuple(max(votes, key=votes.__getitem__, default=None) for votes in one) for one in last}
    return len(last) == AGREED and len(said) == 1


@dataclass(frozen=True, eq=False)
class Encoding:
    """How a task's grids become tokens, and tokens grids."""

    rule: SizeRule
    colours: np.ndarray  # [K] uint8, those that occur, in order; `NOTHING` is one where sizes are learned

    @classmethod
    def of(cls, task: Task, rule: SizeRule) -> Encoding:
        grids = [pair.input for pair in (*task.demonstrations, *task.tests)]
        grids += [pair.known for pair in task.demonstrations]
        outside = [np.full(1, NOTHING, np.uint8)] if isinstance(rule, Learned) else []
        return cls(rule, np.unique(np.concatenate([grid.ravel() for grid in grids] + outside)))

    def copies(self, pairs: Sequence[Pair], asked: bool = False) -> list[Copy]:
        """All views of the pairs whose outputs have a size; if ``asked``, without their outputs."""
        found = []
        for index, pair in enumerate(pairs):
            layout = self.rule.laid_out(pair.input)
            if layout is None:
                continue
            question = self._tokens(layout.grid, len(self.colours) + 1)
            label = np.full_like(question, PADDING)
            if not asked:
                label = self._tokens(cornered(pair.known, shape_of(question)), PADDING)
            found += [Copy(index, view, turn(question), turn(label), layout.size) for view, turn in enumerate(DIHEDRAL)]
        return found

    def output(self, copy: Copy, tokens: np.ndarray) -> np.ndarray | None:
        """The output in an answer ``tokens [H, W]`` to this copy, None if it has no size."""
        return self.rule.trimmed(self.colours[self.cropped(copy, tokens) - 1])

    def cropped(self, copy: Copy, grid: np.ndarray) -> np.ndarray:
        """What ``grid [H, W]``, which lies as the question of this copy does, has in the place of the output."""
        back = DIHEDRAL[DIHEDRAL_INVERSE[copy.view]](grid)
        return back[: copy.size[0], : copy.size[1]]

    def _tokens(self, grid: np.ndarray, nothing: int) -> np.ndarray:
        table = np.full(NOTHING + 1, nothing, np.uint8)
        table[self.colours] = np.arange(1, len(self.colours) + 1)
        return table.take(grid)


def batches(copies: Sequence[Copy], rng: np.random.Generator | None = None) -> Iterator[Batch]:
    """All copies once, those of like size together, up to `BATCH` in one; with ``rng`` in random order."""
    order = np.arange(len(copies)) if rng is None else rng.permutation(len(copies))
    groups: list[list[Copy]] = []
    for copy in sorted((copies[index] for index in order), key=lambda copy: copy.question.shape):
        if not groups or len(groups[-1]) == BATCH or _padding([*groups[-1], copy]) > MOST_PADDING:
            groups.append([])
        groups[-1].append(copy)
    for index in range(len(groups)) if rng is None else rng.permutation(len(groups)):
        yield _joined(groups[index])


def collected(copies: Sequence[Copy], count: int, rng: np.random.Generator) -> Batch:
    """Up to ``count`` of the copies at random, of about the size of the first."""
    first, *others = (copies[index] for index in rng.permutation(len(copies)))
    chosen = [first]
    for copy in others:
        if len(chosen) < count and _padding([*chosen, copy]) <= MOST_PADDING:
            chosen.append(copy)
    return _joined(chosen)


def _padding(copies: Sequence[Copy]) -> float:
    """How many cells of padding a batch of these copies has for each real one."""
    rows, columns = np.max([copy.question.shape for copy in copies], axis=0)
    return float(len(copies) * rows * columns / sum(copy.question.size for copy in copies) - 1)


def _joined(copies: Sequence[Copy]) -> Batch:
    shape = np.max([copy.question.shape for copy in copies], axis=0)

    def tensor(grids: Sequence[np.ndarray]) -> Tensor:
        padded = [
            np.pad(grid, [(0, most - side) for most, side in zip(shape, grid.shape, strict=True)]) for grid in grids
        ]
        return torch.from_numpy(np.stack(padded)).long()

    label = tensor([copy.label for copy in copies]).flatten(1)
    return Batch(
        copies, tensor([copy.question for copy in copies]), label, torch.tensor([copy.view for copy in copies])
    )


class Learner:
    """A new network for a task's tokens, and its optimisers. It begins as ``base``, whatever colours that has."""

    config: ClassVar[ModelConfig] = TRMConfig.model_validate(MODEL)  # of networks from nothing, for any colours

    def __init__(self, encoding: Encoding, seed: int, lacks: Sequence[str] = (), base: System | None = None) -> None:
        K = len(encoding.colours)
        self.encoding = encoding
        torch.manual_seed(seed)
        config = self.config if base is None else base.config
        self.model = build(config.model_copy(update={"symbols": (1, K), "vocabulary": K + 2}))
        if base is not None:
            shared = {name: tensor for name, tensor in base.state_dict().items() if name != OWN}
            if "views" in lacks:
                shared[VIEWS] = shared[VIEWS].mean(0).expand_as(shared[VIEWS])
            self.model.load_state_dict(shared, strict=False)
        self.model.colour_embedding.weight.requires_grad_("colours" not in lacks)
        self.model.puzzle_embedding.weight.requires_grad_("views" not in lacks)
        deafen(self.model, WAYS.keys() & lacks)
        self.optimizers = build_optimizers(self.model, OPTIMIZER if base is None else ADAPTING)
        self.steps = self.model.config.supervision_steps

    def learn(self, batch: Batch, share: float) -> tuple[float, list[bool]]:
        """An optimiser step for each supervision step; the last one's loss, and which copies were all right.

        ``share`` of the time is over.
        """
        self.model.train()
        scale_rates(self.optimizers, schedule(OPTIMIZER, 0, share))
        for prediction in self._learning(batch):
            outcome = supervise(prediction, batch.label, OBJECTIVE)
            self.model.zero_grad()
            (outcome.loss / len(batch.copies)).backward()  # type: ignore[no-untyped-call]
            clip_gradients(self.model, OPTIMIZER.clip)
            for optimizer in self.optimizers:
                optimizer.step()
        return float(outcome.tokens.mean()), outcome.right.tolist()

    def _learning(self, batch: Batch) -> Iterator[Prediction]:
        """The steps that are learned from. What denoises begins with some of the answer, but for the last with none."""
        nothing = torch.zeros(len(batch.copies), 1 + batch.label.shape[1])
        nothing[:, 0] = 1  # the highest level of corruption
        for step in range(self.steps):
            if step % self.model.training_steps == 0:
                last = step + self.model.training_steps >= self.steps
                uniform = nothing if last else torch.rand_like(nothing)
                state = self.model.begin(batch.question, batch.label, uniform)
            state, prediction = self.model.step(batch.question, state, batch.view)
            yield prediction

    @torch.no_grad()
    def answers(self, copies: Sequence[Copy]) -> Iterator[tuple[Copy, np.ndarray | None, float]]:
        """Each copy with the output that the network gives it, ``[H, W]`` colours, and its mean confidence."""
        self.model.eval()
        for batch in batches(copies):
            state = self.model.start(batch.question)
            for _ in range(self.steps):
                state, prediction = self.model.step(batch.question, state, batch.view)
            confidence, tokens = (
                part.view(batch.question.shape).numpy() for part in prediction.logits.softmax(-1).max(-1)
            )
            for copy, said, sure in zip(batch.copies, tokens, confidence, strict=True):
                rows, columns = copy.question.shape
                output = self.encoding.output(copy, said[:rows, :columns])
                yield copy, output, float(self.encoding.cropped(copy, sure[:rows, :columns]).mean())
