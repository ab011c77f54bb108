"""Links of robots that never meet, whatever their joints do."""

import hashlib
import heapq
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import mujoco
import numpy as np

from pyrep_mujoco.scene.links import Hold, Link, is_respondable
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.ttm.joints import Joint, JointKind

MARGIN = 0.03
"""How far beyond its limits a joint may be [rad]: MuJoCo's limits give way."""

CLEARANCE = 1e-3
"""The least distance that counts as apart [m]."""

MOST_CELLS = 20_000
"""Of joint positions that are looked at; they take a second."""

_KNOWN: dict[bytes, bool] = {}
"""What was found, by the digest of what it depends on."""


class Pair(NamedTuple):
    """Two links with two joints between them."""

    links: tuple[Node, Node]
    joints: tuple[Node, Node]
    """From the first link to the second."""


def candidates(links: Mapping[Node, Link], robots: set[Node]) -> Iterator[Pair]:
    """Pairs of links of robots that may be too far apart to meet.

    Args:
      links: how each shape's body is held.
      robots: objects of robots.
    """
    for far, held in links.items():
        if far not in robots or held.joint is None or held.carrier is None:
            continue
        below = links[held.carrier]
        near = below.carrier
        if (
            below.hold is Hold.JOINT
            and below.joint is not None
            and near is not None
            and is_respondable(near)
            and is_respondable(far)
            and _is_limited_hinge(below.joint)
            and _is_limited_hinge(held.joint)
        ):
            yield Pair((near, far), (below.joint, held.joint))


def _is_limited_hinge(joint: Node) -> bool:
    assert isinstance(joint.source, Joint)
    assert joint.drive is not None
    return joint.source.kind is JointKind.REVOLUTE and not joint.drive.cyclic


class Apart:
    """Spares MuJoCo looking for contacts between links that never meet.

    Links that bend round each other have boxes that overlap most of the time, though
    their forms never meet: on the Panda's three such pairs MuJoCo spent a tenth of a
    physics step. The model has to be compiled with all candidates excluded.

    Args:
      model: MuJoCo's model.
      bodies: bodies' ids.
      joints: joints' ids.
      pairs: candidates.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        bodies: Mapping[Node, int],
        joints: Mapping[Node, int],
        pairs: Iterable[Pair],
    ) -> None:
        self._model = model
        self._bodies = bodies
        self._limits: dict[Node, tuple[float, float]] = {}
        self._pairs: list[Pair] = []
        for pair in pairs:
            limits = [_limits(joint) for joint in pair.joints]
            near, far = (bodies[link] for link in pair.links)
            first, second = (joints[joint] for joint in pair.joints)
            asked = model, (near, far), (first, second), limits
            if (known := _KNOWN.get(digest := _digest(*asked))) is None:
                known = _KNOWN[digest] = never_meet(*asked)
            self._pairs.append(pair)
            if known:
                self._limits.update(zip(pair.joints, limits, strict=True))
            else:
                self._let_touch(pair)

    def note_limits(self, joint: Node) -> None:
        """Note that a joint's limits may have been changed."""
        known = self._limits.get(joint)
        if known is not None and (
            not _is_limited_hinge(joint) or known != _limits(joint)
        ):
            self.forget(joint)

    def forget(self, joint: Node) -> None:
        """Note that a joint may lead elsewhere now: what it lies between may meet."""
        for pair in [pair for pair in self._pairs if joint in pair.joints]:
            self._let_touch(pair)

    def _let_touch(self, pair: Pair) -> None:
        self._pairs.remove(pair)
        low, high = sorted(self._bodies[link] for link in pair.links)
        pairs = self._model.exclude_signature.tolist()
        pairs.remove((low << 16) + high)
        # They have to be in order. There is no pair 0, of the world with itself.
        self._model.exclude_signature[:] = [0, *pairs]


