"""The one door to RLBench and PyRep: everything of theirs that this package uses.

Importing it imports both, so CoppeliaSim's library must be loaded before.
"""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from pyrep.const import ObjectType, RenderMode
from pyrep.errors import PyRepError as PyRepError
from pyrep.objects.vision_sensor import VisionSensor
from rlbench.action_modes import arm_action_modes as arms
from rlbench.action_modes import gripper_action_modes as grippers
from rlbench.action_modes.action_mode import MoveArmThenGripper
from rlbench.backend.exceptions import InvalidActionError as InvalidActionError
from rlbench.backend.exceptions import TaskEnvironmentError as TaskEnvironmentError
from rlbench.const import SUPPORTED_ROBOTS
from rlbench.environment import Environment
from rlbench.observation_config import CameraConfig, ObservationConfig
from rlbench.sim2real.domain_randomization import (
    RandomizeEvery,
    VisualRandomizationConfig,
)

from rlbench_puffer.camera import CAMERA_NAMES, Camera
from rlbench_puffer.config import OBSERVATION_NAMES, EnvConfig
from rlbench_puffer.engines.camera_rig import MOUNTS, extrinsics
from rlbench_puffer.engines.rlbench.endless import EndlessActionError
from rlbench_puffer.engines.rlbench.task_names import TaskName
from rlbench_puffer.errors import ConfigError
from rlbench_puffer.simulator import Simulator

_RENDER_MODES = {"opengl": RenderMode.OPENGL, "opengl3": RenderMode.OPENGL3}
_EVERY = {
    "episode": RandomizeEvery.EPISODE,
    "transition": RandomizeEvery.TRANSITION,
}


def make_environment(config: EnvConfig, simulator: Simulator) -> Any:
    """RLBench's ``Environment`` as configured, not launched."""
    randomization: dict[str, Any] = {}
    if simulator.textures is not None:
        randomization["randomize_every"] = _EVERY[simulator.randomize_every]
        randomization["frequency"] = simulator.randomize_frequency
        randomization["visual_randomization_config"] = VisualRandomizationConfig(
            simulator.textures,
            blacklist=list(simulator.randomize_except),
            randomize_arm=simulator.randomize_arm,
        )
    return Environment(
        action_mode=_action_mode(config, simulator),
        dataset_root=simulator.dataset_root or "",
        obs_config=_observation_config(config, simulator),
        headless=True,
        static_positions=simulator.static_positions,
        robot_setup=simulator.robot,
        attach_grasped_objects=simulator.attach_grasped_objects,
        shaped_rewards=config.reward == "shaped",
        **randomization,
    )


def recorded_task_class(task: TaskName, created: Callable[[Any], None]) -> Any:
    """The task's class, whose instances keep what RLBench asks of them.

    ``last_success`` of an instance is RLBench's pair: success, and whether the
    episode ends; ``last_descriptions`` are the episode's. ``witness``, unless it is
    None, is told of each simulation step, observation and success asked for. After
    ``steps_left`` more simulation steps an EndlessActionError ends what RLBench does.
    RLBench finds a task's model by its class's name, which is kept.

    Args:
      task: where the class is.
      created: called with each instance.

    Raises:
      ConfigError: the module has no such class.
    """
    module = importlib.import_module(task.module)
    base = getattr(module, task.class_name, None)
    if not isinstance(base, type):
        raise ConfigError(
            f"Module {task.module} has no class {task.class_name}. Check the spelling."
        )

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        base.__init__(self, *args, **kwargs)
        self.last_success = (False, False)
        self.last_descriptions = []
        self.witness = None
        self.steps_left = math.inf
        created(self)

    def init_episode(self: Any, index: int) -> list[str]:
        self.last_descriptions = base.init_episode(self, index)
        return self.last_descriptions

    def step(self: Any) -> None:
        base.step(self)
        if self.witness is not None:
            self.witness.stepped()
        self.steps_left -= 1
        if self.steps_left < 0:
            raise EndlessActionError

    def decorate_observation(self: Any, observation: Any) -> Any:
        if self.witness is not None:
            self.witness.observed()
        return base.decorate_observation(self, observation)

    def success(self: Any) -> tuple[bool, bool]:
        self.last_success = base.success(self)
        if self.witness is not None:
            self.witness.judged(bool(self.last_success[0]))
        return self.last_success

    methods = (__init__, init_episode, step, decorate_observation, success)
    members: dict[str, Any] = {method.__name__: method for method in methods}
    members["__module__"] = base.__module__
    return type(base.__name__, (base,), members)


def robot_limits(robot: str) -> dict[str, Any]:
    """Limits of a robot in the running scene, as plain lists.

    Returns:
      ``velocity`` [rad/s], ``arm`` and ``gripper`` (pairs of a least and a largest
      position, or None where a joint turns for ever), ``touch`` (count of numbers).
    """
    arm_class, gripper_class, _ = SUPPORTED_ROBOTS[robot]
    arm, gripper = arm_class(), gripper_class()
    return {
        "velocity": [float(v) for v in arm.get_joint_upper_velocity_limits()],
        "arm": _intervals(arm),
        "gripper": _intervals(gripper),
        "touch": _touch_force_size(gripper),
    }


def names_in_masks(task: Any) -> dict[int, str]:
    """What the numbers in a mask stand for: handles of the scene's shapes."""
    shapes = task.pyrep.get_objects_in_tree(object_type=ObjectType.SHAPE)
    return {int(shape.get_handle()): str(shape.get_name()) for shape in shapes}


