"""What is told of an update: a record of numbers, and a line for people."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.training.evaluation import Evaluation
from rlbench_puffer.training.rollouts import Rollout


def rollout_sums(rollout: Rollout) -> NDArray[np.float64]:
    """Steps, ended episodes, and the sums of their returns, lengths and successes."""
    ended = rollout.episodes
    return np.array(
        [
            rollout.valid.sum(),
            len(ended),
            sum(info["episode"]["r"] for info in ended),
            sum(info["episode"]["l"] for info in ended),
            sum(info["success"] for info in ended),
        ],
        np.float64,
    )


def rollout_means(sums: NDArray[np.float64]) -> dict[str, Any]:
    """Ended episodes and, where there are any, the means over them.

    Args:
      sums: of :func:`rollout_sums`, added up over the ranks.
    """
    means: dict[str, Any] = {"episodes": int(sums[1])}
    if sums[1]:
        for name, total in zip(("return", "length", "success"), sums[2:], strict=True):
            means[name] = float(total / sums[1])
    return means


def progress_line(
    record: dict[str, Any], updates: int, evaluation: Evaluation | None
) -> str:
    """One line: how far, how fast, how well."""
    parts = [
        f"update {record['update']}/{updates}",
        f"{record['env_steps']:,} steps",
        f"{record['steps_per_second']:,.0f}/s",
    ]
    if "return" in record:
        parts += [f"return {record['return']:.2f}", f"success {record['success']:.2f}"]
    if evaluation is not None:
        parts.append(f"eval {evaluation.success_once:.2f}")
    return "  ".join(parts)


def interruption_line(
    update: int, updates: int, kept: int | None, checkpoint_interval: int
) -> str:
    """Where a run was when somebody stopped it, and how it goes on.

    Args:
      update: updates done.
      updates: asked for.
      kept: of how many updates the checkpoint is; None without one.
      checkpoint_interval: updates from one to the next.
    """
    if kept is None:
        way = (
            "there is no checkpoint yet, for one is kept after every "
            f"{checkpoint_interval} (--checkpoint-interval)"
        )
    else:
        way = f"--resume goes on from the checkpoint of update {kept}"
    return f"interrupted after {update} of {updates} updates; {way}."
