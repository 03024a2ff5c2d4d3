"""The choice of the device, on machines that are only pretended."""

import pytest

from ms_dnn.errors import DeviceError
from ms_dnn.runtime.device import Device, choose_device, use_device


def machine_with(*names):
    return lambda name: name in names


@pytest.mark.parametrize(
    ("there", "device"),
    [
        (("Ascend", "GPU", "CPU"), Device("Ascend", "chosen by 'auto': the first choice")),
        (("Ascend", "CPU"), Device("Ascend", "chosen by 'auto': the first choice")),
        (("GPU", "CPU"), Device("GPU", "chosen by 'auto': Ascend not available")),
        (("CPU",), Device("CPU", "chosen by 'auto': Ascend and GPU not available")),
    ],
)
def test_auto_takes_ascend_then_gpu_then_cpu_and_says_why(there, device):
    assert choose_device("auto", machine_with(*there)) == device


def test_auto_without_any_device():
    with pytest.raises(DeviceError, match="no device at all, not even CPU: reinstall mindspore"):
        choose_device("auto", machine_with())


@pytest.mark.parametrize("name", ["Ascend", "GPU", "CPU"])
def test_a_named_device_that_is_there(name):
    assert choose_device(name, machine_with("Ascend", "GPU", "CPU")) == Device(name, "named by the user")


@pytest.mark.parametrize(
    ("name", "there", "others"),
    [("Ascend", ("GPU", "CPU"), "GPU, CPU"), ("Ascend", ("CPU",), "CPU"), ("GPU", ("CPU", "Ascend"), "Ascend, CPU")],
)
def test_a_named_device_that_is_missing_is_an_error_and_lists_the_others(name, there, others):
    with pytest.raises(DeviceError) as error:
        choose_device(name, machine_with(*there))
    assert str(error.value) == (
        f"device '{name}' was asked for, but MindSpore finds none on this machine: install its driver and the "
        f"matching MindSpore, or use one that is there ({others}) or 'auto'"
    )


@pytest.mark.parametrize("name", ["TPU", "cpu", ""])
def test_an_unknown_name(name):
    with pytest.raises(DeviceError) as error:
        choose_device(name, machine_with("CPU"))
    assert str(error.value) == f"device: got '{name}', expected auto, Ascend, GPU or CPU"


def test_cpu_is_really_used(cpu):
    import mindspore as ms

    assert cpu == use_device("CPU") == Device("CPU", "named by the user")
    assert ms.get_context("device_target") == "CPU"


def test_a_device_after_an_operation_on_another_raises(cpu, monkeypatch):
    import mindspore as ms

    from ms_dnn.runtime import device

    def refuse(name):
        raise RuntimeError("runtime has already been initialised")

    monkeypatch.setattr(ms, "set_device", refuse)
    monkeypatch.setattr(device, "_is_available", machine_with("GPU", "CPU"))
    with pytest.raises(DeviceError, match=r"device 'GPU': .*choose the device before the first operation"):
        use_device("GPU")


def test_the_device_that_already_computes_may_be_named_late(cpu, monkeypatch):
    import mindspore as ms

    def refuse(name):
        raise RuntimeError("runtime has already been initialised")

    monkeypatch.setattr(ms, "set_device", refuse)
    assert use_device("CPU") == Device("CPU", "named by the user")
