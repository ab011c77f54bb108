"""A pose out of reach is marked, counted and answered alike on every backend."""

from typing import Any

import numpy as np
import pytest

from rlbench_puffer import make_vec
from rlbench_puffer.errors import InvalidActionError
from rlbench_puffer.vector.base import VecEnv

EPISODE_LENGTH = 6
VARIANTS: dict[str, dict[str, Any]] = {
    "gym": {"backend": "gym"},
    "puffer": {"backend": "puffer", "num_workers": 2},
    "shm": {"backend": "shm", "num_workers": 2},
    "native": {"backend": "native", "num_workers": 2},
}


def make(**options: Any) -> VecEnv:
    return make_vec(
        "reach_target",
        4,
        episode_length=EPISODE_LENGTH,
        arm_action_mode="delta_ee_pose_ik",
        **options,
    )


def actions() -> np.ndarray:
    """(20, 4, 8) small moves; some with a quaternion of length 0."""
    rng = np.random.default_rng(3)
    drawn = rng.uniform(-0.3, 0.3, (20, 4, 8)).astype(np.float32)
    drawn[..., 3:7] = [0.0, 0.0, 0.0, 1.0]
    drawn[rng.uniform(size=(20, 4)) < 0.2, 3:7] = 0.0
    return drawn


def told(vec: VecEnv) -> list[tuple[Any, ...]]:
    """Single steps, two chunks and the accounts."""
    observations, infos = vec.reset(seed=12)
    rows: list[tuple[Any, ...]] = [(observations.tobytes(), infos)]
    for part in (*actions()[:12], actions()[12:16], actions()[16:]):
        step = vec.step if part.ndim == 2 else vec.step_chunk
        *arrays, infos = step(part)
        # Backends tell the same in another order.
        infos.sort(key=lambda info: (info["env_id"], str(info)))
        rows.append((*(array.tobytes() for array in arrays), infos))
    rows.append((vec.health()["accounts"],))
    return rows


@pytest.fixture(scope="module", params=["noop_penalty", "truncate"])
def reference(request: pytest.FixtureRequest) -> tuple[str, list[tuple[Any, ...]]]:
    with make(backend="serial", on_invalid=request.param) as vec:
        return request.param, told(vec)


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_backend_tells_what_serial_tells(
    variant: str, reference: tuple[str, list[tuple[Any, ...]]]
) -> None:
    policy, expected = reference
    with make(**VARIANTS[variant], on_invalid=policy) as vec:
        for number, (row, want) in enumerate(zip(told(vec), expected, strict=True)):
            assert row == want, f"row {number} of {variant} differs"


def test_serial_marks_and_counts_what_was_sent(
    reference: tuple[str, list[tuple[Any, ...]]],
) -> None:
    policy, rows = reference
    marks = [info for row in rows[1:-1] for info in row[-1] if "invalid_action" in info]
    assert rows[-1][0]["invalid_actions"] == len(marks) > 5
    ends = [info for row in rows[1:-1] for info in row[-1] if "episode" in info]
    assert sum(info["invalid_actions"] for info in ends) > 0
    if policy == "truncate":
        assert all("episode" in info for info in marks)
        assert all(info["invalid_actions"] <= 1 for info in ends)


@pytest.mark.parametrize("variant", ["serial", *VARIANTS])
def test_an_invalid_action_is_raised_and_the_pool_goes_on(variant: str) -> None:
    options = VARIANTS.get(variant, {"backend": "serial"})
    fine = np.zeros((4, 8), np.float32)
    fine[:, 6] = 1.0
    invalid = fine.copy()
    invalid[2, 6] = 0.0
    with make(**options, on_invalid="raise") as vec:
        vec.reset(seed=1)
        with pytest.raises(InvalidActionError, match="sub-env 2 cannot be carried out"):
            vec.step(invalid)
        vec.step(fine)
        with pytest.raises(InvalidActionError, match="sub-env 2"):
            vec.step_chunk(np.stack([fine, invalid]))
        assert not vec.step(fine)[4]
        assert vec.health()["accounts"]["invalid_actions"] == 2
        assert vec.health()["accounts"]["restarts"] == 0
