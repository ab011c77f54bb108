"""Motion profiles arrive where they should, within their limits, and not later."""

from collections.abc import Iterator

import numpy as np
import pytest

from pyrep_mujoco.sim import simulation
from pyrep_mujoco.sim.motion_profiles import (
    simRMLPos,
    simRMLRemove,
    simRMLStep,
    simRMLVel,
)


@pytest.fixture(autouse=True)
def launched() -> Iterator[None]:
    simulation.launch()
    yield
    simulation.end()


def run(handle: int, step: float = 0.05) -> np.ndarray:
    """Position, velocity and acceleration after each step of one joint's motion."""
    rows, state = [], 0
    while state == 0:
        state, row = simRMLStep(handle, step, 1)
        rows.append(row)
    return np.array(rows)


def test_a_motion_keeps_its_limits_and_takes_the_least_time() -> None:
    handle = simRMLPos(1, 1e-4, -1, [0, 0, 0], [1.0, 4.0, 1000.0], [1], [1.0, 0.0])
    rows = run(handle, 0.01)
    assert np.abs(rows).max(axis=0)[1] <= 1.0 + 1e-9
    assert np.abs(rows).max(axis=0)[2] <= 4.0 + 1e-9
    np.testing.assert_allclose(rows[-1, :2], [1.0, 0.0], atol=1e-9)
    # Way over speed, speed over acceleration, and acceleration over jerk.
    assert len(rows) == int(np.ceil((1.0 + 0.25 + 0.004) / 0.01))


def test_a_motion_of_no_length_has_arrived_after_one_step() -> None:
    handle = simRMLPos(1, 1e-4, -1, [0.5, 0, 0], [1, 4, 1000], [1], [0.5, 0])
    assert simRMLStep(handle, 0.05, 1) == (1, [0.5, 0.0, 0.0])


def test_two_joints_arrive_together() -> None:
    handle = simRMLPos(
        2, 1e-4, -1, [0] * 6, [1, 1, 4, 4, 99, 99], [1, 1], [1, 0.1, 0, 0]
    )
    state, now = simRMLStep(handle, 0.6, 2)
    assert state == 0
    assert now[0] < 1
    assert 0.01 < now[1] < 0.09


def test_a_motion_to_a_velocity_ends_at_it() -> None:
    rows = run(simRMLVel(1, 1e-4, -1, [0, 0, 0], [2.0, 100.0], [1], [0.5]))
    assert rows[-1, 1] == pytest.approx(0.5)
    assert np.all(np.diff(rows[:, 1]) > 0)


def test_a_removed_motion_is_no_longer_there() -> None:
    handle = simRMLPos(1, 1e-4, -1, [0, 0, 0], [1, 4, 1000], [1], [1, 0])
    simRMLRemove(handle)
    for use in (lambda: simRMLStep(handle, 0.05, 1), lambda: simRMLRemove(handle)):
        with pytest.raises(RuntimeError, match=f"no motion profile {handle}"):
            use()


@pytest.mark.parametrize(
    ("limits", "target", "said"),
    [
        ([0.0, 4.0, 1000.0], [1.0, 0.0], "cannot be computed"),
        ([1.0, 4.0, 1000.0], [float("nan"), 0.0], "cannot be computed"),
        ([1.0, 4.0], [1.0, 0.0], "2 numbers where 3"),
    ],
)
def test_a_motion_that_cannot_be_is_refused(
    limits: list[float], target: list[float], said: str
) -> None:
    with pytest.raises(RuntimeError, match=said):
        simRMLPos(1, 1e-4, -1, [0, 0, 0], limits, [1], target)
