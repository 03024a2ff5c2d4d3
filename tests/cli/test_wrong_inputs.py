"""Wrong inputs, two hundred and more: one sentence, exit code 2, nothing written, and a cure that leads on.

The cases stand in ``wrong_inputs/*.txt``, as at a terminal: a command after ``$``, perhaps with variables in front of
it; the sentence, where ``…`` stands for whatever is there; and after ``>`` the command that the cure makes of it, which
must end well, or come as far as a training. ``< FILE TEXT`` in front writes a file, with ``\\n`` for a new line.
"""

import re
import shlex
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import wrong_files
from command import here, refused

FOLDER = Path(__file__).parent / "wrong_inputs"


@dataclass
class Case:
    """What is typed, what is said, what is typed then, and the files that are written before."""

    command: str
    says: str = ""
    cure: str | None = None
    files: dict[str, str] = field(default_factory=dict)


def cases_in(path):
    found, written = [], {}
    for line in path.read_text(encoding="utf-8").splitlines():
        mark, _, text = line.partition(" ")
        if mark == "<":
            name, _, content = text.partition(" ")
            written[name] = content.encode("latin-1", "backslashreplace").decode("unicode-escape")
        elif mark == "$":
            found.append(Case(text, files=written))
            written = {}
        elif mark == ">":
            found[-1].cure = text
        elif line and mark != "#":
            found[-1].says += f"\n{line}" if found[-1].says else line
    return found


CASES = [case for path in sorted(FOLDER.glob("*.txt")) for case in cases_in(path)]


class OnwardError(Exception):
    """Raised where a training would begin, which is as far as a cure has to lead."""


def onward(*_, **__):
    raise OnwardError


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with right files, runs, and damaged ones."""
    folder = tmp_path_factory.mktemp("wrong")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        wrong_files.write_right_files(folder)
        patch.setattr("ms_dnn.runs.training.draw_curves", lambda *_: None)
        patch.setattr("ms_dnn.runs.training.draw_pictures", lambda *_: ())
        for config, run in (("good.yaml", "run"), ("pictures.yaml", "run-pictures")):
            process = here("train", config, "--run", run)
            assert process.returncode == 0, process.stderr
        wrong_files.write_damaged_files(folder)
        wrong_files.write_damaged_runs(folder)
    return folder


def typed(command, patch):
    """Run a command line as a shell would."""
    words = shlex.split(command)
    while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
        patch.setenv(*words.pop(0).split("=", 1))
    return here(*words)


def test_there_are_two_hundred_of_them():
    assert len({case.command + str(case.files) for case in CASES}) == len(CASES) >= 200


@pytest.fixture
def there(place, monkeypatch):
    """Return what enters with the files of a case in the folder, and leaves it as it was."""
    monkeypatch.chdir(place)
    before = set(place.iterdir())

    @contextmanager
    def there(case):
        for name, text in case.files.items():
            Path(name).write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            for path in set(place.iterdir()) - before:
                wrong_files.remove(path)

    return there


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.command)
def test_wrong_input(case, place, there, monkeypatch):
    with there(case):
        before = set(place.iterdir())
        sentence = refused(typed(case.command, monkeypatch))
        expected = ".*".join(re.escape(part.strip()) for part in case.says.split("…"))
        assert re.search(expected, sentence, re.DOTALL), f"{sentence}\nis not\n{case.says}"
        assert set(place.iterdir()) == before


@pytest.mark.parametrize("case", [case for case in CASES if case.cure], ids=lambda case: case.command)
def test_the_cure_leads_on(case, there, monkeypatch):
    monkeypatch.setattr("ms_dnn.runs.training._train", onward)
    monkeypatch.setattr("ms_dnn.runtime.launch.launch", onward)
    with there(case):
        try:
            process = typed(case.cure, monkeypatch)
        except OnwardError:
            return
    assert process.returncode == 0, process.stderr
