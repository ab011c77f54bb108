"""A training run: collecting, learning, evaluating, on any engine and backend."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch

from rlbench_puffer.distributed.group import OneRank, RankGroup
from rlbench_puffer.distributed.place import rank_seed
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.training.checkpoint import (
    as_arrays,
    as_tensors,
    save_checkpoint,
    state_to_resume,
)
from rlbench_puffer.training.device import prepare_device
from rlbench_puffer.training.evaluation import Act, Evaluation, evaluate
from rlbench_puffer.training.eyes import Eyes
from rlbench_puffer.training.logs import TrainingLog
from rlbench_puffer.training.normalization import (
    ObservationNormalizer,
    RewardNormalizer,
)
from rlbench_puffer.training.observations import ObservationReader
from rlbench_puffer.training.policy import Policy
from rlbench_puffer.training.ppo import Learner
from rlbench_puffer.training.progress import (
    progress_line,
    rollout_means,
    rollout_sums,
)
from rlbench_puffer.training.rollouts import Collector
from rlbench_puffer.training.settings import TrainSettings
from rlbench_puffer.training.share import Share
from rlbench_puffer.training.videos import EvaluationFilm, VideoSettings
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.make import make_vec

CHECKPOINT = "checkpoint.pt"
"""The newest state of a run, in its folder."""

DIVERGED = "diverged.pt"
"""The state in which a run was stopped because a number was not finite."""

_EVALUATION_KEY = 2**32
"""Spawn key of the evaluation's seed; updates have the smaller ones."""


