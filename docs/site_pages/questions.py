"""What the pages of the chapters get at their end: answers that are folded, and the task for the reader."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform

from ms_dnn.series.exercises.catalogue import Task, find_exercise
from ms_dnn.series.post import Words

QUESTIONS = "questions"
"""The anchor of the section that every chapter ends with, in both languages."""
ANSWER = Words("答案", "Answer")
YOUR_TURN = Words("动手写一写", "Write it yourself")
COMMANDS = (
    (
        "",
        Words(
            "取得要补全的文件；写好之后用同一条命令检验", "gives you the file to write in, and judges what you wrote"
        ),
    ),
    (" --hint", Words("提示", "a hint")),
    (" --solution", Words("参考答案", "a solution")),
)


class FoldAnswers(SphinxTransform):
    """Fold the answers and append the exercise, once the page speaks its language (catalogues know neither)."""

    default_priority = 800

    def apply(self, **_: Any) -> None:
        """Change the tree of a chapter; what collects messages for the catalogues sees it as it was."""
        if not self.env.docname.startswith("series/") or self.app.builder.name == "gettext":
            return
        language = "zh-CN" if self.config.language == "zh_CN" else "en"
        questions = next((part for part in self.document.findall(nodes.section) if QUESTIONS in part["ids"]), None)
        if questions is None:
            return
        fold_answers(questions, language)
        task = find_exercise(int(self.env.docname.removeprefix("series/")[:2]))
        if task is not None:
            _append_task(questions, task, language)


def fold_answers(section: nodes.section, language: str) -> None:
    """Fold what follows the question of each item, up to the next one: its words, code and output."""
    for asked in [part for part in section.children if isinstance(part, nodes.enumerated_list)]:
        paragraph = asked[0][0]
        question, answer = paragraph.children[0], paragraph.children[1:]
        paragraph.children[:] = [question]
        following = list(takewhile(_belongs_to_answer, section.children[section.index(asked) + 1 :]))
        for part in following:
            section.remove(part)
        place = section.index(asked) + 1
        begin = f'<details class="answer"><summary>{ANSWER.in_language(language)}</summary>'
        folded = [_html(begin), nodes.paragraph("", "", *answer), *following, _html("</details>")]
        section[place:place] = folded


def _belongs_to_answer(part: nodes.Node) -> bool:
    return not isinstance(part, nodes.enumerated_list) and not _is_footer(part)


def _is_footer(part: nodes.Node) -> bool:
    """Return whether this is of what sphinx-gallery puts below each page: an anchor, and the downloads."""
    return isinstance(part, nodes.target | addnodes.only)


def _append_task(questions: nodes.section, task: Task, language: str) -> None:
    """Put the task behind the questions, and sphinx-gallery's downloads behind the task."""
    title = nodes.title("", YOUR_TURN.in_language(language))
    text = [nodes.paragraph("", part) for part in task.text.in_language(language).split("\n\n")]
    listed = nodes.bullet_list("", *(_command(task, option, words, language) for option, words in COMMANDS))
    section = nodes.section("", title, *text, listed, ids=["exercise"], names=["exercise"])
    footer = [part for part in questions.children if _is_footer(part)]
    for part in footer:
        questions.remove(part)
    page: Sequence[nodes.Node] = questions.parent
    page.extend([section, *footer])


def _command(task: Task, option: str, words: Words, language: str) -> nodes.list_item:
    spoken = " --language zh-CN" if language == "zh-CN" else ""
    command = f"ms-dnn series exercise {task.chapter}{option}{spoken}"
    colon = "：" if language == "zh-CN" else ": "
    return nodes.list_item(
        "", nodes.paragraph("", "", nodes.literal("", command), nodes.Text(colon + words.in_language(language)))
    )


def _html(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")
