"""From the command line to a Cell and its inputs."""

import pytest
from mindspore import nn
from user_cells import Around, product, squares

from ms_dnn.errors import SubjectError
from ms_dnn.judge.target import load_target

pytestmark = pytest.mark.usefixtures("cpu")


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
