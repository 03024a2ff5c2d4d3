"""Which device computes: Ascend, GPU or CPU, decided once, before the first operation."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from ms_dnn.errors import DeviceError

PREFERENCE = ("Ascend", "GPU", "CPU")


@dataclass(frozen=True)
class Device:
    """The device in use and why it was chosen."""

    name: str
    reason: str


def choose_device(requested: str, is_available: Callable[[str], bool]) -> Device:
    """Return the device for "auto", "Ascend", "GPU" or "CPU".

    "auto" takes Ascend, then GPU, then CPU. A device that was named is never replaced by another.

    Raises:
        DeviceError: when the named device is not available, or the name is unknown.
    """
    if requested == "auto":
        missing: list[str] = []
        for name in PREFERENCE:
            if is_available(name):
                found = f"{' and '.join(missing)} not available" if missing else "the first choice"
                return Device(name, f"chosen by 'auto': {found}")
            missing.append(name)
        raise DeviceError("device 'auto': MindSpore reports no device at all, not even CPU: reinstall mindspore")
    if requested not in PREFERENCE:
        raise DeviceError(f"device: got '{requested}', expected auto, Ascend, GPU or CPU")
    if not is_available(requested):
        others = ", ".join(name for name in PREFERENCE if name != requested and is_available(name))
        raise DeviceError(
            f"device '{requested}' was asked for, but MindSpore finds none on this machine: install its driver "
            f"and the matching MindSpore, or use one that is there ({others}) or 'auto'"
        )
    return Device(requested, "named by the user")


def use_device(requested: str = "auto") -> Device:
    """Choose a device, "auto", "Ascend", "GPU" or "CPU", and make MindSpore use it, before the first operation.

    Raises:
        DeviceError: when the device is not available, or another one has already run an operation.

    Examples:
        >>> ms_dnn.use_device("CPU")
        Device(name='CPU', reason='named by the user')
    """
    import mindspore as ms

    device = choose_device(requested, _is_available)
    try:
        ms.set_device(device.name)
    except RuntimeError as error:
        if ms.get_context("device_target") == device.name:  # it computes there already, by MindSpore's own choice
            return device
        raise DeviceError(
            f"device '{device.name}': MindSpore refuses it because another device has already computed in this "
            "process: choose the device before the first operation, or start a new process"
        ) from error
    if device.name == "CPU":
        # Without it a PyNative read-back waits for a spinning thread: 4 ms instead of 0.08 ms.
        ms.runtime.launch_blocking()
    return device


def _is_available(name: str) -> bool:
    import mindspore as ms

    # To ask is no fault: a MindSpore that was imported first prints its loader's errors for each missing device.
    silenced = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        return bool(getattr(ms.device_context, name.lower()).is_available())
    finally:
        logging.disable(silenced)
