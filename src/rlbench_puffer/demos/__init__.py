"""Demos: collected from experts, kept as Minari datasets, replayed, measured."""
