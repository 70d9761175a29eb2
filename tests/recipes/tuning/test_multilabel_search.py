"""A search on data with several labels an example: the table's number is that of the exported model's answers."""

import numpy as np
import pytest
import tensorflow as tf

import recipes


def test_the_accuracy_in_the_table_is_the_share_of_right_answers(tmp_path):
    random = np.random.default_rng(0)
    x = random.normal(size=(120, 5)).astype("float32")
    y = (x @ random.normal(size=(5, 4)) + 0.5 > 0).astype("int64")
    data = recipes.Data.from_arrays(x, y, batch_size=16, name="labels")
    assert data.spec.task == "multilabel"
    comparison = recipes.search(
        data,
        optimizers=["adam"],
        recipe=recipes.Recipe(model={"name": "mlp", "hidden": (8,)}, learning_rate=0.1),
        epochs=4,
        trials=1,
        repeats=1,
        directory=tmp_path / "search",
        verbose=0,
    )
    x, y = data.arrays("test")
    served = tf.saved_model.load(str(tmp_path / "search" / "best" / "1"))
    answers = served.serve(tf.constant(x)).numpy()
    right = np.mean((answers > 0.5) == y)
    confirmed = comparison.results.trials.query("stage == 'confirm'")
    assert confirmed["test_score"].to_numpy() == pytest.approx([right], abs=1e-6)
    assert comparison.table().iloc[0]["test_mean"] == pytest.approx(right, abs=1e-6)
    assert right != pytest.approx(np.mean(answers.argmax(axis=-1) == y.argmax(axis=-1)), abs=0.05)
    validation = comparison.results.trials["validation_score"]
    assert validation.between(0, 1).all()
