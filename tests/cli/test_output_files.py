"""Files and folders that a command is to write: checked before the work, and written after what it prints."""

import errno
import json
from pathlib import Path

import pytest
from command import CONFIGS, here, refused

from ms_dnn.errors import OutputError
from ms_dnn.runtime import durable
from ms_dnn.runtime.durable import check_new_folder, check_writable, write_file

WINE = CONFIGS / "wine.yaml"
# What is to be worked on does not exist, which is found out only after the check of the output.
FILES = [
    ("check", "missing.yaml", "--html"),
    ("check", "missing.yaml", "--junit"),
    ("compare", "a", "b", "--html"),
    ("compare", "a", "b", "--plot"),
    ("audit", "no such name", "--markdown"),
    ("explore", "--output"),
    ("doctor", "missing.yaml", "--plot"),
]
FOLDERS = [
    ("train", WINE, "--run"),
    ("sweep", CONFIGS / "sweep_wine.yaml", "--run"),
    ("data", "convert", WINE),
]
PLACES = {
    "no/file.x": "there is no folder 'no': make it first",
    "folder.x": "which is a folder, expected a file",
    "file.txt/file.x": "there is no folder 'file.txt'",
    "/proc/file.x": "where nothing can be written",
    "x" * 300: "where nothing can be written (File name too long)",
    "loop": "where nothing can be written",
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file and a folder in it, to be in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.x").mkdir()
    (tmp_path / "file.txt").write_text("kept")
    (tmp_path / "loop").symlink_to("loop/x")
    return tmp_path


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("arguments", FILES, ids=lambda arguments: f"{arguments[0]} {arguments[-1]}")
def test_a_file_that_cannot_be_written_is_told_before_the_work(arguments: tuple[str, ...], path: str) -> None:
    sentence = refused(here(*arguments, path))
    assert sentence.startswith(f"{arguments[-1]}: got '{path}'")
    assert PLACES[path] in sentence


@pytest.mark.parametrize("path", ["file.txt/run", "/proc/no/run"])
@pytest.mark.parametrize("arguments", FOLDERS, ids=lambda arguments: arguments[0])
def test_a_folder_that_cannot_be_made_is_told_before_the_work(
    arguments: tuple[object, ...], path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worked(*_: object, **__: object) -> None:
        raise AssertionError("the data were read")

    monkeypatch.setattr("ms_dnn.data.load_data", worked)
    monkeypatch.setattr("ms_dnn.data.converting.load_data", worked)
    sentence = refused(here(*arguments, path))
    assert (
        "'file.txt' is no folder" in sentence.replace(f"{Path.cwd()}/", "")
        or "where nothing can be written" in sentence
    )


@pytest.mark.parametrize("command", [("report",), ("export", "--output")])
def test_a_run_is_not_opened_for_a_file_that_cannot_be_written(command: tuple[str, ...], place: Path) -> None:
    run = place / "run"
    run.mkdir()
    (run / "config.yaml").write_text("damaged")
    (run / "report.html").mkdir()
    (place / "folder.mindir").mkdir()
    name, *option = command
    sentence = refused(here(name, run, *option, *(["folder.mindir"] if option else [])))
    assert "which is a folder, expected a file" in sentence


def test_on_a_full_disk_the_verdict_is_printed_first(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "write_durably", full)
    (place / "square.py").write_text("def square(x):\n    return x * x\n")
    process = here("check", "square:square", "--inputs", "3:float64", "--mode", "pynative", "--html", "a.html")
    assert "PASS in" in process.stdout.splitlines()[-1]
    assert refused(process) == "a.html: cannot be written (No space left on device): choose another place, or free some"


def test_json_and_both_files_of_a_check(place: Path) -> None:
    (place / "cube.py").write_text("def cube(x):\n    return x * x * x\n")
    files = ("--html", "a.html", "--junit", "a.xml")
    process = here("check", "cube:cube", "--inputs", "3:float64", "--mode", "pynative", "--json", *files)
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["verdict"] == "PASS"
    assert {path.name for path in place.iterdir()} >= {"a.html", "a.xml"}
    assert not [path for path in place.iterdir() if path.suffix == ".new"]


def test_a_link_is_followed_and_a_device_written_to(place: Path) -> None:
    (place / "link").symlink_to("file.txt")
    check_writable(place / "link", "--html")
    write_file(place / "link", "new")
    assert (place / "link").is_symlink()
    assert (place / "file.txt").read_text() == "new"
    check_writable(Path("/dev/null"), "--html")
    write_file(Path("/dev/null"), "gone")


def test_folders_in_folders_can_be_made_and_leave_nothing_behind(place: Path) -> None:
    before = sorted(place.iterdir())
    check_new_folder(Path("runs/a/b"), "--run")
    check_writable(Path("page.html"), "--html")
    assert sorted(place.iterdir()) == before
    with pytest.raises(OutputError, match="is no folder"):
        check_new_folder(Path("file.txt"), "--run")
