"""What is undone at the end of a fit, however it ends, and what is checked before the next one."""

import functools

import keras
import numpy as np
import pytest

import callbacks
from callbacks.inside.fit_end import (
    at_end_of_fit,
    before_next_fit,
    check_fit_runs,
    drawn_by_data,
    fit_is_patched,
    fit_unnoticed,
)

X = np.ones((4, 1), "float32")


def made():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


class Noting(keras.callbacks.Callback):
    def __init__(self, notes, fails=False, inside=None):
        super().__init__()
        self.notes, self.fails, self.inside = notes, fails, inside

    def on_train_begin(self, logs=None):
        at_end_of_fit(self.model, lambda: self.notes.append(f"undone {len(self.notes)}"))
        if self.inside is not None:
            self.inside.fit(X, X, verbose=0, callbacks=[Noting(self.notes)])
        if self.fails:
            raise KeyboardInterrupt

    def on_train_end(self, logs=None):
        self.notes.append("end")


def test_it_is_undone_however_the_fit_ends():
    notes, model = [], made()
    model.fit(X, X, verbose=0, callbacks=[Noting(notes)])
    assert notes == ["end", "undone 1"]
    notes.clear()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, X, verbose=0, callbacks=[Noting(notes, fails=True)])
    assert notes == ["undone 0"]
    model.fit(X, X, verbose=0)
    assert notes == ["undone 0"]


@pytest.mark.parametrize("same", [True, False])
def test_a_fit_inside_another_undoes_its_own(same):
    notes, model = [], made()
    model.fit(X, X, verbose=0, callbacks=[Noting(notes, inside=model if same else made())])
    assert notes == ["end", "undone 1", "end", "undone 3"]


def test_what_needs_a_fit_is_refused_outside_of_one_of_the_same_model():
    model, other = made(), made()
    begin = keras.callbacks.LambdaCallback(on_train_begin=lambda logs: check_fit_runs(model, "This"))
    model.fit(X, X, verbose=0, callbacks=[begin])
    with pytest.raises(ValueError, match="This works only in Keras' fit, not in a training loop"):
        other.fit(X, X, verbose=0, callbacks=[begin])


def test_outside_of_a_fit_nothing_is_noted():
    notes, model = [], made()
    at_end_of_fit(model, lambda: notes.append("undone"))
    model.fit(X, X, verbose=0)
    assert notes == []


def test_a_check_is_asked_until_it_is_done():
    asked, model = [], made()

    def check(_model, used):
        asked.append([type(callback).__name__ for callback in used])
        return len(asked) == 2

    before_next_fit(model, check)
    for _ in range(3):
        model.fit(X, X, verbose=0, callbacks=[callbacks.StopOnNaN()])
    assert asked == [["StopOnNaN"]] * 2


class Interrupt(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch:
            raise KeyboardInterrupt


def test_an_interrupted_range_test_leaves_the_model_as_it_was():
    model = made()
    before = model.get_weights()[0].copy()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, X, batch_size=1, verbose=0, callbacks=[callbacks.LRFinder(), Interrupt()])
    assert model.get_weights()[0].tolist() == before.tolist()
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert int(model.optimizer.iterations) == 0


def test_a_fit_at_the_rate_that_a_schedule_has_left_warns_once():
    model = made()

    def fit(*used):
        model.fit(X, X, batch_size=1, verbose=0, callbacks=[*used])

    cycle = callbacks.OneCycle(0.1)
    fit(cycle)
    fit(cycle)  # drives the rate itself
    with pytest.warns(UserWarning, match=r"learning rate of 4e-07, where OneCycle has left it; it was 4e-07"):
        fit()
    fit()
    model.optimizer.learning_rate = 0.01
    fit(cycle)
    model.optimizer.learning_rate = 0.02
    fit()


@pytest.mark.parametrize("interrupted", [True, False])
def test_the_rate_is_set_back_if_asked_for(interrupted):
    model = made()
    used = [callbacks.OneCycle(0.1, restore_rate=True), *([Interrupt()] if interrupted else [])]
    if interrupted:
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, X, batch_size=1, verbose=0, callbacks=used)
    else:
        model.fit(X, X, batch_size=1, verbose=0, callbacks=used)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    model.fit(X, X, verbose=0)


@pytest.mark.filterwarnings("ignore:.*shuffle=True.*:UserWarning")
@pytest.mark.parametrize("draws", [True, False])
def test_what_a_generator_draws_from(draws):
    drawn = []

    def batches():
        while True:
            if draws:
                np.random.permutation(4)
            yield X, X

    note = keras.callbacks.LambdaCallback(on_train_end=lambda logs: drawn.append(drawn_by_data(model)))
    model = made()
    model.fit(batches(), steps_per_epoch=2, verbose=0, callbacks=[note])
    model.fit(X, X, verbose=0, callbacks=[note])
    assert drawn == [{"numpy"} if draws else set(), set()]
    assert drawn_by_data(model) == set()


def test_a_trial_goes_past_what_others_have_patched_into_fit(monkeypatch):
    """As MLflow's autologging patches it, before this package is imported or after."""
    logged, notes, model, keras_fit = [], [], made(), keras.Model.fit

    def patched(fit):
        @functools.wraps(fit)
        def logging_fit(*arguments, **options):
            logged.append(True)
            return fit(*arguments, **options)

        return logging_fit

    fit_unnoticed(model, X, y=X, verbose=0, callbacks=[Noting(notes)])
    assert not fit_is_patched()
    monkeypatch.setattr(keras.Model, "fit", patched(keras_fit), raising=False)
    assert fit_is_patched()
    fit_unnoticed(model, X, y=X, verbose=0, callbacks=[Noting(notes)])
    assert (notes, logged) == (["end", "undone 1", "end", "undone 3"], [])
    model.fit(X, X, verbose=0)
    assert logged == [True]
