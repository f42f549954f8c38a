"""ARC: coloured grids, and what makes one of another."""
