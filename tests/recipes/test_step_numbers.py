"""Rates of dropout and strengths of penalties that can be changed, against Keras' own layers with those numbers."""

import keras
import numpy as np
import pytest

from recipes.step_numbers import StepNumbers, equal_numbers

RATES = (0.37, 0.1, 0.82)
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.normal(size=(40, 6, 5, 3)).astype("float32")
LABELS = RANDOM.integers(0, 3, 40)


def new(rate, dtype="float32", l2=0.01):
    """Both kinds of layer, each with random numbers of its own."""
    keras.utils.set_random_seed(7)
    policy = {"dtype": dtype}
    layers = [
        keras.layers.Conv2D(4, 3, activation="elu", **policy),
        keras.layers.SpatialDropout2D(rate, seed=1, **policy),
        keras.layers.Flatten(**policy),
        keras.layers.Dense(8, activation="elu", kernel_regularizer=keras.regularizers.L2(l2), **policy),
        keras.layers.Dropout(rate, seed=2, **policy),
        keras.layers.Dense(3, activation="softmax", dtype="float32"),
    ]
    return keras.Sequential([keras.Input(IMAGES.shape[1:]), *layers])


def compiled(model, **options):
    model.compile(keras.optimizers.SGD(0.05), "sparse_categorical_crossentropy", **options)
    return model


def train(model):
    history = model.fit(IMAGES, LABELS, batch_size=8, epochs=2, shuffle=False, verbose=0).history
    return history["loss"], model.get_weights()


