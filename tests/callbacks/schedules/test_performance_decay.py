"""PerformanceDecay: the rates of Keras' ReduceLROnPlateau, and what survives."""

import copy

import keras
import numpy as np
import pytest

from callbacks import InvalidArgument, PerformanceDecay
from recipes.optimizers import Momentum


class Feed(keras.callbacks.Callback):
    """Puts the next of ``values`` into the logs of each epoch; in front of what monitors it."""

    def __init__(self, values, name="val_loss", first=0):
        super().__init__()
        self.values, self.name = list(values)[first:], name

    def on_epoch_end(self, epoch, logs=None):
        if self.values:
            logs[self.name] = self.values.pop(0)


PLATEAUS = [5, 4, 4, 4.5, 3, 3, 3, 3, 3, 2.99995, 2.5, 2.5, 2.5, 2.5]


@pytest.fixture
def fitted(recorder, make_model, run):
    """``fitted(values, callback, ...)``: the rate of each step, shape (epochs, 10), and the logs."""

    def fit(values, *used, model=None, steps=1, name="val_loss", rate=0.4, first=0, epochs=None, **options):
        model = model or make_model(recorder(rate), steps_per_execution=steps)
        before = int(model.optimizer.iterations)
        epochs = len(values) if epochs is None else epochs
        logs = run(model, Feed(values, name, first), *used, epochs=epochs, initial_epoch=first, **options)
        return model.optimizer.recorded()[before:, 0].reshape(-1, 10), logs

    return fit


def test_by_hand(fitted):
    used = PerformanceDecay(0.4, factor=0.5, patience=2)
    rates, logs = fitted([3, 2, 2, 2, 1, 1, 1, 1, 1], used)
    expected = 0.4 * 0.5 ** np.array([0, 0, 0, 0, 1, 1, 1, 2, 2])  # the fourth epoch is the second without a gain
    np.testing.assert_allclose(rates, np.repeat(expected[:, None], 10, 1), rtol=1e-6)
    np.testing.assert_allclose(logs["learning_rate"], expected, rtol=1e-6)
    assert used.multiplier == 0.125  # after the ninth


CASES = {
    "plain": {},
    "patience 1": {"patience": 1},
    "another factor": {"factor": 0.3},
    "minimum": {"patience": 1, "minimum": 0.2},
    "never": {"minimum": 1.0},
    "cooldown": {"patience": 1, "cooldown": 2},
    "a long cooldown": {"patience": 2, "cooldown": 5},
    "tiny gains count": {"min_delta": 0.0},
    "only large gains count": {"min_delta": 0.8},
    "max": {"mode": "max"},
}


@pytest.fixture
def driven(make_model):
    """``driven(callback, values)``: the rate of each epoch, with the hooks called by hand."""

    def drive(callback, values):
        model = make_model(run_eagerly=True)
        model.optimizer.learning_rate = 0.4
        callback.set_model(model)
        callback.set_params({"steps": 1, "epochs": len(values)})
        callback.on_train_begin()
        rates = []
        for epoch, value in enumerate(values):
            callback.on_epoch_begin(epoch)
            callback.on_train_batch_begin(0)
            rates.append(float(model.optimizer.learning_rate))
            callback.on_epoch_end(epoch, {"loss": 1.0, "val_loss": value})
        return rates

    return drive


NAN = float("nan")
WALK = np.cumsum(np.random.default_rng(3).normal(-0.2, 1.0, 60)).tolist()


@pytest.mark.parametrize("values", [PLATEAUS, WALK, [1, NAN, NAN, 0.5, 0.5, 0.5, 0.5]], ids=["hand", "walk", "nan"])
@pytest.mark.parametrize("case", CASES)
def test_the_rates_of_keras(case, values, driven):
    options = {"factor": 0.5, "patience": 2, "mode": "min", **CASES[case]}
    values = [-value for value in values] if case == "max" else values
    theirs = {**options, "min_lr": 0.4 * options.get("minimum", 0.0)}
    theirs.pop("minimum", None)
    expected = driven(keras.callbacks.ReduceLROnPlateau(**theirs), values)
    np.testing.assert_allclose(driven(PerformanceDecay(0.4, **options), values), expected, rtol=1e-5)
    assert (len(set(expected)) == 1) == (case == "never")


