"""What demos are asked for beside task and number reaches them and is kept."""

from pathlib import Path

import minari
import numpy as np
import pytest

import rlbench_puffer
from collecting import collect_here, request_for
from rlbench_puffer.demos.loading import Demos
from rlbench_puffer.demos.request import parse_randomize
from rlbench_puffer.errors import InvalidOptionError, UnknownNameError


def test_the_environments_options_are_the_demos_and_are_recovered(
    tmp_path: Path,
) -> None:
    request = request_for(
        tmp_path,
        reward="shaped",
        arm_action_mode="delta_ee_pose_ik",
        on_invalid="truncate",
        randomize=parse_randomize(["mass=0.3", "friction=0.2"]),
    )
    collect_here(request, [0])
    (demo,) = Demos(tmp_path)
    assert np.count_nonzero(demo.rewards) > 5
    (data,) = tmp_path.glob("shard-*/data")
    env = minari.MinariDataset(data).recover_environment()
    config = env.unwrapped.config  # pyright: ignore[reportAttributeAccessIssue]
    assert config == request.config
    env.reset(options={"demo": demo})
    told = [env.step(action)[1] for action in demo.actions]
    assert told == demo.rewards.tolist()
    env.close()


def test_randomisation_is_written_by_name_and_amount() -> None:
    assert parse_randomize([]) is None
    drawn = parse_randomize(["colors=0.3", "mass=0.2"])
    assert drawn == rlbench_puffer.Randomization(colors=0.3, mass=0.2)
    with pytest.raises(UnknownNameError, match="Did you mean 'colors'"):
        parse_randomize(["colours=0.3"])
    with pytest.raises(InvalidOptionError, match="mass=NUMBER"):
        parse_randomize(["mass"])
    with pytest.raises(InvalidOptionError, match=r"mass.*\[0, 0.9\]"):
        parse_randomize(["mass=2"])


@pytest.mark.display
def test_pictures_are_kept_without_loss(tmp_path: Path) -> None:
    request = request_for(
        tmp_path, cameras=("front",), camera_size=(40, 48), depth=True
    )
    collect_here(request, [0])
    (demo,) = Demos(tmp_path)
    assert demo.observations["front_rgb"].shape == (len(demo) + 1, 40, 48, 3)
    assert demo.observations["front_depth"].shape == (len(demo) + 1, 40, 48)
    (data,) = tmp_path.glob("shard-*/data")
    env = minari.MinariDataset(data).recover_environment()
    observation, _ = env.reset(options={"demo": demo})
    for step, action in enumerate(demo.actions[:5]):
        for name in ("front_rgb", "front_depth"):
            picture = demo.observations[name][step]
            assert observation[name].tobytes() == picture.tobytes()
        observation, *_ = env.step(action)
    env.close()
