"""Launching, starting, stepping and stopping a simulation."""

import os
import threading

from pyrep_mujoco.base_scene.stand_in import load_scene
from pyrep_mujoco.scene.drives import Drive
from pyrep_mujoco.scene.tree import Node
from pyrep_mujoco.sim.configurations import Configuration, keep, put_back
from pyrep_mujoco.sim.force_sensors import ForceReadings
from pyrep_mujoco.sim.simulation import Simulation, current, end, is_launched, launch
from pyrep_mujoco.ttm.objects import ModelProperty

LAUNCH_SECONDS = 600.0
"""How long a launch may take before it is given up [s]."""


class _Launch:
    """What the thread that launches tells the one that waits for it."""

    over = threading.Event()
    error: Exception | None = None
    exit_requested = False


def simExtLaunchUIThread(options: int, scene: str, pyrep_root: str) -> None:
    """Begin a simulation with a scene file; PyRep calls this in a thread of its own.

    A scene that is not a file, as PyRep gives for none, is an empty one. What goes
    wrong is raised by `simExtSimThreadInit`, in the thread that waits.
    """
    try:
        if is_launched():
            raise RuntimeError(
                "A simulation runs in this process already, and there can be one. "
                "Call shutdown() of the PyRep that launched it first."
            )
        _launch(scene)
    except Exception as error:  # noqa: BLE001 - handed to the thread that waits
        _Launch.error = error
    finally:
        _Launch.over.set()


def _launch(scene: str) -> None:
    simulation = launch()
    if os.path.isfile(scene):  # noqa: PTH113 - as PyRep gives it
        try:
            simulation.scene.load(load_scene(scene))
        except Exception:
            end()
            raise


def simExtCanInitSimThread() -> bool:
    """Whether `simExtSimThreadInit` may be called: it waits by itself."""
    return True


def simExtSimThreadInit() -> None:
    """Wait until the simulation is launched.

    Raises:
      RuntimeError: it was not, or not in time; or what went wrong with the scene.
    """
    if not _Launch.over.wait(LAUNCH_SECONDS):
        raise RuntimeError(
            f"The simulation was not launched within {LAUNCH_SECONDS:.0f} s. "
            "Look at the output of the thread that PyRep.launch() began."
        )
    _Launch.over.clear()
    error, _Launch.error = _Launch.error, None
    _Launch.exit_requested = False
    if error is not None:
        raise error


def simExtSimThreadDestroy() -> None:
    """End the simulation."""
    end()


def simExtPostExitRequest() -> None:
    """Ask for the end."""
    _Launch.exit_requested = True


def simExtGetExitRequest() -> bool:
    """Whether the end was asked for."""
    return _Launch.exit_requested


def simQuitSimulator(doNotDisplayMessages: bool) -> None:
    """End the simulation."""
    end()


class _AtStart:
    """Where all was when the simulation was started."""

    def __init__(self, simulation: Simulation) -> None:
        self.places: dict[Node, Configuration] = {}
        self.drives: dict[Node, Drive] = {}

    def close(self) -> None:
        self.places.clear()
        self.drives.clear()


def simStartSimulation() -> None:
    """Let time run; where all objects are is what the stop puts back."""
    simulation = current()
    if simulation.running:
        return
    start = simulation.part(_AtStart)
    nodes = list(simulation.scene.tree)
    start.places = {node: keep(simulation.scene, node) for node in nodes}
    start.drives = {node: node.drive.copy() for node in nodes if node.drive is not None}
    # From now on violations of thresholds are counted.
    simulation.part(ForceReadings)
    simulation.time_s = 0.0
    simulation.running = True


def simStopSimulation() -> None:
    """Stop time; objects that were there at the start are where they were then.

    Not so what hangs elsewhere now, and what its model says must not be reset.
    """
    simulation = current()
    if not simulation.running:
        return
    simulation.running = False
    simulation.part(ForceReadings).sensors.mend()
    start = simulation.part(_AtStart)
    scene = simulation.scene
    back = {
        node: place
        for node, place in start.places.items()
        if node.handle in scene.tree and not node.has(ModelProperty.NOT_RESET)
    }
    for node in back:
        if node in start.drives:
            node.drive = start.drives[node].copy()
            scene.redrive(node)
            scene.unsettle()
    put_back(scene, back)
    start.close()


def simPauseSimulation() -> int:
    """Let time stand still until the next start; 0 if it stood already."""
    simulation = current()
    was, simulation.running = simulation.running, False
    return int(was)


def simExtStep(stepIfRunning: bool = True) -> None:
    """Go one control step on, if the simulation runs."""
    simulation = current()
    if stepIfRunning and simulation.running:
        simulation.step()


def simGetSimulationTime() -> float:
    """Time since the start [s]."""
    return current().time_s


def simGetSimulationTimeStep() -> float:
    """Length of a control step [s]."""
    return current().control_dt


def simLoadScene(scenePathAndName: str) -> int:
    """Put a scene file in place of all that is there.

    Raises:
      ModelFileError: the file cannot be read.
      SceneError: it holds what cannot be simulated.
      FileNotFoundError: there is no such file.
    """
    model = load_scene(scenePathAndName)
    simulation = launch()
    simulation.scene.load(model)
    return 1


def simCloseScene() -> int:
    """Put an empty scene in place of all that is there."""
    launch()
    return 1
