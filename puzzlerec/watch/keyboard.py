"""What the terminal sends, where that is not all UTF-8."""

from __future__ import annotations

import codecs
from functools import partial
from typing import Any

from textual.drivers import linux_driver


class ForgivingDriver(linux_driver.LinuxDriver):
    """Leaves out what is no text: a key of a Latin-1 terminal, an old terminal's report of its mouse."""

    def run_input_thread(self) -> None:
        vars(linux_driver)["getincrementaldecoder"] = (
            _leaving_out  # Textual decodes strictly, and cannot be asked not to
        )
        super().run_input_thread()


def _leaving_out(encoding: str) -> Any:
    return partial(codecs.getincrementaldecoder(encoding), errors="ignore")
