"""Poses that no chain of such lengths can take, told without a search.

A search for joint positions gives up only after thousands of starts. Most poses that
it is asked for in vain are too far away, and that a few lengths tell.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pyrep_mujoco.scene.chain import FloatArray
from pyrep_mujoco.scene.inverse_kinematics import Reach

_ROUNDING = 1e-6
"""Added to what the precisions allow; rounding is a million times smaller [m]."""


def is_beyond_reach(reach: Reach, target: FloatArray) -> bool:
    """Whether a tip surely cannot come within its precisions of a pose.

    The pose says where the last joint is, and that the one before it is somewhere on
    a circle around that one's axis. If the whole circle is farther from the second
    joint than what lies between can stretch, nothing helps. The joints' limits are not
    looked at, so that False says nothing.

    Args:
      reach: what is to match.
      target: (4, 4) in the world.

    Returns:
      False for chains that slide or have fewer than three joints, and where not all
      of the pose is to match.
    """
    chain = reach.chain
    count = len(chain.rigid)
    if count < 3 or not (chain.only_turns and reach.is_whole):
        return False
    lengths = _lengths(chain.rigid.tobytes())
    hand = target @ lengths.last
    # The second joint is on a circle, too, most often on a point.
    x, y, z = chain.rigid[0][:3, 3].tolist()
    wobble = math.hypot(x, y)
    second = chain.base[:3, 3] + z * chain.base[:3, 2]
    axis = hand[:3, 2]
    away = second - (hand[:3, 3] + lengths.height * axis)
    along = float(away @ axis)
    aside = math.sqrt(max(float(away @ away) - along * along, 0.0))
    nearest = math.hypot(along, aside - lengths.radius)
    # A turn by the angular precision moves the circle by so much at most.
    slack = reach.linear_precision + reach.angular_precision * lengths.lever
    return nearest > wobble + lengths.stretch + slack + _ROUNDING


class _Lengths(NamedTuple):
    """What of a chain's form matters here."""

    last: FloatArray
    """(4, 4) the frame that the last joint moves, as the tip sees it."""
    height: float
    """Of the joint before it, along its axis [m]; its turn leaves that."""
    radius: float
    """Of that joint's circle [m]."""
    lever: float
    """The farthest that the circle can be from the tip [m]."""
    stretch: float
    """The farthest that joint can be from the second one [m]."""


@lru_cache(maxsize=16)
def _lengths(rigid: bytes) -> _Lengths:
    """Of the numbers of `Chain.rigid`, which are the same at every question."""
    places = np.frombuffer(rigid).reshape(-1, 4, 4)
    before, last = np.linalg.inv(places[-2:])
    x, y, height = before[:3, 3].tolist()
    return _Lengths(
        last,
        height,
        radius=math.hypot(x, y),
        lever=math.hypot(*last[:3, 3]) + math.hypot(x, y, height),
        stretch=_stretch(places[1:-2]),
    )


def _stretch(rigid: FloatArray) -> float:
    """The farthest that a joint's origin can be from that of one before it.

    Args:
      rigid: (k, 4, 4) from the frame that each joint moves to the next joint.
    """
    count = len(rigid)
    offsets: list[list[float]] = rigid[:, :3, 3].tolist()
    # What lies before a joint, as that joint sees it: it turns about its z axis.
    turned = np.einsum("kji,kj->ki", rigid[:, :3, :3], rigid[:, :3, 3]).tolist()
    ends = [0.0]
    for end in range(1, count + 1):
        best = ends[-1] + math.hypot(*offsets[end - 1])
        if end >= 2:
            (a, b, c), (x, y, z) = turned[end - 2], offsets[end - 1]
            # Two pieces about one axis: both as far aside as they go, the same way.
            pair = math.hypot(math.hypot(a, b) + math.hypot(x, y), c + z)
            best = min(best, ends[end - 2] + pair)
        ends.append(best)
    return ends[-1]
