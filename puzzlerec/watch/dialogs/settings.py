"""How to solve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.suggester import SuggestFromList
from textual.widgets import Checkbox, Input, Label

from puzzlerec.watch.dialogs.dialog import Dialog

if TYPE_CHECKING:
    from puzzlerec.solving.answer import SolveSettings


class Switch(Checkbox):
    """A checkbox that shows its state by its mark too, not by colour alone."""

    def on_mount(self) -> None:
        self._mark()

    def watch_value(self) -> None:
        super().watch_value()
        self._mark()

    def _mark(self) -> None:
        self.BUTTON_INNER = "X" if self.value else " "
        self.refresh()


class RunSettings(Dialog["SolveSettings | None"]):
    """How much work a puzzle is worth."""

    TITLE = "How to solve"
    CSS = """
    RunSettings Horizontal { height: 3; }
    RunSettings Horizontal Label { width: 12; padding: 1 1 0 0; }
    RunSettings Horizontal Label.about { width: 1fr; padding: 1 0 0 1; color: $text-muted; }
    RunSettings Input { width: 16; }
    RunSettings Checkbox { margin: 0; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,ctrl+s", "accept", "Accept", priority=True, tooltip="Solve like this from now on."),
        Binding("tab", "app.focus_next", "Next field"),
    ]
    _NUMBERS: ClassVar[dict[str, tuple[int, int, str]]] = {
        "steps": (1, 10_000, "of each attempt; empty: as many as in training"),
        "attempts": (1, 100_000, "runs that a puzzle may cost until the rules accept an answer"),
        "seed": (0, 2**32 - 1, "of all that is drawn at random"),
    }

    def __init__(self, settings: SolveSettings) -> None:
        super().__init__()
        from puzzlerec.solving.strategies import strategies

        self._settings = settings
        self._strategies = sorted(strategies())

    def content(self) -> ComposeResult:
        for name, (_, _, about) in self._NUMBERS.items():
            value = getattr(self._settings, name)
            with Horizontal():
                yield Label(name.capitalize())
                yield Input("" if value is None else str(value), id=name, type="integer")
                yield Label(about, classes="about")
        with Horizontal():
            yield Label("Strategy")
            names = SuggestFromList(self._strategies, case_sensitive=False)
            yield Input(self._settings.strategy or "", id="strategy", suggester=names)
            yield Label(f"{', '.join(self._strategies)}; empty: what suits the puzzle", classes="about")
        yield Switch("Stop at the first step whose answer the rules accept", self._settings.early, id="early")
        yield Switch("Finish by search what no attempt has solved", self._settings.exact, id="exact")

    def on_input_changed(self) -> None:
        self._read()

    def action_accept(self) -> None:
        if settings := self._read():
            self.dismiss(settings)

    def _read(self) -> SolveSettings | None:
        """What the fields say; None, with the problem shown, if they cannot mean anything."""
        numbers: dict[str, int | None] = {}
        for name, (least, most, _) in self._NUMBERS.items():
            text = self.query_one(f"#{name}", Input).value.strip()
            value = int(text) if text.lstrip("+-").isdigit() else None
            if (value is None and (text or name != "steps")) or (value is not None and not least <= value <= most):
                self.say(f"{name.capitalize()} must be a number from {least} to {most:,}, not {text or 'empty'}.")
                return None
            numbers[name] = value
        strategy = self.query_one("#strategy", Input).value.strip().lower() or None
        if strategy not in (None, *self._strategies):
            self.say(f"Strategy must be one of {', '.join(self._strategies)}, or empty, not {strategy}.")
            return None
        self.say("")
        switches = {name: self.query_one(f"#{name}", Checkbox).value for name in ("early", "exact")}
        return replace(self._settings, strategy=strategy, **numbers, **switches)  # type: ignore[arg-type]
