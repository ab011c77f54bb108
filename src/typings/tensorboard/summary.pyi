# tensorboard comes with the extra `train` only; the checks run without it, too.
from typing import Any

def __getattr__(name: str) -> Any: ...
