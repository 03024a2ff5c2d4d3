"""HTML reports as a parser and as a browser see them."""

import json
import re
from html.parser import HTMLParser

import browser

VOID = {"meta", "link", "br", "img"}


class Page(HTMLParser):
    """Elements in their order, with their text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.words += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]

    def loads_nothing(self) -> bool:
        """Whether all that the page needs is within it."""
        links = [
            value for _, attributes in self.elements for key, value in attributes.items() if key in ("src", "href")
        ]
        return all(link.startswith("data:") for link in links) and not self.all("script")


MEASURE = """
<script>
addEventListener("load", () => {
  document.querySelectorAll("details").forEach(one => one.open = true);
  const sizes = [...document.querySelectorAll("svg")].map(one => one.getBoundingClientRect());
  const text = [...document.querySelectorAll("svg.plot text")].map(one => one.getBoundingClientRect().height);
  parent.postMessage(JSON.stringify({
    width: innerWidth,
    scrollWidth: document.documentElement.scrollWidth,
    pictures: sizes.length,
    empty: sizes.filter(one => one.width < 1 || one.height < 1).length,
    smallestText: Math.min(...text),
  }), "*");
});
</script>
"""
FRAMES = """<!doctype html><title>frames</title>
<script>addEventListener("message", event => {
  const one = document.createElement("pre"); one.textContent = event.data; document.body.append(one);
})</script>
<body><iframe src="measured.html" style="width: 400px; height: 900px; border: 0"></iframe>
<iframe src="measured.html" style="width: 1100px; height: 900px; border: 0"></iframe></body>
"""
# A window is never narrower than 500 pixels, a frame is.


def measured(text, folder):
    """Open a page in frames of 400 and of 1100 pixels and return what a script finds in each, by width."""
    # The page's own policy would stop the script that measures.
    (folder / "measured.html").write_text(
        re.sub(r"<meta http-equiv=.*?>", "", text).replace("</body>", f"{MEASURE}</body>"), encoding="utf-8"
    )
    (folder / "frames.html").write_text(FRAMES, encoding="utf-8")
    opened = browser.open_page(folder / "frames.html", folder)
    found = {one["width"]: one for one in map(json.loads, re.findall(r"<pre>(.*?)</pre>", opened.dom))}
    assert set(found) == {400, 1100}, opened.dom[-2000:]
    return found
