"""``rlbench-puffer debug``: a few episodes, told and filmed."""

from pathlib import Path
from typing import Annotated, Any

import tyro

from rlbench_puffer.cli.ranks import DisplayOption, TaskName

Flag = tyro.conf.FlagCreatePairsOff


def debug(
    task: TaskName = "reach_target",
    engine: str = "builtin",
    backend: str | None = None,
    num_envs: int | None = None,
    num_envs_total: int | None = None,
    num_workers: int | None = None,
    episodes: int = 1,
    action_chunk: int = 1,
    arm_mode: str = "joint",
    max_steps: int | None = None,
    seed: int = 0,
    cameras: tuple[str, ...] = ("front",),
    camera_size: tuple[int, int] = (128, 128),
    display: DisplayOption = "auto",
    video_stride: int = 2,
    fps: float | None = None,
    video_all: Annotated[bool, Flag] = False,
    no_video: Annotated[bool, Flag] = False,
    no_rgb: Annotated[bool, Flag] = False,
    fast: Annotated[bool, Flag] = False,
    profile_timing: Annotated[bool, Flag] = False,
    ddp_bind_gpu: Annotated[bool, Flag] = False,
    output_dir: Path = Path("debug"),
) -> int:
    """Run episodes with random actions: a line for each, and small videos.

    Under torchrun every rank runs its own; rank 0 films its sub-envs and prints.

    Args:
      task: Task to run, as open_drawer or OpenDrawer.
      engine: What simulates.
      backend: What vectorises: serial, gym, puffer, shm, native; without it, serial,
        and shm with engines mujoco and coppeliasim.
      num_envs: Sub-envs of each rank; without it, 2.
      num_envs_total: Sub-envs of all ranks together, in place of num_envs.
      num_workers: Worker processes (native: threads) of each rank.
      episodes: Episodes of each sub-env.
      action_chunk: Actions sent in one round trip.
      arm_mode: joint, ik, planning, or any arm action mode by its name.
      max_steps: Control steps of an episode; without it, the task's.
      seed: Seed of the sub-envs and of the actions.
      cameras: Cameras to observe through and to film with.
      camera_size: Height and width of their pictures.
      display: What draws: auto, egl, osmesa, xvfb or external.
      video_stride: Round trips from one frame of a video to the next.
      fps: Frames per second of videos; without it, they play in real time.
      video_all: Film all sub-envs of rank 0, not only the first.
      no_video: Draw and observe, but write no video.
      no_rgb: No cameras, whatever cameras says, and so no video.
      fast: No cameras, no video, joint velocities, whatever else is asked for.
      profile_timing: Show where the time went.
      ddp_bind_gpu: Give each rank of torchrun a GPU of its own.
      output_dir: Folder for the videos.

    Returns:
      The exit code, 0.
    """
    from rlbench_puffer.benchmark.measure import flat_phases
    from rlbench_puffer.cli.defaults import default_backend
    from rlbench_puffer.cli.ranks import joined
    from rlbench_puffer.config import EnvConfig, arm_action_mode
    from rlbench_puffer.distributed.place import rank_seed
    from rlbench_puffer.recording.debug import DebugRequest, run_debug
    from rlbench_puffer.tasks.registry import task_name
    from rlbench_puffer.vector.seeding import derive_seeds

    with joined(num_envs, num_envs_total, 2, bind_gpu=ddp_bind_gpu) as (ranks, shares):
        count, first = shares[ranks.rank], sum(shares[: ranks.rank])
        blind = no_rgb or fast
        request = DebugRequest(
            config=EnvConfig(
                task=task_name(task),
                engine=engine,  # pyright: ignore[reportArgumentType]
                arm_action_mode=arm_action_mode("joint" if fast else arm_mode),  # pyright: ignore[reportArgumentType]
                episode_length=max_steps,
                cameras={} if blind else dict.fromkeys(cameras, camera_size),
                display=display,  # pyright: ignore[reportArgumentType]
            ),
            backend=backend or default_backend(engine, "serial"),  # pyright: ignore[reportArgumentType]
            num_envs=count,
            num_workers=num_workers,
            seeds=tuple(derive_seeds(seed, sum(shares))[first : first + count]),
            action_seed=rank_seed(seed, ranks.rank),
            action_chunk=action_chunk,
            episodes=episodes,
            output_dir=None if no_video or blind or not ranks.is_main else output_dir,
            video_all=video_all,
            video_stride=video_stride,
            fps=fps,
        )
        ended: list[dict[str, Any]] = []

        def tell(env_id: int, episode: int, info: dict[str, Any]) -> None:
            ended.append(info)
            if ranks.is_main:
                print(
                    f"env {env_id}, episode {episode}: {info['episode']['l']:g} steps, "
                    f"return {info['episode']['r']:.2f}, "
                    f"{'success' if info['success'] else 'no success'}",
                    flush=True,
                )

        outcome = run_debug(request, tell)
        everywhere = ranks.gather([bool(info["success"]) for info in ended])
        if ranks.is_main:
            wins = [success for of_rank in everywhere for success in of_rank]
            print(f"Success: {sum(wins)} of {len(wins)} episodes, with random actions.")
            if profile_timing:
                for name, seconds in flat_phases(outcome.timings).items():
                    print(f"phase {name}: {seconds:.3f} s")
            for path in outcome.videos:
                print(path)
    return 0
