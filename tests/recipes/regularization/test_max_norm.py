"""MaxNorm: units whose incoming weights are too long are scaled back, all others stay."""

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, cnn, mlp
from recipes.regularization import Dropout, MaxNorm, Regularizer


def reference(kernel, limit):
    """All axes but the last belong to one unit."""
    norms = np.sqrt((kernel.astype("float64") ** 2).sum(axis=tuple(range(kernel.ndim - 1))))
    return kernel * np.minimum(1.0, limit / norms)


def norms(kernel):
    return np.linalg.norm(np.asarray(kernel, "float64").reshape(-1, kernel.shape[-1]), axis=0)


@pytest.mark.parametrize("shape", [(7, 40), (3, 3, 4, 40), (5, 4, 40)], ids=["dense", "conv2d", "conv1d"])
def test_each_unit_is_scaled_back_to_the_limit(shape):
    scales = np.linspace(0.1, 2.0, 40) / np.sqrt(np.prod(shape[:-1]))
    kernel = (np.random.default_rng(0).normal(size=shape) * scales).astype("float32")
    before = norms(kernel)
    assert (before < 0.9).any()
    assert (before > 1.1).any()
    after = np.asarray(MaxNorm(1.0).kernel_constraint(len(shape))(keras.ops.convert_to_tensor(kernel)))
    np.testing.assert_allclose(after, reference(kernel, 1.0), rtol=3e-6)
    np.testing.assert_allclose(after[..., before < 1.0], kernel[..., before < 1.0], rtol=3e-6)
    np.testing.assert_allclose(norms(after)[before > 1.0], 1.0, rtol=1e-5)


def data(shape):
    random = np.random.default_rng(2)
    return random.normal(size=(32, *shape)).astype("float32"), random.integers(0, 3, 32)


@pytest.mark.ordinarily("cnn")
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
def test_no_unit_is_longer_than_the_limit_after_training(kind):
    shape = (5,) if kind == "mlp" else (4, 4, 1)
    factory, options = (mlp, {}) if kind == "mlp" else (cnn, {"filters": (3,)})
    longest = {}
    for name, regularizer in (("free", []), ("bounded", [MaxNorm(0.6)])):
        keras.utils.set_random_seed(0)
        model = factory(input_shape=shape, outputs=3, hidden=(6,), regularizer=regularizer, **options)
        for variable in model.trainable_variables:
            if variable.name == "bias":
                variable.assign(3.0 * keras.ops.ones(variable.shape))
        model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy", run_eagerly=kind == "mlp")
        model.fit(*data(shape), batch_size=8, epochs=2, verbose=0)
        kernels = [each for each in model.trainable_variables if each.name == "kernel"]
        longest[name] = [norms(each).max() for each in kernels]
        biases = [each for each in model.trainable_variables if each.name == "bias"]
        assert max(np.linalg.norm(each) for each in biases) > 0.6
    assert len(longest["free"]) == {"mlp": 2, "cnn": 3}[kind]
    assert min(longest["free"]) > 0.7
    assert max(longest["bounded"]) <= 0.6 * (1 + 1e-6)


def test_predictions_are_those_of_a_model_without_it():
    models = []
    for regularizer in ([], [MaxNorm(0.01)]):
        keras.utils.set_random_seed(0)
        models.append(mlp(input_shape=(5,), outputs=3, hidden=(6,), regularizer=regularizer))
    x = data((5,))[0]
    np.testing.assert_array_equal(models[0].predict_on_batch(x), models[1].predict_on_batch(x))


def test_two_constraints_on_one_kernel_are_refused():
    class Other(Regularizer):
        name = "other"

        def kernel_constraint(self, rank):
            return keras.constraints.NonNeg()

    with pytest.raises(InvalidArgument, match="at most one constraint on the kernels"):
        mlp(input_shape=(5,), outputs=3, regularizer=[MaxNorm(), Other()])


def test_it_goes_with_dropout():
    model = Recipe(regularizer=[Dropout(0.5), MaxNorm(2.0)]).build_model(input_shape=(5,), outputs=3, hidden=(6,))
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.5]
    assert {layer.kernel_constraint.max_value for layer in model.layers if hasattr(layer, "kernel")} == {2.0}


@pytest.mark.parametrize("limit", [0, -1.0, float("nan"), float("inf"), "3", None])
def test_limits_that_are_refused(limit):
    with pytest.raises(InvalidArgument, match=r"limit must be a number > 0\. Received: limit="):
        MaxNorm(limit)