def check_same(one, other):
    assert one[0] == other[0]
    for ours, theirs in zip(one[1], other[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.ordinarily("float32")
@pytest.mark.parametrize(
    ("dtype", "options"),
    [("float32", {}), ("mixed_float16", {}), ("float32", {"jit_compile": True}), ("float32", {"run_eagerly": True})],
    ids=["float32", "half precision", "XLA", "eagerly"],
)
def test_it_is_keras_own_to_the_last_bit(dtype, options):
    model = new(0.2, dtype)
    numbers, start = StepNumbers(model), [np.array(each) for each in model.variables]
    compiled(model, **{"jit_compile": False, **options})
    for rate in RATES[:2]:
        expected = train(compiled(new(rate, dtype), **{"jit_compile": False, **options}))
        for variable, value in zip(model.variables, start, strict=True):
            variable.assign(value)
        numbers.copy(new(rate, dtype))
        with numbers.live():
            found = train(model)
        check_same(found, expected)


@pytest.mark.thorough
def test_a_step_is_traced_once():
    model = compiled(new(0.2))
    numbers = StepNumbers(model)
    traced, step = [], model.train_step
    model.train_step = lambda data: (traced.append(1), step(data))[1]
    losses = []
    for rate in RATES:
        numbers.copy(new(rate))
        with numbers.live():
            losses.append(train(model)[0][0])
    assert 0 < sum(traced) <= 2  # Keras traces twice where the first step makes variables
    assert len(set(losses)) == len(RATES)


def test_afterwards_the_model_is_keras_own_with_the_numbers(tmp_path):
    model = compiled(new(0.2))
    numbers = StepNumbers(model)
    numbers.copy(new(0.6, l2=0.25))
    with numbers.live():
        train(model)
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    assert [layer.get_config()["rate"] for layer in layers] == [0.6, 0.6]
    for layer in layers:
        assert "call" not in vars(layer)
        share = float(np.mean(np.array(layer(np.ones((200, 6, 5, 3), "float32"), training=True)) == 0))
        assert share == pytest.approx(0.6, abs=0.1)
    assert model.layers[-3].kernel_regularizer.get_config() == {"l2": 0.25}
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


def test_a_training_that_raises_leaves_the_model_as_it_was():
    model = compiled(new(0.2))
    with pytest.raises(KeyboardInterrupt), StepNumbers(model).live():
        raise KeyboardInterrupt
    assert all("call" not in vars(layer) for layer in model.layers)
    assert model.layers[-3].kernel_regularizer.l2 == 0.01


def test_what_cannot_be_changed_stays_in_the_configuration():
    penalty = keras.regularizers.L1L2(0.1, 0.2)
    layers = [
        keras.layers.GRU(5, dropout=0.2, recurrent_regularizer=penalty),
        keras.layers.Dropout(0.0),
        keras.layers.Dropout(0.2, noise_shape=(None, 1)),
        keras.layers.Dropout(1.0),
        keras.layers.Dropout(0.3),
    ]
    model = keras.Sequential([keras.Input((4, 3)), *layers])
    with equal_numbers(model):
        assert [layer.get_config().get("rate") for layer in layers] == [None, 0.0, 0.2, 1.0, 0.5]
        assert layers[0].dropout == 0.2
        assert penalty.get_config() == {"l1": 0.1, "l2": 0.2}
    assert layers[-1].rate == 0.3


def normalized(x, **options):
    keras.utils.set_random_seed(3)
    layer = keras.layers.Normalization(**options)
    if not options:
        layer.adapt(x)
    return keras.Sequential([keras.Input((2,)), layer, keras.layers.Dense(3, activation="softmax")])


@pytest.mark.parametrize("adapted", [False, True])
def test_means_and_variances_of_other_data(adapted):
    """They are constants of a layer, also of an adapted one, whose configuration does not have them."""
    first, second = RANDOM.normal(size=(40, 2)), RANDOM.normal(3.0, 5.0, size=(40, 2))
    options = {} if adapted else {"mean": [3.0, 2.5], "variance": [20.0, 30.0]}
    expected = compiled(normalized(second, **options))
    alone = expected.fit(second, LABELS, batch_size=8, shuffle=False, verbose=0).history["loss"]
    model = compiled(normalized(first, **(options and {"mean": [0.0, 0.5], "variance": [1.0, 2.0]})))
    with equal_numbers(model):
        key = model.get_config()["layers"][1]["config"]["mean"]
    assert key == (None if adapted else [0.5, 0.5])
    numbers = StepNumbers(model)
    numbers.copy(expected)
    with numbers.live():
        assert model.fit(second, LABELS, batch_size=8, shuffle=False, verbose=0).history["loss"] == alone
    assert "call" not in vars(model.layers[0])
    assert model.layers[0].get_config()["mean"] == expected.layers[0].get_config()["mean"]
    np.testing.assert_array_equal(model.predict(second, verbose=0), expected.predict(second, verbose=0))


@pytest.mark.parametrize("scale", [2.0, [0.5, 2.0]], ids=["one scale", "a scale each"])
def test_scales_and_offsets_of_other_data(scale):
    def rescaled(scale, offset):
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Rescaling(scale, offset), keras.layers.Dense(3, activation="softmax")]
        return compiled(keras.Sequential([keras.Input((2,)), *layers]))

    x = RANDOM.normal(3.0, 5.0, size=(40, 2))
    expected = rescaled(scale, -1.5)
    alone = expected.fit(x, LABELS, batch_size=8, shuffle=False, verbose=0).history["loss"]
    model = rescaled(np.ones_like(scale), 0.0)
    with equal_numbers(model), equal_numbers(expected):
        configs = [one.layers[0].get_config() for one in (model, expected)]
    assert configs[0]["scale"] == configs[1]["scale"]
    assert configs[0]["offset"] == configs[1]["offset"]
    numbers = StepNumbers(model)
    numbers.copy(expected)
    with numbers.live():
        assert model.fit(x, LABELS, batch_size=8, shuffle=False, verbose=0).history["loss"] == alone
    assert "call" not in vars(model.layers[0])
    assert model.layers[0].get_config()["scale"] == expected.layers[0].get_config()["scale"]
    np.testing.assert_array_equal(model.predict(x, verbose=0), expected.predict(x, verbose=0))
