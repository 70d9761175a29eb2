"""Searches over losses, with weights of classes and examples."""

import importlib

import numpy as np
import pytest

import recipes
from recipes.recipe import Recipe

MODULE = """
import keras
def brier(y, predicted):
    return keras.ops.mean((keras.ops.cast(y, predicted.dtype) - predicted) ** 2, axis=-1)
"""


@pytest.mark.thorough
def test_a_search_over_losses_and_weights(tmp_path, monkeypatch):
    """The scores are those of fit, here and in processes, with the weights of the recipe and of the data."""
    (tmp_path / "my_losses.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("my_losses")
    random = np.random.default_rng(0)
    x = random.normal(size=(240, 4)).astype("float32")
    y = (x[:, 0] + random.normal(size=240) > 0.8).astype("int64")
    data = recipes.Data.from_arrays(x, y, sample_weight=1.0 + y, batch_size=32, name="weighted")
    options = {"optimizers": ["adam"], "regularizers": ["none"], "trials": 1, "repeats": 2, "epochs": 2, "verbose": 0}
    options |= {"tunings": "once", "factors": {"loss": [None, "binary_focal_crossentropy", mine.brier]}}
    found = recipes.search(data, **options, directory=tmp_path / "here")
    apart = recipes.search(data, **options, workers=2, directory=tmp_path / "apart")
    assert found.verdict == apart.verdict == recipes.Comparison.load(tmp_path / "apart").verdict
    trials = found.results.stage("confirm")
    assert set(trials["status"]) == {"finished"}
    for arm, loss in (("adam+none+loss=None", None), ("adam+none+loss='brier'", "brier")):
        row = trials[(trials["arm"] == arm) & (trials["split"] == 0)].iloc[0]
        chosen = Recipe(optimizer="adam", regularizer="none", loss=loss, learning_rate=row["learning_rate"])
        scores = recipes.fit(data, chosen, epochs=2, seed=int(row["seed"]), verbose=0).evaluate()
        assert (scores["loss"], scores["accuracy"]) == (row["test_loss"], row["test_score"])


@pytest.mark.thorough
def test_a_search_with_class_weights_by_label(tmp_path, classes):
    names = classes.spec.class_names
    base = Recipe(class_weight={names[0]: 3.0}, model={"name": "mlp", "hidden": (8,)})
    options = {"optimizers": ["adam"], "regularizers": ["none"], "trials": 1, "repeats": 2, "epochs": 2, "verbose": 0}
    found = recipes.search(classes, recipe=base, **options, directory=tmp_path / "search")
    row = found.results.stage("confirm").query("split == 0").iloc[0]
    run = recipes.fit(classes, found.best, epochs=2, seed=int(row["seed"]), verbose=0)
    assert run.evaluate()["loss"] == row["test_loss"]
    y, p = classes.arrays("test")[1], run.model.predict(classes.arrays("test")[0], verbose=0)
    weights = np.where(y == 0, 3.0, 1.0)
    assert row["test_loss"] == pytest.approx(np.mean(-weights * np.log(p[np.arange(len(y)), y])), rel=1e-4)
