"""``rlbench-puffer record``: videos of episodes, or of saved states."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

if TYPE_CHECKING:
    from rlbench_puffer.training.trained import TrainedPolicy

Flag = tyro.conf.FlagCreatePairsOff


def record(
    task: str | None = None,
    policy: str = "random",
    arm_action_mode: str | None = None,
    episodes: int = 1,
    num_envs: int = 1,
    video_all: Annotated[bool, Flag] = False,
    cameras: tuple[str, ...] = ("front",),
    size: tuple[int, int] = (256, 256),
    fps: float = 20.0,
    video_stride: int = 1,
    episode_length: int | None = None,
    seed: int = 0,
    quality: str = "fine",
    display: str = "auto",
    save_states: Annotated[bool, Flag] = False,
    states: Path | None = None,
    output_dir: Path = Path("videos"),
) -> int:
    """Record episodes as MP4, one file for each episode and camera.

    Args:
      task: Task to record, as `rlbench-puffer tasks` lists them; without it the
        checkpoint's, or open_drawer.
      policy: What chooses the actions: random, expert, or the checkpoint.pt that
        `train` wrote.
      arm_action_mode: What actions mean to the arm; without it the checkpoint's, or
        joint_velocity.
      episodes: Episodes of each recorded sub-env.
      num_envs: Sub-envs that run.
      video_all: Record all sub-envs, not only the first.
      cameras: left_shoulder, right_shoulder, overhead, wrist, front.
      size: Height and width of the videos.
      fps: Frames per second; 20 is real time at a stride of 1.
      video_stride: Control steps from one frame to the next.
      episode_length: Control steps of an episode; without it, the task's.
      seed: Seed of the episodes and of the actions.
      quality: fine (shadows, smooth edges) or fast (what observations hold).
      display: auto, egl, osmesa, xvfb or external.
      save_states: Write each episode's simulator states, too, as .npz.
      states: Draw the states of this file instead of running episodes.
      output_dir: Folder for the files.

    Returns:
      The exit code, 0.
    """
    from rlbench_puffer.recording.record import RecordRequest, render_states
    from rlbench_puffer.recording.record import record as record_episodes

    trained = None
    if policy.endswith(".pt"):
        trained = _load(Path(policy))
        asked = {"task": task, "arm_action_mode": arm_action_mode}
        trained.check(**{name: x for name, x in asked.items() if x is not None})
        task = trained.settings["task"]
        arm_action_mode = trained.settings["arm_action_mode"]
    request = RecordRequest(
        task=task or "open_drawer",
        arm_action_mode=arm_action_mode or "joint_velocity",  # pyright: ignore[reportArgumentType]
        policy="random" if trained else policy,  # pyright: ignore[reportArgumentType]
        episodes=episodes,
        num_envs=num_envs,
        video_all=video_all,
        cameras=cameras,
        size=size,
        fps=fps,
        video_stride=video_stride,
        episode_length=episode_length,
        seed=seed,
        quality=quality,  # pyright: ignore[reportArgumentType]
        display=display,  # pyright: ignore[reportArgumentType]
        save_states=save_states,
        output_dir=output_dir,
    )
    if states is None:
        written = record_episodes(request, trained.act if trained else None)
    else:
        written = render_states(states, request)
    for path in written:
        print(path)
    return 0


def _load(path: Path) -> "TrainedPolicy":
    from rlbench_puffer.errors import MissingDependencyError

    try:
        from rlbench_puffer.training.trained import TrainedPolicy
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError("torch", "A trained policy", "train") from None
    return TrainedPolicy(path)
