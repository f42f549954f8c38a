"""The settings of a model: all that is needed to rebuild it beside its weights.

They are composed of parts, each with its own settings and its own checks: what the board is, the network, how questions
enter it, the recursion, where its gradient flows. A system's `Config` inherits those that the system has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

# Bounds are far beyond all use: a file that claims more must not cost memory or hours to be refused.
Side = Annotated[int, Field(ge=1, le=1024)]  # of a grid or a box, in cells
Token = Annotated[int, Field(ge=0, le=1024)]
Count = Annotated[int, Field(ge=1, le=1024)]  # of updates, recursions: what a step repeats
Steps = Annotated[int, Field(ge=1, le=65536)]
Layers = Annotated[int, Field(ge=1, le=64)]
Prefix = Annotated[int, Field(ge=0, le=64)]


class Part(BaseModel):
    """Settings that belong together; those that a system does not have are refused by name."""

    # built when first used: most of the classes below are only inherited from
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Board(Part):
    """What the model is for. A *jigsaw* has irregular `regions`, which its tokens say.

    `symbols` = (first, count) are the interchangeable tokens, of digit 0, 1 ... count - 1. Where there are `regions`,
    they are those of region 0: tokens lie in blocks of count + 1, a block a region, the blank before its symbols. The
    token of symbol k in region r is ``first + r * (count + 1) + k``, of a blank there one less than that of k = 0.
    """

    system: str
    puzzle: str = "sudoku"  # the kind of puzzle whose tokens these are
    also: tuple[str, ...] = ()  # other kinds of its family that the model was trained for too
    vocabulary: int = Field(11, ge=2, le=1024)  # V, padding included
    grid: tuple[Side, Side] = (9, 9)  # (H, W), the largest unless `any_size`; L = H * W tokens
    box: tuple[Side, Side] | None = None  # (rows, columns) of a Sudoku box
    diagonals: bool = False  # both diagonals are units too
    regions: int = Field(0, ge=0, le=1024)  # that a jigsaw has instead of boxes; 0: none
    symbols: tuple[Token, Token] | None = None

    @model_validator(mode="after")
    def _board_is_one(self) -> Self:
        if self.box is not None and self.regions:
            raise ValueError("a board has a `box` or `regions`, not both")
        if self.diagonals and self.grid[0] != self.grid[1]:
            raise ValueError(f"only a square grid has diagonals, not {self.grid[0]}x{self.grid[1]}")
        return self

    @property
    def cells(self) -> int:
        """L, the number of tokens of a grid."""
        return self.grid[0] * self.grid[1]


class Network(Board):
    """The network f, a stack of layers."""

    mixer: Literal["attention", "mlp", "units", "candidates", "local", "colours"] = "attention"
    width: int = Field(512, ge=4, le=4096)  # D
    layers: Layers = 2
    heads: int = Field(8, ge=1, le=4096)
    expansion: float = Field(4.0, gt=0, le=64)  # of the SwiGLU
    multiple: int = Field(256, ge=1, le=4096)  # the SwiGLU's inner width is rounded up to this
    gate_norm: bool = False  # SwiGLU as sigmoid(g) * rms_norm(g * v), after SIC (arXiv 2601.19085)

    @model_validator(mode="after")
    def _mixer_fits_the_board(self) -> Self:
        if self.mixer == "attention" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 * heads = {2 * self.heads}: rotary pairs")
        rows, columns = self.grid
        boxed = self.box is not None and not (rows % self.box[0] or columns % self.box[1])
        if (self.mixer == "units" and not boxed) or (self.mixer == "candidates" and not (boxed or self.regions)):
            raise ValueError(f"the {self.mixer} mixer needs a `box` that divides {rows}x{columns}, not {self.box}")
        if self.mixer in ("candidates", "colours"):
            first, count = self.symbols or (0, 0)
            end = first + count if not self.regions else first - 1 + self.regions * (count + 1)
            if first < 1 or count < 1 or end > self.vocabulary:
                raise ValueError(
                    f"the {self.mixer} mixer needs `symbols` = [first token, count] within {self.vocabulary}, "
                    f"not {self.symbols}"
                )
        return self

    @property
    def any_size(self) -> bool:
        """Whether the same weights run on grids of every size; `grid` is then the one that they were trained for."""
        return self.mixer in ("local", "colours")

    @property
    def any_board(self) -> bool:
        """Whether the same weights run on other boards: see `on`."""
        return self.mixer in ("candidates", "local")

    @property
    def trained_for(self) -> tuple[str, ...]:
        """The kinds of puzzle that the weights know, by name."""
        return self.puzzle, *self.also

    def takes(self, shape: tuple[int, int]) -> bool:
        """Whether a grid of this shape has room in the model."""
        return self.any_size or all(size <= most for size, most in zip(shape, self.grid, strict=True))

    def on(self, settings: Mapping[str, object]) -> Self:
        """The settings of the same weights on another board, which ``settings`` (those of `Board`) say.

        Of `box`, `diagonals`, `regions` and `symbols`, those that they leave out are what a board has that does not
        say. Raises `ValueError` if the weights belong to one board, or not to that one.
        """
        if not self.any_board:
            raise ValueError(f"a model with the {self.mixer} mixer is for the board that it was trained on alone")
        known = set(Board.model_fields) - {"system", "also"}
        if unknown := sorted(set(settings) - known):
            raise ValueError(f"{', '.join(unknown)}: a board has the settings {', '.join(sorted(known))}")
        own = self.model_dump(exclude={"also", "box", "diagonals", "regions", "symbols"})
        try:
            other = type(self).model_validate(own | dict(settings))
        except ValidationError as error:
            raise ValueError("; ".join(fault_of(dict(fault)) for fault in error.errors())) from None
        if self.mixer == "local" and other.vocabulary != self.vocabulary:
            raise ValueError(f"a local model knows {self.vocabulary} tokens by their own vectors, not others")
        return other


class Encoder(Network):
    """How questions enter the network."""

    prefix: Prefix = 16  # P positions in front of the grid; the first holds the puzzle embedding
    # rows of the puzzle embedding, which stands in the prefix; the colours mixer and TR-LDM add it to every vector
    puzzle_ids: int = Field(1, ge=1, le=2**24)
    mask_padding: bool = False  # padding cells (token 0) are outside the grid: no cell hears them, none halts for them
    # of attention. grid: learned embeddings of row and column; grid-rope: rotary ones of both
    positions: Literal["rope", "grid", "grid-rope", "none"] = "rope"

    @model_validator(mode="after")
    def _mixer_takes_what_enters(self) -> Self:
        if self.positions == "grid-rope" and (self.mixer != "attention" or self.width % (4 * self.heads)):
            raise ValueError(
                f'positions = "grid-rope" is for attention, with a width that 4 * heads = {4 * self.heads} divides'
            )
        if self.positions == "grid" and self.mixer not in ("attention", "mlp"):
            raise ValueError(f'the {self.mixer} mixer knows the grid: positions = "grid" is for attention and mlp')
        if self.mixer in ("units", "candidates", "local", "colours") and self.prefix:
            raise ValueError(f"the {self.mixer} mixer has no place for a prefix: set prefix = 0")
        if self.mixer in ("local", "colours") and not self.mask_padding:
            raise ValueError(f"the {self.mixer} mixer leaves padding out: set mask_padding = true")
        if self.mask_padding and self.mixer not in ("attention", "local", "colours"):
            raise ValueError(f"the {self.mixer} mixer cannot leave padding out: set mask_padding = false")
        return self

    @property
    def embeds_puzzles(self) -> bool:
        """Whether there is a puzzle embedding."""
        return self.prefix > 0 or self.mixer == "colours"

    @property
    def state_length(self) -> int:
        """The number of tokens that the network mixes: prefix + L."""
        return self.prefix + self.cells


class ModelConfig(Encoder):
    """What every system has. Its `Config` adds the parts that it has besides, and settings of its own.

    The papers' D is `width`, n `latent_updates`, T `recursions`, N_sup `supervision_steps`.
    """

    supervision_steps: Steps = 16  # N_sup

    @property
    def passes(self) -> int:
        """How many times a training step applies a network."""
        return 1

    @property
    def has_hints(self) -> bool:
        """Whether the model is to show hints in training beside the answer."""
        return False

    @property
    def has_fields(self) -> bool:
        """Whether its state is made of tokens, hints among them."""
        return False

    @property
    def has_candidates(self) -> bool:
        """Whether its state is the set of open candidates, and what goes with each."""
        return False

    @property
    def open_ended(self) -> bool:
        """Whether steps go on until one changes nothing, and not for `supervision_steps`."""
        return False

    def most_steps(self, shape: tuple[int, int]) -> int:
        """How many steps an answer for a grid of this shape is given, unless one says otherwise."""
        return self.supervision_steps


class Recursion(Part):
    """How often a step applies its networks."""

    latent_updates: Count = 6  # n
    recursions: Count = 3  # T

    @property
    def depth(self) -> int:
        """T, the recursions of a step."""
        return self.recursions

    @property
    def passes(self) -> int:
        """How many times a training step applies a network."""
        return self.recursions * (self.latent_updates + 1)


class Truncation(Part):
    """Where the gradient stops."""

    with_gradient: Count = 1  # of the T recursions, the last so many

    @property
    def depth(self) -> int:
        """T, the recursions of a step."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _no_more_than_all(self) -> Self:
        if self.with_gradient > self.depth:
            raise ValueError(f"of {self.depth} recursions, {self.with_gradient} cannot have a gradient")
        return self


