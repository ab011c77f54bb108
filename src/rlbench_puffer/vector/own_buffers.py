"""The rows of backends that step in this process: plain arrays of their own."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.vector.hosting import ChunkBuffers, HostBuffers
from rlbench_puffer.vector.layout import VecLayout


def make_rows(layout: VecLayout) -> HostBuffers:
    """Rows for all sub-envs; masks are True, all else is 0."""
    n = layout.num_envs
    observation_space = layout.single_observation_space
    action_shape = layout.single_action_space.shape or ()
    return HostBuffers(
        observations=np.zeros((n, *observation_space.shape), observation_space.dtype),
        rewards=np.zeros(n, np.float32),
        terminals=np.zeros(n, bool),
        truncations=np.zeros(n, bool),
        masks=np.ones(n, bool),
        actions=np.zeros((n, *action_shape), layout.action_dtype),
    )


def make_chunk_rows(actions: NDArray[Any]) -> ChunkBuffers:
    """Rows for the results of a chunk of actions, (K, n, ...)."""
    shape = actions.shape[:2]
    return ChunkBuffers(
        actions=actions,
        rewards=np.zeros(shape, np.float32),
        terminals=np.zeros(shape, bool),
        truncations=np.zeros(shape, bool),
    )
