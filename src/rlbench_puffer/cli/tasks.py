"""``rlbench-puffer tasks``: what there is to do."""


def tasks() -> int:
    """List the built-in tasks.

    Returns:
      The exit code, 0.
    """
    from rich.console import Console
    from rich.table import Table

    from rlbench_puffer.tasks.registry import TASK_NAMES, find_task

    table = Table(title="Built-in tasks")
    table.add_column("task", no_wrap=True)
    table.add_column("variations", justify="right")
    table.add_column("episode, steps", justify="right")
    table.add_column("low-dim size", justify="right")
    table.add_column("what is to be done", overflow="fold")
    for name in TASK_NAMES:
        task = find_task(name)
        table.add_row(
            name,
            str(task.variation_count),
            str(task.episode_length),
            str(task.low_dim_size),
            task.summary,
        )
    Console().print(table)
    return 0
