"""Pictures through cameras of RLBench's that are not configured."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.engines.rlbench.session import Session
from rlbench_puffer.errors import DisplayError
from rlbench_puffer.simulator import Simulator


class ExtraCameras:
    """Cameras in the places of those that RLBench removed at launch.

    Args:
      session: the simulator.
      options: say what draws.
    """

    def __init__(self, session: Session, options: Simulator) -> None:
        self._session = session
        self._options = options
        self._launches = session.launches
        self._sensors: dict[tuple[str, tuple[int, int]], Any] = {}

    def picture(self, camera: str, size: tuple[int, int]) -> NDArray[np.uint8]:
        """What one sees now, (height, width, 3).

        Raises:
          DisplayError: the simulator was started without one, or it is the wrist's,
            which moves with the hand.
        """
        if not self._session.display.draws:
            raise DisplayError(
                "The simulator was started without a display, for there are no "
                "cameras.",
                f'Make the environment with cameras={{"{camera}": {size}}}, or with '
                'display="xvfb".',
            )
        if camera == "wrist":
            raise DisplayError(
                "RLBench's wrist camera is not configured at this size.",
                f'Make the environment with cameras={{"wrist": {size}}}.',
            )
        session = self._session
        if session.launches != self._launches:
            # The simulator was started afresh: there are none any more.
            self._launches = session.launches
            self._sensors.clear()
        sensor = self._sensors.get((camera, size))
        if sensor is None:
            new = session.api.new_sensor
            sensor = session.call("adding a camera", new, camera, size, self._options)
            self._sensors[camera, size] = sensor
        session.call("drawing", sensor.handle_explicitly)
        rgb = session.call("drawing", sensor.capture_rgb)
        return np.clip(255.0 * np.asarray(rgb), 0, 255).astype(np.uint8)
