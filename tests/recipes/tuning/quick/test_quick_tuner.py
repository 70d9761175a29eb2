"""QuickTuner: KerasTuner's trials, with the numbers that each model would get alone."""

import csv
import itertools
from pathlib import Path

import keras
import keras_tuner
import numpy as np
import pytest
import tensorflow as tf

import recipes
from recipes.data.batching import shuffled
from recipes.tuning.keras_tuner_inside import weights_path

X = np.random.default_rng(0).normal(size=(150, 6))
Y = (X[:, 0] + X[:, 1] > 0).astype("int64") + (X[:, 2] > 0.5)
BATCHES = tf.data.Dataset.from_tensor_slices((X, Y, np.ones(150))).batch(16)
DATA = {"x": X[:110], "y": Y[:110], "validation_data": (X[110:], Y[110:])}


def build(hp):
    rate = hp.Float("rate", 1e-3, 1e-1, sampling="log")
    units = hp.Int("units", 4, 8, step=4)
    l2 = hp.Float("l2", 1e-5, 1e-1, sampling="log")
    model = keras.Sequential(
        [
            keras.Input((6,)),
            keras.layers.Dense(units, activation="elu", kernel_regularizer=keras.regularizers.L2(l2)),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def oracle(trials=6, **options):
    return keras_tuner.oracles.RandomSearchOracle("val_accuracy", max_trials=trials, seed=5, **options)


def searched(folder, trials=6, hypermodel=build, data=DATA, epochs=3, callbacks=(), oracle_options=None, **options):
    made = oracle(trials, **(oracle_options or {}))
    tuner = recipes.QuickTuner(made, hypermodel, directory=folder, project_name="search", **options)
    tuner.search(**data, epochs=epochs, batch_size=16, verbose=0, callbacks=list(callbacks))
    return tuner


def rows(tuner, trial_id, execution=0):
    with open(Path(tuner.get_trial_dir(trial_id)) / f"epochs_{execution}.csv", newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def tuner(tmp_path_factory):
    return searched(tmp_path_factory.mktemp("quick"))


def test_the_trials_are_those_of_kerastuner(tuner, tmp_path):
    stock = keras_tuner.Tuner(oracle(), build, directory=tmp_path, project_name="stock")
    stock.run_trial = lambda *args, **kwargs: 0.5
    stock.search()
    mine = {key: trial.hyperparameters.values for key, trial in tuner.oracle.trials.items()}
    assert mine == {key: trial.hyperparameters.values for key, trial in stock.oracle.trials.items()}
    assert len(mine) == 6
    assert len(tuner.steps) == 2  # of 4 and of 8 units


@pytest.mark.thorough
def test_every_trial_is_what_a_new_model_would_give(tuner):
    x, y = tf.constant(X, "float32"), tf.constant(Y)
    for key, trial in list(tuner.oracle.trials.items())[:4]:
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model = build(trial.hyperparameters.copy())
        batches = shuffled(x[:110], y[:110], 16, 0, epochs=3, drop_remainder=False)
        history = model.fit(
            batches, steps_per_epoch=7, epochs=3, validation_data=(X[110:], Y[110:]), shuffle=False, verbose=0
        ).history
        for epoch, row in enumerate(rows(tuner, key)):
            assert row["epoch"] == epoch
            assert row["loss"] == pytest.approx(history["loss"][epoch], rel=1e-6)
            assert row["val_accuracy"] == pytest.approx(history["val_accuracy"][epoch], abs=1e-7)
        assert trial.score == pytest.approx(max(history["val_accuracy"]), abs=1e-7)


def test_every_example_is_seen_once_an_epoch(tmp_path):
    class Seen(keras.layers.Layer):
        def build(self, shape):
            self.sum = self.add_weight(shape=(), initializer="zeros", trainable=False)

        def call(self, x, training=False):
            if training:
                self.sum.assign_add(keras.ops.sum(x))
            return x

    def watching(hp):
        hp.Float("unused", 0, 1)
        model = keras.Sequential([keras.Input((1,)), Seen(), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        made_models[:] = [model]
        return model

    made_models = []
    x = 2.0 ** np.arange(11)[:, None]  # every subset has a sum of its own
    made = keras_tuner.oracles.RandomSearchOracle(keras_tuner.Objective("loss", "min"), max_trials=1, seed=1)
    tuner = recipes.QuickTuner(made, watching, directory=tmp_path)
    tuner.search(x / 1024, np.zeros(11), epochs=2, batch_size=4, verbose=0)
    (model,) = made_models
    assert float(model.layers[0].sum) == pytest.approx(2 * x.sum() / 1024)


def test_the_weights_of_the_best_are_kept(tuner):
    scores = {key: trial.score for key, trial in tuner.oracle.trials.items()}
    kept = [key for key in scores if weights_path(tuner, key).exists()]
    assert len(kept) == 3
    assert min(scores[key] for key in kept) >= max(scores[key] for key in scores if key not in kept)
    models = tuner.get_best_models(3)
    for model, trial in zip(models, tuner.oracle.get_best_trials(3), strict=True):
        accuracy = np.mean(model(X[110:]).numpy().argmax(axis=1) == Y[110:])
        assert accuracy == pytest.approx(trial.score, abs=1e-7)


def test_the_same_search_gives_the_same_numbers_and_another_seed_others(tuner, tmp_path):
    again = searched(tmp_path / "again", trials=2)
    other = searched(tmp_path / "other", trials=1, seed=1)
    expected, same, others = (
        [[row["loss"] for row in rows(each, key)] for key in sorted(each.oracle.trials)]
        for each in (tuner, again, other)
    )
    assert same == expected[:2]
    assert others[0] != expected[0]


def test_several_executions_have_seeds_of_their_own(tmp_path):
    tuner = searched(tmp_path, trials=1, executions_per_trial=2)
    (key,) = tuner.oracle.trials
    first, second = rows(tuner, key, 0), rows(tuner, key, 1)
    assert first != second
    best = [max(row["val_accuracy"] for row in each) for each in (first, second)]
    assert tuner.oracle.trials[key].score == pytest.approx(np.mean(best))


@pytest.mark.thorough
def test_an_interrupted_search_goes_on(tuner, tmp_path):
    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if started == 3 and epoch == 1:
                raise KeyboardInterrupt

        def on_train_begin(self, logs=None):
            nonlocal started
            started += 1

        def __deepcopy__(self, memo):
            return Stops()

    started = 0
    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, trials=4, keep=2, callbacks=[Stops()])
    assert started == 3
    again = searched(tmp_path, trials=4, keep=2, callbacks=[Stops()])
    assert started == 3 + 2  # the third again, and the fourth
    assert len(again.oracle.trials) == 4
    first = sorted(tuner.oracle.trials)[:4]
    assert [again.oracle.trials[key].score for key in first] == [tuner.oracle.trials[key].score for key in first]
    assert sum(weights_path(again, key).exists() for key in again.oracle.trials) == 2
    again.get_best_models(2)


def test_a_trial_without_weights_is_not_loaded(tuner):
    worst = min(tuner.oracle.trials.values(), key=lambda trial: trial.score)
    with pytest.raises(recipes.InvalidArgument, match="one of the best 3"):
        tuner.load_model(worst)


@pytest.mark.thorough
def test_a_model_that_is_built_late(tmp_path):
    def late(hp):
        model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
        model.compile(
            keras.optimizers.Adam(hp.Float("rate", 1e-3, 1e-1)), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        return model

    tuner = searched(tmp_path, trials=2, hypermodel=late)
    trial = tuner.oracle.get_best_trials(1)[0]
    assert tuner.get_best_models()[0].evaluate(X[110:], Y[110:], verbose=0)[1] == pytest.approx(trial.score, abs=1e-7)


def test_a_fit_of_its_own_gets_everything_as_given(tmp_path):
    seen = []

    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, x, y, validation_data, **options):
            seen.append((model, x is X, sorted(options)))
            return 0.25

    tuner = recipes.QuickTuner(oracle(2), Own(), directory=tmp_path)
    tuner.search(X, Y, validation_data=(X, Y), epochs=2)
    assert [each[1:] for each in seen] == [(True, ["callbacks", "epochs"])] * 2
    assert seen[0][0] is not seen[1][0]
    assert [trial.score for trial in tuner.oracle.trials.values()] == [0.25, 0.25]


@pytest.mark.parametrize(
    "data",
    [
        {"x": X, "y": Y, "validation_split": 0.2},
        {"x": X, "y": Y, "validation_data": (X, Y), "sample_weight": np.ones(150)},
        pytest.param(
            {"x": X, "y": Y, "validation_data": (X, Y), "class_weight": {0: 1.0, 1: 2.0, 2: 1.0}},
            marks=pytest.mark.thorough,
        ),
        {"x": BATCHES, "validation_data": (X, Y), "shuffle": False},
        {"x": X, "y": Y, "validation_data": (X, Y), "shuffle": False},
        pytest.param({"x": X, "y": Y, "validation_data": (X, Y), "validation_freq": 1}, marks=pytest.mark.thorough),
    ],
    ids=["split", "weights", "classes", "batches", "in order", "frequency"],
)
@pytest.mark.ordinarily("batches", "in order")
def test_whatever_fit_takes(tmp_path, data):
    tuner = searched(tmp_path, trials=1, data=data, epochs=2)
    assert all(trial.status == "COMPLETED" and trial.score > 0.2 for trial in tuner.oracle.trials.values())


def test_a_fit_of_its_own_may_draw_from_tensorflow(tmp_path):
    class Own(keras_tuner.HyperModel):
        def build(self, hp):
            return build(hp)

        def fit(self, hp, model, **options):
            return float(tf.random.uniform(()))

    tuner = recipes.QuickTuner(oracle(3), Own(), directory=tmp_path)
    tuner.search()
    keras.utils.set_random_seed(0)
    expected = float(tf.random.uniform(()))
    assert [trial.score for trial in tuner.oracle.trials.values()] == [expected] * 3


@pytest.mark.thorough
def test_a_pipeline_is_given_as_it_is(tmp_path):
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(30)
    tuner = recipes.QuickTuner(oracle(2), build, directory=tmp_path)
    tuner.search(batches, validation_data=batches, epochs=2, verbose=0, shuffle=False)
    assert all(trial.score > 0.2 for trial in tuner.oracle.trials.values())


@pytest.mark.thorough
def test_a_callback_that_listens_to_batches_hears_each(tmp_path):
    heard = []

    class Hears(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            heard.append(batch)

    searched(tmp_path, trials=1, epochs=2, callbacks=[Hears()])
    assert heard == [*range(7)] * 2


def test_a_trial_that_fails_is_recorded_and_the_rest_go_on(tmp_path):
    def fragile(hp):
        model = build(hp)
        if hp.get("units") == 8:
            raise RuntimeError("no room for eight")
        return model

    options = {"max_consecutive_failed_trials": 10}
    tuner = searched(tmp_path, hypermodel=fragile, oracle_options=options)
    for trial in tuner.oracle.trials.values():
        if trial.hyperparameters.get("units") == 8:
            assert trial.status == "FAILED"
            assert "no room for eight" in trial.message
        else:
            assert trial.status == "COMPLETED"
    assert {trial.status for trial in tuner.oracle.trials.values()} == {"FAILED", "COMPLETED"}


@pytest.mark.thorough
def test_tensorboard_has_the_hyperparameters(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    tuner = searched(tmp_path, trials=2, callbacks=[keras.callbacks.TensorBoard(tmp_path / "logs")])
    for key in tuner.oracle.trials:
        events = EventAccumulator(str(tmp_path / "logs" / key / "execution0")).Reload()
        assert "_hparams_/session_start_info" in events.PluginTagToContent("hparams")


@pytest.mark.thorough
def test_too_large_a_model_is_skipped(tmp_path):
    tuner = searched(tmp_path, max_model_size=60, oracle_options={"max_consecutive_failed_trials": 10})
    sizes = {trial.hyperparameters.get("units"): trial.status for trial in tuner.oracle.trials.values()}
    assert sizes == {4: "COMPLETED", 8: "FAILED"}


@pytest.mark.thorough
def test_layers_of_ones_own_may_draw_from_tensorflow(tmp_path, capfd):
    class Noise(keras.layers.Layer):
        def call(self, x, training=False):
            return x + tf.random.normal(tf.shape(x)) if training else x

    def noisy(hp):
        kind = hp.Choice("kind", ["own", "keras"])
        rate = hp.Float("rate", 0.1, 0.2)
        layers = [Noise()] if kind == "own" else []
        model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(3, activation="softmax")])
        model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    first = searched(tmp_path / "first", trials=5, hypermodel=noisy, epochs=1)
    values = {key: trial.hyperparameters.values for key, trial in first.oracle.trials.items()}
    kinds = [values[key]["kind"] for key in sorted(values)]
    assert "retracing" not in capfd.readouterr().err
    assert ("keras", "own") in itertools.pairwise(kinds)  # a trial of its own after one that was shared
    for key in sorted(values):
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        hp = keras_tuner.HyperParameters()
        hp.values = dict(values[key])
        model = noisy(hp)
        batches = shuffled(tf.constant(X[:110], "float32"), tf.constant(Y[:110]), 16, 0, epochs=1, drop_remainder=False)
        loss = model.fit(batches, shuffle=False, verbose=0).history["loss"]
        assert rows(first, key)[0]["loss"] == pytest.approx(loss[0], rel=1e-6)


def test_inputs_and_targets_of_different_length_are_refused_before_any_trial(tmp_path):
    tuner = recipes.QuickTuner(oracle(), build, directory=tmp_path)
    with pytest.raises(recipes.InvalidArgument, match="x must be arrays of the same length"):
        tuner.search(X, Y[:-1], validation_data=(X, Y))
    with pytest.raises(recipes.InvalidArgument, match="validation_data must be arrays of the same"):
        tuner.search(X, Y, validation_data=(X, Y[:-1]))
    with pytest.raises(recipes.InvalidArgument, match="at least 1"):
        tuner.search(X[:0], Y[:0], validation_data=(X, Y))
    with pytest.raises(recipes.InvalidArgument, match="x must be readable several times, but an iterator or generator"):
        tuner.search(((X, Y) for _ in range(9)), epochs=2, steps_per_epoch=2)
    with pytest.raises(recipes.InvalidArgument, match=r"validation_data\[1\] must be without a mask"):
        tuner.search(X, Y, validation_data=(X, np.ma.masked_array(Y, Y > 1)))
    assert not tuner.oracle.trials


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"seed": -1}, "seed must be"),
        ({"keep": 0}, "keep must be"),
        ({"executions_per_trial": 0}, "executions_per_trial must be"),
        ({"distribution_strategy": object()}, "distribution_strategy must be"),
    ],
)
def test_bad_input(tmp_path, options, text):
    with pytest.raises(recipes.InvalidArgument, match=text):
        recipes.QuickTuner(oracle(), build, directory=tmp_path, **options)


