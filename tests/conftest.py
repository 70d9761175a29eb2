"""What all tests need before TensorFlow and matplotlib are imported: no log lines, no windows. And double precision."""

import os

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("ABSL_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # threads of several test processes wait for one another


@pytest.hookimpl(tryfirst=True)  # before pytest deselects by mark
def pytest_collection_modifyitems(items):
    """Marks the variants of a test as thorough that its mark ``ordinarily`` does not name."""
    for item in items:
        marker = item.get_closest_marker("ordinarily")
        if marker is not None and not any(f"-{each}-" in f"-{item.callspec.id}-" for each in marker.args):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture
def double_precision():
    """Keras computes in float64 for the length of a test, and as before after it."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy(before)
