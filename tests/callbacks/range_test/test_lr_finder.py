"""LRFinder: what it records, when it stops, and that it leaves no trace."""

import random
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

import callbacks
from callbacks.fit_data import FitData
from callbacks.inside.training import initial_epoch, set_initial_epoch
from callbacks.range_test.lr_finder import chance_of, run_range_test
from callbacks.range_test.suggestions import RULES, peak, smoothed
from callbacks.schedules.shapes import exponential_sweep
from recipes.optimizers import LineSearch, Momentum


def network(steps_per_execution=1, optimizer=None, **options):
    """A network with everything that a training step changes: dropout seeds, moving averages, velocities, metrics."""
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, kernel_initializer=keras.initializers.GlorotUniform(seed=1)),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3, seed=5),
            keras.layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed=2)),
        ]
    )
    model.compile(
        optimizer or Momentum(0.125, use_ema=True),
        "mse",
        metrics=["mae"],
        steps_per_execution=steps_per_execution,
        **options,
    )
    return model


def state(model):
    variables = (*model.variables, *model.optimizer.variables, *model.metrics_variables)
    return {id(v): v.numpy().tobytes() for v in variables}


def random_state():
    return random.getstate(), tuple(map(str, np.random.get_state()))


@pytest.fixture(scope="module")
def finished(dataset):
    """A model that was trained, and a range test that was run on it."""
    model, finder = network(steps_per_execution=4), callbacks.LRFinder(1e-4, 10.0, steps=40)
    model.fit(dataset, epochs=2, verbose=0, shuffle=False, callbacks=[callbacks.OneCycle(0.03)])
    before = state(model), random_state(), model.train_function, model.history, model.train_step
    run_range_test(model, dataset, finder)
    return model, finder, before


def test_everything_is_as_it_was(finished):
    model, finder, (values, randomness, function, history, step) = finished
    assert len(finder.losses) > 12
    assert state(model) == values
    assert random_state() == randomness
    assert model.history is history
    assert model.train_function is function
    assert model.train_step is step
    assert model.steps_per_execution == 4
    assert not model.stop_training


def test_training_goes_on_as_if_there_had_been_no_test(finished, dataset):
    model, _, _ = finished
    other = network(steps_per_execution=4)
    fit = {"epochs": 2, "verbose": 0, "shuffle": False}
    other.fit(dataset, callbacks=[callbacks.OneCycle(0.03)], **fit)
    kept = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]
    expected = other.fit(dataset, callbacks=[callbacks.OneCycle(0.01)], **fit).history
    assert model.fit(dataset, callbacks=[callbacks.OneCycle(0.01)], **fit).history == expected
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for variable, value in zip((*model.variables, *model.optimizer.variables), kept, strict=True):
        variable.assign(value)


@pytest.mark.thorough
def test_a_model_never_trained_and_metrics_never_made(dataset):
    model = network()
    weights = [w.tobytes() for w in model.get_weights()]
    states = [v.numpy().tobytes() for v in model.variables]
    finder = callbacks.LRFinder(1e-4, 1.0, steps=12)
    run_range_test(model, dataset, finder)
    assert [w.tobytes() for w in model.get_weights()] == weights
    assert [v.numpy().tobytes() for v in model.variables] == states
    assert all(not v.numpy().any() for v in model.metrics_variables)
    assert float(model.optimizer.learning_rate) == 0.125
    assert int(model.optimizer.iterations) == 0
    fresh = network()
    fit = {"epochs": 1, "verbose": 0, "shuffle": False}
    assert model.fit(dataset, **fit).history == fresh.fit(dataset, **fit).history


def test_after_nan(arrays):
    def noisy():
        for step in range(1000):
            if step < 5:  # TensorFlow reads ahead, and may go on for a moment after the test
                random.random(), np.random.random()
            x, y = (a[4 * (step % 10) : 4 * (step % 10) + 4] for a in arrays)
            yield (x * (np.nan if step == 9 else 1.0)).astype("float32"), y

    shapes = (tf.TensorSpec((None, 3), tf.float32), tf.TensorSpec((None, 1), tf.float32))
    data = tf.data.Dataset.from_generator(noisy, output_signature=shapes)
    model, finder = network(), callbacks.LRFinder(1e-5, 1e-3, steps=40)
    model.optimizer.build(model.trainable_variables)
    variables = (*model.variables, *model.optimizer.variables)
    values, randomness = [v.numpy().tobytes() for v in variables], random_state()
    run_range_test(model, data, finder)
    assert np.isnan(finder.losses[-1])
    assert len(finder.losses) == 10
    assert [v.numpy().tobytes() for v in variables] == values
    assert random_state() == randomness


