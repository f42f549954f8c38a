"""What a model says after a step: tensors of torch's models, arrays of NumPy's. Importing this imports no torch.

Letters: B batch, L cells, V vocabulary, K candidates of a cell or classes of hints.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

PADDING = 0  # the token of no cell

FrameKind = Literal["supervision", "denoising", "token"]  # what a step is

Tensor = Any  # torch's, or an array


class Prediction(NamedTuple):
    """What a model says after a step."""

    logits: Tensor  # [B, L, V]
    halt: Tensor  # [B] logit of "every token is right"
    proceed: Tensor  # [B] logit of the continue value (Q-learning halting only)
    weights: Tensor | None = None  # [B, L] of the tokens in the loss, where the system has its own
    hints: Tensor | None = None  # [B, L, K] logits of the hints, where the model has any
    masked: Tensor | None = None  # [B, L] bool, cells that hold no answer yet, where the system masks cells
    settled: Tensor | None = None  # [B] bool, no step will change anything any more, where the model can know
    # where the state is a set of open candidates, of the set before the step: the logits [B, L * K] that a candidate is
    # the answer's, for what they are used (closed and placed ones are 0), and that the set has lost the answer [B]
    survival: Tensor | None = None
    conflict: Tensor | None = None
