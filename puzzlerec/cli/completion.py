"""What the shell offers when Tab is pressed: names of models, recipes, kinds and datasets, and files.

Nothing here imports torch, and nothing is proved: the command does that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from puzzlerec.files import shipped

Offers = Iterator[str | tuple[str, str]]  # what may be meant, with a few words about it

DEVICES = ("auto", "cpu", "cuda", "mps")
STRATEGIES = ("pins", "copies", "noise", "votes")
DATASETS = Path("datasets")  # where `puzzlerec data build` puts them


def models(incomplete: str) -> Offers:
    """Shipped checkpoints and those of runs, with how good they are; then folders."""
    parents = [*shipped("checkpoints"), Path("runs")]
    configs = [
        path for parent in parents for path in sorted((*parent.glob("*/config.json"), *parent.glob("*/*/config.json")))
    ]
    seen = set()
    for config in configs:
        folder = config.parent.parent if config.parent.name == "checkpoint" else config.parent
        if folder.name.startswith(incomplete) and folder.name not in seen:
            seen.add(folder.name)
            yield folder.name, _accuracy(config)
    yield from paths(incomplete)


def recipes(incomplete: str) -> Offers:
    """Shipped recipes, then recipes of one's own."""
    names = (path.name.removesuffix(".toml") for path in files("puzzlerec.training").joinpath("recipes").iterdir())
    yield from sorted(name for name in names if name.startswith(incomplete))
    yield from paths(incomplete, ".toml")


def kinds(incomplete: str) -> Offers:
    """Kinds of puzzles."""
    from puzzlerec.puzzles import KINDS

    yield from ((name, kind.title) for name, kind in KINDS.items() if name.startswith(incomplete))


def datasets(incomplete: str) -> Offers:
    """Datasets that were built, then any file."""
    named = [path for path in map(str, sorted(DATASETS.glob("*.h5"))) if path.startswith(incomplete)]
    yield from named
    yield from (path for path in paths(incomplete) if path not in named)


def puzzles(incomplete: str) -> Offers:
    """Files, and traces among them."""
    yield from paths(incomplete)


def runs(incomplete: str) -> Offers:
    """Training runs in ./runs, then any folder."""
    found = (str(path.parent) for path in sorted(Path("runs").glob("*/metrics.jsonl")))
    named = [path for path in found if path.startswith(incomplete)]
    yield from named
    yield from (path for path in paths(incomplete, "/") if path.rstrip("/") not in named)


def one_of(*names: str) -> Callable[[str], list[str]]:
    def offered(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return offered


def paths(incomplete: str, *endings: str) -> Iterator[str]:
    """Folders, with a slash, and files (those with these endings, if any are given) that begin so."""
    begun, slash, start = incomplete.rpartition("/")
    try:
        entries = sorted(Path(begun + slash or ".").expanduser().iterdir())
    except (OSError, RuntimeError):  # also of a home that nobody has
        return
    for entry in entries:
        name = entry.name + "/" * entry.is_dir()
        if name.startswith(start) and (start or not name.startswith(".")) and _ends(name, endings):
            yield begun + slash + name


def _ends(name: str, endings: Iterable[str]) -> bool:
    return not endings or name.endswith(("/", *endings))


def _accuracy(config: Path) -> str:
    try:
        known = json.loads(config.read_text("utf-8"))["measured"]
        return f"{known['exact']:.1%} of {known['puzzles']:,} {known['on']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
