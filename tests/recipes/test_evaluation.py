"""What evaluating a model says, besides its scores."""

import logging

import keras
import numpy as np

import recipes
from recipes.evaluation import evaluate, predict


def test_models_of_a_process_are_evaluated_without_warnings_of_retracing(caplog):
    x, y = np.random.default_rng(0).normal(size=(60, 3)).astype("float32"), np.arange(60) % 2
    data = recipes.Data.from_arrays(x, y, batch_size=32)
    tensorflow = logging.getLogger("tensorflow")
    caplog.set_level(logging.WARNING, logger="tensorflow")  # commands within this process raise it
    tensorflow.addHandler(caplog.handler)
    try:
        for _ in range(7):
            model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="sigmoid")])
            model.compile("sgd", "binary_crossentropy")
            evaluate(model, data, "validation")
            predict(model, data, "validation")
        assert not caplog.records
        tensorflow.warning("another thing")
    finally:
        tensorflow.removeHandler(caplog.handler)
    assert {record.getMessage() for record in caplog.records} == {"another thing"}
