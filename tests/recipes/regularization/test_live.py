"""Strengths that change in a compiled model, against models that are built with them."""

import json

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.training import Trainer, fit

CASES = {
    "l2": ({"name": "l2", "strength": 0.5}, {"name": "l2", "strength": 1e-3}),
    "l1": ({"name": "l1", "strength": 0.1}, {"name": "l1", "strength": 1e-3}),
    "dropout": ({"name": "dropout", "rate": 0.5}, {"name": "dropout", "rate": 0.1}),
    "with dropout": (
        ({"name": "l2", "strength": 0.5}, {"name": "dropout", "rate": 0.3}),
        ({"name": "l2", "strength": 1e-3}, "dropout"),
    ),
}


def weights(run):
    return [each.tobytes() for each in run.model.get_weights()]


@pytest.mark.parametrize("name", ["l2", "l1", "dropout", "with dropout"])
@pytest.mark.ordinarily("with dropout")
def test_set_it_trains_as_if_built_with_it(name, classes, tiny):
    strong, weak = (tiny(regularizer=each) for each in CASES[name])
    built = {each: fit(classes, each, epochs=2, seed=3, verbose=0) for each in (strong, weak)}
    expected = {each: (weights(run), run.history) for each, run in built.items()}
    assert expected[strong][0] != expected[weak][0]
    trainer = Trainer(classes, strong)
    for recipe in (weak, strong, weak):
        run = trainer.run(epochs=2, seed=3, regularizer=recipe.regularizer)
        assert (weights(run), run.history) == expected[recipe]
        assert run.recipe == recipe
    assert run.evaluate("test") == pytest.approx(built[weak].evaluate("test"), rel=1e-6)
    assert trainer.model.train_function is not None


def test_without_a_strength_the_recipes_own_comes_back(classes, tiny):
    recipe = tiny(regularizer={"name": "l2", "strength": 0.25})
    trainer = Trainer(classes, recipe)
    first = weights(trainer.run(epochs=1, seed=0))
    other = weights(trainer.run(epochs=1, seed=0, regularizer={"name": "l2", "strength": 1.0}))
    assert weights(trainer.run(epochs=1, seed=0)) == first != other


def test_a_step_is_traced_once(classes, tiny, monkeypatch):
    trainer, traced = Trainer(classes, tiny(regularizer="l2")), []
    compute_loss = keras.Model.compute_loss
    monkeypatch.setattr(keras.Model, "compute_loss", lambda *a, **k: (traced.append(1), compute_loss(*a, **k))[1])
    trainer.run(epochs=1, seed=0)
    assert traced
    traced.clear()
    for strength in (1e-3, 0.1, 1.0):
        trainer.run(epochs=1, seed=0, regularizer={"name": "l2", "strength": strength})
    assert not traced


def test_what_is_saved_has_numbers(classes, tiny, tmp_path):
    trainer = Trainer(classes, tiny(regularizer="l2"))
    run = trainer.run(epochs=1, seed=0, regularizer={"name": "l2", "strength": 0.25})
    run.model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    found = [layer.kernel_regularizer.get_config() for layer in loaded.layers if isinstance(layer, keras.layers.Dense)]
    assert found == len(found) * [{"l2": 0.125}]
    json.dumps(run.model.get_config())
    x = classes.arrays("test")[0]
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), run.model.predict(x, verbose=0))


def test_other_differences_are_refused(classes, tiny):
    trainer = Trainer(classes, tiny(regularizer="l2"))
    for regularizer in ("none", "l1", "l2+dropout"):
        with pytest.raises(InvalidArgument, match="regularizer must be l2 as before"):
            trainer.run(epochs=1, seed=0, regularizer=regularizer)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"name": "elastic_net", "l1": 0.1, "l2": 0.2}, {"name": "elastic_net", "l1": 0.1, "l2": 0.3}),
        (("l1", {"name": "l2", "strength": 0.25}), ("l1", {"name": "l2", "strength": 0.5})),
        ({"name": "dropout", "rate": 0.1, "input_rate": 0.1}, {"name": "dropout", "rate": 0.2, "input_rate": 0.1}),
        ({"name": "dropout", "rate": 0.1}, {"name": "dropout", "rate": 0.1, "input_rate": 0.1}),
        ({"name": "dropout", "rate": 0.1}, {"name": "dropout", "rate": 0.0}),
        ({"name": "dropout", "rate": 0.0}, {"name": "dropout", "rate": 0.1}),
        ({"name": "label_smoothing", "epsilon": 0.1}, {"name": "label_smoothing", "epsilon": 0.2}),
    ],
)
@pytest.mark.ordinarily("one0-other0")
def test_what_cannot_be_set_is_refused(one, other, classes, tiny):
    trainer = Trainer(classes, tiny(regularizer=one))
    trainer.run(epochs=1, seed=0)
    with pytest.raises(InvalidArgument, match="regularizer must be"):
        trainer.run(epochs=1, seed=0, regularizer=other)
