"""``rlbench-puffer view``: an interactive window."""


def view(
    task: str = "open_drawer",
    policy: str = "random",
    seed: int = 0,
    seconds: float | None = None,
) -> int:
    """Show a task in MuJoCo's viewer; needs a screen.

    Args:
      task: Task to show; `rlbench-puffer tasks` lists them.
      policy: What chooses the actions: random or expert.
      seed: Seed of the episodes and of the actions.
      seconds: Close the window after this many seconds.

    Returns:
      The exit code, 0.
    """
    from rlbench_puffer.config import EnvConfig
    from rlbench_puffer.recording.viewer import view as show

    show(
        EnvConfig(task=task),
        policy=policy,  # pyright: ignore[reportArgumentType]
        seed=seed,
        seconds=seconds,
    )
    return 0
