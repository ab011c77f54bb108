"""Measuring throughput: rows, sweeps, plots."""