class TinyRecursion(Recursion, Truncation, ModelConfig):
    """TRM's recursion and its ablations."""

    networks: Literal["one", "two"] = "one"  # two: f_L updates z, f_H updates y
    latents: Literal["pair", "single", "multi-scale"] = "pair"  # (y, z) | z alone | y with n latents z_i
    gradient: Literal["recursion", "one-step"] = "recursion"  # through all of a recursion, or its last two evaluations

    @model_validator(mode="after")
    def _latents_fit(self) -> Self:
        if self.mixer == "candidates" and self.latents == "multi-scale":
            raise ValueError('latents = "multi-scale" is not made for the candidates mixer: use "pair" or "single"')
        if self.gradient == "one-step" and self.latents != "pair":
            raise ValueError('gradient = "one-step" is the last update of z and of y: it needs latents = "pair"')
        return self


class HintedRecursion(TinyRecursion):
    """TRM's recursion with a z that learns to show more than the answer."""

    # classes of the hints that z is to show in training beside the answer (class 0: no hint for this cell); 0: none
    hints: int = Field(0, ge=0, le=64)

    @model_validator(mode="after")
    def _hints_have_a_vector(self) -> Self:
        if self.hints and (self.mixer in ("candidates", "colours") or self.latents != "pair"):
            raise ValueError(f'hints need one vector z a cell: latents = "pair", and not the {self.mixer} mixer')
        return self

    @property
    def has_hints(self) -> bool:
        return self.hints > 0


