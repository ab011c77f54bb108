"""The policy and its value function: small networks of PyTorch."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rlbench_puffer.distributed.group import RankGroup
from rlbench_puffer.training.encoder import FEATURES, PictureEncoder
from rlbench_puffer.training.frames import FrameBuffer
from rlbench_puffer.training.observations import Seen


class Policy(nn.Module):
    """A normal distribution over actions, and a value, from one observation.

    Two networks of their own with tanh between the layers and orthogonal weights
    (Andrychowicz et al. 2021 found both to matter); the deviations are parameters
    that no observation changes. Where there are pictures, both networks look at what
    one encoder makes of them, beside the numbers.

    Args:
      observation_size: numbers in an observation.
      action_size: numbers in an action.
      hidden: widths of the hidden layers.
      initial_deviation: standard deviation of each component at the start.
      picture_shape: (depth, height, width, channels) of stacked frames, or None.
      precision: ``"float32"``, or ``"bf16"`` for products in bfloat16; weights and
        everything behind the networks are float32 either way.
    """

    def __init__(
        self,
        observation_size: int,
        action_size: int,
        hidden: Sequence[int],
        initial_deviation: float,
        picture_shape: tuple[int, int, int, int] | None = None,
        precision: str = "float32",
    ) -> None:
        super().__init__()
        self._bf16 = precision == "bf16"
        self.encoder: Any = None
        inputs = observation_size
        if picture_shape is not None:
            self.encoder = PictureEncoder(picture_shape)
            inputs += FEATURES
        # Small last weights: the first actions hardly depend on the observation.
        self.mean = _network(inputs, hidden, action_size, last_gain=0.01)
        self.value = _network(inputs, hidden, 1, last_gain=1.0)
        start = torch.full((action_size,), math.log(initial_deviation))
        self.log_deviation = nn.Parameter(start)

    @property
    def device(self) -> Any:
        """Where the weights are."""
        return self.log_deviation.device

    @property
    def mean_deviation(self) -> float:
        """Of the actions' components, as they are now."""
        return float(self.log_deviation.detach().exp().mean())

    def forward(self, numbers: Any, pictures: Any = None) -> tuple[Any, Any]:
        """Mean actions (k, action_size) and values (k,), float32.

        Args:
          numbers: (k, observation_size) normalised.
          pictures: (k, *picture_shape) uint8, where there are any.
        """
        with torch.autocast(numbers.device.type, torch.bfloat16, enabled=self._bf16):
            inputs = numbers
            if self.encoder is not None:
                inputs = torch.cat([numbers, self.encoder(pictures)], dim=1)
            means, values = self.mean(inputs), self.value(inputs)
        return means.float(), values[:, 0].float()

    def judge(self, numbers: Any, pictures: Any, actions: Any) -> tuple[Any, Any, Any]:
        """What the loss needs.

        Args:
          numbers: (k, observation_size) normalised.
          pictures: (k, *picture_shape) uint8, or None.
          actions: (k, action_size) as drawn.

        Returns:
          Log probabilities (k,), entropy (), values (k,).
        """
        means, values = self(numbers, pictures)
        normal = self._normal(means)
        log_probabilities = normal.log_prob(actions).sum(-1)
        return log_probabilities, normal.entropy().sum(-1).mean(), values

    def draw(
        self, seen: Seen, generator: Any
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
        """Actions to explore with.

        Args:
          seen: n observations.
          generator: the only source of chance; torch's, of the processor.

        Returns:
          Actions (n, action_size), not yet within bounds; their log probabilities
          (n,); values (n,).
        """
        with torch.no_grad():
            means, values = self._look(seen)
            normal = self._normal(means)
            noise = torch.randn(means.shape, generator=generator).to(self.device)
            actions = normal.mean + normal.stddev * noise
            log_probabilities = normal.log_prob(actions).sum(-1)
        return _array(actions), _array(log_probabilities), _array(values)

    def values(self, seen: Seen) -> NDArray[np.float32]:
        """Values (n,) of observations."""
        with torch.no_grad():
            return _array(self._look(seen)[1])

    def best(self, seen: Seen) -> NDArray[np.float32]:
        """Actions without chance, within bounds, (n, action_size)."""
        with torch.no_grad():
            return _array(self._look(seen)[0].clamp(-1.0, 1.0))

    def take_in(self, pictures: FrameBuffer | None, ranks: RankGroup) -> None:
        """Get used to what a rollout showed; it looks at what differs from the mean.

        Args:
          pictures: of this rank's rollout, or None without cameras.
          ranks: that have a part of it each.
        """
        if pictures is not None:
            total, count = pictures.total()
            sums = ranks.sum(np.append(total.ravel(), count))
            self.encoder.take_in(sums[:-1].reshape(total.shape), float(sums[-1]))

    def _look(self, seen: Seen) -> tuple[Any, Any]:
        pictures = seen.pictures
        if pictures is not None:
            pictures = torch.from_numpy(pictures).to(self.device)
        return self(torch.from_numpy(seen.numbers).to(self.device), pictures)

    def _normal(self, means: Any) -> Any:
        return torch.distributions.Normal(
            means, self.log_deviation.exp(), validate_args=False
        )


def _array(tensor: Any) -> NDArray[np.float32]:
    return tensor.cpu().numpy()


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
