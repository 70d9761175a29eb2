"""Batches computed in parts: the training of plain Keras, or a refusal in words."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks import InvalidArgument, MicroBatches
from callbacks.inside.step_hooks import StepHooks
from recipes.optimizers import Newton


def dense(**options):
    hidden = keras.layers.Dense(5, activation="elu", name="hidden", **options)
    return [hidden, keras.layers.Dense(2, kernel_regularizer="l2", name="outputs")]


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)


class OwnLoss(keras.Sequential):
    def compute_loss(self, *args, **kwargs):
        return super().compute_loss(*args, **kwargs)


RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(48, 3)).astype("float32"), RANDOM.normal(size=(48, 2)).astype("float32")
WEIGHTS = RANDOM.uniform(0.1, 2, 48).astype("float32")


def trained(*more, layers=dense, optimizer=None, model=None, data=(X, Y), loss="mse", **options):
    """The losses, metrics and weights after a training of three epochs."""
    keras.utils.set_random_seed(0)
    if model is None:
        model = keras.Sequential([keras.Input((3,)), *layers()])
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5) if optimizer is None else optimizer(),
        loss,
        metrics=["mae"],
        steps_per_execution=options.pop("steps", 1),
        auto_scale_loss=False,
        jit_compile=options.pop("jit_compile", "auto"),
    )
    options = {"batch_size": 16, "epochs": 3, "verbose": 0, "shuffle": False, **options}
    x, y, *weights = data
    history = model.fit(x, y, sample_weight=weights[0] if weights else None, callbacks=list(more), **options).history
    return history, model


def assert_equal(one, other, rtol=2e-5):
    (history, model), (history_2, model_2) = one, other
    for name, values in history.items():
        np.testing.assert_allclose(values, history_2[name], rtol=rtol, atol=1e-6, err_msg=name)
    for weight, weight_2 in zip(model.get_weights(), model_2.get_weights(), strict=True):
        np.testing.assert_allclose(weight, weight_2, rtol=rtol, atol=1e-6)
    assert int(model.optimizer.iterations) == int(model_2.optimizer.iterations)


@pytest.mark.parametrize(
    ("parts", "options"),
    [
        (4, {"data": (X, Y, WEIGHTS), "batch_size": 11}),  # 11 = 4 * 2 + 3, and 4 examples in the last batch
        pytest.param(7, {"batch_size": 45}, marks=pytest.mark.thorough),  # the last batch has 3 examples
        pytest.param(4, {"jit_compile": True, "batch_size": 11}, marks=pytest.mark.thorough),
        pytest.param(2, {"steps": 3}, marks=pytest.mark.thorough),
        pytest.param(16, {"optimizer": lambda: keras.optimizers.Adam(0.01)}, marks=pytest.mark.thorough),
        pytest.param(
            8,
            {"optimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))},
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_it_is_the_training_of_whole_batches(parts, options):
    assert_equal(trained(MicroBatches(parts), **options), trained(**options))


def two_inputs():
    one, other = keras.Input((3,), name="one"), keras.Input((2,), name="other")
    joined = keras.layers.Concatenate()([one, other])
    outputs = {"a": keras.layers.Dense(1, name="a")(joined), "b": keras.layers.Dense(2, name="b")(joined)}
    return keras.Model({"one": one, "other": other}, outputs)


@pytest.mark.thorough
def test_dictionaries_of_inputs_and_outputs():
    data = {"one": X, "other": Y}, {"a": Y[:, :1], "b": Y}
    options = {"data": data, "loss": {"a": "mse", "b": "mae"}}
    keras.utils.set_random_seed(1)
    model = two_inputs()
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    keras.utils.set_random_seed(1)

    def fitted(model, *more):
        model.compile("sgd", options["loss"])
        return model.fit(*data, batch_size=16, epochs=2, verbose=0, shuffle=False, callbacks=list(more)).history, model

    assert_equal(fitted(model, MicroBatches(4)), fitted(other))


@pytest.mark.thorough
def test_embeddings_have_sparse_gradients_and_weights_without_a_gradient_stay():
    words = RANDOM.integers(0, 7, (48, 4))

    class Unused(keras.layers.Layer):
        def build(self, shape):
            self.unused = self.add_weight(name="unused", shape=(2,), initializer="ones")

        def call(self, inputs):
            return inputs

    def made():
        keras.utils.set_random_seed(0)
        return keras.Sequential(
            [
                keras.Input((4,), dtype="int32"),
                keras.layers.Embedding(7, 3),
                Unused(),
                keras.layers.Flatten(),
                keras.layers.Dense(2),
            ]
        )

    options = {"data": (words, Y), "optimizer": lambda: keras.optimizers.SGD(0.1, momentum=0.9)}
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        whole = trained(model=made(), **options)
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        assert_equal(trained(MicroBatches(2), model=made(), **options), whole)


@pytest.mark.thorough
def test_it_works_beside_other_parts_of_the_step():
    """The noise of the weights is the same for all parts, and the gradients that are measured are the whole batch's."""
    whole, parts = (
        trained(callbacks.WeightNoise(0.1, seed=1), monitor, *more)
        for monitor, more in ((callbacks.GradientMonitor(), ()), (callbacks.GradientMonitor(), (MicroBatches(4),)))
    )
    assert_equal(parts, whole)


