"""A real browser without a window, which opens one page and says what became of it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

# scripts/bootstrap.sh looks for the same.
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSERS += ("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",)


def find_browser() -> str:
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None:
            return path
    pytest.fail(
        f"no browser to open the HTML report with: none of {', '.join(BROWSERS)}; install one (Debian: "
        "apt-get install chromium; scripts/bootstrap.sh test does that where it may)"
    )


class Opened:
    """A page after its loading: the DOM as text, and what the console said."""

    def __init__(self, dom: str, console: list[str]) -> None:
        self.dom, self.console = dom, console


def open_page(page: Path, folder: Path, width: int = 1200) -> Opened:
    """Open a page in a browser of its own that keeps its profile in the folder, with the network cut."""
    process = subprocess.run(
        [
            find_browser(),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={width},1000",
            "--enable-logging=stderr",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    # The rest of stderr is about the machine: no D-Bus, no GPU.
    return Opened(process.stdout, re.findall(r":CONSOLE[^\]]*\] (.*)", process.stderr))
