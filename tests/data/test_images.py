import numpy as np
import pytest
from PIL import Image

from ms_dnn.data import load_bundled, read_features
from ms_dnn.data.formats import images
from ms_dnn.errors import DataError

SHAPE, RANGE = (8, 8), (0.0, 16.0)


@pytest.fixture(scope="module")
def digit():
    """The first digit of the bundled set, (8, 8), 0 to 255, light on dark."""
    return np.round(load_bundled("digits").x[0].reshape(SHAPE) * 255 / 16).astype(np.uint8)


def read(path):
    return read_features(path, 64, SHAPE, RANGE).x


def test_a_digit_comes_back_through_every_lossless_format(tmp_path, digit):
    large = Image.fromarray(digit).resize((80, 80), Image.Resampling.NEAREST)
    for suffix in ("png", "bmp", "gif", "tif", "pgm"):
        large.save(tmp_path / f"digit.{suffix}")
    samples = read_features(tmp_path, 64, SHAPE, RANGE)
    assert samples.row_names == [f"digit.{suffix}" for suffix in ("bmp", "gif", "pgm", "png", "tif")]
    assert samples.labels is None
    np.testing.assert_allclose(samples.x, np.tile(load_bundled("digits").x[0], (5, 1)), atol=16 / 255)


def test_only_what_is_asked_for_is_inverted_and_it_is_said(tmp_path, digit):
    for name, pixels in (("light", digit), ("dark", 255 - digit)):
        Image.fromarray(pixels).convert("RGB").save(tmp_path / f"{name}.png")
    as_it_is, wanted = read(tmp_path / "dark.png"), read(tmp_path / "light.png")
    np.testing.assert_allclose(as_it_is, 16 - wanted, atol=1e-5)
    inverted = read_features(tmp_path / "dark.png", 64, SHAPE, RANGE, invert=True)
    np.testing.assert_allclose(inverted.x, wanted, atol=1e-5)
    assert inverted.notes == ("1 picture: made grey, inverted; black is 0, white 16",)


def test_what_was_done_to_pictures_of_several_kinds_is_one_sentence(tmp_path, digit):
    for size in (8, 10, 11, 12, 13):
        Image.fromarray(digit).resize((size, 9)).save(tmp_path / f"{size}.png")
    Image.fromarray(digit).convert("RGBA").resize((8, 8)).save(tmp_path / "colours.png")
    (note,) = read_features(tmp_path, 64, SHAPE, RANGE).notes
    assert note == (
        "6 pictures: 1 of them made grey, transparent parts made the ground on which the rest stands out, resized from "
        "9×10, 9×11, 9×12, … to 8×8 (height×width); black is 0, white 16"
    )
    (note,) = read_features(tmp_path / "8.png", 192, (8, 8, 3), RANGE).notes
    assert "grey, with red, green and blue alike, resized from 9×8 to 8×8" in note


def test_a_folder_of_folders_is_labelled_where_they_are_classes(tmp_path, digit):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        Image.fromarray(digit).save(tmp_path / name / "0.png")
    samples = read_features(tmp_path, 64, SHAPE, RANGE, class_names=("none", "one", "two"))
    assert samples.labels.tolist() == ["one", "two"]
    assert samples.row_names == ["one/0.png", "two/0.png"]
    samples = read_features(tmp_path, 64, SHAPE, RANGE, class_names=("one", "three"))
    assert samples.labels is None
    assert samples.notes[1].startswith("nothing to compare the predictions with: 'two' in ")
    Image.fromarray(digit).save(tmp_path / "beside.png")
    samples = read_features(tmp_path, 64, SHAPE, RANGE, class_names=("one", "two"))
    assert (samples.row_names, samples.labels) == (["beside.png"], None)
    assert samples.notes[1].endswith("were left out, for there are pictures beside them")


def test_sixteen_bits_are_not_clipped(tmp_path, digit):
    Image.fromarray(digit).save(tmp_path / "8.png")
    Image.fromarray(digit.astype(np.uint16) * 257).save(tmp_path / "16.png")
    np.testing.assert_allclose(read(tmp_path / "16.png"), read(tmp_path / "8.png"), atol=1e-5)


@pytest.mark.parametrize("ink", [0, 255])
def test_ink_stands_out_of_a_transparent_ground(tmp_path, digit, ink):
    layers = [Image.new("L", SHAPE, ink), Image.fromarray(digit)]
    Image.merge("LA", layers).save(tmp_path / "clear.png")
    expected = digit if ink else 255 - digit
    np.testing.assert_allclose(read(tmp_path / "clear.png").reshape(SHAPE), expected * (16 / 255), atol=1e-4)


def test_resizing_averages_over_areas(tmp_path):
    board = np.indices((64, 64)).sum(axis=0) % 2 * 255
    board[[0, -1]] = board[:, [0, -1]] = 0
    Image.fromarray(board.astype(np.uint8)).save(tmp_path / "board.png")
    assert read(tmp_path / "board.png").reshape(SHAPE)[1:-1, 1:-1] == pytest.approx(8.0, abs=1e-4)


def test_height_comes_before_width(tmp_path):
    tall = np.zeros((30, 20), np.uint8)
    tall[10:20, 5:10] = 255
    Image.fromarray(tall).save(tmp_path / "tall.png")
    x = read_features(tmp_path / "tall.png", 12, (3, 4)).x.reshape(3, 4)
    np.testing.assert_allclose(x, [[0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]], atol=1e-6)


def test_a_list_keeps_its_order(tmp_path, digit):
    paths = [tmp_path / "b.png", tmp_path / "a.jpg"]
    for path in paths:
        Image.fromarray(digit).save(path)
    samples = read_features([str(path) for path in paths], 64, SHAPE, RANGE)
    assert samples.row_names == ["b.png", "a.jpg"]
    assert 0 <= samples.x.min() <= samples.x.max() <= 16


def test_more_pixels_than_memory_bears_are_refused(tmp_path, monkeypatch):
    Image.new("L", (100, 100)).save(tmp_path / "big.png")
    monkeypatch.setattr(images, "_MOST_PIXELS", 9_999)
    with pytest.raises(DataError, match=r"'big.png' is 100×100 pixels, more than 9999 in all"):
        read(tmp_path / "big.png")


def test_a_decompression_bomb_is_refused(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(DataError, match=r"bomb\.png"):
        read(tmp_path / "bomb.png")


def test_unusable_pictures_say_why(tmp_path, digit):
    path = tmp_path / "digit.png"
    Image.fromarray(digit).save(path)
    with pytest.raises(DataError, match="not trained on pictures"):
        read_features(path, 64)
    with pytest.raises(DataError, match="has 64 feature columns, expected 10"):
        read_features(path, 10, SHAPE)
    with pytest.raises(DataError, match=r"no picture .*lost.png"):
        read_features([tmp_path / "lost.png"], 64, SHAPE)
    with pytest.raises(DataError, match="list of pictures is empty"):
        read_features([], 64, SHAPE)
    Image.fromarray(digit.astype(np.float32)).save(tmp_path / "float.tif")
    with pytest.raises(DataError, match="floating-point"):
        read(tmp_path / "float.tif")


def test_paths_that_lead_nowhere(tmp_path):
    with pytest.raises(DataError, match=r"got no file or folder .*lost.csv"):
        read_features(tmp_path / "lost.csv", 2)
    with pytest.raises(DataError, match="holds no picture"):
        read_features(tmp_path, 64, SHAPE)
    (tmp_path / "data.xlsx").touch()
    with pytest.raises(DataError, match=r"no kind that can be read; expected one of \.npz"):
        read_features(tmp_path / "data.xlsx", 2)
