"""Puts the bodies of an MJCF file into a task's scene."""

import os
from collections.abc import Sequence
from pathlib import Path

import mujoco

from rlbench_puffer.engines.builtin.scene_spec import WORKSPACE_CENTER
from rlbench_puffer.errors import ConfigError
from rlbench_puffer.poses import xyzw_to_wxyz


def attach_mjcf(
    spec: mujoco.MjSpec,
    path: str | os.PathLike[str],
    *,
    position: Sequence[float] = WORKSPACE_CENTER,
    quat_xyzw: Sequence[float] = (0.0, 0.0, 0.0, 1.0),
    prefix: str = "",
) -> None:
    """Attach everything under an MJCF file's ``worldbody`` to a scene; for ``build``.

    Its defaults, materials, meshes, joints, sensors and equalities come along; its
    lights, ``option`` and ``visual`` sections do not, for the scene has its own.
    MuJoCo's default ``contype`` and ``conaffinity`` of 1 collide with the robot and
    with the scene.

    Args:
      spec: the scene.
      path: of the file; each process that simulates reads it.
      position: where the file's origin comes to stand [m], world frame; without it,
        the middle of the workspace.
      quat_xyzw: how it is turned.
      prefix: put before every name in the file, such as ``"mug_"``.

    Raises:
      ConfigError: there is no such file, or MuJoCo cannot read it.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(
            f"There is no MJCF file {str(file.absolute())!r}. Build its path from the "
            "task's own, as Path(__file__).parent / 'scene.xml'."
        )
    try:
        child = mujoco.MjSpec.from_file(str(file))
    except ValueError as error:
        raise ConfigError(f"MuJoCo cannot read {str(file)!r}: {error}") from error
    _take_settings(spec, child)
    for light in list(child.lights):
        child.delete(light)
    frame = spec.worldbody.add_frame(
        pos=list(position), quat=xyzw_to_wxyz(quat_xyzw).tolist()
    )
    spec.attach(child, prefix=prefix, frame=frame)


def _take_settings(spec: mujoco.MjSpec, child: mujoco.MjSpec) -> None:
    """Give the child the scene's settings: MuJoCo warns where the two differ."""
    for name in ("memory", "nconmax", "njmax"):
        setattr(child, name, getattr(spec, name))
    sections = [(spec.option, child.option), (spec.stat, child.stat)]
    names = [name for name in dir(spec.visual) if not name.startswith("_")]
    sections += [
        (getattr(spec.visual, name), getattr(child.visual, name)) for name in names
    ]
    for ours, theirs in sections:
        for name in dir(ours):
            if not name.startswith("_"):
                setattr(theirs, name, getattr(ours, name))
