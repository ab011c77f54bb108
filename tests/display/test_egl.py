"""Which EGL device a rank takes, and that MuJoCo takes the same one."""

from typing import Any

import pytest

from rlbench_puffer.display.egl import (
    EglDevice,
    by_preference,
    egl_devices,
    mujoco_device_id,
    renderer_of,
)


def _device(index: int, **facts: Any) -> EglDevice:
    known: dict[str, Any] = {"cuda_id": None, "drm_file": None, "uuid": None}
    known["software"] = False
    return EglDevice(index=index, **(known | facts))


# EGL's order is not CUDA's, and Mesa's device stands between.
MACHINE = (
    _device(0, cuda_id=2, uuid="cc" * 16),
    _device(1, software=True),
    _device(2, cuda_id=0, uuid="aa" * 16),
    _device(3, cuda_id=1, uuid="bb" * 16),
)


@pytest.mark.parametrize(
    ("environment", "index"),
    [
        ({}, 2),
        ({"LOCAL_RANK": "1"}, 3),
        ({"LOCAL_RANK": "2"}, 0),
        ({"CUDA_VISIBLE_DEVICES": "1"}, 3),
        ({"CUDA_VISIBLE_DEVICES": "2,0", "LOCAL_RANK": "1"}, 2),
        # More ranks than devices share them in turn.
        ({"CUDA_VISIBLE_DEVICES": "2,0", "LOCAL_RANK": "2"}, 0),
        ({"CUDA_VISIBLE_DEVICES": "GPU-bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"}, 3),
        ({"CUDA_VISIBLE_DEVICES": "GPU-cccccccc", "LOCAL_RANK": "0"}, 0),
    ],
)
def test_a_rank_prefers_its_own_gpu(environment: dict[str, str], index: int) -> None:
    first, *others = by_preference(MACHINE, environment)
    assert first.index == index
    assert others[-1].software


def test_without_a_gpu_the_software_device_is_taken() -> None:
    lone = (_device(0, software=True),)
    assert by_preference(lone, {"CUDA_VISIBLE_DEVICES": ""}) == list(lone)


def test_hidden_gpus_are_left_alone() -> None:
    def order(visible: str) -> list[int]:
        environment = {"CUDA_VISIBLE_DEVICES": visible, "LOCAL_RANK": "1"}
        return [device.index for device in by_preference(MACHINE, environment)]

    assert order("") == [1]
    assert order("0,2") == [0, 2, 1]
    # Numbers of a driver that counts only what is left over.
    assert order("6,7") == [3, 1]


def test_a_gpu_that_is_no_cuda_device_is_tried_before_software() -> None:
    machine = (_device(0, software=True), _device(1, drm_file="/dev/dri/card0"))
    for environment in ({}, {"CUDA_VISIBLE_DEVICES": "0"}):
        order = by_preference(machine, environment)
        assert [device.index for device in order] == [1, 0]


@pytest.mark.display
@pytest.mark.parametrize("visible", [None, "0,1,2", "2,0,1", "1", "GPU-bb", "7,8,9"])
def test_mujoco_reads_our_number_as_the_same_device(
    visible: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MUJOCO_GL", "egl")
    egl = pytest.importorskip("mujoco.egl")
    environment = {} if visible is None else {"CUDA_VISIBLE_DEVICES": visible}
    by_cuda = {d.cuda_id: d for d in MACHINE if d.cuda_id is not None}
    listed = egl._parse_cuda_device_ids(visible)
    order = egl._ordered_egl_devices(list(MACHINE), by_cuda, listed)
    for device in by_preference(MACHINE, environment):
        if device.software:
            continue  # Beside GPUs MuJoCo has no number for it.
        number = mujoco_device_id(MACHINE, device, environment)
        assert egl._select_egl_device(order, by_cuda, listed, number) is device


@pytest.mark.display
def test_this_machines_devices_are_listed_and_one_renders() -> None:
    devices = egl_devices()
    assert [device.index for device in devices] == list(range(len(devices)))
    assert any(renderer_of(device) for device in devices)
    for device in devices:
        assert ("software" in device.description) == device.software
