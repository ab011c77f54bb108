"""Pictures through every backend: the same bytes, drawn in the workers."""

import os
import signal
from typing import Any

import numpy as np
import psutil
import pytest

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import make_config
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import SimulationError
from rlbench_puffer.vector.hosting import BatchedHost, HostBuffers
from rlbench_puffer.vector.make import BackendName, make_vec
from rlbench_puffer.vector.runner import Runner

pytestmark = pytest.mark.display

CAMERAS = {
    "front": Camera(size=(12, 16), mask=True),
    "wrist": Camera(size=(7, 5), rgb=False, depth=True, point_cloud=True),
}
ACTIONS = np.random.default_rng(0).uniform(-1, 1, (8, 4, 8)).astype(np.float32)


def _told(backend: BackendName, num_envs: int = 4, **options: Any) -> list[bytes]:
    options |= {"cameras": CAMERAS, "episode_length": 5}
    vec = make_vec("open_drawer", num_envs, backend=backend, **options)
    try:
        observations, infos = vec.reset(seed=0)
        assert "front_camera_extrinsics" in infos[0]
        assert infos[0]["front_camera_extrinsics"].shape == (4, 4)
        told = [observations.tobytes()]
        for actions in ACTIONS[:, :num_envs]:
            observations, *rest, _ = vec.step(actions)
            told.append(b"".join(part.tobytes() for part in (observations, *rest)))
    finally:
        vec.close()
    return told


@pytest.mark.timeout(180)
def test_every_backend_gives_the_same_pictures() -> None:
    expected = _told("serial")
    assert _told("shm", num_workers=2) == expected
    assert _told("puffer", num_workers=2) == expected
    assert _told("native") == expected
    # Each of gym's sub-envs is a process with a context to draw in.
    assert _told("gym", 2) == _told("serial", 2)


def test_the_stepping_thread_of_native_draws() -> None:
    """OpenGL belongs to a thread: half batches are built, drawn and freed on one."""
    whole, halves = (
        make_vec(
            "open_drawer", 4, backend="native", cameras=CAMERAS, batch_size=batch_size
        )
        for batch_size in (4, 2)
    )
    with whole, halves:
        expected = whole.reset(seed=0)[0].copy()
        halves.async_reset(seed=0)
        for _ in range(2):
            observations, *_, env_ids, _ = halves.recv()
            assert observations.tobytes() == expected[env_ids].tobytes()
            halves.send(ACTIONS[0, env_ids])


def test_the_last_pictures_of_a_chunk_are_those_of_single_steps() -> None:
    told = []
    for chunked in (False, True):
        vec = make_vec(
            "open_drawer", 4, backend="shm", num_workers=2, cameras=CAMERAS,
            episode_length=8, max_chunk_len=8,
        )  # fmt: skip
        try:
            vec.reset(seed=0)
            if chunked:
                observations = vec.step_chunk(ACTIONS)[0]
            else:
                for actions in ACTIONS:
                    observations = vec.step(actions)[0]
            told.append(observations.tobytes())
            del observations  # A view on the pool's block.
        finally:
            vec.close()
    assert told[0] == told[1]


def test_workers_leave_no_xvfb_behind_and_have_one_each() -> None:
    vec = make_vec(
        "reach_target", 2, backend="shm", num_workers=2, display="xvfb",
        cameras={"front": (8, 8)},
    )  # fmt: skip
    try:
        vec.reset(seed=0)
        servers = _servers()
        assert len(servers) == 2
    finally:
        vec.close()
    _, alive = psutil.wait_procs(servers, timeout=3)
    assert alive == []


def test_a_worker_whose_xvfb_was_killed_is_replaced_with_it() -> None:
    vec = make_vec(
        "reach_target", 2, backend="shm", num_workers=2, display="xvfb",
        cameras={"front": (8, 8)}, on_fault="restart",
    )  # fmt: skip
    actions = np.zeros((2, 8), np.float32)
    try:
        vec.reset(seed=0)
        before = _servers()
        os.kill(before[0].pid, signal.SIGKILL)
        faults: list[str] = []
        for _ in range(200):
            *_, infos = vec.step(actions)
            faults += [info["fault"] for info in infos if "fault" in info]
            if faults:
                break
        assert len(faults) == 1
        assert "was killed by SIGKILL" in faults[0]
        for _ in range(3):
            observations = vec.step(actions)[0]
        assert observations.any(axis=1).all()
        after = _servers()
        assert len(after) == 2
        assert len({server.pid for server in before + after}) == 3
    finally:
        vec.close()


def _servers() -> list[psutil.Process]:
    below = psutil.Process().children(recursive=True)
    return [process for process in below if process.name() == "Xvfb"]


def test_a_number_that_is_not_finite_is_found_beside_pictures() -> None:
    """With pictures the flat observation is bytes; its numbers are still watched."""
    config = make_config("reach_target", cameras={"front": (16, 16)})
    env = make_batch_env(config, 2)
    buffers = HostBuffers(
        env.observations,
        env.rewards,
        env.terminals,
        env.truncations,
        env.masks,
        env.actions,
    )
    runner = Runner(BatchedHost(env, buffers, 4), buffers, 4)
    runner.reset([1, 2], [0, 0])
    env.structured["gripper_pose"][1, 2] = np.nan
    with pytest.raises(SimulationError, match="gripper_pose of sub-env 5, component 2"):
        runner._check_finite()
    env.close()
