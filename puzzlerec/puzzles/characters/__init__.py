"""Lines of characters to complete: copy, reverse and addition."""
