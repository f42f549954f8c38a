"""Playback: a clock that the test turns moves the position."""

from __future__ import annotations

import pytest

from puzzlerec.watch.player import SPEEDS, Player


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def started(clock: Clock, length: int = 0, growing: bool = True, speed: float = 4) -> Player:
    player = Player(speed, clock)
    player.start()
    player.grow(length, growing)
    return player


def test_the_first_step_is_shown_as_soon_as_it_is_there(clock: Clock) -> None:
    player = started(clock)
    assert not player.advance() and player.position == -1
    clock.now += 3  # the model loads
    player.advance()
    player.grow(1, True)
    assert player.advance() and player.position == 0


def test_steps_come_at_the_chosen_speed(clock: Clock) -> None:
    player = started(clock, 10)
    player.advance()
    assert player.position == 0
    clock.now += 0.2
    assert not player.advance()
    clock.now += 0.05
    assert player.advance() and player.position == 1
    clock.now += 1
    assert player.advance() and player.position == 5


def test_no_step_is_skipped_after_waiting_for_one(clock: Clock) -> None:
    player = started(clock, 2)
    clock.now += 5
    player.advance()
    assert player.position == 1 and player.playing
    player.grow(8, True)
    assert player.advance() and player.position == 2
    assert not player.advance()


def test_playing_stops_at_the_end_once_nothing_more_is_to_come(clock: Clock) -> None:
    player = started(clock, 3)
    clock.now += 9
    player.advance()
    assert player.position == 2 and player.playing
    player.grow(3, False)
    clock.now += 1
    player.advance()
    assert player.position == 2 and not player.playing


def test_play_at_the_end_starts_over(clock: Clock) -> None:
    player = started(clock, 3, growing=False)
    player.seek(2)
    player.toggle()
    assert player.position == 0 and player.playing
    player.toggle()
    assert not player.playing


@pytest.mark.parametrize(("to", "position"), [(-5, 0), (0, 0), (2, 2), (99, 3)])
def test_seeking_stays_within_what_is_there_and_pauses(clock: Clock, to: int, position: int) -> None:
    player = started(clock, 4)
    player.seek(to)
    assert player.position == position and not player.playing
    clock.now += 10
    assert not player.advance()


def test_seeking_among_no_steps(clock: Clock) -> None:
    player = started(clock)
    player.seek(3)
    assert player.position == -1
    player.grow(2, True)
    assert player.position == 0


def test_one_step_forward_and_back(clock: Clock) -> None:
    player = started(clock, 4)
    player.seek(1)
    player.move(1)
    assert player.position == 2
    player.move(-1)
    assert player.position == 1


def test_speed_goes_through_all_speeds_and_no_further(clock: Clock) -> None:
    player = Player(0.5, clock)
    seen = [player.speed]
    for _ in range(20):
        player.change_speed(1)
        seen.append(player.speed)
    assert tuple(dict.fromkeys(seen)) == SPEEDS
    for _ in range(20):
        player.change_speed(-1)
    assert player.speed == SPEEDS[0]


def test_a_change_of_speed_does_not_jump(clock: Clock) -> None:
    player = started(clock, 100, speed=1)
    player.advance()
    clock.now += 0.9
    for _ in range(6):
        player.change_speed(1)
    assert not player.advance()
