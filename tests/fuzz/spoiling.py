"""Ways to spoil a file, from single bits to the values of a document."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

BYTES = (b"\0", b"\xff", b"\n", b"\r", b"\t", b" ", b'"', b",", b"[", b"{", b"#", b"S", b"\x1b]52;c;aGk=\x07", b"\xe2")
LONG = (b"9" * 400, b"." * 5000, b"[" * 3000, b"\n" * 2000, b"# " * 2000)
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e308, 10**6, 2**31, 2**63, 10**30),
    *("", "x", "../../x", "\x1b]0;x\x07", "nan", "sudoku", "9" * 500, [], {}, [[]], [0, 0], [10**6, 10**6], {"x": 1}),
)


def spoilt(content: bytes, chance: Random) -> bytes:
    """Bytes with one or a few faults."""
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        content = chance.choice(_WAYS)(content, chance) if content else b"\n"
    return content


def _flipped(content: bytes, chance: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 3, 20))):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(content: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content))]


def _without(content: bytes, chance: Random) -> bytes:
    start = chance.randrange(len(content))
    return content[:start] + content[start + chance.choice((1, 2, 9, 100)) :]


def _inserted(content: bytes, chance: Random) -> bytes:
    place = chance.randrange(len(content) + 1)
    return content[:place] + chance.choice(BYTES + (LONG if chance.random() < 0.2 else ())) + content[place:]


def _twice(content: bytes, chance: Random) -> bytes:
    start, place = chance.randrange(len(content)), chance.randrange(len(content) + 1)
    return content[:place] + content[start : start + chance.choice((1, 10, 100))] + content[place:]


def _swapped(content: bytes, chance: Random) -> bytes:
    lines = content.split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _zeroed(content: bytes, chance: Random) -> bytes:
    start, length = chance.randrange(len(content)), chance.choice((4, 8, 64))
    return content[:start] + chance.choice((b"\0", b"\xff")) * length + content[start + length :]


_WAYS: tuple[Callable[[bytes, Random], bytes], ...] = (
    *(_flipped, _cut, _without, _inserted, _inserted, _twice, _swapped, _zeroed),
)


def spoilt_document(document: Any, chance: Random) -> Any:
    """A JSON document with one value replaced, left out, or put where it is not known."""
    document = json.loads(json.dumps(document))
    places = list(_places(document))
    holder, key = chance.choice(places)
    way = chance.random()
    if way < 0.15 and isinstance(holder, dict):
        del holder[key]
    elif way < 0.25 and isinstance(holder, dict):
        holder[chance.choice(("", "x", "width", "\x1b"))] = chance.choice(VALUES)
    else:
        holder[key] = chance.choice(VALUES)
    return document


def _places(document: Any) -> Any:
    """Every value of a document, as what holds it and where."""
    entries = document.items() if isinstance(document, dict) else enumerate(document)
    for key, value in entries:
        yield document, key
        if isinstance(value, dict | list):
            yield from _places(value)
