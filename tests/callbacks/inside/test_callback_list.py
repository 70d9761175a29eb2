"""Two schedules of one fit are refused, and the list of callbacks is found from within a hook."""

import keras
import numpy as np
import pytest

import callbacks
from callbacks.inside.callback_list import callback_list, siblings

OTHERS = {
    "one_cycle": lambda: callbacks.OneCycle(0.2),
    "finder": lambda: callbacks.LRFinder(),
    "scheduler": lambda: keras.callbacks.LearningRateScheduler(lambda epoch: 0.1),
    "plateau": lambda: keras.callbacks.ReduceLROnPlateau(),
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
def test_two_schedules_are_refused_beside_a_resume(place, make_model, run, tmp_path):
    used = [callbacks.OneCycle(0.1), callbacks.CosineDecay(0.1)]
    used.insert(place, callbacks.Resume(tmp_path))
    with pytest.raises(ValueError, match="only callback that sets the learning rate"):
        run(make_model(), *used)
    used.pop(2 if place < 2 else 0)
    assert len(run(make_model(), *used)["learning_rate"]) == 3


@pytest.mark.parametrize("place", [0, 1, 2])
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


def test_the_list_is_found_only_from_within_a_hook(make_model, run):
    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.found = callback_list(self)

    look, stop = Look(), callbacks.StopOnNaN()
    run(make_model(), look, stop)
    assert look.found.callbacks[:2] == [look, stop]
    assert isinstance(look.found.callbacks[-1], keras.callbacks.History)
    assert callback_list(look) is None
