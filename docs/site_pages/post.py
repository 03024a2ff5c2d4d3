"""The page that follows the texts behind the series section by section, written once in each language."""

from ms_dnn.series.catalogue import Chapter, chapters
from ms_dnn.series.formulas import PACKAGE, Code, Formula, formulas, locate_symbol
from ms_dnn.series.post import Section, Source, post_map
from ms_dnn.series.translation import INDEX, translated

WORDS = {
    "en": {
        "title": "Follow the post",
        "introduction": (
            "The series follows a post of the MindSpore blog and three other texts. Here is each of their sections, in "
            "their order, with the chapters that take it up, the formulas, and the lines of the package that compute "
            "them. “To watch for” says where the texts slip, or differ from the series. On the command line, "
            "a title or a word does the same: `ms-dnn series backpropagation`."
        ),
        "chapters": "Chapters",
        "formulas": "Formulas and code",
        "watch": "To watch for",
        "notation": "Notation",
        "heads": ("in the texts", "here", "meaning", "chapters"),
    },
    "zh-CN": {
        "title": "跟着博文学",
        "introduction": (
            "本教程以 MindSpore 技术博客的一篇文章为主线，并参考另外三篇文章。下面按原文的顺序逐节列出：对应的章、"
            "公式，以及本包中计算这些公式的代码行。“注意”一栏说明原文的疏漏，"
            "以及与本教程不同之处。在命令行中，输入标题或词语也能找到：`ms-dnn series 反向传播`。"
        ),
        "chapters": "章",
        "formulas": "公式与代码",
        "watch": "注意",
        "notation": "符号对照",
        "heads": ("原文", "本教程", "含义", "章"),
    },
}


def post_page(language: str) -> str:
    """Return the page in Markdown."""
    words = WORDS[language]
    known = {chapter.number: chapter for chapter in chapters()}
    by_name = {formula.name: formula for formula in formulas()}
    parts = [f"# {words['title']}", str(words["introduction"])]
    first, *others = post_map().texts
    parts += [*_text(first, language, known, by_name), *_notation(language, known)]
    for text in others:
        parts += _text(text, language, known, by_name)
    return "\n\n".join(parts) + "\n"


def _text(text: Source, language: str, known: dict[int, Chapter], by_name: dict[str, Formula]) -> list[str]:
    parts = [f"## {text.title.in_language(language)}"]
    if text.about is not None:
        parts.append(text.about.in_language(language))
    for section in text.sections:
        parts += _section(section, language, known, by_name)
    return parts


def _section(section: Section, language: str, known: dict[int, Chapter], by_name: dict[str, Formula]) -> list[str]:
    words = WORDS[language]
    parts = [f"### {section.title.in_language(language)}"]
    if section.says is not None:
        parts.append(section.says.in_language(language))
    links = [_link(known[number], language) for number in section.chapters if number in known]
    parts.append(f"**{words['chapters']}** {' · '.join(links) or '–'}")
    if section.formulas or section.code:
        rows = [_formula(by_name[name], language) for name in section.formulas]
        rows += [f"- {_code(locate_symbol(symbol))}" for symbol in section.code]
        parts += [f"**{words['formulas']}**", "\n".join(rows)]
    if section.watch:
        parts += [f"**{words['watch']}**", "\n".join(f"- {note.in_language(language)}" for note in section.watch)]
    return parts


def _formula(formula: Formula, language: str) -> str:
    chapter = f"{{ref}}`§ {formula.chapter.number:02} <formula-{formula.name}>`"
    codes = ", ".join(map(_code, formula.code))
    latex = "\n".join(f"  {line}" for line in translated(formula.latex, formula.chapter.name, language).splitlines())
    return f"- {chapter}: {codes}\n\n  ```{{math}}\n{latex}\n  ```\n"


def _code(code: Code) -> str:
    return f"`{code.symbol}` ({code.path.relative_to(PACKAGE.parent).as_posix()}:{code.line})"


def _link(chapter: Chapter, language: str) -> str:
    return f"{{doc}}`{translated(chapter.title, INDEX, language)} </series/{chapter.name}>`"


def _notation(language: str, known: dict[int, Chapter]) -> list[str]:
    words = WORDS[language]
    lines = [f"| {' | '.join(words['heads'])} |", "|---|---|---|---|"]
    for symbol in post_map().notation:
        links = [
            f"{{doc}}`{number:02} </series/{known[number].name}>`" for number in symbol.chapters if number in known
        ]
        cells = (f"`{symbol.text}`", f"`{symbol.here}`", symbol.means.in_language(language), " ".join(links))
        lines.append(f"| {' | '.join(cells)} |")
    return [f"## {words['notation']}", "\n".join(lines)]
