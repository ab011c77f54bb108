"""What is randomised, and when."""

import enum
from pathlib import Path


class RandomizeEvery(enum.Enum):
    """When something is randomised."""

    EPISODE = 0
    TRANSITION = 1


class VisualRandomizationConfig:
    """Textures to draw from."""

    def __init__(
        self,
        image_directory: str,
        blacklist: list[str] | None = None,
        randomize_arm: bool = True,
    ) -> None:
        if not Path(image_directory).exists():
            raise NotADirectoryError(image_directory)
        self.image_directory = image_directory
