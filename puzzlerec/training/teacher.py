"""A trained model that a recipe learns from besides the true answers (distillation, as in TR-LDM)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ..models.system import System
from .examples import IN_MEMORY, Examples


class Teacher:
    """What ``model`` says of the training puzzles: it is asked once of each, as long as its answers fit in memory.

    Asking costs as many steps as the teacher thinks, most often several times what a training step does. So time that
    is given to a run goes to the teacher at first, and once it has seen all puzzles to the student alone.
    """

    def __init__(self, model: System, examples: Examples) -> None:
        self.model, self._examples = model, examples
        (rows, cells), vocabulary = examples.labels.shape, model.config.vocabulary
        kept = rows if 4 * rows * cells * vocabulary <= IN_MEMORY else 0
        self._logits = torch.zeros(kept, cells, vocabulary, device=examples.puzzle_ids.device)
        self._known = np.zeros(kept, dtype=bool)

    def __call__(self, rows: Tensor) -> Tensor:
        """The logits [B, L, V] of the teacher's last step for the examples of these numbers [B]."""
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
        """Ask the model of all the examples of these numbers [B]: its last step's logits [B, L, V]."""
        question, ids = self._examples.questions[rows].long(), self._examples.puzzle_ids[rows]
        state = self.model.start(question)
        for _ in range(self.model.config.supervision_steps):
            state, prediction = self.model.step(question, state, ids)
        logits: Tensor = prediction.logits.float()
        return logits
