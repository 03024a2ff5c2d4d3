"""The audit's tables as HTML, from the report that ``ms-dnn audit`` wrote: names and marks, in any language."""

import html
import re
from pathlib import Path

import ms_dnn

REPORT = Path(ms_dnn.__file__).parent.parent / "docs" / "audit-2.10-cpu.md"
CHINESE = {
    "Activations": "激活函数",
    "Losses": "损失函数",
    "Losses binary and margin": "损失函数：二分类与间隔",
    "Elementwise": "逐元素",
    "Elementwise binary": "逐元素：二元",
    "Elementwise special": "逐元素：特殊函数",
    "Reductions": "归约",
    "Linear algebra": "线性代数",
    "Shapes": "形状",
    "Indexing": "索引",
    "Dense and norms": "全连接与归一化",
    "Convolution and pooling": "卷积与池化",
    "Embedding and recurrent": "嵌入与循环",
    "Optimizers": "优化器",
}


def audit_tables(language: str) -> str:
    """Return one table a section, each in a block that opens."""
    sections = re.split(r"^## ", REPORT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return "\n".join(_section(text, language) for text in sections if not text.startswith("What is"))


def _section(text: str, language: str) -> str:
    title = text.partition("\n")[0].strip()
    shown = CHINESE[title] if language == "zh-CN" else title
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    head, body = rows[0], rows[2:]
    cells = "".join(f'<th scope="col">{html.escape(cell)}</th>' for cell in head)
    lines = "\n".join("<tr>" + "".join(f"<td>{_cell(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return (
        f"<details><summary>{shown} ({len(body)})</summary>\n"
        f'<div class="audit-table" tabindex="0" role="region" aria-label="{shown}"><table>\n'
        f"<thead><tr>{cells}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div></details>"
    )


def _cell(cell: str) -> str:
    escaped = html.escape(cell)
    escaped = re.sub(r"`([^`]*)`", r"<code>\1</code>", escaped)
    return re.sub(r"\*\*(.*?)\*\*", r"<strong>\1</strong>", escaped)
