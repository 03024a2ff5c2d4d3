"""The pytest plugin: the fixture ``gradcheck``, whose verdict on a gradient is that of the test.

Every pytest run loads this module where ms-dnn is installed: MindSpore and the judge are first imported by a check.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ms_dnn.errors import DeviceError, MsDnnError, OutputError, SubjectError

if TYPE_CHECKING:
    from ms_dnn.judge.judgement import Judgement

CHOICES = {
    "precision": ("float64", "float32", "float16", "bfloat16"),
    "modes": ("pynative", "compiled"),
    "device": ("auto", "Ascend", "GPU", "CPU"),
}
"""What the command line's options take."""
HTML_REPORTS = "gradcheck-html"
"""The name under which pytest knows the :class:`HtmlReports`, if there are any."""
WRITTEN = pytest.StashKey[int]()
"""How many reports a test has written."""


# What a test uses -----------------------------------------------------------------------------------------------


@pytest.fixture
def gradcheck(request: pytest.FixtureRequest, _gradcheck_options: dict[str, Any]) -> GradientCheck:
    """Judge gradients, with the arguments of ms_dnn.check_gradients: PASS, FAIL, or skip where INCONCLUSIVE.

    Example::

        def test_swish(gradcheck):
            gradcheck(Swish(), inputs=x)
    """
    return GradientCheck(request.node, _gradcheck_options, request.config.pluginmanager.get_plugin(HTML_REPORTS))


@pytest.fixture(scope="session")
def _gradcheck_options(pytestconfig: pytest.Config) -> dict[str, Any]:
    """Return what the command line says; the device that it names is then in use."""
    options = _of_command_line(pytestconfig)
    if "device" in options:
        from ms_dnn.runtime.device import use_device

        try:
            options["device"] = use_device(options["device"]).name
        except DeviceError as error:
            raise pytest.fail.Exception(f"--gradcheck-device: {error}", pytrace=False) from None
    return options


class GradientCheck:
    """What the fixture ``gradcheck`` is: :func:`ms_dnn.check_gradients` for one test.

    Args:
        test: the test that it is for.
        options: what the command line says of precision, modes and device.
        html_reports: where reports are written, if anywhere.
    """

    def __init__(self, test: pytest.Item, options: dict[str, Any], html_reports: HtmlReports | None) -> None:
        self.test, self.options, self.html_reports = test, options, html_reports

    def __call__(
        self,
        function: Callable[..., Any],
        inputs: Any,
        loss: Callable[..., Any] | None = None,
        targets: Sequence[Any] = (),
        **options: Any,
    ) -> Judgement:
        """Judge at one point, with the arguments of :func:`ms_dnn.check_gradients`, and return a judgement that PASSes.

        FAIL ends the test as failed, with the report; wrong input too, with one sentence; INCONCLUSIVE as skipped.
        """
        __tracebackhide__ = True  # what fails shows the test's own line
        try:
            judgement = self._judge(function, inputs, loss, targets, options)
        except MsDnnError as error:
            raise pytest.fail.Exception(str(error)) from None
        if judgement.verdict.value == "INCONCLUSIVE":
            pytest.skip(f"the gradients of {judgement.conditions.subject} are INCONCLUSIVE: {judgement.reason}")
        if judgement.verdict.value == "FAIL":
            headline = next((part.diagnosis for part in judgement.faulty if part.diagnosis), judgement.reason)
            pytest.fail(f"{headline}\n\n{judgement}")
        return judgement

    def _judge(self, function: Any, inputs: Any, loss: Any, targets: Any, options: dict[str, Any]) -> Judgement:
        from ms_dnn.judge.check import check_gradients

        options = {**self.options, **_marked(self.test), **options}
        try:
            inspect.signature(check_gradients).bind(function, inputs, loss, targets, **options)
        except TypeError as error:
            raise SubjectError(f"gradcheck: {error}") from None
        judgement = check_gradients(function, inputs, loss, targets, **options)
        if self.html_reports is not None:
            self.html_reports.write(self.test, judgement)
        return judgement