def _limits(joint: Node) -> tuple[float, float]:
    """Where a joint may stand, least and most [rad]."""
    assert joint.drive is not None
    least = joint.drive.minimum
    return least - MARGIN, least + joint.drive.range + MARGIN


def _digest(
    model: mujoco.MjModel,
    bodies: tuple[int, int],
    joints: tuple[int, int],
    limits: list[tuple[float, float]],
) -> bytes:
    """Of all that says whether two bodies ever meet."""
    digest = hashlib.sha256(np.array(limits).tobytes())
    hinges = list(joints)
    moved = model.jnt_bodyid[hinges]
    for numbers in (
        model.jnt_pos[hinges],
        model.jnt_axis[hinges],
        model.qpos0[model.jnt_qposadr[hinges]],
        model.body_pos[moved],
        model.body_quat[moved],
    ):
        digest.update(numbers.tobytes())
    for body in bodies:
        for geom in _geoms(model, body):
            for name in ("type", "size", "pos", "quat"):
                digest.update(getattr(model, f"geom_{name}")[geom].tobytes())
            if (mesh := model.geom_dataid[geom]) >= 0:
                first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
                digest.update(model.mesh_vert[first : first + count].tobytes())
        digest.update(b"next")
    return digest.digest()


def never_meet(
    model: mujoco.MjModel,
    bodies: tuple[int, int],
    joints: tuple[int, int],
    limits: list[tuple[float, float]],
) -> bool:
    """Whether it is sure that two bodies never meet.

    The joints' positions are divided into cells. Within a cell no point of the second
    body is further from where it is in the middle than the cell's half sides times the
    point's distances from both axes; a cell whose middle has a greater distance between
    the bodies is done, others are halved, the worst first.

    Args:
      model: MuJoCo's model.
      bodies: ids of two bodies.
      joints: ids of the two hinges between them, from the first body to the second.
      limits: least and greatest position of each [rad].
    """
    data = mujoco.MjData(model)
    places = model.jnt_qposadr[list(joints)].tolist()
    mujoco.mj_kinematics(model, data)
    first, second = data.xanchor[list(joints)]
    far = max(
        float(np.linalg.norm(data.geom_xpos[geom] - second) + model.geom_rbound[geom])
        for geom in _geoms(model, bodies[1])
    )
    reaches = np.array([far + float(np.linalg.norm(first - second)), far])
    geoms = [*itertools.product(*(_geoms(model, body) for body in bodies))]

    def lack(middle: np.ndarray, half: np.ndarray) -> float:
        """How much too little the distance in a cell's middle is [m]."""
        data.qpos[places] = middle
        mujoco.mj_kinematics(model, data)
        wanted = float(reaches @ half) + CLEARANCE
        return wanted - min(
            mujoco.mj_geomDistance(model, data, one, other, wanted, None)
            for one, other in geoms
        )

    whole = np.array(limits)
    cells: list[tuple[float, int, np.ndarray, np.ndarray]] = []
    looked_at = itertools.count()

    def look_at(middle: np.ndarray, half: np.ndarray) -> None:
        """Keep a cell that is not done, behind those that lack more."""
        if (missing := lack(middle, half)) > 0:
            heapq.heappush(cells, (-missing, next(looked_at), middle, half))

    look_at(whole.mean(axis=1), (whole[:, 1] - whole[:, 0]) / 2)
    while cells:
        missing, number, middle, half = heapq.heappop(cells)
        if float(reaches @ half) + missing <= 0 or number > MOST_CELLS:
            return False
        longest = int(np.argmax(reaches * half))
        step = np.zeros(2)
        step[longest] = half[longest] / 2
        look_at(middle - step, half - step)
        look_at(middle + step, half - step)
    return True


def _geoms(model: mujoco.MjModel, body: int) -> list[int]:
    """Those of a body that make contacts."""
    first = int(model.body_geomadr[body])
    return [
        geom
        for geom in range(first, first + int(model.body_geomnum[body]))
        if model.geom_contype[geom] or model.geom_conaffinity[geom]
    ]
