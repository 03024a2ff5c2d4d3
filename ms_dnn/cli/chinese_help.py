"""The help of the commands in Chinese, from the catalogue of the documentation's page of the commands."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parent / "chinese.po"
"""A link to the catalogue of ``docs/locale`` in the checkout; the catalogue itself in an installed package."""
WORDS = {
    "ARGUMENTS_PANEL_TITLE": "参数",
    "OPTIONS_PANEL_TITLE": "选项",
    "COMMANDS_PANEL_TITLE": "命令",
    "DEFAULT_STRING": "[默认值：{}]",
    "REQUIRED_LONG_STRING": "[必需]",
}
"""What typer writes around the help of the commands, by the names of its constants."""
PANELS = {"What is judged: a Cell": "检验对象：一个 Cell", "What is judged: an experiment": "检验对象：一个实验"}
"""Headings above some options of a command."""
HELP = "显示本帮助并退出。"
_NAME = re.compile(r"^`[^`]*`[:：]\s*")
_NOTE = re.compile(r"\s*\[[^\[\]]*(?:default|required|默认|必需|必填|<=|>=)[^\[\]]*\]$")


def wants_chinese(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Tell whether the reader reads Chinese: by ``--language``, or else by the language of the environment.

    Example:
        >>> wants_chinese(["--help"], {"LANG": "zh_CN.UTF-8"})
        True
        >>> wants_chinese(["--language", "en", "--help"], {"LANG": "zh_CN.UTF-8"})
        False
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    if "--language" in words[:-1]:
        return words[words.index("--language") + 1] == "zh-CN"
    variables = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, variables), "").startswith("zh")


def translate_help(command: Any) -> None:
    """Translate the help of a command of typer, of its parameters and of the commands below it, where it stands."""
    from rich.columns import Columns
    from rich.table import Table
    from rich.text import Text
    from typer import rich_utils

    class FoldedTable(Table):
        """A table that goes on in the next line where a text has no blanks, as Chinese; typer's are cut there."""

        def add_row(self, *cells: Any, **options: Any) -> None:
            super().add_row(*cells, **options)
            for column in self.columns:
                column.overflow = "fold"

    def folded_columns(parts: Sequence[Any]) -> Columns:
        for part in parts:
            if isinstance(part, Text):
                part.overflow = "fold"
        return Columns(parts)

    for name, value in {**WORDS, "Table": FoldedTable, "Columns": folded_columns}.items():
        setattr(rich_utils, name, value)
    _translate(command, catalogue())


def catalogue() -> dict[str, str]:
    """Return English paragraph → Chinese, without the names of options and what typer adds in brackets."""
    import polib

    entries = polib.pofile(str(CATALOGUE)).translated_entries()
    return {_plain(entry.msgid): _plain(entry.msgstr) for entry in entries}


def _plain(text: str) -> str:
    return _NOTE.sub("", _NAME.sub("", " ".join(text.split())))


def _translate(command: Any, chinese: Mapping[str, str]) -> None:
    command.help = _paragraphs(command.help, chinese)
    command.short_help = _paragraphs(command.short_help, chinese)
    command.epilog = _paragraphs(command.epilog, chinese)
    for parameter in command.params:
        parameter.help = _paragraphs(parameter.help, chinese)
        panel: Any = getattr(parameter, "rich_help_panel", None)
        parameter.rich_help_panel = PANELS.get(panel, panel)
    help_option = command.get_help_option

    def chinese_help_option(context: Any) -> Any:
        option = help_option(context)
        if option is not None:
            option.help = HELP
        return option

    command.get_help_option = chinese_help_option
    for below in getattr(command, "commands", {}).values():
        _translate(below, chinese)


def _paragraphs(text: str | None, chinese: Mapping[str, str]) -> str | None:
    if not text:
        return text
    return "\n\n".join(chinese.get(_plain(paragraph), paragraph) for paragraph in text.split("\n\n"))
