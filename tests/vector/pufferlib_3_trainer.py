"""Runs an example on PufferLib 3 from its sources: their kernel is built beside them.

python pufferlib_3_trainer.py BUILD_FOLDER SCRIPT [OPTION ...]
"""

import importlib.util
import runpy
import sys
from pathlib import Path
from typing import Any

import pufferlib
from torch.utils import cpp_extension


def load_kernel(folder: Path) -> Any:
    """``pufferlib._C``, the trainer's kernel; built in a folder if it is not there."""
    source = Path(pufferlib.__file__).parent / "extensions" / "pufferlib.cpp"
    library = folder / "_C.so"
    if not library.exists():
        cpp_extension.load(
            "_C", [str(source)], build_directory=str(folder), extra_cflags=["-O1"]
        )
    spec = importlib.util.spec_from_file_location("_C", library)
    assert spec is not None
    assert spec.loader is not None
    kernel = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(kernel)
    return kernel


if __name__ == "__main__":
    build, script, *options = sys.argv[1:]
    if importlib.util.find_spec("pufferlib._C") is None:
        kernel = load_kernel(Path(build))
        sys.modules["pufferlib._C"] = kernel
        setattr(pufferlib, "_C", kernel)  # noqa: B010 - as importing it would
    sys.argv = [script, *options]
    runpy.run_path(script, run_name="__main__")
