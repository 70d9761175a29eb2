"""What a callback remembers, as plain values."""

import keras
import numpy as np

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
    assert state.keys() == {"count", "(inside)", "(own)"}
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
