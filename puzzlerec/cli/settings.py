"""Defaults of one's own: ``config.toml`` in the platform's folder for settings.

The command line comes first, then the environment (the variables that ``--help`` names), then this file, then the
defaults. For example::

    device = "cpu"
    seed = 1

    [solve]
    attempts = 128
    format = "text"

    [eval]
    batch = 256
"""

from __future__ import annotations

from collections.abc import Iterator
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
    from typing import Annotated, Literal

    from pydantic import BaseModel, ConfigDict, Field, ValidationError

    from puzzlerec.cli.options import DEVICES

    class Strict(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)

    Count = Annotated[int, Field(ge=1)]

    class Solve(Strict):
        model: str | None = None
        steps: Count | None = None
        attempts: Count | None = None
        early: bool | None = None
        exact: bool | None = None
        batch: Count | None = None
        format: Literal["text", "json", "jsonl", "svg"] | None = None

    class Eval(Strict):
        steps: Count | None = None
        attempts: Count | None = None
        batch: Count | None = None

    class Settings(Strict):
        device: Annotated[str, Field(pattern=f"^({DEVICES.pattern})$")] | None = None
        seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
        solve: Solve = Solve()
        eval: Eval = Eval()

    try:
        Settings.model_validate(document)
    except ValidationError as error:
        sections: dict[str, type[BaseModel]] = {"solve": Solve, "eval": Eval}
        raise ValueError(" ".join(_faults(error.errors(), Settings, sections))) from None
    return document


def _faults(errors: Any, settings: Any, sections: dict[str, Any]) -> Iterator[str]:
    for error in errors:
        *outer, name = (str(part) for part in error["loc"])
        place = f"{'.'.join(outer)}.{name}" if outer else name
        if error["type"] == "extra_forbidden":
            known = list((sections[outer[0]] if outer else settings).model_fields)
            nearest = get_close_matches(name, known, n=1)
            remedy = f"Did you mean {nearest[0]!r}?" if nearest else f"Known are {', '.join(known)}."
            yield f"There is no setting {place!r}. {remedy}"
        else:
            yield f"{place} = {error['input']!r} cannot be: {error['msg'][0].lower()}{error['msg'][1:]}."
