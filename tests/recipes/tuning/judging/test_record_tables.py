"""Records as tables: a row a training, and a row a training and epoch."""

from recipes.tuning.arms import Arm
from recipes.tuning.judging.record_tables import record_tables
from recipes.tuning.plan import Training
from recipes.tuning.record import CURVES
from recipes.tuning.running.runner import Job


def test_what_is_in_the_tables():
    arm, curves = Arm("adam", "l2"), {"learning_rate": [0.1, 0.2], "loss": [3.0, 2.0], "score": [0.5, 0.6]}
    first = Job(Training(arm, "tune", 0, 7), {"learning_rate": 0.5, "l2.strength": 0.25})
    second = Job(Training(arm, "tune", 1, 7), {"learning_rate": 0.75, "dropout.rate": 0.1})
    curves |= {"val_loss": [3.5], "val_score": []}
    records = [first.record(history=curves), second.record(history={**curves, "learning_rate": []})]
    trials, epochs = record_tables(records)
    assert list(trials.columns) == [
        *("stage", "arm", "optimizer", "regularizer", "trial", "seed", "split", "tuning"),
        *("learning_rate", "dropout.rate", "l2.strength"),
        *("validation_loss", "validation_score", "test_loss", "test_score"),
        *("epochs_run", "best_epoch", "seconds", "diverged", "status", "message"),
    ]
    assert list(epochs.columns) == ["stage", "arm", "trial", "seed", "epoch", *CURVES]
    assert list(trials["learning_rate"]) == [0.5, 0.75]
    assert list(trials["l2.strength"].fillna(-1)) == [0.25, -1]
    assert list(epochs["epoch"]) == [1, 2, 1, 2]
    assert list(epochs["learning_rate"]) == [0.1, 0.2, 0.75, 0.75]
    assert list(epochs["val_loss"].fillna(-1)) == [3.5, -1, 3.5, -1]
    assert list(epochs["trial"]) == [0, 0, 1, 1]
