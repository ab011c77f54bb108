"""PPO (Schulman et al. 2017): what is learnt from one rollout."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from rlbench_puffer.errors import DivergedError
from rlbench_puffer.training.gae import gae
from rlbench_puffer.training.normalization import RewardNormalizer
from rlbench_puffer.training.policy import Policy
from rlbench_puffer.training.rollouts import Rollout
from rlbench_puffer.training.settings import TrainSettings


class Learner:
    """Improves a policy by clipped probability ratios, several epochs a rollout.

    Args:
      policy: changed in place.
      settings: of the run.
      generator: torch's, shuffles the minibatches.
      keep_state: writes the present state into a file and returns its path; called
        before a run is stopped.

    Attributes:
      optimizer: Adam.
    """

    def __init__(
        self,
        policy: Policy,
        settings: TrainSettings,
        generator: Any,
        keep_state: Callable[[], Path],
    ) -> None:
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
        settings, policy = self._settings, self._policy
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
        chosen = rollout.valid
        data = [
            torch.from_numpy(array[chosen])
            for array in (
                rollout.observations,
                rollout.actions,
                rollout.log_probabilities,
                advantages,
                advantages + rollout.values[:-1],
            )
        ]
        count = len(data[0])
        batches = max(1, round(count / settings.minibatch_size))
        sums: dict[str, float] = {}
        for epoch in range(settings.epochs):
            order = torch.randperm(count, generator=self._generator)
            for number, rows in enumerate(torch.tensor_split(order, batches)):
                parts = self._losses(*(part[rows] for part in data))
                self.optimizer.zero_grad()
                parts["loss"].backward()
                parts["gradient_norm"] = torch.nn.utils.clip_grad_norm_(
                    policy.parameters(), settings.max_grad_norm
                )
                told = {name: part.item() for name, part in parts.items()}
                self._check_finite(told, update, epoch, number)
                self.optimizer.step()
                for name, value in told.items():
                    sums[name] = sums.get(name, 0.0) + value
        steps = settings.epochs * batches
        return {name: value / steps for name, value in sums.items()}

    def _losses(
        self, seen: Any, actions: Any, drawn: Any, advantages: Any, targets: Any
    ) -> dict[str, Any]:
        settings = self._settings
        now, entropy, values = self._policy(seen, actions)
        log_ratio = now - drawn
        ratio = log_ratio.exp()
        scaled = (advantages - advantages.mean()) / (
            advantages.std(correction=0) + 1e-8
        )
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
