"""Every task model of RLBench can be read, where they are at hand."""

import time

import pytest

from pyrep_mujoco.ttm.read import read_model
from rlbench_models import NOT_AT_HAND, model_files


@pytest.mark.skipif(not model_files(), reason=NOT_AT_HAND)
def test_every_task_model_is_read_within_the_time() -> None:
    slow = []
    for path in model_files():
        content = path.read_bytes()
        began = time.process_time()
        model = read_model(content)
        # The aim is 0.3 s on an idle machine.
        if time.process_time() - began > 0.6:
            slow.append(path.stem)
        assert any(thing.is_model_base for thing in model.objects)
    assert not slow
