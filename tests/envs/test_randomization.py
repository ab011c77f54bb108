"""Domain randomisation: off it changes nothing, on each field does what it says."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import rlbench_puffer as rp
from rlbench_puffer.config import make_config
from rlbench_puffer.engines.builtin.engine import BuiltinEngine
from rlbench_puffer.engines.builtin.scene import Scene
from rlbench_puffer.envs.batch_env import BatchEnv
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.experts.expert import Expert

TASK = "take_lid_off_saucepan"
ALL = rp.Randomization(
    colors=0.2, lights=0.3, cameras=0.02, camera_angles=0.05, friction=0.3, mass=0.4
)
SEEN = ("colors", "lights", "cameras", "camera_angles")
FELT = ("friction", "mass")
AMOUNT = 0.3


def _make(n: int = 1, **options: Any) -> BatchEnv:
    env = make_batch_env(make_config(options.pop("task", TASK), **options), n)
    env.reset(seed=list(range(n)))
    return env


def _scene(env: BatchEnv) -> Scene:
    assert isinstance(env.engine, BuiltinEngine)
    return env.engine.scene


def _one(field: str) -> rp.Randomization:
    return rp.Randomization(**{field: AMOUNT})


def _rows(env: BatchEnv, steps: int = 20) -> Iterator[bytes]:
    """The bytes of an episode's first observations, under random actions."""
    rng = np.random.default_rng(0)
    yield env.observations.tobytes()
    for _ in range(steps):
        n = len(env.observations)
        yield env.step(rng.uniform(-1, 1, (n, 8)).astype(np.float32))[0].tobytes()


def _picture(env: BatchEnv) -> NDArray[np.uint8]:
    return env.engine.picture(0, "front", (48, 64))


def test_all_fields_at_zero_give_the_bytes_of_none() -> None:
    assert list(_rows(_make(3, randomize=rp.Randomization()))) == list(_rows(_make(3)))


@pytest.mark.parametrize("task", ["open_drawer", "reach_target", TASK])
def test_objects_are_placed_as_without(task: str) -> None:
    plain = _make(20, task=task)
    changed = _make(20, task=task, randomize=ALL)
    np.testing.assert_array_equal(
        plain.structured["task_low_dim_state"],
        changed.structured["task_low_dim_state"],
    )
    np.testing.assert_array_equal(plain.engine.variations, changed.engine.variations)


def test_the_same_seed_draws_the_same_whatever_ran_before() -> None:
    first = list(_rows(_make(2, randomize=ALL)))
    env = _make(2, randomize=ALL)
    env.reset(seed=[7, 8])
    env.step(np.zeros((2, 8), np.float32))
    env.reset(seed=[0, 1])
    assert list(_rows(env)) == first


@pytest.mark.parametrize("field", FELT)
def test_a_field_that_is_felt_stays_in_range_and_leaves_the_others(field: str) -> None:
    env, plain = _make(200, randomize=_one(field)), _make(1)
    model = _scene(plain).model
    if field == "friction":
        drawn = _scene(env).placed("geom_friction")[:, :, 0] / model.geom_friction[:, 0]
        np.testing.assert_allclose(drawn, drawn[:, :1].repeat(model.ngeom, 1))
    else:
        mass, inertia = (_scene(env).placed(f"body_{n}") for n in ("mass", "inertia"))
        lid, hand = model.body("lid").id, model.body("panda_hand").id
        drawn = mass[:, lid] / model.body_mass[lid]
        usual = model.body_inertia[lid]
        np.testing.assert_allclose(inertia[:, lid], drawn[:, None] * usual)
        np.testing.assert_array_equal(mass[:, hand], model.body_mass[hand])
        subtree = _scene(env).batch.expand("body_subtreemass")[:, lid]
        np.testing.assert_allclose(subtree, mass[:, lid])
    assert 1 - AMOUNT <= drawn.min() < 1 - 0.8 * AMOUNT
    assert 1 + 0.8 * AMOUNT < drawn.max() <= 1 + AMOUNT


def test_friction_and_mass_are_felt() -> None:
    heights = {}
    for name, randomize in (("plain", None), *((f, _one(f)) for f in FELT)):
        env = _make(1, randomize=randomize)
        _push_the_lid(env)
        heights[name] = _scene(env).body_position("lid")[0].copy()
    for field in FELT:
        assert np.abs(heights[field] - heights["plain"]).max() > 1e-5


def _push_the_lid(env: BatchEnv) -> None:
    """Throw the lid along its pan: how far it slides depends on both."""
    scene = _scene(env)
    joint = scene.model.joint("lid")
    scene.batch.bind("qvel")[0, joint.dofadr[0]] = 1.0
    scene.batch.bind("xfrc_applied")[0, scene.model.body("lid").id, 2] = -0.5
    for _ in range(10):
        env.step(np.array([[0.0] * 7 + [1.0]], np.float32))


