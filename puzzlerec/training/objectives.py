"""What training minimises: cross-entropy of a puzzle's tokens, and a halting logit that learns if all are right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from ..models.prediction import PADDING, Prediction
from .recipe import Objective


def log_stablemax(logits: Tensor) -> Tensor:
    """log of ``s(x) / sum s``, with ``s(x) = x + 1`` for x >= 0 and ``1 / (1 - x)`` below (arXiv 2501.04697).

    In float32 log s is formed without the quotient (``-log1p(-x)`` below zero), which keeps it within 1e-6 of float64.
    """
    x = logits.float()
    log_s = torch.where(x >= 0, torch.log1p(x.clamp(min=0)), -torch.log1p(-x.clamp(max=0)))
    return log_s - torch.logsumexp(log_s, dim=-1, keepdim=True)


def token_losses(logits: Tensor, labels: Tensor, objective: Objective) -> Tensor:
    """Cross-entropy ``[B, L]`` in nats, zero where the label is padding."""
    log_p = log_stablemax(logits) if objective.loss == "stablemax" else F.log_softmax(logits.float(), dim=-1)
    losses = -log_p.gather(-1, labels[..., None])[..., 0]
    if objective.label_smoothing:
        possible = logits > -1e6  # a closed candidate is no token to spread probability on
        spread = -(log_p * possible).sum(-1) / possible.sum(-1).clamp(min=1)
        losses = (1 - objective.label_smoothing) * losses + objective.label_smoothing * spread
    return losses * (labels != PADDING)


class Outcome(NamedTuple):
    """The loss of a batch and what is logged of it, all but ``loss`` without gradient."""

    loss: Tensor  # [] sum over puzzles
    tokens: Tensor  # [B] mean cross-entropy of a puzzle's tokens
    halting: Tensor  # [B] binary cross-entropy of the halting logit
    right: Tensor  # [B] bool, every token right
    accuracy: Tensor  # [B] share of tokens right

    @classmethod
    def mean(cls, outcomes: Sequence[Outcome]) -> Outcome:
        """Of several steps on the same puzzles; right is what is right after the last."""
        if len(outcomes) == 1:
            return outcomes[0]
        means = {
            name: torch.stack([getattr(outcome, name) for outcome in outcomes]).mean(0)
            for name in ("loss", "tokens", "halting", "accuracy")
        }
        return outcomes[-1]._replace(**means)


def supervise(
    prediction: Prediction,
    labels: Tensor,
    objective: Objective,
    continue_target: Tensor | None = None,
    hints: Tensor | None = None,
    teacher: Tensor | None = None,
    due: Tensor | None = None,
    final: Tensor | None = None,
    right: Tensor | None = None,
) -> Outcome:
    """The loss of one supervision step (TRM, Figure 3), summed over the batch's puzzles.

    ``teacher [B, L, V]`` are the logits of a model to learn from, token by token with the loss's own weights.
    ``hints [B, L]`` are classes that the model is to show beside the answer, 0 where there is none.
    ``due [B, 2, L]`` says which hints and which labels can be known by now; the others are not asked for yet.
    ``final [B]`` says which labels are the end of their puzzle, where they may be of a time before. That there is no
    hint yet is then to be learned like the hints themselves, and only at the end all is right.
    ``right [B]`` says whose answer is right, where that is not read from the logits.
    """
    asked = labels != PADDING
    count = asked.sum(-1).clamp(min=1)
    losses = token_losses(prediction.logits, labels, objective)
    if teacher is not None:
        possible = prediction.logits > -1e6  # no teacher can talk a student into a candidate that is closed to it
        wanted = teacher.masked_fill(~possible, -1e9).log_softmax(-1)
        given = prediction.logits.log_softmax(-1)
        losses = losses + objective.teacher_weight * (wanted.exp() * (wanted - given)).sum(-1)
    weights = asked.float()
    if objective.token_weights is not None:
        weights = weights * losses.new_tensor(objective.token_weights)[labels]
    if due is not None:
        weights = weights * due[:, 1]
    if prediction.weights is None:
        tokens = (weights * losses).sum(-1) / weights.sum(-1).clamp(min=1e-6)
    else:  # the system's own, which say what the sum over the tokens is divided by
        tokens = (weights * prediction.weights * losses).sum(-1)
    with torch.no_grad():
        hits = (prediction.logits.argmax(-1) == labels) & asked
        accuracy = hits.sum(-1) / count
        right = hits.sum(-1) == asked.sum(-1) if right is None else right
        if final is not None:
            right = right & final
    halting = F.binary_cross_entropy_with_logits(prediction.halt, right.float(), reduction="none")
    loss = tokens + objective.halt_weight * halting
    if continue_target is not None:  # Q-learning of the continue value, as HRM has it
        loss = loss + objective.halt_weight * F.binary_cross_entropy_with_logits(
            prediction.proceed, continue_target, reduction="none"
        )
    if prediction.hints is not None and hints is not None:
        hints = hints if due is None else hints * due[:, 0]
        told = (hints != 0).float() if final is None else weights
        hinted = F.cross_entropy(prediction.hints.flatten(0, 1), hints.flatten(), reduction="none").view_as(hints)
        loss = loss + objective.hint_weight * (told * hinted).sum(-1) / told.sum(-1).clamp(min=1)
    return Outcome(loss.sum(), tokens.detach(), halting.detach(), right, accuracy)


def survival_loss(prediction: Prediction, at_work: Tensor, truth: Tensor, lost: Tensor, objective: Objective) -> Tensor:
    """What a step on a set of open candidates is asked besides the answer: which survive, and whether it is lost. [B].

    ``at_work [B, L * K]`` are the candidates of open cells, ``truth [B, L * K]`` the answer's, ``lost [B]`` says where
    the answer is not in the set any more: there nothing can be said of survival.
    """
    assert prediction.survival is not None and prediction.conflict is not None
    right, wrong = objective.survival_weights
    weights = torch.where(truth, right, wrong) * (at_work & ~lost[:, None])
    doubts = F.binary_cross_entropy_with_logits(prediction.survival, truth.float(), reduction="none")
    survival = (weights * doubts).sum(-1) / at_work.sum(-1).clamp(min=1)
    conflict = F.binary_cross_entropy_with_logits(prediction.conflict, lost.float(), reduction="none")
    return survival + objective.conflict_weight * conflict
