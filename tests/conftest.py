"""What all tests share: the flag for long runs, the hypothesis profiles, the device."""

import gc
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["pytester"]  # for the tests of the package's own plugin

# As the command line sets them, before MindSpore is imported: no log, and no dumps of failed graphs in the checkout.
os.environ.setdefault("GLOG_v", "4")
os.environ.setdefault("MS_OM_PATH", tempfile.gettempdir())

# No verdict on how fast the machine draws examples. A folder that all examples of a test share is meant.
ANY_MACHINE = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
# The same examples in every run, so that a red build is red for everybody.
settings.register_profile("default", ANY_MACHINE, derandomize=True, max_examples=30)
settings.register_profile("campaign", ANY_MACHINE, max_examples=500, print_blob=True)

# The longest files, so that on several workers none of them comes last and leaves the others without work. Those that
# start many processes have others between them.
FIRST = (
    "cli/test_train_distributed",
    "judge/test_check_gradients",
    "cli/test_sweep_command",
    "estimators/test_estimators",
    "cli/test_commands",
    "judge/test_network_judgement",
    "judge/test_check_command",
    "cli/test_kill_and_resume",
    "training/test_resuming",
    "judge/test_other_layers",
    "audit/test_workers",
    "estimators/test_regularised_estimators",
    "judge/test_naming",
    "estimators/test_scikit_learn_checks",
    "data/test_training_on_own_files",
    "training/test_epoch_graph",
    "layers/test_penalty",
    "training/test_epoch",
)


def pytest_addoption(parser):
    parser.addoption(
        "--campaign",
        action="store_true",
        help="long runs: tests marked 'campaign', which are deselected without this flag, and 500 random hypothesis "
        "examples a test in place of 30 fixed ones",
    )

    parser.addoption("--site", type=Path, help="the documentation as scripts/build_docs.sh made it, for tests/site")


def pytest_ignore_collect(collection_path, config):
    # Without a site there is nothing to open: scripts/build_docs.sh makes one and gives it.
    if collection_path == Path(__file__).parent / "site" and config.getoption("--site") is None:
        return True
    return None


@pytest.hookimpl(tryfirst=True)  # pytest-timeout reads its option in the same hook
def pytest_configure(config):
    config.option.loadscopereorder = False  # else xdist begins with the files of many tests, which are short ones
    if config.getoption("--campaign") and config.getoption("--timeout") is None:
        config.option.timeout = 3600  # a thousand examples last longer than any one test of the default run
    if not config.getoption("--hypothesis-profile", default=None):
        settings.load_profile("campaign" if config.getoption("--campaign") else "default")


def pytest_collection_modifyitems(config, items):
    places = {config.rootpath / "tests" / f"{name}.py": place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(FIRST)))
    if config.getoption("--campaign"):
        return
    long_runs = [item for item in items if item.get_closest_marker("campaign")]
    if long_runs:
        config.hook.pytest_deselected(items=long_runs)
        items[:] = [item for item in items if not item.get_closest_marker("campaign")]


@pytest.fixture(scope="session")
def cpu():
    """MindSpore on the CPU, set before the first operation. Only tests that compute in it ask for this."""
    from ms_dnn.runtime.device import use_device

    device = use_device("CPU")
    # MindSpore collects garbage after each graph that it compiles; what the imports made is none, and takes 0.1 s.
    gc.freeze()
    return device


@pytest.fixture(scope="module", autouse=True)
def _little_garbage():
    """What earlier files left is collected once and then no longer looked at."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def unpictured():
    """No curves and pictures of a run, which take as long as a short training: for files that do not look at them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ms_dnn.runs.training.draw_curves", lambda *_: None)
        patch.setattr("ms_dnn.runs.training.draw_pictures", lambda *_: ())
        yield
