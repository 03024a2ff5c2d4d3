"""Which dtype computes where, and how near two right gradients must be."""

import pytest

from ms_dnn.errors import DeviceError
from ms_dnn.runtime.precision import check_precision, comparison_tolerance


@pytest.mark.parametrize("device", ["CPU", "GPU", "Ascend"])
@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_everywhere(device, precision):
    check_precision(precision, device)
    assert 0 < comparison_tolerance(precision, device) < 0.1


@pytest.mark.parametrize("device", ["GPU", "Ascend"])
def test_bfloat16_where_a_device_has_it(device):
    check_precision("bfloat16", device)
    check_precision("mixed_bfloat16", device)
    assert comparison_tolerance("bfloat16", device) > comparison_tolerance("float16", device)


@pytest.mark.parametrize(("precision", "instead"), [("bfloat16", "float16"), ("mixed_bfloat16", "mixed_float16")])
def test_no_bfloat16_on_cpu(precision, instead):
    with pytest.raises(DeviceError, match=f"take no bfloat16 there; use precision {instead} or float32$"):
        check_precision(precision, "CPU")


def test_more_digits_mean_a_smaller_tolerance():
    for device in ("CPU", "GPU"):
        falling = [comparison_tolerance(precision, device) for precision in ("float16", "float32", "float64")]
        assert falling == sorted(falling, reverse=True)


def test_float64_on_ascend():
    with pytest.raises(DeviceError) as error:
        check_precision("float64", "Ascend")
    assert str(error.value) == (
        "precision 'float64' on Ascend: Ascend's MatMul takes no float64; use precision float32, or device CPU for "
        "float64"
    )


@pytest.mark.parametrize("device", ["CPU", "GPU", "Ascend"])
def test_an_unknown_precision(device):
    with pytest.raises(DeviceError, match=f"precision 'float8' on {device}: it is not known on {device}"):
        comparison_tolerance("float8", device)
