"""A bare ``mj_step`` loop to compare with; used by two benchmarks."""

import concurrent.futures

import mujoco
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import PHYSICS_STEPS_PER_CONTROL_STEP
from rlbench_puffer.engines.builtin.engine import BuiltinEngine


class BareLoop:
    """``mj_step`` on one ``MjData`` per simulation, split over threads.

    It starts from an engine's states and replays its motor targets, ten physics steps
    for each; it never resets.

    Args:
      engine: whose models and states.
      num_threads: threads that share the simulations out.
      num_sims: the first so many simulations only; None takes all.
    """

    def __init__(
        self, engine: BuiltinEngine, num_threads: int, num_sims: int | None = None
    ) -> None:
        self.num_sims = num_sims or engine.num_envs
        self._batch = engine.scene.batch
        self._models = [self._batch.get_model(i) for i in range(self.num_sims)]
        self._datas = [self._batch.get_data(i) for i in range(self.num_sims)]
        self._shares = np.array_split(np.arange(self.num_sims), num_threads)
        self._pool = concurrent.futures.ThreadPoolExecutor(num_threads)

    def take_over(self) -> None:
        """The engine's present models and states."""
        for i in range(self.num_sims):
            self._batch.get_model(i, self._models[i])
            self._batch.get_data(i, self._datas[i])

    def run(self, ctrl: NDArray[np.float64]) -> None:
        """Steps (steps, num_envs, nu) of controls; mj_step releases the GIL."""
        list(self._pool.map(lambda share: self._run_share(share, ctrl), self._shares))

    def _run_share(self, share: NDArray[np.intp], ctrl: NDArray[np.float64]) -> None:
        for i in share:
            model, data = self._models[i], self._datas[i]
            for row in ctrl[:, i]:
                data.ctrl[:] = row
                mujoco.mj_step(model, data, PHYSICS_STEPS_PER_CONTROL_STEP)

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown()
