"""What is wrong with the words of a command line, in one sentence as every other error."""

import re

import typer
from pydantic import ValidationError

from ms_dnn.presentation.notation import nearest_name

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
"""What typer raises for a missing, unknown or wrong argument or option."""
_VALUE = re.compile(r"Invalid value(?: for (?P<name>.+?))?: (?:Value error, )?(?P<fault>.+)", re.DOTALL)
_CHOICE = re.compile(r"'(?P<got>.*)' is not one of (?P<choices>.+)", re.DOTALL)
_WORDS = {"Input should be ": "", "greater than or equal to": "at least", "less than or equal to": "at most"}


def usage_sentence(error: Exception) -> str:
    """Return what was got, what was expected, and where to read more, for a :data:`UsageError`."""
    text = str(getattr(error, "format_message", error.__str__)()).strip().removesuffix(".")
    value = _VALUE.fullmatch(text)
    if value is not None:
        name = value["name"].replace("'", "") + ": " if value["name"] else ""
        text = name + _fault(value["fault"], error.__cause__)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "ms-dnn"
    return f"{text[:1].lower()}{text[1:]}{' See' if text.endswith('?') else ': see'} {command} --help"


def _fault(text: str, cause: BaseException | None) -> str:
    """Return "got …, expected …" for what typer, or pydantic, which it asks, says of a value."""
    choice = _CHOICE.fullmatch(text)
    if choice is not None:
        near = nearest_name(choice["got"], re.findall(r"'(.*?)'", choice["choices"]))
        meant = f": did you mean {near!r}?" if near else ""
        return f"got {choice['got']!r}, expected one of {choice['choices']}{meant}"
    if not isinstance(cause, ValidationError):
        return text
    fault = cause.errors()[0]
    expected = fault["msg"].partition(",")[0]
    for old, new in _WORDS.items():
        expected = expected.replace(old, new)
    return f"got {fault['input']!r}, expected {expected}"
