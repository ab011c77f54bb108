"""How a benchmark that compares two rates ends: rows in a file, the ratio in a line."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def keep_and_tell(rows: Sequence[dict[str, Any]], path: Path | None) -> None:
    """Write rows and print them, with their smallest ratio, as the last line.

    Args:
      rows: each with its ``ratio``.
      path: of the JSONL file; None: a quick run's rows are not kept.
    """
    if path is not None:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(json.dumps({"ratio": min(row["ratio"] for row in rows), "rows": rows}))
