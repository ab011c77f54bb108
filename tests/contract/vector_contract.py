"""What every vector backend must do; each check takes a maker of CountingEnv pools.

``make(num_envs, **options)`` gives a fresh vector environment over ``CountingEnv``
with the default episode length of 5; the test that calls a check closes what it made.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from rlbench_puffer.errors import (
    CallOrderError,
    ClosedError,
    InvalidActionError,
    InvalidOptionError,
)
from rlbench_puffer.vector.base import VecEnv
from rlbench_puffer.vector.seeding import derive_seeds

Make = Callable[..., VecEnv]

EPISODE_LENGTH = 5


def actions_for(steps: int, num_envs: int, seed: int = 0) -> NDArray[np.float32]:
    """Actions of a short trajectory, (steps, num_envs, 2); sums are exact."""
    rng = np.random.default_rng(seed)
    return (rng.integers(-4, 5, (steps, num_envs, 2)) / 8).astype(np.float32)


class Model:
    """What CountingEnv does, told once more in the plainest way.

    Args:
      seeds: one for each sub-env.
    """

    def __init__(self, seeds: list[int]) -> None:
        self.seeds = seeds
        count = len(seeds)
        self.episode = [0] * count
        self.length = [0] * count
        self.total = [0.0] * count
        self.over = [False] * count

    def observation(self, i: int) -> list[float]:
        """The expected row of a sub-env."""
        seed = float(self.seeds[i] % 1000)
        return [seed, float(self.episode[i]), float(self.length[i]), self.total[i]]

    def step(self, i: int, action: NDArray[Any]) -> tuple[float, bool, bool]:
        """Expected reward, terminal and truncation of a sub-env's step."""
        if self.over[i]:
            self.episode[i] += 1
            self.length[i] = 0
            self.total[i] = 0.0
            self.over[i] = False
            return 0.0, False, False
        reward = float(action.sum())
        self.length[i] += 1
        self.total[i] += reward
        self.over[i] = self.length[i] == EPISODE_LENGTH + i % 3
        even = self.episode[i] % 2 == 0
        return reward, self.over[i] and even, self.over[i] and not even


def check_a_whole_trajectory_is_the_models(make: Make) -> None:
    vec = make(4)
    model = Model(derive_seeds(11, 4))
    observations, infos = vec.reset(seed=11)
    assert observations.tolist() == [model.observation(i) for i in range(4)]
    assert [info["env_id"] for info in infos] == [0, 1, 2, 3]
    for actions in actions_for(40, 4):
        observations, rewards, terminals, truncations, infos = vec.step(actions)
        was_over = list(model.over)
        expected = [model.step(i, actions[i]) for i in range(4)]
        assert observations.tolist() == [model.observation(i) for i in range(4)]
        assert rewards.tolist() == [reward for reward, _, _ in expected]
        assert terminals.tolist() == [terminal for _, terminal, _ in expected]
        assert truncations.tolist() == [truncated for _, _, truncated in expected]
        # Only sub-envs whose episode began or ended have something to say.
        speaking = sorted(info["env_id"] for info in infos)
        assert speaking == [i for i in range(4) if was_over[i] or model.over[i]]
        for info in infos:
            if model.over[info["env_id"]]:
                assert info["episode"]["l"] == model.length[info["env_id"]]
                assert info["episode"]["r"] == model.total[info["env_id"]]


def check_the_vecenv_interface_is_whole(make: Make) -> None:
    vec = make(4)
    assert (vec.num_envs, vec.num_agents, vec.agents_per_batch) == (4, 4, 4)
    assert vec.observation_space.shape == (4, 4)
    assert vec.action_space.shape == (4, 2)
    vec.async_reset(seed=1)
    received = vec.recv()
    assert len(received) == 7
    observations, rewards, terminals, truncations, infos, env_ids, masks = received
    assert observations.shape == (4, 4)
    assert observations.dtype == np.float32
    assert (rewards.shape, rewards.dtype) == ((4,), np.dtype(np.float32))
    assert (terminals.dtype, truncations.dtype) == (np.dtype(bool), np.dtype(bool))
    assert isinstance(infos, list)
    assert env_ids.tolist() == [0, 1, 2, 3]
    assert masks.tolist() == [True] * 4
    vec.send(np.zeros((4, 2), np.float32))
    assert len(vec.recv()) == 7


