"""The objective of a QuickTuner is checked before the first trial, and every metric is a number for each name."""

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.tuning.quick.objective import HIGHER_IS_BETTER

X = np.random.default_rng(0).normal(size=(30, 4)).astype("float32")
Y = (X[:, 0] > 0).astype("int64")
VALIDATED = {"x": X, "y": Y, "validation_data": (X, Y)}
BATCHES = tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)


class Shares(keras.metrics.Metric):
    """A metric that gives a vector: the mean probability of each class."""

    def __init__(self, name="shares", **options):
        super().__init__(name=name, **options)
        self.sums = self.add_weight(shape=(2,), initializer="zeros")

    def update_state(self, y, predicted, sample_weight=None):
        self.sums.assign_add(keras.ops.mean(predicted, axis=0))

    def result(self):
        return keras.ops.convert_to_tensor(self.sums)


class OwnLogs(keras.Sequential):
    def train_step(self, data):
        return {**super().train_step(data), "size": keras.ops.convert_to_tensor(4.0)}


def build(hp, kind=keras.Sequential, eager=True):
    model = kind([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
    metrics = ["accuracy", Shares(), keras.metrics.MeanIoU(2, sparse_y_pred=False)]
    optimizer = keras.optimizers.SGD(hp.Float("rate", 0.1, 0.2))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=metrics, run_eagerly=eager)
    return model


def searched(folder, objective, direction="max", data=VALIDATED, hypermodel=build, trials=1, **options):
    if direction is not None:
        objective = keras_tuner.Objective(objective, direction)
    oracle = keras_tuner.oracles.RandomSearchOracle(objective, max_trials=trials, seed=1)
    tuner = recipes.QuickTuner(oracle, hypermodel, directory=folder)
    tuner.search(**data, verbose=0, **options)
    return tuner


@pytest.mark.parametrize(
    ("objective", "direction", "data", "message"),
    [
        (
            "val_acuracy",
            "max",
            VALIDATED,
            "objective must be what .* 'loss', .*, 'val_accuracy'.* objective='val_acuracy'",
        ),
        ("accurracy", "max", {"x": BATCHES}, "objective must be what .* 'accuracy'.* objective='accurracy'"),
        ("val_shares", "max", VALIDATED, r"one number \('val_shares' is a vector\) of .* 'val_shares\[0\]'"),
        (
            "val_accuracy",
            None,
            {"x": X, "y": Y},
            "validation_data must be given, or validation_split, .* 'val_accuracy'",
        ),
        ("val_loss", None, {"x": BATCHES}, "validation_data must be given"),
        (["loss", keras_tuner.Objective("val_auc", "max")], None, VALIDATED, "objective='val_auc'"),
        (None, None, VALIDATED, r'objective must be the name of a metric, such as "val_loss"'),
        ("val_f1_score", None, VALIDATED, r'objective must be keras_tuner.Objective\("val_f1_score", "max"\)'),
    ],
)
def test_an_objective_that_no_training_would_log(tmp_path, objective, direction, data, message):
    with pytest.raises(recipes.InvalidArgument, match=message) as raised:
        searched(tmp_path, objective, direction, data)
    assert "\n" not in str(raised.value)
    assert not list(tmp_path.rglob("trial.json"))


@pytest.mark.parametrize("eager", [True, False], ids=["eager", "compiled"])
@pytest.mark.parametrize(
    ("objective", "kind", "options"),
    [
        ("val_shares[1]", keras.Sequential, {}),
        ("val_mean_io_u", keras.Sequential, {"epochs": 2, "validation_freq": 2}),
        ("size", OwnLogs, {}),
    ],
)
@pytest.mark.ordinarily("val_shares[1]-Sequential-options0-eager")
def test_an_objective_that_is_logged(tmp_path, objective, kind, options, eager):
    tuner = searched(tmp_path, objective, hypermodel=lambda hp: build(hp, kind, eager), **options)
    (trial,) = tuner.oracle.trials.values()
    logs = tuner.get_best_models()[0].evaluate(X, Y, verbose=0, return_dict=True)
    expected = {"val_shares[1]": logs["shares"][1], "val_mean_io_u": logs["mean_io_u"], "size": 4.0}
    assert trial.score == pytest.approx(expected[objective], abs=1e-6)
    assert {"val_shares[0]", "val_shares[1]", "accuracy"} < set(trial.metrics.metrics)


class LogsMore(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["val_own"] = 0.25


@pytest.mark.thorough
def test_an_objective_that_a_callback_logs(tmp_path):
    tuner = searched(tmp_path / "right", "val_own", callbacks=[LogsMore()])
    assert [trial.score for trial in tuner.oracle.trials.values()] == [0.25]
    with pytest.raises(recipes.InvalidArgument, match=r"objective must be what a training logs, .* 'val_own'"):
        searched(tmp_path / "typo", "val_won", callbacks=[LogsMore()])


@pytest.mark.thorough
def test_what_kerastuner_would_minimize():
    """All metrics of Keras of which more is better and that KerasTuner knows by name alone, but wrongly."""
    wrong = set()
    for name in dir(keras.metrics):
        kind = getattr(keras.metrics, name)
        try:
            metric = kind()
            oracle = keras_tuner.oracles.RandomSearchOracle(f"val_{metric.name}")
        except Exception:
            continue
        if oracle.objective.direction == "min" and metric.get_config() and _is_perfect_when_high(metric):
            wrong.add(metric.name)
    assert wrong - {"mean", "sum"} == {*HIGHER_IS_BETTER, "cosine_similarity"}


def _is_perfect_when_high(metric):
    """Whether it gives the right answers a higher value than others."""
    values = []
    right = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    for predicted in (right, 1 - right):
        try:
            metric.reset_state()
            metric.update_state(right, predicted)
        except Exception:
            return False
        values.append(np.mean(metric.result()))
    return values[0] > values[1]


@pytest.mark.parametrize("name", ["min", "max"])
def test_a_dictionary_without_the_objective_ends_the_search(tmp_path, name):
    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, callbacks):
            return {"score": np.array([0.5, 0.25])}

    oracle = keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("score", name), max_trials=2, seed=1)
    with pytest.raises(
        recipes.InvalidArgument, match=r"one number \('score' is a vector\) of 'score\[0\]', 'score\[1\]'"
    ):
        recipes.QuickTuner(oracle, Own(), directory=tmp_path).search()
    assert len(oracle.trials) == 1


def test_a_fit_without_callbacks_is_refused_before_any_trial(tmp_path):
    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, x, y):
            return 1.0

    oracle = keras_tuner.oracles.RandomSearchOracle(max_trials=2, seed=1)
    with pytest.raises(recipes.InvalidArgument, match=r"one whose fit takes hp, .* and callbacks; .*'callbacks'"):
        recipes.QuickTuner(oracle, Own(), directory=tmp_path).search(X, Y)
    assert not oracle.trials