class Trainer:
    """One training run: collects, learns, evaluates, keeps checkpoints.

    On one machine the same settings give the same numbers; a run that went on from a
    checkpoint ends with the bits of one that was never interrupted.

    Ranks share the sub-envs out and are one run: all take the same gradient steps,
    normalise alike and evaluate together; the first one writes and prints.

    Args:
      settings: everything that decides the numbers.
      folder: for checkpoint, curve and TensorBoard.
      resume: go on from the folder's checkpoint rather than begin.
      out: where the progress line goes; None takes stdout.
      ranks: this process's group; None where it is alone.
      videos: how the first rank films evaluations; None films nothing.

    Attributes:
      update: updates done.
      env_steps: control steps collected, autoreset steps left out.
      kept: of how many updates the checkpoint is; None without one.

    Raises:
      CheckpointError: nothing to resume, of other settings, or one that would be
        overwritten.
      InvalidOptionError: settings that the vector environment refuses.
    """

    def __init__(
        self,
        settings: TrainSettings,
        folder: Path,
        *,
        resume: bool = False,
        out: TextIO | None = None,
        ranks: RankGroup | None = None,
        videos: VideoSettings | None = None,
    ) -> None:
        self.settings = settings
        self._film: EvaluationFilm | None = None
        self._spent = {"learn": 0.0, "evaluate": 0.0, "video": 0.0, "checkpoint": 0.0}
        self.folder = folder
        self._ranks = ranks or OneRank()
        if self._ranks.size != settings.ranks:
            raise InvalidOptionError(
                "ranks", settings.ranks, f"{self._ranks.size}, the ranks of this job"
            )
        loaded = self._ranks.from_main(
            lambda: state_to_resume(folder / CHECKPOINT, settings.as_dict(), resume)
        )
        prepare_device(settings)
        self._envs = Share(settings.num_envs, self._ranks)
        self._episodes = Share(settings.eval_episodes, self._ranks)
        self.vec = _make_vec(settings, self._envs.count)
        self._evaluation_vec: VecEnv | None = None
        self._log: TrainingLog | None = None
        try:
            self._set_up()
            if loaded is not None:
                self._restore(loaded)
            if self._ranks.is_main:
                if videos is not None:
                    self._film = EvaluationFilm(videos, settings, folder, _make_vec)
                self._log = TrainingLog(folder, self.update, out)
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> None:
        settings = self.settings
        torch.set_num_threads(settings.learner_threads)
        self._reader = ObservationReader(
            self.vec.emulated.emulated_observation_dtype,
            settings.observations,
            settings.cameras,
        )
        size, frame = self._reader.size, self._reader.frame_shape
        self.update = 0
        self.kept: int | None = None
        self.env_steps = 0
        self._seconds = 0.0
        self._generator = torch.Generator().manual_seed(
            rank_seed(settings.seed, self._ranks.rank)
        )
        # Weights are drawn from the global stream, which is nobody's business here.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.policy = Policy(
                size,
                self.vec.single_action_space.shape[0],  # pyright: ignore[reportOptionalSubscript]
                settings.hidden,
                settings.initial_deviation,
                frame and (settings.frame_stack, *frame),
                settings.precision,
            ).to(settings.device)
        if settings.compile:
            self.policy.compile(dynamic=True)
        self._learner = Learner(
            self.policy,
            settings,
            self._generator,
            lambda: self.save(DIVERGED),
            self._ranks,
        )
        self._observations = ObservationNormalizer(size, self._ranks)
        self._rewards = RewardNormalizer(
            self._envs.count, settings.discount, self._ranks
        )
        self._collector = Collector(
            self.vec,
            self.policy,
            self._reader,
            self._observations,
            settings.num_steps,
            self._generator,
            settings.frame_stack,
        )

    def run(self) -> Evaluation:
        """Train until all updates are done; returns the last evaluation.

        Raises:
          DivergedError: a loss or gradient is not finite; the state is kept.
          CheckpointError: a checkpoint could not be written.
          WorkerError: the vector environment failed.
        """
        settings, log = self.settings, self._log
        assert settings.updates is not None
        evaluation = None
        begun = False
        while self.update < settings.updates:
            start = time.perf_counter()
            if not begun or self.update % settings.checkpoint_interval == 0:
                # What a resumed run cannot have are the simulators' states, so
                # nobody has them.
                self._collector.begin(
                    self._envs.seeds(_seed(settings.seed, self.update))
                )
                self._rewards.begin()
                begun = True
            rollout = self._collector.collect()
            sums = self._ranks.sum(rollout_sums(rollout))
            collected = int(sums[0])
            with self._timed("learn"):
                losses = self._learner.learn(rollout, self._rewards, self.update)
            # From the next rollout on; this one was drawn with the moments before it.
            self._observations.update(rollout.raw[rollout.valid])
            self.policy.take_in(rollout.pictures, self._ranks)
            self.update += 1
            self.env_steps += collected
            took = time.perf_counter() - start
            self._seconds += took
            last = self.update == settings.updates
            record: dict[str, Any] = {
                "update": self.update,
                "env_steps": self.env_steps,
                "seconds": round(self._seconds, 3),
                "steps_per_second": round(collected / took, 1),
                **rollout_means(sums),
                "deviation": self.policy.mean_deviation,
                **losses,
            }
            if last or self.update % settings.eval_interval == 0:
                with self._timed("evaluate"):
                    evaluation = self.evaluate()
                record["eval_success_once"] = evaluation.success_once
                record["eval_success_at_end"] = evaluation.success_at_end
                record["eval_return"] = evaluation.mean_return
                record["eval_length"] = evaluation.mean_length
            if last or self.update % settings.checkpoint_interval == 0:
                with self._timed("checkpoint"):
                    self.save(CHECKPOINT)
            if log is not None:
                log.add(record)
                log.show(
                    progress_line(record, settings.updates, evaluation), final=last
                )
            if last or self.update % settings.eval_interval == 0:
                # After the checkpoint: a video that fails costs nothing else.
                with self._timed("video"):
                    self.film()
        return evaluation or self.evaluate()

    def evaluate(self) -> Evaluation:
        """Success of the policy without chance, on the same episodes each time."""
        count = self.settings.envs_beside(self._episodes.count)
        if self._evaluation_vec is None and count:
            self._evaluation_vec = _make_vec(self.settings, count)
        seed = _seed(self.settings.seed, _EVALUATION_KEY)
        return evaluate(
            self._evaluation_vec,
            self._policy_for(count, self._reader),
            self._episodes.seeds(seed),
            self._ranks,
        )

    def film(self) -> list[Path]:
        """Film the first episode of :meth:`evaluate`, or all, once more.

        Returns:
          The files; none on other ranks, without cameras or where none are wanted.

        Raises:
          RecordingError: a video could not be written.
        """
        if self._film is None:
            return []
        seeds = self._episodes.seeds(_seed(self.settings.seed, _EVALUATION_KEY))
        return self._film.shoot(self.update, self._policy_for, seeds)

    def phases(self) -> dict[str, float]:
        """Where the time went so far, in [s]."""
        return {**self._collector.seconds, **self._spent}

    @contextlib.contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        self._spent[phase] += time.perf_counter() - start

    def _policy_for(self, num_envs: int, reader: ObservationReader) -> Act:
        """The policy without chance, at the start of episodes in some sub-envs."""
        depth = self.settings.frame_stack
        look = Eyes(reader, self._observations, num_envs, depth)
        return lambda observations, begins: self.policy.best(
            look(reader.structured(observations), begins)
        )

    def save(self, name: str) -> Path:
        """Write a checkpoint into the folder; called by every rank.

        Raises:
          CheckpointError: it could not be written; the one before is whole.
        """
        path = self.folder / name
        state = {
            "update": self.update,
            "env_steps": self.env_steps,
            "seconds": self._seconds,
            "policy": self.policy.state_dict(),
            "optimizer": self._learner.optimizer.state_dict(),
            "observations": as_tensors(self._observations.state()),
            "rewards": as_tensors(self._rewards.state()),
            "generators": self._ranks.gather(self._generator.get_state()),
        }
        if self._ranks.is_main:
            save_checkpoint(path, self.settings.as_dict(), state)
        if name == CHECKPOINT:
            self.kept = self.update
        return path

    def close(self) -> None:
        """Close the vector environments and the log. Twice is fine."""
        self.vec.close()
        if self._evaluation_vec is not None:
            self._evaluation_vec.close()
        if self._film is not None:
            self._film.close()
        if self._log is not None:
            self._log.close()
            self._log = None

    def __enter__(self) -> "Trainer":
        """For ``with`` blocks."""
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    def _restore(self, state: dict[str, Any]) -> None:
        self.update = self.kept = state["update"]
        self.env_steps = state["env_steps"]
        self._seconds = state["seconds"]
        self.policy.load_state_dict(state["policy"])
        self._learner.optimizer.load_state_dict(state["optimizer"])
        self._observations.restore(as_arrays(state["observations"]))
        self._rewards.restore(as_arrays(state["rewards"]))
        self._generator.set_state(state["generators"][self._ranks.rank])


def _make_vec(settings: TrainSettings, num_envs: int) -> VecEnv:
    return make_vec(
        settings.task,
        num_envs,
        backend=settings.backend,  # pyright: ignore[reportArgumentType]
        num_workers=settings.num_workers,
        **settings.env_options,
    )


def _seed(seed: int, key: int) -> int:
    """The seed of the sub-envs for one stretch of a run; 63 bits."""
    sequence = np.random.SeedSequence(seed, spawn_key=(key,))
    return int(sequence.generate_state(1, np.uint64)[0] >> np.uint64(1))
