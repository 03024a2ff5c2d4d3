"""Sparse X: what the estimators make of it is what they make of the same dense X."""

import numpy as np
import pytest
from scipy import sparse
from small_estimators import assert_same_bits, classifier, regressor

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]


def words(samples=60, columns=40):
    """Counts of words as of short texts, mostly 0, and which of two topics each is about."""
    draws = np.random.default_rng(0)
    topics = draws.integers(0, 2, samples)
    counts = draws.poisson(np.where(topics[:, np.newaxis] == np.arange(columns) % 2, 0.4, 0.05))
    return counts.astype(float), topics


@pytest.mark.parametrize("form", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_sparse_matrix_is_its_dense_array(form, dtype):
    x, y = words()
    x = x.astype(dtype)
    dense, of_sparse = classifier(max_iter=5).fit(x, y), classifier(max_iter=5).fit(form(x), y)
    assert_same_bits(dense, of_sparse)
    assert of_sparse.coefs_[0].dtype == dtype
    np.testing.assert_array_equal(dense.predict_proba(x), of_sparse.predict_proba(form(x)))


def test_sparse_validation_samples_and_parts():
    x, y = words()
    first, second = (sparse.csr_array(part) for part in (x[:30], x[30:]))
    dense = classifier(max_iter=5).fit(x[:30], y[:30], validation=(x[30:], y[30:]))
    assert_same_bits(dense, classifier(max_iter=5).fit(first, y[:30], validation=(second, y[30:])))
    dense = regressor().partial_fit(x[:30], y[:30]).partial_fit(x[30:], y[30:])
    assert_same_bits(dense, regressor().partial_fit(first, y[:30]).partial_fit(second, y[30:]))


def test_a_matrix_that_would_not_fit_into_memory_is_one_sentence_and_loses_nothing():
    x, y = words()
    model = classifier(max_iter=2).fit(x, y)
    before = model.predict_proba(x)
    huge = sparse.csr_array((2**20, 2**24))
    with pytest.raises(
        ValueError, match=r"X: got a sparse matrix of shape \(1048576, 16777216\), expected one that .* GB"
    ):
        model.fit(huge, np.arange(2**20) % 2)
    with pytest.raises(ValueError, match=r"X: got a sparse matrix of shape"):
        model.predict(huge)
    np.testing.assert_array_equal(model.predict_proba(x), before)
