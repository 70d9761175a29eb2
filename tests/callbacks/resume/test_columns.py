"""The columns of a History that another program continues."""

import keras
import numpy as np
import pytest

from callbacks.resume.columns import filled_up, renamed


def test_the_longest_name_is_the_one_that_is_meant():
    columns = {"loss": 0, "dense_loss": 1, "dense_1_mae": 2, "val_dense_1_mae": 3, "gradient_norm/inner/dense_1": 4}
    now = renamed(columns, ["dense", "dense_1", "inner"], ["dense_1", "dense_2", "inner_7"])
    assert now == {
        "loss": 0, "dense_1_loss": 1, "dense_2_mae": 2, "val_dense_2_mae": 3, "gradient_norm/inner/dense_2": 4
    }  # fmt: skip
    assert renamed(columns, ["dense"], ["dense", "more"]) == columns


def test_columns_stay_equally_long_but_for_those_that_never_were():
    history = keras.callbacks.History()
    before = {"loss": 2, "val_loss": 1, "gone": 2}
    history.epoch = [0, 1, 2]
    history.history = {"loss": [4, 3, 2], "val_loss": [1], "gone": [1, 2], "new": [5]}
    filled_up(history, before, 2)
    history.epoch.append(3)
    for name, value in {"loss": 1, "val_loss": 2, "new": 6, "seldom": 1}.items():
        history.history.setdefault(name, []).append(value)
    filled_up(history, before, 2)
    np.testing.assert_equal(
        history.history,
        {"loss": [4, 3, 2, 1], "val_loss": [1, 2], "gone": [1, 2, np.nan, np.nan], "new": [np.nan, np.nan, 5, 6],
         "seldom": [1]},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "expected"), [({"loss": 1}, [5, 6]), ({"loss": 1, "val_mae": 1}, [np.nan, 5, 6])], ids=["first", "new"]
)
def test_the_first_validation_is_no_new_column(before, expected):
    """Of ``validation_freq=2``, killed after one epoch; the column of a metric that is new is filled up."""
    history = keras.callbacks.History()
    history.epoch, history.history = [], {name: [1] for name in before}
    for epoch in range(4):
        history.epoch.append(epoch)
        if epoch in (1, 3):
            history.history.setdefault("val_loss", []).append(4 + epoch // 2 + 1)
        if epoch:
            filled_up(history, before, 1)
    np.testing.assert_equal(history.history["val_loss"], expected)
