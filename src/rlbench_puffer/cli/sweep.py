"""``rlbench-puffer sweep``: the main job."""

from pathlib import Path
from typing import Annotated

import tyro

Flag = tyro.conf.FlagCreatePairsOff


def sweep(
    tasks: tuple[str, ...] = ("reach_target",),
    engine: str = "builtin",
    backends: tuple[str, ...] = ("gym", "puffer", "shm", "native"),
    num_envs: tuple[int, ...] = (2, 4, 8, 16, 32),
    num_workers: tuple[int, ...] = (),
    action_chunk: tuple[int, ...] = (1,),
    seconds: float = 2.0,
    repeats: int = 3,
    seed: int = 0,
    out: Path = Path("results/throughput"),
    resume: Annotated[bool, Flag] = False,
    no_resume: Annotated[bool, Flag] = False,
) -> int:
    """Measure env steps per second of the backends; write rows and plots.

    Every cell runs in a process of its own; the repeats of cells that do the same
    work are taken in turn. A row is written as soon as its cell is done, so an
    interrupted sweep loses nothing: the same command goes on where it stopped.

    Args:
      tasks: Tasks to measure; `rlbench-puffer tasks` lists them.
      engine: What simulates: builtin, mujoco or coppeliasim.
      backends: What vectorises: serial, gym, puffer, shm, native.
      num_envs: Numbers of sub-envs.
      num_workers: Worker processes of puffer and shm, threads of native; without it,
        2 and all cores (native: all cores).
      action_chunk: Actions sent in one round trip.
      seconds: Length of one sample in [s].
      repeats: Samples of each cell; a row holds their median.
      seed: Seed of the sub-envs and of the actions.
      out: Folder for rows and plots.
      resume: Go on with the newest run in the folder even if it is complete.
      no_resume: Begin a new run even if the newest one is incomplete.

    Returns:
      The exit code: 0, or 1 if a cell could not be measured.
    """
    from rich.console import Console

    from rlbench_puffer.benchmark.plan import SweepRequest
    from rlbench_puffer.benchmark.runs import resume_mode
    from rlbench_puffer.benchmark.throughput import measure_throughput

    request = SweepRequest(
        tasks=tasks,
        engine=engine,
        backends=backends,
        num_envs=num_envs,
        num_workers=num_workers or None,
        action_chunk=action_chunk,
        seconds=seconds,
        repeats=repeats,
        seed=seed,
    )
    mode = resume_mode(resume=resume, no_resume=no_resume)
    rows = measure_throughput(request, out, mode, Console())
    return int(any(row.error is not None for row in rows))
