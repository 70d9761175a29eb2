"""AveragedWeights and SWA: the average is what is validated, kept and exported, and the steps are as without them."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import AveragedWeights, InvalidArgument, StochasticWeightAveraging
from recipes.optimizers import Adam, ScheduleFreeAdamW

K = keras.layers
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]] + 0.1 * RANDOM.normal(size=(40, 1))).astype("float32")
DECAY = 0.8
OPTIMIZERS = {
    "keras": lambda: keras.optimizers.Adam(0.1, use_ema=True, ema_momentum=DECAY),
    "ours": lambda: Adam(0.1, use_ema=True, ema_momentum=DECAY),
    "schedule_free": lambda: ScheduleFreeAdamW(0.1),
    "scaled": lambda: keras.optimizers.LossScaleOptimizer(Adam(0.1, use_ema=True, ema_momentum=DECAY)),
}


def model_with(optimizer, batch_norm=False, **options):
    kernels = [keras.initializers.RandomNormal(0.5, seed=seed) for seed in (0, 1)]
    layers = [K.Dense(4, activation="tanh", kernel_initializer=kernels[0])]
    layers += [K.BatchNormalization(momentum=0.5)] if batch_norm else []
    model = keras.Sequential([keras.Input((3,)), *layers, K.Dense(1, kernel_initializer=kernels[1])])
    model.compile(optimizer, "mse", **options)
    return model


class Noting(keras.callbacks.Callback):
    """The weights at the end of each step and of each epoch."""

    def on_train_begin(self, logs=None):
        self.steps, self.epochs = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(self.model.get_weights())

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(self.model.get_weights())


FIT = {"batch_size": 8, "epochs": 3, "shuffle": False, "verbose": 0}


def fitted(optimizer, *more, validation=True, **options):
    model, noting = model_with(optimizer), Noting()
    data = {"validation_data": (X, Y), "validation_batch_size": 40} if validation else {}
    history = model.fit(X, Y, callbacks=[*more, noting], **{**FIT, **options}, **data)
    return model, history.history, noting


def averages(name, steps):
    """After each step, in NumPy, from the weights after each step."""
    mean, found = model_with("sgd").get_weights(), []
    for t, weights in enumerate(steps):
        if name == "schedule_free":  # y = 0.1 z + 0.9 x, and x is the mean of z: so z, and x, follow from y
            share = 1 / (t + 1)
            decay = (1 - share) * 0.1 / (0.1 + 0.9 * share)
            mean = [decay * x + share / (0.1 + 0.9 * share) * y for x, y in zip(mean, weights, strict=True)]
        else:
            decay = 0.0 if t == 0 else DECAY if name == "keras" else min(DECAY, (1 + t) / (10 + t))
            mean = [decay * old + (1 - decay) * new for old, new in zip(mean, weights, strict=True)]
        found.append(mean)
    return found


def equal(some, others, tolerance=2e-5):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", [*OPTIMIZERS])
@pytest.mark.ordinarily("ours", "schedule_free")
def test_validation_callbacks_and_the_model_have_the_average_and_the_steps_do_not(name):
    model, history, noting = fitted(OPTIMIZERS[name](), AveragedWeights())
    for epoch in range(3):
        equal(noting.epochs[epoch], averages(name, noting.steps)[5 * epoch + 4])
        there = model_with("sgd")
        there.set_weights(noting.epochs[epoch])
        assert history["val_loss"][epoch] == pytest.approx(there.evaluate(X, Y, verbose=0), rel=1e-5)
    equal(model.get_weights(), noting.epochs[-1], 1e-7)
    _, _, plain = fitted(OPTIMIZERS[name](), validation=False)
    equal(noting.steps[-1], plain.steps[-1], 1e-6)  # to the bit, but for schedule_free, which goes there and back
    _, _, without = fitted(OPTIMIZERS[name](), AveragedWeights(), validation=False)
    equal(without.epochs[-1], noting.epochs[-1], 1e-7)


def test_early_stopping_puts_back_the_average_of_the_best_epoch():
    stop = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=1, restore_best_weights=True)
    model, _, noting = fitted(OPTIMIZERS["ours"](), stop, AveragedWeights())
    assert stop.best_epoch == 0
    equal(model.get_weights(), noting.epochs[0], 0)


def test_swa_is_the_mean_of_the_last_epochs():
    model, _, noting = fitted(keras.optimizers.SGD(0.2), StochasticWeightAveraging(0.5), epochs=4)
    ends = [noting.steps[step] for step in (4, 9, 14, 19)]
    means = [ends[0], ends[1], ends[2], [(a + b) / 2 for a, b in zip(ends[2], ends[3], strict=True)]]
    for found, expected in zip(noting.epochs, means, strict=True):
        equal(found, expected, 1e-6)
    equal(model.get_weights(), means[-1], 1e-6)
    _, _, plain = fitted(keras.optimizers.SGD(0.2), epochs=4)
    equal(noting.steps[-1], plain.steps[-1], 0)


@pytest.mark.parametrize("name", ["swa", "ema", pytest.param("schedule_free", marks=pytest.mark.thorough)])
def test_batch_normalization_belongs_to_the_average(name):
    optimizer = keras.optimizers.SGD(0.2) if name == "swa" else OPTIMIZERS["ours" if name == "ema" else name]()
    callback = StochasticWeightAveraging(0.0, X) if name == "swa" else AveragedWeights(X)
    model, noting = model_with(optimizer, batch_norm=True), Noting()
    model.fit(X, Y, callbacks=[callback, noting], **FIT)
    hidden = np.tanh(X @ model.layers[0].kernel.numpy() + model.layers[0].bias.numpy())
    np.testing.assert_allclose(model.layers[1].moving_mean, hidden.mean(0), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.layers[1].moving_variance, hidden.var(0), rtol=1e-4)
    plain, other = model_with(optimizer.from_config(optimizer.get_config()), batch_norm=True), Noting()
    plain.fit(X, Y, callbacks=[other], **FIT)
    equal(noting.steps[-1], other.steps[-1], 1e-6)


@pytest.mark.parametrize("name", ["ours", "schedule_free", "swa"])
@pytest.mark.thorough
def test_killed_and_resumed_it_is_an_unbroken_training(name, tmp_path):
    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise KeyboardInterrupt

    def fit(*more):
        optimizer = keras.optimizers.SGD(0.2) if name == "swa" else OPTIMIZERS[name]()
        model = model_with(optimizer, batch_norm=True)
        callback = StochasticWeightAveraging(0.3, X) if name == "swa" else AveragedWeights(X)
        options = {**FIT, "epochs": 4, "validation_data": (X, Y)}
        history = model.fit(X, Y, callbacks=[callback, *more], **options)
        return history.history, [value.tobytes() for value in model.get_weights()]

    with pytest.raises(KeyboardInterrupt):
        fit(callbacks.Resume(tmp_path), Kill())
    assert fit(callbacks.Resume(tmp_path)) == fit()


def test_a_further_training_with_schedule_free_goes_on_from_y():
    whole, _, _ = fitted(ScheduleFreeAdamW(0.1), epochs=4)
    model, _, _ = fitted(ScheduleFreeAdamW(0.1), epochs=2)
    model.fit(X, Y, callbacks=[AveragedWeights()], **{**FIT, "epochs": 2})
    equal(model.get_weights(), whole.get_weights(), 1e-5)


def test_what_does_not_average_is_refused_and_what_does_beside_another():
    with pytest.raises(InvalidArgument, match="optimizer must be one with use_ema=True, or that averages its weights"):
        model_with("adam").fit(X, Y, verbose=0, callbacks=[AveragedWeights()])
    for averaging in (keras.optimizers.SGD(0.1, use_ema=True), ScheduleFreeAdamW(0.1)):
        with pytest.raises(InvalidArgument, match="optimizer must be one that does not average the weights itself"):
            model_with(averaging).fit(X, Y, verbose=0, callbacks=[StochasticWeightAveraging(0.5)])
    for start in (-0.1, 1.0):
        with pytest.raises(InvalidArgument, match="start must be a number >= 0 and < 1"):
            StochasticWeightAveraging(start)