def check_the_driver_env_holds_spaces_only(make: Make) -> None:
    vec = make(2)
    driver = vec.driver_env
    assert driver.single_observation_space == vec.single_observation_space
    assert driver.single_action_space == vec.single_action_space
    assert not hasattr(driver, "step")
    driver.close()


def check_a_chunk_is_as_many_single_steps(make: Make) -> None:
    actions = actions_for(24, 4, seed=3)
    chunked = make(4)
    chunked.reset(seed=5)
    model = Model(derive_seeds(5, 4))
    for start in range(0, 24, 6):
        chunk = actions[start : start + 6]
        observations, rewards, terminals, truncations, infos = chunked.step_chunk(chunk)
        expected = np.zeros((6, 4, 3))
        told = 0
        for i in range(4):
            stopped = False
            for k in range(6):
                if stopped:
                    continue
                told += model.over[i]
                expected[k, i] = model.step(i, chunk[k, i])
                stopped = model.over[i]
                told += stopped
        assert rewards.tolist() == expected[:, :, 0].tolist()
        assert terminals.tolist() == (expected[:, :, 1] > 0).tolist()
        assert truncations.tolist() == (expected[:, :, 2] > 0).tolist()
        assert observations.tolist() == [model.observation(i) for i in range(4)]
        assert len(infos) == told


def check_a_chunk_and_single_steps_may_take_turns(make: Make) -> None:
    vec = make(2)
    vec.reset(seed=5)
    model = Model(derive_seeds(5, 2))
    actions = actions_for(4, 2)
    vec.step_chunk(actions[:2])
    vec.step(actions[2])
    observations = vec.step_chunk(actions[3:])[0]
    for k in range(4):
        for i in range(2):
            model.step(i, actions[k, i])
    assert observations.tolist() == [model.observation(i) for i in range(2)]


def check_each_illegal_order_raises(make: Make) -> None:
    vec = make(2)
    zeros = np.zeros((2, 2), np.float32)
    for method, call in (
        ("recv", vec.recv),
        ("send", lambda: vec.send(zeros)),
        ("send", lambda: vec.step(zeros)),
        ("step_chunk", lambda: vec.step_chunk(zeros[None])),
    ):
        with pytest.raises(CallOrderError, match=rf"{method}\(\).*not yet reset"):
            call()
    vec.async_reset(seed=0)
    with pytest.raises(CallOrderError, match=r"send\(\).*pending.*recv\(\) first"):
        vec.send(zeros)
    with pytest.raises(CallOrderError, match="step_chunk"):
        vec.step_chunk(zeros[None])
    vec.recv()
    with pytest.raises(CallOrderError, match=r"recv\(\).*waiting for actions"):
        vec.recv()
    vec.close()
    for call in (vec.recv, vec.reset, lambda: vec.send(zeros)):
        with pytest.raises(ClosedError, match="closed vector environment"):
            call()


def check_a_bad_action_is_refused_and_nothing_happens(make: Make) -> None:
    vec = make(3)
    before, _ = vec.reset(seed=2)
    before = before.copy()
    good = np.zeros((3, 2), np.float32)
    for value, row, shown in ((np.nan, 1, "nan"), (np.inf, 2, "inf"), (1.5, 0, "1.5")):
        bad = good.copy()
        bad[row, 1] = value
        match = rf"sub-env {row}, component 1 is {shown}"
        with pytest.raises(InvalidActionError, match=match):
            vec.send(bad)
        with pytest.raises(InvalidActionError, match=rf"sub-env {row} in inner step 1"):
            vec.step_chunk(np.stack([good, bad]))
    with pytest.raises(InvalidActionError, match=r"shape \(2, 2\), expected \(3, 2\)"):
        vec.send(good[:2])
    with pytest.raises(InvalidActionError, match="dtype complex"):
        vec.send(good.astype(complex))
    with pytest.raises(InvalidActionError, match="dtype bool"):
        vec.send(good.astype(bool))
    with pytest.raises(InvalidActionError, match="no actions"):
        vec.step_chunk(np.zeros((0, 3, 2), np.float32))
    observations = vec.step(good)[0]
    assert observations[:, 2].tolist() == (before[:, 2] + 1).tolist()


def check_lists_and_float64_are_taken_for_actions(make: Make) -> None:
    vec = make(2)
    vec.reset(seed=0)
    assert vec.step([[0.25, 0.5], [0.0, 0.0]])[1].tolist() == [0.75, 0.0]
    assert vec.step(np.full((2, 2), 0.125))[1].tolist() == [0.25, 0.25]


