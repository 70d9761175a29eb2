"""Whether an element of a pipeline is one example or a batch."""

import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data.elements import Parts, is_batched


def parts(x, y, weight=None, dtype="float32"):
    tensors = [None if shape is None else tf.TensorSpec(shape, "int64") for shape in (y, weight)]
    return Parts({"": tf.TensorSpec(x, dtype)}, *tensors)


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        (parts((3,), ()), False),
        (parts((28, 28, 1), (10,)), False),
        (parts((None, None, 3), ()), False),
        (parts((None, 3), (None,)), True),
        (parts((None,), (None,), dtype="string"), True),
        (parts((32,), (32,), dtype="string"), True),
        (parts((32, 28, 28, 1), (32,)), True),
        (parts((32, 28, 28), (32, 10)), True),
        (parts((32, 3), (32,), (32,)), True),
        (parts((5,), (5,)), False),
        (parts((28, 28, 1), (28,)), None),
        (parts((32, 3), (32,)), None),
        (parts((32, 3), (None,)), None),
    ],
)
def test_shapes_tell_or_an_error_asks(components, expected):
    if expected is None:
        with pytest.raises(
            InvalidArgument, match="batched must be True or False, since the shapes of train do not tell"
        ):
            is_batched("train", components)
    else:
        assert is_batched("train", components) is expected
