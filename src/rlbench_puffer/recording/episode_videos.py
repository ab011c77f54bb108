"""The videos of one sub-env's episode, one for each camera."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import RecordingError
from rlbench_puffer.recording.video import VideoWriter


class EpisodeVideos:
    """Takes frames from observations; a context manager.

    Args:
      folder: where the files go.
      stem: what their names begin with.
      cameras: each camera's size, height and width.
      fps: frames per second.

    Attributes:
      stem: likewise.
      paths: the files.

    Raises:
      RecordingError: a file cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        cameras: Mapping[str, tuple[int, int]],
        fps: float,
    ) -> None:
        self.stem = stem
        self._writers: dict[str, VideoWriter] = {}
        self.paths: list[Path] = []
        try:
            for name, size in cameras.items():
                path = folder / f"{stem}_{name}.mp4"
                self._writers[name] = VideoWriter(path, size, fps)
                self.paths.append(path)
        except BaseException:
            self.abandon()
            raise

    def add(self, row: NDArray[np.void] | np.void) -> None:
        """Take the frames that are in one observation, by field name."""
        for name, writer in self._writers.items():
            writer.add(row[f"{name}_rgb"])

    def close(self) -> None:
        """Finish every file."""
        for writer in self._writers.values():
            writer.close()

    def abandon(self) -> None:
        """Remove every unfinished file."""
        for writer in self._writers.values():
            writer.abandon()

    def __enter__(self) -> "EpisodeVideos":
        """For ``with`` blocks."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Finish the files, or remove them after an error."""
        if kind is None:
            self.close()
        else:
            self.abandon()


def make_folder(folder: Path) -> None:
    """Make the folder that videos go into.

    Raises:
      RecordingError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordingError(
            f"The output folder {folder} cannot be made: {error.strerror or error}."
        ) from error
