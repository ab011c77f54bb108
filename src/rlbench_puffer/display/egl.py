"""EGL devices: which there are, which is this rank's, whether one can draw.

Asked through ctypes, so that nothing of it decides which OpenGL the process will use:
PyOpenGL settles on one platform when it is first imported.
"""

import ctypes
import dataclasses
import functools
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_EXTENSIONS = 0x3055
_PLATFORM_DEVICE_EXT = 0x313F
_CUDA_DEVICE_NV = 0x323A
_DRM_DEVICE_FILE_EXT = 0x3233
_DEVICE_UUID_EXT = 0x335C
_OPENGL_API = 0x30A2
_CONFIG = (0x3033, 0x0001, 0x3040, 0x0008, 0x3025, 24, 0x3038)
"""Pbuffer surfaces, desktop OpenGL, 24 bits of depth."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class EglDevice:
    """One entry of ``eglQueryDevicesEXT``."""

    index: int
    """Place in EGL's own order."""

    cuda_id: int | None
    """CUDA's number of the device, where the driver tells it."""

    drm_file: str | None
    """Its file in /dev/dri."""

    uuid: str | None
    """Its UUID in lower case hexadecimal digits, where the driver tells it."""

    software: bool
    """Whether it draws on the processor (Mesa)."""

    @property
    def description(self) -> str:
        """One line for people."""
        kind = "software" if self.software else "GPU"
        parts = [f"EGL device {self.index}, {kind}"]
        if self.cuda_id is not None:
            parts.append(f"CUDA {self.cuda_id}")
        if self.drm_file:
            parts.append(self.drm_file)
        return ", ".join(parts)


def egl_devices() -> tuple[EglDevice, ...]:
    """All devices of this machine; empty without EGL. Makes no context."""
    library = _library()
    if library is None:
        return ()
    try:
        pointers = _query(library)
    except AttributeError:
        return ()
    return tuple(_inspect(library, i, pointer) for i, pointer in enumerate(pointers))


def renderer_of(device: EglDevice) -> str | None:
    """What OpenGL calls the renderer of a device, or None if it makes no context."""
    library = _library()
    if library is None:
        return None
    pointers = _query(library)
    if device.index >= len(pointers):
        return None
    return _try_context(library, pointers[device.index])


def by_preference(
    devices: Sequence[EglDevice], environment: Mapping[str, str] | None = None
) -> list[EglDevice]:
    """Devices in the order in which this rank should try them.

    Rank ``LOCAL_RANK`` (0 without it) has the entry of that number in
    ``CUDA_VISIBLE_DEVICES``. A UUID there is compared with what EGL tells, or with
    the PCI address behind its DRM node; a number with ``EGL_CUDA_DEVICE_NV``. Equal
    numbering of EGL and CUDA is not assumed. The rank's own GPU comes first, then
    the other visible ones, then Mesa's software device, which is all there is
    without a GPU.

    Args:
      devices: what :func:`egl_devices` found.
      environment: variables to read, or None for the process's.
    """
    environment = os.environ if environment is None else environment
    software = [device for device in devices if device.software]
    gpus = [device for device in devices if not device.software]
    rank = _rank(environment)
    entries = _visible_entries(environment)
    if entries is None:
        own = [gpu for gpu in gpus if gpu.cuda_id == rank]
        return own + [gpu for gpu in gpus if gpu not in own] + software
    # CUDA_VISIBLE_DEVICES hides what it does not list, from drawing, too.
    listed = [gpu for entry in entries for gpu in gpus if _is_gpu(gpu, entry)]
    if listed:
        turn = rank % len(listed)
        return listed[turn:] + listed[:turn] + software
    # Some drivers number what is left over; others are no CUDA devices at all.
    left_over = [gpu for gpu in gpus if entries and gpu.cuda_id == rank]
    foreign = [gpu for gpu in gpus if gpu.cuda_id is None and gpu.uuid is None]
    return left_over + foreign + software


def mujoco_device_id(
    devices: Sequence[EglDevice],
    chosen: EglDevice,
    environment: Mapping[str, str] | None = None,
) -> int:
    """What ``MUJOCO_EGL_DEVICE_ID`` must be for MuJoCo to take a device.

    MuJoCo reads it as a place in ``CUDA_VISIBLE_DEVICES`` where that is a list of
    numbers and the driver tells CUDA's, then as CUDA's number, else as EGL's place
    in an order that has the CUDA devices first.
    """
    environment = os.environ if environment is None else environment
    by_cuda = {d.cuda_id: d for d in devices if d.cuda_id is not None}
    told = [d.cuda_id for d in devices if d.cuda_id is not None]
    if not told or len(set(told)) != len(told):
        return chosen.index
    listed = _listed_numbers(environment.get("CUDA_VISIBLE_DEVICES"))
    visible: list[EglDevice] = []
    if listed:
        for numbers in (listed, list(range(len(listed)))):
            if all(number in by_cuda for number in numbers):
                visible = [by_cuda[number] for number in numbers]
                break
    if chosen in visible:
        return visible.index(chosen)
    if chosen.cuda_id is not None:
        return chosen.cuda_id
    first = visible or [by_cuda[number] for number in sorted(by_cuda)]
    order = first + [device for device in devices if device not in first]
    return order.index(chosen)


def _listed_numbers(text: str | None) -> list[int]:
    entries = [entry.strip() for entry in (text or "").split(",") if entry.strip()]
    return [int(e) for e in entries] if all(e.isdigit() for e in entries) else []