def test_nan_among_the_first_batches_stops_it_at_once(make_model, arrays):
    x = arrays[0].copy()
    x[4 * 2] = np.nan
    finder = callbacks.LRFinder()
    run_range_test(make_model(), tf.data.Dataset.from_tensor_slices((x, arrays[1])).batch(4), finder)
    assert len(finder.losses) == 3


def test_after_an_interruption(make_model, dataset):
    class Interrupted(RuntimeError):
        pass

    class Stubborn(callbacks.LRFinder):
        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(batch, logs)
            if batch == 7:
                raise Interrupted

    model = make_model(steps_per_execution=3)
    before = model.get_weights()[0].tobytes()
    with pytest.raises(Interrupted):
        run_range_test(model, dataset, Stubborn())
    assert model.get_weights()[0].tobytes() == before
    assert float(model.optimizer.learning_rate) == float(np.float32(0.01))
    assert model.steps_per_execution == 3


def test_what_backup_and_restore_left_behind_does_not_matter(make_model, dataset):
    model, finder = make_model(), callbacks.LRFinder(steps=10)
    set_initial_epoch(model, 4)
    run_range_test(model, dataset, finder)
    assert len(finder.losses) == 10
    assert initial_epoch(model) == 4


@pytest.mark.parametrize("optimizer", [Momentum, keras.optimizers.Adam])
@pytest.mark.ordinarily("Adam")
def test_losses_are_those_of_the_batches(optimizer, make_model, dataset, arrays):
    finder = callbacks.LRFinder(1e-4, 0.1, steps=25)
    run_range_test(make_model(optimizer(0.5)), dataset, finder)  # 10 batches, repeated
    model = make_model(optimizer(0.5))
    losses = []
    for step, rate in enumerate(exponential_sweep(np.arange(25), total_steps=25, low=1e-4, high=0.1)):
        rows = slice(4 * (step % 10), 4 * (step % 10) + 4)
        model.optimizer.learning_rate = float(rate)
        losses.append(float(model.train_on_batch(arrays[0][rows], arrays[1][rows])))
    np.testing.assert_allclose(finder.losses, losses, rtol=1e-6)
    np.testing.assert_allclose(finder.rates, np.logspace(-4, -1, 25))


def test_losses_equal_a_numpy_loop(make_model, dataset, arrays):
    model, finder = make_model(keras.optimizers.SGD(0.5)), callbacks.LRFinder(1e-3, 0.2, steps=15)
    weight = model.get_weights()[0].astype("float64")
    run_range_test(model, dataset, finder)
    x, y = (a.astype("float64") for a in arrays)
    expected = []
    for step, rate in enumerate(finder.rates):
        rows = slice(4 * (step % 10), 4 * (step % 10) + 4)
        error = x[rows] @ weight - y[rows]
        expected.append(np.mean(error**2))
        weight = weight - rate * 2 * x[rows].T @ error / 4
    np.testing.assert_allclose(finder.losses, expected, rtol=1e-5)


def test_it_stops_when_the_loss_diverges(make_model, dataset):
    finder = callbacks.LRFinder(1e-3, 1e6, steps=100)
    run_range_test(make_model(keras.optimizers.SGD(0.5)), dataset, finder)
    assert 10 < len(finder.losses) < 100
    smooth = smoothed(finder.losses, 0.9)
    assert smooth[-1] > 4 * smooth.min()
    assert (smooth[6:-1] <= 4 * np.minimum.accumulate(smooth)[6:-1]).all()


