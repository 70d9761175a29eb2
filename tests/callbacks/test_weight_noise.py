"""WeightNoise: gradients at the weights with noise, applied to the weights without."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import callbacks
from callbacks import InvalidArgument
from callbacks.weight_noise import WeightNoise
from recipes.optimizers import LineSearch, Momentum

K = keras.layers
ROWS, COLUMNS = 120, 50
START = np.random.default_rng(0).normal(2.0, 1.5, (ROWS, COLUMNS)).astype("float32")
RMS = np.sqrt((START.astype("float64") ** 2).mean())


def the_noise(stddev, *, relative=True, seed=0, fits=1):
    """The noise of each of ``fits`` single steps, shape (fits, rows, columns).

    The loss is half the sum of squared weights, so a step of gradient descent at rate 1 leads from w to
    w - (w + noise), and the weights after it are the noise, negated.
    """
    model = keras.Sequential([keras.Input((ROWS,)), K.Dense(COLUMNS, use_bias=False)])
    model.layers[0].kernel.assign(START)
    model.compile(keras.optimizers.SGD(1.0), "mse", loss_weights=[START.size / 2], run_eagerly=True)
    noise = []
    for _ in range(fits):
        batch = np.eye(ROWS, dtype="float32"), np.zeros((ROWS, COLUMNS), "float32")
        model.fit(*batch, batch_size=ROWS, verbose=0, callbacks=[WeightNoise(stddev, relative=relative, seed=seed)])
        noise.append(-model.get_weights()[0].astype("float64"))
    return np.array(noise)


@pytest.mark.parametrize(
    ("stddev", "relative", "expected"), [(0.1, True, 0.1 * RMS), (0.4, True, 0.4 * RMS), (0.1, False, 0.1)]
)
def test_it_is_gaussian_and_as_large_as_asked_for(stddev, relative, expected):
    (noise,) = the_noise(stddev, relative=relative)
    count = noise.size
    assert noise.std() == pytest.approx(expected, rel=5 / np.sqrt(2 * count))
    assert abs(noise.mean()) < 5 * expected / np.sqrt(count)
    assert abs(np.corrcoef(noise.ravel(), START.ravel())[0, 1]) < 5 / np.sqrt(count)
    standard = np.sort(noise.ravel()) / expected
    quantiles = [standard[int(share * count)] for share in (0.0228, 0.1587, 0.5, 0.8413, 0.9772)]
    np.testing.assert_allclose(quantiles, [-2, -1, 0, 1, 2], atol=0.12)


def test_the_gradient_that_is_measured_is_the_one_at_the_noisy_weights():
    model = keras.Sequential([keras.Input((1,)), K.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile(keras.optimizers.SGD(1.0), "mse", run_eagerly=True)
    monitor = callbacks.GradientMonitor(1)
    model.fit(np.ones((4, 1)), np.zeros((4, 1)), verbose=0, callbacks=[monitor, WeightNoise(0.5, seed=1)])
    moved = abs(1.0 - float(model.get_weights()[0][0, 0]))
    assert abs(moved - 2.0) > 0.1  # the gradient at the weight without noise
    assert monitor.norms.tolist() == pytest.approx([moved], rel=1e-5)


def correlation(a, b):
    return abs(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def test_each_step_has_noise_of_its_own_and_each_seed():
    first, second = the_noise(0.1, fits=2)
    assert correlation(first, second) < 0.06
    assert second.std() == pytest.approx(0.1 * np.sqrt((first**2).mean()), rel=0.05)  # the kernel is -first by then
    (again,) = the_noise(0.1)
    np.testing.assert_array_equal(again, first)
    (other,) = the_noise(0.1, seed=1)
    assert correlation(first, other) < 0.06


def test_each_kernel_has_noise_of_its_own():
    left, right = keras.Input((ROWS,)), keras.Input((ROWS,))
    layers = [K.Dense(COLUMNS, use_bias=False) for _ in range(2)]
    outputs = [layer(x) for layer, x in zip(layers, (left, right), strict=True)]
    model = keras.Model([left, right], outputs)
    scales = (1.0, 10.0)
    for layer, scale in zip(layers, scales, strict=True):
        layer.kernel.assign(scale * START)
    model.compile(keras.optimizers.SGD(1.0), ["mse", "mse"], loss_weights=[START.size / 2] * 2)
    x, y = np.eye(ROWS, dtype="float32"), np.zeros((ROWS, COLUMNS), "float32")
    model.fit([x, x], [y, y], batch_size=ROWS, verbose=0, callbacks=[WeightNoise(0.1, seed=0)])
    noise = [-each.astype("float64") for each in model.get_weights()]
    assert correlation(*noise) < 0.06
    for each, scale in zip(noise, scales, strict=True):
        assert each.std() == pytest.approx(0.1 * scale * RMS, rel=0.05)


def test_without_a_seed_it_follows_keras_seed():
    ends = []
    for seed in (5, 5, 6):
        keras.utils.set_random_seed(seed)
        ends.append(the_noise(0.1, seed=None)[0])
    np.testing.assert_array_equal(ends[0], ends[1])
    assert correlation(ends[0], ends[2]) < 0.06


random = np.random.default_rng(3)
X = random.normal(size=(40, 3)).astype("float32")
Y = (X @ [[1.0], [-2.0], [0.5]]).astype("float32")


def mean_output(_y_true, y_pred):
    """A loss whose gradient is the same at all weights."""
    return keras.ops.mean(y_pred, axis=-1)


def linear(optimizer=None, loss=mean_output, layers=(), **options):
    kernel = keras.initializers.RandomNormal(seed=2)
    model = keras.Sequential([keras.Input((3,)), *layers, K.Dense(2, kernel_initializer=kernel)])
    model.compile(keras.optimizers.Adam(0.01) if optimizer is None else optimizer, loss, **options)
    return model


def fitted(model, *used, **options):
    history = model.fit(X, Y, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=list(used), **options)
    return history.history, [each.tobytes() for each in model.get_weights()]


@pytest.mark.parametrize(
    "options",
    [
        {},
        pytest.param({"jit_compile": True}, marks=pytest.mark.thorough),
        pytest.param({"run_eagerly": True}, marks=pytest.mark.thorough),
        pytest.param({"steps_per_execution": 5}, marks=pytest.mark.thorough),
    ],
)
def test_where_the_gradient_does_not_depend_on_the_weights_they_move_as_without_it(options):
    _, plain = fitted(linear(**options))
    _, noisy = fitted(linear(**options), WeightNoise(0.5, seed=0))
    assert noisy == plain


@pytest.mark.parametrize(
    "options",
    [
        {"steps_per_execution": 3},
        pytest.param({"steps_per_execution": 5}, marks=pytest.mark.thorough),
        pytest.param({"run_eagerly": True}, marks=pytest.mark.thorough),
    ],
)
def test_the_way_of_running_changes_nothing(options):
    _, one = fitted(linear(loss="mse"), WeightNoise(0.5, seed=0))
    _, other = fitted(linear(loss="mse", **options), WeightNoise(0.5, seed=0))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(np.frombuffer(a, "float32"), np.frombuffer(b, "float32"), rtol=1e-5, atol=1e-7)
    assert fitted(linear(loss="mse"))[1] != one


def test_biases_and_normalization_get_none():
    def model():
        frozen = linear(keras.optimizers.SGD(0.1), "mse", layers=(K.BatchNormalization(),))
        frozen.layers[-1].kernel.trainable = False
        return frozen

    _, plain = fitted(model())
    _, noisy = fitted(model(), WeightNoise(0.5, relative=False, seed=0))
    assert noisy == plain
    moved = model().get_weights()
    assert [each.tobytes() for each in moved] != plain


def test_a_training_step_sees_the_noise_and_validation_does_not():
    model = linear(keras.optimizers.SGD(0.0), "mse")
    clean = model.evaluate(X, Y, verbose=0)
    history, _ = fitted(model, WeightNoise(5.0, relative=False, seed=0), validation_data=(X, Y))
    assert min(history["loss"]) > 2 * clean
    np.testing.assert_allclose(history["val_loss"], clean, rtol=1e-6)


def test_zero_changes_nothing_to_the_bit():
    assert fitted(linear(loss="mse"), WeightNoise(0.0)) == fitted(linear(loss="mse"))


def test_the_next_fit_without_it_is_as_if_it_had_never_been():
    model = linear(keras.optimizers.SGD(0.1), "mse")
    start = model.get_weights()
    fitted(model, WeightNoise(0.5, seed=0))
    model.set_weights(start)
    assert fitted(model) == fitted(linear(keras.optimizers.SGD(0.1), "mse"))
    assert "apply" not in vars(model.optimizer)


def test_an_error_in_a_step_leaves_no_noise_on_the_weights():
    model = linear(Momentum(0.1), "mse")
    start = model.get_weights()
    with pytest.raises(Exception, match="the gradient is NaN or infinite"):
        model.fit(X * np.nan, Y, batch_size=8, verbose=0, callbacks=[WeightNoise(0.5, seed=0)])
    for now, before in zip(model.get_weights(), start, strict=True):
        np.testing.assert_array_equal(now, before)


def test_constraints_stay_in_force():
    model = linear(keras.optimizers.SGD(5.0), "mse")
    model.layers[-1].kernel.constraint = keras.constraints.MaxNorm(0.7, axis=0)
    fitted(model, WeightNoise(0.5, seed=0))
    assert np.linalg.norm(model.get_weights()[0], axis=0).max() <= 0.7 * (1 + 1e-6)


def test_gradients_are_accumulated_without_noise_staying_on_the_weights():
    ends = []
    for used in ([], [WeightNoise(0.5, seed=0)]):
        model = linear(keras.optimizers.SGD(0.1, gradient_accumulation_steps=4))
        ends.append(fitted(model, *used)[1])
    assert ends[0] == ends[1]


def test_half_precision():
    model = keras.Sequential([keras.Input((3,)), K.Dense(2, dtype="mixed_float16")])
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01)), "mse")
    history, _ = fitted(model, WeightNoise(0.1, seed=0))
    assert np.isfinite(history["loss"]).all()
    assert "apply" not in vars(model.optimizer)


def test_several_replicas_are_refused(monkeypatch):
    model, callback = linear(), WeightNoise()
    monkeypatch.setattr(type(model), "distribute_strategy", SimpleNamespace(num_replicas_in_sync=2))
    callback.set_model(model)
    with pytest.raises(InvalidArgument, match=r"replicas must be 1 for WeightNoise: .*\. Received: replicas=2"):
        callback.on_train_begin()


def test_an_optimizer_that_evaluates_the_loss_itself_is_refused_before_any_step():
    model = linear(None, "mse")
    model.compile(LineSearch(), "mse", auto_scale_loss=False)
    start = model.get_weights()[0]
    with pytest.raises(InvalidArgument, match=r"optimizer must be one that uses the step's gradient"):
        fitted(model, WeightNoise())
    np.testing.assert_array_equal(model.get_weights()[0], start)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"stddev": -0.1}, r"stddev must be a number >= 0\. Received: stddev=-0\.1"),
        ({"stddev": "0.1"}, "stddev must be"),
        ({"stddev": float("nan")}, "stddev must be"),
        ({"relative": 1}, r"relative must be True or False\. Received: relative=1"),
        ({"seed": -1}, r"seed must be an integer >= 0\. Received: seed=-1"),
        ({"seed": 1.5}, "seed must be"),
    ],
)
def test_bad_arguments(options, message):
    with pytest.raises(InvalidArgument, match=message):
        callbacks.WeightNoise(**options)


class Repeats(keras.Sequential):
    """A step of its own that applies its gradients as often as it is told to, and may be interrupted."""

    times, interrupt = 1, False

    def train_step(self, data):
        for _ in range(self.times):
            logs = super().train_step(data)
        if self.interrupt:
            raise KeyboardInterrupt
        return logs if self.times else {"loss": 0.0}


@pytest.mark.parametrize("times", [0, 2])
def test_a_step_of_ones_own_must_apply_its_gradients_once(times):
    model = Repeats([keras.Input((2,)), K.Dense(1)])
    model.times = times
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match=f"applies its gradients once. Received: {times} times"):
        model.fit(np.eye(2), np.ones((2, 1)), verbose=0, callbacks=[WeightNoise(0.1, seed=1)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_interrupted_within_a_step_the_noise_is_gone():
    model = Repeats([keras.Input((2,)), K.Dense(1)])
    model.interrupt = True
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        model.fit(np.eye(2), np.ones((2, 1)), verbose=0, callbacks=[WeightNoise(0.1, seed=1)])
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
