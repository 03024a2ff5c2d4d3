"""The reference of the commands, from their own help."""

import html
import re
import subprocess
import sys

EXIT_CODES = """
Every command ends with one of these exit codes: 0 good; 1 the gradients or the numbers say no; 2 the input is wrong,
and one sentence says what was got, what was expected and the cure; 3 inconclusive; 130 interrupted by Ctrl-C during
training, and saved. `ms-dnn --debug COMMAND` shows the traceback of an error.
"""


def command_page() -> str:
    """Return the page in Markdown, as typer writes it, without its list of cut sentences."""
    typer = [sys.executable, "-m", "typer", "ms_dnn.cli.main", "utils", "docs", "--name", "ms-dnn"]
    text = html.unescape(subprocess.run(typer, capture_output=True, text=True, check=True).stdout)
    text = re.sub(r"\*\*Commands\*\*:\n\n(\* .*\n)+\n", "", text)
    text = re.sub(r"^\* `--help`: Show this message and exit\.\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\*\*Options\*\*:\n\n(?!\*)", "", text, flags=re.MULTILINE)
    text = re.sub(r"^(#+) `(.*)`$", r"\1 \2", text, flags=re.MULTILINE)
    return text.replace("# ms-dnn\n", f"# Commands\n{EXIT_CODES}", 1)
