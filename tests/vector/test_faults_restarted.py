"""The pool replaces workers: others lose nothing, the lost episode is counted."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from contract.vector_contract import EPISODE_LENGTH, Model, actions_for
from fake_pools import make_fake_pool
from fakes import FaultyEnv, SlowEnv
from rlbench_puffer.errors import WorkerDiedError, WorkerRaisedError
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.seeding import derive_seeds

EVERY_WAY = (
    "sigkill",
    "sigsegv",
    "exit",
    "raise",
    "stop",
    "hang",
    "nan_observation",
    "nan_reward",
)


def make_faulty(flag: Path | None, when: str, how: str, **options: Any) -> VecEnv:
    """Sub-envs 0 and 1 in a worker that lives, 2 and 3 in one that fails."""
    at = options.pop("at", 1)
    fault = {"when": when, "how": how, "victim": 2, "at": at}
    if flag is not None:
        fault["flag"] = str(flag)
    if how in ("stop", "hang"):
        options[f"{when}_timeout_s"] = 0.3
    return make_fake_pool(
        "shm", 4, 2, env_class=FaultyEnv, env_options=fault, **options
    )


def assert_all_actions_are_accounted_for(vec: VecEnv, sent: int) -> dict[str, Any]:
    accounts = vec.health()["accounts"]
    names = ("steps", "autoresets", "ignored_actions", "lost_actions")
    assert sum(accounts[name] for name in names) == sent
    return accounts


@pytest.mark.parametrize("how", EVERY_WAY)
def test_a_fault_in_a_step_costs_only_that_workers_episodes(
    how: str, tmp_path: Path
) -> None:
    vec = make_faulty(tmp_path / "failed", "step", how, at=8)
    model = Model(derive_seeds(3, 4))
    vec.reset(seed=3)
    faults = 0
    for number, actions in enumerate(actions_for(30, 4)):
        observations, rewards, terminals, truncations, infos = vec.step(actions)
        expected = [model.step(i, actions[i]) for i in range(4)]
        rows = [model.observation(i) for i in range(4)]
        if number == 7:
            told = {info["env_id"]: info for info in infos if "fault" in info}
            assert sorted(told) == [2, 3]
            for i in (2, 3):
                assert "Worker 1" in told[i]["fault"]
                assert told[i]["success"] is False
                rows[i] = [0.0] * 4
                expected[i] = (0.0, False, True)
                model.over[i] = True
                faults += 1
        assert observations.tolist() == rows, number
        assert rewards.tolist() == [reward for reward, _, _ in expected]
        assert terminals.tolist() == [terminal for _, terminal, _ in expected]
        assert truncations.tolist() == [truncated for _, _, truncated in expected]
    assert faults == 2
    accounts = assert_all_actions_are_accounted_for(vec, 30 * 4)
    assert accounts["restarts"] == 1
    assert accounts["lost_episodes"] == 2
    assert accounts["lost_actions"] == 2
    assert [worker["alive"] for worker in vec.health()["workers"]] == [True, True]
    assert "Worker 1" in vec.health()["last_faults"][0]
    vec.close()


@pytest.mark.parametrize("how", ["sigkill", "raise"])
def test_a_fault_in_a_chunk_loses_the_chunk_and_the_next_one_goes_on(
    how: str, tmp_path: Path
) -> None:
    vec = make_faulty(tmp_path / "failed", "step", how, at=6)
    model = Model(derive_seeds(3, 4))
    vec.reset(seed=3)
    actions = actions_for(20, 4)
    for start in range(0, 20, 4):
        chunk = actions[start : start + 4]
        observations, rewards, terminals, truncations, _ = vec.step_chunk(chunk)
        lost = start == 4
        for i in range(4):
            expected = np.zeros((4, 3))
            if lost and i >= 2:
                expected[0, 2] = 1
                model.episode[i] += model.over[i]
                model.over[i] = True
                assert observations[i].tolist() == [0.0] * 4
            else:
                for k in range(4):
                    if k and model.over[i]:
                        break
                    expected[k] = model.step(i, chunk[k, i])
                assert observations[i].tolist() == model.observation(i)
            assert rewards[:, i].tolist() == expected[:, 0].tolist()
            assert terminals[:, i].tolist() == (expected[:, 1] > 0).tolist()
            assert truncations[:, i].tolist() == (expected[:, 2] > 0).tolist()
    accounts = assert_all_actions_are_accounted_for(vec, 20 * 4)
    assert (accounts["lost_episodes"], accounts["lost_actions"]) == (2, 8)
    vec.close()


@pytest.mark.parametrize("how", ["sigkill", "raise", "stop"])
def test_a_fault_in_a_reset_is_tried_again(how: str, tmp_path: Path) -> None:
    vec = make_faulty(tmp_path / "failed", "reset", how)
    observations, infos = vec.reset(seed=3)
    expected = Model(derive_seeds(3, 4))
    assert observations.tolist() == [expected.observation(i) for i in range(4)]
    assert sorted(info["env_id"] for info in infos) == [0, 1, 2, 3]
    assert vec.health()["accounts"]["restarts"] == 1
    vec.close()


def test_a_fault_while_an_episode_begins_skips_that_episode(tmp_path: Path) -> None:
    # Sub-env 2 ends its first episode at step 7; step 8 would begin the second.
    steps_of_2 = EPISODE_LENGTH + 2
    vec = make_faulty(tmp_path / "failed", "step", "sigkill", at=steps_of_2 + 1)
    vec.reset(seed=3)
    zeros = np.zeros((4, 2), np.float32)
    for _ in range(steps_of_2 + 1):
        truncations = vec.step(zeros)[3]
    assert truncations.tolist() == [False, False, True, True]
    observations = vec.step(zeros)[0]
    assert observations[2, 1:3].tolist() == [2.0, 0.0]
    vec.close()


def test_a_worker_that_keeps_failing_is_given_up() -> None:
    vec = make_faulty(None, "step", "raise", max_restarts=2)
    vec.reset(seed=0)
    zeros = np.zeros((4, 2), np.float32)

    def step_on() -> None:
        for _ in range(20):
            vec.step(zeros)

    with pytest.raises(WorkerRaisedError, match="Worker 1"):
        step_on()
    assert vec.health()["accounts"]["restarts"] == 2
    vec.close()


def test_a_worker_killed_between_steps_is_replaced() -> None:
    vec = make_fake_pool("shm", 4, 2)
    vec.reset(seed=0)
    zeros = np.zeros((4, 2), np.float32)
    vec.step(zeros)
    os.kill(vec.health()["workers"][0]["pid"], signal.SIGKILL)
    start = time.monotonic()
    _, _, _, truncations, infos = vec.step(zeros)
    assert time.monotonic() - start < 1.0
    assert truncations.tolist() == [True, True, False, False]
    assert "SIGKILL" in infos[0]["fault"]
    assert vec.step(zeros)[0][2:, 2].tolist() == [3.0, 3.0]
    vec.close()


def test_others_keep_stepping_while_a_worker_is_replaced(tmp_path: Path) -> None:
    vec = make_faulty(tmp_path / "failed", "step", "sigkill", batch_size=2)
    zeros = np.zeros((2, 2), np.float32)
    vec.async_reset(seed=0)
    # The second worker answers the reset, then its loss, then comes back.
    told_at: list[float] = []
    others = 0
    while len(told_at) < 3:
        if vec.recv()[5].tolist() == [2, 3]:
            told_at.append(time.monotonic())
        elif len(told_at) == 2:
            others += 1
        vec.send(zeros)
    assert told_at[1] - told_at[0] < 1.0
    # The replacement took far longer than a step; the others did not wait for it.
    assert others > 20
    assert vec.health()["accounts"]["restarts"] == 1
    vec.close()


def test_a_dead_worker_raises_at_once_when_asked_to() -> None:
    vec = make_faulty(None, "step", "sigkill", on_fault="raise")
    vec.reset(seed=0)
    with pytest.raises(
        WorkerDiedError, match=r"Worker 1 was killed by SIGKILL in step"
    ):
        vec.step(np.zeros((4, 2), np.float32))
    vec.close()


def test_surplus_sub_envs_are_served_as_they_get_ready_and_none_starves() -> None:
    vec = make_fake_pool(
        "shm",
        4,
        4,
        env_class=SlowEnv,
        env_options={"seconds": 0.02, "others": 0.001},
        batch_size=2,
    )
    vec.async_reset(seed=0)
    served = np.zeros(4, int)
    for _ in range(150):
        observations, _, _, _, _, env_ids, _ = vec.recv()
        seeds = derive_seeds(0, 4)
        assert observations[:, 0].tolist() == [seeds[i] % 1000 for i in env_ids]
        served[env_ids] += 1
        vec.send(np.zeros((2, 2), np.float32))
    # The slow one comes seldom, but it comes; the quick ones do not wait for it.
    assert served[0] >= 5
    assert served[1:].min() > 2 * served[0]
    vec.close()
