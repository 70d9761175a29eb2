import dataclasses

import keras
import numpy as np

from recipes.models.blocks import Style


def test_a_style_counts_its_kernels_so_that_layers_of_a_seeded_initializer_differ():
    style = Style(initializer=keras.initializers.HeNormal(seed=5))
    first, second = (style.kernel()["kernel_initializer"] for _ in range(2))
    assert (first.seed, style.kernels) == (5, 2)
    assert not np.allclose(first((3, 4)), second((3, 4)))
    style.kernel(linear=True)
    style.restraints()
    assert style.kernels == 2
    again = dataclasses.replace(style, normalization="batch")  # counts from 0
    np.testing.assert_array_equal(again.kernel()["kernel_initializer"]((3, 4)), first((3, 4)))
