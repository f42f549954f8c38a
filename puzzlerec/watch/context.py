"""What the screens share: what is remembered, how puzzles are solved, and the models, each loaded once."""

from __future__ import annotations

from collections.abc import Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from puzzlerec.puzzles import PuzzleKind
from puzzlerec.watch.memory import Memory

if TYPE_CHECKING:
    from puzzlerec.session import Session
    from puzzlerec.solving.solver import Solver


class Side(NamedTuple):
    """Who works on a side of the screen, and how."""

    model: str | None  # None: the default of the puzzle's kind
    options: Mapping[str, Any]  # of `SolveSettings`


class Context:
    """Handed from the app to its screens."""

    def __init__(
        self,
        memory: Memory,
        *,
        model: str | None = None,
        options: Mapping[str, Any] | None = None,
        second: Side | None = None,
        device: str = "auto",
    ) -> None:
        """``model`` was asked for, ``options`` are those of `SolveSettings`, ``second`` is another side."""
        self.memory, self.model, self.second, self.device = memory, model, second, device
        self.options: dict[str, Any] = {"attempts": 64} | dict(options or {})
        self._session: Session | None = None
        self._opening = Lock()

    @property
    def place(self) -> str:
        """The device in words; "" until it is chosen."""
        return str(self._session.device) if self._session else "" if self.device == "auto" else self.device

    def model_for(self, kind: PuzzleKind) -> str | None:
        """The model that was asked for, or chosen last for this kind; None: the kind's default."""
        return self.model or self.memory.models.get(kind.name)

    def solver_for(self, kind: PuzzleKind, model: str | None) -> Solver:
        """As `Session.solver_for`. Only for threads: the first call imports torch."""
        from puzzlerec.session import Session

        with self._opening:
            session = self._session = self._session or Session(self.device)
        return session.solver_for(kind, model)
