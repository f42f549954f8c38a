"""Texts that are no lines and grids but hold some: lists, print-outs of arrays, XML; and what others are called.

- *Lists*: lists of lists as JSON and Python write them, and NumPy's print-outs; numbers, letters in quotes, or a string
  a row. An empty string, ``None`` and ``null`` are blanks.
- *XML*: that of OpenSudoku.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from puzzlerec.puzzles.base import PuzzleError

_LISTS = re.compile(r"\s*(?:[\w.]+\s*=\s*)?(?:[\w.]+\s*\(\s*)?\[\s*(?:\[\s*)*(?:['\"\d.\]]|None|null|True|False)")
_BEGIN = re.compile(r"\s*(?:[\w.]+\s*=\s*)?(?:[\w.]+\s*\(\s*)?[\[{<]")
_ROW = re.compile(r"\[([^\[\]]*)\]")
_FIELD = re.compile(r"'([^']*)'|\"([^\"]*)\"|([^\s,'\"]+)")
_WORDS = {"None": ".", "null": ".", "nan": ".", "True": "1", "False": "0", "true": "1", "false": "0"}
_XML = re.compile(r"<[?!A-Za-z]")
_HTML = re.compile(r"<!doctype\s+html|<html\b", re.IGNORECASE)


@dataclass(frozen=True)
class Piece:
    """Lines that stand together in a document, and the line of the document, from 1, that each is from."""

    lines: tuple[str, ...]
    places: tuple[int, ...]


def pieces(text: str, source: str = "") -> list[Piece] | None:
    """What a document holds; None for lines and grids. Raises `PuzzleError` for one that no puzzle is read from."""
    start = text.lstrip()[:2000]
    if _XML.match(start):
        return list(_games(text, source))
    if _LISTS.match(start):
        return list(_lists(text, source))
    if source.lower().endswith(".json") or re.match(r'\{\s*["}]|\[\s*[\[{"]', start):
        raise PuzzleError("This is JSON, of which lists of lists are read and nothing else.", source=source)
    return None


def may_be_one(text: str, source: str = "") -> bool:
    """Whether a text that begins like this may be a document, or is called like one."""
    return _BEGIN.match(text) is not None or source.lower().endswith(".json")


# ---- lists


def _lists(text: str, source: str) -> Iterator[Piece]:
    """A matrix after another: rows between which no list of lists ends."""
    rows: list[list[str]] = []
    places: list[int] = []
    end, line = 0, 1
    for match in _ROW.finditer(text):
        between = text[end : match.start()]
        line += text.count("\n", end, match.start())
        end = match.start()
        if rows and "]" in between.partition("]")[2]:
            yield _piece(rows, places)
            rows, places = [], []
        fields = [_field(*found.groups()) for found in _FIELD.finditer(match[1])]
        if "..." in fields or "..." in between:
            raise PuzzleError(
                "The print-out leaves cells out (...); print it whole: numpy.set_printoptions(threshold=10**6).",
                source=source,
                line=line,
            )
        rows.append(fields)
        places.append(line)
    if rows:
        yield _piece(rows, places)


def _field(single: str | None, double: str | None, bare: str | None) -> str:
    """What one field says; a number without the point that NumPy prints."""
    if bare is None:
        quoted = single if single is not None else double
        return quoted or "."
    return re.sub(r"^(\d+)\.0*$", r"\1", _WORDS.get(bare, bare))


def _piece(rows: list[list[str]], places: list[int]) -> Piece:
    fields = [field for row in rows for field in row]
    if all(field.strip(" ").isdecimal() or field in " ." for field in fields):  # a blank of numbers, not a free cell
        rows = [["." if field == " " else field for field in row] for row in rows]
    longest = max(map(len, fields), default=0)
    if longest > 2 and len(rows) == 1:  # a string a row
        return Piece(tuple(fields), tuple(places * len(fields)))
    return Piece(tuple((" " if longest == 2 else "").join(row) for row in rows), tuple(places))


# ---- XML


def _games(text: str, source: str) -> Iterator[Piece]:
    """The games of OpenSudoku, each with the cells that are given."""
    if _HTML.match(text.lstrip()):
        raise PuzzleError("This is an HTML page; save its puzzles as text.", source=source)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise PuzzleError("This is XML with a document type of its own, which is not read.", source=source)
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        line = error.position[0]
        raise PuzzleError(f"This looks like XML but is not well-formed: {error}.", source=source, line=line) from None
    except ValueError as error:  # an encoding that there is not
        raise PuzzleError(f"This looks like XML but cannot be read: {error}.", source=source) from None
    if root.tag != "opensudoku":
        raise PuzzleError(f"This is XML of {root.tag!r}; of XML, that of OpenSudoku is read.", source=source)
    end, line = 0, 1
    for game in root.iter("game"):
        data = game.get("data") or game.get("cells_data") or ""
        found = max(text.find(data, end), end)
        line, end = line + text.count("\n", end, found), found + len(data)
        yield Piece((_given(data),), (line,))


def _given(data: str) -> str:
    """81 cells: as such, or of a saved game, value, notes and whether it may be changed, cell by cell."""
    if not data.startswith("version:"):
        return data
    fields = re.sub(r"^version:\s*\d+\s+", "", data).split("|")
    cells = zip(fields[0::3], fields[2::3], strict=False)
    return "".join(value if editable == "0" else "." for value, editable in cells)
