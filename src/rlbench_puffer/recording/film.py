"""Films sub-envs behind any backend, from the pictures in their observations."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.recording.episode_videos import make_folder
from rlbench_puffer.recording.video import VideoWriter


class Film:
    """The open videos of the sub-envs that are filmed, one for each camera.

    Args:
      dtype: structured dtype of one observation.
      cameras: height and width of the pictures of each camera; none films nothing.
      env_ids: the sub-envs.
      fps: frames per second.
      path: of the video of a sub-env, an episode and a camera.

    Attributes:
      written: files that are complete, in order.
    """

    def __init__(
        self,
        dtype: np.dtype[np.void],
        cameras: Mapping[str, tuple[int, int]],
        env_ids: Iterable[int],
        fps: float,
        path: Callable[[int, int, str], Path],
    ) -> None:
        self.written: list[Path] = []
        self._dtype = dtype
        self._cameras = dict(cameras)
        self._env_ids = tuple(env_ids)
        self._fps = fps
        self._path = path
        self._open: dict[tuple[int, str], VideoWriter] = {}

    def add(
        self,
        observations: NDArray[np.generic],
        episodes: NDArray[np.int64],
        due: NDArray[np.bool_],
    ) -> None:
        """Take what sub-envs see now.

        Args:
          observations: (n, ...) flat.
          episodes: (n,) which of its episodes each is in.
          due: (n,) whose turn it is.

        Raises:
          RecordingError: a video cannot be written.
        """
        if not self._cameras:
            return
        seen = observations.view(self._dtype)[:, 0]
        for env_id in self._env_ids:
            if due[env_id]:
                for name in self._cameras:
                    writer = self._writer(env_id, int(episodes[env_id]), name)
                    writer.add(seen[f"{name}_rgb"][env_id])

    def finish(self, over: NDArray[np.bool_]) -> None:
        """Complete the videos of the episodes (n,) that are over."""
        for env_id, name in list(self._open):
            if over[env_id]:
                writer = self._open.pop((env_id, name))
                writer.close()
                self.written.append(writer.path)

    def abandon(self) -> None:
        """Remove what is unfinished."""
        for writer in self._open.values():
            writer.abandon()
        self._open.clear()

    def _writer(self, env_id: int, episode: int, name: str) -> VideoWriter:
        if (env_id, name) not in self._open:
            path = self._path(env_id, episode, name)
            make_folder(path.parent)
            self._open[env_id, name] = VideoWriter(path, self._cameras[name], self._fps)
        return self._open[env_id, name]
