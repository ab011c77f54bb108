"""Defaults that depend on what simulates."""


def default_backend(engine: str, builtin: str) -> str:
    """What vectorises where nothing is said.

    Args:
      engine: what simulates.
      builtin: the backend with engine ``builtin``. Other engines hold one simulation
        in a process, and ``shm`` runs processes.
    """
    return builtin if engine == "builtin" else "shm"


def default_num_envs(engine: str, builtin: int) -> int:
    """How many sub-envs a rank has where nothing is said.

    Args:
      engine: what simulates.
      builtin: their number with engine ``builtin``. With the others each sub-env is a
        process with a simulator of its own, and there is one to a core.
    """
    if engine == "builtin":
        return builtin
    from rlbench_puffer.benchmark.machine import available_cores

    return available_cores()
