"""What a scripted expert is told of a task: where the tip goes, and the gripper."""

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Waypoint:
    """One pose of the gripper's tip on the way to success.

    A task lists them for the state at hand, first to last. The expert brings the tip
    to each in turn, then does with the gripper what it says.
    """

    position: NDArray[np.float64]
    """Of the tip, (3,) [m], world frame."""

    quat_xyzw: NDArray[np.float64]
    """Of the tip, (4,), world frame. The gripper's fingers point along the tip's z
    axis and close along its y axis. The gripper is symmetric: a whole way does as well
    with every pose turned half a turn about its own z axis."""

    path: Literal["free", "line"] = "line"
    """``"line"``: the tip moves straight there, as near to an obstacle or against a
    thing as the task wants. ``"free"``: any way that touches nothing."""

    gripper: Literal["open", "close"] | None = None
    """What the gripper does on arrival, before the next waypoint; None: stay."""

    speed: float = 0.3
    """Of the tip on the way, at most [m/s]."""
