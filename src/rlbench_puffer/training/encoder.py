"""The network that looks at pictures: three convolutions and a layer behind them."""

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

FEATURES = 128
"""Numbers that pictures are summed up in."""


class PictureEncoder(nn.Module):
    """Features of stacked frames.

    The network of Mnih et al. 2015 with about half its channels, for processors
    without a GPU; its features are normalised, as the numbers beside them are. From
    every frame the mean of those seen so far is taken away: most of a picture is the
    same table in all of them, and features of it would drown what differs.

    Args:
      picture_shape: (depth, height, width, channels); at least 36 x 36 pixels.

    Attributes:
      mean: (height, width, channels) of the frames seen so far, float32, 0 to 255;
        grey at the start.
      count: how many those were, float64.
    """

    mean: torch.Tensor
    count: torch.Tensor

    def __init__(self, picture_shape: tuple[int, int, int, int]) -> None:
        super().__init__()
        depth, height, width, channels = picture_shape
        # With the weights in checkpoints: actions depend on them as much.
        self.register_buffer("mean", torch.full(picture_shape[1:], 127.5))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))
        layers: list[Any] = []
        inputs, rows, columns = depth * channels, height, width
        for outputs, size, stride in ((16, 8, 4), (32, 4, 2), (32, 3, 1)):
            layers += [_started(nn.Conv2d(inputs, outputs, size, stride)), nn.ReLU()]
            inputs = outputs
            rows, columns = ((n - size) // stride + 1 for n in (rows, columns))
        layers += [
            nn.Flatten(),
            _started(nn.Linear(inputs * rows * columns, FEATURES)),
            nn.LayerNorm(FEATURES),
            nn.Tanh(),
        ]
        self.layers = nn.Sequential(*layers)

    def forward(self, pictures: Any) -> Any:
        """Features (k, FEATURES) of (k, depth, height, width, channels) uint8."""
        k, depth, height, width, channels = pictures.shape
        beside = pictures.permute(0, 2, 3, 1, 4)
        beside = beside.reshape(k, height, width, depth * channels)
        centered = (beside.float() - self.mean.repeat(1, 1, depth)) / 255.0
        # Channels stay last in memory, which the convolutions take as it is.
        return self.layers(centered.permute(0, 3, 1, 2))

    def take_in(self, total: NDArray[np.float64], count: float) -> None:
        """Let the mean follow more frames.

        Args:
          total: (height, width, channels) of them, added up.
          count: how many.
        """
        together = self.count + count
        mean = self.mean.double()
        added = torch.from_numpy(total).to(mean.device) - count * mean
        self.mean.copy_(mean + added / together)
        self.count.copy_(together)


def _started(layer: Any) -> Any:
    nn.init.orthogonal_(layer.weight, math.sqrt(2.0))
    nn.init.zeros_(layer.bias)
    return layer
