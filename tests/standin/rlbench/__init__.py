"""A stand-in for RLBench with the same names, two tasks and none of its code."""

__version__ = "1.2.0"
