"""How fast the page of ``ms-dnn explore`` is in Chromium, and how large: ``python scripts/bench_explore.py``.

For the pencil network and for the digits, 64-512-256-10: size of the file, milliseconds from the start of the
navigation to the first picture (first contentful paint) and to the page that is ready, and milliseconds of a step until
the next frame is drawn: by one formula, and by one update. Each is the median of several.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from ms_dnn.explore.routes import gradients_of
from ms_dnn.explore.subject import subject_of
from ms_dnn.explore.writing import explore_html

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
STEPS = """
async ([stride, number]) => {
    document.getElementById("stride").value = stride;
    document.getElementById("stride").dispatchEvent(new Event("change"));
    const times = [];
    const drawn = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    for (let i = 0; i < number; i++) {
        await drawn();
        const before = performance.now();
        document.getElementById("step").click();
        await drawn();
        times.push(performance.now() - before);
    }
    return times;
}
"""
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--steps", type=int, default=20)
    asked = parser.parse_args()
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        print(f"{'network':10} {'kB':>6} {'first picture':>14} {'ready':>7} {'a formula':>10} {'an update':>10}")
        for source in (None, "digits"):
            subject = subject_of(source, [], "CPU", None)
            page = Path(folder, f"{subject.name}.html")
            page.write_text(explore_html(subject, gradients_of(subject)), encoding="utf-8")
            row = measured(browser, page.as_uri(), asked.repeats, asked.steps)
            print(
                f"{subject.name:10} {page.stat().st_size / 1000:6.0f} "
                + "{:11.0f} ms {:4.0f} ms {:7.1f} ms {:7.1f} ms".format(*row)
            )


def measured(browser: Any, address: str, repeats: int, steps: int) -> list[float]:
    """Return the medians: first picture, ready, a step of a formula, a step of an update, in milliseconds."""
    found: list[list[float]] = [[], [], [], []]
    for _ in range(repeats):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.wait_for_selector("html[data-ready]")
        found[1].append(page.evaluate("performance.now()"))
        found[0].append(page.evaluate(PAINT))
        for place, stride in ((2, "formula"), (3, "update")):
            found[place] += page.evaluate(STEPS, [stride, steps])
        page.close()
    return [statistics.median(times) for times in found]


if __name__ == "__main__":
    main()
