"""What goes wrong within an episode of RLBench's costs that episode at most."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import rlbench_puffer as rp
from rlbench_puffer.config import EnvConfig
from rlbench_puffer.engines.rlbench.messages import not_placed
from rlbench_puffer.errors import (
    CallOrderError,
    InvalidOptionError,
    SimulationError,
)
from simulators import engine_of, make, standin_machine, still, write_facts


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with standin_machine(tmp_path, monkeypatch) as folder:
        write_facts("reach_target", "open_drawer", "standin_faults:Faulty")
        yield folder


def test_a_state_of_other_tasks_or_modes_is_refused() -> None:
    env = make()
    env.reset(seed=2)
    begun = env.get_state()
    env.step(still(env))
    state = env.get_state()
    env.close()
    others = (
        (make("open_drawer"), "expected one of open_drawer"),
        (make(arm_action_mode="ee_pose_ik"), "panda, ee_pose_ik, gripper discrete"),
        (make(gripper_action_mode="joint_position"), "gripper joint_position"),
    )
    for other, message in others:
        with pytest.raises(InvalidOptionError, match=message):
            other.reset(options={"state": state})
        if other.task.name == "reach_target":
            # Nothing was done yet: any environment may begin there.
            other.reset(options={"state": begun})
        other.close()


def test_an_action_without_end_is_a_fault_of_its_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAULT", f"step:restless:2:{tmp_path / 'flag'}")
    env = make("standin_faults:Faulty")
    env.reset(seed=0)
    env.step(still(env))
    _, reward, terminated, truncated, info = env.step(still(env))
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert "more than 2000 control steps" in info["fault"]
    assert env.observation_space.contains(env.reset(seed=0)[0])
    env.step(still(env))
    env.close()


def test_after_ctrl_c_a_reset_starts_the_simulator_afresh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAULT", f"step:interrupted:2:{tmp_path / 'flag'}")
    env = make("standin_faults:Faulty")
    before, _ = env.reset(seed=4)
    env.step(still(env))
    rules = engine_of(env)._session.rules
    with pytest.raises(KeyboardInterrupt):
        env.step(still(env))
    again, _ = env.reset(seed=4)
    assert all((again[name] == before[name]).all() for name in before)
    assert engine_of(env)._session.rules is not rules
    env.reset()
    assert engine_of(env)._session.launches == 2
    env.close()


def test_a_task_that_is_never_placed_is_told_with_the_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "nowhere.py").write_text(
        "from rlbench.backend.exceptions import TaskEnvironmentError\n"
        "from rlbench.tasks.reach_target import ReachTarget\n\n\n"
        "class Nowhere(ReachTarget):\n"
        "    def init_episode(self, index):\n"
        "        raise TaskEnvironmentError('Could not place it.')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(SimulationError, match=r"10 attempts.*other variations"):
        make("nowhere:Nowhere")
    sunken = EnvConfig(
        task="reach_target", engine="mujoco", simulator=rp.Simulator(robot="jaco")
    )
    assert "another robot" in str(not_placed(sunken, 0, 10, RuntimeError("No.")))


def test_an_observation_that_is_no_number_is_an_error_and_ends_the_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAULT", f"step:nan:1:{tmp_path / 'flag'}")
    env = make("standin_faults:Faulty")
    env.reset(seed=0)
    with pytest.raises(SimulationError, match="task_low_dim_state, component 0, is na"):
        env.step(still(env))
    with pytest.raises(CallOrderError, match=r"Call reset\(\)"):
        env.step(still(env))
    env.close()


def test_a_reset_that_fails_ends_the_episode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STANDIN_FAULT", f"reset:refused:2:{tmp_path / 'flag'}")
    env = make("standin_faults:Faulty")
    env.reset(seed=0)
    with pytest.raises(SimulationError, match="V-REP side"):
        env.reset()
    with pytest.raises(CallOrderError, match=r"Call reset\(\)"):
        env.step(still(env))
    env.reset()
    env.step(still(env))
    env.close()


def test_demos_end_the_episode_and_are_of_variations_that_there_are() -> None:
    env = make()
    env.reset(seed=0)
    engine = engine_of(env)
    for variation in (20, -1):
        with pytest.raises(InvalidOptionError, match="an index below 20"):
            engine.get_demos(1, variation=variation)
    env.reset()
    engine.get_demos(1, variation=19)
    with pytest.raises(CallOrderError, match=r"Call reset\(\)"):
        env.step(still(env))
    env.reset()
    env.step(still(env))
    env.close()
