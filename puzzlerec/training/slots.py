"""The slots of deep supervision: each holds one puzzle and its states until it halts, independently of the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..models.system import chosen


def step_generator(seed: int, step: int, device: torch.device) -> torch.Generator:
    """The random numbers of one training step. A function of (seed, step) alone, so a resumed run draws the same."""
    generator = torch.Generator(device)
    generator.manual_seed((seed * 0x9E3779B97F4A7C15 + step * 0xBF58476D1CE4E5B9 + 0x94D049BB133111EB) % (1 << 63))
    return generator


@dataclass
class Slots:
    """``[B]`` puzzles at work. A slot that halted takes a new puzzle and fresh states before the next step."""

    question: Tensor  # [B, H, W] long
    label: Tensor  # [B, L] long
    hint: Tensor  # [B, L] long, [B, 0] where there are none
    due: Tensor  # [B, 2, L] moves after which hint and label can be known, [B, 2, 0] without hints
    puzzle_id: Tensor  # [B] long
    taught: Tensor  # [B, L, V] a teacher's logits, [B, L, 0] without one
    steps: Tensor  # [B] supervision steps done
    least: Tensor  # [B] steps that must be done before halting (exploration)
    halted: Tensor  # [B] bool
    state: Any  # the model's, a NamedTuple of tensors [B, ...]

    @classmethod
    def empty(cls, batch: int, grid: tuple[int, int], hints: int, taught: int, state: Any) -> Slots:
        """Slots that all wait for a puzzle, for so many ``hints`` of one and ``taught`` logits of each of its cells."""
        device = state[0].device
        zeros = torch.zeros(batch, dtype=torch.long, device=device)
        question = torch.zeros(batch, *grid, dtype=torch.long, device=device)
        halted = torch.ones(batch, dtype=torch.bool, device=device)
        hint, due = zeros.new_zeros(batch, hints), zeros.new_zeros(batch, 2, hints)
        label = question.flatten(1)
        logits = torch.zeros(*label.shape, taught, device=device)
        return cls(question, label, hint, due, zeros, logits, zeros.clone(), zeros.clone(), halted, state)

    def __len__(self) -> int:
        return len(self.question)

    def refill(
        self,
        question: Tensor,
        label: Tensor,
        hint: Tensor,
        due: Tensor,
        puzzle_id: Tensor,
        taught: Tensor,
        least: Tensor,
        start: Any,
    ) -> None:
        """Give each halted slot the puzzle offered to it."""
        fresh = self.halted
        self.question = torch.where(fresh[:, None, None], question, self.question)
        self.label = torch.where(fresh[:, None], label, self.label)
        self.hint = torch.where(fresh[:, None], hint, self.hint)
        self.due = torch.where(fresh[:, None, None], due, self.due)
        self.puzzle_id = torch.where(fresh, puzzle_id, self.puzzle_id)
        self.taught = torch.where(fresh[:, None, None], taught, self.taught)
        self.least = torch.where(fresh, least, self.least)
        self.steps = torch.where(fresh, 0, self.steps)
        self.state = chosen(fresh, self.state, start)

    def advance(self, state: Any, wants_halt: Tensor, most: int, steps: int = 1) -> None:
        """Carry the states on by ``steps``; halt where the model wants to and may, or where ``most`` are done."""
        self.state = state
        self.steps = self.steps + steps
        self.halted = (self.steps >= most) | (wants_halt & (self.steps >= self.least))

    def tensors(self) -> dict[str, Tensor]:
        """For a resume file."""
        named = {name: value for name, value in vars(self).items() if name != "state"}
        return named | {f"state.{name}": value for name, value in self.state._asdict().items()}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` gave. Raises ValueError for what is not of such slots."""
        own = self.tensors()
        if wrong := sorted(n for n in own.keys() | tensors.keys() if not _alike(own.get(n), tensors.get(n))):
            raise ValueError(f"the slots' {', '.join(wrong[:3])} are missing or do not fit")
        state = {name: tensors[f"state.{name}"] for name in self.state._fields}
        for name in tensors.keys() - {f"state.{part}" for part in state}:
            setattr(self, name, tensors[name])
        self.state = type(self.state)(**state)


def _alike(one: Tensor | None, other: Tensor | None) -> bool:
    return one is not None and other is not None and (one.shape, one.dtype) == (other.shape, other.dtype)
