"""How good a model is, in the papers' terms."""

from __future__ import annotations

from puzzlerec.evaluation.report import CalibrationBin, Rate, Report, Spent, wilson
from puzzlerec.evaluation.run import evaluate
from puzzlerec.evaluation.tally import PuzzleResult

__all__ = ["CalibrationBin", "PuzzleResult", "Rate", "Report", "Spent", "evaluate", "wilson"]
