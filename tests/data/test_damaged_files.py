"""Whatever the bytes, a reader returns samples or raises DataError: never a traceback from a parser."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ms_dnn.data import read_features
from ms_dnn.data.source import reading
from ms_dnn.errors import DataError


def whole_files():
    pixels = Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4)
    files = {"csv": b"a,b\n1,2\n3,4\n"}
    for suffix, format_name in (
        ("png", "PNG"),
        ("jpg", "JPEG"),
        ("bmp", "BMP"),
        ("gif", "GIF"),
        ("pgm", "PPM"),
    ):
        pixels.save(target := io.BytesIO(), format_name)
        files[suffix] = target.getvalue()
    np.savez_compressed(target := io.BytesIO(), x=np.eye(2), y=np.arange(2))
    files["npz"] = target.getvalue()
    np.savez(target := io.BytesIO(), x=np.eye(2), y=np.arange(2))
    files["plain.npz"] = target.getvalue()
    np.save(target := io.BytesIO(), np.eye(2))
    files["npy"] = target.getvalue()
    return files


FILES = whole_files()


def refuse_vague(message):
    assert "given" in message
    assert "\n" not in message
    return False


def reads_or_says_why(tmp_path, suffix, content):
    path = tmp_path / f"given.{suffix}"
    path.write_bytes(content)
    shape = None if suffix in ("csv", "npy") or suffix.endswith("npz") else (2, 1)
    try:
        x, _, names, _ = read_features(path, 2, shape)
    except DataError as error:
        return refuse_vague(str(error))
    assert x.shape == (len(names), 2)
    assert np.isfinite(x).all()
    return True


@pytest.mark.parametrize("suffix", FILES)
def test_whole_files_are_read(tmp_path, suffix):
    assert reads_or_says_why(tmp_path, suffix, FILES[suffix])


@pytest.mark.parametrize("suffix", FILES)
@given(content=st.binary(max_size=300))
def test_random_bytes(tmp_path, suffix, content):
    reads_or_says_why(tmp_path, suffix, content)


@pytest.mark.parametrize("suffix", FILES)
@given(data=st.data())
def test_truncated_files(tmp_path, suffix, data):
    content = FILES[suffix]
    reads_or_says_why(tmp_path, suffix, content[: data.draw(st.integers(0, len(content) - 1))])


@pytest.mark.parametrize("suffix", FILES)
@given(data=st.data())
def test_overwritten_bytes(tmp_path, suffix, data):
    content = bytearray(FILES[suffix])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    reads_or_says_why(tmp_path, suffix, bytes(content))


@given(text=st.text(alphabet="0123456789.eE+-,;\t\"'\n\r\0 nanif_é", max_size=60))
def test_random_tables(tmp_path, text):
    reads_or_says_why(tmp_path, "csv", text.encode())


def test_a_fault_of_the_reader_itself_is_not_taken_for_a_damaged_file():
    with pytest.raises(AttributeError), reading("the file (", ")", OSError, ValueError):
        raise AttributeError("a slip in the reader")
    with pytest.raises(DataError, match=r"the file \(cut\)"), reading("the file (", ")", OSError, ValueError):
        raise ValueError("cut")