def _marked(test: pytest.Item) -> dict[str, Any]:
    """Return the options in the test's markers; those of its class and module hold where its own say nothing."""
    options: dict[str, Any] = {}
    for marker in reversed([*test.iter_markers("gradcheck")]):  # the closest last
        if marker.args:
            raise SubjectError(f"marker gradcheck: got {marker.args[0]!r}, expected options by name: precision=…")
        options |= marker.kwargs
    return options


# What pytest calls ----------------------------------------------------------------------------------------------


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; a marker and a call override them."""
    group = parser.getgroup("gradcheck", "gradients judged by ms-dnn")
    group.addoption(
        "--gradcheck-precision", metavar="DTYPE", help="judge copies in float64, float32, float16 or bfloat16"
    )
    group.addoption(
        "--gradcheck-modes",
        type=lambda text: tuple(text.split(",")),
        metavar="MODES",
        help="judge gradients in these: pynative, compiled, or both with a comma between them",
    )
    group.addoption("--gradcheck-device", metavar="NAME", help="use this device: auto, Ascend, GPU or CPU")
    group.addoption("--gradcheck-html", metavar="DIR", type=Path, help="write each judgement into DIR as an HTML page")


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and check the options before anything runs."""
    config.addinivalue_line(
        "markers",
        "gradcheck(**options): options of ms_dnn.check_gradients for the test's fixture gradcheck, such as "
        "precision='float64'; tests that use the fixture have the marker without being given it",
    )
    for name, given in _of_command_line(config).items():
        *others, last = CHOICES[name]
        for value in given if name == "modes" else [given]:
            if value not in CHOICES[name]:
                raise pytest.UsageError(f"--gradcheck-{name}: got '{value}', expected {', '.join(others)} or {last}")
    if (folder := config.getoption("gradcheck_html")) is not None:
        config.pluginmanager.register(HtmlReports(config.invocation_params.dir / folder), HTML_REPORTS)


def _of_command_line(config: pytest.Config) -> dict[str, Any]:
    return {name: given for name in CHOICES if (given := config.getoption(f"gradcheck_{name}")) is not None}


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark each test that uses the fixture, so that ``-m gradcheck`` selects it."""
    if "gradcheck" in getattr(item, "fixturenames", ()):
        item.add_marker("gradcheck")


class HtmlReports:
    """A page for each judgement: written in the process that runs the test, counted in the one that sums up.

    Raises:
        UsageError: when nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        from ms_dnn.runtime.durable import check_new_folder

        try:
            check_new_folder(folder, "--gradcheck-html")
        except OutputError as error:
            raise pytest.UsageError(str(error)) from None
        self.folder, self.count = folder, 0

    def write(self, test: pytest.Item, judgement: Judgement) -> None:
        """Write the page of a judgement."""
        from ms_dnn.judge.report.page import html_report
        from ms_dnn.runtime.durable import write_file

        number = test.stash[WRITTEN] = test.stash.get(WRITTEN, 0) + 1
        self.folder.mkdir(parents=True, exist_ok=True)
        write_file(self.folder / page_name(test.nodeid, number), html_report(judgement))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, Any, None]:
        """Tell the number of pages with the report of the test, which pytest-xdist sends on."""
        outcome = yield
        outcome.get_result().gradcheck_pages = item.stash.get(WRITTEN, 0)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the pages of a test that has ended."""
        if report.when == "teardown":
            self.count += getattr(report, "gradcheck_pages", 0)  # other plugins make reports of their own

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where the pages are."""
        from ms_dnn.presentation.notation import counted

        terminalreporter.write_sep("-", f"gradcheck: {counted(self.count, 'HTML report')} in {self.folder}")


def page_name(node_id: str, number: int) -> str:
    """Return the file name of a page: the safe characters of the node id, and a hash of all, for two may read alike."""
    readable = re.sub(r"[^A-Za-z0-9.-]+", "_", node_id)[:120].strip("._-")
    digest = hashlib.sha256(os.fsencode(node_id)).hexdigest()[:8]
    return f"{readable}-{digest}{f'-{number}' if number > 1 else ''}.html"
