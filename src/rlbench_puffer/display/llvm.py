"""Two LLVMs in one process: Mesa's, and that of triton, which torch brings along."""

import contextlib
import ctypes
import importlib.util
import os
from pathlib import Path


def load_triton_first() -> bool:
    """Load triton's library before Mesa's, where triton is installed.

    Loaded after Mesa's, triton's LLVM is bound to the wrong one and crashes the
    process as soon as torch's optimizers import it (seen with triton 3.9 and Mesa's
    EGL, OSMesa and GLX); the other way round both work. Python imports nothing of
    triton here, so this takes 0.05 s, where importing it would take 0.4 s.

    Returns:
      Whether there was something to load.
    """
    found = importlib.util.find_spec("triton")
    if found is None:
        return False
    for folder in found.submodule_search_locations or ():
        library = Path(folder) / "_C" / "libtriton.so"
        # What cannot be loaded cannot meet Mesa either; torch will say what is wrong.
        with contextlib.suppress(OSError):
            ctypes.CDLL(str(library), mode=os.RTLD_NOW | os.RTLD_LOCAL)
            return True
    return False
