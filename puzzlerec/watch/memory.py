"""What the app remembers from one time to the next, as ``watch.json`` in the platform's folder for state."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from puzzlerec.files import write
from puzzlerec.puzzles import Puzzle, PuzzleError, get


@dataclass
class Memory:
    """Read when the app starts, written when it ends."""

    kind: str = ""
    puzzle: str = ""  # as text, in its own layout
    layout: str = "line"
    source: str = ""
    line: int = 0
    models: dict[str, str] = field(default_factory=dict)  # kind -> model
    speed: float = 4
    theme: str = "puzzlerec"
    heat: bool = True
    glyphs: bool = False
    exact: bool = True  # whether cells that differ from the exact answer are marked
    hidden: list[str] = field(default_factory=list)  # panels that are not wanted

    @classmethod
    def load(cls, path: Path | None = None) -> Memory:
        """What was remembered; of what is missing or makes no sense, the default."""
        memory = cls()
        try:
            document: Any = json.loads((path or state_file()).read_text("utf-8"))
        except (OSError, ValueError):
            return memory
        if isinstance(document, dict):
            for known in fields(cls):
                value, default = document.get(known.name), getattr(memory, known.name)
                if type(value) is type(default) or (isinstance(default, float | int) and type(value) in (int, float)):
                    setattr(memory, known.name, value)
        return memory

    def save(self, path: Path | None = None) -> None:
        """A folder that cannot be written to is no reason to trouble anybody."""
        path = path or state_file()
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path, json.dumps(asdict(self), indent=2) + "\n")

    def remember(self, puzzle: Puzzle) -> None:
        self.kind, self.layout, self.source, self.line = puzzle.kind.name, puzzle.layout, puzzle.source, puzzle.line
        self.puzzle = puzzle.kind.format(puzzle.question, puzzle.layout)

    def recall(self) -> Puzzle | None:
        """The last puzzle, if there was one."""
        try:
            kind = get(self.kind)
            return Puzzle(kind, kind.parse(self.puzzle), self.layout, self.source, self.line)
        except PuzzleError:
            return None


def state_file() -> Path:
    from platformdirs import user_state_path

    return user_state_path("puzzlerec", appauthor=False) / "watch.json"
