import keras
import numpy as np
import pytest

from recipes import Recipe, mlp
from recipes.losses import ends_in, loss_for


def model_with(*layers):
    return keras.Sequential([keras.Input((4,)), *layers])


@pytest.mark.parametrize(
    ("layers", "ending", "loss"),
    [
        ([keras.layers.Dense(3, activation="softmax")], "softmax", "sparse_categorical_crossentropy"),
        ([keras.layers.Dense(3), keras.layers.Softmax()], "softmax", "sparse_categorical_crossentropy"),
        ([keras.layers.Dense(3, activation=keras.layers.Softmax())], "softmax", "sparse_categorical_crossentropy"),
        ([keras.layers.Dense(3), keras.layers.Activation("softmax")], "softmax", "sparse_categorical_crossentropy"),
        ([keras.layers.Dense(1, activation="sigmoid")], "sigmoid", "binary_crossentropy"),
        ([keras.layers.Dense(1), keras.layers.Activation("sigmoid")], "sigmoid", "binary_crossentropy"),
        ([keras.layers.Dense(1)], "linear", "mean_squared_error"),
        ([keras.layers.Dense(2), keras.layers.Rescaling(3.0)], "rescaling", "mean_squared_error"),
    ],
)
def test_the_output_decides(layers, ending, loss):
    model = model_with(*layers)
    assert ends_in(model) == ending
    chosen = loss_for(model)
    assert chosen["loss"] == loss
    if loss == "mean_squared_error":
        names = [metric.name for metric in chosen["metrics"]]
        assert names == ["root_mean_squared_error", "mean_absolute_error"]
    else:
        assert chosen["metrics"] == ["accuracy"]
    assert ("loss_weights" in chosen) == (ending == "rescaling")


def test_the_regression_loss_is_divided_by_the_scales_square(regression):
    model = mlp(regression.spec, hidden=(4,))
    Recipe().compile(model)
    x, y = regression.arrays("test")
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    error = y.astype("float64") - model.predict(x, verbose=0)[:, 0]
    assert scores["loss"] == pytest.approx(np.mean(error**2) / regression.spec.target_variance, rel=1e-5)
    assert scores["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=1e-5)
    assert scores["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)), rel=1e-5)


def gradient(model, x, y):
    """What one step of plain gradient descent with rate 1 takes off the output's kernel and bias."""
    before = [np.array(v) for v in model.trainable_variables[-2:]]
    model.fit(x, y, batch_size=len(x), epochs=1, verbose=0)
    return [b - np.array(v) for b, v in zip(before, model.trainable_variables[-2:], strict=True)]


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize("size", [1.0, 30.0, 300.0])
@pytest.mark.parametrize("outputs", [3, 1])
def test_probabilities_give_the_gradient_of_logits(outputs, size, jit):
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    x = random.normal(size=(12, 4)).astype("float32")
    y = random.integers(0, 3 if outputs == 3 else 2, 12)
    model = mlp(input_shape=(4,), outputs=outputs, hidden=())
    kernel = model.layers[-2].kernel
    kernel.assign(size * np.array(kernel))
    logits = x.astype("float64") @ np.array(kernel, "float64")
    if outputs == 3:
        e = np.exp(logits - logits.max(axis=1, keepdims=True))
        delta = e / e.sum(axis=1, keepdims=True) - np.eye(3)[y]
    else:
        delta = 1.0 / (1.0 + np.exp(-np.clip(logits, -700, 700))) - y[:, None]
    Recipe(optimizer="sgd").compile(model, optimizer=keras.optimizers.SGD(1.0), jit_compile=jit)
    got_kernel, got_bias = gradient(model, x, y)
    np.testing.assert_allclose(got_kernel, x.T @ delta / 12, atol=2e-5 * size)
    np.testing.assert_allclose(got_bias, delta.mean(axis=0), atol=1e-5)
