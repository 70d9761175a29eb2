"""The accuracy on training batches is that of the probabilities, without computing them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.whole_epochs.accuracy import accuracy_of_logits

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = np.arange(40) % 3


class Spread(keras.metrics.Metric):
    """The mean of the largest outputs: below 1 for probabilities."""

    def __init__(self, name="spread", **options):
        super().__init__(name=name, **options)
        self.value = self.add_weight(name="value", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.value.assign(keras.ops.mean(keras.ops.max(y_pred, axis=-1)))

    def result(self):
        return self.value


def compiled(metrics, activation="softmax", loss="sparse_categorical_crossentropy"):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3, activation=activation)])
    model.compile("sgd", loss, metrics=metrics)
    model.train_on_batch(X, Y if loss.startswith("sparse") else keras.utils.to_categorical(Y))
    model.reset_metrics()
    return model


def operations(model, y=Y):
    """The types of the operations of a step that returns the metrics alone."""

    def step(x, y):
        with accuracy_of_logits(model):
            model.train_step((x, y))
        return model.get_metrics_result()

    graph = tf.function(step).get_concrete_function(X, y)
    values = graph(tf.constant(X), tf.constant(y))
    return {operation.type for operation in graph.graph.get_operations()}, values


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy"])
def test_metrics_of_the_largest_output_take_logits(loss):
    y = Y if loss.startswith("sparse") else keras.utils.to_categorical(Y)
    model = compiled(["accuracy"], loss=loss)
    expected = np.mean(model(X).numpy().argmax(-1) == Y)
    taken = []
    update = type(model.metrics[1].metrics[0]).update_state
    metric = model.metrics[1].metrics[0]
    metric.update_state = lambda *given, **more: (taken.append(given[1]), update(metric, *given, **more))[1]
    _, values = operations(model, y)
    assert float(values["accuracy"]) == pytest.approx(expected, abs=1e-7)
    assert taken
    assert all(tensor.op.type != "Softmax" for tensor in taken)


@pytest.mark.parametrize("metrics", [[Spread()], ["accuracy", Spread()], [keras.metrics.AUC(name="auc")]])
def test_other_metrics_take_probabilities(metrics):
    loss = "categorical_crossentropy"
    model = compiled(metrics, loss=loss)
    largest = float(np.mean(model(X).numpy().max(-1)))
    _, values = operations(model, keras.utils.to_categorical(Y))
    if "spread" in values:
        assert float(values["spread"]) == pytest.approx(largest, abs=1e-6)
    assert type(accuracy_of_logits(model)).__name__ == "nullcontext"


def test_sigmoids_stay_since_they_saturate():
    model = compiled([keras.metrics.CategoricalAccuracy(name="accuracy")], "sigmoid", "binary_crossentropy")
    model.layers[0].set_weights([np.full((3, 3), 100.0), np.array([200.0, 300.0, 400.0])])
    _, values = operations(model, keras.utils.to_categorical(Y))
    expected = np.mean(model(X).numpy().argmax(-1) == Y)
    assert float(values["accuracy"]) == pytest.approx(expected, abs=1e-7)
