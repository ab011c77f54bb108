# MuJoCo's native modules carry no types; the type checker reads this instead.
from typing import Any

def __getattr__(name: str) -> Any: ...
