"""SeveralValidations: where it validates, what it tells whom, and that training does not notice."""

import copy
import types

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks import InvalidArgument, OneCycle, SeveralValidations, StopOnNaN


@pytest.fixture(scope="module")
def validation():
    random = np.random.default_rng(1)
    x = random.normal(size=(13, 3)).astype("float32")
    return x, (x @ [[1.0], [-2.0], [0.5]]).astype("float32")


class Spy(keras.callbacks.Callback):
    """Notes its hooks, the weights at each validation, and stops at one of them."""

    def __init__(self, stop_at=None):
        super().__init__()
        self.stop_at, self.hooks, self.logs, self.kernels = stop_at, [], [], []

    def on_train_begin(self, logs=None):
        self.hooks.append("train")

    def on_epoch_begin(self, epoch, logs=None):
        self.hooks.append(epoch)

    def on_epoch_end(self, epoch, logs=None):
        assert self.hooks[-1] == epoch
        self.logs.append(logs)
        self.kernels.append(self.model.get_weights())
        self.model.stop_training |= epoch == self.stop_at

    def on_train_end(self, logs=None):
        self.hooks.append("end")


@pytest.mark.parametrize(
    ("times", "steps", "execution", "expected"),
    [
        (4, 10, 1, [3, 5, 8, 10]),
        (1, 10, 1, [10]),
        (10, 10, 1, list(range(1, 11))),
        (3, 7, 1, [3, 5, 7]),
        (2, 10, 3, [6, 10]),
        (4, 10, 3, [3, 6, 9, 10]),
        (2, 10, 4, [8, 10]),
        (1, 10, 64, [10]),
        (3, 201, 100, [100, 200, 201]),
    ],
)
def test_positions(validation, times, steps, execution, expected):
    assert SeveralValidations(validation, times).positions(steps, execution) == expected


