"""Sets that the files themselves set apart: folders train, test and val of pictures, and arrays such as x_train."""

import shutil

import numpy as np
import own_files
import pytest

from ms_dnn.config import parse_config
from ms_dnn.data import Source, load_data, read_features
from ms_dnn.data.formats.array_names import pairs_in
from ms_dnn.data.recognizing import recognize
from ms_dnn.data.validation import surprises
from ms_dnn.errors import ConfigError, DataError
from ms_dnn.experiment.first_config import first_config


@pytest.fixture
def pictures(tmp_path):
    """Write a folder with the sets in it under these names, each with dark and light pictures."""

    def pictures(*names, samples=8):
        for name in names:
            (tmp_path / "pictures" / name).mkdir(parents=True)
            own_files.write_images(tmp_path / "pictures" / name, samples)
        return tmp_path / "pictures"

    return pictures


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("train", "test"), {"train": 16, "test": 16}),
        (("Training", "val"), {"train": 13, "validation": 16, "test": 3}),
        (("train", "test", "valid"), {"train": 16, "validation": 16, "test": 16}),
    ],
)
def test_folders_of_sets_are_used_as_such(pictures, names, sizes):
    first = first_config(pictures(*names))
    assert {name: len(split.targets) for name, split in first.data.splits.items()} == sizes
    assert first.data.dataset.class_names == ("dark", "light")
    assert (first.config.training.early_stopping is not None) == ("validation" in sizes)
    assert first.config.data.folder.endswith(names[0])


def test_sets_of_several_sizes_are_resized_alike(pictures):
    folder = pictures("train")
    (folder / "test").mkdir()
    own_files.write_images(folder / "test", 4, size=(9, 7))
    assert first_config(folder).data.dataset.image_shape == (4, 5, 3)


def test_sets_are_not_taken_for_classes(pictures, tmp_path):
    folder = pictures("train", "test")
    with pytest.raises(
        DataError, match=r"'test', 'train' .* which are the names of sets.*data.folder: .*pictures/train"
    ):
        load_data(Source("images", folder=folder))
    flat = tmp_path / "flat"
    for name in ("train", "test"):
        shutil.copytree(folder / name / "dark", flat / name)
    for read in (first_config, lambda path: load_data(Source("images", folder=path))):
        with pytest.raises(DataError, match="sort the pictures of each into a folder a class"):
            read(flat)
    shutil.copytree(folder / "train" / "dark", flat / "car")  # trains beside cars are a class
    shutil.rmtree(flat / "test")
    assert load_data(Source("images", folder=flat)).dataset.class_names == ("car", "train")


def test_a_test_set_has_the_classes_of_the_training_set(pictures):
    folder = pictures("train", "test")
    (folder / "test" / "dark").rename(folder / "test" / "drak")
    with pytest.raises(DataError, match="got the folders 'drak', expected those of the training set, 'dark', 'light'"):
        first_config(folder)


def test_a_set_is_a_folder_or_a_share():
    text = first_text = (
        "name: t\ndata: {set: images, folder: a, test_folder: b, validation_folder: c}\n"
        "network: {layers: [{units: 2, activation: identity}]}\nloss: softmax_cross_entropy\n"
        "optimizer: {name: adam}\nlearning_rate: 0.1\n"
        "training: {batch_size: 2, epochs: 1, early_stopping: {patience: 2}}\n"
    )
    config = parse_config(first_text, "c.yaml")
    assert (config.data.test, config.data.validation) == (0, 0)
    for share in ("test", "validation"):
        with pytest.raises(ConfigError, match=f"got 0.1, but {share}_folder has that set; leave {share} out"):
            parse_config(text, "c.yaml", [f"data.{share}=0.1"])


RANDOM = np.random.default_rng(0)
X, Y = RANDOM.integers(0, 255, (40, 4, 3)), np.arange(40) % 4


def test_the_arrays_of_keras(tmp_path):
    arrays = {"x_test": X[:9], "x_train": X, "y_train": Y, "y_test": Y[:9]}
    np.savez(path := tmp_path / "mnist.npz", **arrays)
    first = first_config(path)
    assert {name: len(split.targets) for name, split in first.data.splits.items()} == {
        "train": 36,
        "validation": 4,
        "test": 9,
    }
    assert (
        "x_train was taken for x, y_train for y, x_test and y_test as the test set" in surprises(first.data.dataset)[0]
    )
    with pytest.raises(DataError, match="expected one named x"):
        read_features(path, 12)


@pytest.mark.parametrize(("x", "y"), [("data", "target"), ("images", "labels"), ("X", "Y"), ("features", "label")])
def test_arrays_under_usual_names(tmp_path, x, y):
    np.savez(path := tmp_path / "t.npz", **{x: X, y: Y})
    dataset = load_data(Source("npz", file=path)).dataset
    assert (len(dataset), dataset.n_classes) == (40, 4)
    assert bool(dataset.notes) == (x != "X")
    assert read_features(path, 12).labels.tolist() == Y.tolist()


def test_arrays_under_other_names_are_named(tmp_path):
    np.savez(path := tmp_path / "t.npz", pixels=X, kinds=Y, names=np.array(["a", "b"]))
    with pytest.raises(
        DataError, match=r"got the arrays kinds, names, pixels, expected x and y.*data.target, for instance"
    ):
        load_data(Source("npz", file=path))
    with pytest.raises(DataError, match="got the arrays names, pixels beside the target 'kinds', not one array"):
        load_data(Source("npz", file=path, target=recognize(path, "kinds").data["target"]))
    dataset = load_data(Source("npz", file=path, target="kinds", drop=("names",))).dataset
    assert (len(dataset), dataset.n_classes, dataset.notes) == (40, 4, ())
    assert read_features(path, 12, target="kinds", drop=("names",)).labels.tolist() == Y.tolist()


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["x", "y", "data"], {"train": {"x": "x", "y": "y"}}),
        (["data", "x", "X", "y"], {"train": {"x": "x", "y": "y"}}),
        (["test_images", "xTrain"], {"test": {"x": "test_images"}, "train": {"x": "xTrain"}}),
        (["x_val", "y_dev"], {"validation": {"x": "x_val", "y": "y_dev"}}),
        (["xylophone", "datum"], {}),
    ],
)
def test_what_names_of_arrays_tell(names, found):
    assert pairs_in(names) == found


def test_names_that_do_not_tell():
    with pytest.raises(ValueError, match="the arrays data, images, each of which may be x"):
        pairs_in(["data", "images", "y"])
