"""Where tasks stand and tips go, and what pose actions may ask for; no simulator."""

import numpy as np

WORKSPACE_CENTER = (0.25, 0.0, 0.752)
"""Centre of RLBench's ``workspace`` plane [m], measured; tasks stand on it."""

WORKSPACE_HALF_SIZE = (0.325, 0.455)
"""Half its size in x and y [m], measured."""

_MARGIN = 0.2
"""How far beside the workspace RLBench 1.2.0 lets the tip be sent [m]."""

_HEIGHT = 1.0
"""How far above it [m], likewise."""

TIP_LOWER = np.array(
    [
        WORKSPACE_CENTER[0] - WORKSPACE_HALF_SIZE[0] - _MARGIN,
        WORKSPACE_CENTER[1] - WORKSPACE_HALF_SIZE[1] - _MARGIN,
        WORKSPACE_CENTER[2],
    ]
)
"""Least position that an action may send the tip to, (3,) [m], world."""

TIP_UPPER = np.array(
    [
        WORKSPACE_CENTER[0] + WORKSPACE_HALF_SIZE[0] + _MARGIN,
        WORKSPACE_CENTER[1] + WORKSPACE_HALF_SIZE[1] + _MARGIN,
        WORKSPACE_CENTER[2] + _HEIGHT,
    ]
)
"""Largest position, (3,) [m], world."""

TIP_STEP = 0.05
"""Most that a relative action moves the tip along each axis [m]. The arm makes that
in about four control steps."""

TIP_TURN = 0.3
"""Most that a relative action turns the tip [rad]; a larger turn is made this far."""

LEAST_QUAT_LENGTH = 1e-3
"""A quaternion shorter than this says nothing about an orientation."""