class TokenState(HintedRecursion):
    """A state of tokens: what is carried from step to step is what has been said, and no more."""

    # between steps the state is projected onto its fields, the answer and the hints, read out by argmax and embedded
    # again; z begins anew at every step ("fresh") or goes on ("kept"). Of the candidates mixer the field is the set of
    # open candidates: those that are said not to survive are struck out, the others keep their y and z
    projection: Literal["none", "fresh", "kept"] = "none"
    strike: float = Field(0.02, gt=0, lt=0.5)  # the probability of survival below which a candidate is struck out

    @model_validator(mode="after")
    def _fields_have_a_vector(self) -> Self:
        if self.projection != "none" and self.latents != "pair":
            raise ValueError('a projection needs two states: latents = "pair"')
        if self.projection != "none" and self.mixer == "colours":
            raise ValueError('the colours mixer has no vector for a cell\'s fields: projection = "none"')
        if self.projection == "fresh" and self.mixer == "candidates":
            raise ValueError('candidates that stay open keep their states: projection = "kept", not "fresh"')
        return self

    @property
    def has_candidates(self) -> bool:
        """Whether the set of open candidates is the field that its state is projected onto."""
        return self.projection != "none" and self.mixer == "candidates"

    @property
    def has_fields(self) -> bool:
        return self.projection != "none" and self.has_hints

    @property
    def open_ended(self) -> bool:
        return self.projection == "fresh"

    def most_steps(self, shape: tuple[int, int]) -> int:
        """Where z begins anew, steps end when one changes nothing; news goes a cell a step at least, there and back."""
        return 2 * shape[0] * shape[1] if self.open_ended else super().most_steps(shape)


class TRMConfig(TokenState):
    """TRM's settings, which can be read without importing torch. Its defaults are the paper's."""

    system: Literal["trm"] = "trm"


def fault_of(fault: Mapping[str, object]) -> str:
    """What pydantic found wrong, in words."""
    place = ".".join(map(str, fault["loc"])) if isinstance(fault["loc"], tuple) else ""
    said = str(fault["msg"]).removeprefix("Value error, ")
    return f"{place}: {said}" if place else said
