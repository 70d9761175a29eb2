"""What is used of KerasTuner's inside is there and does what is said of it; with another version, see here first."""

import json
import os
import threading
import types

import keras
import keras_tuner
import numpy as np
import pytest

from recipes.tuning import keras_tuner_inside as inside


def build(hp):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 3))])
    model.compile(loss="mse")
    return model


def make_oracle(kind=keras_tuner.oracles.RandomSearchOracle):
    return kind(objective="val_loss", max_trials=2, seed=1)


@pytest.fixture
def tuner(tmp_path):
    return keras_tuner.Tuner(make_oracle(), build, directory=tmp_path, project_name="mine")


@pytest.fixture
def trial(tuner):
    return tuner.oracle.create_trial("worker")


def test_a_model_is_built_and_compiled_as_the_tuner_says(tmp_path, trial):
    tuner = keras_tuner.Tuner(make_oracle(), build, optimizer=keras.optimizers.Nadam(0.5), directory=tmp_path)
    model = inside.build_model(tuner, trial.hyperparameters)
    assert model.output_shape == (None, trial.hyperparameters.get("units"))
    assert isinstance(model.optimizer, keras.optimizers.Nadam)


def test_a_model_is_built_again_with_its_first_names_and_checks(tuner, trial):
    first, second = (inside.rebuild_model(tuner, trial.hyperparameters) for _ in range(2))
    assert first.layers[0].name == second.layers[0].name == "dense"
    tuner.max_model_size = 1
    with pytest.raises(keras_tuner.errors.FailedTrialError):
        inside.rebuild_model(tuner, trial.hyperparameters)
    tuner.hypermodel.build = lambda hp: "no model"
    with pytest.raises(keras_tuner.errors.FatalTypeError):
        inside.rebuild_model(tuner, trial.hyperparameters)


def test_callbacks_are_copied(tuner):
    given = (keras.callbacks.EarlyStopping(patience=7),)
    (copied,) = copies = inside.copy_callbacks(tuner, given)
    assert isinstance(copies, list)
    assert copied is not given[0]
    assert copied.patience == 7
    given[0].lock = threading.Lock()
    with pytest.raises(keras_tuner.errors.FatalValueError, match="deep-copyable"):
        inside.copy_callbacks(tuner, given)


def test_each_training_has_a_folder_for_tensorboard(tuner, trial, tmp_path):
    callbacks = [keras.callbacks.TensorBoard(tmp_path / "logs")]
    inside.set_tensorboard_folders(tuner, callbacks, trial, 3)
    assert callbacks[0].log_dir == os.fspath(tmp_path / "logs" / trial.trial_id / "execution3")
    assert len(callbacks) == 2  # that of the HParams view


def test_the_files_of_weights_and_state_are_those_that_kerastuner_writes(tuner, trial):
    model = inside.build_model(tuner, trial.hyperparameters)
    model.save_weights(inside.weights_path(tuner, trial.trial_id))
    (inside.weights_path(tuner, trial.trial_id).with_name("build_config.json")).write_text("{}")
    again = tuner.load_model(trial)
    np.testing.assert_array_equal(again.layers[0].kernel, model.layers[0].kernel)
    assert not inside.state_path(tuner).is_file()
    tuner.save()
    assert inside.state_path(tuner).is_file()


def test_a_file_that_cannot_be_written_leaves_the_one_before(tuner, trial, monkeypatch):
    inside.keep_state(tuner.oracle)
    tuner.oracle.save()
    tuner.oracle.update_trial(trial.trial_id, {"val_loss": 1.0})
    folder = inside.weights_path(tuner, trial.trial_id).parent
    files = [folder / "trial.json", folder.parent / "oracle.json"]
    before = [path.read_text() for path in files]
    assert json.loads(before[0])["trial_id"] == trial.trial_id
    assert list(json.loads(before[1])["ongoing_trials"]) == ["worker"]
    monkeypatch.setattr(json, "dumps", lambda *_, **_options: (_ for _ in ()).throw(KeyboardInterrupt))
    for write in (tuner.oracle.save, lambda: tuner.oracle.update_trial(trial.trial_id, {"val_loss": 0.5})):
        with pytest.raises(KeyboardInterrupt):
            write()
    assert [path.read_text() for path in files] == before
    monkeypatch.undo()
    tuner.save()
    again = make_oracle()
    keras_tuner.Tuner(again, build, directory=tuner.directory, project_name="mine")
    assert list(again.trials) == [trial.trial_id]


