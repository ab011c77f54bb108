"""``rlbench-puffer bench``: one cell and where its time goes."""

from typing import Annotated

import tyro

Flag = tyro.conf.FlagCreatePairsOff


def bench(
    task: str = "reach_target",
    engine: str = "builtin",
    backend: str = "shm",
    num_envs: int = 8,
    num_workers: int | None = None,
    batch_size: int | None = None,
    action_chunk: int = 1,
    seconds: float = 2.0,
    repeats: int = 3,
    seed: int = 0,
    cameras: tuple[str, ...] = (),
    camera_size: tuple[int, int] = (84, 84),
    json: Annotated[bool, Flag] = False,
    profile_timing: Annotated[bool, Flag] = False,
) -> int:
    """Measure one cell in this process.

    Args:
      task: Task to measure; `rlbench-puffer tasks` lists them.
      engine: What simulates.
      backend: What vectorises: serial, gym, puffer, shm, native.
      num_envs: Number of sub-envs.
      num_workers: Worker processes (native: threads); without it, as many as there
        are cores for.
      batch_size: Sub-envs returned at once; without it, all.
      action_chunk: Actions sent in one round trip.
      seconds: Length of one sample in [s].
      repeats: Samples; the row holds their median.
      seed: Seed of the sub-envs and of the actions.
      cameras: Cameras to observe through: left_shoulder, right_shoulder, overhead,
        wrist, front. Drawing them is the phase `render`.
      camera_size: Height and width of their pictures.
      json: Print the row as JSON, as the only and last line.
      profile_timing: Show the time spent in each phase, too.

    Returns:
      The exit code, 0.
    """
    from rich.console import Console

    from rlbench_puffer.benchmark.plan import make_cell
    from rlbench_puffer.benchmark.report import show_row
    from rlbench_puffer.benchmark.throughput import measure_cell

    cell = make_cell(
        task,
        engine=engine,
        backend=backend,
        num_envs=num_envs,
        num_workers=num_workers,
        batch_size=batch_size,
        chunk_len=action_chunk,
        seconds=seconds,
        seed=seed,
        cameras=cameras,
        camera_size=camera_size,
    )
    row = measure_cell(cell, repeats)
    show_row(row, Console(), as_json=json, phases=profile_timing)
    return 0
