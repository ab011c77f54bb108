"""What the parent tells a worker process to be, and how the worker becomes it."""

import dataclasses
import gc

import cloudpickle

from rlbench_puffer.vector.runner import Runner
from rlbench_puffer.vector.shm.memory import Block, BlockPlan


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkerOrder:
    """What the parent tells a worker to be."""

    plan: BlockPlan
    block_fd: int
    worker_index: int
    recipe: bytes
    """A cloudpickled :class:`HostRecipe`: it may hold closures."""

    check_finite: bool
    debug: bool

    def build(self) -> tuple[Block, Runner]:
        """The worker's view of the block, and its sub-envs, built on their rows."""
        block = Block(self.plan, self.block_fd)
        buffers = block.host_buffers(self.worker_index)
        recipe = cloudpickle.loads(self.recipe)
        runner = Runner(
            recipe.build(buffers),
            buffers,
            recipe.first_env_id,
            check_finite=self.check_finite,
            debug=self.debug,
        )
        # What was built stays: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
        return block, runner
