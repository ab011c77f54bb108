"""A limit on what RLBench simulates for one action."""

from rlbench_puffer.errors import SimulationError

LONGEST_ACTION = 2000
"""Control steps that RLBench may take for one action. It moves arm and gripper until
they rest, which not every gripper ever does; paths take some hundred."""


class EndlessActionError(SimulationError):
    """RLBench waits for what does not happen."""

    def __init__(self) -> None:
        super().__init__(
            f"One action took more than {LONGEST_ACTION} control steps: RLBench waits "
            "for arm and gripper to come to rest, and they do not. Reset to go on."
        )