def test_an_oracle_without_files_writes_when_it_is_told(tmp_path):
    class Once(inside.OracleWithoutFiles):
        def populate_space(self, trial_id):
            return {"status": keras_tuner.engine.trial.TrialStatus.RUNNING, "values": {"units": 2}}

    oracle = make_oracle(Once)
    tuner = keras_tuner.Tuner(oracle, build, directory=tmp_path, project_name="mine")
    trial = oracle.create_trial("worker")
    oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
    trial.status = keras_tuner.engine.trial.TrialStatus.COMPLETED
    oracle.end_trial(trial)
    oracle.save()
    assert not list(tmp_path.rglob("trial.json"))
    assert not list(tmp_path.rglob("oracle.json"))
    tuner.save()
    oracle.write()
    again = keras_tuner.Tuner(
        keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=2), build, directory=tmp_path, project_name="mine"
    )
    assert again.oracle.get_best_trials(1)[0].score == 0.5
    assert tuner.oracle.trials.keys() == again.oracle.trials.keys()


@pytest.mark.filterwarnings("ignore:All-NaN axis:RuntimeWarning")  # KerasTuner's, where a loss is no number
def test_a_trial_that_runs_again_has_no_results_of_the_first_time(tmp_path):
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=2, seed=1, max_retries_per_trial=1)
    inside.keep_state(oracle)
    keras_tuner.Tuner(oracle, build, directory=tmp_path, project_name="mine")
    trial = oracle.create_trial("worker")
    oracle.update_trial(trial.trial_id, {"val_loss": np.nan})
    trial.status = keras_tuner.engine.trial.TrialStatus.COMPLETED
    oracle.end_trial(trial)
    again = oracle.create_trial("worker")
    assert again.trial_id == trial.trial_id
    assert not again.metrics.exists("val_loss")
    oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
    again.status = keras_tuner.engine.trial.TrialStatus.COMPLETED
    oracle.end_trial(again)
    assert oracle.get_best_trials(1)[0].score == 0.5


def many_trials(folder, monkeypatch, seconds):
    """An oracle, the function that runs its next trials of 0.1 s each, and how many there were at each writing.

    Args:
        seconds: that the writing of the state takes, by the clock of the test.
    """
    oracle = keras_tuner.oracles.RandomSearchOracle("val_loss", max_trials=60, seed=1)
    inside.keep_state(oracle)
    keras_tuner.Tuner(oracle, wide, directory=folder, project_name="mine")
    get_state, written, now = oracle.get_state, [], [0.0]
    monkeypatch.setattr(inside, "time", types.SimpleNamespace(perf_counter=lambda: now[0]))

    def slow():
        written.append(len(oracle.trials))
        now[0] += seconds
        return get_state()

    monkeypatch.setattr(oracle, "get_state", slow)

    def run(count):
        values = []
        for _ in range(count):
            trial = oracle.create_trial("worker")
            values.append(trial.hyperparameters.values)
            now[0] += 0.1
            oracle.update_trial(trial.trial_id, {"val_loss": 0.5})
            trial.status = keras_tuner.engine.trial.TrialStatus.COMPLETED
            oracle.end_trial(trial)
        return values

    return oracle, run, written


def wide(hp):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(hp.Int("units", 1, 3))])
    hp.Float("rate", 1e-3, 1.0)
    model.compile(loss="mse")
    return model


@pytest.mark.parametrize(("seconds", "expected"), [(0.0, [*range(1, 56)]), (0.048, [1, *range(10, 51, 10)])])
def test_the_state_is_written_as_often_as_it_takes_little_of_the_time(tmp_path, monkeypatch, seconds, expected):
    oracle, run, written = many_trials(tmp_path, monkeypatch, seconds)
    run(55)
    assert sorted({*written}) == expected
    inside.save_state(oracle)
    assert written[-1] == 55
    count = len(written)
    inside.save_state(oracle)
    assert len(written) == count


@pytest.mark.parametrize("seconds", [0.0, 0.048])
def test_a_search_that_is_killed_goes_on_with_the_trials_after_the_state_on_disk(tmp_path, monkeypatch, seconds):
    _, run, _ = many_trials(tmp_path, monkeypatch, seconds)
    values = run(15)
    again, run, _ = many_trials(tmp_path, monkeypatch, 0.0)
    again.reload()
    known = len(again.end_order)
    assert known > 0
    assert (known == 15) == (seconds == 0), "where writing takes long, the last trials are not in the state"
    assert run(20 - known)[: 15 - known] == values[known:]
