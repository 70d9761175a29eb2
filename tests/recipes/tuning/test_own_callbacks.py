"""Keras callbacks of one's own in the trainings of a search."""

import importlib

import keras
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.tuning.own_callbacks import OwnCallbacks

MODULE = """
import keras
class Drop(keras.callbacks.Callback):
    def __init__(self, at=1):
        super().__init__()
        self.at, self.epochs = at, 0
    def on_epoch_end(self, epoch, logs=None):
        self.epochs += 1
        if self.epochs > self.at:
            self.model.stop_training = True
def drop():
    return [Drop(1)]
"""


def test_each_training_has_new_ones():
    stopping = keras.callbacks.EarlyStopping(patience=3)
    callbacks = OwnCallbacks.of([stopping, keras.callbacks.TerminateOnNaN, lambda: [keras.callbacks.History()]])
    first, second = callbacks.new(), callbacks.new()
    assert [type(callback).__name__ for callback in first] == ["EarlyStopping", "TerminateOnNaN", "History"]
    assert not {*map(id, first), id(stopping)} & set(map(id, second))
    assert callbacks.to_settings()["callbacks"][0]["options"]["patience"] == 3
    assert OwnCallbacks.of(None).to_settings() == {}


def test_what_makes_no_new_callbacks_is_refused():
    used = keras.callbacks.History()
    used.set_model(keras.Sequential([keras.layers.Dense(1)]))
    for value, message in (
        (3, r"a function that returns new Keras callbacks.*TypeError"),
        (keras.callbacks.LearningRateScheduler, "TypeError: .*schedule"),
        (dict, "or a list of these. Received: callbacks='dict: {}'"),
        (used, "callbacks that have not been in a training. Received: callbacks='History'"),
        (lambda: used, "a function that returns new callbacks, not used ones"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            OwnCallbacks.of(value)
    OwnCallbacks.of([keras.callbacks.TerminateOnNaN, keras.callbacks.EarlyStopping()]).check_importable()
    with pytest.raises(InvalidArgument, match=r"not as .*<lambda>; or workers=1. Received: callbacks='<lambda>'"):
        OwnCallbacks.of(lambda: [keras.callbacks.History()]).check_importable()


@pytest.mark.thorough
def test_a_search_with_callbacks(classes, tmp_path, monkeypatch):
    """Its trainings stop as fit does, here and in processes; another search has others."""
    (tmp_path / "my_callbacks.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    mine = importlib.import_module("my_callbacks")
    options = {"optimizers": ["adam", "momentum"], "regularizers": ["none"], "trials": 1, "repeats": 2, "epochs": 4}
    options |= {"tunings": "once", "verbose": 0}
    found = recipes.search(classes, **options, callbacks=mine.Drop(1), directory=tmp_path / "here")
    assert set(found.results.trials["epochs_run"]) == {2}
    apart = recipes.search(classes, **options, callbacks=mine.drop, workers=2, directory=tmp_path / "apart")
    assert apart.verdict == found.verdict
    run = recipes.fit(classes, found.best, epochs=4, seed=found.best_seed, callbacks=[mine.Drop(1)], verbose=0)
    trials = found.results.stage("confirm")
    row = trials[(trials["arm"] == found.results.winner) & (trials["seed"] == found.best_seed)].iloc[0]
    assert run.evaluate()["accuracy"] == row["test_score"]
    again = recipes.search(classes, **options, callbacks=mine.Drop(1), directory=tmp_path / "here")
    assert again.verdict == found.verdict
    with pytest.raises(InvalidArgument, match="callbacks="):
        recipes.search(classes, **options, callbacks=mine.Drop(2), directory=tmp_path / "here")
