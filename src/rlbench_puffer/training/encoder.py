"""The network that looks at pictures: three convolutions and a layer behind them."""

import math
from typing import Any

from torch import nn

FEATURES = 128
"""Numbers that pictures are summed up in."""


class PictureEncoder(nn.Module):
    """Features of stacked frames.

    The network of Mnih et al. 2015 with about half its channels, for processors
    without a GPU; its features are normalised, as the numbers beside them are.

    Args:
      picture_shape: (depth, height, width, channels); at least 36 x 36 pixels.
    """

    def __init__(self, picture_shape: tuple[int, int, int, int]) -> None:
        super().__init__()
        depth, height, width, channels = picture_shape
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
        # Channels stay last in memory, which the convolutions take as it is.
        return self.layers(beside.permute(0, 3, 1, 2).float() / 255.0 - 0.5)


def _started(layer: Any) -> Any:
    nn.init.orthogonal_(layer.weight, math.sqrt(2.0))
    nn.init.zeros_(layer.bias)
    return layer
