"""What ``config.toml`` may hold. Imported only where there is such a file: pydantic is slow to import."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from puzzlerec.cli.options import DEVICES

Count = Annotated[int, Field(ge=1)]


class Strict(BaseModel):
    """Fields are called like the options' parameters in the command's function, which get them as defaults."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Solve(Strict):
    """``[solve]``"""

    model: str | None = None
    steps: Count | None = None
    attempts: Count | None = None
    early: bool | None = None
    exact: bool | None = None
    batch: Count | None = None


Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]


class Theme(Strict):
    """``[watch.themes.NAME]``: what is not given is derived from ``primary``."""

    primary: Colour
    secondary: Colour | None = None
    accent: Colour | None = None
    warning: Colour | None = None
    error: Colour | None = None
    success: Colour | None = None
    foreground: Colour | None = None
    background: Colour | None = None
    surface: Colour | None = None
    panel: Colour | None = None
    dark: bool = True


class Watch(Strict):
    """``[watch]``: options, and the look and the keys of the app."""

    model: str | None = None
    against: str | None = None
    steps: Count | None = None
    attempts: Count | None = None
    early: bool | None = None
    exact: bool | None = None
    theme: str | None = None
    themes: dict[str, Theme] = {}
    keys: dict[str, Annotated[str, Field(min_length=1)]] = {}  # of an action, by its name: one or several with commas


class Eval(Strict):
    """``[eval]``"""

    steps: Count | None = None
    attempts: Count | None = None
    batch: Count | None = None


class Settings(Strict):
    """The top of the file: what holds for every command, and the commands' own sections."""

    device: Annotated[str, Field(pattern=f"^({DEVICES.pattern})$")] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    solve: Solve = Solve()
    watch: Watch = Watch()
    eval: Eval = Eval()
