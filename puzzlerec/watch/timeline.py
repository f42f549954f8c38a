"""The steps as a line to scrub along, coloured by how sure the network is at each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from puzzlerec.watch import heat
from puzzlerec.watch.colours import colours
from puzzlerec.watch.curves import column_of
from puzzlerec.watch.lines import Piece, spread, strip_of


class Timeline(Widget, can_focus=True):
    """Two lines: what is shown, and where it stands among all steps. A click or a drag goes to a step."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Step back", id="timeline-back", show=False),
        Binding("right", "move(1)", "Step forward", id="timeline-on", show=False),
        Binding("pageup", "move(-10)", "10 steps back", id="timeline-back-10", show=False),
        Binding("pagedown", "move(10)", "10 steps forward", id="timeline-on-10", show=False),
    ]
    DEFAULT_CSS = """
    Timeline { height: 2; padding: 0 1; }
    """

    class Sought(Message):
        """Somebody wants to see the step with this index."""

        def __init__(self, position: int) -> None:
            super().__init__()
            self.position = position

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shares: Sequence[float] = ()
        self._rounds: frozenset[int] = frozenset()
        self._position, self._total = -1, 1
        self._left = ("", "", "")
        self._right = ""

    def show(
        self,
        shares: Sequence[float],
        position: int,
        total: int,
        rounds: frozenset[int] = frozenset(),
        left: tuple[str, str, str] = ("", "", ""),
        right: str = "",
    ) -> None:
        """Draw the steps with their ``shares`` of certainty (0 to 1), of which there will be ``total`` or more.

        ``rounds`` are the indices at which new attempts begin; ``left`` is a sign, the step and more about it.
        """
        self._shares, self._position, self._total = shares, position, max(total, len(shares), 1)
        self._rounds, self._left, self._right = rounds, left, right
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, here = self.size.width, colours(self.app)
        if y == 0:
            sign, step, more = self._left
            left = [Piece(f"{sign} "), Piece(step, "strong"), Piece(more, "muted")]
            room = width - sum(cell_len(piece.text) for piece in left)
            right = f" {self._right}" if cell_len(self._right) < room else ""
            line = spread(left, [Piece(right, "muted")], width)
        else:
            unicode = self.app.console.encoding.lower().startswith("utf")
            line = track(self._shares, self._position, self._total, self._rounds, width, unicode=unicode)
        return strip_of(line, width, here.inks, here.papers["title" if self.has_focus else ""])

    def position_at(self, x: int) -> int:
        """The index of the step that column ``x`` belongs to."""
        last = len(self._shares) - 1
        return max(min(column_of(max(x, 0), self.size.width, self._total), last), 0)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self.capture_mouse()
        self._seek(event)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        if event.button:
            self._seek(event)

    def on_mouse_up(self) -> None:
        self.release_mouse()

    def action_move(self, steps: int) -> None:
        self.post_message(self.Sought(self._position + steps))

    def _seek(self, event: events.MouseEvent) -> None:
        if self._shares:
            self.post_message(self.Sought(self.position_at(event.get_content_offset_capture(self).x)))


def track(
    shares: Sequence[float],
    position: int,
    total: int,
    rounds: frozenset[int],
    width: int,
    *,
    unicode: bool = True,
) -> list[Piece]:
    """The line from the first step to the last: past ones heavy, later ones light, those to come dotted.

    A bar stands where new attempts begin.
    """
    past, later, coming, bar, here = "━─┄╋●" if unicode else "=-.|O"
    knob = column_of(position, total, width) if position >= 0 else -1
    bars = {column_of(index, total, width) for index in rounds if 0 < index < len(shares)}
    line = []
    for column in range(width):
        index = column_of(column, width, total)
        if column == knob:
            line.append(Piece(here))
        elif index < len(shares):
            character = bar if column in bars else past if column < knob else later
            line.append(Piece(character, heat.ink(shares[index])))
        else:
            line.append(Piece(coming, "rest"))
    return line
