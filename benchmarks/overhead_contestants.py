"""The vectorisers that ``vector_overhead.py`` compares, each behind one small face."""

import contextlib
import dataclasses
import functools
import importlib
import os
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
from overhead_envs import ACTION_SPACE, OBSERVATION_SPACES, BatchedEnv, SingleEnv

from rlbench_puffer.vector.gym import GymVecEnv
from rlbench_puffer.vector.hosting import HostRecipe
from rlbench_puffer.vector.layout import VecLayout
from rlbench_puffer.vector.puffer import PufferVecEnv, pufferlib_vector
from rlbench_puffer.vector.serial import SerialVecEnv
from rlbench_puffer.vector.shm.options import ShmOptions
from rlbench_puffer.vector.shm.pool import ShmVecEnv

CHUNK_LEN = 16


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is measured: work, size and sharing out."""

    work_us: float
    observation: str
    num_envs: int
    num_workers: int


@dataclasses.dataclass
class Contestant:
    """A running vectoriser.

    Attributes:
      advance: makes ``steps_per_call`` vector steps.
      close: ends it.
      pause, resume: stop and continue what would burn cores while others run.
    """

    advance: Callable[[], Any]
    close: Callable[[], Any]
    steps_per_call: int = 1
    pause: Callable[[], None] = lambda: None
    resume: Callable[[], None] = lambda: None


def _layout(cell: Cell, workers: int) -> VecLayout:
    return VecLayout(
        num_envs=cell.num_envs,
        num_workers=workers,
        batch_size=cell.num_envs,
        single_observation_space=OBSERVATION_SPACES[cell.observation],
        single_action_space=ACTION_SPACE,
        emulated=False,
    )


def _recipes(cell: Cell, workers: int) -> list[HostRecipe]:
    each = cell.num_envs // workers
    args = (each, cell.observation, cell.work_us * 1e-6)
    return [
        HostRecipe("batched", (BatchedEnv,), (args,), ({},), each, worker * each)
        for worker in range(workers)
    ]


def _ours(vec: Any, chunk_len: int = 0) -> Contestant:
    vec.reset(seed=0)
    actions = np.zeros((vec.num_envs, 8), np.float32)
    if not chunk_len:
        return Contestant(lambda: vec.step(actions), vec.close)
    chunk = np.zeros((chunk_len, vec.num_envs, 8), np.float32)
    return Contestant(lambda: vec.step_chunk(chunk), vec.close, chunk_len)


def make_serial(cell: Cell) -> Contestant:
    """All sub-envs in this process."""
    return _ours(SerialVecEnv(_layout(cell, 1), _recipes(cell, 1)[0]))


def make_shm(cell: Cell, chunk_len: int = 0) -> Contestant:
    """Our shared-memory pool."""
    layout = _layout(cell, cell.num_workers)
    recipes = _recipes(cell, cell.num_workers)
    return _ours(ShmVecEnv.from_recipes(layout, recipes, ShmOptions()), chunk_len)


def make_puffer(cell: Cell) -> Contestant:
    """PufferLib's Multiprocessing, extended."""
    layout = _layout(cell, cell.num_workers)
    options = ShmOptions(on_fault="raise", cpu_affinity=None)
    recipes = _recipes(cell, cell.num_workers)
    return _ours(PufferVecEnv.from_recipes(layout, recipes, options))


def make_gym(cell: Cell) -> Contestant:
    """Gymnasium's AsyncVectorEnv, a process for each sub-env."""
    env_fn = functools.partial(SingleEnv, cell.observation, cell.work_us * 1e-6)
    return _ours(GymVecEnv(_layout(cell, cell.num_envs), [env_fn] * cell.num_envs))


def make_stock_puffer(cell: Cell) -> Contestant:
    """PufferLib's Multiprocessing as it is, with native environments."""
    import pufferlib

    each = cell.num_envs // cell.num_workers
    args = (each, cell.observation, cell.work_us * 1e-6)

    class Native(pufferlib.PufferEnv):
        """The batched environment in PufferLib's native form."""

        def __init__(self, buf: Any = None) -> None:
            self.single_observation_space = OBSERVATION_SPACES[cell.observation]
            self.single_action_space = ACTION_SPACE
            self.num_agents = each
            super().__init__(buf)
            batched = BatchedEnv(*args, buffers=self)
            self.reset, self.step = batched.reset, batched.step

        def close(self) -> None:
            """Nothing to free."""

    vec: Any = pufferlib_vector.make(
        Native,
        backend=pufferlib_vector.Multiprocessing,  # pyright: ignore[reportArgumentType]
        num_envs=cell.num_workers,
        num_workers=cell.num_workers,
        overwork=True,
    )
    vec.reset(seed=0)
    actions = np.zeros((cell.num_envs, 8), np.float32)
    pids = [process.pid for process in vec.processes]

    def tell(number: int) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def close() -> None:
        tell(signal.SIGKILL)
        for process in vec.processes:
            process.join()

    return Contestant(
        lambda: vec.step(actions),
        close,
        pause=lambda: tell(signal.SIGSTOP),
        resume=lambda: tell(signal.SIGCONT),
    )


def make_sb3(cell: Cell) -> Contestant:
    """Stable-Baselines3's SubprocVecEnv, a process for each sub-env."""
    # In the dependency group `benchmark` only.
    sb3: Any = importlib.import_module("stable_baselines3.common.vec_env")
    env_fn = functools.partial(SingleEnv, cell.observation, cell.work_us * 1e-6)
    vec = sb3.SubprocVecEnv([env_fn] * cell.num_envs, start_method="spawn")
    vec.reset()
    actions = np.zeros((cell.num_envs, 8), np.float32)
    return Contestant(lambda: vec.step(actions), vec.close)


def make_torchrl(cell: Cell) -> Contestant:
    """TorchRL's ParallelEnv, a process for each sub-env."""
    torch: Any = importlib.import_module("torch")
    torchrl: Any = importlib.import_module("torchrl.envs")

    def env_fn() -> Any:
        return torchrl.GymWrapper(SingleEnv(cell.observation, cell.work_us * 1e-6))

    vec = torchrl.ParallelEnv(cell.num_envs, env_fn, mp_start_method="spawn")
    state = vec.reset()
    state["action"] = torch.zeros((cell.num_envs, 8))
    return Contestant(lambda: vec.step(state), vec.close)


MAKERS: dict[str, Callable[[Cell], Contestant]] = {
    "serial": make_serial,
    "gym": make_gym,
    "puffer": make_puffer,
    "stock puffer": make_stock_puffer,
    "sb3": make_sb3,
    "torchrl": make_torchrl,
    "shm": make_shm,
    "shm chunk 16": functools.partial(make_shm, chunk_len=CHUNK_LEN),
}

ONE_PROCESS_EACH = {"gym": 32, "sb3": 4, "torchrl": 4}
"""Those with a process for each sub-env, and how many this script lets them start:
a worker that imports torch takes 0.4 GB."""
