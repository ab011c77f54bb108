"""The model that is drawn: the simulated scene in RLBench's room, with cameras.

It is a model of its own, so that what is only to be seen costs no simulation
anything. Its bodies and joints are the simulated model's, in the same order.
"""

import mujoco
import numpy as np

from rlbench_puffer.engines.builtin.panda_look import dress_panda
from rlbench_puffer.engines.builtin.randomizing import LIGHT_CHANGE, WALL_SHIFT
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.engines.builtin.scene_spec import base_scene
from rlbench_puffer.engines.builtin.task_interface import BuiltinTask

ROOM_HALF_SIZE = 2.5
"""Half the side of RLBench's square room [m], measured."""

WALL_HEIGHT = 3.0
"""[m], a guess: RLBench's pictures do not show the roof."""

_WALL_COLOR = (0.02, 0.17, 0.20, 1.0)
_TILE_COLORS = ((0.80, 0.78, 0.75), (0.71, 0.69, 0.66))
_WALLS = ("wall_back", "wall_front", "wall_left", "wall_right")
_TILES = 6
"""Pairs of tiles along a side of the room."""


class Look:
    """The drawn model of a scene, brought into the state of one sub-env at a time.

    Args:
      scene: the simulations.
      task: what they simulate.
      quality: ``"fast"`` or ``"fine"``.

    Attributes:
      model: what is drawn.
      data: its state; positions only.
    """

    def __init__(self, scene: Scene, task: BuiltinTask, quality: str) -> None:
        self.model = compile_look(task, quality)
        self.data = mujoco.MjData(self.model)
        simulated = scene.model
        # A body's simulated geoms are the first of its drawn ones.
        self._geoms = np.concatenate(
            [
                np.arange(count) + first
                for count, first in zip(
                    simulated.body_geomnum, self.model.body_geomadr, strict=True
                )
                if count
            ]
        )
        self._qpos = scene.batch.bind("qpos")
        self._positions = scene.placed("body_pos")
        self._quats = scene.placed("body_quat")
        self._colors = scene.placed("geom_rgba")
        self._wall_shift = scene.known_variable(WALL_SHIFT)
        self._walls = np.array([self.model.geom(name).id for name in _WALLS])
        self._light_change = scene.known_variable(LIGHT_CHANGE)
        self._light_colors = [
            (array, array.copy())
            for array in (self.model.light_diffuse, self.model.light_ambient)
        ]

    def take_positions(self, env_id: int) -> None:
        """Put every body where it is in a sub-env."""
        self.model.body_pos[:] = self._positions[env_id]
        self.model.body_quat[:] = self._quats[env_id]
        self.data.qpos[:] = self._qpos[env_id]
        mujoco.mj_kinematics(self.model, self.data)

    def take_all(self, env_id: int) -> None:
        """Positions, colours and lights: everything that can be seen."""
        self.take_positions(env_id)
        self.model.geom_rgba[self._geoms] = self._colors[env_id]
        if self._wall_shift is not None:
            color = np.array(_WALL_COLOR[:3]) + self._wall_shift[env_id]
            self.model.geom_rgba[self._walls, :3] = np.clip(color, 0.0, 1.0)
        if self._light_change is not None:
            factors = 1.0 + self._light_change[env_id][:, None]
            for array, usual in self._light_colors:
                array[:] = usual * factors
        mujoco.mj_camlight(self.model, self.data)


def compile_look(task: BuiltinTask, quality: str) -> mujoco.MjModel:
    """The drawn model of one task.

    Args:
      task: the task whose bodies stand on the table.
      quality: ``"fast"`` or ``"fine"``.
    """
    spec = base_scene()
    task.build(spec)
    # The room's geoms are added last: a body's simulated geoms stay its first.
    _add_room(spec)
    dress_panda(spec, quality)
    _set_quality(spec, quality)
    return spec.compile()


def _add_room(spec: mujoco.MjSpec) -> None:
    world = spec.worldbody
    spec.visual.headlight.active = 0
    world.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        dir=(-0.15, -0.12, -1.0),
        pos=(0.5, 0.3, 2.2),
        diffuse=(0.5,) * 3,
        specular=(0.15,) * 3,
        castshadow=True,
    )
    # A light's ambient part is lost in its own shadow, so another one has it.
    world.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        dir=(-1.0, 0.5, -0.5),
        ambient=(0.46,) * 3,
        diffuse=(0.25,) * 3,
        specular=(0.0,) * 3,
        castshadow=False,
    )
    spec.add_texture(
        name="tiles",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        rgb1=_TILE_COLORS[0],
        rgb2=_TILE_COLORS[1],
        width=64,
        height=64,
    )
    tiles = spec.add_material(name="tiles", texrepeat=(_TILES, _TILES), specular=0.0)
    tiles.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "tiles"
    spec.geom("floor").material = "tiles"
    half, height = ROOM_HALF_SIZE, WALL_HEIGHT / 2
    walls = (
        ((-half, 0, height), (1, 0, 0)),
        ((half, 0, height), (-1, 0, 0)),
        ((0, half, height), (0, -1, 0)),
        ((0, -half, height), (0, 1, 0)),
    )
    for name, (position, normal) in zip(_WALLS, walls, strict=True):
        # A plane lies across its z axis; its x axis then runs upwards.
        quat = np.zeros(4)
        mujoco.mju_quatZ2Vec(quat, np.array(normal, float))
        size = (height, half, 0.1) if normal[0] else (half, height, 0.1)
        world.add_geom(
            name=name,
            type=mujoco.mjtGeom.mjGEOM_PLANE,
            pos=position,
            quat=quat,
            size=size,
            rgba=_WALL_COLOR,
            contype=0,
            conaffinity=0,
        )


def _set_quality(spec: mujoco.MjSpec, quality: str) -> None:
    fine = quality == "fine"
    settings = spec.visual.quality
    # Software OpenGL spends nearly all of its time on vertices: MuJoCo's own
    # numbers (28, 16, 4) draw 200 pictures a second where these draw 1,200.
    settings.numslices = 32 if fine else 12
    settings.numstacks = 16 if fine else 6
    settings.numquads = 4 if fine else 1
    settings.offsamples = 4 if fine else 0
    settings.shadowsize = 2048 if fine else 0
    # Shadows are sharp where the robot works, not over the whole room.
    spec.stat.center = (0.2, 0.0, 1.0)
    spec.stat.extent = 1.6
    spec.visual.map.shadowclip = 3.0