def test_hyperband_is_left_to_kerastuner(tmp_path):
    with pytest.raises(recipes.InvalidArgument, match=r"oracle must be .*keras_tuner.Hyperband"):
        recipes.QuickTuner(keras_tuner.oracles.HyperbandOracle("val_loss"), build, directory=tmp_path)


@pytest.mark.thorough
@pytest.mark.timeout(900)  # networks of up to 152 layers take long to trace where others use the machine too
@pytest.mark.filterwarnings("ignore:All-NaN axis:RuntimeWarning")  # KerasTuner's, where a loss is no number
def test_kerastuners_own_residual_network(tmp_path):
    from keras_tuner.applications import HyperResNet

    images = np.random.default_rng(0).normal(size=(32, 32, 32, 3)).astype("float32")
    labels = np.eye(2, dtype="float32")[np.arange(32) % 2]
    made = keras_tuner.oracles.RandomSearchOracle("val_accuracy", max_trials=3, seed=1)
    tuner = recipes.QuickTuner(made, HyperResNet(input_shape=(32, 32, 3), classes=2), directory=tmp_path, keep=1)
    tuner.search(images, labels, validation_data=(images, labels), epochs=1, batch_size=16, verbose=0)
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["COMPLETED"] * 3


@pytest.mark.thorough
def test_the_weights_are_there_before_a_trial_counts_as_finished(tmp_path):
    """Killed at any moment, a tuner has the weights of the best trials that it has in its records."""
    made = oracle(6)
    tuner = recipes.QuickTuner(made, build, directory=tmp_path, project_name="search", keep=2)
    end, missing = made.end_trial, []

    def ends(trial):
        end(trial)
        best = [each.trial_id for each in made.get_best_trials(2)]
        missing.extend(each for each in best if not weights_path(tuner, each).is_file())

    made.end_trial = ends
    tuner.search(**DATA, epochs=2, batch_size=16, verbose=0)
    assert len(made.trials) == 6
    assert missing == []
    kept = {key for key in made.trials if weights_path(tuner, key).is_file()}
    assert kept == {each.trial_id for each in made.get_best_trials(2)}
