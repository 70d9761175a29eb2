"""Recalibration against a forward computation in NumPy, and everything that it must leave alone."""

import copy

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks import InvalidArgument, RecalibrateBatchNorm, recalibrate_batch_norm
from callbacks.inside.layers import all_layers

BatchNormalization = keras.layers.BatchNormalization
X = np.random.default_rng(3).normal(3.0, 2.0, (50, 4)).astype("float32")
IMAGES = np.random.default_rng(4).normal(-1.0, 3.0, (30, 6, 6, 2)).astype("float32")


def shaken(model, seed=0):
    """Batch norm's own variables at random, as after a training."""
    random = np.random.default_rng(seed)
    for layer in all_layers(model):
        if isinstance(layer, BatchNormalization):
            layer.set_weights([random.uniform(0.5, 2.0, value.shape) for value in layer.get_weights()])
    return model


def dense_model(**options):
    inputs = keras.Input((4,))
    x = keras.layers.GaussianNoise(0.5)(inputs)
    x = BatchNormalization(name="first", **options)(keras.layers.Dense(5, activation="elu")(x))
    x = keras.layers.Dropout(0.5)(x)
    x = BatchNormalization(name="second", **options)(keras.layers.Dense(3, activation="tanh")(x))
    return shaken(keras.Model(inputs, keras.layers.Dense(2)(x)))


def normalized(x, layer, axes=0):
    """What a layer with exact statistics answers, in float64, and the statistics."""
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    gamma, beta = (np.asarray(each, np.float64).reshape(mean.shape) for each in (layer.gamma, layer.beta))
    return gamma * (x - mean) / np.sqrt(variance + layer.epsilon) + beta, mean.ravel(), variance.ravel()


def affine(x, layer):
    return x @ np.asarray(layer.kernel, np.float64) + np.asarray(layer.bias, np.float64)


def assert_statistics(layer, mean, variance):
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-5)