def check_seeds_repeat_and_differ(make: Make) -> None:
    vec = make(4, seed=9)
    from_constructor = vec.reset()[0][:, 0].tolist()
    assert from_constructor == [seed % 1000 for seed in derive_seeds(9, 4)]
    first = vec.reset(seed=7)[0][:, 0].tolist()
    entropy = vec.reset()[0][:, 0].tolist()
    again = vec.reset(seed=7)[0][:, 0].tolist()
    listed = vec.reset(seed=[1001, 1002, 1003, 4])[0][:, 0].tolist()
    assert first == again == [seed % 1000 for seed in derive_seeds(7, 4)]
    assert entropy not in (first, from_constructor)
    assert listed == [1.0, 2.0, 3.0, 4.0]
    assert len(set(derive_seeds(7, 4)) | set(derive_seeds(8, 4))) == 8
    with pytest.raises(InvalidOptionError, match="seed"):
        vec.reset(seed=-1)
    with pytest.raises(InvalidOptionError, match="each of the 4 sub-envs"):
        vec.reset(seed=[1, 2])


def check_a_reset_drops_what_is_pending(make: Make) -> None:
    vec = make(2)
    vec.reset(seed=1)
    vec.send(np.full((2, 2), 0.5, np.float32))
    observations, infos = vec.reset(seed=1)
    assert observations[:, 1:].tolist() == [[0, 0, 0], [0, 0, 0]]
    assert [info["env_id"] for info in infos] == [0, 1]
    vec.async_reset(seed=2)
    vec.async_reset(seed=3)
    assert vec.recv()[0][:, 0].tolist() == [s % 1000 for s in derive_seeds(3, 2)]


def check_the_accounts_are_what_was_executed(make: Make) -> None:
    vec = make(4)
    vec.reset(seed=0)
    model = Model([0] * 4)
    steps = autoresets = episodes = ignored = 0
    returns = 0.0
    single, chunks = actions_for(30, 4), actions_for(12, 4, seed=1).reshape(3, 4, 4, 2)

    def run(i: int, action: NDArray[Any]) -> None:
        nonlocal steps, autoresets, episodes, returns
        autoresets += model.over[i]
        steps += not model.over[i]
        model.step(i, action)
        episodes += model.over[i]
        returns += model.total[i] if model.over[i] else 0.0

    for actions in single:
        vec.step(actions)
        for i in range(4):
            run(i, actions[i])
    for chunk in chunks:
        vec.step_chunk(chunk)
        for i in range(4):
            for k in range(4):
                if k and model.over[i]:
                    ignored += 1
                else:
                    run(i, chunk[k, i])
    accounts = vec.health()["accounts"]
    assert accounts == {
        "steps": steps,
        "autoresets": autoresets,
        "episodes": episodes,
        "ignored_actions": ignored,
        "return_sum": returns,
        "lost_actions": 0,
        "lost_episodes": 0,
        "restarts": 0,
        "invalid_actions": 0,
    }
    assert steps + autoresets + ignored == single[:, :, 0].size + chunks[..., 0].size


def check_phases_sum_to_the_whole(make: Make) -> None:
    vec = make(2)
    vec.reset(seed=0)
    for actions in actions_for(20, 2):
        vec.step(actions)
    timings = vec.timings()
    for phases in (timings["main"], *timings["workers"]):
        parts = {name: value for name, value in phases.items() if name != "total"}
        assert sum(parts.values()) == pytest.approx(phases["total"], abs=1e-9)
        assert all(value >= 0 for value in parts.values()), phases
    main = timings["main"]
    assert main["wait"] > 0
    assert main["build"] > 0
    assert timings["ipc"] < main["wait"] + main["reset"] + 1e-9


def check_close_may_be_called_twice_and_at_any_time(make: Make) -> None:
    fresh = make(2)
    fresh.close()
    fresh.close()
    pending = make(2)
    pending.reset(seed=0)
    pending.send(np.zeros((2, 2), np.float32))
    pending.close()
    pending.close()
    with make(2) as vec:
        vec.reset(seed=0)
    with pytest.raises(ClosedError):
        vec.reset()


CHECKS = [value for name, value in list(globals().items()) if name.startswith("check_")]
