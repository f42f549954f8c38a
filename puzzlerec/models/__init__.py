"""Models: tokens to logits. They know a vocabulary and a board's shape, no puzzle."""

from puzzlerec.models.registry import build, config_class, systems

__all__ = ["build", "config_class", "systems"]
