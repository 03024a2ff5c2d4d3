"""Every page of the site as a reader has it: whole, silent, readable on a telephone and in the dark."""

from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

ALONE = {"resultTypes": ["violations"]}
WITHOUT_FORMULAS_AND_CODE = {"exclude": [["mjx-container"], [".highlight pre"]]}
"""MathJax makes hundreds of nodes of a formula, and says of itself what they mean; of code CODE has to say."""
CODE = """() => {
    const channel = value => value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    const luminance = colour => {
        const [red, green, blue] = colour.match(/[0-9.]+/g).map(Number).map(channel);
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const colourBehind = part => {
        while (part && getComputedStyle(part).backgroundColor === "rgba(0, 0, 0, 0)") part = part.parentElement;
        return part ? getComputedStyle(part).backgroundColor : "rgb(255, 255, 255)";
    };
    const poor = new Set();
    for (const token of document.querySelectorAll(".highlight pre, .highlight pre *")) {
        if (token.tagName === "PRE" && token.tabIndex !== 0) poor.add("out of reach of the keyboard");
        if (!token.textContent.trim()) continue;
        const both = [getComputedStyle(token).color, colourBehind(token)].map(luminance).sort((a, b) => a - b);
        if ((both[1] + 0.05) / (both[0] + 0.05) < 4.5) poor.add(`contrast of ${token.className || token.tagName}`);
    }
    return [...poor];
}"""
"""What is wrong with code: contrast below the 4.5 of WCAG, and blocks that scroll but cannot be focused.

Axe looks for the same, and takes seconds for thousands of tokens.
"""
PATIENCE = 600_000
"""Milliseconds for what a page does: far more than a busy machine takes."""
NARROW = {"width": 400, "height": 800}


def opened(browser, url, *, scheme="light", viewport=None):
    page = browser.new_page(color_scheme=scheme, viewport=viewport or {"width": 1200, "height": 900})
    page.set_default_timeout(PATIENCE)
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.on("requestfailed", lambda request: page.said.append(f"failed: {request.url}"))
    page.goto(url, wait_until="load")
    return page


def violations(page):
    found = Axe().run(page, WITHOUT_FORMULAS_AND_CODE, ALONE).response["violations"]
    poor = [f"code: {fault}" for fault in page.evaluate(CODE)]
    return [*poor, *(f"{one['id']}: {one['help']} at {[node['target'] for node in one['nodes'][:3]]}" for one in found)]


def test_a_page_is_whole_and_accessible(browser, address, page_path):
    page = opened(browser, f"{address}/{page_path}")
    broken = page.evaluate(
        """async () => {
            const pictures = [...document.images];
            pictures.forEach(picture => { picture.loading = "eager"; });
            await Promise.all(pictures.map(picture => picture.decode().catch(() => {})));
            const bad = pictures.filter(picture => picture.naturalWidth === 0 || !picture.alt.trim());
            return bad.map(picture => picture.src);
        }"""
    )
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(heading => +heading.tagName[1])")
    assert broken == []
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.evaluate("document.documentElement.lang") in ("en", "zh-CN")
    assert violations(page) == []
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    assert page.said == []
    page.close()


@pytest.mark.parametrize(
    ("colours", "focus", "wrong"),
    [
        ("color: #767676; background: #fff", "0", []),
        ("color: #777777; background: #fff", "0", ["code: contrast of k"]),
        ("color: #595959; background: #000", "0", ["code: contrast of k"]),
        ("color: #a0a0a0; background: #222", "-1", ["code: out of reach of the keyboard"]),
    ],
)
def test_code_that_is_hard_to_read_is_found(browser, colours, focus, wrong):
    page = browser.new_page()
    block = f'<pre tabindex="{focus}"><span class="k" style="{colours}">b</span></pre>'
    page.set_content(f'<div class="highlight">{block}</div>')
    assert [found for found in violations(page) if found.startswith("code")] == wrong
    page.close()


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize(
    "path", ["index", "series/09_backpropagation", "reference/api", "reference/configuration", "architecture", "audit"]
)
def test_the_dark_side_has_contrast_too(browser, address, language, path):
    page = opened(browser, f"{address}/{language}/{path}.html", scheme="dark")
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in background.strip("rgb()").split(",")[:3]) < 150
    assert violations(page) == []
    page.close()


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "backpropagation"), ("en", "one-hot"), ("zh-CN", "反向传播"), ("zh-CN", "独热编码"), ("zh-CN", "softmax")],
)
def test_the_search_finds(browser, address, language, words):
    page = opened(browser, f"{address}/{language}/search.html?q={words}")
    page.wait_for_selector("#search-results ul.search li a")
    links = page.eval_on_selector_all("#search-results ul.search li a", "links => links.map(link => link.href)")
    assert any("/series/" in link for link in links)
    assert page.said == []
    page.close()


def test_each_page_leads_to_its_other_language(browser, address):
    page = opened(browser, f"{address}/en/series/01_perceptron.html")
    page.click(".languages [lang='zh-CN']")
    page.wait_for_load_state("load")
    assert page.url.endswith("/zh-CN/series/01_perceptron.html")
    assert "感知机" in page.inner_text("h1")
    assert page.inner_text(".languages [aria-current]") == "中文"
    page.close()


@pytest.mark.parametrize(("language", "words"), [("en", ("Next", "Previous")), ("zh-CN", ("下一页", "上一页"))])
def test_the_theme_speaks_the_language_of_the_page(browser, address, language, words):
    page = opened(browser, f"{address}/{language}/experiments.html")
    assert tuple(page.locator(".related-pages .context").all_inner_texts()) == words
    page.close()


def test_the_first_page_chooses_the_language_of_the_reader(browser, address):
    for locale, language in (("zh-CN", "zh-CN"), ("en-GB", "en"), ("fr-FR", "en")):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(f"{address}/index.html")
        page.wait_for_url(f"**/{language}/index.html")
        context.close()
