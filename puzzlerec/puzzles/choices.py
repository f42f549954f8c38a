"""What puzzles somebody may have generated, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Field:
    """A number that a choice leaves to whoever chooses."""

    name: str  # a part of the dataset's name, as size in "maze-{size}x{size}", or else a setting of its generator
    label: str
    usual: int | None = None  # None: the generator decides
    words: str = ""  # what a number adds to the label of the puzzle, such as ", {} moves or more"


@dataclass(frozen=True)
class Choice:
    """Puzzles of one sort: the dataset that they are the first of, and its generator's settings."""

    title: str  # in a list
    about: str
    dataset: str  # with the names of fields in braces, where the name depends on them
    settings: Mapping[str, float | str] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    label: str = ""  # of a puzzle, with fields in braces; by default the title

    def asked(self, numbers: Mapping[str, int | None]) -> tuple[str, dict[str, float | str], str]:
        """The dataset's name, its settings and the puzzle's label; of numbers that are None the usual ones."""
        chosen: dict[str, int] = {}
        for open_one in self.fields:
            number = numbers.get(open_one.name)
            number = open_one.usual if number is None else number
            if number is not None:
                chosen[open_one.name] = number
        label, settings = (self.label or self.title).format(**chosen), dict(self.settings)
        for open_one in self.fields:
            if open_one.name in chosen and f"{{{open_one.name}}}" not in self.dataset:
                settings[open_one.name] = chosen[open_one.name]
                label += open_one.words.format(chosen[open_one.name])
        return self.dataset.format(**chosen), settings, label
