"""docs/modes.md tells of every option that there is, and of none that there is not."""

import inspect

import pytest

from rlbench_puffer.cli.bench import bench
from rlbench_puffer.cli.debug import debug
from rlbench_puffer.cli.train import train
from structure.sources import ROOT

ALIASES = {"task_class": "task", "render_backend": "display"}
KNOWN_ELSEWHERE = [
    *("task_class", "max_steps", "action_chunk", "arm_mode", "fast", "no_rgb"),
    *("no_video", "profile_timing", "render_backend", "video_stride", "fps"),
    *("video_all", "output_dir", "train_updates", "train_lr", "train_hidden"),
    *("num_envs", "num_envs_total", "ddp_bind_gpu"),
]
"""Options that users of RLBench vector environments bring along."""


def table() -> dict[str, dict[str, str]]:
    """For each option what it means in each mode."""
    lines = (ROOT / "docs" / "modes.md").read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("| option |"))
    cells = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines[first:]
        if line.startswith("|")
    ]
    modes = [cell.strip("`") for cell in cells[0][1:]]
    return {
        name.strip("` -").replace("-", "_"): dict(zip(modes, row[1:], strict=True))
        for row in cells[2:]
        for name in row[0].split(",")
    }


def test_the_table_lists_every_option_that_users_bring_along() -> None:
    assert set(KNOWN_ELSEWHERE) <= table().keys()


@pytest.mark.parametrize("mode", [bench, debug, train])
def test_an_option_exists_where_the_table_gives_it_a_meaning(mode: object) -> None:
    assert callable(mode)
    there = inspect.signature(mode).parameters
    name_of_mode = getattr(mode, "__name__", "")
    for option, meanings in table().items():
        exists = ALIASES.get(option, option) in there
        assert exists == (meanings[name_of_mode] != "-"), option
