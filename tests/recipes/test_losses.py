import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Recipe, mlp
from recipes.losses import compile_options, loss_for
from recipes.model_output import ends_in


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
        assert [metric.name for metric in chosen["metrics"]] == ["accuracy"]
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
@pytest.mark.ordinarily("1-1.0-False", "3-300.0-True", "3-1.0-True")
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


def with_outputs(outputs):
    """A model whose outputs are the layers given: a dictionary or a list of them."""
    x = keras.Input((4,))
    return keras.Model(x, keras.tree.map_structure(lambda layer: layer(x), outputs))


def ending(kind, name=None):
    layers = {
        "softmax": keras.layers.Dense(3, activation="softmax", name=name),
        "sigmoid": keras.layers.Dense(1, activation="sigmoid", name=name),
        "linear": keras.layers.Dense(1, name=name),
    }
    return layers[kind]


THREE = {"z": "softmax", "a": "sigmoid", "m": "linear"}
LOSSES = {"z": "sparse_categorical_crossentropy", "a": "binary_crossentropy", "m": "mean_squared_error"}


def labels(count=12):
    random = np.random.default_rng(0)
    y = {"z": random.integers(0, 3, count), "a": random.integers(0, 2, count), "m": random.normal(size=count)}
    return random.normal(size=(count, 4)).astype("float32"), y


def check_scores(model, x, y, weights):
    """Every output's loss and metric against float64."""
    scores = model.evaluate(x, y, verbose=0, return_dict=True)
    predicted = keras.tree.map_structure(np.array, model(x))
    y = y if isinstance(y, dict) else dict(zip(model.output_names, y, strict=True))
    predicted = predicted if isinstance(predicted, dict) else dict(zip(model.output_names, predicted, strict=True))
    z, a, m = (predicted[name].astype("float64") for name in "zam")
    expected = {
        "z": -np.log(z[np.arange(len(z)), y["z"]]).mean(),
        "a": -np.log(np.where(y["a"] == 1, a[:, 0], 1 - a[:, 0])).mean(),
        "m": np.mean((m[:, 0] - y["m"]) ** 2),
    }
    for name, value in expected.items():
        assert scores[f"{name}_loss"] == pytest.approx(value, rel=1e-4)
    assert scores["loss"] == pytest.approx(sum(weights[name] * expected[name] for name in expected), rel=1e-4)
    assert scores["z_accuracy"] == pytest.approx(np.mean(z.argmax(axis=1) == y["z"]))
    assert scores["a_accuracy"] == pytest.approx(np.mean((a[:, 0] > 0.5) == y["a"]))
    assert scores["m_root_mean_squared_error"] == pytest.approx(np.sqrt(expected["m"]), rel=1e-4)


@pytest.mark.parametrize(
    ("structure", "weights"),
    [
        ("dictionary", None),
        ("dictionary", {"a": 0.5}),
        ("other names", {"m": 0.0, "a": 3, "z": 0.5}),
        ("list", {"a": 2}),
    ],
)
@pytest.mark.ordinarily("dictionary-None", "other names-weights2")
def test_several_outputs(structure, weights):
    if structure == "list":
        model = with_outputs([ending(kind, name) for name, kind in THREE.items()])
    else:
        model = with_outputs(
            {name: ending(kind, name if structure == "dictionary" else None) for name, kind in THREE.items()}
        )
    chosen = loss_for(model)
    assert chosen["loss"] == LOSSES
    assert "loss_weights" not in chosen
    Recipe().compile(model, **({} if weights is None else {"loss_weights": weights}))
    x, y = labels()
    y = y if structure != "list" else [y[name] for name in THREE]
    check_scores(model, x, y, {**dict.fromkeys(THREE, 1.0), **(weights or {})})


