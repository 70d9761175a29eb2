"""Compiled models of many kinds: a second training, whose step may be that of the first, is that of a plain script."""

import keras
import numpy as np
import pytest

from recipes import Recipe
from recipes.as_compiled.trainer import CompiledTrainer
from recipes.shared_steps import SharedSteps

LOSS = "sparse_categorical_crossentropy"


def build(*layers, optimizer="adam", kind=keras.Sequential, **options):
    hidden = [keras.Input((4,)), *layers, keras.layers.Dense(5, "relu"), keras.layers.Dropout(0.3)]
    model = kind([*hidden, keras.layers.Dense(3, "softmax", dtype="float32")])
    model.compile(optimizer() if callable(optimizer) else optimizer, **{"loss": LOSS, **options})
    return model


def decaying():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.5, 2, 0.5))


def averaging():
    return keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3)


def accumulating():
    return keras.optimizers.Adam(0.05, gradient_accumulation_steps=2, clipnorm=0.1)


class OwnFit(keras.Sequential):
    """Halves the rate before each training."""

    def fit(self, *args, **kwargs):
        self.optimizer.learning_rate = 0.5 * float(self.optimizer.learning_rate)
        return super().fit(*args, **kwargs)


@keras.saving.register_keras_serializable()
class Activity(keras.layers.Layer):
    """Adds a loss."""

    def call(self, x):
        self.add_loss(0.1 * keras.ops.mean(x**2))
        return x


def mixed():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, "relu", dtype="mixed_bfloat16")])
    model.add(keras.layers.Dense(3, "softmax", dtype="float32"))
    model.compile("adam", LOSS)
    return model


def normalized():
    layer = keras.layers.Normalization()
    layer.adapt(np.arange(40.0).reshape(10, 4))
    return build(layer)


def trained_before():
    model = build()
    model.fit(np.ones((8, 4)), np.ones(8), epochs=2, verbose=0)
    return model


KINDS = {
    "schedule": lambda: build(optimizer=decaying),
    "EMA": lambda: build(optimizer=averaging),
    "accumulation": lambda: build(optimizer=accumulating),
    "eager": lambda: build(run_eagerly=True),
    "XLA": lambda: build(jit_compile=True),
    "metrics": lambda: build(metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(2)], weighted_metrics=[]),
    "own fit": lambda: build(kind=OwnFit),
    "Lambda": lambda: build(keras.layers.Lambda(lambda x: x * 2.0)),
    "add_loss": lambda: build(Activity()),
    "batch norm": lambda: build(keras.layers.BatchNormalization()),
    "mixed precision": mixed,
    "adapted": normalized,
    "trained before": trained_before,
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS)
def test_the_second_training_is_that_of_a_plain_script(classes, kind):
    trainer = CompiledTrainer(classes, Recipe(model=KINDS[kind]), steps=SharedSteps())
    with trainer.running(epochs=2, seed=3):
        pass
    with trainer.running(epochs=2, seed=4) as run:
        keras.utils.set_random_seed(4)
        model = KINDS[kind]()
        model.fit(
            classes.batches("train", seed=4), validation_data=classes.validation, epochs=2, shuffle=False, verbose=0
        )
        for ours, theirs in zip(run.model.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)
        assert not run.diverged
