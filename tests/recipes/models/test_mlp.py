import dataclasses

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import mlp
from recipes.models import MODELS
from recipes.regularization import L2, Dropout, EarlyStopping, MaxNorm


class OwnNorm(MaxNorm):
    name = "own"


def test_layers_when_shallow(kinds):
    model = mlp(input_shape=(4,), outputs=3, hidden=(8, 5))
    assert kinds(model) == ["InputLayer", "Dense8", "elu", "Dense5", "elu", "Dense3", "softmax"]


def test_the_sizes_by_default():
    model = mlp(input_shape=(28, 28, 1), outputs=10)
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense)] == [300, 100, 10]
    assert model.count_params() == 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10
    assert model.name == "mlp"
    assert not model.compiled


def test_layers_from_a_spec(kinds, images):
    model = mlp(images.spec, hidden=(8,))
    assert kinds(model) == ["InputLayer", "Normalization", "Flatten", "Dense8", "elu", "Dense3", "softmax"]
    assert model.input_shape == (None, 6, 6, 1)
    assert model.inputs[0].dtype == "uint8"


@pytest.mark.thorough
@pytest.mark.parametrize(("depth", "deep"), [(4, False), (5, True)])
def test_deep_networks_are_batch_normalized(kinds, depth, deep):
    model = mlp(input_shape=(4,), outputs=1, hidden=(3,) * depth)
    block = ["Dense3 no bias", "BatchNormalization", "elu"] if deep else ["Dense3", "elu"]
    assert kinds(model) == ["InputLayer", *block * depth, "Dense1", "sigmoid"]


def test_normalization_can_be_asked_for_and_refused(kinds):
    assert "BatchNormalization" in kinds(mlp(input_shape=(4,), outputs=3, hidden=(3,), normalization="batch"))
    assert "BatchNormalization" not in kinds(mlp(input_shape=(4,), outputs=3, hidden=(3,) * 6, normalization="none"))


def test_dropout_after_the_activation_and_not_on_the_output(kinds):
    model = mlp(input_shape=(4,), outputs=3, hidden=(8, 5), regularizer=[Dropout(0.3)])
    block = ["elu", "Dropout"]
    assert kinds(model) == ["InputLayer", "Dense8", *block, "Dense5", *block, "Dense3", "softmax"]
    assert {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)} == {0.3}
    assert "Dropout" not in kinds(mlp(input_shape=(4,), outputs=3, regularizer=[Dropout(0.0)]))


@pytest.mark.parametrize(
    "regularizer",
    ["l2+dropout", ["l2", Dropout()], [{"name": "l2", "strength": 1e-4}, {"name": "dropout", "rate": 0.2}]],
)
def test_a_factory_takes_every_form_of_a_choice(regularizer):
    model = mlp(input_shape=(4,), outputs=3, hidden=(8,), regularizer=regularizer)
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.2]
    kernels = [layer.kernel_regularizer.l2 for layer in model.layers if hasattr(layer, "kernel")]
    assert kernels == pytest.approx([5e-5, 5e-5])
    for nothing in ("none", None, ()):
        assert not mlp(input_shape=(4,), outputs=3, regularizer=nothing).losses


def test_no_batch_normalization_comes_after_dropout(kinds):
    model = mlp(input_shape=(4,), outputs=3, hidden=(8, 5), normalization="batch", regularizer=[Dropout(0.3)])
    block = ["BatchNormalization", "elu"]
    assert kinds(model) == [
        *("InputLayer", "Dense8 no bias", *block),
        *("Dense5 no bias", *block, "Dropout", "Dense3", "softmax"),
    ]


def test_dropout_acts_in_training_only():
    model = mlp(input_shape=(4,), outputs=3, hidden=(50,), regularizer="dropout")
    x = np.ones((1, 4), "float32")
    assert np.array_equal(model(x, training=False), model(x, training=False))
    assert not np.array_equal(model(x, training=True), model(x, training=True))


def test_the_penalty_is_half_the_sum_of_squared_kernels():
    model = mlp(input_shape=(4,), outputs=3, hidden=(8, 5), normalization="batch", regularizer=[L2(0.3)])
    for variable in model.trainable_variables:
        variable.assign(np.random.default_rng(0).normal(size=variable.shape))
    kernels = [v.numpy().astype("float64") for v in model.trainable_variables if v.path.endswith("kernel")]
    assert len(kernels) == 3
    expected = 0.3 / 2 * sum(np.sum(kernel**2) for kernel in kernels)
    assert float(sum(model.losses)) == pytest.approx(expected, rel=1e-6)
    assert not mlp(input_shape=(4,), outputs=3, regularizer=[EarlyStopping()]).losses


