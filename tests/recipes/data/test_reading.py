import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import load, reading


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
    monkeypatch.setattr(reading, "available_memory", lambda: 2 * needed)
    assert not load("digits", data_dir=data_dir, memory=0.5).on_disk
    assert load("digits", data_dir=data_dir, memory=0.49).on_disk


def test_a_disk_that_is_full_or_cannot_be_written(data_dir, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(reading.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
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
    assert 2**20 < reading.available_memory() < 2**50
