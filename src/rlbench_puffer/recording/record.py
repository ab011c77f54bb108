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
    EngineName,
    EnvConfig,
    RenderQuality,
    check_positive_int,
)
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError, RecordingError
from rlbench_puffer.recording.episode_videos import EpisodeVideos, make_folder
from rlbench_puffer.recording.live_demos import record_live_demos
from rlbench_puffer.recording.policies import (
    Act,
    Actions,
    PolicyName,
    check_policy,
    make_policy,
)
from rlbench_puffer.recording.states import load_states, save_states


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecordRequest:
    """What to record.

    Raises:
      UnknownNameError, InvalidOptionError: an option that does not fit.
    """

    task: str
    engine: EngineName = "builtin"
    policy: PolicyName = "random"
    """``"expert"`` of ``mujoco`` and ``coppeliasim`` is RLBench's own: it acts in no
    action mode, and episodes that it fails are left out."""

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
    quality: RenderQuality | None = None
    """None takes ``"fine"``, and ``"fast"`` of simulators, which draw in one way."""

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
        if self.quality is None:
            quality = "fine" if self.engine == "builtin" else "fast"
            object.__setattr__(self, "quality", quality)
        if self.engine == "builtin":
            return
        if self.num_envs != 1:
            raise InvalidOptionError(
                "num_envs",
                self.num_envs,
                f'1 with engine "{self.engine}": a process can hold one simulator',
            )
        if self.save_states and self.policy == "expert":
            raise InvalidOptionError(
                "save_states",
                True,
                f'False with engine "{self.engine}" and policy expert: its states are '
                "actions to repeat, and the expert does not act by them",
            )

    @property
    def config(self) -> EnvConfig:
        """The recorded environment."""
        return EnvConfig(
            task=self.task,
            engine=self.engine,
            arm_action_mode=self.arm_action_mode,
            cameras=dict.fromkeys(self.cameras, Camera(size=self.size)),
            episode_length=self.episode_length,
            render_quality=self.quality or "fast",
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
    if request.engine != "builtin" and request.policy == "expert" and actions is None:
        return record_live_demos(
            config,
            episodes=request.episodes,
            seed=request.seed,
            stride=request.video_stride,
            videos=lambda episode: _videos(request, _stem(request, episode, 0)),
        )
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
        with _videos(request, path.stem) as videos:
            for state in states[:: request.video_stride]:
                env.set_state(0, state)
                videos.add(env.structured[0])
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
    writers: dict[int, EpisodeVideos] = {}
    states: dict[int, list[dict[str, Any]]] = {}
    written: list[Path] = []
    try:
        for env_id in recorded:
            writers[env_id] = _videos(request, _stem(request, episode, env_id))
            writers[env_id].add(env.structured[env_id])
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
                    writers[env_id].add(env.structured[env_id])
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


def _videos(request: RecordRequest, stem: str) -> EpisodeVideos:
    cameras = {name: camera.size for name, camera in request.config.camera_pairs}
    return EpisodeVideos(request.output_dir, stem, cameras, request.fps)


def _stem(request: RecordRequest, episode: int, env_id: int) -> str:
    task = request.task.rpartition(":")[2]
    return f"{task}_episode{episode:03d}_env{env_id:02d}"
