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


class Watch(Strict):
    """``[watch]``"""

    model: str | None = None
    against: str | None = None
    steps: Count | None = None
    attempts: Count | None = None
    early: bool | None = None
    exact: bool | None = None


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
