"""The settings of a model: all that is needed to rebuild it beside its weights."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator


class ModelConfig(BaseModel):
    """One recursive model; systems other than TRM add to these settings.

    The papers' D is `width`, n `latent_updates`, T `recursions`, N_sup `supervision_steps`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    without: ClassVar[tuple[str, ...]] = ()  # settings of TRM that another system does not have

    system: str = "trm"
    puzzle: str = "sudoku"  # the kind of puzzle whose tokens these are
    vocabulary: int = Field(11, ge=2, le=1024)  # V, padding included
    grid: tuple[int, int] = (9, 9)  # (H, W), the largest unless `any_size`; L = H * W tokens

    prefix: int = Field(16, ge=0, le=64)  # P positions in front of the grid; the first holds the puzzle embedding
    puzzle_ids: int = Field(1, ge=1)  # rows of the puzzle embedding

    # the network f
    mixer: Literal["attention", "mlp", "units", "candidates", "local"] = "attention"
    mask_padding: bool = False  # padding cells (token 0) are outside the grid: no cell hears them, none halts for them
    box: tuple[int, int] | None = None  # (rows, columns) of a Sudoku box, for units and candidates
    symbols: tuple[int, int] | None = None  # (first token, count) of the interchangeable symbols, for candidates
    width: int = Field(512, ge=4, le=4096)  # D
    layers: int = Field(2, ge=1, le=64)
    heads: int = Field(8, ge=1)
    expansion: float = Field(4.0, gt=0)  # of the SwiGLU
    multiple: int = Field(256, ge=1)  # the SwiGLU's inner width is rounded up to this
    # of attention. grid: learned embeddings of row and column; grid-rope: rotary ones of both
    positions: Literal["rope", "grid", "grid-rope", "none"] = "rope"
    gate_norm: bool = False  # SwiGLU as sigmoid(g) * rms_norm(g * v), after SIC (arXiv 2601.19085)

    # classes of the hints that z is to show in training beside the answer (class 0: no hint for this cell); 0: none
    hints: int = Field(0, ge=0, le=64)

    # the recursion
    latent_updates: int = Field(6, ge=1)  # n
    recursions: int = Field(3, ge=1)  # T
    supervision_steps: int = Field(16, ge=1)  # N_sup
    networks: Literal["one", "two"] = "one"  # two: f_L updates z, f_H updates y
    latents: Literal["pair", "single", "multi-scale"] = "pair"  # (y, z) | z alone | y with n latents z_i
    with_gradient: int = Field(1, ge=1)  # of the T recursions, the last so many
    gradient: Literal["recursion", "one-step"] = "recursion"  # through all of a recursion, or its last two evaluations

    @model_validator(mode="after")
    def _consistent(self) -> ModelConfig:
        for name in self.without:
            if getattr(self, name) != ModelConfig.model_fields[name].default:
                raise ValueError(f"`{name}` is a setting of TRM, which {self.system} does not have")
        if self.mixer == "attention" and self.width % (2 * self.heads):
            raise ValueError(f"width {self.width} must be a multiple of 2 * heads = {2 * self.heads}: rotary pairs")
        if self.positions == "grid-rope" and (self.mixer != "attention" or self.width % (4 * self.heads)):
            raise ValueError(
                f'positions = "grid-rope" is for attention, with a width that 4 * heads = {4 * self.heads} divides'
            )
        if self.mixer in ("units", "candidates", "local") and self.prefix:
            raise ValueError(f"the {self.mixer} mixer has no place for a prefix: set prefix = 0")
        if self.mixer == "local" and not self.mask_padding:
            raise ValueError("the local mixer leaves padding out: set mask_padding = true")
        if self.mask_padding and self.mixer not in ("attention", "local"):
            raise ValueError(f"the {self.mixer} mixer cannot leave padding out: set mask_padding = false")
        if self.positions == "grid" and self.mixer not in ("attention", "mlp"):
            raise ValueError(f'the {self.mixer} mixer knows the grid: positions = "grid" is for attention and mlp')
        if self.mixer in ("units", "candidates"):
            rows, columns = self.grid
            if self.box is None or rows % self.box[0] or columns % self.box[1]:
                raise ValueError(f"the {self.mixer} mixer needs a `box` that divides {rows}x{columns}, not {self.box}")
        if self.mixer == "candidates" and self.latents == "multi-scale":
            raise ValueError('latents = "multi-scale" is not made for the candidates mixer: use "pair" or "single"')
        if self.with_gradient > self.depth:
            raise ValueError(f"of {self.depth} recursions, {self.with_gradient} cannot have a gradient")
        if self.hints and (self.mixer == "candidates" or self.latents != "pair"):
            raise ValueError('hints need one vector z a cell: latents = "pair", and not the candidates mixer')
        if self.gradient == "one-step" and self.latents != "pair":
            raise ValueError('gradient = "one-step" is the last update of z and of y: it needs latents = "pair"')
        if self.mixer == "candidates" and (
            self.symbols is None or sum(self.symbols) > self.vocabulary or min(self.symbols) < 1
        ):
            raise ValueError(
                f"the candidates mixer needs `symbols` = [first token, count] within {self.vocabulary}, "
                f"not {self.symbols}"
            )
        return self

    @property
    def depth(self) -> int:
        """T, the recursions of a step."""
        return self.recursions

    @property
    def any_size(self) -> bool:
        """Whether the same weights run on grids of every size; `grid` is then the one that they were trained for."""
        return self.mixer == "local"

    def takes(self, shape: tuple[int, int]) -> bool:
        """Whether a grid of this shape has room in the model."""
        return self.any_size or all(size <= most for size, most in zip(shape, self.grid, strict=True))

    @property
    def cells(self) -> int:
        """L, the number of tokens of a grid."""
        return self.grid[0] * self.grid[1]

    @property
    def state_length(self) -> int:
        """The number of vectors in y and in z: prefix + L, or L * K for candidates."""
        if self.mixer == "candidates" and self.symbols:
            return self.cells * self.symbols[1]
        return self.prefix + self.cells