def test_the_penalty_pulls_each_weight_by_strength_times_weight():
    model = mlp(input_shape=(4,), outputs=2, hidden=(), regularizer=[L2(0.3)])
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y, p: 0.0 * keras.ops.sum(p, axis=-1))
    before = model.trainable_variables[0].numpy()
    model.fit(np.ones((2, 4)), np.zeros(2), verbose=0)
    np.testing.assert_allclose(model.trainable_variables[0].numpy(), before - 0.3 * before, rtol=1e-5)


@pytest.mark.parametrize("spread", [True, False])
def test_preprocessing_is_that_of_float64(images, spread):
    x = images.arrays("train")[0]
    if not spread:
        x = np.arange(256, dtype="uint8").repeat(9).reshape(-1, 6, 6, 1)
    model = mlp(images.spec, hidden=())
    probe = keras.Model(model.input, model.layers[1].output)
    mean, variance = np.array(images.spec.input_mean), np.array(images.spec.input_variance)
    expected = (x.astype("float64") - mean) / np.sqrt(variance)
    got = probe.predict(x, verbose=0)
    assert got.dtype == "float32"
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    if spread:
        assert got.mean() == pytest.approx(0, abs=1e-5)
        assert got.std() == pytest.approx(1, abs=1e-5)


def test_preprocessing_can_be_replaced(images, kinds):
    model = mlp(images.spec, hidden=(), preprocessing=keras.layers.Rescaling(1 / 255))
    assert kinds(model)[:3] == ["InputLayer", "Rescaling", "Flatten"]


def test_he_variance():
    keras.utils.set_random_seed(0)
    model = mlp(input_shape=(200,), outputs=10, hidden=(400, 300))
    first, second, output = (layer for layer in model.layers if isinstance(layer, keras.layers.Dense))
    assert first.kernel.numpy().var() == pytest.approx(2 / 200, rel=0.03)
    assert second.kernel.numpy().var() == pytest.approx(2 / 400, rel=0.03)
    assert output.kernel.numpy().var() == pytest.approx(0.01 * 2 / (300 + 10), rel=0.1)
    assert np.abs(output.kernel.numpy()).max() <= 0.1 * np.sqrt(6 / 310)
    assert not first.bias.numpy().any()
    assert not np.array_equal(first.kernel.numpy()[:10, :10], second.kernel.numpy()[:10, :10])


def test_activation_and_initializer_reach_the_layers(kinds):
    assert kinds(mlp(input_shape=(4,), outputs=3, hidden=(8,), activation="tanh"))[2] == "tanh"
    assert kinds(mlp(input_shape=(4,), outputs=3, hidden=(8,), activation="logistic"))[2] == "sigmoid"
    leaky = mlp(input_shape=(4,), outputs=3, hidden=(8,), activation="leaky_relu").layers[2]
    assert leaky.negative_slope == pytest.approx(0.01)
    named = mlp(input_shape=(4,), outputs=3, hidden=(8,), initializer="orthogonal").layers[1]
    assert isinstance(named.kernel_initializer, keras.initializers.Orthogonal)
    given = mlp(input_shape=(4,), outputs=3, hidden=(8,), initializer=keras.initializers.Constant(0.5)).layers[1]
    assert np.all(given.kernel.numpy() == 0.5)


@pytest.mark.parametrize(
    ("outputs", "task", "ending"),
    [(3, None, "softmax"), (1, None, "sigmoid"), (1, "regression", "linear"), (2, "regression", "linear")],
)
def test_the_output_by_task(kinds, outputs, task, ending):
    model = mlp(input_shape=(4,), outputs=outputs, task=task, hidden=())
    assert kinds(model) == ["InputLayer", f"Dense{outputs}", ending]
    assert model.output_shape == (None, outputs)


def test_regression_answers_in_the_targets_unit(regression):
    model = mlp(regression.spec, hidden=(4,))
    kernel, bias = model.get_layer("outputs").trainable_variables
    kernel.assign(np.zeros(kernel.shape))
    x = regression.arrays("test")[0]
    mean, deviation = regression.spec.target_mean, np.sqrt(regression.spec.target_variance)
    assert model.predict(x, verbose=0) == pytest.approx(mean, rel=1e-5)
    bias.assign([1.0])
    assert model.predict(x, verbose=0) == pytest.approx(mean + deviation, rel=1e-5)


