"""The terminal app: an answer forming, step by step; a training run; a saved solve."""
