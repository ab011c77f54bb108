"""Force sensors: what they measure, when they break; contacts and their forces."""

from typing import Any

import numpy as np
import pytest

import ttm_writer as w
from pyrep_mujoco.errors import SceneError, UnknownObjectError
from pyrep_mujoco.sim.contacts import simGetContactInfo
from pyrep_mujoco.sim.force_sensors import (
    simBreakForceSensor,
    simCreateForceSensor,
    simReadForceSensor,
)
from pyrep_mujoco.sim.lifecycle import (
    simExtStep,
    simStartSimulation,
    simStopSimulation,
)
from pyrep_mujoco.sim.simulation import Simulation
from sim.launched import launched
from ttm_sensors import force_sensor

ALL = -2
GRAVITY = 9.81
POOL = w.box_pool((0.1, 0.1, 0.1), (2.0, 2.0, 0.1))


def handle(simulation: Simulation, name: str) -> int:
    return simulation.scene.tree.node(name).handle


def height(simulation: Simulation, name: str) -> float:
    return simulation.scene.frame_w(simulation.scene.tree.node(name)).position[2]


def hanging(mass: float = 2.0, turn: Any = w.IDENTITY, **limits: Any) -> list[bytes]:
    """A weight beside the sensor that holds it, on a post."""
    return [
        POOL,
        w.box("post", 1, dynamic=False, position=(0, 0, 1)),
        force_sensor(w.base("sensor", 2, 1, quat_wxyz=turn), **limits),
        w.box("weight", 3, 2, mass=mass, position=(0.3, 0, 0)),
    ]


def run(steps: int) -> None:
    simStartSimulation()
    for _ in range(steps):
        simExtStep()


def test_a_weight_pulls_its_sensor_down_and_turns_it() -> None:
    with launched(*hanging()) as simulation:
        run(2)
        state, force, torque = simReadForceSensor(handle(simulation, "sensor"))
        assert state == 1
        np.testing.assert_allclose(force, (0, 0, -2 * GRAVITY), atol=1e-6)
        # At x = 0.3 m, pulled along -z: a moment about +y.
        np.testing.assert_allclose(torque, (0, 0.3 * 2 * GRAVITY, 0), atol=1e-5)


def test_the_load_is_told_in_the_sensors_own_frame() -> None:
    # The sensor's z axis lies along the world's x axis, its x axis along -z.
    turn = (np.sqrt(0.5), 0, np.sqrt(0.5), 0)
    with launched(*hanging(turn=turn)) as simulation:
        run(2)
        _, force, torque = simReadForceSensor(handle(simulation, "sensor"))
        np.testing.assert_allclose(force, (2 * GRAVITY, 0, 0), atol=1e-5)
        # The weight hangs 0.3 m along the sensor's own x axis: right below it.
        np.testing.assert_allclose(torque, (0, 0, 0), atol=1e-5)


def test_what_lies_on_the_held_shape_is_measured_too() -> None:
    load = w.box("load", 4, mass=3.0, position=(0.3, 0, 1.1005))
    with launched(*hanging(), load) as simulation:
        run(20)
        _, force, _ = simReadForceSensor(handle(simulation, "sensor"))
        assert force[2] == pytest.approx(-5 * GRAVITY, rel=0.02)


def test_nothing_is_read_while_no_simulation_runs_or_nothing_is_held() -> None:
    with launched(*hanging()) as simulation:
        sensor = handle(simulation, "sensor")
        assert simReadForceSensor(sensor) == (0, [0.0] * 3, [0.0] * 3)
        created = simCreateForceSensor(0, [0, 0, 0, 0, 0], [0.01, 0, 0, 0, 0], None)
        run(1)
        assert simReadForceSensor(created) == (0, [0.0] * 3, [0.0] * 3)
        assert simReadForceSensor(sensor)[0] == 1


def test_a_sensor_measures_only_what_it_holds_now() -> None:
    with launched(*hanging()) as simulation:
        run(1)
        sensor, weight = (simulation.scene.tree.node(n) for n in ("sensor", "weight"))
        loads = []
        for parent in (sensor, None, sensor):
            simulation.scene.hang(weight, parent)
            simExtStep()
            loads.append(simReadForceSensor(sensor.handle)[1][2])
        assert loads == pytest.approx([-2 * GRAVITY, 0, -2 * GRAVITY], abs=1e-3)


