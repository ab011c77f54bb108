"""One task in the stand-in's scene."""

import logging
from types import SimpleNamespace
from typing import Any

import numpy as np
from pyrep.backend import standin as sim
from pyrep.objects.vision_sensor import VisionSensor
from pyrep.robots import Tip

from rlbench.backend.exceptions import TaskEnvironmentError
from rlbench.demo import Demo

CAMERAS = ("left_shoulder", "right_shoulder", "overhead", "wrist", "front")


class TaskEnvironment:
    """Resets, steps and observes."""

    def __init__(self, env: Any, task: Any) -> None:
        self._env = env
        self._task = task
        self._variation = 0
        self._reset_called = False
        self.dof = env.arm.dof
        self._action_mode = env.action_mode
        self._robot = env
        self._sensors: dict[str, VisionSensor] = {}

    def tip(self) -> np.ndarray:
        return Tip().get_pose()

    def set_variation(self, variation: int) -> None:
        if variation >= self.variation_count():
            raise TaskEnvironmentError(f"no variation {variation}")
        self._variation = variation

    def variation_count(self) -> int:
        return self._task.variation_count()

    def reset(self, demo: Demo | None = None) -> tuple[list[str], Any]:
        sim.simulator.reset_robot(self.dof)
        descriptions = self._task.init_episode(self._variation)
        if self._env.static_positions:
            self._task.target = np.array([0.3, 0.0, 1.2])
        self._reset_called = True
        return descriptions, self.get_observation()

    def reset_to_demo(self, demo: Demo) -> tuple[list[str], Any]:
        demo.restore_state()
        self.set_variation(demo[0].misc["variation_index"])
        return self.reset(demo)

    def step(self, action: np.ndarray | None = None) -> Any:
        if action is None:  # A step of the scene.
            sim.step()
            return self._task.step()
        if not self._reset_called:
            raise RuntimeError("Call 'reset' before calling 'step' on a task.")
        self._env.action_mode.action(self, action)
        success, terminate = self._task.success()
        reward: float | None = float(success)
        if self._env.shaped_rewards:
            reward = self._task.reward()
            if reward is None:
                raise RuntimeError("the task does not have a defined reward()")
        return self.get_observation(), reward, terminate

    def get_demos(
        self, amount: int, live_demos: bool = False, max_attempts: int = 10
    ) -> list[Demo]:
        if not live_demos:
            raise RuntimeError("Can't ask for stored demos without a dataset root.")
        if max_attempts < 1:
            raise RuntimeError("Could not collect demos. Maybe a problem?")
        demos = []
        for _ in range(amount):
            for _ in range(max_attempts):
                state = np.random.get_state()  # noqa: NPY002 - as RLBench does
                self.reset()
                try:
                    demos.append(Demo(self._demo(), state))
                    break
                except Exception:  # noqa: BLE001 - as RLBench does
                    logging.info("Bad demo.")
            else:
                raise RuntimeError("Could not collect demos. Maybe a problem?")
        return demos

    def _demo(self) -> list[Any]:
        """To the target in six steps; then the gripper closes, and it succeeds."""
        seen = [self.get_observation()]
        start = sim.simulator.q.copy()
        goal = start.copy()
        # The tip moves by a tenth of what the first three joints do.
        goal[:3] += 10 * (self._task.target - self.tip()[:3])
        goal = np.clip(goal, -3.0, 4.0)
        for step in range(1, 7):
            sim.simulator.q = start + (goal - start) * step / 6
            self.step()
            seen.append(self.get_observation())
            seen[-1].misc["joint_position_action"] = np.append(sim.simulator.q, 1.0)
            self._task.success()
        sim.simulator.fingers = np.zeros(2)
        seen.append(self.get_observation())
        seen[-1].misc["joint_position_action"] = np.append(sim.simulator.q, 0.0)
        if not self._task.success()[0]:
            raise RuntimeError("Demo was completed, but was not successful.")
        return seen

    def get_observation(self) -> Any:
        wanted = self._env.obs_config
        arm, gripper = self._env.arm, self._env.gripper
        values = {
            "joint_velocities": lambda: np.zeros(self.dof),
            "joint_positions": lambda: np.array(arm.get_joint_positions()),
            "joint_forces": lambda: np.array(arm.get_joint_forces()),
            "gripper_open": lambda: float(gripper.get_open_amount()[0] > 0.9),
            "gripper_pose": self.tip,
            "gripper_joint_positions": lambda: np.array(gripper.get_joint_positions()),
            "gripper_touch_forces": lambda: np.array(
                gripper.get_touch_sensor_forces()
            ).ravel(),
            "task_low_dim_state": self._task.get_low_dim_state,
        }
        fields = {n: f() if getattr(wanted, n) else None for n, f in values.items()}
        misc: dict[str, Any] = {"variation_index": self._variation}
        for name in CAMERAS:
            fields |= self._draw(name, getattr(wanted, f"{name}_camera"), misc)
        observed = SimpleNamespace(**fields, misc=misc)
        return self._task.decorate_observation(observed)

    def _draw(self, name: str, camera: Any, misc: dict[str, Any]) -> dict[str, Any]:
        drawn: dict[str, Any] = dict.fromkeys(
            f"{name}_{kind}" for kind in ("rgb", "depth", "mask", "point_cloud")
        )
        if not (camera.rgb or camera.depth or camera.mask):
            return drawn
        sensor = self._sensors.setdefault(name, VisionSensor(f"cam_{name}"))
        sensor.set_resolution(list(camera.image_size))
        sensor.handle_explicitly()
        misc[f"{name}_camera_extrinsics"] = np.eye(4)
        misc[f"{name}_camera_intrinsics"] = np.eye(3)
        misc[f"{name}_camera_near"] = 0.01
        misc[f"{name}_camera_far"] = 4.5
        rgb = sensor.capture_rgb()
        depth = sensor.capture_depth(camera.depth_in_meters)
        if camera.rgb:
            drawn[f"{name}_rgb"] = (255 * rgb).astype(np.uint8)
        if camera.depth:
            drawn[f"{name}_depth"] = depth
        if camera.mask:
            drawn[f"{name}_mask"] = np.full(depth.shape, 2.9999998, np.float32)
        # As in RLBench: a cloud needs rgb or depth to be drawn at all.
        if camera.point_cloud and (camera.rgb or camera.depth):
            drawn[f"{name}_point_cloud"] = np.ones((*depth.shape, 3))
        return drawn
