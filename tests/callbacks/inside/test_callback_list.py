"""Two schedules of one fit are refused, and the list of callbacks is found from within a hook."""

import importlib

import keras
import numpy as np
import pytest

import callbacks
from callbacks.inside import callback_list as module
from callbacks.inside.callback_list import callback_list, siblings

OTHERS = {
    "one_cycle": lambda: callbacks.OneCycle(0.2),
    "finder": callbacks.LRFinder,
    "scheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
    "plateau": keras.callbacks.ReduceLROnPlateau,
}


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("other", OTHERS)
def test_two_schedules_are_refused_before_any_step(other, first, make_model, run):
    model = make_model()
    before = model.get_weights()[0].copy()
    both = [callbacks.OneCycle(0.1), OTHERS[other]()]
    with pytest.raises(ValueError, match=r"only callback that sets the learning rate.* Received: callbacks="):
        run(model, *(both if first else both[::-1]))
    assert (model.get_weights()[0] == before).all()


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.ordinarily("1")
def test_two_schedules_are_refused_beside_a_resume(place, make_model, run, tmp_path):
    used = [callbacks.OneCycle(0.1), callbacks.CosineDecay(0.1)]
    used.insert(place, callbacks.Resume(tmp_path))
    with pytest.raises(ValueError, match="only callback that sets the learning rate"):
        run(make_model(), *used)
    used.pop(2 if place < 2 else 0)
    assert len(run(make_model(), *used)["learning_rate"]) == 3


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.ordinarily("0", "2")
def test_all_are_seen_beside_a_resume(place, make_model, run, tmp_path):
    seen = []

    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(siblings(self))

        on_epoch_end = on_train_end = lambda self, *_: seen.append(siblings(self))

    used = [Look(), Look()]
    used.insert(place, callbacks.Resume(tmp_path))
    run(make_model(), *used, epochs=1)
    assert len(seen) == 6
    assert all(each[:3] == used for each in seen)
    assert siblings(used[0]) == [used[0]]


@pytest.mark.parametrize("first", [True, pytest.param(False, marks=pytest.mark.thorough)])
def test_batch_norm_is_recalibrated_beside_a_resume(first, run, tmp_path, make_model):
    used = [callbacks.Resume(tmp_path), callbacks.RecalibrateBatchNorm(np.eye(3))]
    model = make_model(layers=(keras.layers.BatchNormalization(momentum=1.0),))
    run(model, *(used if first else used[::-1]), epochs=1)
    np.testing.assert_allclose(model.layers[0].moving_mean, np.full(3, 1 / 3), rtol=1e-6)
    late = keras.callbacks.EarlyStopping(monitor="loss", restore_best_weights=True)
    with pytest.raises(ValueError, match="EarlyStopping"):
        run(model, *(used if first else used[::-1]), late, epochs=1)


def test_after_a_refusal_one_of_them_alone_is_fine(make_model, run):
    model, kept = make_model(), callbacks.OneCycle(0.1)
    with pytest.raises(ValueError, match="only callback"):
        run(model, kept, callbacks.OneCycle(0.2))
    assert len(run(model, kept)["learning_rate"]) == 3


class Look(keras.callbacks.Callback):
    """Notes in each hook which list it is in."""

    def __init__(self):
        super().__init__()
        self.found = {}

    def set_model(self, model):
        super().set_model(model)
        self.found["set_model"] = callback_list(self)

    def on_train_begin(self, logs=None):
        self.found["train"] = callback_list(self)

    def on_test_begin(self, logs=None):
        self.found["test"] = callback_list(self)


def test_the_list_is_found_only_during_a_fit(make_model, run):
    look, stop = Look(), callbacks.StopOnNaN()
    run(make_model(), look, stop)
    found = look.found["train"]
    assert found.callbacks[:2] == [look, stop]
    assert isinstance(found.callbacks[-1], keras.callbacks.History)
    assert look.found["set_model"] is found
    look.found.clear()
    del found
    assert callback_list(look) is None


class Deaf(keras.callbacks.CallbackList):
    """A list of one's own that sets the model in its own way."""

    def set_model(self, model):
        for callback in self.callbacks:
            callback.set_model(model)


@pytest.mark.parametrize("kind", [keras.callbacks.CallbackList, Deaf])
def test_a_list_that_the_user_made(kind, make_model):
    model, look, both = make_model(), Look(), callbacks.OneCycle(0.1)
    model.fit(np.eye(3), np.ones(3), verbose=0, callbacks=kind([look], add_history=True, model=model))
    assert type(look.found["train"]) is kind
    together = kind([both, keras.callbacks.ReduceLROnPlateau()], add_history=True, model=model, epochs=1, steps=1)
    with pytest.raises(ValueError, match="only callback that sets the learning rate"):
        model.fit(np.eye(3), np.ones(3), verbose=0, callbacks=together)


def test_a_fit_and_an_evaluation_inside_a_fit_have_lists_of_their_own(make_model, run):
    inner, seen = Look(), []

    class Nested(keras.callbacks.Callback):
        def on_test_begin(self, logs=None):
            seen.append(("test", siblings(self)))

        def on_epoch_end(self, epoch, logs=None):
            seen.append(("epoch", siblings(self)))
            run(make_model(), inner, epochs=1)
            self.model.evaluate(np.eye(3), np.ones(3), verbose=0, callbacks=[self])
            seen.append(("epoch", siblings(self)))

    nested, other = Nested(), callbacks.StopOnNaN()
    run(make_model(), nested, other, epochs=1)
    assert [when for when, _ in seen] == ["epoch", "test", "epoch"]
    before, test, after = (together for _, together in seen)
    assert before == after
    assert before[:2] == [nested, other]
    assert test == [nested]
    assert inner.found["train"].callbacks[0] is inner


def test_after_a_fit_that_failed_the_next_list_counts(make_model):
    model, look = make_model(), Look()
    fail = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: 1 / 0)
    with pytest.raises(ZeroDivisionError) as kept:  # its traceback keeps the list of then alive
        model.fit(np.eye(3), np.ones(3), verbose=0, callbacks=[look, fail])
    before = look.found["train"]
    model.fit(np.eye(3), np.ones(3), verbose=0, callbacks=[look])
    assert look.found["train"] is not before
    assert fail not in look.found["train"].callbacks
    assert kept


def test_loaded_again_the_module_knows_the_lists(make_model, run):
    look, before = Look(), keras.callbacks.CallbackList.__init__
    again = importlib.reload(module)
    assert keras.callbacks.CallbackList.__init__ is before
    run(make_model(), look)
    assert look in look.found["train"].callbacks
    assert again.callback_list(look) is look.found["train"]
