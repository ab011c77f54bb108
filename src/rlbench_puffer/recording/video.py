"""Writes one video file; encodes in a thread of its own and never drops a frame."""

import contextlib
import queue
import subprocess
import tempfile
import threading
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from rlbench_puffer.errors import InvalidOptionError, RecordingError

QUEUE_FRAMES = 64
"""Frames that may wait for the encoder; :meth:`VideoWriter.add` waits beyond."""

STALL_S = 60.0
"""How long the encoder may take for one frame before the disk is called stuck."""


class VideoWriter:
    """One MP4 file, H.264.

    It is written under a name ending in ``.part`` and gets its own when it is
    complete: a file of the final name can always be played.

    Args:
      path: where to; its folder must exist.
      size: height and width of the frames in pixels.
      fps: frames per second of the video.
    """

    def __init__(self, path: Path, size: tuple[int, int], fps: float) -> None:
        if not fps > 0:
            raise InvalidOptionError("fps", fps, "a number above 0")
        self.path = path
        self.frames = 0
        self._size = size
        self._part = path.with_name(f"{path.name}.part")
        self._queue: queue.Queue[bytes | None] = queue.Queue(QUEUE_FRAMES)
        self._failure: str | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            # ffmpeg's own message for this goes to its log only; ours names it.
            self._part.touch()
        except OSError as error:
            self._log.close()
            raise RecordingError(
                f"{path} cannot be written: {error.strerror or error}. Choose another "
                "output folder."
            ) from error
        self._process = subprocess.Popen(
            _command(self._part, size, fps),
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            process_group=0,
        )
        self._thread = threading.Thread(target=self._encode, daemon=True)
        self._thread.start()

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Hand over one frame, (height, width, 3); waits while the queue is full.

        The frame is copied: its buffer may be written again at once.

        Raises:
          RecordingError: the encoder failed or is stuck; the message says why.
        """
        if frame.shape != (*self._size, 3) or frame.dtype != np.uint8:
            raise InvalidOptionError(
                "frame",
                f"{frame.dtype} {frame.shape}",
                f"uint8 {(*self._size, 3)}, as the video was opened with",
            )
        self._put(frame.tobytes())
        self.frames += 1

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
          RecordingError: the file could not be completed; nothing has its name.
        """
        if self._thread.is_alive():
            self._put(None)
        self._thread.join(STALL_S)
        if self._thread.is_alive():
            self._failure = self._failure or f"no frame was taken for {STALL_S:g} s"
        self._raise_failure()
        self._part.replace(self.path)
        self._log.close()

    def abandon(self) -> None:
        """End the encoder and remove the unfinished file. Twice is fine."""
        self._failure = self._failure or "it was abandoned"
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(5.0)
        self._part.unlink(missing_ok=True)
        if not self._log.closed:
            self._log.close()

    def _put(self, data: bytes | None) -> None:
        self._raise_failure()
        try:
            self._queue.put(data, timeout=STALL_S)
        except queue.Full:
            self._failure = f"no frame was taken for {STALL_S:g} s: is the disk stuck?"
        self._raise_failure()

    def _raise_failure(self) -> None:
        if self._failure is None:
            return
        failure = self._failure
        self.abandon()
        raise RecordingError(
            f"{self.path} could not be written after {self.frames} frames: {failure}. "
            "Files that were finished before are intact; free some space or choose "
            "another output folder."
        )

    def _encode(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        broken = False
        while (data := self._queue.get()) is not None:
            if broken:
                continue  # Keep add() from waiting until it sees the failure.
            try:
                pipe.write(data)
            except OSError:
                broken = True
                self._process.wait()
                self._failure = self._said()
        with contextlib.suppress(OSError):
            pipe.close()
        if self._process.wait() != 0 and self._failure is None:
            self._failure = self._said()

    def _said(self) -> str:
        if self._log.closed:
            return "the encoder was ended"
        self._log.seek(0)
        text = self._log.read().decode(errors="replace").strip()
        # Of ffmpeg's many lines the first names the cause, the last the effect.
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return "; ".join(dict.fromkeys(lines[:1] + lines[-1:])) or "the encoder ended"


def _command(path: Path, size: tuple[int, int], fps: float) -> list[str]:
    height, width = size
    return [
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-y", "-nostdin", "-loglevel", "error"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
        *("-r", str(fps), "-i", "-", "-an"),
        # Players want even sizes; a missing row or column repeats the last one.
        *("-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2"),
        *("-vcodec", "libx264", "-pix_fmt", "yuv420p", "-crf", "20"),
        *("-threads", "1", "-f", "mp4", "-movflags", "+faststart"),
        str(path),
    ]
