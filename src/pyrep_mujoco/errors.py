"""Every error this package raises on purpose, in one tree.

PyRepMujocoError
├── ModelFileError (ValueError)    a .ttm or .ttt file that cannot be read
├── UnknownObjectError (KeyError, RuntimeError)  no object of that handle or name
├── SceneError (RuntimeError)      what cannot be simulated
├── NotLaunchedError (RuntimeError)  nothing is simulated in this process
├── MissingDependencyError (ImportError)  an optional package is not installed
├── InstallError (RuntimeError)    PyRep cannot be made to simulate with MuJoCo
└── DrawingError (RuntimeError)    there is no OpenGL to draw with
"""

import os
from collections.abc import Sequence


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


class UnknownObjectError(PyRepMujocoError, KeyError, RuntimeError):
    """There is no object of this handle or name in the scene.

    PyRep takes a RuntimeError for that.

    Args:
      asked: the handle or name.
      near: names that are like it.
    """

    def __init__(self, asked: int | str, near: Sequence[str] = ()) -> None:
        hint = f" Names like it: {', '.join(near)}." if near else ""
        super().__init__(f"The scene has no object {asked!r}.{hint}")

    def __str__(self) -> str:
        # KeyError would show the sentence in quotes.
        return self.args[0]


class SceneError(PyRepMujocoError, RuntimeError):
    """An object asks for what MuJoCo or this package cannot simulate.

    Args:
      name: the object's name.
      what: what is wrong with it, as the rest of "The object 'x' ...".
      next_step: one sentence that says what to do.
    """

    def __init__(self, name: str, what: str, next_step: str) -> None:
        super().__init__(f"The object {name!r} {what}. {next_step}")


class NotLaunchedError(PyRepMujocoError, RuntimeError):
    """A function of the API was called and nothing is simulated in this process."""

    def __init__(self) -> None:
        super().__init__(
            "Nothing is simulated in this process: it was not launched, or it was "
            "shut down. Call PyRep.launch() first."
        )


class MissingDependencyError(PyRepMujocoError, ImportError):
    """An optional package is needed and is not installed.

    Args:
      package: the package that could not be imported.
      purpose: what needs it.
      extra: the extra of this distribution that brings it.
    """

    def __init__(self, package: str, purpose: str, extra: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed. "
            f"Run `uv sync --extra {extra}`."
        )


class InstallError(PyRepMujocoError, RuntimeError):
    """PyRep cannot be made to simulate with MuJoCo in this process.

    Args:
      what: why not, as a sentence without its stop.
      next_step: one sentence that says what to do.
    """

    def __init__(self, what: str, next_step: str) -> None:
        super().__init__(f"{what}. {next_step}")


class DrawingError(PyRepMujocoError, RuntimeError):
    """Pictures cannot be drawn in this process.

    Args:
      why: what OpenGL or its absence says.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"There is no OpenGL to draw with: {why}. Set MUJOCO_GL to egl or osmesa "
            "before the first picture; `rlbench-puffer doctor` says what works here."
        )
