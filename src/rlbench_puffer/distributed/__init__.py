"""Ranks: the processes that torchrun starts, and what they tell each other."""
