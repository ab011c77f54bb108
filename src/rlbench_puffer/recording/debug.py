"""Debug runs: a few episodes behind a real backend, watched closely."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer.config import EnvConfig, check_positive_int
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.recording.episode_videos import make_folder
from rlbench_puffer.recording.film import Film
from rlbench_puffer.recording.policies import RandomPolicy
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.make import BackendName, make_vec


@dataclasses.dataclass(frozen=True, kw_only=True)
class DebugRequest:
    """What to run and what of it to keep.

    Raises:
      InvalidOptionError: a number that does not fit.
    """

    config: EnvConfig
    """The environment; its cameras with rgb are what videos show."""

    backend: BackendName = "serial"
    num_envs: int = 2
    num_workers: int | None = None
    seeds: tuple[int, ...] = (0, 1)
    """One for each sub-env."""

    action_seed: int = 0
    action_chunk: int = 1
    """Actions of one round trip; only the picture after the last one is seen."""

    episodes: int = 1
    """Episodes of each sub-env."""

    output_dir: Path | None = None
    """Where videos go; None writes none."""

    video_all: bool = False
    """Whether all sub-envs are filmed, or only the first."""

    video_stride: int = 2
    """Round trips from one frame to the next: half the frames to encode."""

    fps: float | None = None
    """Frames per second; None plays in real time."""

    def __post_init__(self) -> None:
        """Check what the environment does not."""
        for option in ("episodes", "video_stride", "action_chunk"):
            check_positive_int(option, getattr(self, option))
        if self.fps is not None and not self.fps > 0:
            raise InvalidOptionError("fps", self.fps, "a number above 0")

    @property
    def frames_per_second(self) -> float:
        """What videos play at; a control step is 0.05 s."""
        return self.fps or 20.0 / (self.video_stride * self.action_chunk)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DebugOutcome:
    """What came of a run."""

    timings: dict[str, Any]
    """Of the vector environment."""

    videos: list[Path]
    """Those written, in order."""


def run_debug(
    request: DebugRequest, tell: Callable[[int, int, dict[str, Any]], None]
) -> DebugOutcome:
    """Run episodes with random actions, and film them.

    Args:
      request: what to run.
      tell: called at each episode's end with sub-env, episode and info.

    Raises:
      RecordingError: a video could not be written.
      WorkerError: the vector environment failed.
    """
    config = request.config
    options = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name != "task"
    }
    vec = make_vec(
        config.task,
        request.num_envs,
        backend=request.backend,
        num_workers=request.num_workers,
        **options,
    )
    try:
        film = _film(vec, request)
        try:
            _run(vec, request, film, tell)
        finally:
            film.abandon()
        return DebugOutcome(timings=vec.timings(), videos=film.written)
    finally:
        vec.close()


def _run(
    vec: VecEnv,
    request: DebugRequest,
    film: Film,
    tell: Callable[[int, int, dict[str, Any]], None],
) -> None:
    act = RandomPolicy(request.num_envs, request.action_seed)
    episode = np.zeros(request.num_envs, int)
    observations = vec.reset(list(request.seeds))[0]
    film.add(observations, episode, episode < request.episodes)
    trips = np.zeros(request.num_envs, int)
    resting = np.zeros(request.num_envs, bool)
    while (episode < request.episodes).any():
        if request.action_chunk == 1:
            stepped = vec.step(act())
        else:
            stepped = vec.step_chunk(
                np.stack([act() for _ in range(request.action_chunk)])
            )
        observations, _, terminals, truncations, infos = stepped
        # What follows an end is the sub-env's own reset: the next video's start.
        trips = np.where(resting, 0, trips + 1)
        over = (terminals | truncations).reshape(-1, request.num_envs).any(axis=0)
        due = over | (trips % request.video_stride == 0)
        film.add(observations, episode, due & (episode < request.episodes))
        for info in infos:
            env_id = info["env_id"]
            if "episode" in info and episode[env_id] < request.episodes:
                tell(env_id, int(episode[env_id]), info)
        film.finish(np.asarray(over))
        episode += over
        resting = over


def _film(vec: VecEnv, request: DebugRequest) -> Film:
    """What films a run as it was asked for."""
    folder, task = request.output_dir, request.config.task.rpartition(":")[2]
    cameras: dict[str, tuple[int, int]] = {}
    if folder is not None:
        make_folder(folder)
        pairs = request.config.camera_pairs
        cameras = {name: camera.size for name, camera in pairs if camera.rgb}

    def path(env_id: int, episode: int, camera: str) -> Path:
        assert folder is not None
        return folder / f"{task}_episode{episode:03d}_env{env_id:02d}_{camera}.mp4"

    return Film(
        vec.emulated.emulated_observation_dtype,
        cameras,
        range(request.num_envs if request.video_all else 1),
        request.frames_per_second,
        path,
    )
