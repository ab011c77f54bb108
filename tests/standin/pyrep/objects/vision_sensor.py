"""A camera in a scene."""

import numpy as np
from numpy.typing import NDArray

from pyrep.backend import standin as sim
from pyrep.const import RenderMode


class VisionSensor:
    """Draws a pattern that follows the robot's first joint."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._resolution = [128, 128]
        self._pose = np.zeros(7)

    @staticmethod
    def create(
        resolution: list[int],
        explicit_handling: bool = False,
        view_angle: float = 60.0,
        near_clipping_plane: float = 1e-2,
        far_clipping_plane: float = 10.0,
        render_mode: RenderMode = RenderMode.OPENGL3,
        position: object = None,
        orientation: object = None,
    ) -> "VisionSensor":
        sensor = VisionSensor("created")
        sensor.set_resolution(resolution)
        return sensor

    def set_matrix(self, matrix: NDArray[np.float64]) -> None:
        assert matrix.shape == (4, 4)

    def get_resolution(self) -> list[int]:
        return self._resolution

    def set_resolution(self, resolution: list[int]) -> None:
        self._resolution = list(resolution)

    def handle_explicitly(self) -> None:
        sim.draw()

    def capture_rgb(self) -> NDArray[np.float32]:
        width, height = self._resolution
        picture = np.zeros((height, width, 3), np.float32)
        picture[:, :, 0] = np.linspace(0, 1, width)
        picture[:, :, 1] = np.linspace(0, 1, height)[:, None]
        picture[:, :, 2] = abs(sim.simulator.q[0]) % 1
        return picture

    def capture_depth(self, in_meters: bool = False) -> NDArray[np.float32]:
        width, height = self._resolution
        return np.full((height, width), 1.5 if in_meters else 0.4, np.float32)

    def remove(self) -> None:
        """Nothing to free."""
