"""How puzzles, answers and verdicts look: as strips of a terminal app, as text, as SVG, and in words."""
