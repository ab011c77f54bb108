"""The scene around every task: physics options, floor, table and the robot."""

import mujoco

from rlbench_puffer.config import PHYSICS_DT
from rlbench_puffer.engines.builtin.panda import SCENE_COLLISION, add_panda
from rlbench_puffer.engines.workspace import WORKSPACE_CENTER as WORKSPACE_CENTER
from rlbench_puffer.engines.workspace import WORKSPACE_HALF_SIZE as WORKSPACE_HALF_SIZE

TABLE_CENTER = (0.3, 0.0, 0.375)
"""Centre of RLBench's dining table [m], measured."""

TABLE_HALF_SIZE = (0.8, 0.55, 0.375)
"""Half its size [m], measured: 1.6 x 1.1 m, top at z = 0.75."""

TABLE_TOP = TABLE_CENTER[2] + TABLE_HALF_SIZE[2]
"""Height of what things stand on [m]."""

RESTING_DEPTH = 1.0776e-4
"""How deep a box stands in the table at rest [m], whatever it weighs: MuJoCo's
contacts are soft. Placed so it does not move in the first steps."""

ROBOT_OR_SCENE = 3
"""What the parts of a scene collide with: the robot and each other."""

_TABLE_COLOR = (0.74, 0.56, 0.31, 1.0)
_FLOOR_COLOR = (1.0, 1.0, 1.0, 1.0)


def base_scene() -> mujoco.MjSpec:
    """A spec with everything but the task.

    Geoms that are added without saying otherwise collide with the robot and with
    each other; give ``contype=0, conaffinity=0`` to what is only to be seen.
    """
    spec = mujoco.MjSpec()
    spec.compiler.degree = False
    # Identified inertias miss the triangle inequality by their rounding.
    spec.compiler.balanceinertia = True
    spec.option.timestep = PHYSICS_DT
    # Velocity servos are stiff; this integrator treats their damping implicitly.
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # Elliptic cones with this ratio keep a gripped object from creeping.
    spec.option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    spec.option.impratio = 10.0
    spec.default.geom.contype = SCENE_COLLISION
    spec.default.geom.conaffinity = ROBOT_OR_SCENE
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(2.5, 2.5, 0.1),
        rgba=_FLOOR_COLOR,
    )
    spec.worldbody.add_geom(
        name="table",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=TABLE_CENTER,
        size=TABLE_HALF_SIZE,
        rgba=_TABLE_COLOR,
    )
    add_panda(spec)
    return spec
