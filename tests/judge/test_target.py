"""From the command line to a Cell and its inputs."""

import numpy as np
import pytest
from mindspore import nn
from user_cells import Around, product, squares

from ms_dnn.errors import SubjectError
from ms_dnn.judge.target import load_target, read_input

pytestmark = pytest.mark.usefixtures("cpu")


@pytest.mark.parametrize(
    ("text", "shape", "dtype"),
    [
        ("32x784", (32, 784), "float32"),
        ("5", (5,), "float32"),
        ("2x3x4:float64", (2, 3, 4), "float64"),
        ("7:float16", (7,), "float16"),
    ],
)
def test_floats_are_drawn(text, shape, dtype):
    drawn = read_input(text, seed=3, place=0)
    assert (drawn.shape, drawn.dtype) == (shape, dtype)
    assert np.array_equal(drawn, read_input(text, seed=3, place=0))
    assert not np.array_equal(drawn, read_input(text, seed=3, place=1))
    assert not np.array_equal(drawn, read_input(text, seed=4, place=0))


def test_integers_are_drawn_below_a_bound():
    drawn = read_input("1000:int32<7", seed=0, place=0)
    assert drawn.dtype == np.int32
    assert set(drawn.tolist()) == set(range(7))


def test_arrays_are_read(tmp_path):
    array = np.arange(6.0).reshape(2, 3)
    np.save(tmp_path / "x.npy", array)
    np.savez(tmp_path / "all.npz", x=array, y=array + 1)
    assert np.array_equal(read_input(f"{tmp_path}/x.npy", 0, 0), array)
    assert np.array_equal(read_input(f"{tmp_path}/all.npz:y", 0, 0), array + 1)


@pytest.mark.parametrize("text", ["", "axb", "3x", "3:int8", "no.npy", "no.npz:x", "x.txt", "3x-4"])
def test_a_wrong_input_is_one_sentence(text):
    with pytest.raises(SubjectError, match=r"input '.*': (expected a shape|cannot be read)"):
        read_input(text, 0, 0)


@pytest.mark.parametrize(("name", "content"), [("x.npy", b""), ("x.npz:x", b"PK\x03\x04 cut off"), ("x.npz:x", b"")])
def test_a_damaged_file_is_one_sentence(tmp_path, name, content):
    (tmp_path / name.partition(":")[0]).write_bytes(content)
    with pytest.raises(SubjectError, match="cannot be read"):
        read_input(f"{tmp_path}/{name}", 0, 0)


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "evil.npy", np.array([print], dtype=object), allow_pickle=True)
    with pytest.raises(SubjectError, match="cannot be read"):
        read_input(f"{tmp_path}/evil.npy", 0, 0)


def test_a_factory_with_inputs():
    target = load_target("user_cells:right_network")
    assert isinstance(target.function, Around)
    assert target.inputs[0].shape == (6, 5)
    assert target.loss is None


def test_a_factory_with_everything():
    target = load_target("user_cells:wrong_network")
    assert target.loss is squares
    assert target.targets[0].shape == (6, 3)


def test_inputs_on_the_command_line_win():
    target = load_target("user_cells:right_network", ["2x5:float64"], "user_cells:squares", ["2x3:float64"])
    assert target.inputs[0].shape == (2, 5)
    assert target.loss is squares
    assert target.targets[0].shape == (2, 3)


def test_a_function_and_a_class():
    assert load_target("user_cells:product", ["2x3", "3x2"]).function is product
    assert isinstance(load_target("user_cells:NotReduced", ["2x3", "3"]).function, nn.Cell)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("user_cells", "expected a .yaml file or package.module:name"),
        ("no_such_module:f", "there is no module no_such_module"),
        ("user_cells:nothing", "has no 'nothing'; it has"),
        ("user_cells:broken_factory", "calling it fails with RuntimeError: no data here"),
        ("user_cells:product", "no inputs: name one for each argument"),
        ("user_cells:np.pi", "the factory returned float"),
    ],
)
def test_a_wrong_target_is_one_sentence(name, words):
    with pytest.raises(SubjectError, match=words):
        load_target(name)
