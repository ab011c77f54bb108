"""Every error this package raises on purpose, in one tree.

PyRepMujocoError
└── ModelFileError (ValueError)    a .ttm or .ttt file that cannot be read
"""

import os


class PyRepMujocoError(Exception):
    """Base of all errors that this package raises on purpose."""


class ModelFileError(PyRepMujocoError, ValueError):
    """A model or scene file is damaged, or of a form this reader does not know.

    Args:
      what: what was expected there and what came, as a sentence without its stop.
      path: the chunks around the place, outermost first, such as ``SHP/Ge2/Gst``;
        empty for the file's header.
      offset: byte offset of the place; of the decoded body unless ``path`` is empty.
      next_step: one sentence that says what to do.
      file: the file's path, if it is known.
    """

    def __init__(
        self,
        what: str,
        *,
        path: str = "",
        offset: int = 0,
        next_step: str = "Get the file again, or save it anew with CoppeliaSim 4.1.",
        file: str = "",
    ) -> None:
        self.what = what
        self.path = path
        self.offset = offset
        self.next_step = next_step
        self.file = file
        place = f"{path} at byte {offset} of the body" if path else f"byte {offset}"
        begin = f"{file}: " if file else ""
        super().__init__(f"{begin}{what} ({place}). {next_step}")

    def in_file(self, file: str | os.PathLike[str]) -> "ModelFileError":
        """The same error, naming the file."""
        return ModelFileError(
            self.what,
            path=self.path,
            offset=self.offset,
            next_step=self.next_step,
            file=os.fspath(file),
        )

    def __reduce__(self) -> tuple[object, ...]:
        # The default would give the joined sentence to `what` when unpickled.
        facts = (self.what, self.path, self.offset, self.next_step, self.file)
        return _rebuild, facts


def _rebuild(
    what: str, path: str, offset: int, next_step: str, file: str
) -> ModelFileError:
    return ModelFileError(
        what, path=path, offset=offset, next_step=next_step, file=file
    )
