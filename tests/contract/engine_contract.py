"""What every engine keeps; functions over a maker of batched environments."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.envs.batch_env import BatchEnv

MakeEnv = Callable[[int], BatchEnv]
"""Makes a batched environment with that many sub-envs."""

STEPS = 60
"""Actions of a trajectory, 3 s of joint moves. A pose may take many control steps:
fewer of them do."""


def random_actions(steps: int, num_envs: int, seed: int = 0) -> NDArray[np.float32]:
    """(steps, num_envs, 8) normalised actions that also open and close the gripper."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, (steps, num_envs, 8)).astype(np.float32)


def trajectory(env: BatchEnv, actions: NDArray[np.float32]) -> list[bytes]:
    """Everything an environment says at each step, as bytes."""
    told = []
    for action in actions:
        observations, rewards, terminals, truncations, _ = env.step(action)
        arrays = (observations, rewards, terminals, truncations)
        told.append(b"".join(array.tobytes() for array in arrays))
    return told


def reset_forgets_what_ran_before(make_env: MakeEnv, steps: int = STEPS) -> None:
    """Same seed, same bytes: in a fresh engine and in one with a long history."""
    actions = random_actions(steps * 2 // 3, 2)
    fresh, used = make_env(2), make_env(2)
    used.reset(seed=[99, 98])
    for action in random_actions(steps * 5 // 2, 2, seed=7):
        used.step(action)
    first = [env.reset(seed=[1, 2])[0].tobytes() for env in (fresh, used)]
    assert first[0] == first[1]
    assert trajectory(fresh, actions) == trajectory(used, actions)


def a_sub_env_does_not_know_its_neighbours(
    make_env: MakeEnv, steps: int = STEPS
) -> None:
    """Sub-env i of n behaves as a lone one with the same seed and actions."""
    actions = random_actions(steps, 3)
    together, alone = make_env(3), make_env(1)
    together.reset(seed=[5, 6, 7])
    alone.reset(seed=[7])
    for action in actions:
        observations = together.step(action)[0]
        lone_observation = alone.step(action[2:])[0]
        assert observations[2].tobytes() == lone_observation[0].tobytes()


def a_saved_state_replays_bit_for_bit(make_env: MakeEnv, steps: int = STEPS) -> None:
    """From a saved state to its episode's end, in the same engine and in another."""
    before, after = np.split(random_actions(steps, 2), [steps // 3])
    env, other = make_env(2), make_env(2)
    env.reset(seed=[1, 2])
    trajectory(env, before)
    state = env.get_state(1)
    shown = env.observations[1].tobytes()
    expected = _until_the_end(env, after)
    assert expected
    env.reset(seed=[50, 51])
    trajectory(env, random_actions(steps // 2, 2, seed=3))
    other.reset(seed=[60, 61])
    for replaying in (env, other):
        replaying.set_state(1, state)
        assert replaying.observations[1].tobytes() == shown
        assert _until_the_end(replaying, after) == expected


def _until_the_end(env: BatchEnv, actions: NDArray[np.float32]) -> list[bytes]:
    """What sub-env 1 shows, up to the end of its episode."""
    told = []
    for action in actions:
        observations, rewards, terminals, truncations, _ = env.step(action)
        told.append(observations[1].tobytes() + rewards[1].tobytes())
        if terminals[1] or truncations[1]:
            break
    return told


def held_sub_envs_stay_as_they_are(make_env: MakeEnv, steps: int = STEPS) -> None:
    """A held sub-env keeps its observation and goes on later as if never held."""
    actions = random_actions(steps // 2, 2)
    env, reference = make_env(2), make_env(2)
    env.reset(seed=[1, 2])
    reference.reset(seed=[1, 2])
    hold_second = np.array([False, True])
    shown = env.observations[1].tobytes()
    for action in actions:
        _, rewards, terminals, truncations, _ = env.step(action, hold_second)
        assert env.observations[1].tobytes() == shown
        assert (rewards[1], terminals[1], truncations[1]) == (0.0, False, False)
    for action in actions:
        expected = reference.step(action)[0][1].tobytes()
        assert env.step(action, ~hold_second)[0][1].tobytes() == expected


def episodes_differ_between_seeds_and_in_sequence(
    make_env: MakeEnv, steps: int = STEPS
) -> None:
    """Start states differ between sub-envs and from episode to episode."""
    del steps
    env = make_env(4)
    starts = {row.tobytes() for row in env.reset(seed=[1, 2, 3, 4])[0]}
    starts |= {
        row.tobytes() for row in env.reset(seed=[1, 2, 3, 4], episode_index=1)[0]
    }
    assert len(starts) == 8


def chunks_equal_single_steps(make_env: MakeEnv, steps: int = STEPS) -> None:
    """``step_chunk(K)`` equals K times ``step``, byte for byte, up to an end."""
    length = max(2, steps // 10)
    chunks = random_actions(4 * length, 2).reshape(4, length, 2, 8)
    chunked, stepped = make_env(2), make_env(2)
    chunked.reset(seed=[1, 2])
    stepped.reset(seed=[1, 2])
    rewards = np.empty((length, 2), np.float32)
    terminals, truncations = np.empty((length, 2), bool), np.empty((length, 2), bool)
    for chunk in chunks:
        _, ignored = chunked.step_chunk(chunk, rewards, terminals, truncations)
        over = np.zeros(2, bool)
        expected = 0
        for k, action in enumerate(chunk):
            expected += over.sum()
            observations, *told, _ = stepped.step(action, over)
            for array, row in zip((rewards, terminals, truncations), told, strict=True):
                assert array[k].tobytes() == row.tobytes()
            over |= terminals[k] | truncations[k]
        assert ignored == expected
        assert chunked.observations.tobytes() == observations.tobytes()


CONTRACT = (
    reset_forgets_what_ran_before,
    a_sub_env_does_not_know_its_neighbours,
    a_saved_state_replays_bit_for_bit,
    held_sub_envs_stay_as_they_are,
    episodes_differ_between_seeds_and_in_sequence,
    chunks_equal_single_steps,
)
"""All of them."""
