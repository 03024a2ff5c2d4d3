"""What a command is doing: on a terminal, one line that is gone at the end; elsewhere, nothing."""

import io
from types import SimpleNamespace

import pytest

from ms_dnn.runtime.working import step, working


class Terminal(io.StringIO):
    def isatty(self):
        return True

    @property
    def lines(self):
        """What stood on the line, one after the other."""
        return self.getvalue().split("\r\x1b[2K")[1:]


@pytest.fixture
def terminal(monkeypatch):
    stderr = Terminal()
    monkeypatch.setattr("ms_dnn.runtime.working.sys", SimpleNamespace(stderr=stderr))
    return stderr


def test_a_line_stands_while_it_lasts_and_is_taken_away(terminal):
    with working("loading"):
        assert terminal.lines == ["loading …"]
        step("judging tensor 1 of 2")
    assert terminal.lines == ["loading …", "judging tensor 1 of 2 …", ""]
    step("nobody listens")
    assert terminal.lines[-1] == ""


def test_within_another_it_goes_on_on_the_same_line(terminal):
    with working("training"):
        with working("drawing"):
            pass
        assert terminal.lines == ["training …", "drawing …"]
    assert terminal.lines[-1] == ""


def test_an_error_takes_it_away_too(terminal):
    with pytest.raises(KeyError), working("loading"):
        raise KeyError
    assert terminal.lines[-1] == ""


def test_a_narrow_terminal_gets_one_line(terminal, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    with working("judging tensor 1 of 12"):
        assert terminal.lines == ["judging tensor 1  …"]


def test_what_is_no_terminal_gets_nothing(capsys):
    with working("loading"):
        step("judging")
    assert capsys.readouterr().err == ""