@pytest.mark.parametrize("regularizer", ["none", "l2+dropout", [L2(0.1), Dropout(0.2)], "early_stopping"])
def test_a_keras_file_gives_the_same_model(images, tmp_path, regularizer):
    model = mlp(images.spec, hidden=(8, 8), normalization="batch", regularizer=regularizer)
    x = images.arrays("test")[0]
    model.save(tmp_path / "model.keras")
    back = keras.models.load_model(tmp_path / "model.keras")
    assert np.array_equal(back.predict(x, verbose=0), model.predict(x, verbose=0))
    assert [float(each) for each in back.losses] == [float(each) for each in model.losses]
    assert [type(layer) for layer in back.layers] == [type(layer) for layer in model.layers]


@pytest.mark.parametrize("which", ["images", "classes", "regression"])
def test_half_precision(request, which):
    data = request.getfixturevalue(which)
    exact = mlp(data.spec, hidden=(8,))
    keras.config.set_dtype_policy("mixed_float16")
    model = mlp(data.spec, hidden=(8,), normalization="batch", regularizer="dropout")
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense) and layer.trainable]
    assert {layer.compute_dtype for layer in dense} == {"float16"}
    assert {layer.variable_dtype for layer in dense} == {"float32"}
    assert model.outputs[0].dtype == "float32"
    x = data.arrays("test")[0]
    probes = [keras.Model(each.input, each.layers[1].output) for each in (exact, model)]
    np.testing.assert_array_equal(probes[0].predict(x, verbose=0), probes[1].predict(x, verbose=0))
    assert np.isfinite(model.predict(x, verbose=0)).all()


def test_catalogue():
    assert next(iter(MODELS)) == "mlp"
    assert MODELS.build("mlp", input_shape=(4,), outputs=2, hidden=(3,)).output_shape == (None, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outputs": 3}, "input_shape must be given where there is no Spec"),
        ({"input_shape": (4,)}, "outputs must be given where there is no Spec"),
        ({"input_shape": (), "outputs": 3}, "input_shape must be at least one size"),
        ({"input_shape": (0,), "outputs": 3}, "input_shape must be an integer >= 1"),
        ({"input_shape": (None,), "outputs": 3}, "input_shape must be an integer >= 1"),
        ({"input_shape": "4", "outputs": 3}, "input_shape must be"),
        ({"input_shape": (4,), "outputs": 0}, "outputs must be an integer >= 1"),
        ({"input_shape": (4,), "outputs": 3, "hidden": 8}, "hidden must be a sequence"),
        ({"input_shape": (4,), "outputs": 3, "hidden": "88"}, "hidden must be a sequence"),
        ({"input_shape": (4,), "outputs": 3, "hidden": (8, 0)}, "hidden must be an integer >= 1"),
        ({"input_shape": (4,), "outputs": 3, "hidden": (8.0,)}, "hidden must be an integer >= 1"),
        ({"input_shape": (4,), "outputs": 3, "activation": "elo"}, "did you mean 'elu'"),
        ({"input_shape": (4,), "outputs": 3, "initializer": "he"}, "unknown initializer 'he'"),
        ({"input_shape": (4,), "outputs": 3, "initializer": 5}, "unknown initializer 5. Accepted: auto, he_normal"),
        ({"input_shape": (4,), "outputs": 3, "normalization": "yes"}, "normalization must be one of"),
        ({"input_shape": (4,), "outputs": 3, "regularizer": "l3"}, "did you mean 'l2'"),
        ({"input_shape": (4,), "outputs": 3, "regularizer": 5}, "unknown regularizer 5. Accepted: none, "),
        (
            {"input_shape": (4,), "outputs": 3, "regularizer": [keras.regularizers.OrthogonalRegularizer()]},
            "unknown regularizer <keras",
        ),
        (
            {"input_shape": (4,), "outputs": 3, "regularizer": [MaxNorm(1.0), OwnNorm(2.0)]},
            "at most one constraint",
        ),
        ({"input_shape": (4,), "outputs": 3, "task": "classes"}, "task must be one of"),
        ({"input_shape": (4,), "outputs": 3, "task": "binary"}, "outputs must be 1 for a binary task"),
        ({"input_shape": (4,), "outputs": 1, "task": "multiclass"}, "outputs must be 1 for a binary task"),
    ],
)
def test_what_is_refused(options, message):
    with pytest.raises(InvalidArgument, match=message):
        mlp(**options)


def test_a_spec_is_given_alone(classes):
    with pytest.raises(InvalidArgument, match="spec must be given alone"):
        mlp(classes.spec, outputs=3)


def test_scale_of_a_constant_target(regression):
    spec = dataclasses.replace(regression.spec, target_mean=7.0, target_variance=1.0)
    assert mlp(spec, hidden=()).layers[-1].scale == 1.0
