"""No markup stands among the words of a page: Chinese needs an escaped blank around what is bold."""

from bs4 import BeautifulSoup


def test_no_asterisks_are_left_of_what_should_be_bold(pytestconfig):
    folder = pytestconfig.getoption("--site")
    pages = sorted(folder.rglob("*.html"))
    assert len(pages) > 40
    left = {}
    for page in pages:
        words = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        for code in words(["pre", "code", "script", "style", "dt"]):
            code.decompose()
        found = [text.strip()[:60] for text in words.stripped_strings if "**" in text]
        if found:
            left[str(page.relative_to(folder))] = found
    assert left == {}
