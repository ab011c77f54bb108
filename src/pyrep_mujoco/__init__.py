"""CoppeliaSim's models, scenes and API calls, answered by MuJoCo."""


def install() -> None:
    """Let PyRep simulate with MuJoCo in this process; again is fine.

    To be called before `import pyrep`; see `pyrep_mujoco.backend.install`.

    Raises:
      InstallError: PyRep with CoppeliaSim is in this process already, or there is no
        PyRep to be imported.
    """
    # Reading files needs neither MuJoCo nor what draws and plans.
    from pyrep_mujoco import backend

    backend.install()
