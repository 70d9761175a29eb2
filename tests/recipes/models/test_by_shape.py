"""Factories called with a shape and a number of outputs in place of a Spec."""

import pytest

from callbacks import InvalidArgument
from recipes.models import autoencoder, cnn, mlp


def test_a_shape_and_outputs_by_position():
    assert mlp((4, 4, 1), 10).output_shape == (None, 10)
    assert mlp(7, outputs=2, hidden=()).input_shape == (None, 7)
    assert cnn([8, 8, 1], 3).count_params() == cnn(input_shape=[8, 8, 1], outputs=3).count_params()
    assert autoencoder((6,), code=2).output_shape == (None, 6)
    with pytest.raises(InvalidArgument, match=r"outputs must be given once, but outputs=2 is given too"):
        mlp((4,), 3, outputs=2)
    with pytest.raises(TypeError, match="takes from 0 to 1 positional arguments but 3 were given"):
        mlp((4,), 3, 2)
