"""scikit-learn's own checks of estimators: all that its networks are asked, and passed."""

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.utils import estimator_checks
from small_estimators import classifier, regressor

pytestmark = [pytest.mark.usefixtures("cpu"), pytest.mark.filterwarnings("ignore:max_iter=")]

# Skipped for scikit-learn's own MLP as well: it wants SCIPY_ARRAY_API=1.
SKIPPED_FOR_ALL = {"check_array_api_input"}
# What both inherit is asked of one of them, and what other tests ask already of none; with --campaign both are asked
# everything.
REPRESENTATIVE = {
    "classifier": (
        "check_classifiers_train",
        "check_classifiers_multilabel_representation_invariance",
        "check_estimators_nan_inf",
        "check_estimators_partial_fit_n_features",
        "check_estimator_sparse_array",
        "check_methods_subset_invariance",
        "check_supervised_y_2d",
    ),
    "regressor": (
        "check_regressors_train",
        "check_regressor_multioutput",
        "check_fit2d_1sample",
        "check_fit_idempotent",
        "check_n_features_in",
        "check_parameters_default_constructible",
        "check_sample_weight_equivalence_on_dense_data",
    ),
}


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_passes_every_check_that_scikit_learn_has(kind):
    import ms_dnn

    estimator = {"classifier": ms_dnn.DNNClassifier, "regressor": ms_dnn.DNNRegressor}[kind](max_iter=100)
    results = estimator_checks.check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(results) > 50
    not_passed = {result["check_name"]: result["exception"] for result in results if result["status"] != "passed"}
    assert set(not_passed) <= SKIPPED_FOR_ALL, not_passed


@pytest.mark.parametrize(("make", "theirs"), [(classifier, MLPClassifier), (regressor, MLPRegressor)])
def test_is_asked_every_check_that_the_network_of_scikit_learn_is_asked(make, theirs):
    asked, asked_of_theirs = (
        {(check.func.__name__, *sorted(check.keywords.items())) for _, check in generated}
        for generated in map(estimator_checks.estimator_checks_generator, (make(), theirs()))
    )
    assert asked_of_theirs <= asked


@pytest.mark.parametrize(("kind", "make"), [("classifier", classifier), ("regressor", regressor)])
def test_passes_a_choice_of_the_checks_of_scikit_learn(kind, make):
    estimator = make(max_iter=25, learning_rate=0.03, random_state=None)
    left = set(REPRESENTATIVE[kind])
    for instance, check in estimator_checks.estimator_checks_generator(estimator):
        if check.func.__name__ in left:  # some come again with other options
            left.remove(check.func.__name__)
            check(instance)
    assert not left