def test_a_negative_loss_is_no_divergence(make_model, dataset):
    model = make_model(keras.optimizers.SGD(0.5))
    model.compile(keras.optimizers.SGD(0.5), lambda y, p: keras.ops.mean((y - p) ** 2) - 100.0)
    finder = callbacks.LRFinder(1e-4, 0.05, steps=30)
    run_range_test(model, dataset, finder)
    assert (finder.losses < 0).all()
    assert len(finder.losses) == 30


def test_find_learning_rate_is_what_the_finder_suggests(make_model, dataset):
    model, finder = make_model(), callbacks.LRFinder(1e-3, 1.0, steps=30, usual=9.0)
    run_range_test(model, dataset, finder)
    for rule, function in RULES.items():
        expected = function(finder.rates, finder.losses if rule == "peak" else smoothed(finder.losses, 0.9))
        assert finder.suggest(rule) == expected
    found = callbacks.find_learning_rate(model, dataset, rule="valley", low=1e-3, high=1.0, steps=30)
    assert found == finder.suggest("valley")


@pytest.mark.parametrize(("optimizer", "divisor"), [("SGD", 4), ("Adam", 10), ("RMSprop", 10)])
def test_the_peak_of_an_adaptive_optimizer_is_farther_from_the_edge(optimizer, divisor, make_model, dataset):
    finder = callbacks.LRFinder(1e-4, 1.0, steps=30, usual=1.0)
    run_range_test(make_model(getattr(keras.optimizers, optimizer)(0.01)), dataset, finder)
    assert finder.suggest() == peak(finder.rates, finder.losses, divisor=divisor)


def test_plot_marks_the_suggestion(finished):
    _, finder, _ = finished
    for rule in RULES:
        (axes,) = finder.plot(rule).axes
        raw, smooth, mark = axes.lines
        np.testing.assert_array_equal(raw.get_ydata(), finder.losses)
        np.testing.assert_allclose(smooth.get_ydata(), smoothed(finder.losses, 0.9))
        assert list(mark.get_xdata()) == 2 * [finder.suggest(rule)]  # a vertical line
        assert axes.get_xscale() == "log"
        assert rule in [text.get_text().split(":")[0] for text in axes.get_legend().get_texts()]


def by_hand(losses, **options):
    finder = callbacks.LRFinder(steps=max(len(losses), 10), **options)
    for loss in losses:
        finder.take(loss)
    return finder


def test_plot_says_why_nothing_is_suggested():
    (axes,) = by_hand([*np.linspace(1.0, 2.0, 20), np.nan]).plot().axes
    assert len(axes.lines) == 2
    assert axes.get_title().startswith("No rate of the range test made the loss fall")
    with pytest.raises(callbacks.InvalidArgument, match="rule must be one of"):
        by_hand(np.linspace(2.0, 1.0, 20)).plot("best")


