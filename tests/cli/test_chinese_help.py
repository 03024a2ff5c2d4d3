"""The help in Chinese: every text of every command, in a process of its own, for typer's words are changed in place."""

import subprocess
import sys

import pytest
from typer.main import get_command

from ms_dnn.cli.chinese_help import PANELS, WORDS, _plain, catalogue, wants_chinese
from ms_dnn.cli.main import app


def texts(command, path="ms-dnn"):
    """Yield where a text of the help stands, and its paragraphs."""
    for text in (command.help, command.epilog, *(parameter.help for parameter in command.params)):
        for paragraph in (text or "").split("\n\n"):
            if paragraph and "completion" not in paragraph:
                yield path, paragraph
    for name, below in getattr(command, "commands", {}).items():
        yield from texts(below, f"{path} {name}")


def test_every_text_of_the_help_is_in_the_catalogue():
    chinese = catalogue()
    missing = [where for where in texts(get_command(app)) if _plain(where[1]) not in chinese]
    assert missing == []
    panels = {getattr(parameter, "rich_help_panel", None) for parameter in get_command(app).commands["check"].params}
    assert panels - {None} == set(PANELS)


@pytest.mark.parametrize(
    ("arguments", "environment", "chinese"),
    [
        ([], {}, False),
        ([], {"LANG": "en_US.UTF-8"}, False),
        ([], {"LANG": "zh_CN.UTF-8"}, True),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
        (["--language", "zh-CN"], {}, True),
        (["series", "--language=zh-CN"], {}, True),
        (["--language=en"], {"LANG": "zh_CN.UTF-8"}, False),
        (["--language"], {"LANG": "zh_CN.UTF-8"}, True),
    ],
)
def test_the_language_is_that_of_the_option_or_of_the_environment(arguments, environment, chinese):
    assert wants_chinese(arguments, environment) is chinese


def test_help_is_chinese_where_the_reader_is_and_nothing_heavy_is_loaded():
    program = "\n".join([
        "import sys",
        "from ms_dnn.cli.main import main",
        "for words in (['--help'], ['check', '--help'], ['evaluate', '--help']):",
        "    try: main(['--language', 'zh-CN', *words])",
        "    except SystemExit as ended: assert not ended.code",
        "assert not {'mindspore', 'numpy', 'sklearn'} & set(sys.modules)",
    ])  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    shown = done.stdout
    assert all(words.split("{")[0] in shown for words in WORDS.values())
    assert "检验对象：一个 Cell" in shown
    assert "显示本帮助并退出。" in shown
    assert "Show this message" not in shown
    assert "…" not in shown  # Chinese goes on in the next line where there is no blank
