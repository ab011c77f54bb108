"""``rlbench-puffer bench``: one cell and where its time goes."""

from pathlib import Path
from typing import Annotated

import tyro

from rlbench_puffer.cli.ranks import DisplayOption, TaskName

Flag = tyro.conf.FlagCreatePairsOff


def bench(
    task: TaskName = "reach_target",
    engine: str = "builtin",
    backend: str = "shm",
    num_envs: int | None = None,
    num_envs_total: int | None = None,
    num_workers: int | None = None,
    batch_size: int | None = None,
    action_chunk: int = 1,
    arm_mode: str = "joint",
    max_steps: int | None = None,
    seconds: float = 2.0,
    repeats: int = 3,
    seed: int = 0,
    cameras: tuple[str, ...] = (),
    camera_size: tuple[int, int] = (84, 84),
    display: DisplayOption = "auto",
    no_rgb: Annotated[bool, Flag] = False,
    no_video: Annotated[bool, Flag] = False,
    fast: Annotated[bool, Flag] = False,
    output_dir: Path | None = None,
    json: Annotated[bool, Flag] = False,
    profile_timing: Annotated[bool, Flag] = False,
    ddp_bind_gpu: Annotated[bool, Flag] = False,
) -> int:
    """Measure one cell in this process; under torchrun, in every rank at once.

    Args:
      task: Task to measure, as open_drawer or OpenDrawer; `rlbench-puffer tasks`
        lists them.
      engine: What simulates: builtin, mujoco or coppeliasim.
      backend: What vectorises: serial, gym, puffer, shm, native.
      num_envs: Sub-envs of each rank; without it, 8, and with engines mujoco and
        coppeliasim one to a core.
      num_envs_total: Sub-envs of all ranks together, in place of num_envs.
      num_workers: Worker processes (native: threads) of each rank; without it, as
        many as there are cores for.
      batch_size: Sub-envs returned at once; without it, all.
      action_chunk: Actions sent in one round trip.
      arm_mode: joint, ik, planning, or any arm action mode by its name.
      max_steps: Control steps of an episode; without it, the task's.
      seconds: Length of one sample in [s].
      repeats: Samples; the row holds their median.
      seed: Seed of the sub-envs and of the actions.
      cameras: Cameras to observe through: left_shoulder, right_shoulder, overhead,
        wrist, front. Drawing them is the phase `render`.
      camera_size: Height and width of their pictures.
      display: What draws: auto, egl, osmesa, xvfb or external.
      no_rgb: No cameras, whatever cameras says.
      no_video: Nothing is ever filmed here: the word is known, and changes nothing.
      fast: No cameras and joint velocities, whatever else is asked for.
      output_dir: Folder to add the row to, in the file of its backend; `plot` draws it.
      json: Print the row as JSON, as the only and last line.
      profile_timing: Show the time spent in each phase, too.
      ddp_bind_gpu: Give each rank of torchrun a GPU of its own.

    Returns:
      The exit code, 0.
    """
    del no_video
    import functools

    from rich.console import Console

    from rlbench_puffer.benchmark.measure import make_measured_vec
    from rlbench_puffer.benchmark.one_cell import measure_cell, show_row
    from rlbench_puffer.benchmark.plan import make_cell
    from rlbench_puffer.benchmark.records import append_row, file_name
    from rlbench_puffer.benchmark.sweep import prepare_folder
    from rlbench_puffer.cli.defaults import default_num_envs
    from rlbench_puffer.cli.ranks import joined
    from rlbench_puffer.config import arm_action_mode
    from rlbench_puffer.distributed.place import rank_seed
    from rlbench_puffer.tasks.registry import task_name

    default = default_num_envs(engine, 8)
    with joined(num_envs, num_envs_total, default, bind_gpu=ddp_bind_gpu) as (
        ranks,
        shares,
    ):
        cell = make_cell(
            task_name(task),
            engine=engine,
            backend=backend,
            num_envs=shares[ranks.rank],
            num_workers=num_workers,
            batch_size=batch_size,
            chunk_len=action_chunk,
            seconds=seconds,
            seed=rank_seed(seed, ranks.rank),
            cameras=() if no_rgb or fast else cameras,
            camera_size=camera_size,
            arm_action_mode=arm_action_mode("joint" if fast else arm_mode),
            max_steps=max_steps,
        )
        if output_dir is not None:
            ranks.from_main(
                functools.partial(prepare_folder, output_dir, option="output_dir")
            )
        make = functools.partial(
            make_measured_vec, episode_length=max_steps, display=display
        )
        row = measure_cell(cell, repeats, make, ranks, max_steps)
        if ranks.is_main:
            show_row(row, Console(), as_json=json, phases=profile_timing)
            if output_dir is not None:
                append_row(output_dir / file_name(row.backend, row.num_workers), row)
    return 0
