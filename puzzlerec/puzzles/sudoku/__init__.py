"""Sudoku: every unit holds each digit once."""
