"""A trained model that a recipe learns from besides the true answers (distillation, as in TR-LDM)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..models.system import System, part
from .examples import IN_MEMORY, Examples


class Teacher:
    """What ``model`` says of the training puzzles: it is asked once of each, as long as its answers fit in memory.

    It thinks until it halts. Time that is given to a run goes to the teacher in part at first, and once it has seen all
    puzzles to the student alone.
    """

    def __init__(self, model: System, examples: Examples) -> None:
        self.model, self._examples = model, examples
        (rows, cells), vocabulary = examples.labels.shape, model.config.vocabulary
        kept = rows if 4 * rows * cells * vocabulary <= IN_MEMORY else 0
        self._logits = torch.zeros(kept, cells, vocabulary, device=examples.puzzle_ids.device)
        self._known = np.zeros(kept, dtype=bool)

    def __call__(self, rows: Tensor) -> Tensor:
        """What the teacher says of the examples of these numbers [B]: see `answer`."""
        drawn, places = np.unique(rows.cpu().numpy(), return_inverse=True)
        if not len(self._known):
            return self.answer(torch.from_numpy(drawn).to(rows.device))[torch.from_numpy(places).to(rows.device)]
        if len(new := drawn[~self._known[drawn]]):
            asked = torch.from_numpy(new).to(rows.device)
            self._logits[asked] = self.answer(asked)
            self._known[new] = True
        return self._logits[rows]

    @torch.no_grad()
    def answer(self, rows: Tensor) -> Tensor:
        """Ask the model of all the examples of these numbers [B]: logits [B, L, V] of the step in which it halts."""
        question, ids = self._examples.questions[rows].long(), self._examples.puzzle_ids[rows]
        at_work, state = torch.arange(len(rows), device=rows.device), self.model.start(question)
        logits = torch.empty(len(rows), *self._logits.shape[1:], device=rows.device)
        for _ in range(self.model.config.supervision_steps):
            state, prediction = self.model.step(question, state, ids)
            logits[at_work] = prediction.logits.float()
            left = (prediction.halt <= 0).nonzero()[:, 0]
            if not len(left):
                break
            at_work, question, ids, state = at_work[left], question[left], ids[left], part(state, left)
        return logits
