"""A labelled contact sheet: every task through some cameras, as one PNG."""

import contextlib
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.camera import Camera
from rlbench_puffer.config import DisplayName, EnvConfig, RenderQuality
from rlbench_puffer.envs.make import make_batch_env
from rlbench_puffer.errors import InvalidOptionError, RecordingError
from rlbench_puffer.recording.lettering import LETTER_HEIGHT, write_line

MARGIN = 6
"""White space around each picture, in pixels."""

_SCALE = 2
"""Size of the letters: pixels of a picture for one of a letter."""


def contact_sheet(
    tasks: Sequence[str],
    cameras: Sequence[str],
    size: tuple[int, int],
    *,
    seed: int = 0,
    quality: RenderQuality = "fine",
    display: DisplayName = "auto",
) -> NDArray[np.uint8]:
    """One row for each task, one column for each camera, the start of an episode.

    Args:
      tasks: names of tasks.
      cameras: RLBench's names of cameras.
      size: height and width of each picture.
      seed: seed of the episodes.
      quality: how the pictures are drawn.
      display: what on.

    Returns:
      (height, width, 3) uint8.
    """
    for option, names in (("tasks", tasks), ("cameras", cameras)):
        if not names:
            raise InvalidOptionError(option, (), "at least one name")
    height, width = size
    line = LETTER_HEIGHT * _SCALE + MARGIN
    rows = []
    for task in tasks:
        config = EnvConfig(
            task=task,
            cameras=dict.fromkeys(cameras, Camera(size=size)),
            render_quality=quality,
            display=display,
        )
        row = np.full(
            (
                height + 2 * line + 2 * MARGIN,
                len(cameras) * (width + MARGIN) + MARGIN,
                3,
            ),
            255,
            np.uint8,
        )
        env = make_batch_env(config, 1)
        try:
            env.reset(seed=[seed])
            for column, (camera, _) in enumerate(config.camera_pairs):
                left = MARGIN + column * (width + MARGIN)
                top = MARGIN + 2 * line
                picture = env.structured[f"{camera}_rgb"][0]
                row[top : top + height, left : left + width] = picture
                label = row[MARGIN + line : top, left : left + width]
                write_line(label, camera, _SCALE)
            write_line(row[MARGIN:, MARGIN:], task, _SCALE)
        finally:
            env.close()
        rows.append(row)
    return np.concatenate(rows)


def save_png(path: Path, picture: NDArray[np.uint8]) -> None:
    """Write a picture (height, width, 3) as PNG.

    Raises:
      RecordingError: the file cannot be written.
    """
    height, width, _ = picture.shape
    # Every line begins with the number of its filter; 0 is none.
    lines = np.zeros((height, 1 + 3 * width), np.uint8)
    lines[:, 1:] = picture.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (
        (b"IHDR", header),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for kind, content in chunks:
                file.write(struct.pack(">I", len(content)) + kind + content)
                file.write(struct.pack(">I", zlib.crc32(kind + content)))
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise RecordingError(f"{path} cannot be written: {error}.") from error