def test_whenever_there_are_enough_calls_each_validation_has_its_own(validation):
    for steps in range(1, 16):
        for execution in range(1, 18):
            calls = -(-steps // execution)
            for times in range(1, calls + 1):
                found = SeveralValidations(validation, times).positions(steps, execution)
                assert len(set(found)) == times
                assert found[-1] == steps
                assert all(each % execution == 0 for each in found[:-1])
            with pytest.raises(
                InvalidArgument, match=f"times must be at most {calls}, .*steps_per_execution|times must"
            ):
                SeveralValidations(validation, calls + 1).positions(steps, execution)


@pytest.mark.parametrize("execution", [pytest.param(1, marks=pytest.mark.thorough), 4])
def test_what_is_measured(validation, make_model, run, execution):
    spy = Spy()
    often = SeveralValidations(validation, 2, callbacks=[spy])
    model = make_model(steps_per_execution=execution, metrics=["mae"])
    history = run(model, often, epochs=2)
    half = 5 if execution == 1 else 8
    assert often.validations["step"] == [half, 10, 10 + half, 20]
    assert often.validations["epoch"] == pytest.approx([half / 10, 1, 1 + half / 10, 2])
    x, y = validation
    for index, kernels in enumerate(spy.kernels):
        model.set_weights(kernels)
        expected = model.evaluate(x, y, verbose=0, return_dict=True)
        assert {name: spy.logs[index]["val_" + name] for name in expected} == expected
        assert often.validations["val_loss"][index] == expected["loss"]
        assert often.validations["val_mae"][index] == expected["mae"]
    assert len({values[0].tobytes() for values in spy.kernels}) == 4
    assert history["val_loss"] == often.validations["val_loss"][1::2]
    assert history["loss"] == often.validations["loss"][1::2]
    assert spy.hooks == ["train", 0, 1, 2, 3, "end"]
    assert set(spy.logs[0]) == {"loss", "mae", "val_loss", "val_mae"}


class Random(keras.layers.Layer):
    """Random at validation too."""

    def __init__(self):
        super().__init__()
        self.seeds = keras.random.SeedGenerator(5)

    def call(self, x):
        return x + 0.1 * keras.random.normal(keras.ops.shape(x), seed=self.seeds)


def noisy():
    """Dropout, batch norm, a metric, and a layer that is random at validation too."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((3,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="relu", kernel_regularizer="l2")(inputs))
    x = Random()(keras.layers.Dropout(0.3, seed=4)(x))
    return keras.Model(inputs, keras.layers.Dense(1)(x))


@pytest.mark.parametrize(
    ("execution", "kind", "too"),
    [
        (3, "shuffled arrays", False),
        (1, "dataset", True),
        pytest.param(1, "arrays", False, marks=pytest.mark.thorough),
        pytest.param(3, "arrays", True, marks=pytest.mark.thorough),
    ],
)
@pytest.mark.thorough
def test_training_does_not_notice(validation, arrays, dataset, execution, kind, too):
    def fitted(*used):
        model = noisy()
        model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"], steps_per_execution=execution)
        options = {"x": dataset} if kind == "dataset" else {"x": arrays[0], "y": arrays[1], "batch_size": 4}
        keras.utils.set_random_seed(9)
        data = validation if too else None
        shuffle = kind == "shuffled arrays"
        logs = model.fit(**options, epochs=3, verbose=0, shuffle=shuffle, callbacks=list(used), validation_data=data)
        return logs.history, [each.numpy().tobytes() for each in (*model.variables, *model.optimizer.variables)]

    given = validation if kind == "arrays" else tf.data.Dataset.from_tensor_slices(validation).batch(5)
    plain, state = fitted()
    with_it, its_state = fitted(Watching(), SeveralValidations(given, 3, callbacks=[Spy()]))
    names = ("loss", "mae")
    assert {name: with_it[name] for name in names} == {name: plain[name] for name in names}
    if not too:  # Keras' own validation draws from the layer that is random at validation
        assert its_state == state
    else:
        assert with_it == plain


class Watching(keras.callbacks.Callback):
    """Looks at the metrics at each batch, as a progress bar does."""

    def on_train_batch_end(self, batch, logs=None):
        assert np.isfinite(logs["loss"])


@pytest.mark.parametrize("execution", [pytest.param(1, marks=pytest.mark.thorough), 3])
def test_early_stopping_stops_within_the_epoch_and_the_best_weights_come_back(
    validation, make_model, run, execution, tmp_path
):
    class Rising(SeveralValidations):
        def _evaluate(self):
            count = len(self.validations.get("step", ()))
            return {"loss": abs(count - 4.0)}  # best at the fifth validation: the first of the second epoch

    spy = Spy()
    stop = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    best = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "{epoch}.weights.h5"), save_best_only=True, save_weights_only=True
    )
    often = Rising(validation, 4, callbacks=[spy, stop, best])
    model = make_model(steps_per_execution=execution)
    history = run(model, often, epochs=5)
    assert (stop.best_epoch, stop.stopped_epoch) == (4, 6)
    assert often.validations["step"][-1] == (18 if execution == 1 else 19)
    assert model.optimizer.iterations == often.validations["step"][-1]
    assert history["val_loss"] == [1.0, 2.0]
    assert len(history["loss"]) == 2
    np.testing.assert_array_equal(model.get_weights()[0], spy.kernels[4][0])
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"{each}.weights.h5" for each in range(1, 6)]
    model.load_weights(tmp_path / "5.weights.h5")
    np.testing.assert_array_equal(model.get_weights()[0], spy.kernels[4][0])
    assert spy.hooks == ["train", *range(7), "end"]


@pytest.mark.thorough
def test_an_epoch_that_another_callback_stops_is_validated_where_it_stops(validation, make_model, run):
    class StopAt(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training |= batch == self.at

    for at, steps in ((0, [1]), (4, [5]), (6, [5, 7]), (9, [5, 10])):
        spy, stop = Spy(), StopAt()
        stop.at = at
        often = SeveralValidations(validation, 2, callbacks=[spy])
        model = make_model()
        history = run(model, stop, often, epochs=1)
        assert often.validations["step"] == steps
        expected = model.evaluate(*validation, verbose=0)
        assert history["val_loss"] == [expected] == often.validations["val_loss"][-1:]
        assert [each for each in spy.hooks if isinstance(each, int)] == list(range(len(steps)))
        assert len({len(values) for values in often.validations.values()}) == 1


def test_with_a_diverged_training(make_model, run, validation, arrays):
    stop, often = StopOnNaN(), SeveralValidations(validation, 2)
    data = tf.data.Dataset.from_tensor_slices((arrays[0] * 1e25, arrays[1])).batch(4)
    history = run(make_model(), stop, often, data=data)
    assert {len(values) for values in history.values()} == {1}
    assert often.plot().axes


@pytest.mark.thorough
def test_a_second_fit_begins_anew(validation, make_model, run):
    often, model = SeveralValidations(validation, 2), make_model()
    run(model, often, epochs=2)
    run(model, often, epochs=1)
    assert often.validations["step"] == [5, 10]


def test_callbacks_after_it_see_the_values(validation, make_model, run):
    stop = keras.callbacks.EarlyStopping(patience=0)
    history = run(make_model(keras.optimizers.SGD(0.0)), SeveralValidations(validation, 2), stop, epochs=4)
    assert len(history["val_loss"]) == 2


def test_the_validation_of_fit_wins_in_the_logs(validation, make_model, run):
    other = (validation[0] + 1.0, validation[1])
    model = make_model()
    history = run(model, SeveralValidations(validation, 2), epochs=1, validation_data=other)
    assert history["val_loss"] == [model.evaluate(*other, verbose=0)]


def test_the_index_goes_on_at_the_initial_epoch(validation, make_model, run):
    spy = Spy()
    often = SeveralValidations(validation, 2, callbacks=[spy])
    run(make_model(), often, epochs=4, initial_epoch=2)
    assert spy.hooks == ["train", 4, 5, 6, 7, "end"]
    assert often.validations["epoch"] == [2.5, 3.0, 3.5, 4.0]
    assert often.validations["step"] == [25, 30, 35, 40]
    assert spy.params["epochs"] == 8


def test_a_rate_that_is_lowered_on_a_plateau_within_the_epoch(validation, make_model, run):
    plateau = keras.callbacks.ReduceLROnPlateau(patience=1, factor=0.5, min_delta=1e9)
    model = make_model(keras.optimizers.SGD(0.25))
    run(model, SeveralValidations(validation, 4, callbacks=[plateau]), epochs=1)
    assert float(model.optimizer.learning_rate) == 0.25 / 8


def test_several_inputs_and_weights(validation):
    left, right = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    model = keras.Model([left, right], keras.layers.Dense(1)(keras.layers.Concatenate()([left, right])))
    model.compile("sgd", "mse", weighted_metrics=["mae"])
    x, y = validation
    weights = np.linspace(0.0, 1.0, len(x))
    often = SeveralValidations(([x, x], y, weights), 1, batch_size=5)
    model.fit([x, x], y, verbose=0, callbacks=[often])
    expected = model.evaluate([x, x], y, sample_weight=weights, verbose=0, return_dict=True)
    assert often.validations["val_loss"] == pytest.approx([expected["loss"]])
    assert often.validations["val_mae"] == pytest.approx([expected["mae"]])


@pytest.mark.parametrize("execution", [4, 16])
def test_too_few_calls_are_refused_before_any_step(validation, make_model, run, execution):
    model = make_model(steps_per_execution=execution)
    calls = -(-10 // execution)
    message = f"times must be at most {calls}, .* 10 steps with steps_per_execution={execution}; .* Received: times=4"
    with pytest.raises(InvalidArgument, match=message):
        run(model, SeveralValidations(validation, 4))
    assert model.optimizer.iterations == 0
    with pytest.raises(InvalidArgument, match=r"times must be at most 10, .* 10 steps\. Received: times=11"):
        run(make_model(), SeveralValidations(validation, 11))


@pytest.mark.parametrize("times", [0, -1, 2.0, True, "4", None])
def test_bad_times(validation, times):
    with pytest.raises(InvalidArgument, match="times must be an integer >= 1"):
        SeveralValidations(validation, times)


@pytest.mark.parametrize(
    "data",
    [
        None,
        np.zeros((3, 3)),
        (np.zeros((3, 3)),),
        "mnist",
        tf.data.Dataset.from_tensor_slices((np.eye(3), np.ones(3))).batch(2).repeat(),
        tf.data.Dataset.from_tensor_slices((np.eye(3), np.ones(3))).batch(2).take(0),
    ],
)
def test_bad_data(data):
    with pytest.raises(
        InvalidArgument, match=r"validation_data must be .*tf\.data\.Dataset.* Received: validation_data="
    ):
        SeveralValidations(data)


def test_bad_callbacks(validation):
    stop = keras.callbacks.EarlyStopping()
    for bad in (stop, "stop", None, [stop, "stop"], [SeveralValidations(validation)]):
        with pytest.raises(InvalidArgument, match="callbacks must be a list of Keras callbacks"):
            SeveralValidations(validation, callbacks=bad)
    with pytest.raises(InvalidArgument, match="callbacks must be without learning-rate schedules: give those to fit"):
        SeveralValidations(validation, callbacks=[OneCycle(0.1)])
    with pytest.raises(InvalidArgument, match="batch_size must be"):
        SeveralValidations(validation, batch_size=0)


@pytest.mark.thorough
def test_a_copy_shares_the_data_but_not_the_state(validation, make_model, run):
    stop = keras.callbacks.EarlyStopping(patience=7)
    often = SeveralValidations(validation, 2, callbacks=[stop])
    other = copy.deepcopy(often)
    run(make_model(), often, epochs=1)
    assert other.validation_data is validation
    assert other.callbacks[0] is not stop
    assert other.callbacks[0].patience == 7
    assert other.validations == {}
    assert copy.deepcopy(often).validations == often.validations


@pytest.mark.thorough
def test_plot(validation, make_model, run):
    often = SeveralValidations(validation, 5)
    with pytest.raises(ValueError, match="nothing to plot before the first validation"):
        often.plot()
    run(make_model(metrics=["mae"]), often)
    loss, error = often.plot().axes
    assert [axes.get_ylabel() for axes in (loss, error)] == ["loss", "mae"]
    assert loss.lines[1].get_ydata().tolist() == often.validations["val_loss"]
    assert error.lines[1].get_ydata().tolist() == often.validations["val_mae"]
    assert loss.lines[0].get_xdata().tolist() == often.validations["epoch"]
    best = int(np.argmin(often.validations["val_loss"]))
    assert loss.lines[2].get_xdata()[0] == often.validations["epoch"][best]


def test_state_that_keras_does_not_list_is_as_before(arrays, make_linear_model):
    """A metric inside an object of the user's own, which the model's ``test_step`` updates."""

    class Counting(keras.Sequential):
        def test_step(self, data):
            self.counts.validated.update_state(1.0)
            return super().test_step(data)

    model = Counting(make_linear_model().layers)
    model.counts = types.SimpleNamespace(validated=keras.metrics.Sum())
    model.compile("sgd", "mse")
    callback = SeveralValidations(arrays, times=2)
    model.fit(*arrays, batch_size=10, epochs=1, verbose=0, callbacks=[callback])
    assert len(callback.validations["val_loss"]) == 2
    assert float(model.counts.validated.result()) == 0.0


@pytest.mark.parametrize("arguments", [(0,), ("10",), (10, 0), (10, 2.5)])
def test_positions_are_of_steps(arguments):
    with pytest.raises(InvalidArgument, match="must be an integer >= 1"):
        SeveralValidations((np.zeros((4, 2)), np.zeros(4)), times=2).positions(*arguments)
