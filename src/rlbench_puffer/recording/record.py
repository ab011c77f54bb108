"""Records episodes: a video for each episode, sub-env and camera."""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import (
    ArmActionMode,
    DisplayName,
    EnvConfig,
    RenderQuality,
    check_positive_int,
)
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError, RecordingError
from rlbench_puffer.recording.policies import (
    Act,
    Actions,
    PolicyName,
    check_policy,
    make_policy,
)
from rlbench_puffer.recording.states import load_states, save_states
from rlbench_puffer.recording.video import VideoWriter


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordRequest:
    """What to record.

    Raises:
      UnknownNameError, InvalidOptionError: an option that does not fit.
    """

    task: str
    policy: PolicyName = "random"
    arm_action_mode: ArmActionMode = "joint_velocity"
    episodes: int = 1
    num_envs: int = 1
    video_all: bool = False
    """Whether all sub-envs are recorded, or only the first."""

    cameras: tuple[str, ...] = ("front",)
    size: tuple[int, int] = (256, 256)
    fps: float = 20.0
    video_stride: int = 1
    """Control steps from one frame to the next."""

    episode_length: int | None = None
    seed: int = 0
    quality: RenderQuality = "fine"
    display: DisplayName = "auto"
    save_states: bool = False
    output_dir: Path

    def __post_init__(self) -> None:
        """Check what the environment does not."""
        check_policy(self.policy)
        for option in ("episodes", "num_envs", "video_stride"):
            check_positive_int(option, getattr(self, option))
        if not self.cameras:
            raise InvalidOptionError("cameras", (), "at least one camera")
        if not self.fps > 0:
            raise InvalidOptionError("fps", self.fps, "a number above 0")

    @property
    def config(self) -> EnvConfig:
        """The recorded environment."""
        return EnvConfig(
            task=self.task,
            arm_action_mode=self.arm_action_mode,
            cameras=dict.fromkeys(self.cameras, Camera(size=self.size)),
            episode_length=self.episode_length,
            render_quality=self.quality,
            display=self.display,
        )


def record(
    request: RecordRequest, actions: Callable[[BatchEnv], Actions] | None = None
) -> list[Path]:
    """Run episodes and write their videos.

    Args:
      request: what to record.
      actions: what every sub-env does at its present observation, (num_envs, 8),
        instead of the request's policy.

    Returns:
      The files written, videos and states, in order.

    Raises:
      RecordingError: a file could not be written; those finished are intact.
      DisplayError: nothing draws here.
    """
    config = request.config
    make_folder(request.output_dir)
    env = make_batch_env(config, request.num_envs)
    recorded = list(range(request.num_envs)) if request.video_all else [0]
    act = make_policy(request.policy, env, request.seed)
    if actions is not None:
        act = functools.partial(actions, env)
    written: list[Path] = []
    try:
        seeds = [request.seed + i for i in range(request.num_envs)]
        for episode in range(request.episodes):
            env.reset(seed=seeds, episode_index=episode)
            written += _record_episode(env, request, recorded, episode, act)
    finally:
        env.close()
    return written


def render_states(path: Path, request: RecordRequest) -> list[Path]:
    """Draw saved states again, with the request's cameras, size and quality.

    Args:
      path: a file that :func:`record` wrote with ``save_states``.
      request: what to draw; its task must be the file's.

    Returns:
      The videos written, one for each camera.

    Raises:
      RecordingError: the file is of another task or format, or a video fails.
    """
    task, states = load_states(path)
    if task != request.task:
        raise RecordingError(
            f"{path} holds states of {task}, not of {request.task}. "
            f"Use `--task {task}`."
        )
    make_folder(request.output_dir)
    env = make_batch_env(request.config, 1)
    try:
        with _Videos(request, path.stem) as videos:
            for state in states[:: request.video_stride]:
                env.set_state(0, state)
                videos.add(env, 0)
    finally:
        env.close()
    return videos.paths


def _record_episode(
    env: BatchEnv,
    request: RecordRequest,
    recorded: Sequence[int],
    episode: int,
    act: Act,
) -> list[Path]:
    """Record one episode of each recorded sub-env, to its own end."""
    writers: dict[int, _Videos] = {}
    states: dict[int, list[dict[str, Any]]] = {}
    written: list[Path] = []
    try:
        for env_id in recorded:
            writers[env_id] = _Videos(request, _stem(request, episode, env_id))
            writers[env_id].add(env, env_id)
            states[env_id] = [env.get_state(env_id)] if request.save_states else []
        step = 0
        while writers:
            _, _, terminals, truncations, _ = env.step(act())
            step += 1
            for env_id in list(writers):
                over = bool(terminals[env_id] or truncations[env_id])
                if request.save_states:
                    states[env_id].append(env.get_state(env_id))
                if step % request.video_stride == 0 or over:
                    writers[env_id].add(env, env_id)
                if over:
                    videos = writers.pop(env_id)
                    videos.close()
                    written += videos.paths
                    if request.save_states:
                        path = request.output_dir / f"{videos.stem}_states.npz"
                        save_states(path, request.task, states[env_id])
                        written.append(path)
    finally:
        for videos in writers.values():
            videos.abandon()
    return written


class _Videos:
    """The videos of one sub-env's episode, one for each camera."""

    def __init__(self, request: RecordRequest, stem: str) -> None:
        self.stem = stem
        self._writers: dict[str, VideoWriter] = {}
        self.paths: list[Path] = []
        try:
            for name, camera in request.config.camera_pairs:
                path = request.output_dir / f"{stem}_{name}.mp4"
                self._writers[name] = VideoWriter(path, camera.size, request.fps)
                self.paths.append(path)
        except BaseException:
            self.abandon()
            raise

    def add(self, env: BatchEnv, env_id: int) -> None:
        """Take the frame that is in a sub-env's observation."""
        for name, writer in self._writers.items():
            writer.add(env.structured[f"{name}_rgb"][env_id])

    def close(self) -> None:
        """Finish every file."""
        for writer in self._writers.values():
            writer.close()

    def abandon(self) -> None:
        """Remove every unfinished file."""
        for writer in self._writers.values():
            writer.abandon()

    def __enter__(self) -> "_Videos":
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def _stem(request: RecordRequest, episode: int, env_id: int) -> str:
    return f"{request.task}_episode{episode:03d}_env{env_id:02d}"


def make_folder(folder: Path) -> None:
    """Make the folder that videos go into.

    Raises:
      RecordingError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"The output folder {folder} cannot be made: {error.strerror or error}."
        ) from error
