"""A small video of each task's scripted expert.

    uv run python benchmarks/expert_videos.py [--quick] [--json]

Writes ``results/videos/<task>.mp4``: one episode through the front camera, in real
time. Where variations are different motions, one of them is shown. The last line
tells how many videos there are and their size.
"""

import argparse
import json
import tempfile
from pathlib import Path

from rlbench_puffer.recording.record import RecordRequest, record
from rlbench_puffer.tasks.registry import TASK_NAMES

OUT = Path(__file__).parents[1] / "results" / "videos"
SIZE = (240, 240)
SEED = 1


def main() -> None:
    """Record every task."""
    parser = argparse.ArgumentParser(description="Videos of the experts.")
    parser.add_argument("--quick", action="store_true", help="one task, no file kept")
    parser.add_argument("--json", action="store_true", help="only the last line")
    options = parser.parse_args()
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) if options.quick else OUT
        out.mkdir(parents=True, exist_ok=True)
        for task in TASK_NAMES[:1] if options.quick else TASK_NAMES:
            request = RecordRequest(
                task=task, policy="expert", size=SIZE, seed=SEED, output_dir=out
            )
            (made,) = record(request)
            video = made.replace(out / f"{task}.mp4")
            sizes[task] = video.stat().st_size
            if not options.json:
                print(f"{video.name}: {sizes[task]} bytes")
    print(json.dumps({"videos": len(sizes), "bytes": sum(sizes.values())}))


if __name__ == "__main__":
    main()
