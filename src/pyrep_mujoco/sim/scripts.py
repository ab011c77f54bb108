"""The functions of PyRep's add-on script, which PyRep calls by name."""

from collections.abc import Callable, Sequence

import numpy as np

from pyrep_mujoco.sim.planning import nonlinear_path

Answer = tuple[list[int], list[float], list[str], str]
"""Integers, numbers, texts and bytes (as text) that a function returns."""


def _get_nonlinear_path(
    ints: Sequence[int], floats: Sequence[float], strings: Sequence[str]
) -> Answer:
    """Of collection, whether collisions are ignored, trials, joints; goals; planner."""
    collection, ignore, trials, *joints = ints
    path = nonlinear_path(
        strings[0],
        collection,
        ignore_collisions=ignore == 1,
        trials=trials,
        joints=joints,
        goals=np.reshape(np.asarray(floats, np.float64), (-1, len(joints))),
    )
    return [], [] if path is None else path.ravel().tolist(), [], ""


FUNCTIONS: dict[
    str, Callable[[Sequence[int], Sequence[float], Sequence[str]], Answer]
] = {
    "getNonlinearPath": _get_nonlinear_path,
}
"""By name."""


def simExtCallScriptFunction(
    functionNameAtScriptName: str,
    scriptHandleOrType: int,
    inputInts: Sequence[int],
    inputFloats: Sequence[float],
    inputStrings: Sequence[str],
    inputBuffer: str,
) -> Answer:
    """Call a function of PyRep's add-on script.

    Args:
      functionNameAtScriptName: its name, with or without ``@PyRep``.
      scriptHandleOrType: not used: there is one script.
      inputInts: what it takes.
      inputFloats: likewise.
      inputStrings: likewise.
      inputBuffer: not used by any of them.

    Returns:
      integers, numbers, texts and bytes.

    Raises:
      NotImplementedError: the script has no such function; no Lua is run here.
      RuntimeError: as the function does.
    """
    name, _, script = functionNameAtScriptName.partition("@")
    if script not in ("", "PyRep") or name not in FUNCTIONS:
        raise NotImplementedError(
            f"pyrep_mujoco runs no scripts and does not know the function "
            f"{functionNameAtScriptName!r}. It answers {', '.join(sorted(FUNCTIONS))} "
            'of PyRep\'s add-on script; use engine="coppeliasim" for others.'
        )
    return FUNCTIONS[name](inputInts, inputFloats, inputStrings)