def rising_late(count=60):
    """A loss that falls for two thirds of a sweep and has diverged at its end."""
    return [*np.linspace(2.0, 1.0, 2 * count // 3), *np.geomspace(1.0, 30.0, count // 3)]


def test_a_sweep_that_ends_before_the_loss_rises_is_no_evidence():
    finder = by_hand(np.linspace(2.0, 1.0, 20), usual=0.125)
    assert not finder.diverged
    assert finder.suggest() == 0.125
    assert finder.suggest("minimum") == 0.125
    assert finder.remark() == "the loss had not risen when the range test ended at 10: 0.125 is taken instead of 2.5"
    (axes,) = finder.plot().axes
    assert axes.get_title() == finder.remark()
    assert finder.suggest("valley") == RULES["valley"](finder.rates, smoothed(finder.losses))  # well before its end
    assert finder.remark("valley") is None
    higher = by_hand(np.linspace(2.0, 1.0, 20), usual=4.0)
    assert higher.suggest() == 2.5
    assert higher.remark().endswith(": more may be possible")


def test_after_ten_passes_a_sweep_is_no_evidence_for_a_high_rate():
    finder = by_hand(rising_late(), usual=1e-4)
    assert finder.diverged
    curve = finder.suggest()
    assert curve == peak(finder.rates, finder.losses)
    assert finder.remark() is None  # how long a pass is is not known
    for length, expected in ((1, 1e-4), (3, finder.rates[29] / 4), (6, curve)):
        finder.batches_per_pass = length
        assert finder.suggest() == expected
        assert (finder.remark() is None) == (length == 6)
    finder.batches_per_pass = 1
    assert "11th pass" in finder.remark()
    early = by_hand([2.0, 1.9, 1.7, 1.4, 1.2, 1.0, 1.0, 9.0, 9.0, 9.0, 9.0, 9.0], usual=1e-9)
    early.batches_per_pass = 1
    assert early.suggest() == peak(early.rates, early.losses)  # it rose within 10 passes


def test_find_learning_rate_says_what_the_curve_did_not(make_model, dataset):
    """No rate of this sweep makes the loss rise: the answer is the rate of compile."""
    options = {"low": 1e-3, "high": 1.0, "steps": 30}
    with pytest.warns(UserWarning, match=r"learning rate: the loss had not risen .* at 1: 0\.01 is taken") as caught:
        assert callbacks.find_learning_rate(make_model(), dataset, **options) == pytest.approx(0.01)
    assert caught[0].filename == __file__
    finder = callbacks.LRFinder(**options)
    run_range_test(make_model(), dataset, finder)
    assert finder.batches_per_pass == 10


@pytest.fixture(scope="module")
def unscaled():
    """Handwritten digits with pixels from 0 to 16, as they come: the first loss of a network is three times chance."""
    x, y = load_digits(return_X_y=True)
    return x.astype("float32"), y


@pytest.mark.parametrize(
    ("optimizer", "width", "dropout", "seed"),
    [
        ("adam", 100, 0.0, 4),  # the loss stays at that of chance for a decade, then diverges
        pytest.param("adam", 20, 0.0, 1, marks=pytest.mark.thorough),  # it does not diverge
        pytest.param("adam", 100, 0.5, 1, marks=pytest.mark.thorough),
        pytest.param("nadam", 100, 0.0, 4, marks=pytest.mark.thorough),
    ],
)
def test_the_peak_for_inputs_that_are_not_scaled_is_one_at_which_a_network_learns(
    optimizer, width, dropout, seed, unscaled
):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu"), keras.layers.Dropout(dropout), keras.layers.Dense(10, "softmax")]
    model = keras.Sequential([keras.Input((64,)), *layers])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    state = [weight.numpy() for weight in model.variables]
    found = callbacks.find_learning_rate(model, unscaled)
    assert all(np.array_equal(was, now.numpy()) for was, now in zip(state, model.variables, strict=True))
    fitted = model.fit(*unscaled, epochs=5, verbose=0, callbacks=[callbacks.OneCycle(found)])
    assert fitted.history["accuracy"][-1] > 0.8


def test_chance_is_the_entropy_of_the_classes_and_the_variance_of_values(unscaled):
    x, y = unscaled
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10, "softmax", kernel_regularizer="l2")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    shares = np.bincount(y) / len(y)
    penalty = 0.01 * np.sum(np.square(model.layers[0].kernel.numpy()))
    assert chance_of(model, FitData((x, y))) == pytest.approx(-np.sum(shares * np.log(shares)) + penalty, rel=0.01)
    values = keras.Sequential([keras.Input((64,)), keras.layers.Dense(1)])
    values.compile("sgd", "mse")
    few = FitData((x[:640], y[:640, None].astype("float32")))
    assert chance_of(values, few) == pytest.approx(np.var(y[:640]), rel=1e-4)
    values.compile("sgd", lambda true, predicted: 1 / 0)
    assert chance_of(values, few) is None


def test_a_callback_alone_sees_the_plateau_of_dead_units(unscaled):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(20, "relu"), keras.layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    finder = callbacks.LRFinder()
    data = FitData(unscaled).repeated()
    model.fit(data, steps_per_epoch=300, shuffle=False, verbose=0, callbacks=[finder])
    assert finder.suggest() < 0.05
    assert "the loss rose and stayed there" in finder.remark()


def test_nothing_to_suggest():
    with pytest.raises(ValueError, match=r"diverged after 3 batches: start it from a lower rate. Received: low=1e-05"):
        by_hand([1.0, 1.0, 2.0, np.nan]).suggest()
    with pytest.raises(ValueError, match=r"first loss .* not finite, before any update: .*NaN.* in the data"):
        by_hand([np.nan]).suggest()
    with pytest.raises(ValueError, match=r"No rate .* made the loss fall.*Received: low=1e-05, high=10.0"):
        by_hand(np.linspace(1.0, 2.0, 20)).suggest()
    with pytest.raises(callbacks.InvalidArgument, match="rule must be one of 'peak', 'valley', 'steepest', 'minimum'"):
        by_hand(np.linspace(2.0, 1.0, 20)).suggest("best")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 0}, "low must be a number > 0. Received: low=0"),
        ({"high": 1e-6}, "high must be a number > 1e-05. Received: high=1e-06"),
        ({"steps": 9}, "steps must be an integer >= 10. Received: steps=9"),
        ({"decay": 1}, "decay must be a number >= 0 and < 1. Received: decay=1"),
        ({"divergence": 1}, "divergence must be a number > 1. Received: divergence=1"),
        ({"usual": 0}, "usual must be a number > 0. Received: usual=0"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(callbacks.InvalidArgument) as raised:
        callbacks.LRFinder(**options)
    assert str(raised.value) == message


def test_what_it_cannot_work_with(make_model, run, dataset, arrays):
    with pytest.raises(ValueError, match=r"steps_per_execution=1, or use find_learning_rate. Received: .*=4"):
        run(make_model(steps_per_execution=4), callbacks.LRFinder())
    with pytest.raises(callbacks.InvalidArgument, match=r"data must be a tf\.data\.Dataset, .* or arrays \(x, y\)"):
        callbacks.find_learning_rate(make_model(), arrays[0])
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    unbuilt.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"must be built .* give it an Input"):
        callbacks.find_learning_rate(unbuilt, dataset)
    model = make_model(LineSearch())
    with pytest.raises(callbacks.InvalidArgument, match="optimizer must be one that needs a learning rate"):
        callbacks.find_learning_rate(model, dataset)


