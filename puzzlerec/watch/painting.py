"""Puzzles as coloured characters, without an app: where each cell stands, what it shows, and the strips that come out.

A cell is a tile of w x h characters. Its background is the heat: for a Sudoku the probability of the digit that it
shows, for a maze the probability that the path runs through it, in `LEVELS` levels of viridis. What colour says is said
by a character too: ``!`` breaks a rule, ``×`` differs from the exact answer, ``•`` has just changed, ``░`` holds no
answer yet; bars of eight heights show the level where glyphs are asked for.

Letters: H x W grid, N digits, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from puzzlerec.puzzles import Maze, Puzzle, PuzzleKind, Sudoku
from puzzlerec.puzzles.maze.tokens import GOAL, PATH, START, WALL
from puzzlerec.puzzles.sudoku.rules import BLANK

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame

LEVELS = 8
VIRIDIS = ("#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725")
BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "12345678"
SETTLED = 0.9  # a Sudoku cell as sure as this shows one digit, a less sure one its candidates where there is room
LIKELY, POSSIBLE = 0.15, 0.02  # candidates above the first are written out, above the second faintly

# What a character of the canvas is; the first is also the category of everything outside the grid.
PAPER, LINE, GIVEN, OPEN, MASKED, STONE, FILLED, FAULT, WRONG, CURSOR = range(10)
HEAT = 16  # to HEAT + LEVELS - 1
BOLD, FAINT, EDGE = 32, 64, 128  # added to a category

SUDOKU_TILES = ((15, 7), (11, 5), (7, 3), (6, 3), (3, 1), (2, 1), (1, 1))  # w x h, the largest that fits is taken
MAZE_TILES = ((8, 4), (6, 3), (4, 2), (2, 1), (1, 1))
_HEAVY = " ╹╻┃╸┛┓┫╺┗┏┣━┻┳╋"  # of a path, by the sum of its openings: up 1, down 2, left 4, right 8


@dataclass(frozen=True, eq=False)
class Scene:
    """What there is to see of a puzzle at one step. All arrays are [H, W]."""

    puzzle: Puzzle
    tokens: np.ndarray
    given: np.ndarray
    levels: np.ndarray  # 0 to LEVELS - 1, -1 where there is no heat
    offending: np.ndarray
    wrong: np.ndarray
    changed: np.ndarray
    masked: np.ndarray
    probabilities: np.ndarray | None  # [H, W, V]


def scene(
    puzzle: Puzzle,
    frame: Frame | None = None,
    *,
    previous: Frame | None = None,
    truth: np.ndarray | None = None,
    offending: np.ndarray | None = None,
) -> Scene:
    """The question, or one frame (B = 1) of its answer.

    ``previous`` is the frame before; ``truth`` [H, W] holds the tokens of the exact answer (of a maze, every cell that
    is on some shortest path); ``offending`` [H, W] spares checking the rules anew.
    """
    kind, question = puzzle.kind, puzzle.question
    none = np.zeros(question.shape, bool)
    given = kind.given(question)
    if frame is None:
        if offending is None:
            offending = kind.check_question(question).offending
        return Scene(puzzle, question, given, np.full(question.shape, -1), offending, none, none, none, None)
    tokens = frame.tokens[0]
    probabilities = frame.probabilities[0].reshape(*question.shape, -1)
    if offending is None:
        offending = faults(puzzle, frame)
    hidden = none if frame.masked is None else frame.masked[0]
    wrong = none if truth is None else kind.wrong(tokens, truth)
    if isinstance(kind, Maze):
        share = probabilities[..., PATH].astype(np.float32)
    else:
        chance = 1 / len(kind.answer_tokens)
        share = (frame.confidence[0] - chance) / (1 - chance)
    levels = np.clip(share * LEVELS, 0, LEVELS - 1).astype(int)
    return Scene(
        puzzle=puzzle,
        tokens=tokens,
        given=given,
        levels=np.where(given, -1, levels),
        offending=offending,
        wrong=wrong & ~given & ~hidden,
        changed=none if previous is None else changed(previous, frame) & ~given,
        masked=hidden,
        probabilities=probabilities,
    )


def shown(frame: Frame) -> np.ndarray:
    """[H, W]: the tokens of an answer (B = 1) as far as it is there, 0 where there is none yet."""
    return frame.tokens[0] if frame.masked is None else np.where(frame.masked[0], 0, frame.tokens[0])


def changed(previous: Frame | None, frame: Frame) -> np.ndarray:
    """[H, W] bool: the cells that show another token than before, or the first."""
    before = 0 if previous is None else shown(previous)
    return (shown(frame) != before) & (shown(frame) != 0)


def faults(puzzle: Puzzle, frame: Frame) -> np.ndarray:
    """[H, W] bool: the cells that break a rule, as far as the answer is there."""
    kind, question = puzzle.kind, puzzle.question
    if frame.masked is None or not frame.masked.any():
        return kind.check(question, frame.tokens[0]).offending
    if isinstance(kind, Sudoku):  # what is hidden is at odds with nothing
        return kind.check_question(np.where(frame.masked[0], BLANK, frame.tokens[0])).offending
    return kind.check(question, frame.tokens[0]).offending & ~frame.masked[0]


@dataclass(frozen=True)
class Palette:
    """The styles of what is drawn. Heat is viridis in every theme."""

    paper: Style
    line: Style
    given: Style
    open: Style
    masked: Style
    wall: Style
    filled: Style
    fault: Style
    wrong: Style
    cursor: Style
    _styles: dict[int, Style] = field(default_factory=dict, compare=False, repr=False)

    def style(self, code: int) -> Style:
        """The style of a category with its flags, made once: new styles are dear."""
        if code not in self._styles:
            self._styles[code] = self._made(code)
        return self._styles[code]

    def _made(self, code: int) -> Style:
        category = code & (BOLD - 1)
        if category >= HEAT:
            paper = Color.parse(VIRIDIS[category - HEAT])
            dark = category - HEAT < 4
            ink = "#f4f6ff" if dark else "#0b0d12"
            if code & FAINT:
                ink = _mixed(ink, VIRIDIS[category - HEAT], 0.45)
            style = Style(color=ink, bgcolor=paper.name)
        else:
            names = ("paper", "line", "given", "open", "masked", "wall", "filled", "fault", "wrong", "cursor")
            style = getattr(self, names[category])
        if code & EDGE:
            style += Style(color=self.cursor.bgcolor)
        if code & BOLD:
            style += Style(bold=True)
        return style


DARK = Palette(
    paper=Style.parse("#c8ccd4 on #14161c"),
    line=Style.parse("#5b6270 on #14161c"),
    given=Style.parse("bold #f4f4f8 on #2b303b"),
    open=Style.parse("#6b7280 on #1b1e26"),
    masked=Style.parse("#8a91a0 on #1b1e26"),
    wall=Style.parse("#3a404d on #3a404d"),
    filled=Style.parse("#7fd1ff on #1b1e26"),
    fault=Style.parse("bold #ffffff on #c1121f"),
    wrong=Style.parse("bold #000000 on #ff9f1c"),
    cursor=Style.parse("bold #000000 on #ffffff"),
)  # for whoever has no theme


def _mixed(ink: str, paper: str, share: float) -> str:
    parts = ([int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in (ink, paper))
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in zip(*parts, strict=True))


@dataclass(frozen=True)
class Tiling:
    """Where the cells of a grid stand on a canvas of characters."""

    kind: PuzzleKind
    shape: tuple[int, int]  # (H, W)
    tile: tuple[int, int]  # (w, h) in characters

    @classmethod
    def fitting(cls, kind: PuzzleKind, shape: tuple[int, int], width: int, height: int) -> Tiling:
        """With the largest tiles that fit ``width`` x ``height`` characters.

        If none do, two columns a cell if the width allows, or one: the rest is for scrolling.
        """
        tiles = SUDOKU_TILES if isinstance(kind, Sudoku) else MAZE_TILES
        tilings = [cls(kind, shape, tile) for tile in tiles]
        for tiling in tilings:
            if tiling.width <= width and tiling.height <= height:
                return tiling
        return tilings[-2] if tilings[-2].width <= width else tilings[-1]

    @property
    def width(self) -> int:
        return self.left(self.shape[1] - 1) + self.tile[0] + self._framed

    @property
    def height(self) -> int:
        return self.top(self.shape[0] - 1) + self.tile[1] + self._framed

    def left(self, column: int) -> int:
        """The first character of a column of cells."""
        return column * self.tile[0] + self._framed * (1 + column // self._box[1])

    def top(self, row: int) -> int:
        """The first line of a row of cells."""
        return row * self.tile[1] + self._framed * (1 + row // self._box[0])

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The cell that the character at ``x``, ``y`` belongs to; None for a line between boxes and outside."""
        w, h = self.tile
        for row in range(self.shape[0]):
            if self.top(row) <= y < self.top(row) + h:
                for column in range(self.shape[1]):
                    if self.left(column) <= x < self.left(column) + w:
                        return row, column
        return None

    @property
    def _framed(self) -> bool:
        return isinstance(self.kind, Sudoku)

    @property
    def _box(self) -> tuple[int, int]:
        return self.kind.box if isinstance(self.kind, Sudoku) else self.shape