@pytest.mark.display
@pytest.mark.parametrize("field", SEEN)
def test_a_field_that_is_seen_changes_pictures_and_nothing_else(field: str) -> None:
    amount = 0.05 if field.startswith("camera") else AMOUNT
    plain, changed = _make(), _make(randomize=rp.Randomization(**{field: amount}))
    assert list(_rows(plain, 3)) == list(_rows(changed, 3))
    before = _picture(changed)
    assert (before != _picture(plain)).mean() > 0.05
    changed.reset(seed=[1])
    other = _picture(changed)
    changed.reset(seed=[0])
    for _ in _rows(changed, 3):
        pass
    np.testing.assert_array_equal(_picture(changed), before)
    plain.reset(seed=[1])
    assert (other != _picture(plain)).mean() > 0.05
    plain.close()
    changed.close()


@pytest.mark.display
def test_extrinsics_tell_where_a_camera_was_moved_to() -> None:
    cameras = {"front": (16, 16), "wrist": (16, 16)}
    randomize = rp.Randomization(cameras=0.03, camera_angles=0.1)
    told = []
    for given in (None, randomize):
        env = rp.make(TASK, cameras=cameras, randomize=given)
        _, info = env.reset(seed=0)
        told.append(info)
        env.close()
    for name in cameras:
        usual, moved = (info[f"{name}_camera_extrinsics"] for info in told)
        shift = np.abs(moved[:3, 3] - usual[:3, 3])
        assert 0 < np.linalg.norm(shift) <= 0.03 * np.sqrt(3)
        turn = usual[:3, :3].T @ moved[:3, :3]
        angle = np.arccos((np.trace(turn) - 1) / 2)
        assert 0 < angle <= 0.1 * np.sqrt(3)
        np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-9)


def _trajectory(backend: str, **options: Any) -> list[bytes]:
    options |= {"backend": backend, "randomize": ALL, "episode_length": 5}
    vec = rp.make_vec(TASK, 4, **options)
    with vec:
        rows = [vec.reset(seed=1)[0].tobytes()]
        rng = np.random.default_rng(0)
        for _ in range(12):
            action = rng.uniform(-1, 1, vec.action_space.shape).astype(np.float32)
            rows.append(vec.step(action)[0].tobytes())
    return rows


def test_every_way_of_stepping_gives_the_same_bytes() -> None:
    serial = _trajectory("serial")
    assert _trajectory("shm", num_workers=2) == serial
    assert _trajectory("native") == serial


def test_a_held_thing_of_another_mass_replays_from_a_saved_state() -> None:
    env = _make(1, randomize=ALL)
    expert = Expert(env)
    grasped = _scene(env).grasped("lid")
    while not grasped[0]:
        env.step(expert.act())
    state = env.get_state(0)
    actions = np.random.default_rng(0).uniform(-0.5, 0.5, (20, 1, 8)).astype(np.float32)
    actions[:, :, 7] = -1.0
    told = [env.step(action)[0].tobytes() for action in actions]
    other = _make(1, randomize=ALL)
    other.reset(seed=[5])
    other.set_state(0, state)
    assert [other.step(action)[0].tobytes() for action in actions] == told


@pytest.mark.parametrize(("saved_with", "restored_with"), [(ALL, None), (None, ALL)])
def test_a_state_goes_on_in_an_environment_that_varies_other_things(
    saved_with: rp.Randomization | None, restored_with: rp.Randomization | None
) -> None:
    env = _make(1, randomize=saved_with)
    _push_the_lid(env)
    state = env.get_state(0)
    actions = np.random.default_rng(0).uniform(-0.5, 0.5, (20, 1, 8)).astype(np.float32)
    told = [env.step(action)[0].tobytes() for action in actions]
    other = _make(1, randomize=restored_with)
    other.reset(seed=[5])
    other.set_state(0, state)
    assert [other.step(action)[0].tobytes() for action in actions] == told


def test_experts_solve_the_changed_worlds() -> None:
    n = 4
    for task in (TASK, "open_drawer"):
        env = _make(n, task=task, randomize=ALL)
        expert = Expert(env)
        held = np.zeros(n, bool)
        success = held.copy()
        while not held.all():
            _, _, terminals, truncations, _ = env.step(expert.act(~held), held)
            success |= terminals & ~held
            held = held | terminals | truncations
        assert success.all()


def test_values_out_of_range_are_refused() -> None:
    for field in dataclasses.fields(rp.Randomization):
        for value in (-0.1, 1.5, "much", True, float("nan")):
            with pytest.raises(InvalidOptionError, match=field.name):
                rp.Randomization(**{field.name: value})  # pyright: ignore[reportArgumentType]
    with pytest.raises(InvalidOptionError, match="randomize"):
        make_config(TASK, randomize=0.3)
