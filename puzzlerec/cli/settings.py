"""Defaults of one's own: ``config.toml`` in the platform's folder for settings.

The command line comes first, then the environment (the variables that ``--help`` names), then this file, then the
defaults. For example::

    device = "cpu"
    seed = 1

    [solve]
    attempts = 128

    [eval]
    batch = 256

    [watch]
    theme = "mine"

    [watch.keys]
    play = "p"
    puzzle-before = "N"

    [watch.themes.mine]
    primary = "#1fa187"
    dark = true
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from puzzlerec.cli.errors import CommandError


def config_file() -> Path:
    from platformdirs import user_config_path

    return user_config_path("puzzlerec", appauthor=False) / "config.toml"


def configured() -> dict[str, Any]:
    """What the file sets, checked: general settings at the top, a command's own under its name. Empty without a file.

    Raises `CommandError`.
    """
    import tomllib

    path = config_file()
    try:
        text = path.read_text("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: the settings cannot be read: {error}.") from error
    try:
        return _checked(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path}: this is no TOML: {error}.") from error
    except ValueError as error:
        raise CommandError(f"{path}: {error}") from error


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    """``document`` as it is, if it is valid. Raises ValueError with one sentence for each fault."""
    from pydantic import ValidationError

    from puzzlerec.cli.schema import Settings

    try:
        Settings.model_validate(document)
    except ValidationError as error:
        raise ValueError(" ".join(map(_in_words, error.errors()))) from None
    return document


def _in_words(error: Any) -> str:
    from puzzlerec.cli import schema

    place = ".".join(map(str, error["loc"]))
    if error["type"] != "extra_forbidden":
        return f"{place} = {error['input']!r} cannot be: {error['msg'][0].lower()}{error['msg'][1:]}."
    *section, name = error["loc"]
    model = schema.Theme if "themes" in section else getattr(schema, section[0].title()) if section else schema.Settings
    known = list(model.model_fields)
    nearest = get_close_matches(name, known, n=1)
    remedy = f"Did you mean {nearest[0]!r}?" if nearest else f"Known are {', '.join(known)}."
    return f"There is no setting {place!r}. {remedy}"
