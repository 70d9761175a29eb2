"""What a callback remembers, as plain values."""

from collections import Counter, defaultdict, deque

import keras
import numpy as np
import pytest

from callbacks.resume.callback_state import callback_state, changed, set_callback_state


class Outer(keras.callbacks.Callback):
    def __init__(self, *inner):
        super().__init__()
        self.callbacks, self.count, self.file, self.secret = list(inner), 0, open, {1, 2}

    def get_state(self):
        return {"secret": sorted(self.secret)}

    def set_state(self, value):
        self.secret = set(value["secret"])


def test_plain_attributes_nested_callbacks_and_own_state_go_there_and_back():
    one = Outer(keras.callbacks.EarlyStopping(patience=7))
    before = callback_state(one)
    assert before["count"] == 0
    assert "file" not in before
    one.count, one.secret = 3, {5}
    one.callbacks[0].best_weights, one.callbacks[0].wait = [np.ones(2), np.zeros(1)], 4
    state = changed(callback_state(one), before)
    assert state.keys() == {"count", "secret", "(inside)", "(own)"}
    assert state["(inside)"][0].keys() == {"best_weights", "wait"}
    other = Outer(keras.callbacks.EarlyStopping(patience=9))
    set_callback_state(other, state)
    assert (other.count, other.secret, other.callbacks[0].wait, other.callbacks[0].patience) == (3, {5}, 4, 9)
    np.testing.assert_array_equal(other.callbacks[0].best_weights[0], np.ones(2))


def test_the_state_is_a_copy():
    one = Outer()
    one.values, one.array = [1, [2]], np.zeros(2)
    state = callback_state(one)
    one.values[1].append(3)
    one.array[0] = 1
    assert state["values"] == [1, [2]]
    assert state["array"][0] == 0


def test_what_changed_tells_kinds_and_bits_apart():
    before = {"a": 1, "b": np.zeros(2), "c": [1, (2,)], "d": {"x": 1}, "e": "same"}
    assert changed({"a": 1, "b": np.zeros(2), "c": [1, (2,)], "d": {"x": 1}, "e": "same"}, before) == {}
    after = {"a": 1.0, "b": -np.zeros(2), "c": [1, [2]], "d": {"y": 1}, "e": "same", "f": None}
    assert changed(after, before).keys() == {"a", "b", "c", "d", "f"}


class Collects(keras.callbacks.Callback):
    """Keeps what it has seen in every way that a callback might."""

    def __init__(self):
        super().__init__()
        self.recent, self.seen, self.counts, self.groups = deque(maxlen=2), set(), Counter(), defaultdict(list)
        self.mean, self.random = keras.metrics.Mean(), np.random.default_rng(1)
        self.teacher = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])

    def see(self, value):
        self.recent.append(value)
        self.seen.add(value)
        self.counts[value] += 1
        self.groups[value].append(value)
        self.mean.update_state(value)
        self.teacher.layers[0].kernel.assign([[value]])
        return self.random.normal()


def test_containers_variables_and_generators_go_there_and_back():
    one, other = Collects(), Collects()
    before = callback_state(one)
    for value in (1.0, 2.0, 3.0):
        one.see(value)
    state = changed(callback_state(one), before)
    set_callback_state(other, state)
    assert other.see(2.0) == one.see(2.0)
    for name in ("recent", "seen", "counts", "groups"):
        assert type(getattr(other, name)) is type(getattr(one, name))
        assert getattr(other, name) == getattr(one, name)
    assert other.recent.maxlen == 2
    assert float(other.mean.result()) == float(one.mean.result()) == 2.0
    assert other.teacher.get_weights()[0] == 2.0
    assert len(state["(variables)"]) == 3  # total and count of the mean, the kernel; the bias has not changed
    del other.mean
    with pytest.raises(ValueError, match=r"Collects must have what it had.* Received: callback\['mean'\]"):
        set_callback_state(other, state)


def test_the_variables_of_the_model_in_training_are_not_the_callbacks():
    callback = Collects()
    callback.set_model(callback.teacher)
    assert len(callback_state(callback)["(variables)"]) == 2
