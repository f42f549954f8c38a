"""The processes that torchrun has started share tasks: who is free takes the next, and one of them gets all results.

They speak through the store (keys and values) at which torchrun has them meet, and not by collective operations: those
want everybody at the same place at the same time, and while they wait no signal gets through.
"""

from __future__ import annotations

import itertools
import os
import pickle
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextlib import suppress
from functools import cached_property
from types import TracebackType
from typing import Any, Self, TypeVar, cast

Task = TypeVar("Task")
Result = TypeVar("Result")
Value = TypeVar("Value")

AHEAD = 4  # tasks of a process whose results are there and not read yet
PAUSE = 0.01  # seconds between two looks at what others have written
PATIENCE = 10.0  # seconds that the leader waits for the others when all is done
CONNECTED = 300.0  # seconds after which the leader must have begun


def launched() -> tuple[int, int]:
    """The number of this process among those that torchrun has started, and how many they are."""
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))


class Processes:
    """This process, number ``rank`` of ``size``. Number 0 leads; by default it is alone, and does everything itself.

    What they tell each other is pickled: it comes from the same command, and from nowhere else. As a context, it ends
    for all when the leader leaves it. What goes wrong in another process is raised in the leader, who can say it; that
    process ends with status 0.
    """

    def __init__(self, rank: int = 0, size: int = 1, store: Any = None) -> None:
        """``store`` is the `torch.distributed.Store` where they meet, torchrun's if None."""
        self.rank, self.size, self._given = rank, size, store
        self._calls = itertools.count()  # of `shared` and `told`: all processes make the same ones, in the same order

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def shared(self, tasks: Iterable[Task], work: Callable[[Task], Iterable[Result]]) -> Generator[Result]:
        """The results of ``work`` on all ``tasks``, in their order: in the leader, that is; the others get none.

        Every process goes through all ``tasks``, which may be endless: the work ends when the leader wants no more.
        """
        if self.size == 1:
            return (result for task in tasks for result in work(task))
        call = f"{next(self._calls)}"
        return self._lead(call, tasks, work) if self.leads else self._follow(call, tasks, work)

    def told(self, value: Value) -> Value:
        """The leader's ``value``, in every process."""
        if self.size == 1:
            return value
        key = f"{next(self._calls)}/told"
        if self.leads:
            self._store.set(key, pickle.dumps(value))
            return value
        return cast(Value, self._read(key))

    # ---- work

    def _lead(self, call: str, tasks: Iterable[Task], work: Callable[[Task], Iterable[Result]]) -> Generator[Result]:
        own: dict[int, list[Result]] = {}
        mine, following, count = self._take(call), 0, 0  # of the task to do, and of that whose results are to come
        try:
            for number, task in enumerate(tasks):
                count = number + 1
                if number == mine:
                    own[number] = list(work(task))
                    mine = self._take(call)
                    self._heed()
                while following < count and (following in own or len(own) >= AHEAD or self._is_there(call, following)):
                    yield from own.pop(following) if following in own else self._results(call, following)
                    following += 1
            for number in range(following, count):
                yield from own.pop(number) if number in own else self._results(call, number)
        except GeneratorExit:  # the leader wants no more
            self._store.set(f"{call}/over", b"")
            raise
        self._store.set(f"{call}/over", b"")  # after an error it leaves, which ends all

    def _follow(self, call: str, tasks: Iterable[Task], work: Callable[[Task], Iterable[Result]]) -> Generator[Result]:
        yield from ()
        unread: deque[str] = deque()
        mine = self._take(call)
        for number, task in enumerate(tasks):
            if number < mine:
                continue
            unread.append(f"{call}/{number}")
            self._store.set(unread[-1], pickle.dumps(list(work(task))))
            while unread and (len(unread) >= AHEAD or not self._store.check([unread[0]])):
                if not self._store.check([unread[0]]):
                    unread.popleft()
                elif self._is_over(call):
                    return
                else:
                    time.sleep(PAUSE)
            if self._is_over(call):
                return
            mine = self._take(call)

    def _take(self, call: str) -> int:
        """The number of a task that nobody else will do."""
        return int(self._store.add(f"{call}/taken", 1)) - 1

    def _is_there(self, call: str, number: int) -> bool:
        return self._is_written(f"{call}/{number}")

    def _results(self, call: str, number: int) -> list[Any]:
        found: list[Any] = self._read(f"{call}/{number}")
        self._store.delete_key(f"{call}/{number}")
        return found

    def _is_over(self, call: str) -> bool:
        return self._is_written(f"{call}/over")

    # ---- the store

    @cached_property
    def _store(self) -> Any:
        import torch.distributed  # the commands start three times as fast without

        dist: Any = torch.distributed
        return dist.PrefixStore("puzzlerec", self._given or _meeting_point(dist, self.leads))

    def _read(self, key: str) -> Any:
        """What somebody writes, as soon as it is there."""
        while not self._is_written(key):
            time.sleep(PAUSE)
        return pickle.loads(self._store.get(key))

    def _is_written(self, key: str) -> bool:
        """Whether somebody has written it. Ends this process where the leader has left and nobody will."""
        self._heed()
        left = not self.leads and self._store.check(["left"])  # asked first: the leader may write and leave
        if self._store.check([key]):
            return True
        if left:
            raise SystemExit(0)
        return False

    def _heed(self) -> None:
        """Raise in the leader what has gone wrong elsewhere."""
        if self.leads and self._store.check(["failed"]):
            raise pickle.loads(self._store.get("failed"))

    # ---- the end

    def __enter__(self) -> Self:
        if self.size > 1:
            here = self._store.add("here", 1)
            while self.leads and here < self.size:
                time.sleep(PAUSE)
                here = self._store.add("here", 0)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.size == 1:
            return
        with suppress(RuntimeError):  # the store may be gone, with whoever kept it
            if self.leads:
                sys.stdout.flush()
                self._store.set("left", b"")
                patience = time.monotonic() + PATIENCE
                while self._store.add("gone", 0) < self.size - 1 and time.monotonic() < patience:
                    time.sleep(PAUSE)
                return
            if error is not None:
                self._store.set("failed", _as_bytes(error))
            while not self._store.check(["left"]):
                time.sleep(PAUSE)
            self._store.add("gone", 1)
        if error is not None:
            raise SystemExit(0) from error


def _meeting_point(dist: Any, leads: bool) -> Any:
    """torchrun's store: its own, or one that the leader keeps. Nobody waits in it for all to be there."""
    address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
    keeps = leads and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    patience = time.monotonic() + CONNECTED
    while not keeps:  # the store would wait for it too, but while it does no signal gets through
        try:
            socket.create_connection((address, port), timeout=1).close()
            break
        except OSError:
            if time.monotonic() > patience:
                raise
            time.sleep(10 * PAUSE)
    return dist.TCPStore(address, port, is_master=keeps, wait_for_workers=False, multi_tenant=True)


def _as_bytes(error: BaseException) -> bytes:
    """An error for another process; what cannot be sent is put into words."""
    try:
        pickle.loads(whole := pickle.dumps(error))
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return whole
