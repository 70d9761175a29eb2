"""Within a keras.StatelessScope the optimizers take the same steps, and assign nothing."""

import keras
import numpy as np
import pytest

from recipes.optimizers import OPTIMIZERS
from recipes.optimizers.capabilities import finds_its_own_step

NAMES = [name for name, entry in OPTIMIZERS.items() if not finds_its_own_step(entry)]
RNG = np.random.default_rng(0)
WEIGHTS = [RNG.normal(size=(5, 4)).astype("float32"), RNG.normal(size=4).astype("float32")]
GRADIENTS = [[RNG.normal(size=weight.shape).astype("float32") for weight in WEIGHTS] for _ in range(3)]


def built(name, **options):
    optimizer = OPTIMIZERS[name].build(**options)
    variables = [keras.Variable(w, name=n) for w, n in zip(WEIGHTS, ("kernel", "bias"), strict=True)]
    optimizer.build(variables)
    return optimizer, variables


@pytest.mark.parametrize("options", [{}, {"weight_decay": 0.1, "clipnorm": 1.0}], ids=["usual", "decay and clipping"])
@pytest.mark.parametrize("name", NAMES)
def test_stateless_steps_are_those_that_assign(name, options):
    stepped, variables = built(name, **options)
    stateless, untouched = built(name, **options)
    before = [np.array(variable) for variable in stateless.variables]
    weights, state = [*map(keras.ops.array, WEIGHTS)], [*map(keras.ops.array, before)]
    for gradients in GRADIENTS:
        stepped.apply([keras.ops.convert_to_tensor(gradient) for gradient in gradients], variables)
        tensors = [keras.ops.convert_to_tensor(gradient) for gradient in gradients]
        weights, state = stateless.stateless_apply(state, tensors, weights)
    for variable, value in zip([*variables, *stepped.variables], [*weights, *state], strict=True):
        np.testing.assert_allclose(np.array(value), np.array(variable), rtol=3e-6, atol=1e-7)
    for variable, value in zip([*untouched, *stateless.variables], [*WEIGHTS, *before], strict=True):
        np.testing.assert_array_equal(np.array(variable), value)
