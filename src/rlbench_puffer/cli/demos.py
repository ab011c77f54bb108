"""``rlbench-puffer demos``: demos of a scripted expert, as a Minari dataset."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from rlbench_puffer.cli.ranks import DisplayOption

if TYPE_CHECKING:
    from rlbench_puffer.demos.collect import Progress


def demos(
    task: str = "reach_target",
    engine: Literal["builtin", "mujoco", "coppeliasim"] = "builtin",
    episodes: int = 100,
    num_workers: int = 2,
    out: Path = Path("demos"),
    cameras: tuple[str, ...] = (),
    camera_size: tuple[int, int] = (84, 84),
    depth: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False,
    variations: Annotated[tuple[str, ...], tyro.conf.arg(metavar="all|INDEX...")] = (
        "all",
    ),
    arm_action_mode: str | None = None,
    gripper_action_mode: str = "discrete",
    reward: str = "sparse",
    on_invalid: str = "noop_penalty",
    randomize: Annotated[
        tuple[str, ...], tyro.conf.arg(metavar="[NAME=NUMBER...]")
    ] = (),
    seed: int = 0,
    display: DisplayOption = "auto",
) -> int:
    """Collect demos of the scripted expert and write them as a Minari dataset.

    Demo i starts from seed + i, whatever the number of workers. The same command goes
    on where it was interrupted; with more episodes it adds to the set.

    Args:
      task: Task to solve; `rlbench-puffer tasks` lists them.
      engine: What simulates; the demos of mujoco and coppeliasim are RLBench's own.
      episodes: Demos wanted, those that are there already included.
      num_workers: Worker processes; each writes shards of its own.
      out: Folder of the set.
      cameras: Cameras to observe through: left_shoulder, right_shoulder, overhead,
        wrist, front.
      camera_size: Height and width of their pictures.
      depth: Depth beside the cameras' colours.
      variations: Variations that take turns: `all`, or indices.
      arm_action_mode: What the first seven numbers of an action mean; without it,
        joint_velocity, and joint_position of RLBench's demos, which have no other.
      gripper_action_mode: What the last number of an action means.
      reward: sparse or shaped.
      on_invalid: What follows a pose that the arm cannot take: noop_penalty, truncate
        or raise.
      randomize: What each episode draws anew, as colors=0.3 mass=0.2; colors, lights,
        cameras, camera_angles, friction, mass.
      seed: Seed of the first demo.
      display: auto, egl, osmesa, xvfb or external.

    Returns:
      The exit code: 0, or 1 if demos had to be given up.
    """
    from rlbench_puffer.demos.make import collect_demos
    from rlbench_puffer.demos.request import (
        DemoRequest,
        parse_randomize,
        parse_variations,
    )

    request = DemoRequest(
        task=task,
        episodes=episodes,
        num_workers=num_workers,
        out=out,
        cameras=cameras,
        camera_size=camera_size,
        depth=depth,
        variations=parse_variations(variations),
        seed=seed,
        engine=engine,
        arm_action_mode=arm_action_mode,  # pyright: ignore[reportArgumentType]
        gripper_action_mode=gripper_action_mode,  # pyright: ignore[reportArgumentType]
        reward=reward,  # pyright: ignore[reportArgumentType]
        on_invalid=on_invalid,  # pyright: ignore[reportArgumentType]
        randomize=parse_randomize(randomize),
        display=display,  # pyright: ignore[reportArgumentType]
    )
    latest: list[Progress] = []
    try:
        with _Bar(episodes) as bar:

            def told(progress: "Progress") -> None:
                latest[:] = [progress]
                bar.show(progress)

            collect_demos(request, told)
    finally:
        if latest:
            _tell(latest[0], out)
    return int(bool(latest[0].given_up))


class _Bar:
    """A progress bar on standard error; nothing where that is no terminal."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        self._progress = Progress(
            TextColumn("demos"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
        self._bar = self._progress.add_task("", total=total)

    def show(self, progress: "Progress") -> None:
        """Show how far it is."""
        failed = f"{progress.failures} attempts failed" if progress.failures else ""
        self._progress.update(self._bar, completed=progress.kept, description=failed)

    def __enter__(self) -> "_Bar":
        self._progress.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._progress.stop()


def _tell(progress: "Progress", out: Path) -> None:
    attempts = progress.kept + progress.failures
    print(f"{progress.kept} of {progress.episodes} demos in {out}")
    print(f"{progress.failures} of {attempts} attempts failed")
    if progress.given_up:
        indices = " ".join(map(str, sorted(progress.given_up)))
        print(f"given up after too many attempts: {indices}")
