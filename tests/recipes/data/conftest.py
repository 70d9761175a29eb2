"""Builders and folders shared by the tests of recipes/data; nothing here is written to the user's home."""

import os
from pathlib import Path

import numpy as np
import pytest

from recipes.data import load


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory):
    """A folder in which the embedded datasets are prepared once for all tests."""
    return tmp_path_factory.mktemp("tfds")


@pytest.fixture(scope="session")
def digits(data_dir):
    return load("digits", data_dir=data_dir)


@pytest.fixture(scope="session")
def mnist_dir():
    """The folder with genuine MNIST; skips the test where there is none."""
    folder = os.environ.get("TFDS_DATA_DIR", "")
    if not folder or not Path(folder, "mnist").is_dir():
        pytest.skip("TFDS_DATA_DIR is unset or lacks mnist")
    return folder


@pytest.fixture
def prepare(tmp_path):
    """Makes and prepares a TFDS dataset: ``prepare("name", features, {"train": examples}, keys)`` -> its data_dir."""
    import tensorflow_datasets as tfds

    def make(name, features, splits, keys=None):
        def info(self):
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features), supervised_keys=keys
            )

        def generators(_self, _):
            return {split: enumerate(examples) for split, examples in splits.items()}

        members = {
            "__module__": __name__,
            "VERSION": tfds.core.Version("1.0.0"),
            "name": name,
            "_info": info,
            "_split_generators": generators,
            "_generate_examples": lambda self: None,
        }
        with tfds.core.registered.skip_registration():
            builder = type(name, (tfds.core.GeneratorBasedBuilder,), members)(data_dir=tmp_path)
        builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
        return tmp_path

    return make


@pytest.fixture
def table():
    """200 unique rows of 3 columns in 4 classes of unequal size."""
    x = np.arange(600, dtype="float32").reshape(200, 3)
    y = np.repeat([0, 1, 2, 3], [101, 59, 33, 7])
    return x, y
