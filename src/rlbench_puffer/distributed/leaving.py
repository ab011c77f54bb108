"""How a rank's process ends: at once, when all is closed and told."""

import os
import sys
from typing import NoReturn


def leave(code: int) -> NoReturn:
    """End this process.

    A process that was one of several ranks ends without the interpreter's own clean-up.
    gloo's threads may outlive their group, and one that lets go of a tensor while the
    interpreter is taken down aborts the process ("terminate called without an active
    exception", pytorch pull request 179291), which torchrun takes for a failed job.

    Args:
      code: the exit code.
    """
    if "torch.distributed" not in sys.modules or "RANK" not in os.environ:
        sys.exit(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
