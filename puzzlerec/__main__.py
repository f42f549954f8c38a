"""``python -m puzzlerec``."""

from puzzlerec.cli import main

main()