class Painter:
    """Paints scenes of one tiling on canvases: characters [lines, columns] uint32 and style codes, uint16."""

    def __init__(self, tiling: Tiling, unicode: bool = True) -> None:
        self.tiling, self.unicode = tiling, unicode
        (H, W), (w, h) = tiling.shape, tiling.tile
        self._x = np.array([tiling.left(column) for column in range(W)])
        self._y = np.array([tiling.top(row) for row in range(H)])
        self._lines = (self._y[:, None] + np.arange(h)).reshape(-1, 1)  # all lines, all columns of all tiles
        self._columns = (self._x[:, None] + np.arange(w)).reshape(1, -1)
        self._empty = self._frame()
        self._fault, self._wrong, self._changed, self._mask = map(ord, "!×•░" if unicode else "!x*?")
        self._bars = _codes(BARS if unicode else ASCII_BARS)

    def paint(
        self,
        scene: Scene,
        *,
        heat: bool = True,
        glyphs: bool = False,
        cursor: tuple[int, int] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        w, h = self.tiling.tile
        characters, styles = self._empty[0].copy(), self._empty[1].copy()
        base = self._categories(scene, heat)
        styles[self._lines, self._columns] = np.repeat(np.repeat(base, h, 0), w, 1)
        if isinstance(scene.puzzle.kind, Maze):
            self._maze(characters, styles, scene)
        else:
            self._digits(characters, styles, scene, base)
        self._put(characters, styles, scene.masked, (w - 1) // 2, (h - 1) // 2, self._mask)
        if glyphs and w > 1:
            with_level = (scene.levels >= 0) & ~scene.masked
            bars = self._bars[np.maximum(scene.levels, 0)]
            self._put(characters, styles, with_level, 0 if w > 2 else 1, h - 1, bars)
        for mask, mark, style in (
            (scene.changed, self._changed, None),
            (scene.wrong, self._wrong, WRONG),
            (scene.offending, self._fault, FAULT),
        ):
            if w > 1:
                self._put(characters, styles, mask, w - 1, 0, mark, style)
            elif style is not None:
                self._put(characters, styles, mask, 0, 0, None, style)
        if cursor is not None:
            self._cursor(characters, styles, *cursor)
        return characters, styles

    def _categories(self, scene: Scene, heat: bool) -> np.ndarray:
        """[H, W]: the style of each tile."""
        base = np.where(scene.levels >= 0, HEAT + scene.levels if heat else FILLED, OPEN)
        if isinstance(scene.puzzle.kind, Maze):
            base[scene.levels == 0] = OPEN  # corridors stay dark, the path glows
            base[scene.given] = GIVEN
            base[scene.puzzle.question == WALL] = STONE
        else:
            base[scene.given] = GIVEN
        base[scene.masked] = MASKED
        return base.astype(np.uint16)

    def _digits(self, characters: np.ndarray, styles: np.ndarray, scene: Scene, base: np.ndarray) -> None:
        w, h = self.tiling.tile
        kind = scene.puzzle.kind
        glyphs = _codes(kind.vocabulary)
        if self.unicode:
            glyphs[BLANK] = ord("·")
        pencilled = np.zeros(base.shape, bool)
        if scene.probabilities is not None and h >= 3 and isinstance(kind, Sudoku):
            pencilled = (scene.levels >= 0) & (scene.probabilities.max(-1) < SETTLED) & ~scene.masked
            rows, columns = kind.box
            step_x, step_y = w // columns, max(h // rows, 1)
            first_x = (w - step_x * (columns - 1) - 1) // 2
            first_y = (h - step_y * (rows - 1) - 1) // 2
            for index, token in enumerate(kind.answer_tokens):
                share = scene.probabilities[..., token]
                x, y = first_x + index % columns * step_x, first_y + index // columns * step_y
                chosen = scene.tokens == token
                for mask, flag in (
                    (pencilled & (share >= POSSIBLE) & (share < LIKELY) & ~chosen, FAINT),
                    (pencilled & (share >= LIKELY) & ~chosen, 0),
                    (pencilled & chosen, BOLD),
                ):
                    self._put(characters, styles, mask, x, y, glyphs[token], base | flag)
        shown = ~pencilled & ~scene.masked
        self._put(characters, styles, shown, (w - 1) // 2, (h - 1) // 2, glyphs[scene.tokens], base | BOLD)

    def _maze(self, characters: np.ndarray, styles: np.ndarray, scene: Scene) -> None:
        w, h = self.tiling.tile
        tokens = scene.tokens
        on_path = np.pad(tokens >= START, 1)
        up, down, left, right = on_path[:-2, 1:-1], on_path[2:, 1:-1], on_path[1:-1, :-2], on_path[1:-1, 2:]
        line = tokens == PATH
        joined = line | (tokens == START) | (tokens == GOAL)
        x, y = (w - 1) // 2, (h - 1) // 2
        across, along = map(ord, "━┃" if self.unicode else "oo")
        for column in range(w):
            side = left if column < x else right
            if column != x:
                self._put(characters, styles, joined & side, column, y, across, None)
        for row in range(h):
            side = up if row < y else down
            if row != y:
                self._put(characters, styles, joined & side, x, row, along, None)
        turns = _codes(_HEAVY if self.unicode else "o" * 16)[up + 2 * down + 4 * left + 8 * right]
        self._put(characters, styles, line, x, y, turns, None)
        ends = (tokens == START) | (tokens == GOAL)
        self._put(characters, styles, ends, x, y, _codes("? .SGo")[np.minimum(tokens, PATH)], None)
        if not self.unicode:
            for row in range(h):
                for column in range(w):
                    self._put(characters, styles, tokens == WALL, column, row, ord("#"), None)

    def _put(
        self,
        characters: np.ndarray,
        styles: np.ndarray,
        mask: np.ndarray,
        x: int,
        y: int,
        character: np.ndarray | int | None,
        style: np.ndarray | int | None = None,
    ) -> None:
        """Write ``character`` (one for all, or [H, W]) at ``x``, ``y`` of the tiles in ``mask`` [H, W]."""
        rows, columns = np.nonzero(mask)
        if not rows.size:
            return
        lines, places = self._y[rows] + y, self._x[columns] + x
        if character is not None:
            characters[lines, places] = character[rows, columns] if isinstance(character, np.ndarray) else character
        if style is not None:
            styles[lines, places] = style[rows, columns] if isinstance(style, np.ndarray) else style

    def _cursor(self, characters: np.ndarray, styles: np.ndarray, row: int, column: int) -> None:
        w, h = self.tiling.tile
        top, left = self._y[row], self._x[column]
        if w < 3:
            styles[top : top + h, left : left + w] = CURSOR
            return
        for place, edge in ((left, "▌" if self.unicode else "["), (left + w - 1, "▐" if self.unicode else "]")):
            here = slice(top, top + h), place
            badge = np.isin(styles[here], (FAULT, WRONG))
            characters[here] = np.where(badge, characters[here], ord(edge))
            styles[here] = np.where(badge, styles[here], styles[here] | EDGE | BOLD)

    def _frame(self) -> tuple[np.ndarray, np.ndarray]:
        """The canvas without cells: a Sudoku's boxes."""
        tiling = self.tiling
        characters = np.full((tiling.height, tiling.width), ord(" "), "<u4")
        styles = np.zeros(characters.shape, np.uint16)
        if isinstance(tiling.kind, Sudoku):
            rows, columns = tiling.kind.box
            lines = [tiling.top(row) - 1 for row in range(0, tiling.shape[0], rows)] + [tiling.height - 1]
            places = [tiling.left(column) - 1 for column in range(0, tiling.shape[1], columns)] + [tiling.width - 1]
            characters[lines], characters[:, places] = ord("─"), ord("│")
            styles[lines], styles[:, places] = LINE, LINE
            for y, corners in zip(lines, ["╭┬╮", *["├┼┤"] * (len(lines) - 2), "╰┴╯"], strict=True):
                characters[y, places] = _codes(corners[0] + corners[1] * (len(places) - 2) + corners[2])
            if not self.unicode:
                for drawn, plain in (("─", "-"), ("│", "|")):
                    characters[characters == ord(drawn)] = ord(plain)
                characters[characters > 127] = ord("+")
        return characters, styles


def _codes(characters: str | Sequence[str]) -> np.ndarray:
    return np.array([ord(character) for character in characters], "<u4")


class StripCache:
    """Canvas lines as strips of one width, kept: a step that is seen again costs next to nothing."""

    LARGEST = 4096  # lines

    def __init__(self, palette: Palette, width: int, left: int = 0) -> None:
        """Strips are ``width`` columns wide with the canvas from column ``left``."""
        self.palette, self.width, self.left = palette, width, left
        self._strips: dict[bytes, Strip] = {}

    def strips(self, characters: np.ndarray, styles: np.ndarray) -> list[Strip]:
        cuts = styles[:, 1:] != styles[:, :-1]
        made = []
        for line, (row, codes) in enumerate(zip(characters, styles, strict=True)):
            key = row.tobytes() + codes.tobytes()
            strip = self._strips.get(key)
            if strip is None:
                if len(self._strips) >= self.LARGEST:
                    self._strips.clear()
                strip = self._strips[key] = self._made(row, codes, np.flatnonzero(cuts[line]))
            made.append(strip)
        return made

    def _made(self, row: np.ndarray, codes: np.ndarray, cuts: np.ndarray) -> Strip:
        text, style = row.tobytes().decode("utf-32-le"), self.palette.style
        ends = [*(cuts + 1).tolist(), len(text)]
        kinds = codes[np.array(ends) - 1].tolist()
        starts = [0, *ends[:-1]]
        segments = [Segment(text[start:end], style(code)) for start, end, code in zip(starts, ends, kinds, strict=True)]
        right = self.width - self.left - len(text)
        paper = style(PAPER)
        if self.left:
            segments.insert(0, Segment(" " * self.left, paper))
        if right > 0:
            segments.append(Segment(" " * right, paper))
        return Strip(segments, self.left + len(text) + max(right, 0))


def grid_strips(
    puzzle: Puzzle,
    frame: Frame | None = None,
    *,
    width: int,
    height: int,
    previous: Frame | None = None,
    truth: np.ndarray | None = None,
    heat: bool = True,
    glyphs: bool = False,
    unicode: bool = True,
    palette: Palette | None = None,
) -> list[Strip]:
    """The puzzle, or one frame of its answer, as large as fits ``width`` x ``height``, without an app."""
    tiling = Tiling.fitting(puzzle.kind, puzzle.question.shape, width, height)
    canvas = _painter(tiling, unicode).paint(
        scene(puzzle, frame, previous=previous, truth=truth), heat=heat, glyphs=glyphs
    )
    return StripCache(palette or DARK, tiling.width).strips(*canvas)


@cache
def _painter(tiling: Tiling, unicode: bool) -> Painter:
    return Painter(tiling, unicode)


def legend(
    kind: PuzzleKind, width: int, style: Callable[[int], Style], unicode: bool = True, hides: bool = False
) -> Strip:
    """What the colours and marks mean, in one line of ``width`` columns; ``hides``: cells may have no answer yet."""
    name = "path" if isinstance(kind, Maze) else "confidence"
    marks = ("!", "×", "•", "░") if unicode else ("!", "x", "*", "?")
    bars = BARS if unicode else ASCII_BARS
    segments = [Segment(f" {name} 0 ", style(PAPER))]
    lowest = OPEN if isinstance(kind, Maze) else HEAT
    segments += [Segment(bars[level], style(HEAT + level if level else lowest)) for level in range(LEVELS)]
    segments.append(Segment(" 1   ", style(PAPER)))
    for mark, code, words in (
        (marks[0], FAULT, " breaks a rule  "),
        (marks[1], WRONG, " wrong  "),
        (marks[2], HEAT + 4, " changed  "),
        (marks[3], MASKED, " open"),
    )[: 4 if hides else 3]:
        segments += [Segment(mark, style(code)), Segment(words, style(PAPER))]
    return Strip(segments).adjust_cell_length(width, style(PAPER))
