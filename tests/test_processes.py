"""Processes share tasks: as threads here, which meet at a store of this process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
from torch.distributed import TCPStore

from puzzlerec.processes import AHEAD, Processes


def together(size: int, body: Callable[[Processes], Any]) -> list[Any]:
    """What ``body`` returns in each process, or the exception or exit status that it ends with."""
    server = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    found: list[Any] = [None] * size

    def run(rank: int) -> None:
        try:
            store = TCPStore("127.0.0.1", server.port, is_master=False, wait_for_workers=False)
            with Processes(rank, size, store) as processes:
                found[rank] = body(processes)
        except BaseException as error:
            found[rank] = error.code if isinstance(error, SystemExit) else error

    threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    return found


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_leader_gets_all_results_in_their_order_and_nobody_does_anothers_work(size: int) -> None:
    done: list[int] = []

    def work(task: int) -> Iterator[tuple[int, int]]:
        done.append(task)
        yield from ((task, part) for part in range(task % 3))  # some have no results

    def body(processes: Processes) -> list[tuple[int, int]]:
        return list(processes.shared(range(40), work))

    leader, *others = together(size, body)
    assert leader == [(task, part) for task in range(40) for part in range(task % 3)]
    assert not any(others) and sorted(done) == list(range(40))


def test_endless_work_ends_when_the_leader_wants_no_more_and_nobody_runs_far_ahead() -> None:
    done: list[int] = []

    def work(task: int) -> list[int]:
        done.append(task)
        return [task]

    def body(processes: Processes) -> list[int]:
        found = processes.shared(count(), work)
        some = [next(found) for _ in range(50)] if processes.leads else list(found)
        found.close()
        return some

    leader, *others = together(3, body)
    assert leader == list(range(50)) and not any(others)
    assert max(done) < 50 + 3 * (AHEAD + 1)


def test_what_the_leader_tells_all_hear_and_several_rounds_do_not_mix() -> None:
    def body(processes: Processes) -> list[Any]:
        told = []
        for start in (0, 10):
            total = sum(processes.shared(range(start, start + 5), lambda task: [task]))
            told.append(processes.told(total))
        return told

    assert together(2, body) == [[10, 60], [10, 60]]


@pytest.mark.parametrize("wrong", [0, 1])
def test_what_goes_wrong_anywhere_is_raised_in_the_leader_and_ends_all(wrong: int) -> None:
    def body(processes: Processes) -> None:
        def work(task: int) -> list[int]:
            if processes.rank == wrong:
                raise ValueError(f"task {task}")
            return [task]

        for _ in processes.shared(count(), work):
            pass

    leader, other = together(2, body)
    assert isinstance(leader, ValueError) and str(leader).startswith("task ")
    assert other == 0


def test_an_error_that_cannot_be_sent_is_put_into_words() -> None:
    class LocalError(Exception):
        pass

    def body(processes: Processes) -> None:
        if not processes.leads:
            raise LocalError("of here")
        list(processes.shared(count(), lambda task: [task]))

    leader, _ = together(2, body)
    assert isinstance(leader, RuntimeError) and str(leader) == "LocalError: of here"


def test_an_interrupt_elsewhere_interrupts_the_leader() -> None:
    def body(processes: Processes) -> str:
        if not processes.leads:
            raise KeyboardInterrupt
        try:
            for _ in processes.shared(count(), lambda task: [task]):
                pass
        except KeyboardInterrupt:
            return "what was done by then"
        return "all"

    leader, other = together(2, body)
    assert leader == "what was done by then"
    assert other == 0
