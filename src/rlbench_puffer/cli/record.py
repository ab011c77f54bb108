"""``rlbench-puffer record``: videos of episodes, or of saved states."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from rlbench_puffer.cli.ranks import DisplayOption

if TYPE_CHECKING:
    from rlbench_puffer.training.acting import TrainedPolicy

Flag = tyro.conf.FlagCreatePairsOff


def record(
    task: str = "open_drawer",
    engine: str | None = None,
    policy: str = "random",
    arm_action_mode: str = "joint_velocity",
    episodes: int = 1,
    num_envs: int = 1,
    video_all: Annotated[bool, Flag] = False,
    cameras: tuple[str, ...] = ("front",),
    size: tuple[int, int] = (256, 256),
    fps: float = 20.0,
    video_stride: int = 1,
    episode_length: int | None = None,
    seed: int = 0,
    quality: str | None = None,
    display: DisplayOption = "auto",
    save_states: Annotated[bool, Flag] = False,
    states: Path | None = None,
    output_dir: Path = Path("videos"),
) -> int:
    """Record episodes as MP4, one file for each episode and camera.

    Args:
      task: Task to record; `rlbench-puffer tasks` lists them.
      engine: What simulates: builtin, mujoco or coppeliasim; without it, builtin, or
        that of the checkpoint.
      policy: What chooses the actions: random, expert, or the file of a checkpoint
        that `rlbench-puffer train` wrote, which also says the arm's action mode. The
        expert of mujoco and coppeliasim is RLBench's own.
      arm_action_mode: What the first seven numbers of an action mean.
      episodes: Episodes of each recorded sub-env.
      num_envs: Sub-envs that run.
      video_all: Record all sub-envs, not only the first.
      cameras: left_shoulder, right_shoulder, overhead, wrist, front.
      size: Height and width of the videos.
      fps: Frames per second; 20 is real time at a stride of 1.
      video_stride: Control steps from one frame to the next.
      episode_length: Control steps of an episode; without it, the task's.
      seed: Seed of the episodes and of the actions.
      quality: fine (shadows, smooth edges) or fast (what observations hold); without
        it, fine, and fast with mujoco and coppeliasim, which have no other.
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
    if Path(policy).is_file():
        trained = _trained(Path(policy), task, engine)
        engine = trained.engine
        policy, arm_action_mode = "random", trained.arm_action_mode
    request = RecordRequest(
        task=task,
        engine=engine or "builtin",  # pyright: ignore[reportArgumentType]
        policy=policy,  # pyright: ignore[reportArgumentType]
        arm_action_mode=arm_action_mode,  # pyright: ignore[reportArgumentType]
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
    if states is not None:
        written = render_states(states, request)
    elif trained is not None:
        with trained:
            written = record_episodes(request, trained.actions)
    else:
        written = record_episodes(request)
    for path in written:
        print(path)
    return 0


def _trained(path: Path, task: str, engine: str | None) -> "TrainedPolicy":
    """The policy of a checkpoint, if it is one for this task and engine."""
    from rlbench_puffer.errors import CheckpointError, MissingDependencyError

    try:
        from rlbench_puffer.training.acting import TrainedPolicy
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependencyError("torch", "A trained policy", "train") from None
    trained = TrainedPolicy(path)
    if engine not in (None, trained.engine):
        raise CheckpointError(
            f"The checkpoint {path} is of engine {trained.engine}, not of {engine}. "
            f"Use `--engine {trained.engine}`."
        )
    if trained.task != task:
        raise CheckpointError(
            f"The checkpoint {path} is of {trained.task}, not of {task}. "
            f"Use `--task {trained.task}`."
        )
    return trained
