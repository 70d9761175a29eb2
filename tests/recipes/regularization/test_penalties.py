"""L1, L2, elastic net and sums of penalties, against their formulas in NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import cnn, mlp
from recipes.regularization import L1, L2, ElasticNet
from recipes.regularization.penalties import SumOfPenalties, sum_of

from .references import CASES

PENALTIES = [(case, penalty) for case in CASES for penalty in case.penalties]
ON_KERNELS = [(case, penalty) for case, penalty in PENALTIES if penalty.gradient is not None]
ON_ACTIVATIONS = [(case, penalty) for case, penalty in PENALTIES if penalty.gradient is None]


def formulas(penalties=ON_KERNELS):
    return pytest.mark.parametrize(
        ("regularizer", "penalty"),
        [(case.build(**penalty.options), penalty) for case, penalty in penalties],
        ids=[case.name for case, _ in penalties],
    )


def make(kind, regularizer):
    keras.utils.set_random_seed(4)
    options = {"outputs": 3, "hidden": (5,), "normalization": "batch", "regularizer": regularizer}
    factory, own = (mlp, {"input_shape": (4,)}) if kind == "mlp" else (cnn, {"input_shape": (4, 4, 2), "filters": (3,)})
    model = factory(**own, **options)
    for variable in model.trainable_variables:  # biases and shifts begin at zero, where a penalty would not show
        variable.assign_add(0.25 * keras.ops.ones(variable.shape))
    return model


def kernels(model):
    return [each for each in model.trainable_variables if each.name == "kernel"]


@pytest.mark.usefixtures("double_precision")
@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@formulas()
def test_what_is_added_to_the_loss_and_its_gradient(regularizer, penalty, kind):
    model = make(kind, [regularizer])
    with tf.GradientTape() as tape:
        added = keras.ops.sum(keras.ops.stack(model.losses))
    gradients = tape.gradient(added, [each.value for each in model.trainable_variables])
    assert len(kernels(model)) == {"mlp": 2, "cnn": 3}[kind]
    expected = sum(penalty.value(each.numpy()) for each in kernels(model))
    np.testing.assert_allclose(added, expected, rtol=1e-12)
    for variable, found in zip(model.trainable_variables, gradients, strict=True):
        if variable.name == "kernel":
            np.testing.assert_allclose(found, penalty.gradient(variable.numpy()), rtol=1e-12)
        else:  # beta, gamma and the output's bias
            assert found is None


@formulas()
def test_it_is_part_of_the_training_loss_but_not_of_the_predictions(regularizer, penalty):
    plain, penalized = make("mlp", []), make("mlp", [regularizer])
    x, y = np.random.default_rng(0).normal(size=(6, 4)).astype("float32"), np.arange(6) % 3
    losses = []
    for model in (plain, penalized):
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        losses.append(model.test_on_batch(x, y))
    expected = sum(penalty.value(each.numpy().astype("float64")) for each in kernels(penalized))
    assert losses[1] - losses[0] == pytest.approx(expected, rel=1e-5)
    np.testing.assert_array_equal(plain(x), penalized(x))


@pytest.mark.parametrize("kind", ["mlp", "cnn"])
@formulas(ON_ACTIVATIONS)
def test_what_is_added_for_the_outputs_of_the_hidden_layers(regularizer, penalty, kind):
    model = make(kind, [regularizer])
    hidden = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)][:-1]
    x = np.random.default_rng(0).normal(size=(6, *model.input_shape[1:])).astype("float32")
    outputs = [keras.Model(model.input, layer.output)(x) for layer in hidden]
    model(x)
    assert len(hidden) == len(model.losses) == {"mlp": 1, "cnn": 2}[kind]
    expected = sum(penalty.value(np.asarray(each, "float64")) for each in outputs)
    assert sum(float(each) for each in model.losses) == pytest.approx(expected, rel=1e-5)


@pytest.mark.usefixtures("double_precision")
def test_several_are_the_sum_of_their_parts():
    together = [L1(0.25), L2(0.375), ElasticNet(0.125, 0.5)]
    parts = [sum(float(each) for each in make("cnn", [part]).losses) for part in together]
    model = make("cnn", together)
    assert sum(float(each) for each in model.losses) == pytest.approx(sum(parts), rel=1e-12)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            assert type(layer.kernel_regularizer) is keras.regularizers.L1L2
            assert float(layer.kernel_regularizer.l1) == 0.375
            assert float(layer.kernel_regularizer.l2) == 0.4375


def test_no_penalty_and_one_penalty_stay_what_they_are():
    one = keras.regularizers.L2(0.1)
    assert sum_of([]) is None
    assert sum_of([one]) is one
    assert all(layer.kernel_regularizer is None for layer in make("cnn", []).layers if hasattr(layer, "kernel"))


class Own(keras.regularizers.L2):
    """What Keras' L1L2 cannot stand for, though it is an L2."""

    def __call__(self, x):
        return 1.0


@pytest.mark.parametrize("other", [keras.regularizers.OrthogonalRegularizer(0.4), Own()])
def test_penalties_of_another_kind_are_summed_too(other):
    kernel = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    both = sum_of([keras.regularizers.L1(0.1), other])
    assert isinstance(both, SumOfPenalties)
    expected = 0.1 * np.abs(kernel.astype("float64")).sum() + float(other(kernel))
    assert float(both(kernel)) == pytest.approx(expected, rel=1e-6)


def test_a_sum_with_an_orthogonal_regularizer_is_saved_and_loaded(tmp_path):
    both = sum_of([keras.regularizers.L1(0.1), keras.regularizers.OrthogonalRegularizer(0.4, mode="columns")])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(both))
    assert again.get_config() == both.get_config()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, kernel_regularizer=both)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        w = model.layers[0].kernel.numpy().astype("float64")
        cosines = (w / np.linalg.norm(w, axis=0)).T @ (w / np.linalg.norm(w, axis=0))
        orthogonal = 0.4 * np.abs(cosines[np.triu_indices(3, 1)]).mean()  # Keras: the mean over the pairs
        assert float(each.losses[0]) == pytest.approx(0.1 * np.abs(w).sum() + orthogonal, rel=1e-5)


@pytest.mark.parametrize("kind", [L1, L2])
@pytest.mark.parametrize("strength", [-1e-9, float("nan"), float("inf"), "0.1", None, True])
def test_strengths_that_are_refused(kind, strength):
    with pytest.raises(InvalidArgument, match=r"strength must be a number >= 0\. Received: strength="):
        kind(strength)


@pytest.mark.parametrize("name", ["l1", "l2"])
def test_elastic_net_names_the_strength_that_it_refuses(name):
    with pytest.raises(InvalidArgument, match=rf"{name} must be a number >= 0\. Received: {name}=-0\.1"):
        ElasticNet(**{name: -0.1})
