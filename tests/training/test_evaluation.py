"""Evaluations: whole episodes, in one round or in several."""

import numpy as np
import pytest

from rlbench_puffer.vector.make import make_vec

pytest.importorskip("torch", reason="torch is not installed: uv sync --extra train")

from rlbench_puffer.training.evaluation import evaluate


def test_rounds_play_the_episodes_that_as_many_sub_envs_play_at_once() -> None:
    seen: dict[int, list[int]] = {}

    def mean_return(num_envs: int) -> tuple[float, float, int]:
        begun: list[int] = []

        def act(observations: np.ndarray, begins: np.ndarray) -> np.ndarray:
            begun.append(int(begins.sum()))
            return np.full((num_envs, 8), 0.2, np.float32)

        vec = make_vec(
            "reach_target",
            num_envs,
            backend="native",
            reward="shaped",
            episode_length=4,
        )
        told = evaluate(vec, act, [5, 6, 7])
        vec.close()
        seen[num_envs] = begun
        return told.mean_return, told.mean_length, told.episodes

    at_once, in_rounds = mean_return(3), mean_return(2)
    assert at_once == pytest.approx(in_rounds)
    assert at_once[1:] == (4.0, 3)
    # A round's observations all begin episodes, and so do the next round's.
    assert seen == {3: [3, 0, 0, 0], 2: [2, 0, 0, 0] * 2}