def test_layer_by_layer_as_in_numpy():
    model = dense_model()
    done = recalibrate_batch_norm(model, X, batch_size=16)
    assert (done.layers, done.skipped, done.examples) == (("first", "second"), (), 50)
    x = affine(X.astype(np.float64), model.layers[2])
    x, mean, variance = normalized(np.where(x > 0, x, np.expm1(x)), model.get_layer("first"))
    assert_statistics(model.get_layer("first"), mean, variance)
    x, mean, variance = normalized(np.tanh(affine(x, model.layers[5])), model.get_layer("second"))
    assert_statistics(model.get_layer("second"), mean, variance)
    np.testing.assert_allclose(model.predict(X, verbose=0), affine(x, model.layers[-1]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("axis", [-1, 1, 2, 3])
@pytest.mark.ordinarily("1", "-1")
def test_images_over_all_positions_along_any_axis(axis):
    inputs = keras.Input((6, 6, 2))
    x = BatchNormalization(axis=axis)(inputs)
    x = keras.layers.Conv2D(3, 2, activation="relu")(x)
    x = BatchNormalization(axis=axis)(x)
    model = shaken(keras.Model(inputs, keras.layers.Flatten()(x)))
    recalibrate_batch_norm(model, IMAGES, batch_size=7)
    first, conv, second = model.layers[1:4]
    axes = tuple(each for each in range(4) if each != axis % 4)
    x, mean, variance = normalized(IMAGES.astype(np.float64), first, axes)
    assert_statistics(first, mean, variance)
    kernel = conv.kernel.numpy().astype(np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(x, (2, 2), (1, 2))  # (examples, 5, 5, channels, 2, 2)
    x = np.maximum(np.einsum("npqcij,ijco->npqo", windows, kernel) + conv.bias.numpy(), 0.0)
    _, mean, variance = normalized(x, second, axes)
    assert_statistics(second, mean, variance)


def test_a_large_mean_loses_no_digits():
    x = (1e4 + np.random.default_rng(0).normal(0.0, 0.1, (5000, 1))).astype("float32")
    model = keras.Sequential([keras.Input((1,)), BatchNormalization()])
    recalibrate_batch_norm(model, x, batch_size=64)
    assert model.layers[0].moving_variance.numpy()[0] == pytest.approx(x.astype(np.float64).var(), rel=1e-6)


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[10 * index : 10 * index + 10], np.zeros(10)


@pytest.mark.parametrize(
    "data",
    [
        (X, np.zeros(50)),
        tf.constant(X),
        tf.data.Dataset.from_tensor_slices(X).batch(7),
        tf.data.Dataset.from_tensor_slices((X, np.zeros(50), np.arange(50.0))).batch(50),
        tf.data.Dataset.from_tensor_slices((X, np.zeros(50))).batch(3).filter(lambda x, y: True),
        Batches(),
    ],
    ids=["tuple", "tensor", "inputs", "weights", "unknown_size", "pydataset"],
)
@pytest.mark.ordinarily("inputs")
def test_every_kind_of_data_gives_the_same(data):
    model, expected = dense_model(), dense_model()
    expected.set_weights(model.get_weights())
    assert recalibrate_batch_norm(model, data) == recalibrate_batch_norm(expected, X)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)


class Subclassed(keras.Model):
    """Layers in the opposite order of their making, a list of them, and no `training` argument."""

    def __init__(self):
        super().__init__()
        self.late = BatchNormalization(name="late")
        self.early = [BatchNormalization(name="early")]
        self.dense = keras.layers.Dense(3)

    def call(self, x):
        return self.late(self.dense(self.early[0](x)))


def test_a_subclassed_model_in_the_order_in_which_it_runs():
    model = Subclassed()
    assert recalibrate_batch_norm(model, X).layers == ("early", "late")
    x, mean, variance = normalized(X.astype(np.float64), model.early[0])
    assert_statistics(model.early[0], mean, variance)
    _, mean, variance = normalized(affine(x, model.dense), model.late)
    assert_statistics(model.late, mean, variance)
    eager = Subclassed()
    eager.compile(run_eagerly=True)
    eager(X)
    eager.set_weights(model.get_weights())
    shaken(eager)
    eager.dense.set_weights(model.dense.get_weights())
    eager.early[0].gamma.assign(model.early[0].gamma)
    eager.early[0].beta.assign(model.early[0].beta)
    recalibrate_batch_norm(eager, X, batch_size=9)
    assert_statistics(eager.late, mean, variance)


def test_nested_and_shared_layers():
    inner = keras.Sequential([keras.Input((4,)), BatchNormalization(name="inner")])
    left, right = keras.Input((4,), name="left"), keras.Input((4,), name="right")
    outer = BatchNormalization(name="outer")
    both = keras.layers.Concatenate()([inner(left), inner(right)])
    model = shaken(keras.Model({"left": left, "right": right}, outer(both)))
    z = (X**2)[::-1].copy()
    assert recalibrate_batch_norm(model, {"left": X, "right": z}, batch_size=13).layers == ("inner", "outer")
    pooled = np.concatenate([X, z]).astype(np.float64)
    x, mean, variance = normalized(pooled, inner.layers[0])
    assert_statistics(inner.layers[0], mean, variance)
    _, mean, variance = normalized(np.concatenate([x[:50], x[50:]], axis=1), outer)
    assert_statistics(outer, mean, variance)


def test_masked_positions_do_not_count():
    x = np.random.default_rng(5).normal(2.0, 1.0, (20, 5, 3)).astype("float32")
    lengths = np.arange(20) % 5 + 1
    mask = np.arange(5) < lengths[:, None]
    x[~mask] = -7.0
    model = keras.Sequential([keras.Input((5, 3)), keras.layers.Masking(-7.0), BatchNormalization()])
    recalibrate_batch_norm(model, x, batch_size=6)
    assert_statistics(model.layers[1], x[mask].mean(0, dtype=np.float64), x[mask].var(0, dtype=np.float64))


def test_inside_time_distributed():
    x = np.random.default_rng(5).normal(2.0, 1.0, (20, 5, 3)).astype("float32")
    layer = BatchNormalization(name="steps")
    model = keras.Sequential([keras.Input((5, 3)), keras.layers.TimeDistributed(layer)])
    assert recalibrate_batch_norm(model, x).layers == ("steps",)
    assert_statistics(layer, x.mean((0, 1), dtype=np.float64), x.var((0, 1), dtype=np.float64))


def test_hidden_in_a_compiled_function():
    class Hidden(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = BatchNormalization(name="hidden")
            self.function = tf.function(self.norm)

        def call(self, x):
            return self.function(x)

    model = keras.Sequential([keras.Input((4,)), Hidden()])
    with pytest.raises(ValueError, match="inside a function that TensorFlow has compiled"):
        recalibrate_batch_norm(model, X)


def test_frozen_and_unused_layers_are_left_alone():
    model = dense_model()
    model.get_layer("first").trainable = False
    before = model.get_layer("first").get_weights()
    done = recalibrate_batch_norm(model, X)
    assert (done.layers, done.skipped) == (("second",), ("first",))
    for one, other in zip(model.get_layer("first").get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["none", "frozen", "training only"])
def test_a_model_without_such_layers_is_refused(kind):
    if kind == "training only":

        class Auxiliary(keras.Model):
            def __init__(self):
                super().__init__()
                self.norm = BatchNormalization()

            def call(self, x, training=False):
                return self.norm(x, training=True) if training else x

        model = Auxiliary()
        model(X, training=True)
    else:
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(2), *([BatchNormalization()] if kind == "frozen" else [])]
        )
        model.trainable = False
    with pytest.raises(ValueError, match=r"Recalibration needs a .*BatchNormalization layer .* Received: model="):
        recalibrate_batch_norm(model, X)


class Always(keras.layers.Layer):
    """Training mode and noise at inference too."""

    def __init__(self):
        super().__init__()
        self.norm, self.seeds = BatchNormalization(name="always"), keras.random.SeedGenerator(1)

    def call(self, x):
        x = self.norm(x, training=True)
        return x + keras.random.normal(keras.ops.shape(x), seed=self.seeds)


def test_nothing_else_changes():
    first, always, last = BatchNormalization(name="first"), Always(), BatchNormalization(name="last")
    recurrent = keras.layers.SimpleRNN(1, stateful=True)  # Keras does not list its state
    rest = [keras.layers.Reshape((4, 1)), recurrent, last]
    model = shaken(keras.Sequential([keras.Input((4,), batch_size=10), first, always, *rest]))
    model.compile("sgd", "mse")
    calls = [layer.call for layer in model.layers]
    state = [v for v in model.variables if not v.path.split("/")[-1].startswith("moving_")]
    state.append(recurrent.states[0])
    before = [v.numpy() for v in state]
    assert recalibrate_batch_norm(model, X, batch_size=10).layers == ("first", "always", "last")
    assert len(before) == 12  # gamma and beta three times, the recurrent layer's weights and its state, two seeds
    for variable, value in zip(state, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert [layer.call for layer in model.layers] == calls
    assert all("call" not in vars(layer) for layer in (*model.layers, always.norm))
    x, mean, variance = normalized(X.astype(np.float64), first)
    assert_statistics(first, mean, variance)
    assert_statistics(always.norm, x.mean(0), x.var(0))  # the pass for the last one has moved its averages


def test_all_or_nothing():
    model = dense_model()
    model.layers[5].kernel.assign(np.full((5, 3), np.nan))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"not finite.* Received: layer='second'"):
        recalibrate_batch_norm(model, X)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert all("call" not in vars(layer) for layer in model.layers)


def test_half_precision_and_renormalization():
    x = (100.0 * X).astype("float32")
    model = keras.Sequential(
        [keras.Input((4,)), BatchNormalization(dtype="mixed_float16"), BatchNormalization(renorm=True)]
    )
    recalibrate_batch_norm(model, x)
    first, second = model.layers
    half = x.astype("float16").astype(np.float64)
    assert_statistics(first, half.mean(0), half.var(0))
    deviation = np.sqrt(second.moving_variance.numpy() + second.epsilon)
    np.testing.assert_allclose(second.moving_stddev.numpy(), deviation, rtol=1e-6)
    assert second.renorm_stddev.numpy().tolist() == [1.0] * 4


@pytest.mark.parametrize(
    "data",
    [
        "mnist",
        3.0,
        None,
        iter([X]),
        {"left": X, "right": X[:3]},
        np.zeros((0, 4), "float32"),
        tf.data.Dataset.from_tensor_slices(X).batch(5).repeat(),
        tf.data.Dataset.from_tensor_slices(X[:0]).batch(5),
    ],
)
def test_bad_data(data):
    with pytest.raises(
        InvalidArgument, match=r"data must be (finite|readable|a tf\.data\.Dataset|arrays of).* Received: data="
    ):
        recalibrate_batch_norm(dense_model(), data)


def test_other_bad_arguments():
    with pytest.raises(InvalidArgument, match=r"model must be a keras\.Model\. Received: model='m'"):
        recalibrate_batch_norm("m", X)
    for build in (
        lambda: recalibrate_batch_norm(dense_model(), X, batch_size=0),
        lambda: RecalibrateBatchNorm(X, batch_size=0),
    ):
        with pytest.raises(InvalidArgument, match="batch_size must be an integer >= 1"):
            build()
    with pytest.raises(InvalidArgument, match="data must be"):
        RecalibrateBatchNorm("mnist")


def test_progress(capsys):
    recalibrate_batch_norm(dense_model(), X)
    assert capsys.readouterr().out == ""
    recalibrate_batch_norm(dense_model(), X, verbose=1)
    assert "2/2" in capsys.readouterr().out


# --- the callback ---------------------------------------------------------------------------------------------------


def fitted(model, *used, epochs=3, y=X[:, :2]):
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model.fit(X, y, batch_size=10, epochs=epochs, verbose=0, callbacks=list(used), validation_data=(X, y))


def test_at_the_end_of_training_for_the_best_weights():
    class Worse(keras.callbacks.Callback):  # the first epoch will have been the best
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = float(epoch)

    keras.utils.set_random_seed(0)
    model = dense_model()
    stop = keras.callbacks.EarlyStopping(patience=1, restore_best_weights=True)
    callback = RecalibrateBatchNorm(X)
    fitted(model, Worse(), stop, callback)
    assert callback.result.layers == ("first", "second")
    expected = dense_model()
    expected.set_weights(stop.best_weights)
    assert not np.array_equal(expected.get_layer("second").moving_mean, model.get_layer("second").moving_mean)
    recalibrate_batch_norm(expected, X)
    for one, other in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_before_callbacks_that_restore_weights_it_is_refused():
    class Around(keras.callbacks.Callback):
        callbacks = (keras.callbacks.EarlyStopping(restore_best_weights=True),)

    for other in (*Around.callbacks, Around()):
        model = dense_model()
        before = model.get_weights()
        with pytest.raises(ValueError, match=f"RecalibrateBatchNorm must come after {type(other).__name__}"):
            fitted(model, RecalibrateBatchNorm(X), other)
        for one, value in zip(model.get_weights(), before, strict=True):
            np.testing.assert_array_equal(one, value)
    fitted(dense_model(), RecalibrateBatchNorm(X), keras.callbacks.EarlyStopping(), epochs=1)


def test_a_model_without_batch_norm_is_refused_before_training():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    with pytest.raises(ValueError, match="needs a model with a BatchNormalization layer"):
        fitted(model, RecalibrateBatchNorm(X))
    assert model.optimizer.iterations == 0


def test_a_diverged_training_keeps_its_statistics():
    callback = RecalibrateBatchNorm(X)
    with pytest.warns(RuntimeWarning, match="batch norm keeps its moving averages: .* not finite"):
        fitted(dense_model(), callback, y=np.full((50, 2), np.nan, "float32"), epochs=1)
    assert callback.result is None


def test_a_copy_shares_the_data():
    callback = RecalibrateBatchNorm(X, batch_size=20)
    other = copy.deepcopy(callback)
    assert other.data is callback.data
    assert other.batch_size == 20


def test_a_loop_that_is_compiled():
    class Loop(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.norm = BatchNormalization(name="looped")

        def call(self, x):
            return keras.ops.vectorized_map(lambda row: self.norm(row[None])[0], x)

    model = keras.Sequential([keras.Input((4,)), Loop()])
    with pytest.raises(ValueError, match=r"cannot see the inputs .* Received: layer='looped'"):
        recalibrate_batch_norm(model, X)


class Outer(keras.Model):
    """A base that is called in inference mode, as in fine-tuning, and a head of its own."""

    def __init__(self, step=False):
        super().__init__()
        self.base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), BatchNormalization(name="base")])
        self.head, self.last = BatchNormalization(name="head"), keras.layers.Dense(1)
        self.own_step = step

    def call(self, x, training=False):
        return self.last(self.head(self.base(x, training=self.own_step and training), training=training))

    def train_step(self, data):
        if not self.own_step:
            return super().train_step(data)
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((self.last(self.head(self.base(x, training=False), training=True)) - y) ** 2)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        return {"loss": loss}


