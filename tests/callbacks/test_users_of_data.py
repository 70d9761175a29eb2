"""Whoever takes data takes every kind of them, and gives the number that NumPy gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import callbacks
from callbacks import InvalidArgument
from callbacks.fit_data import FitData
from callbacks.range_test.lr_finder import run_range_test
from tests.callbacks.kinds_of_data import (
    ENDLESS,
    ERRORS,
    KINDS,
    RESIDUALS,
    SIZE,
    Batches,
    W,
    X,
    Y,
    dataset,
    generator,
    linear,
)

SEVERAL = [kind for kind in KINDS if kind not in ("generator", "iterator")]
"""Those that can be read several times."""
GRADIENT = 2 * np.append(X.T @ (W * RESIDUALS), W @ RESIDUALS) / 20
"""Of the loss of all 20 examples, at the weights that the model begins with."""


def made(kind):
    return {**KINDS, **ENDLESS}[kind]()


def in_one_batch(kind):
    """The data in a single batch, so that neither order nor shuffling matters."""
    whole = {
        "tf.data": lambda: tf.data.Dataset.from_tensor_slices((X, Y, W)).batch(20),
        "generator": lambda: ((X, Y, W) for _ in range(12)),
        "iterator": lambda: iter(tf.data.Dataset.from_tensors((X, Y, W)).repeat(12)),
    }
    return whole.get(kind, KINDS[kind])()


@pytest.mark.parametrize("kind", ["arrays", "list", "lists of numbers", "tensors", "tf.data", "generator", "iterator"])
@pytest.mark.ordinarily("generator")
def test_the_range_test_sees_the_weighted_loss(kind):
    model = linear()
    finder = callbacks.LRFinder(0.01, 0.02, steps=12)
    run_range_test(model, FitData(in_one_batch(kind), batch_size=20), finder)
    step = np.append(np.ones(3), 0.0) - finder.rates[0] * GRADIENT
    second = np.mean(W * (X @ step[:3] + step[3] - Y[:, 0]) ** 2)
    np.testing.assert_allclose(finder.losses[:2], [np.mean(W * ERRORS), second], rtol=1e-5)
    assert model.get_weights()[0].tolist() == [[1.0]] * 3


@pytest.mark.parametrize("kind", ["PyDataset", "DataLoader", "tf.data of unknown size", *ENDLESS])
@pytest.mark.ordinarily("PyDataset")
def test_the_range_test_goes_through_the_batches_in_order_and_again(kind):
    finder = callbacks.LRFinder(1e-12, 2e-12, steps=10, divergence=1e9)  # the weights stay what they are
    run_range_test(linear(), made(kind), finder)
    batches = [float(np.mean((W * ERRORS)[start : start + SIZE])) for start in range(0, 20, SIZE)]
    np.testing.assert_allclose(finder.losses, (batches * 3)[:10], rtol=1e-5)


def test_one_call_takes_what_fit_takes():
    options = {"batch_size": 20, "steps": 60, "low": 1e-3, "usual": 10.0}
    tupled = callbacks.find_learning_rate(linear(), (X, Y, W), **options)
    assert tupled == callbacks.find_learning_rate(linear(), X, Y, sample_weight=W, **options)
    assert tupled != callbacks.find_learning_rate(linear(), X, Y, **options)


def test_a_generator_that_ends_before_the_sweep_is_refused():
    model = linear()
    with pytest.raises(InvalidArgument, match=r"data must be at least as long as the sweep, 12. Received: .*4 batches"):
        callbacks.find_learning_rate(model, generator(), steps=12)
    assert model.get_weights()[0].tolist() == [[1.0]] * 3
    assert not model.stop_training


@pytest.mark.parametrize("kind", [*KINDS, *ENDLESS])
@pytest.mark.ordinarily("lists of numbers", "PyDataset", "generator")
def test_the_gradient_of_the_first_batch(kind):
    report = callbacks.gradient_report(linear(), made(kind), batch_size=SIZE)
    x, weighted = X[:SIZE], (W * RESIDUALS)[:SIZE]
    expected = 2 * np.append(x.T @ weighted, weighted.sum()) / SIZE
    assert report.norm == pytest.approx(np.linalg.norm(expected), rel=1e-5)


def test_the_gradient_with_class_weights():
    labels, weights = (Y > 0).astype(int), {1: 3.0}
    weighted = np.where(labels[:, 0] == 1, 3.0, 1.0)
    expected = callbacks.gradient_report(linear(), X, labels, sample_weight=weighted)
    assert callbacks.gradient_report(linear(), X, labels, class_weight=weights).norm == pytest.approx(expected.norm)


def normalized():
    return keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization()])


@pytest.mark.parametrize("kind", [kind for kind in SEVERAL if kind != "list"])
@pytest.mark.ordinarily("lists of numbers", "DataLoader")
def test_batch_norm_over_all_batches(kind):
    model = normalized()
    assert callbacks.recalibrate_batch_norm(model, made(kind), batch_size=SIZE).examples == 20
    np.testing.assert_allclose(model.layers[0].moving_mean, X.mean(0, dtype="float64"), atol=1e-6)
    np.testing.assert_allclose(model.layers[0].moving_variance, X.var(0, dtype="float64"), rtol=1e-5)


@pytest.mark.parametrize("kind", [kind for kind in SEVERAL if kind != "DataLoader"])
@pytest.mark.ordinarily("PyDataset")
def test_several_validations_weigh_the_examples(kind):
    often = callbacks.SeveralValidations(made(kind), 1, batch_size=SIZE)
    model = linear()
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, verbose=0, callbacks=[often])
    assert often.validations["val_loss"] == pytest.approx([np.mean(W * ERRORS)], rel=1e-5)
    assert often.validations["val_mae"] == pytest.approx([np.sum(W * np.abs(RESIDUALS)) / W.sum()], rel=1e-5)


@pytest.mark.parametrize("make", [generator, ENDLESS["PyDataset without end"], lambda: dataset().repeat()])
def test_what_is_read_several_times_must_have_an_end(make):
    for refused in (
        lambda: callbacks.recalibrate_batch_norm(normalized(), make()),
        lambda: callbacks.RecalibrateBatchNorm(make()),
        lambda: callbacks.SeveralValidations(make()),
    ):
        with pytest.raises(InvalidArgument, match=r"data must be (readable several times, but an it|finite, but this)"):
            refused()


def two_by_two():
    """A model of two inputs and two outputs, all weights 1."""
    inputs = {"a": keras.Input((3,), name="a"), "b": keras.Input((1,), name="b")}
    joined = keras.layers.BatchNormalization(name="norm")(keras.layers.Concatenate()([inputs["a"], inputs["b"]]))
    outputs = {name: keras.layers.Dense(1, kernel_initializer="ones", name=name)(joined) for name in ("p", "q")}
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse")
    return model


BY_NAME = ({"a": X, "b": Y}, {"p": Y, "q": -Y}, {"p": W, "q": 2 * W})


def as_batches():
    class Named(Batches):
        def __getitem__(self, index):
            part = slice(SIZE * index, SIZE * index + SIZE)
            return tuple({name: value[part] for name, value in each.items()} for each in BY_NAME)

    return Named()


@pytest.mark.parametrize("make", [lambda: BY_NAME, as_batches], ids=["arrays", "PyDataset"])
@pytest.mark.ordinarily("PyDataset")
def test_several_inputs_outputs_and_weights_by_name(make):
    model = two_by_two()
    callbacks.recalibrate_batch_norm(model, make(), batch_size=SIZE)
    joined = np.concatenate([X, Y], axis=1).astype("float64")
    np.testing.assert_allclose(model.get_layer("norm").moving_mean, joined.mean(0), atol=1e-6)
    often = callbacks.SeveralValidations(make(), 1, batch_size=SIZE)
    model.optimizer.learning_rate = 0.0
    model.fit(*BY_NAME[:2], batch_size=20, verbose=0, callbacks=[often])
    expected = model.evaluate(*BY_NAME[:2], sample_weight=BY_NAME[2], batch_size=20, verbose=0)
    expected = expected[0] if isinstance(expected, list) else expected
    assert often.validations["val_loss"] == pytest.approx([expected], rel=1e-5)
    norm = callbacks.gradient_report(model, make(), batch_size=SIZE).norm
    first = tuple({name: value[:SIZE] for name, value in each.items()} for each in BY_NAME)
    with tf.GradientTape() as tape:
        answers = model(first[0], training=True)
        loss = sum(tf.reduce_mean(first[2][n] * (answers[n] - first[1][n])[:, 0] ** 2) for n in ("p", "q"))
    gradients = tape.gradient(loss, [weight.value for weight in model.trainable_weights])
    assert norm == pytest.approx(float(tf.linalg.global_norm(gradients)), rel=1e-4)
    finder = callbacks.LRFinder(1e-6, 1e-5, steps=10)
    run_range_test(model, FitData(make(), batch_size=20), finder)
    assert finder.losses[0] == pytest.approx(float(loss) if make is as_batches else finder.losses[0], rel=1e-4)
