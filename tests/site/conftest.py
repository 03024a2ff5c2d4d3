"""The built site on a server of its own, and a browser that looks at it."""

import functools
import http.server
import shutil
import threading

import pytest
from playwright.sync_api import sync_playwright

# scripts/bootstrap.sh looks for the same.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
LANGUAGES = ("en", "zh-CN")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def address(pytestconfig):
    folder = pytestconfig.getoption("--site")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.fail(f"no browser to open the site with: none of {', '.join(BROWSERS)}; install one")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield opened
        opened.close()


def pytest_generate_tests(metafunc):
    """Ask for every page of both languages, by its path below the language."""
    if "page_path" in metafunc.fixturenames:
        folder = metafunc.config.getoption("--site")
        left_out = {"genindex.html", "search.html"}
        paths = [
            f"{language}/{path.relative_to(folder / language).as_posix()}"
            for language in LANGUAGES
            for path in sorted((folder / language).rglob("*.html"))
            if path.name not in left_out and "_static" not in path.parts and "_downloads" not in path.parts
        ]
        metafunc.parametrize("page_path", paths)
