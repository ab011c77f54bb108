"""Figures show what the rows say, and refuse rows that cannot be compared."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from matplotlib import image

from rlbench_puffer.benchmark.plots import (
    COLORS,
    draw_figures,
    draw_speedup,
    draw_throughput,
)
from rlbench_puffer.errors import RecordsError
from rlbench_puffer.vector.make import BackendName


@pytest.fixture
def sweep_rows(make_row):
    """Gym at 1000 env steps per second, shm at 2000, each at 2 and 4 sub-envs."""
    return [
        make_row(
            backend=backend,
            num_envs=num_envs,
            num_workers=num_envs if backend == "gym" else 2,
            samples=(0.9 * rate, rate, 1.1 * rate),
            steps_per_second=rate,
        )
        for num_envs in (2, 4)
        for backend, rate in (("gym", 1000.0), ("shm", 2000.0))
    ]


def curves(figure) -> dict[str, list[tuple[float, float]]]:
    """Labels and points of a figure's lines."""
    (axes,) = figure.axes
    return {
        str(line.get_label()): [(float(x), float(y)) for x, y in line.get_xydata()]
        for line in axes.lines
        if not str(line.get_label()).startswith("_")
    }


def test_throughput_has_a_line_for_each_backend_and_worker_count(
    sweep_rows, make_row
) -> None:
    one_worker = make_row(num_envs=4, num_workers=1, samples=(500.0, 500.0, 500.0))
    assert curves(draw_throughput([*sweep_rows, one_worker])) == {
        "gym": [(2, 1000), (4, 1000)],
        "shm, 1 worker": [(4, 500)],
        "shm, 2 workers": [(2, 2000), (4, 2000)],
    }


def test_speedup_compares_repeat_by_repeat_with_gym(sweep_rows) -> None:
    figure = draw_speedup(sweep_rows)
    assert curves(figure) == {
        "gym": [(2, 1), (4, 1)],
        "shm, 2 workers": [(2, 2), (4, 2)],
    }


def test_there_is_no_speedup_without_gym_or_over_another_run(
    sweep_rows, make_row
) -> None:
    without = [row for row in sweep_rows if row.backend != "gym"]
    assert draw_speedup(without) is None
    elsewhere = make_row(backend="gym", num_envs=2, num_workers=2, run="another")
    assert draw_speedup([*without, elsewhere]) is not None
    assert list(curves(draw_speedup([*without, elsewhere]))) == ["gym"]


def test_axes_say_what_they_are(sweep_rows) -> None:
    figure = draw_throughput(sweep_rows)
    (axes,) = figure.axes
    assert axes.get_ylabel() == "env steps per second"
    assert axes.get_xlabel() == "sub-envs (num_envs)"
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2", "4"]
    assert axes.get_title() == "reach_target, builtin engine: throughput"
    (origin,) = figure.texts
    assert "2 cores of a CPU" in origin.get_text()
    assert "3 samples of 2 s" in origin.get_text()


def test_a_figure_for_each_task_and_chunk_length_is_900_pixels_wide(
    tmp_path: Path, sweep_rows, make_row
) -> None:
    rows = [
        *sweep_rows,
        make_row(chunk_len=16),
        make_row(task="open_drawer"),
        make_row(num_envs=8, error="stuck", samples=()),
    ]
    files = draw_figures(rows, tmp_path)
    assert [file.name for file in files] == [
        "throughput_open_drawer.png",
        "throughput_reach_target.png",
        "speedup_reach_target.png",
        "throughput_reach_target_chunk_16.png",
    ]
    for file in files:
        pixels = np.asarray(image.imread(file))
        assert pixels.shape[:2] == (500, 900)
        # The bottom line is no picture's end: every margin is white.
        assert (pixels[0] == 1).all()
        assert (pixels[-1] == 1).all()
        assert (pixels[:, 0] == 1).all()
        assert (pixels[:, -1] == 1).all()


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "mujoco"},
        {"cameras": ("front",)},
        {"action_mode": "joint_position/discrete"},
        {"seconds": 1.0},
        {"seed": 1},
        {"host": {"cpu": "another"}},
        {"commit": "fedcba"},
        {"versions": {"mujoco": "9"}},
        {"batch_size": 1},
    ],
)
def test_rows_of_different_work_cannot_share_a_figure(
    sweep_rows, make_row, change: dict
) -> None:
    rows = [*sweep_rows, make_row(num_envs=8, **change)]
    with pytest.raises(RecordsError, match=next(iter(change))):
        draw_throughput(rows)
    with pytest.raises(RecordsError, match="different work"):
        draw_speedup(rows)


def test_nothing_but_failed_rows_is_an_error(tmp_path: Path, make_row) -> None:
    with pytest.raises(RecordsError, match="nothing to draw"):
        draw_figures([make_row(error="stuck")], tmp_path)


def test_every_backend_has_a_colour() -> None:
    assert set(COLORS) == set(get_args(BackendName))
