"""PPO (Schulman et al. 2017): what is learnt from one rollout."""

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rlbench_puffer.distributed.group import RankGroup
from rlbench_puffer.errors import DivergedError
from rlbench_puffer.training.gae import gae
from rlbench_puffer.training.normalization import RewardNormalizer
from rlbench_puffer.training.policy import Policy
from rlbench_puffer.training.rollouts import Rollout
from rlbench_puffer.training.settings import TrainSettings

LOSS_PARTS = ("loss", "policy_loss", "value_loss", "entropy", "divergence")
"""What is told of each minibatch, the gradient's norm beside."""


class Learner:
    """Improves a policy by clipped probability ratios, several epochs a rollout.

    Args:
      policy: changed in place.
      settings: of the run.
      generator: torch's, shuffles the minibatches.
      keep_state: writes the present state into a file and returns its path; called
        by every rank before a run is stopped.
      ranks: whose gradients are averaged, each by its number of steps, so that all
        take the step that one rank with all the data would take.

    Attributes:
      optimizer: Adam.
    """

    def __init__(
        self,
        policy: Policy,
        settings: TrainSettings,
        generator: Any,
        keep_state: Callable[[], Path],
        ranks: RankGroup,
    ) -> None:
        self._ranks = ranks
        self._policy = policy
        self._settings = settings
        self._generator = generator
        self._keep_state = keep_state
        self.optimizer = torch.optim.Adam(
            policy.parameters(), settings.learning_rate, eps=1e-5
        )

    def learn(
        self, rollout: Rollout, normalize: RewardNormalizer, update: int
    ) -> dict[str, float]:
        """Several epochs over one rollout.

        Args:
          rollout: drawn with this policy.
          normalize: takes in and scales its rewards.
          update: how many rollouts were learnt from before.

        Returns:
          Means of the parts of the loss, the gradient's norm, and how far the
          policy moved (``divergence``).

        Raises:
          DivergedError: one of them is not finite; the weights are those before.
        """
        settings = self._settings
        assert settings.updates is not None
        rate = settings.learning_rate * (1.0 - update / settings.updates)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        rewards = normalize(
            rollout.rewards, rollout.terminals | rollout.truncations, rollout.valid
        )
        advantages = gae(
            rewards,
            rollout.values,
            rollout.terminals,
            rollout.truncations,
            rollout.valid,
            discount=settings.discount,
            trace_decay=settings.trace_decay,
        )
        device, chosen = self._policy.device, rollout.valid
        data = [
            torch.from_numpy(array[chosen]).to(device)
            for array in (
                rollout.observations,
                rollout.actions,
                rollout.log_probabilities,
                advantages,
                advantages + rollout.values[:-1],
            )
        ]
        frames: Any = None
        stacks: Any = None
        if rollout.pictures is not None:
            # Stacks are put together for one minibatch at a time.
            frames = torch.from_numpy(rollout.pictures.flat).to(device)
            stacks = torch.from_numpy(rollout.pictures.rows(chosen)).to(device)
        count = len(data[0])
        everywhere = self._ranks.sum(np.array([count], np.float64))[0]
        # As many on every rank: each has a part of every minibatch.
        batches = max(1, round(everywhere / settings.minibatch_size))
        advantage = torch.from_numpy(advantages[chosen])
        sums: dict[str, float] = {}
        for epoch in range(settings.epochs):
            order = torch.randperm(count, generator=self._generator)
            parts = torch.tensor_split(order, batches)
            moments = self._moments([advantage[rows] for rows in parts])
            for number, (rows, moment) in enumerate(zip(parts, moments, strict=True)):
                there = rows.to(device)
                seen = None if frames is None else frames[stacks[there]]
                told = self._gradient([part[there] for part in data], seen, moment)
                self._check_finite(told, update, epoch, number)
                self.optimizer.step()
                for name, value in told.items():
                    sums[name] = sums.get(name, 0.0) + value
        steps = settings.epochs * batches
        return {name: value / steps for name, value in sums.items()}

    def _moments(self, batches: list[Any]) -> list[tuple[float, float, float]]:
        """Steps of each minibatch on all ranks, and their advantages' moments.

        Returns:
          For each its number of steps, the mean and the standard deviation.
        """
        own = [batch.numpy().astype(np.float64) for batch in batches]
        sums = self._ranks.sum(np.array([[len(part), part.sum()] for part in own]))
        counts = sums[:, 0]
        means = sums[:, 1] / np.maximum(counts, 1.0)
        squares = [
            np.square(part - mean).sum() for part, mean in zip(own, means, strict=True)
        ]
        variances = self._ranks.sum(np.array(squares)) / np.maximum(counts, 1.0)
        return list(zip(counts, means, np.sqrt(variances), strict=True))

    def _gradient(
        self, data: list[Any], pictures: Any, moment: tuple[float, float, float]
    ) -> dict[str, float]:
        """Leave a minibatch's gradient, that of all ranks, in the parameters.

        Returns:
          The parts of the loss, and the gradient's norm before it was cut.
        """
        parameters = list(self._policy.parameters())
        self.optimizer.zero_grad(set_to_none=False)
        count, mean, deviation = moment
        names = LOSS_PARTS
        told = torch.zeros(len(names), device=self._policy.device)
        # A rank without a step in it has nothing to add, and no mean to take.
        if len(data[0]):
            share = len(data[0]) / count
            parts = self._losses(data, pictures, mean, deviation)
            (parts["loss"] * share).backward()
            told = torch.stack([parts[name].detach() * share for name in names])
        if self._ranks.size > 1:
            self._add_up(parameters, told)
        norm = torch.nn.utils.clip_grad_norm_(parameters, self._settings.max_grad_norm)
        values = dict(zip(names, told.tolist(), strict=True))
        return {**values, "gradient_norm": norm.item()}

    def _add_up(self, parameters: list[Any], told: Any) -> None:
        """Sum gradients and parts of the loss over the ranks, in one message."""
        gradients = [
            torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
            for parameter in parameters
        ]
        flat = torch.cat([told, *(gradient.flatten() for gradient in gradients)])
        self._ranks.sum_tensor(flat)
        told.copy_(flat[: len(told)])
        start = len(told)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            end = start + gradient.numel()
            parameter.grad = flat[start:end].view_as(parameter).clone()
            start = end

    def _losses(
        self, data: Sequence[Any], pictures: Any, mean: float, deviation: float
    ) -> dict[str, Any]:
        settings = self._settings
        numbers, actions, drawn, advantages, targets = data
        now, entropy, values = self._policy.judge(numbers, pictures, actions)
        log_ratio = now - drawn
        ratio = log_ratio.exp()
        scaled = (advantages - mean) / (deviation + 1e-8)
        clipped = ratio.clamp(1.0 - settings.clip, 1.0 + settings.clip)
        policy_loss = -torch.minimum(ratio * scaled, clipped * scaled).mean()
        value_loss = 0.5 * (values - targets).square().mean()
        loss = (
            policy_loss
            + settings.value_coefficient * value_loss
            - settings.entropy_coefficient * entropy
        )
        return {
            "loss": loss,
            "policy_loss": policy_loss.detach(),
            "value_loss": value_loss.detach(),
            "entropy": entropy.detach(),
            # Schulman's estimate of the divergence, never negative.
            "divergence": ((ratio - 1.0) - log_ratio).mean().detach(),
        }

    def _check_finite(
        self, parts: dict[str, float], update: int, epoch: int, number: int
    ) -> None:
        """Stop before a step that would spoil the weights.

        Raises:
          DivergedError: names the part, and where the state is kept.
        """
        for name, value in parts.items():
            if not math.isfinite(value):
                path = self._keep_state()
                raise DivergedError(
                    f"The {name} is {value} in update {update + 1}, epoch "
                    f"{epoch + 1}, minibatch {number + 1}. The state before that step "
                    f"is in {path}, beside the last regular checkpoint. "
                    "Try a smaller --train-lr."
                )