def test_nothing_stays_behind():
    _, model = trained(MicroBatches(4))
    assert not StepHooks.of(model).names


def test_each_part_is_normalized_by_itself():
    """As documented: a batch of four equal pairs is normalized to zero in parts of two."""

    def statistics(parts):
        model = keras.Sequential(
            [keras.Input((1,)), keras.layers.BatchNormalization(momentum=0.0), keras.layers.Dense(1)]
        )
        model.compile("sgd", "mse")
        x = np.repeat([[0.0], [2.0]], 2, axis=0).astype("float32")
        model.fit(x, x, batch_size=4, shuffle=False, verbose=0, callbacks=[MicroBatches(parts)])
        return float(model.layers[0].moving_variance[0])

    assert (statistics(1), statistics(2)) == (1.0, 0.0)


@pytest.mark.parametrize("parts", [0, 1.5, True, None, "2"])
def test_parts_out_of_range(parts):
    with pytest.raises(InvalidArgument, match="parts must be an integer >= 1"):
        MicroBatches(parts)


def masked():
    return [keras.layers.Masking(), keras.layers.LSTM(2, return_sequences=True)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": lambda: OwnStep([keras.Input((3,)), *dense()])}, "train_step: what a train_step of its own"),
        ({"model": lambda: OwnLoss([keras.Input((3,)), *dense()])}, "without a compute_loss of its own"),
        ({"optimizer": Newton}, "one that uses the step's gradient"),
        ({"loss": keras.losses.MeanSquaredError(reduction="sum")}, "reduction must be 'sum_over_batch_size'.*'sum'"),
        (
            {
                "layers": lambda: dense(activity_regularizer="l2"),
            },
            "one whose layers add no losses, as 'hidden' does",
        ),
        (
            {
                "model": lambda: keras.Sequential([keras.Input((4, 3)), *masked()]),
                "data": (X.reshape(12, 4, 3), Y[:12, :1]),
            },
            "one without masked outputs",
        ),
        (
            {
                "model": lambda: keras.Sequential(
                    [keras.Input((4, 3), batch_size=4), keras.layers.SimpleRNN(2, stateful=True)]
                ),
                "data": (X.reshape(12, 4, 3), Y[:12, :1]),
            },
            "one without a stateful RNN",
        ),
    ],
)
def test_what_is_not_the_mean_of_its_parts_is_refused(options, message):
    options = dict(options)
    if "model" in options:
        options["model"] = options["model"]()
    if options.get("data") is not None:
        options["data"] = (options["data"][0], np.zeros((12, 4, 2), "float32"))
        options["batch_size"] = 4
    with pytest.raises(InvalidArgument, match=message):
        trained(MicroBatches(4), **options)
