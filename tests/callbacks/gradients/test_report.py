"""gradient_report and the judging of gradients."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
import recipes
from callbacks.gradients.verdict import EXPLODING_ACROSS_LAYERS, EXPLODING_IN_TIME, VANISHING, judge_gradients

K = keras.layers


def state(model):
    variables = (*model.variables, *model.optimizer.variables, *model.metrics_variables)
    return [np.asarray(each).tobytes() for each in variables]


def small(dtype="float32"):
    keras.utils.set_random_seed(2)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype=dtype),
            K.Dense(4, "tanh", name="hidden", dtype=dtype),
            K.BatchNormalization(name="norm", dtype=dtype),
            K.Dropout(0.3, name="drop", dtype=dtype),
            K.Dense(1, name="out", dtype=dtype),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(3)
    return rng.normal(size=(12, 3)), rng.normal(size=(12, 1))


def test_against_numpy_by_hand(batch):
    """Two layers in float64: the rule of the chain written out."""
    x, y = batch
    layers = [K.Dense(4, "tanh", name="one", dtype="float64"), K.Dense(1, name="two", dtype="float64")]
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,), dtype="float64"), *layers])
    model.compile("sgd", keras.losses.MeanSquaredError(dtype="float64"))
    report = callbacks.gradient_report(model, (x, y))
    first, shift, second, offset = model.get_weights()
    hidden = np.tanh(x @ first + shift)
    output = hidden @ second + offset
    slope = 2.0 * (output - y) / len(x)
    inner = slope @ second.T * (1.0 - hidden**2)
    one = np.sqrt(((x.T @ inner) ** 2).sum() + (inner.sum(0) ** 2).sum())
    two = np.sqrt(((hidden.T @ slope) ** 2).sum() + (slope.sum(0) ** 2).sum())
    np.testing.assert_allclose(report.layer_norms, [one, two], rtol=1e-12)
    assert report.norm == pytest.approx(np.hypot(one, two), rel=1e-12)
    np.testing.assert_allclose(report.activation_scales, [hidden.std(), output.std()], rtol=1e-12)
    assert (report.layers, report.activation_layers) == (("one", "two"), ("one", "two"))
    assert [row["relative"] for row in report.table()] == pytest.approx([one / two, 1.0])


@pytest.mark.thorough
def test_the_model_is_left_as_it_was_and_trains_on_as_without(batch):
    model, other = small(), small()
    for each in (model, other):
        each.fit(*batch, batch_size=4, verbose=0, shuffle=False)
    before = state(model)
    parts = [model, *model.layers]  # what is hooked into a step is an attribute of the model
    attributes = [set(vars(part)) for part in parts]
    callbacks.gradient_report(model, batch)
    assert state(model) == before
    assert [set(vars(part)) for part in parts] == attributes
    histories = [each.fit(*batch, batch_size=4, epochs=2, verbose=0, shuffle=False).history for each in (model, other)]
    assert histories[0] == histories[1]
    assert state(model) == state(other)


@pytest.mark.thorough
def test_before_the_first_training_too(batch):
    model, other = small(), small()
    callbacks.gradient_report(model, batch)
    for each in (model, other):
        each.fit(*batch, batch_size=4, verbose=0, shuffle=False)
    assert state(model) == state(other)


@pytest.mark.thorough
def test_it_says_what_the_monitor_measures_at_step_0(batch):
    report = callbacks.gradient_report(small(), batch)
    monitor = callbacks.GradientMonitor(1)
    small().fit(*batch, batch_size=12, verbose=0, shuffle=False, callbacks=[monitor])
    np.testing.assert_allclose(report.layer_norms, monitor.layer_norms[0], rtol=1e-5)
    np.testing.assert_allclose(report.activation_scales, monitor.activation_scales[0], rtol=1e-5)
    assert list(report.layers) == monitor.layers


def test_kinds_of_data(batch):
    x, y = batch
    by_arrays = callbacks.gradient_report(small(), batch, batch_size=4)
    by_batches = callbacks.gradient_report(small(), tf.data.Dataset.from_tensor_slices((x, y)).batch(4))
    np.testing.assert_array_equal(by_arrays.layer_norms, by_batches.layer_norms)
    doubled = callbacks.gradient_report(small(), (x, y, np.full(12, 2.0)))
    plain = callbacks.gradient_report(small(), batch)
    np.testing.assert_allclose(doubled.layer_norms, 2 * plain.layer_norms, rtol=1e-5)


def test_table_text_and_picture(batch):
    report = callbacks.gradient_report(small(), batch)
    table = report.table()
    assert [row["layer"] for row in table] == ["hidden", "norm", "drop", "out"]
    assert np.isnan(table[2]["gradient_norm"])
    assert table[3]["relative"] == 1.0
    lines = str(report).splitlines()
    assert lines[0].split() == ["layer", "gradient", "norm", "rel.", "to", "last", "activation"]
    assert lines[1].split() == ["hidden", *(f"{table[0][k]:.3g}" for k in list(table[0])[1:])]
    assert lines[3].split()[1:3] == ["-", "-"]
    assert lines[-1] == report.verdict
    assert repr(report) == str(report)
    norms, scales = report.plot().axes
    np.testing.assert_array_equal(norms.lines[0].get_xdata(), report.layer_norms)
    np.testing.assert_array_equal(scales.lines[0].get_xdata(), report.activation_scales)
    assert [label.get_text() for label in norms.get_yticklabels()] == list(report.layers)
    assert (norms.get_xscale(), norms.get_xlabel(), scales.get_xlabel()) == ("log", "gradient norm", "activation scale")


def test_bad_input(batch):
    uncompiled = keras.Sequential([keras.Input((3,)), K.Dense(1)])
    accepted = r"data must be (a tf\.data\.Dataset, .* arrays \(x, y\)|arrays of the same length).* Received: data="
    for model in (uncompiled, "mlp", None):
        with pytest.raises(
            callbacks.InvalidArgument, match=r"model must be a (compiled Keras model|keras\.Model)\. Received: model="
        ):
            callbacks.gradient_report(model, batch)
    x, y = batch
    for data in (x, [x], (x,), (x, y, y, y), None, "mnist", (x, 3), (x, y[:5]), (x[:0], y[:0])):
        with pytest.raises(callbacks.InvalidArgument, match=accepted):
            callbacks.gradient_report(small(), data)
    with pytest.raises(callbacks.InvalidArgument, match=accepted):
        callbacks.gradient_report(small(), tf.data.Dataset.from_tensor_slices(batch).batch(4).take(0))
    with pytest.raises(callbacks.InvalidArgument, match=r"batch_size must be an integer >= 1\. Received: batch_size=0"):
        callbacks.gradient_report(small(), batch, batch_size=0)


# --- the judging ----------------------------------------------------------------------------------------------------

LAYERS = ["a", "b", "c", "d"]


def judged(profile, scales=None):
    profile = np.array([profile], float)
    return judge_gradients([0], np.sqrt((profile**2).sum(1)), LAYERS, profile, LAYERS if scales else [], scales)


def test_vanishing_is_named_by_the_lowest_layer_that_still_learns():
    low = 0.9 * VANISHING
    text = judged([low, low / 10, 1, 1])
    assert text.startswith("vanishing below layer 'c': in the first 2 of 4 layers")
    assert "('b': 9e-05, 'd': 1)" in text
    assert "He initialization" in text
    assert "batch normalization" in text
    assert "residual" in text
    assert judged([1.1 * VANISHING, 1, 1, 1]).startswith("healthy")
    assert judged([1, 0, 1, 1]).startswith("healthy")  # a branch behind a gate of zero
    assert judged([0, 0, 0, 0]).startswith("vanishing everywhere")


def test_exploding_across_layers():
    text = judged([1.1 * EXPLODING_ACROSS_LAYERS, 10, 5, 1])
    assert text.startswith("exploding across layers: layer 'a' has a gradient norm of 1.1e+03, 1100 times the last")
    assert judged([0.9 * EXPLODING_ACROSS_LAYERS, 10, 5, 1]).startswith("healthy")
    grown = judged([1, 1, 1, 1], [[1, 10, 1e4, 1e2]])
    assert grown.startswith("exploding across layers: the activations grow from a scale of 1 in 'a' to 1e+04 in 'c'")
    assert judged([1, 1, 1, 1], [[1, 10, 900, 1]]).startswith("healthy")


def over_time(norms):
    norms = np.array(norms, float)
    return judge_gradients(np.arange(len(norms)) * 10, norms, ["a"], norms[:, None])


def test_exploding_in_time():
    assert over_time([1, 2, 1, 1.01 * EXPLODING_IN_TIME]).startswith("exploding at step 30: ")
    assert "101 times the usual 1" in over_time([1, 1, 1, 101])
    assert over_time([1, 2, 1, 0.99 * EXPLODING_IN_TIME]).startswith("healthy")
    assert over_time([1, *[1e-4] * 9, 0.5]).startswith("healthy")  # no more than at the start
    assert over_time([1e-4, *[1.0] * 9, 50]).startswith("exploding at step 10: ")
    assert over_time([1, 2, np.nan, np.nan]).startswith("exploding at step 20: the norm of the gradient is nan from")
    assert over_time([1, np.inf, np.nan]).startswith("exploding at step 10: the norm of the gradient is inf from")
    assert over_time([np.nan]).startswith("exploding at step 0: the norm of the gradient is nan from there on. ")
    assert over_time([np.inf, np.inf, 1, 2]).startswith("healthy")  # steps that loss scaling skipped
    assert "0.5 at first and 0.25 at last" in over_time([0.5, 0.25])
    assert over_time([]) == "unknown: nothing was measured."
    assert judge_gradients([0], [0.0], [], np.zeros((1, 0))) == "unknown: the model has no trainable weights."


# --- networks whose answer is known ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def digits():
    return recipes.load("digits")


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.thorough
def test_deep_networks_on_genuine_digits(seed, digits):
    def report(**options):
        keras.utils.set_random_seed(seed)
        recipe = recipes.Recipe()
        model = recipe.build_model(digits.spec, hidden=(100,) * 20, **options)
        return callbacks.gradient_report(recipe.compile(model), digits.train)

    classical = report(activation="logistic", initializer="glorot_uniform", normalization="none")
    assert classical.verdict.startswith("vanishing below layer 'dense")
    assert classical.layer_norms[0] < 1e-9 * classical.layer_norms[-1]
    default = report()
    assert default.verdict.startswith("healthy")
    assert default.layer_norms.min() / default.layer_norms[-1] > 0.01
    large = report(initializer=keras.initializers.RandomNormal(stddev=1.0, seed=seed), normalization="none")
    assert large.verdict.startswith("exploding across layers")


def test_layers_before_missing_inputs_are_filled_in_are_left_out_of_the_verdict():
    """Their activations are NaN. Those after them grow too much, and have their own names."""
    scales = np.array([[np.nan, 1.0, 1e9]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        verdict = judge_gradients([0], np.array([1.0]), ["a"], np.array([[1.0]]), ["raw", "first", "last"], scales)
        unknown = judge_gradients([0], np.array([1.0]), ["a"], np.array([[1.0]]), ["raw"], scales[:, :1])
    assert "from a scale of 1 in 'first' to 1e+09 in 'last'" in verdict
    assert unknown.startswith("healthy")
