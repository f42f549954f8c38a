"""Curves: the dots, the axis, the mark, and clicks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from puzzlerec.watch.colours import colours
from puzzlerec.watch.curves import Curve, Series, ascii_dots, braille, column_of, raster, thinned


class Host(App[None]):
    CSS = "Curve { width: 40; height: 8; }"

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.curve = Curve("halting probability", **settings)
        self.picked: list[int] = []

    def compose(self) -> ComposeResult:
        yield self.curve

    def on_curve_picked(self, event: Curve.Picked) -> None:
        assert event.control is self.curve
        self.picked.append(event.index)


def drive(host: Host, steps: Callable[[Pilot[None]], Awaitable[None]]) -> None:
    async def run() -> None:
        async with host.run_test(size=(60, 12)) as pilot:
            await steps(pilot)

    asyncio.run(run())


def lines(curve: Curve) -> list[str]:
    return [curve.render_line(y).text for y in range(curve.size.height)]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    dots = raster([0.0, 1.0], 4, 2, 0.0, 1.0)
    assert dots[1][0] & 0x40 and dots[0][3] & 0x08  # the lowest dot of the left half, the highest of the right
    assert not dots[0][0] and not dots[1][3]


def test_a_gap_is_bridged_and_values_beyond_the_axis_stay_at_its_end() -> None:
    assert raster([0.5, math.nan, 0.5], 4, 1, 0.0, 1.0) == raster([0.5, 0.5, 0.5], 4, 1, 0.0, 1.0)
    assert raster([9.0, 9.0], 3, 1, 0.0, 1.0) == raster([1.0, 1.0], 3, 1, 0.0, 1.0)
    assert raster([math.nan], 3, 1, 0.0, 1.0) == [[0, 0, 0]]


def test_equal_values_make_a_level_line() -> None:
    (row,) = raster([3.0, 3.0, 3.0], 5, 1, 3.0, 3.0)
    assert len(set(row)) == 1 and row[0]


def test_characters_for_dots() -> None:
    assert (braille(0), braille(0xFF)) == (" ", "⣿")
    assert [ascii_dots(bits) for bits in (0, 0x01, 0x40, 0xFF)] == [" ", "'", ".", ":"]


@pytest.mark.parametrize(("index", "count", "place"), [(0, 16, 0), (15, 16, 79), (0, 1, 0)])
def test_the_first_and_last_value_stand_at_the_ends(index: int, count: int, place: int) -> None:
    assert column_of(index, count, 80) == place


def test_thinning_keeps_the_extremes_in_their_order() -> None:
    values = [0.0] * 1000
    values[500], values[501] = 7.0, -7.0
    kept = list(thinned(values, 100))
    assert len(kept) <= 100 and kept == sorted(set(kept)) and {500, 501} <= set(kept)
    assert list(thinned([1.0, 2.0], 100)) == [0, 1]
    assert not thinned([math.nan] * 1000, 100)


def test_it_shows_name_value_axis_steps_and_mark() -> None:
    host = Host(low=0.0, high=1.0)

    async def steps(pilot: Pilot[None]) -> None:
        host.curve.show([0.0, 0.25, 1.0], 1)
        await pilot.pause()
        shown = lines(host.curve)
        assert shown[0].startswith("halting probability") and shown[0].endswith("0.25")
        assert shown[1].startswith("1.00 ") and shown[6].startswith("0.00 ")
        assert shown[7].split() == ["1", "3"]
        assert {len(line) for line in shown} == {40}
        middle = 5 + column_of(1, 3, 70) // 2
        assert all(line[middle] != " " for line in shown[1:7])  # the mark goes from top to bottom
        host.curve.show([0.0, math.nan, 1.0], steps=[20, 40, 60])
        assert lines(host.curve)[0].endswith("1.00")  # without a cursor the last value there is
        assert lines(host.curve)[7].split() == ["20", "60"]

    drive(host, steps)


def test_what_is_all_zero_stands_at_the_foot_and_the_axis_says_so() -> None:
    host = Host(low=0.0, form=".0f")

    async def steps(pilot: Pilot[None]) -> None:
        host.curve.styles.width, host.curve.styles.height = 20, 4
        host.curve.show([0.0, 0.0, 0.0])
        await pilot.pause()
        top, middle, foot = lines(host.curve)[1:]
        assert top.split() == ["1"] and not middle.strip() and foot.startswith("0 ⣀⣀⣀")

    drive(host, steps)


def test_empty_small_and_resized() -> None:
    host = Host()

    async def steps(pilot: Pilot[None]) -> None:
        assert lines(host.curve)[0].strip() == "halting probability"
        host.curve.show([1.0, 2.0], 5)  # a cursor beyond the values, as when a new solve begins
        host.curve.styles.height = 3
        host.curve.styles.width = 12
        await pilot.pause()
        assert [len(line) for line in lines(host.curve)] == [12, 12, 12]
        host.curve.styles.width = 1
        await pilot.pause()
        assert [len(line) for line in lines(host.curve)] == [1, 1, 1]

    drive(host, steps)


def test_ascii_where_there_is_no_braille(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    host = Host()

    async def steps(pilot: Pilot[None]) -> None:
        host.curve.show([0.0, 3.0, 1.0, 2.0], 2)
        assert "".join(lines(host.curve)).isascii()

    drive(host, steps)


def test_a_logarithmic_axis_leaves_out_what_has_no_logarithm() -> None:
    host = Host(log=True, form=".0e")

    async def steps(pilot: Pilot[None]) -> None:
        host.curve.show([0.0, 1e-4, 1e-2])
        shown = lines(host.curve)
        assert shown[1].startswith("1e-02") and shown[6].startswith("1e-04")

    drive(host, steps)


def test_a_click_and_a_drag_pick_values() -> None:
    host = Host(low=0.0, high=1.0)

    async def steps(pilot: Pilot[None]) -> None:
        await pilot.click(Curve, offset=(20, 3))  # nothing to pick yet
        assert host.picked == []
        host.curve.show([0.0] * 36)
        await pilot.pause()
        await pilot.click(Curve, offset=(5, 3))
        await pilot.click(Curve, offset=(39, 3))
        assert (host.picked[0], host.picked[-1]) == (0, 35)
        await pilot.mouse_down(Curve, offset=(10, 3))
        await pilot.hover(Curve, offset=(12, 3))
        await pilot.mouse_up(Curve, offset=(12, 3))
        assert 5 in host.picked

    drive(host, steps)


def test_several_series_share_axes_and_end_in_their_letters() -> None:
    host = Host(low=0.0, high=1.0)

    async def steps(pilot: Pilot[None]) -> None:
        one = Series([0.0, 1.0], [10, 20], "series0", "a")
        other, alike = (Series([0.0, 0.5], [10, 110], ink, sign) for ink, sign in (("series1", "b"), ("series2", "c")))
        host.curve.show_all([one, other, alike])
        await pilot.pause()
        shown = lines(host.curve)
        assert shown[0].endswith("1.00")  # of the first
        assert shown[7].split() == ["10", "110"]
        assert shown[1].index("a") < 12 < 36 < next(line for line in shown if "cb" in line or "bc" in line).index("b")
        inks = {part.style.color.get_truecolor().hex for y in range(8) for part in host.curve.render_line(y)}
        assert {colours(host).inks[f"series{n}"].color.get_truecolor().hex for n in range(3)} <= inks

    drive(host, steps)


def test_a_logarithmic_axis_of_steps_and_what_is_picked_on_it() -> None:
    host = Host(low=0.0, high=1.0)

    async def steps(pilot: Pilot[None]) -> None:
        host.curve.logarithmic_steps = True
        host.curve.show([0.0, 0.5, 1.0, 1.0], None, [0, 1, 100, 10000])
        await pilot.pause()
        assert lines(host.curve)[7].split() == ["1", "10000"]  # step 0 has no logarithm
        await pilot.click(Curve, offset=(5 + 17, 3))
        assert host.picked == [2]

    drive(host, steps)
