"""Columns of a table: fitted on the training set alone, applied block by block, the same after they were stored."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ms_dnn.config.columns_section import CategoryColumn, MultiHotColumn, NumberColumn, filling
from ms_dnn.errors import DataError
from ms_dnn.features.columns import fit_features
from ms_dnn.features.stored import features_from_json, features_to_json

COLOURS = CategoryColumn(unseen="other", missing="indicator")


def frame(**columns):
    return pd.DataFrame(
        {
            name: np.array(cells, object if any(isinstance(c, str) for c in cells) else float)
            for name, cells in columns.items()
        }
    )


NUMBERS = st.floats(-1e6, 1e6) | st.just(np.nan)
WORDS = st.sampled_from(["red", "blue", "grün", "(other)", "a;b", ""])
KINDS = st.builds(
    NumberColumn,
    scaling=st.sampled_from([None, "none", "standard", "min_max"]),
    missing=st.sampled_from(["mean", "median", "most_frequent", "indicator"])
    | st.fixed_dictionaries({"constant": st.floats(-9, 9)}),
) | st.one_of(
    st.builds(
        CategoryColumn,
        unseen=st.sampled_from(["other", "ignore"]),
        missing=st.sampled_from(["most_frequent", "indicator", {"constant": "red"}]),
    ),
    st.builds(CategoryColumn, encoding=st.just("integer"), missing=st.just("most_frequent")),
    st.builds(
        MultiHotColumn,
        unseen=st.sampled_from(["other", "ignore"]),
        missing=st.sampled_from(["indicator", {"constant": "a;blue"}]),
    ),
)


@st.composite
def tables(draw):
    """A training set, other rows, and what was declared about their columns."""
    declared = {f"c{i}": kind for i, kind in enumerate(draw(st.lists(KINDS, min_size=1, max_size=5)))}
    parts = []
    for rows in (draw(st.integers(2, 6)), draw(st.integers(1, 7))):
        columns = {}
        for name, kind in declared.items():
            cells = draw(st.lists(NUMBERS if isinstance(kind, NumberColumn) else WORDS, min_size=rows, max_size=rows))
            known = 1.5 if isinstance(kind, NumberColumn) else "red"
            kept = [np.nan if cell == "" else cell for cell in cells[1:]]
            columns[name] = np.array([known, *kept], float if isinstance(kind, NumberColumn) else object)
        parts.append(pd.DataFrame(columns))
    return (*parts, declared)


@given(drawn=tables())
def test_what_is_stored_gives_the_same_bits(drawn):
    train, rows, declared = drawn
    features = fit_features(train, "standard", declared)
    stored = features_to_json(features)
    restored = features_from_json(stored)
    assert restored == features
    assert features_to_json(restored) == stored
    encoded = features.apply(rows)
    assert encoded.tobytes() == restored.apply(rows).tobytes()
    assert encoded.shape == (len(rows), len(features.names))
    assert np.isfinite(encoded).all()
    assert len(set(features.names)) == len(features.names)


@given(drawn=tables(), cut=st.integers(0, 7))
def test_blocks_of_rows_give_the_rows_of_the_whole(drawn, cut):
    train, rows, declared = drawn
    features = fit_features(train, "standard", declared)
    blocks = [features.apply(rows.iloc[:cut]), features.apply(rows.iloc[cut:])]
    assert np.concatenate(blocks).tobytes() == features.apply(rows).tobytes()


def test_columns_may_stand_in_any_order_among_others():
    declared = {"c": CategoryColumn()}
    train = frame(a=[1, 2, 3], c=["x", "y", "x"])
    features = fit_features(train, "standard", declared)
    shuffled = train.assign(more=1.0)[["c", "more", "a"]]
    assert features.apply(shuffled).tobytes() == features.apply(train).tobytes()


def test_numbers_against_their_definition():
    train = frame(a=[1.0, np.nan, 4.0], b=[0.0, 5.0, 10.0], d=[np.nan, 1.0, 3.0])
    declared = {
        "a": NumberColumn(missing="mean"),
        "b": NumberColumn(scaling="min_max"),
        "d": NumberColumn(scaling="none", missing="indicator"),
    }
    features = fit_features(train, "standard", declared)
    filled = np.array([1, 2.5, 4])
    expected = [(filled - 2.5) / filled.std(), [0, 0.5, 1], [2, 1, 3], [1, 0, 0]]
    np.testing.assert_allclose(features.apply(train), np.transpose(expected), atol=1e-15)
    assert features.names == ("a", "b", "d", "d=(missing)")


def test_a_neighbour_without_holes_keeps_no_hole_open():
    train = frame(a=[1.0, 3.0], b=[5.0, np.nan])
    features = fit_features(train, "none", {"b": NumberColumn(missing="mean")})
    assert features.apply(train).tolist() == [[1, 5], [3, 5]]


@pytest.mark.parametrize(
    ("missing", "value"), [("mean", 3.0), ("median", 2.0), ("most_frequent", 1.0), ({"constant": -7.0}, -7.0)]
)
def test_what_a_missing_number_becomes(missing, value):
    train = frame(a=[1.0, 1.0, 2.0, 3.0, 8.0, np.nan])
    features = fit_features(train, "none", {"a": NumberColumn(missing=missing)})
    assert features.apply(frame(a=[np.nan, 5.0])).tolist() == [[value], [5.0]]


def test_one_hot_with_unseen_and_missing_ones():
    features = fit_features(frame(c=["red", "blue", np.nan, "red"]), "none", {"c": COLOURS})
    assert features.names == ("c=blue", "c=red", "c=(other)", "c=(missing)")
    got = features.apply(frame(c=["red", "blue", "pink", np.nan, "(other)"]))
    assert got.tolist() == [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    ignoring = fit_features(frame(c=["red", "blue"]), "none", {"c": CategoryColumn(unseen="ignore")})
    assert ignoring.apply(frame(c=["pink", "red"])).tolist() == [[0, 0], [0, 1]]


def test_integers_count_the_categories_and_unseen_ones_come_last():
    column = CategoryColumn(encoding="integer", categories=("small", "large"), unseen="other")
    features = fit_features(frame(c=["large", "small"]), "none", {"c": column})
    assert features.apply(frame(c=["small", "large", "huge"])).tolist() == [[0], [1], [2]]
    assert features.names == ("c",)


def test_one_hot_puts_categories_at_equal_distances_and_integers_do_not():
    colours = frame(c=["amber", "blue", "cyan", "grey"])

    def distances(encoding):
        x = fit_features(colours, "standard", {"c": CategoryColumn(encoding=encoding)}).apply(colours)
        return {round(float(np.linalg.norm(a - b)), 12) for i, a in enumerate(x) for b in x[:i]}

    assert distances("one_hot") == {round(2**0.5, 12)}
    assert distances("integer") == {1.0, 2.0, 3.0}


def test_multi_hot():
    column = MultiHotColumn(separator="|", unseen="other", missing={"constant": ""})
    features = fit_features(frame(t=["b|a", "a | c|a", np.nan]), "none", {"t": column})
    assert features.names == ("t=a", "t=b", "t=c", "t=(other)")
    got = features.apply(frame(t=["a|b", " c ", np.nan, "x|y|a", "||"]))
    assert got.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 1], [0, 0, 0, 0]]


@pytest.mark.parametrize("column", [CategoryColumn(), MultiHotColumn()])
def test_an_unseen_category_is_told_with_its_row(column):
    features = fit_features(frame(c=["red", "blue"]), "none", {"c": column})
    rows = frame(c=["red", "pink"])
    rows.index = pd.Index([2, 7], name="line")
    with pytest.raises(DataError, match=r"line 7, column 'c' of 't.csv': got 'pink', expected one of 'blue', 'red': "):
        features.apply(rows, "'t.csv'")


@pytest.mark.parametrize("column", [CategoryColumn(), CategoryColumn(encoding="integer"), MultiHotColumn()])
def test_a_missing_cell_needs_a_declaration(column):
    features = fit_features(frame(c=["red", "blue"]), "none", {"c": column})
    with pytest.raises(DataError, match="column 'c': got a missing cell, expected a text"):
        features.apply(frame(c=["red", np.nan]))


def test_columns_without_any_value_are_refused():
    for column, cells in (
        (NumberColumn(missing="mean"), [np.nan, np.nan]),
        (CategoryColumn(missing="indicator"), [np.nan]),
    ):
        with pytest.raises(DataError, match="column 'c' of the training set: got no value"):
            fit_features(frame(c=cells), "standard", {"c": column})


@pytest.mark.parametrize(
    ("column", "fill"),
    [
        (CategoryColumn(categories=("red", "green"), missing="most_frequent"), "blue"),
        (CategoryColumn(missing={"constant": ""}), ""),
        (CategoryColumn(missing={"constant": "(other)"}), "(other)"),
        (MultiHotColumn(missing={"constant": "red;(missing)"}), "(missing)"),
    ],
)
def test_missing_cells_become_no_category_that_is_none(column, fill):
    missing, _ = filling(column)
    sentence = rf"column 'c' of the training set: got {re.escape(repr(fill))} for missing cells \({missing}\), "
    with pytest.raises(DataError, match=sentence):
        fit_features(frame(c=["blue", "blue", "red"]), "none", {"c": column})


def test_a_missing_column_is_named():
    features = fit_features(frame(a=[1.0, 2.0], c=["x", "y"]), "none", {"c": CategoryColumn()})
    with pytest.raises(DataError, match="got no column 'c'"):
        features.apply(frame(a=[1.0]))


def test_a_matrix_is_scaled_as_its_columns_are():
    x = np.random.default_rng(0).normal(3, 2, (40, 5))
    features = fit_features(x, "standard", names=tuple("abcde"))
    assert features.names == tuple("abcde")
    shuffled = pd.DataFrame(x, columns=list("abcde")).assign(more=0.0)[["d", "b", "more", "a", "e", "c"]]
    assert features.apply(x).tobytes() == features.apply(shuffled).tobytes()
    np.testing.assert_allclose(features.apply(x).mean(axis=0), 0, atol=1e-14)
    with pytest.raises(DataError, match=r"fitted on 5 features: give shape \(samples, 5\)"):
        features.apply(x[:, :4])


STORED = json.loads(
    features_to_json(
        fit_features(
            frame(a=[1.0, 2.0], c=["x", "y"], t=["x", "y;z"]),
            "standard",
            {"c": CategoryColumn(missing={"constant": "x"}), "t": MultiHotColumn()},
        )
    )
)


def damaged(column, **changes):
    columns = [dict(one) for one in STORED["columns"]]
    columns[column] |= changes
    return json.dumps({**STORED, "columns": columns})


@pytest.mark.parametrize(
    "stored",
    [
        "", "[]", "{}", "null", "[" * 10_000, '{"version": 1, "columns": []}', json.dumps({**STORED, "version": 2}),
        json.dumps({"kind": "standard", "offset": [0.0], "scale": [1.0]}),
        json.dumps({**STORED, "columns": STORED["columns"] * 2}),
        damaged(0, scale=0.0), damaged(0, scale=float("nan")), damaged(0, offset="1"), damaged(0, scaling="robust"),
        damaged(0, fill=3.0), damaged(0, kind="category"), damaged(0, more=1), damaged(0, missing="mean"),
        damaged(1, categories=[]), damaged(1, categories=["x", "x"]), damaged(1, categories=["y"]),
        damaged(1, unseen="perhaps"), damaged(1, encoding=3), damaged(2, separator=""),
    ],
)  # fmt: skip
def test_damaged_files_are_refused_in_one_sentence(stored):
    with pytest.raises(DataError, match="got features") as caught:
        features_from_json(stored)
    assert "\n" not in str(caught.value)


def test_scaled_numbers_can_be_taken_back():
    x = np.random.default_rng(0).normal(5.0, 3.0, (20, 3))
    for scaling in ("none", "standard", "min_max"):
        features = fit_features(x, scaling)
        assert features.invertible
        np.testing.assert_allclose(features.invert(features.apply(x)), x, rtol=1e-14)


@pytest.mark.parametrize(
    ("column", "filled"),
    [
        (CategoryColumn(missing="most_frequent"), [0, 1]),
        (CategoryColumn(encoding="integer", missing="most_frequent", unseen="other"), [1]),
        (CategoryColumn(missing={"constant": "blue"}), [1, 0]),
        (MultiHotColumn(missing={"constant": ""}), [0, 0]),
        (COLOURS, [0, 0, 0, 1]),
    ],
)
@pytest.mark.parametrize("rows", [1, 3])
def test_rows_of_which_none_has_a_category(column, filled, rows):
    features = fit_features(frame(c=["red", "blue", "red", np.nan]), "none", {"c": column})
    nothing = pd.DataFrame({"c": np.array([np.nan] * rows, object)})
    assert features.apply(nothing).tolist() == [filled] * rows
