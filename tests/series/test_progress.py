"""What was read and solved is kept, whatever happens to its file."""

import threading

import pytest

from ms_dnn.series.progress import progress, progress_file, record


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_nothing_is_done_at_first():
    assert progress() == {"read": set(), "solved": set()}


def test_deeds_are_kept_once():
    for deed, chapter in (("read", 9), ("solved", 9), ("read", 9), ("read", 1)):
        record(deed, chapter)
    assert progress() == {"read": {1, 9}, "solved": {9}}
    assert len(progress_file().read_text("utf-8").splitlines()) == 3


def test_several_writers_lose_nothing():
    writers = [threading.Thread(target=record, args=("read", number)) for number in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert progress()["read"] == set(range(20))


@pytest.mark.parametrize(
    "content",
    [b"{", b"\xff\xfe", b"[1]\n", b'{"done": "eaten", "chapter": 1}\n', b'{"done": "read", "chapter": 1e999}\n'],
)
def test_an_unreadable_file_is_put_aside_with_one_sentence(content, capsys):
    progress_file().parent.mkdir(parents=True)
    progress_file().write_bytes(content)
    assert progress() == {"read": set(), "solved": set()}
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "unreadable" in said
    assert progress_file().with_name("series.jsonl.unreadable").read_bytes() == content
    record("read", 2)
    assert progress()["read"] == {2}


def test_where_nothing_can_be_written_one_sentence_says_so(monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    record("read", 2)
    assert "progress is not kept" in capsys.readouterr().err