def test_a_sensor_breaks_after_its_violations_in_a_row_and_is_whole_again() -> None:
    with launched(*hanging(force=15.0, violations=4)) as simulation:
        sensor = handle(simulation, "sensor")
        run(4)
        assert simReadForceSensor(sensor)[0] == 2
        assert height(simulation, "weight") == pytest.approx(1)
        for _ in range(4):
            simExtStep()
        assert height(simulation, "weight") < 0.9
        simStopSimulation()
        assert height(simulation, "weight") == pytest.approx(1)
        run(2)
        assert simReadForceSensor(sensor)[0] == 1
        assert height(simulation, "weight") == pytest.approx(1)


@pytest.mark.parametrize("limits", [{"force": 25.0}, {"torque": 8.0}, {}])
def test_a_sensor_holds_below_its_thresholds(limits: dict[str, float]) -> None:
    with launched(*hanging(breaks=False, **limits)) as simulation:
        run(5)
        assert simReadForceSensor(handle(simulation, "sensor"))[0] == 1
        assert height(simulation, "weight") == pytest.approx(1)


def test_torque_breaks_a_sensor_and_scripts_are_not_needed_for_it() -> None:
    with launched(*hanging(torque=4.0, breaks=False)) as simulation:
        run(1)
        assert simReadForceSensor(handle(simulation, "sensor"))[0] == 2


def test_a_program_can_break_a_sensor() -> None:
    with launched(*hanging()) as simulation:
        run(1)
        simBreakForceSensor(handle(simulation, "sensor"))
        simExtStep()
        simExtStep()
        assert height(simulation, "weight") < 0.99


def test_errors_name_what_is_no_force_sensor() -> None:
    with launched(*hanging()) as simulation:
        with pytest.raises(SceneError, match="'post' is no force sensor"):
            simReadForceSensor(handle(simulation, "post"))
        with pytest.raises(UnknownObjectError, match="4711"):
            simBreakForceSensor(4711)


def test_contacts_carry_the_weight_of_what_lies_there() -> None:
    floor = w.box(
        *("floor", 1), index=1, size=(2, 2, 0.1), dynamic=False, position=(0, 0, -0.05)
    )
    thing = w.box("thing", 2, mass=2.0, position=(0.2, 0.1, 0.0501))
    far = w.box("far", 3, mass=1.0, position=(-0.5, 0, 0.0501))
    with launched(POOL, floor, thing, far) as simulation:
        numbers = {handle(simulation, name) for name in ("floor", "thing")}
        assert simGetContactInfo(ALL, get_contact_normal=True) == []
        run(20)
        found = simGetContactInfo(handle(simulation, "thing"), get_contact_normal=True)
        assert len(found) >= 3
        for contact in found:
            assert set(contact["contact_handles"]) == numbers
            x, y, z, *_, normal = contact["contact"]
            assert abs(x - 0.2) < 0.06
            assert abs(y - 0.1) < 0.06
            assert abs(z) < 0.01
            assert abs(normal) == pytest.approx(1, abs=1e-3)
        up = sum(
            contact["contact"][5] * np.sign(contact["contact"][8]) for contact in found
        )
        assert up == pytest.approx(2 * GRAVITY, rel=0.02)
        assert len(simGetContactInfo(ALL, get_contact_normal=False)) > len(found)
        plain = simGetContactInfo(handle(simulation, "thing"), False)
        assert [len(contact["contact"]) for contact in plain] == [6] * len(found)


def test_a_shape_that_is_hung_on_a_taken_joint_is_loose() -> None:
    """RLBench hangs a bottle's cap on the joint of its thread to set it free."""
    chunks = (
        POOL,
        w.box("bottle", 1, dynamic=False, position=(0, 0, 1)),
        w.joint(w.base("thread", 2, 1)),
        w.box("neck", 3, 2, position=(0, 0, 0.3)),
        force_sensor(w.base("sensor", 4, 3)),
        w.box("cap", 5, 4, position=(0.5, 0, 0)),
    )
    with launched(*chunks) as simulation:
        run(2)
        assert height(simulation, "cap") == pytest.approx(1.3)
        tree = simulation.scene.tree
        simulation.scene.hang(tree.node("cap"), tree.node("thread"))
        for _ in range(4):
            simExtStep()
        assert height(simulation, "cap") < 1.25
        assert height(simulation, "neck") == pytest.approx(1.3)
