"""What was measured: the section of the README, in the language of the reader."""

import re
from pathlib import Path

import ms_dnn

ROOT = Path(ms_dnn.__file__).parent.parent
SECTIONS = {
    "en": ("README.md", "## What was run where", "## Development", "What was measured"),
    "zh-CN": ("README.zh-CN.md", "## 在哪些设备上运行过", "## 开发", "测量结果"),
}


def figures_page(language: str) -> str:
    """Return the page in Markdown."""
    name, first, last, title = SECTIONS[language]
    text = (ROOT / name).read_text(encoding="utf-8")
    section = first + text.partition(first)[2].partition(last)[0]
    # A link into docs/ is one to a page beside this one; any other file of the repository is only named.
    section = re.sub(r"\[([^\]]*)\]\(docs/audit-[^)]*\)", r"[\1](../audit.md)", section)
    return f"# {title}\n\n{section}"
