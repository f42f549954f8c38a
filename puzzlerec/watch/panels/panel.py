"""What panels of text share: their inks."""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style

from puzzlerec.watch.lines import Lines


class Panel(Lines):
    """Lines of text in the theme's colours."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "panel--strong",
        "panel--text",
        "panel--muted",
        "panel--good",
        "panel--bad",
    }
    DEFAULT_CSS = """
    Panel {
        & > .panel--strong { text-style: bold; color: $text-primary; }
        & > .panel--text { color: $foreground; }
        & > .panel--muted { color: $text-muted; }
        & > .panel--good { text-style: bold; color: $text-success; }
        & > .panel--bad { text-style: bold; color: $text-error; }
    }
    """

    def ink(self, name: str) -> Style:
        """The style of "strong", "text", "muted", "good" or "bad"."""
        return self.get_component_rich_style(f"panel--{name}")

    def written(self, text: str, ink: str = "text") -> Segment:
        return Segment(text, self.ink(ink))
