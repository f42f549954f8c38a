"""Boxes over a screen: what to open, generate, solve with and save, and all keys."""
