"""Collecting: fixed numbers of steps from a vector environment, with their masks."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.training.frames import FrameBuffer
from rlbench_puffer.training.normalization import ObservationNormalizer
from rlbench_puffer.training.observations import ObservationReader, Seen
from rlbench_puffer.training.policy import Policy
from rlbench_puffer.vector.base import VecEnv


@dataclasses.dataclass
class Rollout:
    """T steps of n sub-envs."""

    raw: NDArray[np.float32]
    """(T, n, size) numbers before each step, as they came."""

    observations: NDArray[np.float32]
    """(T, n, size) the same as the policy saw them."""

    actions: NDArray[np.float32]
    """(T, n, action_size) as drawn, not yet within bounds."""

    log_probabilities: NDArray[np.float32]
    """(T, n) of those actions when they were drawn."""

    values: NDArray[np.float32]
    """(T + 1, n) of the observation before each step, and after the last."""

    rewards: NDArray[np.float32]
    """(T, n) as they came."""

    terminals: NDArray[np.bool_]
    """(T, n) whether the task ended the episode in that step."""

    truncations: NDArray[np.bool_]
    """(T, n) whether a limit or fault cut it off."""

    valid: NDArray[np.bool_]
    """(T, n) False for a sub-env's own reset and for a step that failed."""

    episodes: list[dict[str, Any]]
    """Infos of the episodes that ended."""

    pictures: FrameBuffer | None = dataclasses.field(default=None, init=False)
    """What the policy saw of the cameras; the collector's own, and written again by
    its next rollout."""


class Collector:
    """Steps a vector environment with a policy.

    Args:
      vec: whole batches.
      policy: draws the actions.
      reader: of its observations.
      normalizer: what the policy sees numbers through.
      num_steps: T.
      generator: torch's, the only source of chance.
      frame_stack: frames that the policy sees at once.

    Attributes:
      seconds: spent in the policy and in steps of the sub-envs so far, [s].
    """

    def __init__(
        self,
        vec: VecEnv,
        policy: Policy,
        reader: ObservationReader,
        normalizer: ObservationNormalizer,
        num_steps: int,
        generator: Any,
        frame_stack: int,
    ) -> None:
        self._vec = vec
        self._policy = policy
        self._reader = reader
        self._normalizer = normalizer
        self._num_steps = num_steps
        self._generator = generator
        self._latest = np.zeros((vec.num_envs, reader.size), np.float32)
        self._over = np.zeros(vec.num_envs, bool)
        self._begun = False
        self.seconds = {"policy": 0.0, "step": 0.0}
        self._pictures = None
        if reader.frame_shape is not None:
            self._pictures = FrameBuffer(
                num_steps, vec.num_envs, reader.frame_shape, frame_stack
            )

    def begin(self, seed: int | Sequence[int]) -> None:
        """A new episode in every sub-env, from one seed or from one for each."""
        self._take(self._vec.reset(seed)[0], 0)
        if self._pictures is not None:
            self._pictures.begin()
        self._over[:] = False
        self._begun = True

    def collect(self) -> Rollout:
        """The next steps of every sub-env."""
        steps = self._num_steps
        n, size = self._latest.shape
        action_size = self._vec.single_action_space.shape[0]  # pyright: ignore[reportOptionalSubscript]
        rollout = Rollout(
            raw=np.empty((steps, n, size), np.float32),
            observations=np.empty((steps, n, size), np.float32),
            actions=np.empty((steps, n, action_size), np.float32),
            log_probabilities=np.empty((steps, n), np.float32),
            values=np.empty((steps + 1, n), np.float32),
            rewards=np.empty((steps, n), np.float32),
            terminals=np.empty((steps, n), bool),
            truncations=np.empty((steps, n), bool),
            valid=np.empty((steps, n), bool),
            episodes=[],
        )
        rollout.pictures = self._pictures
        if self._pictures is not None and not self._begun:
            self._pictures.roll()
        self._begun = False
        for t in range(steps):
            start = time.perf_counter()
            seen = self._seen(t)
            actions, log_probabilities, values = self._policy.draw(
                seen, self._generator
            )
            drawn = time.perf_counter()
            rollout.raw[t] = self._latest
            rollout.observations[t] = seen.numbers
            rollout.actions[t] = actions
            rollout.log_probabilities[t] = log_probabilities
            rollout.values[t] = values
            rollout.valid[t] = ~self._over
            observations, rewards, terminals, truncations, infos = self._vec.step(
                np.clip(actions, -1.0, 1.0)
            )
            self._take(observations, t + 1)
            if self._pictures is not None:
                # The step after an episode's end brings the next one's first frame.
                self._pictures.advance(t + 1, self._over)
            self.seconds["policy"] += drawn - start
            self.seconds["step"] += time.perf_counter() - drawn
            rollout.rewards[t] = rewards
            rollout.terminals[t] = terminals
            rollout.truncations[t] = truncations
            self._over = terminals | truncations
            for info in infos:
                if "fault" in info:
                    rollout.valid[t, info["env_id"]] = False
                elif "episode" in info:
                    rollout.episodes.append(info)
        rollout.values[steps] = self._policy.values(self._seen(steps))
        return rollout

    def _take(self, observations: NDArray[Any], t: int) -> None:
        """Copy what is needed of observations that the next step overwrites."""
        structured = self._reader.structured(observations)
        self._latest[:] = self._reader.numbers(structured)
        if self._pictures is not None:
            self._reader.read_frames(structured, self._pictures.at(t))

    def _seen(self, t: int) -> Seen:
        pictures = None if self._pictures is None else self._pictures.stacked(t)
        return Seen(self._normalizer(self._latest), pictures)
