"""Debug runs: a few episodes behind a real backend, watched closely."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rlbench_puffer.config import EnvConfig, check_positive_int
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.recording.policies import RandomPolicy
from rlbench_puffer.recording.record import make_folder
from rlbench_puffer.recording.video import VideoWriter
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
        film = _Film(vec, request)
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
    film: "_Film",
    tell: Callable[[int, int, dict[str, Any]], None],
) -> None:
    act = RandomPolicy(request.num_envs, request.action_seed)
    episode = np.zeros(request.num_envs, int)
    film.add(vec.reset(list(request.seeds))[0], episode)
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
        film.add(observations, episode, due)
        for info in infos:
            env_id = info["env_id"]
            if "episode" in info and episode[env_id] < request.episodes:
                tell(env_id, int(episode[env_id]), info)
        film.finish(over, episode)
        episode += over
        resting = over


class _Film:
    """The open videos of the sub-envs that are filmed, one for each camera."""

    def __init__(self, vec: VecEnv, request: DebugRequest) -> None:
        self.written: list[Path] = []
        self._request = request
        self._open: dict[tuple[int, str], VideoWriter] = {}
        cameras = [
            (name, camera.size)
            for name, camera in request.config.camera_pairs
            if camera.rgb
        ]
        self._cameras = dict(cameras if request.output_dir else [])
        self._filmed = range(request.num_envs if request.video_all else 1)
        if self._cameras:
            self._dtype = vec.emulated.emulated_observation_dtype
            assert request.output_dir is not None
            make_folder(request.output_dir)

    def add(self, observations: Any, episode: Any, due: Any = None) -> None:
        """Take what sub-envs see now, of those whose turn it is."""
        if not self._cameras:
            return
        seen = observations.view(self._dtype)[:, 0]
        for env_id in self._filmed:
            if episode[env_id] >= self._request.episodes:
                continue
            if due is None or due[env_id]:
                for name in self._cameras:
                    writer = self._writer(env_id, int(episode[env_id]), name)
                    writer.add(seen[f"{name}_rgb"][env_id])

    def finish(self, over: Any, episode: Any) -> None:
        """Complete the videos of episodes that are over."""
        for env_id, name in list(self._open):
            if over[env_id]:
                writer = self._open.pop((env_id, name))
                writer.close()
                self.written.append(writer.path)

    def abandon(self) -> None:
        """Remove what is unfinished."""
        for writer in self._open.values():
            writer.abandon()
        self._open.clear()

    def _writer(self, env_id: int, episode: int, name: str) -> VideoWriter:
        if (env_id, name) not in self._open:
            folder = self._request.output_dir
            assert folder is not None
            task = self._request.config.task.rpartition(":")[2]
            stem = f"{task}_episode{episode:03d}_env{env_id:02d}_{name}.mp4"
            self._open[env_id, name] = VideoWriter(
                folder / stem, self._cameras[name], self._request.frames_per_second
            )
        return self._open[env_id, name]