def test_a_dictionary_of_one_output():
    model = with_outputs({"z": ending("softmax")})
    assert loss_for(model)["loss"] == {"z": "sparse_categorical_crossentropy"}
    Recipe().compile(model, loss_weights={"z": 0.5})
    x, y = labels()
    scores = model.evaluate(x, {"z": y["z"]}, verbose=0, return_dict=True)
    z = model.predict(x, verbose=0)["z"]
    assert scores["loss"] == pytest.approx(-0.5 * np.log(z[np.arange(len(z)), y["z"]]).mean(), rel=1e-5)
    assert scores["accuracy"] == pytest.approx(np.mean(z.argmax(axis=1) == y["z"]))


def test_weights_count_on_top_of_the_scale():
    model = with_outputs({"a": ending("sigmoid"), "m": keras.layers.Rescaling(10.0)})
    assert loss_for(model)["loss_weights"] == {"a": 1.0, "m": pytest.approx(0.01)}
    chosen = compile_options(model, {"loss_weights": {"m": 3.0}})
    assert chosen["loss_weights"] == {"a": 1.0, "m": pytest.approx(0.03)}
    chosen = compile_options(model, {"loss": {"m": "mean_absolute_error"}, "loss_weights": {"m": 3.0}})
    assert (chosen["loss"], chosen["loss_weights"]) == ({"m": "mean_absolute_error"}, {"m": 3.0})
    chosen = compile_options(model, {"loss": "mean_squared_error", "loss_weights": {"m": 3.0}})
    assert chosen["loss"] == {"a": "mean_squared_error", "m": "mean_squared_error"}
    assert chosen["loss_weights"] == {"a": 1.0, "m": 3.0}


def test_one_output_takes_what_keras_takes():
    model = model_with(keras.layers.Dense(1))
    assert compile_options(model, {"loss_weights": [0.5], "loss": "mae"})["loss_weights"] == [0.5]
    assert compile_options(model, {"loss": None})["loss"] is None
    scaled = model_with(keras.layers.Dense(1), keras.layers.Rescaling(10.0))
    assert compile_options(scaled, {"loss": "mse"})["loss_weights"] == [pytest.approx(0.01)]


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"b": 1.0}, "loss_weights must be a mapping to numbers from some of the outputs 'a', 'm', 'z'"),
        ([1.0, 2.0, 3.0], "loss_weights must be a mapping to numbers"),
        (0.5, "loss_weights must be a mapping to numbers"),
        ({"a": "much"}, r"loss_weights\['a'\] must be a number"),
        ({"a": None}, r"loss_weights\['a'\] must be a number"),
    ],
)
def test_loss_weights_that_are_refused(weights, message):
    model = with_outputs({name: ending(kind) for name, kind in THREE.items()})
    with pytest.raises(InvalidArgument, match=message):
        Recipe().compile(model, loss_weights=weights)


def test_outputs_without_names_of_their_own_are_refused():
    x = keras.Input((4,))
    layer = keras.layers.Dense(4, activation="softmax")
    model = keras.Model(x, [layer(x), layer(layer(x))])
    with pytest.raises(InvalidArgument, match="model must be one whose outputs are made by layers of different names"):
        loss_for(model)


def test_label_smoothing_maps_over_outputs():
    model = with_outputs({name: ending(THREE[name]) for name in ("z", "a")})
    Recipe(regularizer={"name": "label_smoothing", "epsilon": 0.2}).compile(model)
    x, y = labels()
    scores = model.evaluate(x, {name: y[name] for name in ("z", "a")}, verbose=0, return_dict=True)
    predicted = model.predict(x, verbose=0)
    z, a = predicted["z"].astype("float64"), predicted["a"][:, 0].astype("float64")
    target = np.where(np.eye(3)[y["z"]] == 1, 0.8, 0.1)
    assert scores["z_loss"] == pytest.approx(-np.sum(target * np.log(z), axis=1).mean(), rel=1e-4)
    target = np.where(y["a"] == 1, 0.8, 0.2)
    assert scores["a_loss"] == pytest.approx(-np.mean(target * np.log(a) + (1 - target) * np.log(1 - a)), rel=1e-4)
    with pytest.raises(InvalidArgument, match="used with a cross-entropy, which 'mean_squared_error' is not"):
        Recipe(regularizer="label_smoothing").compile(with_outputs({k: ending(v) for k, v in THREE.items()}))
