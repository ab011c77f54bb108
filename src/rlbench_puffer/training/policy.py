"""The policy and its value function: small networks of PyTorch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn


class Policy(nn.Module):
    """A normal distribution over actions, and a value, from one observation vector.

    Two networks of their own with tanh between the layers and orthogonal weights
    (Andrychowicz et al. 2021 found both to matter); the deviations are parameters
    that no observation changes.

    Args:
      observation_size: numbers in an observation.
      action_size: numbers in an action.
      hidden: widths of the hidden layers.
      initial_deviation: standard deviation of each component at the start.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int],
        initial_deviation: float,
    ) -> None:
        super().__init__()
        # Small last weights: the first actions hardly depend on the observation.
        self.mean = _network(observation_size, hidden, action_size, last_gain=0.01)
        self.value = _network(observation_size, hidden, 1, last_gain=1.0)
        start = torch.full((action_size,), math.log(initial_deviation))
        self.log_deviation = nn.Parameter(start)

    def forward(self, observations: Any, actions: Any) -> tuple[Any, Any, Any]:
        """What the loss needs.

        Args:
          observations: (k, observation_size) normalised.
          actions: (k, action_size) as drawn.

        Returns:
          Log probabilities (k,), entropy (), values (k,).
        """
        normal = self._normal(observations)
        log_probabilities = normal.log_prob(actions).sum(-1)
        entropy = normal.entropy().sum(-1).mean()
        return log_probabilities, entropy, self.value(observations)[:, 0]

    def draw(
        self, observations: NDArray[np.float32], generator: Any
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Actions to explore with.

        Args:
          observations: (n, observation_size) normalised.
          generator: the only source of chance.

        Returns:
          Actions (n, action_size), not yet within bounds; their log probabilities
          (n,); values (n,).
        """
        with torch.no_grad():
            seen = torch.from_numpy(observations)
            normal = self._normal(seen)
            noise = torch.randn(normal.mean.shape, generator=generator)
            actions = normal.mean + normal.stddev * noise
            log_probabilities = normal.log_prob(actions).sum(-1)
            values = self.value(seen)[:, 0]
        return actions.numpy(), log_probabilities.numpy(), values.numpy()

    def values(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Values (n,) of normalised observations."""
        with torch.no_grad():
            return self.value(torch.from_numpy(observations))[:, 0].numpy()

    def best(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Actions without chance, within bounds, (n, action_size)."""
        with torch.no_grad():
            means = self.mean(torch.from_numpy(observations))
        return means.clamp(-1.0, 1.0).numpy()

    def _normal(self, observations: Any) -> Any:
        return torch.distributions.Normal(
            self.mean(observations), self.log_deviation.exp(), validate_args=False
        )


def _network(inputs: int, hidden: Sequence[int], outputs: int, last_gain: float) -> Any:
    layers: list[Any] = []
    for width in hidden:
        layers += [_linear(inputs, width, math.sqrt(2.0)), nn.Tanh()]
        inputs = width
    layers.append(_linear(inputs, outputs, last_gain))
    return nn.Sequential(*layers)


def _linear(inputs: int, outputs: int, gain: float) -> Any:
    layer = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(layer.weight, gain)
    nn.init.zeros_(layer.bias)
    return layer
