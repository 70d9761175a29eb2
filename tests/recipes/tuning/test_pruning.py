"""The rules that stop a trial, by hand; and searches that are pruned."""

import math

import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes.metric import ACCURACY, Metric
from recipes.tuning.pruning import Pruned, asha, median, rungs

pytestmark = pytest.mark.whole_epochs


@pytest.mark.parametrize(
    ("epochs", "expected"),
    [(1, []), (2, [1]), (3, [1]), (4, [1, 2]), (8, [1, 2, 4]), (12, [1, 2, 4]), (16, [1, 2, 4, 8])],
)
def test_rungs(epochs, expected):
    assert rungs(epochs) == expected


def test_asha_keeps_the_better_half_at_a_rung():
    rivals = [[0.1 * k] for k in range(1, 9)]  # eight before: the ninth must be among the best four
    assert asha([0.55], rivals, epochs=9)
    assert not asha([0.45], rivals, epochs=9)
    assert asha([0.8], rivals, epochs=9)  # as good as the best
    assert asha([0.0, 0.0, 0.0], [[*each, 1.0, 1.0] for each in rivals], epochs=9)  # the third epoch is no rung
    assert not asha([0.45, 0.0], [[*each, 0.0] for each in rivals], epochs=9)
    assert asha([0.55, 0.0], [[*each, 0.0] for each in rivals], epochs=9)  # the best so far counts
    assert asha([0.0], [], epochs=9)  # the first one always goes on
    assert asha([0.0], rivals, epochs=1)  # and so does one at its end


def test_of_so_many_trials_asha_lets_about_half_pass_each_rung():
    random, epochs, spent, best = np.random.default_rng(0), 27, 0, 0
    for _ in range(50):
        curves = []
        for quality in random.normal(size=27):
            curve = []
            for _ in range(epochs):
                curve.append(quality)
                if not asha(curve, curves, epochs):
                    break
            curves.append(curve)
        spent += sum(map(len, curves))
        done = [curve[-1] for curve in curves if len(curve) == epochs]
        best += max(done) == max(curve[0] for curve in curves)
    assert spent / (50 * 27 * epochs) < 0.4
    assert best == 50  # without noise the best is never stopped


def test_the_median_rule():
    rivals = [[0.7, 0.8], [0.6, 0.9], [0.8, 0.9]]  # means 0.75, 0.75, 0.85
    assert not median([0.5, 0.74], rivals, epochs=9)
    assert median([0.76, 0.1], rivals, epochs=9)  # its best counts
    assert median([0.1, 0.1], rivals[:2], epochs=9)  # too few to tell
    assert median([0.1, 0.1, 0.1], rivals, epochs=9)  # nobody came so far
    assert median([0.1, 0.1], rivals, epochs=2)  # at its end


@pytest.mark.parametrize(
    ("direction", "value", "stopped"), [("max", 0.5, True), ("min", 0.5, False), ("min", 2.0, True)]
)
def test_less_can_be_better_and_nan_is_worst(direction, value, stopped):
    class Model:
        stop_training = False

    for score in (value, math.nan):
        callback = Pruned("asha", [[1.0], [math.nan]], metric=Metric("error", direction), epochs=9)
        callback.set_model(Model())
        callback.on_train_begin()
        callback.on_epoch_end(0, {"val_error": score})
        assert callback.pruned == callback.model.stop_training == (stopped or math.isnan(score))


def test_an_unknown_rule():
    with pytest.raises(InvalidArgument, match="prune must be one of 'none', 'asha', 'median'"):
        Pruned("hyperband", [], metric=ACCURACY, epochs=9)


@pytest.mark.usefixtures("no_pictures")
def test_a_pruned_search_spends_less_and_records_what_it_stopped(classes, search_options, tmp_path):
    options = {**search_options, "optimizers": ["adam"], "regularizers": ["none"], "epochs": 4, "trials": 6}
    found = recipes.search(classes, directory=tmp_path / "pruned", prune="asha", **options)
    rows = found.results.trials
    tuned = rows[rows["stage"] == "tune"]
    pruned = tuned[tuned["status"] == "pruned"]
    assert 0 < len(pruned) < len(tuned) == 6
    assert set(pruned["epochs_run"]) <= {1, 2}
    assert (rows.loc[rows["status"] == "finished", "epochs_run"] == 4).all()
    assert set(rows.loc[rows["stage"] == "confirm", "status"]) == {"finished"}
    (arm,) = found.table().to_dict("records")
    assert arm["pruned"] == len(pruned)
    finished = tuned[tuned["status"] == "finished"]
    assert arm["learning_rate"] in set(finished["learning_rate"])
    lengths = found.results.epochs.query("stage == 'tune'").groupby("trial").size()
    assert list(lengths) == list(tuned["epochs_run"])
