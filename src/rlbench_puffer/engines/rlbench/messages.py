"""What RLBench's, PyRep's and CoppeliaSim's messages mean, and what to do."""

import re

from rlbench_puffer.config import EnvConfig
from rlbench_puffer.errors import SimulationError
from rlbench_puffer.simulator import Simulator

EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        "No value available yet",
        "The physics plugin of the scene is missing from CoppeliaSim's folder, which "
        "launching does not tell. Run `rlbench-puffer setup coppeliasim`.",
    ),
    (
        "Handle .* does not exist",
        "This is what CoppeliaSim 4.2 and later answer: RLBench needs 4.1.0. Run "
        "`rlbench-puffer setup coppeliasim`.",
    ),
    (
        "The call failed on the V-REP side",
        "The simulator refused a call; its scene may be damaged. Make a new "
        "environment, and report it if it happens again with the same seed.",
    ),
    (
        "does not have a defined reward",
        'RLBench has no shaped reward for this task. Use reward="sparse".',
    ),
    (
        "COPPELIASIM_ROOT",
        "Set COPPELIASIM_ROOT to the folder of CoppeliaSim 4.1.0; "
        "`rlbench-puffer setup coppeliasim` makes one.",
    ),
    (
        "libcoppeliaSim",
        "CoppeliaSim's library was not found. Run `rlbench-puffer doctor`.",
    ),
    (
        "Scene file does not exist",
        "This copy of RLBench lacks its base scene. `rlbench-puffer setup rlbench` "
        "gets it.",
    ),
    (
        r"not a valid task \.ttm file",
        "This copy of RLBench lacks the task's model. `rlbench-puffer tasks --engine "
        "mujoco` lists what is at hand; `rlbench-puffer setup rlbench` gets them all. "
        "A class of your own needs a model there that has its name.",
    ),
    (
        "no dataset root",
        "Stored demos are read from a folder: Simulator(dataset_root=...).",
    ),
    (
        "Can't find the demos for|were available",
        "Simulator(dataset_root=...) is read as RLBench writes it: task, variation, "
        "episodes. Ask for fewer, or make them live.",
    ),
    (
        "does not have any images",
        "Simulator(textures=...) takes a folder with .png or .jpg files in it.",
    ),
    (
        "Could not collect demos",
        "RLBench's scripted demo failed at every attempt; some tasks' often do. Try "
        "another seed.",
    ),
)
"""Pattern of a part of a message, and its cause and cure; the first that fits
holds."""

_ELSE = (
    "docs/rlbench_on_mujoco.md and docs/coppeliasim.md have tables of what messages "
    "mean."
)
_SUNKEN = ("jaco", "mico")


def explained(error: BaseException, doing: str) -> SimulationError:
    """An error of theirs as one of ours.

    Args:
      error: what was raised.
      doing: what was being done, as in "while launching".
    """
    text = str(error)
    kind = type(error).__name__
    if "pyrep_mujoco" in f"{type(error).__module__} {text}":
        # It says itself what is to be done: an error of that package, or a function
        # that "is not answered by pyrep_mujoco".
        return SimulationError(f"{kind} while {doing}: {text}")
    fitting = [cure for pattern, cure in EXPLANATIONS if re.search(pattern, text)]
    explanation = (*fitting, _ELSE)[0]
    return SimulationError(f"{kind} while {doing}: {text.rstrip('.')}. {explanation}")


def not_placed(
    config: EnvConfig, variation: int, attempts: int, error: BaseException
) -> SimulationError:
    """RLBench gave up a reset so many times.

    Args:
      config: the environment's.
      variation: the task variation.
      attempts: which it was given.
      error: what it said last.
    """
    simulator = config.simulator or Simulator()
    cure = "Choose other variations; some tasks fail more often than others."
    if simulator.robot in _SUNKEN:
        cure = (
            "RLBench sets the base of Jaco and Mico a little into its table, takes "
            "that for a collision, and places only tasks that are never moved, such "
            "as reach_target. Choose another robot."
        )
    elif simulator.static_positions:
        cure = "Choose other variations, or Simulator(static_positions=False)."
    return SimulationError(
        f"RLBench could not place {config.task}, variation {variation}, in {attempts} "
        f"attempts: {error} {cure}"
    )