def _visible_entries(environment: Mapping[str, str]) -> list[str] | None:
    """The entries of CUDA_VISIBLE_DEVICES, or None where it is not set."""
    text = environment.get("CUDA_VISIBLE_DEVICES")
    if text is None:
        return None
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _rank(environment: Mapping[str, str]) -> int:
    text = environment.get("LOCAL_RANK", "0")
    return int(text) if text.isdigit() else 0


def _is_gpu(device: EglDevice, wanted: str) -> bool:
    if wanted.isdigit():
        return device.cuda_id == int(wanted)
    digits = wanted.lower().removeprefix("gpu-").replace("-", "")
    if device.uuid is not None:
        return device.uuid.startswith(digits)
    address = _pci_address(device.drm_file)
    return address is not None and address == _pci_address_of_uuid(digits)


def _pci_address(drm_file: str | None) -> str | None:
    if drm_file is None:
        return None
    device = Path("/sys/class/drm") / Path(drm_file).name / "device"
    return device.resolve().name.lower() if device.exists() else None


def _pci_address_of_uuid(digits: str) -> str | None:
    for folder in Path("/proc/driver/nvidia/gpus").glob("*"):
        text = (folder / "information").read_text().lower().replace("-", "")
        if f"gpu{digits}" in text.replace(" ", ""):
            return folder.name.lower()
    return None


def _library() -> Any:
    for name in ("libEGL.so.1", "libEGL.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return None


def _function(library: Any, name: str, result: Any, *arguments: Any) -> Any:
    library.eglGetProcAddress.restype = ctypes.c_void_p
    address = library.eglGetProcAddress(name.encode())
    if not address:
        raise AttributeError(name)
    return ctypes.CFUNCTYPE(result, *arguments)(address)


def _query(library: Any) -> list[int]:
    query = _function(
        library,
        "eglQueryDevicesEXT",
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_void_p),
        ctypes.POINTER(ctypes.c_int),
    )
    count = ctypes.c_int()
    pointers = (ctypes.c_void_p * 64)()
    if not query(64, pointers, ctypes.byref(count)):
        return []
    return [int(pointer) for pointer in pointers[: count.value] if pointer]


def _inspect(library: Any, index: int, device: int) -> EglDevice:
    text = functools.partial(_device_text, library, device)
    extensions = text(_EXTENSIONS) or ""
    cuda = ctypes.c_ssize_t(-1)
    if "EGL_NV_device_cuda" in extensions:
        attribute = _function(
            library,
            "eglQueryDeviceAttribEXT",
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_int,
            ctypes.POINTER(ctypes.c_ssize_t),
        )
        if not attribute(device, _CUDA_DEVICE_NV, ctypes.byref(cuda)):
            cuda.value = -1
    return EglDevice(
        index=index,
        cuda_id=cuda.value if cuda.value >= 0 else None,
        drm_file=text(_DRM_DEVICE_FILE_EXT) if "device_drm" in extensions else None,
        uuid=_uuid(library, device) if "persistent_id" in extensions else None,
        software="EGL_MESA_device_software" in extensions,
    )


def _device_text(library: Any, device: int, name: int) -> str | None:
    ask = _function(
        library,
        "eglQueryDeviceStringEXT",
        ctypes.c_char_p,
        ctypes.c_void_p,
        ctypes.c_int,
    )
    answer = ask(device, name)
    return answer.decode() if answer else None


def _uuid(library: Any, device: int) -> str | None:
    ask = _function(
        library,
        "eglQueryDeviceBinaryEXT",
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.POINTER(ctypes.c_int),
    )
    value, size = (ctypes.c_ubyte * 16)(), ctypes.c_int()
    if not ask(device, _DEVICE_UUID_EXT, 16, value, ctypes.byref(size)):
        return None
    return bytes(value).hex()


def _try_context(library: Any, device: int) -> str | None:
    """The renderer's name, asked in a context on the device, or None."""
    pointer, integer = ctypes.c_void_p, ctypes.c_int
    get_display = _function(
        library, "eglGetPlatformDisplayEXT", pointer, ctypes.c_uint, pointer, pointer
    )
    display = get_display(_PLATFORM_DEVICE_EXT, device, None)
    if not display or not library.eglInitialize(pointer(display), None, None):
        return None
    library.eglChooseConfig.argtypes = [pointer, pointer, pointer, integer, pointer]
    library.eglCreateContext.argtypes = [pointer] * 4
    library.eglCreateContext.restype = pointer
    library.eglMakeCurrent.argtypes = [pointer] * 4
    library.eglDestroyContext.argtypes = [pointer] * 2
    library.eglGetCurrentContext.restype = pointer
    if library.eglGetCurrentContext():
        # Somebody draws in this thread already: it is theirs, and EGL works.
        return "in use by this process"
    attributes = (integer * len(_CONFIG))(*_CONFIG)
    config, count = pointer(), integer()
    found = library.eglChooseConfig(
        display, attributes, ctypes.byref(config), 1, ctypes.byref(count)
    )
    if not found or not count.value or not library.eglBindAPI(_OPENGL_API):
        return None
    context = library.eglCreateContext(display, config, None, None)
    if not context:
        return None
    try:
        if not library.eglMakeCurrent(display, None, None, context):
            return None
        name = _function(library, "glGetString", ctypes.c_char_p, ctypes.c_uint)
        _function(library, "glFinish", None)()
        answer = name(0x1F01)
        return answer.decode() if answer else None
    finally:
        library.eglMakeCurrent(display, None, None, None)
        library.eglDestroyContext(display, context)
