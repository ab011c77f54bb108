"""Launch, steps, start and stop, models, signals, parameters of the simulator."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import ttm_writer as w
from pyrep_mujoco.errors import ModelFileError, NotLaunchedError
from pyrep_mujoco.sim import (
    global_parameters,
    joints,
    lifecycle,
    models,
    objects,
    poses,
    signals,
)
from pyrep_mujoco.sim.simulation import end

WORLD = -1
POOL = w.box_pool((0.1, 0.1, 0.1))


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    end()
    yield
    end()


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A box on a base that does not move, and one that falls."""
    path = tmp_path / "box.ttm"
    path.write_bytes(
        w.file(
            POOL,
            w.box("base", 1, dynamic=False, model_base=True),
            w.box("loose", 2, 1, position=(0, 0, 1)),
        )
    )
    return path


def launch(scene: str = "") -> None:
    """As PyRep does."""
    thread = threading.Thread(
        target=lifecycle.simExtLaunchUIThread, args=(0, scene, "/")
    )
    thread.start()
    assert lifecycle.simExtCanInitSimThread()
    try:
        lifecycle.simExtSimThreadInit()
    finally:
        thread.join()


def test_a_launch_waits_for_its_scene_and_hands_over_what_went_wrong(
    model: Path, tmp_path: Path
) -> None:
    launch(str(model))
    assert objects.simGetObjectName(0) == "base"
    with pytest.raises(RuntimeError, match="runs in this process already"):
        launch()
    assert objects.simGetObjectName(0) == "base"
    assert not lifecycle.simExtGetExitRequest()
    lifecycle.simExtPostExitRequest()
    assert lifecycle.simExtGetExitRequest()
    lifecycle.simExtSimThreadDestroy()
    with pytest.raises(NotLaunchedError):
        lifecycle.simExtStep()
    broken = tmp_path / "broken.ttt"
    broken.write_bytes(b"no scene")
    with pytest.raises(ModelFileError, match="broken"):
        launch(str(broken))
    launch()
    assert objects.simGetObjects(-2) == []


def test_time_runs_between_start_and_stop_and_all_is_put_back(model: Path) -> None:
    launch(str(model))
    loose = objects.simGetObjectHandle("loose")
    lifecycle.simExtStep()
    assert lifecycle.simGetSimulationTime() == 0
    lifecycle.simStartSimulation()
    lifecycle.simExtStep(False)
    assert lifecycle.simGetSimulationTime() == 0
    for _ in range(4):
        lifecycle.simExtStep()
    assert lifecycle.simGetSimulationTime() == pytest.approx(0.2)
    fallen = poses.simGetObjectPosition(loose, WORLD)[2]
    assert fallen == pytest.approx(1 - 9.81 * 0.005**2 * 40 * 41 / 2)
    late = models.simLoadModel(str(model))
    assert objects.simGetObjectName(late) == "base#0"
    poses.simSetObjectPosition(late, WORLD, [4, 0, 0])
    lifecycle.simStopSimulation()
    assert poses.simGetObjectPosition(loose, WORLD)[2] == pytest.approx(1)
    assert poses.simGetObjectPosition(late, WORLD) == pytest.approx([4, 0, 0])
    lifecycle.simExtStep()
    assert poses.simGetObjectPosition(loose, WORLD)[2] == pytest.approx(1)


def test_a_control_step_is_a_multiple_of_the_physics_step(model: Path) -> None:
    launch(str(model))
    assert lifecycle.simGetSimulationTimeStep() == pytest.approx(0.05)
    assert global_parameters.simGetInt32Parameter(7) == 10
    global_parameters.simSetFloatParameter(1, 0.02)
    lifecycle.simStartSimulation()
    lifecycle.simExtStep()
    assert lifecycle.simGetSimulationTime() == pytest.approx(0.02)
    with pytest.raises(RuntimeError, match="multiple of the physics step"):
        global_parameters.simSetFloatParameter(1, 0.013)
    with pytest.raises(RuntimeError, match="float parameter 77"):
        global_parameters.simSetFloatParameter(77, 1.0)


def test_gravity_is_set_at_once(model: Path) -> None:
    launch(str(model))
    loose = objects.simGetObjectHandle("loose")
    assert global_parameters.simGetArrayParameter(0) == pytest.approx([0, 0, -9.81])
    global_parameters.simSetArrayParameter(0, [0, 0, 0])
    lifecycle.simStartSimulation()
    lifecycle.simExtStep()
    assert poses.simGetObjectPosition(loose, WORLD)[2] == pytest.approx(1)


def test_models_come_and_go_whole_and_objects_alone(model: Path) -> None:
    launch()
    first = models.simLoadModel(str(model) + "@copy")
    (copy,) = models.simCopyPasteObjects([first], 1)
    assert [
        objects.simGetObjectName(handle) for handle in objects.simGetObjects(-2)
    ] == [
        *("base", "loose"),
        *("base#0", "loose#0"),
    ]
    models.simRemoveModel(copy)
    models.simRemoveObject(first)
    (left,) = objects.simGetObjects(-2)
    assert objects.simGetObjectName(left) == "loose"
    with pytest.raises(RuntimeError, match="hangs on nothing"):
        objects.simGetObjectParent(left)
    with pytest.raises(FileNotFoundError):
        models.simLoadModel("/nowhere.ttm")
    with pytest.raises(RuntimeError, match="does not write"):
        models.simSaveScene("/tmp/scene.ttt")


def test_signals_are_kept_by_kind_and_name() -> None:
    launch()
    signals.simSetIntegerSignal("a", 5)
    signals.simSetFloatSignal("a", 0.5)
    signals.simSetDoubleSignal("a", 0.25)
    signals.simSetStringSignal("a", "text")
    assert signals.simGetIntegerSignal("a") == (1, 5)
    assert signals.simGetFloatSignal("a") == (1, 0.5)
    assert signals.simGetDoubleSignal("a") == (1, 0.25)
    assert signals.simGetStringSignal("a") == (1, "text")
    assert signals.simClearFloatSignal("a") == 1
    assert signals.simClearFloatSignal("a") == 0
    assert signals.simGetFloatSignal("a") == (0, 0.0)
    assert signals.simGetStringSignal("b") == (0, None)


def test_a_stop_puts_drives_back(tmp_path: Path) -> None:
    path = tmp_path / "slide.ttm"
    path.write_bytes(
        w.file(
            POOL,
            w.box("post", 1, dynamic=False),
            w.joint(w.base("slide", 2, 1), kind=11, flags=0x10, target_velocity=0.1),
            w.box("weight", 3, 2, respondable=False),
        )
    )
    launch(str(path))
    slide = objects.simGetObjectHandle("slide")
    lifecycle.simStartSimulation()
    joints.simSetJointTargetVelocity(slide, 0.9)
    lifecycle.simExtStep()
    lifecycle.simStopSimulation()
    assert joints.simGetJointTargetVelocity(slide) == pytest.approx(0.1)
    assert joints.simGetJointPosition(slide) == 0
