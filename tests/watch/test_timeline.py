"""The line of steps: where the knob stands, what is past and to come, and which step a click means."""

from __future__ import annotations

import asyncio

import pytest
from textual.app import App, ComposeResult

from puzzlerec.watch.timeline import Timeline, track


def drawn(shares: list[float], position: int, total: int, width: int, *rounds: int, unicode: bool = True) -> str:
    parts = track(shares, position, total, frozenset(rounds), width, unicode=unicode)
    return "".join(part.text for part in parts)


def test_past_steps_are_heavy_later_ones_light_and_those_to_come_dotted() -> None:
    assert drawn([0.5] * 4, 1, 6, 12) == "━━●─────┄┄┄┄"
    assert drawn([0.5] * 4, 1, 6, 12, unicode=False) == "==O-----...."
    assert drawn([0.5] * 4, 1, 6, 12, unicode=False).isascii()


def test_the_knob_goes_from_end_to_end() -> None:
    places = [drawn([0.5] * 5, position, 5, 50).index("●") for position in range(5)]
    assert places == [0, 12, 24, 37, 49]
    assert "●" not in drawn([], -1, 1, 10)


def test_bars_stand_where_rounds_of_attempts_begin() -> None:
    assert drawn([0.5] * 4, 0, 4, 12, 0, 2) == "●──────╋────"


def test_the_line_has_the_colour_of_the_confidence() -> None:
    parts = track([0.0, 1.0], 1, 2, frozenset(), 4)
    assert parts[0].ink == "heat0" and parts[2].ink == "heat7"


def test_more_steps_than_columns() -> None:
    assert len(drawn([0.5] * 500, 250, 500, 40)) == 40


class Host(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.sought: list[int] = []

    def compose(self) -> ComposeResult:
        yield Timeline()

    def on_timeline_sought(self, event: Timeline.Sought) -> None:
        self.sought.append(event.position)


@pytest.mark.parametrize(("x", "position"), [(1, 0), (6, 0), (7, 1), (40, 3), (41, 4), (80, 4)])
def test_a_click_means_the_step_under_it_or_the_last_that_is_there(x: int, position: int) -> None:
    async def run() -> None:
        app = Host()
        async with app.run_test(size=(82, 4)) as pilot:
            app.query_one(Timeline).show([0.5] * 5, 0, 8)
            await pilot.click(Timeline, offset=(x, 1))
            assert app.sought == [position]

    asyncio.run(run())


def test_dragging_scrubs_and_keys_step() -> None:
    async def run() -> None:
        app = Host()
        async with app.run_test(size=(82, 4)) as pilot:
            timeline = app.query_one(Timeline)
            timeline.show([0.5] * 8, 3, 8)
            await pilot.mouse_down(Timeline, offset=(2, 1))
            await pilot.mouse_up(Timeline, offset=(2, 1))
            assert set(app.sought) == {0}
            app.sought.clear()
            timeline.focus()
            await pilot.press("left", "right", "pageup", "pagedown")
            assert app.sought == [2, 4, -7, 13]

    asyncio.run(run())
