"""Puzzles as coloured characters, without an app: what each cell shows, and the strips that come out.

A cell is a tile of w x h characters; `mosaic` has smaller ones. Its background is the heat, a probability in `LEVELS`
levels of viridis: that of the token that the cell shows, or of one token such as a maze's path. What colour says is
said by a character too: ``!`` breaks a rule, ``×`` differs from the exact answer, ``•`` has just changed, ``░`` holds
no answer yet; bars of eight heights show the level where glyphs are asked for. What is solved is calm: no heat, no
marks.

Letters: H x W grid, K tokens that one cell may show, V vocabulary.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from puzzlerec.puzzles import Puzzle, PuzzleKind
from puzzlerec.puzzles.look import POSSIBLE
from puzzlerec.views.lines import DOWN, HEAVY, LEFT, PLAIN, RIGHT, ROUND, UP, codes, openings
from puzzlerec.views.mosaic import Mosaic
from puzzlerec.views.palette import (
    ASCII_BARS,
    BARS,
    BOLD,
    CURSOR,
    DARK,
    EDGE,
    FAINT,
    FAULT,
    HEAT,
    LEVELS,
    LINE,
    MASKED,
    PAPER,
    TINTED,
    UNDER,
    WRONG,
    Palette,
    pair,
)
from puzzlerec.views.scene import Scene, scene
from puzzlerec.views.tiling import Tiling

if TYPE_CHECKING:
    from puzzlerec.solving.frames import Frame

SETTLED = 0.9  # a cell as sure as this shows one token, a less sure one its candidates where there is room
LIKELY = 0.15  # candidates above this are written out, others faintly
_DIAGONALS = " ╲╱╳", " \\/x"  # by what `Look.diagonals` says


class Painter:
    """Paints scenes of one tiling on canvases: characters [lines, columns] uint32 and style codes, uint16."""

    def __init__(self, tiling: Tiling, unicode: bool = True, colour: bool = True) -> None:
        """Without ``colour``, characters alone show walls."""
        self.tiling, self.look, self.unicode = tiling, tiling.look, unicode
        H, W = tiling.shape
        self._w, self._h = map(int, tiling.tile)
        self._under = UNDER * tiling.unruled().astype(np.uint16)
        self._x = np.array([tiling.left(column) for column in range(W)])
        self._y = np.array([tiling.top(row) for row in range(H)])
        sides = tiling.frame()
        self._empty = codes(ROUND if unicode else PLAIN)[sides]  # the canvas without cells
        self._owner = np.where(sides > 0, H * W, tiling.owner())  # of each character, the cell or one more for a line
        self._fault, self._wrong, self._changed, self._mask = map(ord, "!×•░" if unicode else "!x*?")
        self._bars = codes(BARS if unicode else ASCII_BARS)
        self._glyphs = codes(self.look.characters)  # [V]
        if unicode:
            self._glyphs[list(self.look.blanks)] = ord("·")
        self._stone = "" if colour and unicode else "▒" if unicode else "#"  # what walls are made of

    def paint(
        self,
        scene: Scene,
        *,
        heat: bool = True,
        glyphs: bool = False,
        cursor: tuple[int, int] | None = None,
    ) -> tuple[np.ndarray, np.ndarray]:
        w, h = self._w, self._h
        diagonals = self.look.diagonals(scene.puzzle.question)
        base = scene.categories(heat) | self._under
        if diagonals is not None:
            base[diagonals > 0] |= TINTED
        characters, styles = self._empty.copy(), np.append(base, np.uint16(LINE))[self._owner]
        if diagonals is not None and w > 2:
            marks = codes(_DIAGONALS[not self.unicode])[diagonals]
            self._put(characters, styles, diagonals > 0, 0, 0, marks, base | FAINT)
        pencilled = np.zeros(base.shape, bool)
        if self.look.line is None:
            pencilled = self._pencil(characters, styles, scene, base)
            plain = ~pencilled & ~scene.masked
            shown = self._glyphs[scene.tokens]
            self._put(characters, styles, plain, (w - 1) // 2, (h - 1) // 2, shown, base | BOLD)
        else:
            self._path(characters, styles, scene)
        if scene.hints is not None and self.look.hints[0] and not scene.solved:
            bare = (scene.hints > 0) & ~scene.given & ~scene.joined
            signs = codes(self.look.hints[not self.unicode])[scene.hints]
            self._put(characters, styles, bare, (w - 1) // 2, (h - 1) // 2, signs, base | FAINT)
        self._put(characters, styles, scene.masked, (w - 1) // 2, (h - 1) // 2, self._mask)
        if glyphs and w > 1 and not scene.solved:
            lowest = 0 if self.look.heat is None else 1
            with_level = (scene.levels >= lowest) & ~scene.masked & ~scene.joined & ~pencilled
            bars = self._bars[np.maximum(scene.levels, 0)]
            self._put(characters, styles, with_level, 0 if w > 2 else 1, h - 1, bars)
        self._badges(characters, styles, scene)
        if cursor is not None:
            self._cursor(characters, styles, *cursor)
        return characters, styles

    def _pencil(self, characters: np.ndarray, styles: np.ndarray, scene: Scene, base: np.ndarray) -> np.ndarray:
        """Write the candidates of unsure cells where there is room for them; [H, W] bool, which cells have them."""
        w, h = self._w, self._h
        rows, columns = self.look.pencil or (h + 1, w + 1)
        if scene.probabilities is None or scene.solved or h < max(rows, 3) or w <= columns:
            return np.zeros(base.shape, bool)
        pencilled: np.ndarray = (scene.levels >= 0) & (scene.probabilities.max(-1) < SETTLED) & ~scene.masked
        step_x, step_y = w // columns, h // rows
        first_x = (w - step_x * (columns - 1)) // 2  # never the first column: there is the line between neighbours
        first_y = (h - step_y * (rows - 1) - 1) // 2
        symbols = self.look.symbols(scene.puzzle.question)  # [H, W, K]
        shares = np.take_along_axis(scene.probabilities, symbols, -1)
        chosen = symbols == scene.tokens[..., None]
        written = pencilled[..., None] & (chosen | (shares >= POSSIBLE))
        flags = np.where(chosen, BOLD, np.where(shares < LIKELY, FAINT, 0))
        inks, glyphs = base[..., None] | flags, self._glyphs[symbols]
        self._part(characters, styles, pencilled, base)
        for index in range(symbols.shape[-1]):
            x, y = first_x + index % columns * step_x, first_y + index // columns * step_y
            self._put(characters, styles, written[..., index], x, y, glyphs[..., index], inks[..., index])
        return pencilled

    def _part(self, characters: np.ndarray, styles: np.ndarray, pencilled: np.ndarray, base: np.ndarray) -> None:
        """A thin line between neighbours of one region, so that candidates of two cells are not read as one number."""
        beside = np.zeros_like(pencilled)
        beside[:, 1:] = (pencilled[:, 1:] | pencilled[:, :-1]) & ~self.tiling.parted()
        for y in range(self._h):
            self._put(characters, styles, beside, 0, y, ord("▏" if self.unicode else "|"), base | FAINT)

    def _path(self, characters: np.ndarray, styles: np.ndarray, scene: Scene) -> None:
        """A line through the cells of a path, the characters of its ends, and walls where colour does not show them."""
        w, h = self._w, self._h
        tokens, joined = scene.tokens, scene.joined
        line = tokens == self.look.line
        sides = openings(joined)
        x, y = (w - 1) // 2, (h - 1) // 2
        across, along = map(ord, "━┃" if self.unicode else "oo")
        for column in range(w):
            if column != x:
                side = sides & (LEFT if column < x else RIGHT) > 0
                self._put(characters, styles, joined & side, column, y, across)
        for row in range(h):
            if row != y:
                side = sides & (UP if row < y else DOWN) > 0
                self._put(characters, styles, joined & side, x, row, along)
        turns = codes(HEAVY if self.unicode else "o" * 16)[sides]
        self._put(characters, styles, line, x, y, turns)
        self._put(characters, styles, joined & ~line, x, y, self._glyphs[tokens])
        if self._stone:
            for row in range(h):
                for column in range(w):
                    self._put(characters, styles, tokens == self.look.solid, column, row, ord(self._stone))

    def _badges(self, characters: np.ndarray, styles: np.ndarray, scene: Scene) -> None:
        """The mark of what is to be said of a cell; the worst is written last."""
        w = self._w
        for mask, mark, style in (
            (scene.changed & (not scene.solved), self._changed, None),
            (scene.wrong, self._wrong, WRONG),
            (scene.offending, self._fault, FAULT),
        ):
            if w > 1:
                self._put(characters, styles, mask, w - 1, 0, mark, style)
            elif style is not None:
                self._put(characters, styles, mask, 0, 0, None, style)

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
        w, h = self._w, self._h
        top, left = self._y[row], self._x[column]
        if w < 3:
            styles[top : top + h, left : left + w] = CURSOR
            return
        for place, edge in ((left, "▌" if self.unicode else "["), (left + w - 1, "▐" if self.unicode else "]")):
            here = slice(top, top + h), place
            badge = np.isin(styles[here], (FAULT, WRONG))
            characters[here] = np.where(badge, characters[here], ord(edge))
            styles[here] = np.where(badge, styles[here], styles[here] | EDGE | BOLD)


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
        for line, (row, kinds) in enumerate(zip(characters, styles, strict=True)):
            key = row.tobytes() + kinds.tobytes()
            strip = self._strips.get(key)
            if strip is None:
                if len(self._strips) >= self.LARGEST:
                    self._strips.clear()
                strip = self._strips[key] = self._made(row, kinds, np.flatnonzero(cuts[line]))
            made.append(strip)
        return made

    def _made(self, row: np.ndarray, categories: np.ndarray, cuts: np.ndarray) -> Strip:
        text, style = row.tobytes().decode("utf-32-le"), self.palette.style
        ends = [*(cuts + 1).tolist(), len(text)]
        kinds = categories[np.array(ends) - 1].tolist()
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
    colour: bool = True,
    palette: Palette | None = None,
) -> list[Strip]:
    """The puzzle, or one frame of its answer, as large as fits ``width`` x ``height``, without an app."""
    tiling = Tiling.fitting(puzzle, width, height, unicode)
    canvas = painter_of(tiling, unicode, colour).paint(
        scene(puzzle, frame, previous=previous, truth=truth), heat=heat, glyphs=glyphs
    )
    return StripCache(palette or DARK, tiling.width).strips(*canvas)


Painted = Painter | Mosaic


@lru_cache(maxsize=64)
def painter_of(tiling: Tiling, unicode: bool = True, colour: bool = True) -> Painted:
    """What paints scenes of this tiling. Without ``colour``, characters alone tell what is what."""
    return Mosaic(tiling, colour) if tiling.fractional else Painter(tiling, unicode, colour)


def legend(
    kind: PuzzleKind, width: int, style: Callable[[int], Style], unicode: bool = True, hides: bool = False
) -> Strip:
    """What the colours and marks mean, in one line of ``width`` columns; ``hides``: cells may have no answer yet."""
    marks = ("!", "×", "•", "░") if unicode else ("!", "x", "*", "?")
    bars = BARS if unicode else ASCII_BARS
    segments = [Segment(f" {kind.look.heat_words} 0 ", style(PAPER))]
    segments += [Segment(bars[level], style(int(pair(HEAT + level, PAPER)))) for level in range(LEVELS)]
    segments.append(Segment(" 1   ", style(PAPER)))
    for mark, code, words in (
        (marks[0], FAULT, " breaks a rule  "),
        (marks[1], WRONG, " wrong  "),
        (marks[2], HEAT + 4, " changed  "),
        (marks[3], MASKED, " open"),
    )[: 4 if hides else 3]:
        segments += [Segment(mark, style(code)), Segment(words, style(PAPER))]
    return Strip(segments).adjust_cell_length(width, style(PAPER))
