from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import load
from recipes.data.disk import on_disk
from recipes.data.statistics.narrowing import narrowed
from recipes.data.tfds import reading
from recipes.data.tfds.selection import select


@pytest.fixture
def streamed(data_dir, tmp_path, monkeypatch):
    """The digits, read from disk."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda **options: load("digits", data_dir=data_dir, memory=0, **options)


def batches(data, **options):
    return [(x.numpy(), y.numpy()) for x, y in data.batches(**options)]


def test_from_disk_everything_is_as_from_memory(streamed, data_dir):
    disk, memory = streamed(), load("digits", data_dir=data_dir)
    assert disk.on_disk
    assert not memory.on_disk
    assert disk.spec == memory.spec
    assert disk.settings == memory.settings
    assert disk.fingerprint == memory.fingerprint
    for options in ({"split": "train", "first_epoch": 2}, {"split": "validation"}, {"split": "test", "batch_size": 50}):
        for (x, y), (other_x, other_y) in zip(batches(disk, **options), batches(memory, **options), strict=True):
            np.testing.assert_array_equal(x, other_x)
            np.testing.assert_array_equal(y, other_y)
    assert disk.train.element_spec == memory.train.element_spec


def test_what_was_decoded_is_used_again(streamed, monkeypatch):
    first = streamed()
    monkeypatch.setattr(reading, "chunks", lambda *_: pytest.fail("decoded twice"))
    assert streamed(seed=1).spec.input_shape == first.spec.input_shape


def test_the_share_of_memory_decides(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    needed = 1797 * (64 + 8)
    monkeypatch.setattr(on_disk, "available_memory", lambda: 2 * needed)
    assert not load("digits", data_dir=data_dir, memory=0.5).on_disk
    assert load("digits", data_dir=data_dir, memory=0.49).on_disk


def test_a_disk_that_is_full_or_cannot_be_written(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(on_disk.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(InvalidArgument, match=r"memory must be larger, or 0.00 GiB free in .*decoded"):
        load("digits", data_dir=data_dir, memory=0)
    assert list((tmp_path / "keras-training-recipes" / "decoded").iterdir()) == []
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(InvalidArgument, match="memory must be larger, or the folder writable"):
        load("digits", data_dir=data_dir, memory=0)


def test_decoding_that_fails_leaves_nothing(streamed, tmp_path, monkeypatch):
    def fail(*_):
        yield {"image": np.zeros((3, 8, 8, 1), "uint8")}
        raise OSError("the disk went away")

    monkeypatch.setattr(reading, "chunks", fail)
    with pytest.raises(OSError, match="went away"):
        streamed()
    assert list((tmp_path / "cache" / "keras-training-recipes" / "decoded").iterdir()) == []


def test_available_memory_is_plausible():
    assert 2**20 < on_disk.available_memory() < 2**50


def test_vectors_of_every_type_are_the_same_from_memory_and_from_disk(tmp_path):
    times = 1.7e9 + 1000 * np.random.default_rng(0).normal(size=(40, 2))
    vectors = {"time": times, "pixels": (times % 200).astype("uint8"), "counts": (times - 1.6e9).astype("int32")}
    vectors |= {"ids": 2**60 + np.arange(80).reshape(40, 2), "sizes": times - 1.7e9}
    with tfds.core.registered.skip_registration():

        class Vectors(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.0.0")
            pkg_dir_path = Path(__file__).parent

            def _info(self):
                features = {key: tfds.features.Tensor(shape=(2,), dtype=x.dtype) for key, x in vectors.items()}
                features["label"] = tfds.features.ClassLabel(num_classes=2)
                return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

            def _split_generators(self, *_, **__):
                return {"train": ((n, {key: x[n] for key, x in vectors.items()} | {"label": n % 2}) for n in range(40))}

            def _generate_examples(self):
                raise NotImplementedError

        builder = Vectors(data_dir=tmp_path / "tfds")
        builder.download_and_prepare()
    selection = select("vectors", builder.info)
    memory, _ = reading.read(builder, selection, "train")
    disk, _ = reading.read_to_disk(builder, selection, "train", None, tmp_path / "decoded", 0)
    types = {"time": "float64", "pixels": "float32", "counts": "float64", "ids": "int64", "sizes": "float32"}
    for name, dtype in types.items():
        x, stored = narrowed({"train": memory[name]})["train"], narrowed({"train": disk[name]})["train"]
        assert x.dtype == stored.dtype == dtype, name
        np.testing.assert_array_equal(x, np.asarray(stored))
        np.testing.assert_array_equal(x[3:5], stored[3:5])
        exact = (
            vectors[name] if vectors[name].dtype.kind in "iu" else vectors[name].astype("float32")
        )  # in TFDS's files
        assert {tuple(row) for row in x.tolist()} == {tuple(row) for row in exact.tolist()}