class StepsWithoutMisc:
    """RLBench's observations, without their ``misc`` where nobody looks at it.

    RLBench works out the poses of all the arm's joints and the cameras' matrices for
    every observation, a fifth of a low-dimensional step on MuJoCo. Environments show
    the cameras' after a reset only, and demos keep all of it.

    Args:
      task_environment: RLBench's.
    """

    def __init__(self, task_environment: Any) -> None:
        self._scene = getattr(task_environment, "_scene", None)
        if not hasattr(self._scene, "_get_misc"):
            self._scene = None

    def __enter__(self) -> None:
        if self._scene is not None:
            self._scene._get_misc = dict

    def __exit__(self, *_: object) -> None:
        if self._scene is not None:
            # The class's own is found again.
            del self._scene._get_misc


def prepare(task_environment: Any) -> None:
    """Let a task's first reset be as all others.

    RLBench prepares a task in its first reset, and puts back before each later one what
    it was then: that is the same but for the last digits, which physics makes more of.
    """
    scene: Any = getattr(task_environment, "_scene", None)
    if hasattr(scene, "init_task"):
        scene.init_task()


def put_back_control(task_environment: Any) -> None:
    """Give the arm its action mode's control back, after a demo that failed.

    RLBench switches the joints' control loop on for demos, and off again only where
    they succeed; velocities that are sent would then move nothing.

    Args:
      task_environment: RLBench's.
    """
    mode = task_environment._action_mode.arm_action_mode
    mode.set_control_mode(task_environment._robot)


def positions_of(task: Any) -> dict[str, Any]:
    """Where the task's shapes are, by name, (3,) each, in [m], world frame."""
    shapes = task.get_base().get_objects_in_tree(object_type=ObjectType.SHAPE)
    return {str(s.get_name()): np.array(s.get_position()) for s in shapes}


def new_sensor(camera: str, size: tuple[int, int], simulator: Simulator) -> Any:
    """A camera in the place of one of RLBench's standing ones.

    Args:
      camera: RLBench's name of it.
      size: height and width in pixels.
      simulator: says what draws.
    """
    mount = MOUNTS[camera]
    sensor = VisionSensor.create(
        [size[1], size[0]],
        explicit_handling=True,
        view_angle=float(np.degrees(mount.fov)),
        near_clipping_plane=mount.near,
        far_clipping_plane=mount.far,
        render_mode=_RENDER_MODES[simulator.renderer],
    )
    sensor.set_matrix(extrinsics(np.array(mount.position), mount.axes))
    return sensor


def _touch_force_size(gripper: Any) -> int:
    try:
        return int(np.size(gripper.get_touch_sensor_forces()))
    except RuntimeError:
        # PyRep refuses to read the sensors of a gripper that has none.
        return 0


def _intervals(component: Any) -> list[list[float] | None]:
    cyclic, intervals = component.get_joint_intervals()
    return [
        None if turns else [float(low), float(low) + float(span)]
        for turns, (low, span) in zip(cyclic, intervals, strict=True)
    ]


def _action_mode(config: EnvConfig, simulator: Simulator) -> Any:
    mode = config.arm_action_mode
    absolute = not mode.startswith("delta_")
    frame = {"world": arms.RelativeFrame.WORLD, "end_effector": arms.RelativeFrame.EE}
    pose: dict[str, Any] = {
        "absolute_mode": absolute,
        "frame": frame[config.delta_frame] if not absolute else frame["world"],
        "collision_checking": config.collision_checking,
    }
    makers: dict[str, Callable[[], Any]] = {
        "joint_velocity": arms.JointVelocity,
        "joint_torque": arms.JointTorque,
        "joint_position": lambda: arms.JointPosition(absolute),
        "ee_pose_ik": lambda: arms.EndEffectorPoseViaIK(**pose),
        "ee_pose_planning": lambda: arms.EndEffectorPoseViaPlanning(**pose),
        "er_joint_ik": lambda: arms.ERJointViaIK(
            commanded_joints=list(simulator.commanded_joints), **pose
        ),
    }
    arm = makers[mode.removeprefix("delta_")]()
    gripper = {
        "discrete": grippers.Discrete,
        "joint_position": grippers.GripperJointPosition,
    }[config.gripper_action_mode]
    return MoveArmThenGripper(
        arm, gripper(attach_grasped_objects=simulator.attach_grasped_objects)
    )


def _observation_config(config: EnvConfig, simulator: Simulator) -> Any:
    cameras = dict(config.camera_pairs)
    wanted = {
        f"{name}_camera": _camera_config(cameras.get(name), simulator)
        for name in CAMERA_NAMES
    }
    fields = {name: name in config.observations for name in OBSERVATION_NAMES}
    return ObservationConfig(**wanted, **fields)


def _camera_config(camera: Camera | None, simulator: Simulator) -> Any:
    if camera is None:
        off = CameraConfig()
        off.set_all(False)
        return off
    return CameraConfig(
        rgb=camera.rgb,
        # RLBench makes a cloud of nothing unless it draws colours or depth as well.
        depth=camera.depth or camera.point_cloud,
        point_cloud=camera.point_cloud,
        mask=camera.mask,
        image_size=(camera.size[1], camera.size[0]),
        render_mode=_RENDER_MODES[simulator.renderer],
        depth_in_meters=True,
    )
