"""What learns: a processor or a GPU, and what torch needs to compile for it."""

import os
import shutil

import torch

from rlbench_puffer.errors import InvalidOptionError
from rlbench_puffer.training.settings import TrainSettings


def prepare_device(settings: TrainSettings) -> None:
    """Make sure that a run's device, precision and compiler can be had here.

    Raises:
      InvalidOptionError: names what is missing.
    """
    if settings.device == "cuda":
        if not torch.cuda.is_available():
            raise InvalidOptionError(
                "device",
                "cuda",
                "'cpu': torch finds no GPU here",
                "Look at `nvidia-smi`, and whether this torch was built for CUDA.",
            )
        if settings.precision == "bf16" and not torch.cuda.is_bf16_supported():
            raise InvalidOptionError(
                "precision", "bf16", "'float32': this GPU has no bfloat16"
            )
    if settings.compile:
        # For a processor torch writes C++; for a GPU triton builds its launchers in C.
        variable, usual = ("CC", "gcc") if settings.device == "cuda" else ("CXX", "g++")
        compiler = os.environ.get(variable, usual)
        if shutil.which(compiler) is None:
            raise InvalidOptionError(
                "compile",
                True,
                f"False: torch compiles with {compiler}, which is not here",
                "Install it with `apt-get install g++`.",
            )
