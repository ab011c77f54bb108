"""Fixtures of the benchmark's tests: rows and the command of a fake cell."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlbench_puffer.benchmark.records import Row

FAKE_COMMAND = (sys.executable, str(Path(__file__).with_name("fake_cell.py")))


@pytest.fixture
def fake_command() -> tuple[str, ...]:
    """What runs a fake cell in a process of its own."""
    return FAKE_COMMAND


def example_row(**fields: Any) -> Row:
    """A row; any field can be given."""
    values: dict[str, Any] = {
        "time": "2026-11-21T00:00:00+00:00",
        "run": "20261121T000000Z-0000",
        "host": {"cpu": "a CPU", "cores": 2},
        "commit": "0123456789ab",
        "versions": {"rlbench-puffer": "0.1.0"},
        "task": "reach_target",
        "engine": "builtin",
        "backend": "shm",
        "num_envs": 4,
        "num_workers": 2,
        "chunk_len": 1,
        "action_mode": "joint_velocity/discrete",
        "seed": 0,
        "seconds": 2.0,
        "samples": (900.0, 1000.0, 1300.0),
        "steps_per_second": 1000.0,
        "spread": 200.0,
        "latency_ms": {"p50": 3.5, "p99": 9.25},
        "phases": {"sim": 1.5},
        "startup_seconds": 1.25,
        "peak_rss_bytes": 123_456_789,
    }
    values.update(fields)
    values.setdefault("batch_size", values["num_envs"])
    return Row(**values)


@pytest.fixture
def make_row() -> Callable[..., Row]:
    """Makes a row; any field can be given."""
    return example_row
