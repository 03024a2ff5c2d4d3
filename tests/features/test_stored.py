"""What is known of data comes back to the bit, or is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.data.fingerprint import Fingerprint
from ms_dnn.errors import DataError
from ms_dnn.features.stored import DatasetMetadata, TargetScaling, metadata_from_json, metadata_to_json
from ms_dnn.features.training_values import TrainingValues

FINITE = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


def known(**other):
    given = {
        "fingerprint": Fingerprint(samples=6, crc=2**32 - 1),
        "inputs": 4,
        "named": True,
        "image_shape": (2, 2),
        "value_range": (0.0, 16.0),
        "class_names": ("gelb", "größer"),
        "target_scaling": None,
        "training_values": TrainingValues(ranges={"größe": (-5e-324, 1e300)}, light_ground=1 / 3),
    }
    return DatasetMetadata(**{**given, **other})


NUMBERS = known(
    class_names=(), target_scaling=TargetScaling(kind="standard", offset=(0.1, -5e-324), scale=(1 / 3, 1e300))
)
TEXT = metadata_to_json(NUMBERS)


@given(st.lists(st.tuples(FINITE, FINITE.filter(bool)), min_size=1, max_size=3))
def test_every_bit_comes_back(numbers):
    offset, scale = zip(*numbers, strict=True)
    before = known(class_names=(), target_scaling=TargetScaling(kind="min_max", offset=offset, scale=scale))
    after = metadata_from_json(metadata_to_json(before))
    assert after == before
    assert repr(after) == repr(before)  # −0 is 0, but another bit


def test_names_in_any_script_come_back():
    assert metadata_from_json(metadata_to_json(known())) == known()
    assert '"größer"' in metadata_to_json(known())


def test_every_text_that_is_cut_short_is_refused():
    for end in range(len(TEXT.rstrip())):
        with pytest.raises(DataError, match="got notes that are wrong at"):
            metadata_from_json(TEXT[:end])


@given(st.sampled_from(sorted(json.loads(TEXT))), JSON)
def test_any_other_fact_is_refused_or_can_be_stored(key, fact):
    """Infinity and NaN among them, which Python's JSON writes."""
    try:
        read = metadata_from_json(json.dumps({**json.loads(TEXT), key: fact}))
    except DataError:
        return
    assert metadata_from_json(metadata_to_json(read)) == read


@pytest.mark.parametrize(
    ("loss", "outputs", "sentence"),
    [("squared_error", 1, "the targets have shape"), ("hinge", 2, "compares classes, but the data are for regression")],
)
def test_a_network_that_answers_to_other_data_is_refused(loss, outputs, sentence):
    NUMBERS.check_outputs("squared_error", 2)
    with pytest.raises(DataError, match=sentence):
        NUMBERS.check_outputs(loss, outputs)
    known().check_outputs("hinge", 1)
    with pytest.raises(DataError, match="3 unit"):
        known().check_outputs("hinge", 3)
