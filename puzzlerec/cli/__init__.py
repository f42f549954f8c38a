"""The command line: one command a file."""

from puzzlerec.cli.app import app, main

__all__ = ["app", "main"]
