"""One formula under several names: how each way of writing a call is read."""

import numpy as np
import pytest

from ms_dnn.audit.catalogue import with_known_faults
from ms_dnn.audit.catalogue.apis import apis
from ms_dnn.audit.catalogue.inputs import integers, normal_arrays, together
from ms_dnn.audit.entry import Case

PAIR = normal_arrays((2,), (2,))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("nn.ELU(alpha=1.0)", [("nn.ELU", "nn.ELU(alpha=1.0)")]),
        ("ops.add", [("ops.add", "ops.add(x0, x1)")]),
        ("F.elu", [("mint.nn.functional.elu", "mint.nn.functional.elu(x0, x1)")]),
        ("F.elu(x0, 0.5)", [("mint.nn.functional.elu", "mint.nn.functional.elu(x0, 0.5)")]),
        ("{ops,mint}.add", [("ops.add", "ops.add(x0, x1)"), ("mint.add", "mint.add(x0, x1)")]),
        ("{ops,F}.elu(x0)", [("ops.elu", "ops.elu(x0)"), ("mint.nn.functional.elu", "mint.nn.functional.elu(x0)")]),
        ("nn.GELU(approximate=True)  # tanh", [("nn.GELU (tanh)", "nn.GELU(approximate=True)")]),
        ("ops.sum(x0, 1)[0]", [("ops.sum", "ops.sum(x0, 1)[0]")]),
        ("Tensor[::-1]: x0[::-1]", [("Tensor[::-1]", "x0[::-1]")]),
        ('ops.norm(x0, "a: b")', [("ops.norm", 'ops.norm(x0, "a: b")')]),
    ],
)
def test_a_call_gives_its_name_and_its_source_text(written, expected):
    assert [(entry.name, entry.call) for entry in apis(np.add, PAIR, written)] == expected


@pytest.mark.parametrize("cases", [PAIR, Case("ordinary", PAIR), (Case("ordinary", PAIR),)])
def test_inputs_alone_are_the_ordinary_case(cases):
    (entry,) = apis(np.add, cases, "ops.add")
    assert entry.cases == (Case("ordinary", PAIR),)


def test_what_is_known_holds_by_name():
    entries = apis(np.add, PAIR, "nn.GELU()  # tanh", "{ops,F}.gelu")
    rows = [{"apis": ["nn.GELU (tanh)", "ops.gelu"], "why": "off by 1"}]
    assert [entry.known for entry in with_known_faults(entries, rows)] == ["off by 1", "off by 1", ""]


def test_a_known_fault_of_no_entry_is_an_error():
    with pytest.raises(ValueError, match=r"known_faults\.yaml speaks of F\.gelu, which no entry has as its name"):
        with_known_faults(apis(np.add, PAIR, "F.gelu"), [{"apis": ["F.gelu"], "why": "off by 1"}])


def test_two_entries_of_one_name_are_an_error():
    with pytest.raises(ValueError, match=r"two entries of the audit have one name: ops\.add"):
        with_known_faults(apis(np.add, PAIR, "ops.add", "ops.add"), [])


def test_parameters_belong_to_cells_alone():
    entries = apis(np.add, PAIR, "nn.BiasAdd()", "ops.bias_add", parameters=("bias",))
    assert [entry.parameters for entry in entries] == [("bias",), ()]
    norms = apis(np.add, PAIR, "nn.N(2)", "mint.nn.N(2)", parameters={"nn": ("gamma",), "mint.nn": ("weight",)})
    assert [entry.parameters for entry in norms] == [("gamma",), ("weight",)]


def test_other_fields_are_those_of_the_entry():
    (entry,) = apis(np.add, PAIR, "ops.add", second_order=True, differentiable=(1,))
    assert entry.second_order
    assert entry.differentiable == (1,)


def test_inputs_together_come_from_one_stream_one_after_the_other():
    x, classes = together(normal_arrays((2, 3)), integers(5, 4))(np.random.default_rng(7))
    random = np.random.default_rng(7)
    np.testing.assert_array_equal(x, random.standard_normal((2, 3)))
    np.testing.assert_array_equal(classes, random.integers(0, 5, 4))
    assert classes.dtype == np.int32