def moved_by_training(model, *used):
    """The layers whose moving mean a step of training changes."""
    model(X[:2])
    layers = [layer for layer in all_layers(model) if isinstance(layer, BatchNormalization)]
    before = [layer.moving_mean.numpy() for layer in layers]
    model.compile("sgd", "mse")
    model.fit(X, X[:, :1], batch_size=50, verbose=0, callbacks=[*used])
    return {layer.name for layer, mean in zip(layers, before, strict=True) if (layer.moving_mean.numpy() != mean).any()}


def functional():
    """The same base in a functional model, where Keras' fit overrides the argument of the inner call."""
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), BatchNormalization(name="base")])
    inputs = keras.Input((4,))
    x = BatchNormalization(name="head")(base(inputs, training=False))
    return keras.Model(inputs, keras.layers.Dense(1)(x))


@pytest.mark.parametrize("make", [Outer, functional])
def test_only_layers_that_training_runs_in_training_mode(make):
    model = make()
    trained = moved_by_training(model)
    assert "head" in trained
    done = recalibrate_batch_norm(model, X)
    assert set(done.layers) == trained
    assert set(done.skipped) == {"base", "head"} - trained


def test_a_step_of_its_own_says_which_layers_it_trains():
    model, callback = Outer(step=True), RecalibrateBatchNorm(X)
    assert moved_by_training(model, callback) == {"head"}
    assert callback.result.layers == ("head",)
    assert_statistics(model.base.layers[1], np.zeros(3), np.ones(3))  # as at first


def test_a_layer_that_a_step_also_runs_on_other_inputs_keeps_its_averages():
    class Discriminator(keras.Sequential):
        def train_step(self, data):
            self(100.0 + data[0], training=True)  # generated examples
            return super().train_step(data)

    model = Discriminator([keras.Input((3,)), keras.layers.BatchNormalization(name="both"), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.random.default_rng(0).normal(size=(8, 3))
    recalibrate = RecalibrateBatchNorm(x)
    with pytest.warns(RuntimeWarning, match=r"'both' keeps .* not the data alone \(2 calls in a training step"):
        model.fit(x, x[:, :1], verbose=0, callbacks=[recalibrate])
    assert (recalibrate.result.layers, recalibrate.result.skipped) == ((), ("both",))
    assert model.layers[0].moving_mean.numpy().min() > 0.5  # a hundredth of what it has seen
