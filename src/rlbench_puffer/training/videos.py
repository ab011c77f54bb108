"""Videos of a run's evaluations: its first episode, or all, filmed once more."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.config import CONTROL_DT, check_positive_int, make_config
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.recording.film import Film
from rlbench_puffer.training.evaluation import Act, evaluate
from rlbench_puffer.training.observations import ObservationReader
from rlbench_puffer.training.settings import TrainSettings
from rlbench_puffer.vector.base import VecEnv

FOLDER = "videos"
"""In the folder of the run."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class VideoSettings:
    """How evaluations are filmed; changes no number of the run.

    Raises:
      InvalidOptionError: a number that does not fit.
    """

    cameras: tuple[str, ...] = ()
    """Films through these, and through those that the policy has; all are of the
    policy's camera size. Neither: films nothing."""

    stride: int = 2
    """Control steps from one frame to the next."""

    fps: float | None = None
    """Frames per second; None plays in real time."""

    all: bool = False
    """Whether every episode of an evaluation is filmed, or only the first."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_positive_int("video_stride", self.stride)
        if self.fps is not None and not self.fps > 0:
            raise InvalidOptionError("fps", self.fps, "a number above 0")

    def film_settings(self, settings: TrainSettings) -> TrainSettings:
        """A run's settings with the cameras that it is filmed through, too.

        Raises:
          UnknownNameError: no such camera.
        """
        cameras = tuple(dict.fromkeys((*settings.cameras, *self.cameras)))
        pairs = dict.fromkeys(cameras, settings.camera_size)
        make_config(settings.task, **{**settings.env_options, "cameras": pairs})
        return dataclasses.replace(settings, cameras=cameras, num_workers=None)


class EvaluationFilm:
    """Films episodes of an evaluation, in sub-envs of its own.

    Args:
      videos: how.
      settings: of the run.
      folder: of the run.
      make_vec: makes so many sub-envs of some settings.
    """

    def __init__(
        self,
        videos: VideoSettings,
        settings: TrainSettings,
        folder: Path,
        make_vec: Callable[[TrainSettings, int], VecEnv],
    ) -> None:
        self._videos = videos
        self._settings = settings
        self._filmed = videos.film_settings(settings)
        self._folder = folder / FOLDER
        self._make_vec = make_vec
        self._vec: VecEnv | None = None

    def shoot(
        self,
        update: int,
        policy_for: Callable[[int, ObservationReader], Act],
        seeds: Sequence[int],
    ) -> list[Path]:
        """Play episodes again, one in each sub-env.

        Args:
          update: how many were done, for the files' names.
          policy_for: the policy at the start of episodes, in so many sub-envs whose
            observations are read so.
          seeds: of the evaluation's episodes.

        Returns:
          The files, ``update00050_env00_front.mp4`` and so on; none without cameras.

        Raises:
          RecordingError: a video could not be written.
        """
        settings, videos = self._filmed, self._videos
        if not settings.cameras:
            return []
        if not videos.all:
            seeds = seeds[:1]
        count = settings.envs_beside(len(seeds))
        if self._vec is None:
            self._vec = self._make_vec(settings, count)
        dtype = self._vec.emulated.emulated_observation_dtype
        # The policy looks through its own cameras only.
        own = self._settings
        reader = ObservationReader(dtype, own.observations, own.cameras)
        act = policy_for(count, reader)
        written: list[Path] = []
        for first in range(0, len(seeds), count):
            together = seeds[first : first + count]
            film = Film(
                dtype,
                dict.fromkeys(settings.cameras, settings.camera_size),
                range(len(together)),
                videos.fps or 1.0 / (CONTROL_DT * videos.stride),
                self._namer(update, first),
            )
            try:
                evaluate(self._vec, act, together, watch=_watch(film, videos.stride))
            finally:
                film.abandon()
            written += film.written
        return written

    def _namer(self, update: int, first: int) -> Callable[[int, int, str], Path]:
        """Names an episode's files; ``first`` is that of the first sub-env."""

        def path(env_id: int, _: int, camera: str) -> Path:
            name = f"update{update:05d}_env{first + env_id:02d}_{camera}.mp4"
            return self._folder / name

        return path

    def close(self) -> None:
        """Close its sub-envs. Twice is fine."""
        if self._vec is not None:
            self._vec.close()


def _watch(film: Film, stride: int) -> Callable[[Any, Any, Any], None]:
    """Every ``stride``-th frame of each episode, and its last."""
    step = 0

    def watch(
        observations: NDArray[Any],
        running: NDArray[np.bool_],
        over: NDArray[np.bool_],
    ) -> None:
        nonlocal step
        due = running if step % stride == 0 else running & over
        film.add(observations, np.zeros(len(running), np.int64), due)
        film.finish(over)
        step += 1

    return watch