@pytest.mark.thorough
def test_a_fit_has_the_rates_of_keras(make_model, run):
    for steps in (1, 4):
        used = (
            PerformanceDecay(0.4, factor=0.5, patience=2),
            keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=2),
        )
        models = [make_model(Momentum(0.4), steps_per_execution=steps) for _ in used]
        ours, theirs = (run(model, Feed(PLATEAUS), each, epochs=14) for model, each in zip(models, used, strict=True))
        np.testing.assert_allclose(ours["learning_rate"], theirs["learning_rate"], rtol=1e-6)
        np.testing.assert_allclose(ours["loss"], theirs["loss"], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.ordinarily("True-4")
def test_every_step_whatever_the_steps_per_execution(steps, eager, fitted, make_model, recorder):
    model = make_model(recorder(0.4), steps_per_execution=steps, run_eagerly=eager)
    rates, _ = fitted([1, 1, 1, 1], PerformanceDecay(0.4, patience=1, warm_up=15, unit="steps"), model=model)
    expected = np.full(40, 0.4)
    expected[:15] *= np.arange(1, 16) / 16
    expected *= np.repeat([1, 1, 0.1, 0.01], 10)  # the second epoch is the first without a gain
    np.testing.assert_allclose(rates.ravel(), expected, rtol=1e-6)


def test_a_drop_within_the_warm_up_scales_the_rest_of_it(fitted):
    rates, _ = fitted([1, 1, 1], PerformanceDecay(0.4, patience=1, warm_up=24, unit="steps"))
    expected = 0.4 * np.minimum(np.arange(1, 31) / 25, 1.0)
    expected[20:] *= 0.1
    np.testing.assert_allclose(rates.ravel(), expected, rtol=1e-6)


@pytest.mark.thorough
def test_a_second_fit_and_a_copy_begin_anew(make_model, run):
    callback = PerformanceDecay(0.4, patience=1, cooldown=3)
    values = [1, 1, 1, 1]
    first = run(make_model(), Feed(values), callback, epochs=4)["learning_rate"]
    assert first == pytest.approx([0.4, 0.4, 0.04, 0.04])
    copied = copy.deepcopy(callback)
    for each in (callback, copied):
        assert run(make_model(), Feed(values), each, epochs=4)["learning_rate"] == first


class Restore(keras.callbacks.Callback):
    """Gives a callback the plain attributes of another, before its first epoch begins."""

    def __init__(self, state, target):
        super().__init__()
        self.state, self.target = state, target

    def on_epoch_begin(self, epoch, logs=None):
        for name in ("multiplier", "best", "wait", "cooling"):
            if self.state is not None:
                setattr(self.target, name, self.state[name])
        self.state = None


@pytest.mark.parametrize(("stop", "steps"), [(3, 1), (4, 4), (8, 4)])
@pytest.mark.ordinarily("4-4")
def test_with_its_plain_attributes_restored_it_goes_on(fitted, stop, steps):
    options = {"patience": 2, "factor": 0.5, "cooldown": 1, "warm_up": 0.1, "total_steps": 90}
    values = [3, 2, 2, 2, 2, 2, 2, 2, 2]
    unbroken, _ = fitted(values, PerformanceDecay(0.4, **options), steps=steps)
    assert len({rates[-1] for rates in unbroken}) >= 3
    killed, going_on = PerformanceDecay(0.4, **options), PerformanceDecay(0.4, **options)
    first, _ = fitted(values, killed, epochs=stop, steps=steps)
    restore = Restore(dict(vars(killed)), going_on)
    rest, _ = fitted(values, restore, going_on, first=stop, epochs=len(values), steps=steps)
    np.testing.assert_array_equal(np.concatenate([first, rest]), unbroken)


def test_seek_uses_a_restored_multiplier(fitted):
    callback = PerformanceDecay(0.4)

    class Jump(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 4:
                callback.multiplier = 0.25
                callback.seek(0, 5)

    rates, _ = fitted([1], callback, Jump())
    np.testing.assert_allclose(rates[0], [0.4] * 5 + [0.1] * 5, rtol=1e-6)


def test_real_validation(make_model, run, dataset):
    logs = run(make_model(), PerformanceDecay(0.3, patience=1, min_delta=100.0), validation_data=dataset)
    np.testing.assert_allclose(logs["learning_rate"], [0.3, 0.3, 0.03], rtol=1e-6)


def test_a_missing_metric_is_an_error_that_names_those_there_are(make_model, run):
    with pytest.raises(
        InvalidArgument,
        match=r"^monitor must be in the logs of each epoch, which hold 'loss', 'learning_rate'; give fit "
        r"validation_data, for every epoch\. Received: monitor='val_loss'$",
    ):
        run(make_model(), PerformanceDecay(0.1))
    with pytest.raises(InvalidArgument, match=r"which hold 'loss', 'learning_rate'\. Received: monitor='acuracy'$"):
        run(make_model(), PerformanceDecay(0.1, monitor="acuracy"))


@pytest.mark.parametrize(("metric", "better"), [("mae", "less"), ("r2_score", "more"), ("cosine_similarity", "more")])
@pytest.mark.ordinarily("mae-less")
@pytest.mark.usefixtures("dataset")
def test_auto_asks_the_metric(metric, better, make_model, run, recorder):
    model = make_model(recorder(0.4))
    model.compile(model.optimizer, "mse", metrics=[metric])
    name = next(each for each in run(model, epochs=1) if each != "loss")
    for values, dropped in (([3, 2, 1], better == "more"), ([1, 2, 3], better == "less")):
        callback = PerformanceDecay(0.4, patience=1, monitor=f"val_{name}")
        run(model, Feed(values, f"val_{name}"), callback)
        assert (callback.multiplier < 1) == dropped


def test_auto_of_a_metric_that_keras_does_not_know(fitted):
    with pytest.raises(InvalidArgument, match=r"mode must be 'min' or 'max' for 'val_score', .* Received: mode='auto'"):
        fitted([1, 1], PerformanceDecay(0.1, monitor="val_score"), name="val_score")
    assert fitted([1, 1], PerformanceDecay(0.1, monitor="val_score", mode="max"), name="val_score")
    assert fitted([1, 1], PerformanceDecay(0.1, monitor="out_loss"), name="out_loss")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"peak": 0}, "peak must be a number > 0. Received: peak=0"),
        ({"factor": 1.0}, "factor must be a number > 0 and < 1. Received: factor=1.0"),
        ({"factor": 0}, "factor must be a number > 0 and < 1. Received: factor=0"),
        ({"patience": 0}, "patience must be an integer >= 1. Received: patience=0"),
        ({"patience": 0.1}, "patience must be an integer >= 1. Received: patience=0.1"),
        ({"monitor": ""}, "monitor must be the name of a metric, such as 'val_loss'. Received: monitor=''"),
        ({"monitor": None}, "monitor must be the name of a metric, such as 'val_loss'. Received: monitor=None"),
        ({"mode": "least"}, "mode must be one of 'auto', 'min', 'max'. Received: mode='least'"),
        ({"min_delta": -1}, "min_delta must be a number >= 0. Received: min_delta=-1"),
        ({"cooldown": -1}, "cooldown must be an integer >= 0. Received: cooldown=-1"),
        ({"minimum": 2}, "minimum must be a number >= 0 and <= 1. Received: minimum=2"),
        ({"warm_up": 3}, "warm_up must be a number > 0 and <= 1, a fraction of the training"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument) as raised:
        PerformanceDecay(**{"peak": 0.1, **options})
    assert message in str(raised.value)
