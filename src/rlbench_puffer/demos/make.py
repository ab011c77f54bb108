"""Opens what needs Minari; imports it only then, and says how to get it."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlbench_puffer.demos.request import DemoRequest
from rlbench_puffer.errors import MissingDependencyError

if TYPE_CHECKING:
    from rlbench_puffer.demos.collect import Progress
    from rlbench_puffer.demos.loading import Demos

EXTRA = "datasets"


def minari_files() -> Any:
    """The module ``demos.minari_files``.

    Raises:
      MissingDependencyError: Minari or h5py is not installed.
    """
    try:
        return importlib.import_module("rlbench_puffer.demos.minari_files")
    except ModuleNotFoundError as error:
        if error.name not in ("minari", "h5py"):
            raise
        raise MissingDependencyError(error.name, "A set of demos", EXTRA) from error


def collect_demos(
    request: DemoRequest, told: "Callable[[Progress], None]" = lambda progress: None
) -> "Progress":
    """See :func:`rlbench_puffer.demos.collect.collect`.

    Raises:
      MissingDependencyError: the extra ``datasets`` is not installed.
    """
    minari_files()
    from rlbench_puffer.demos.collect import collect

    return collect(request, told)


def load_demos(folder: str | Path) -> "Demos":
    """The demos that ``rlbench-puffer demos --out FOLDER`` wrote.

    Args:
      folder: of the set.

    Returns:
      A sequence of :class:`rlbench_puffer.demos.demo.Demo`, by index; each is read
      when it is asked for.

    Raises:
      RecordingError: there is no set.
      MissingDependencyError: the extra ``datasets`` is not installed.
    """
    minari_files()
    from rlbench_puffer.demos.loading import Demos

    return Demos(Path(folder))