def test_arrays_instead_of_a_dataset(arrays, make_model):
    model = make_model(steps_per_execution=4)
    before = model.get_weights()[0].tobytes()
    found = callbacks.find_learning_rate(model, arrays, batch_size=4, steps=60)
    assert found == callbacks.find_learning_rate(model, arrays, batch_size=4, steps=60)
    in_lists = tuple(each.tolist() for each in arrays)
    assert callbacks.find_learning_rate(model, in_lists, batch_size=4, steps=60) == pytest.approx(found)
    assert model.get_weights()[0].tobytes() == before
    with pytest.warns(UserWarning, match="11th pass"):
        assert found != callbacks.find_learning_rate(model, arrays, batch_size=40, steps=60)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            (np.zeros((3, 3)), np.zeros(2)),
            {},
            r"arrays of the same length, at least 1. Received: data=\(3, 2\)",
        ),
        ((np.zeros((0, 3)), np.zeros(0)), {}, r"at least 1. Received: data=\(0, 0\)"),
        (np.zeros((3, 3)), {}, "data must be a tf.data.Dataset, "),
        ((np.zeros((3, 3)), np.zeros(3)), {"batch_size": 0}, "batch_size must be an integer >= 1"),
        ((np.zeros((3, 3)), np.zeros(3)), {"rule": "best"}, "rule must be one of 'peak'"),
    ],
)
def test_what_is_no_data(data, options, message, make_model):
    with pytest.raises(callbacks.InvalidArgument, match=message):
        callbacks.find_learning_rate(make_model(), data, **options)


@pytest.mark.parametrize(("examples", "normalized"), [(33, True), (34, True), (33, False)])
def test_find_learning_rate_says_that_the_last_batch_of_an_epoch_has_one_example(examples, normalized):
    keras.utils.set_random_seed(1)
    layers = [keras.layers.BatchNormalization()] if normalized else []
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), *layers, keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.random.default_rng(0).normal(size=(examples, 2)).astype("float32")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callbacks.find_learning_rate(model, x, x[:, :1], batch_size=16, steps=12)
    said = [str(warning.message) for warning in caught if "batch_size" in str(warning.message)]
    assert bool(said) == (examples == 33 and normalized)
    if said:
        assert said[0].startswith("batch_size: the last batch of 33 examples would have one")
