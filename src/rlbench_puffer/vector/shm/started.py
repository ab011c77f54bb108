"""A block and the workers on it, started together and ended together."""

import dataclasses
import os
import weakref
from collections.abc import Sequence

import cloudpickle

from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.shm.memory import Block, BlockPlan, create_block
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.order import WorkerOrder
from rlbench_puffer.vector.shm.supervisor import Supervisor

CLOSE_PATIENCE_S = 2.0
"""How long close() lets workers free their simulators before it kills them."""


@dataclasses.dataclass
class StartedWorkers:
    """Processes that are ready to work on a block, and the way to end them."""

    supervisor: Supervisor
    _finalizer: weakref.finalize

    def end(self, patience_s: float) -> None:
        """End every process and close the memory file."""
        self.supervisor.end_all(patience_s)
        self._finalizer()


def start_workers(
    owner: object,
    entry: str,
    layout: VecLayout,
    recipes: Sequence[HostRecipe],
    options: ShmOptions,
) -> tuple[Block, StartedWorkers]:
    """Lay out a block and start all workers on it.

    Everything ends when the owner is garbage collected, or the interpreter exits.

    Args:
      owner: whose end ends them.
      entry: ``"module:function"`` that a worker runs with its :class:`WorkerOrder`.
      layout: counts and spaces.
      recipes: what each worker hosts.
      options: deadlines, restarts, chunks.

    Raises:
      InvalidOptionError: the block does not fit into memory, or too few files may
        be open.
      WorkerError: a worker failed before it was ready; all have been ended.
    """
    plan = BlockPlan(
        num_workers=layout.num_workers,
        envs_per_worker=layout.envs_per_worker,
        observation_shape=layout.single_observation_space.shape,
        observation_dtype=layout.single_observation_space.dtype.str,
        action_shape=layout.single_action_space.shape or (),
        action_dtype=layout.action_dtype.str,
        max_chunk_len=options.max_chunk_len,
    )
    block_fd, block = create_block(plan)
    pickled = [cloudpickle.dumps(recipe) for recipe in recipes]

    def order_of(worker: int) -> WorkerOrder:
        return WorkerOrder(
            plan=plan,
            block_fd=block_fd,
            worker_index=worker,
            recipe=pickled[worker],
            check_finite=options.check_finite,
            debug=options.debug,
        )

    try:
        supervisor = Supervisor(
            layout.num_workers,
            entry,
            order_of,
            pass_fds=(block_fd,),
            policy=options,
            cpu_affinity=options.cores(layout.num_workers),
        )
        supervisor.start_all()
    except BaseException:
        os.close(block_fd)
        raise
    # It refers to no part of the owner, or the owner would never be collected.
    finalizer = weakref.finalize(owner, _release, supervisor, block_fd)
    return block, StartedWorkers(supervisor, finalizer)


def _release(supervisor: Supervisor, block_fd: int) -> None:
    if supervisor.owned_here:
        supervisor.end_all(0.0)
        os.close(block_fd)
