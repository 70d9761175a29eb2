"""The space of a comparison in KerasTuner's own tuners."""

import keras
import keras_tuner
import pytest

import recipes
from callbacks.checks import InvalidArgument

FACTORS = {"optimizers": ["momentum", "adam"], "regularizers": ["none", "l2"]}


def tuned(trial):
    """The values that a trial has, its choices and KerasTuner's own left out."""
    return {name for name in trial.hyperparameters.values if "." in name}


def expected(trial):
    values = trial.hyperparameters.values
    strengths = {"l2": {"l2.strength"}}.get(values["regularizer"], set())
    return {f"{values['optimizer']}.learning_rate", *strengths}


@pytest.fixture
def options(tmp_path):
    return {"objective": keras_tuner.Objective("val_accuracy", "max"), "directory": tmp_path, "project_name": "stock"}


@pytest.mark.parametrize(
    ("tuner", "more"),
    [
        (keras_tuner.RandomSearch, {"max_trials": 4, "seed": 1}),
        pytest.param(
            *(keras_tuner.Hyperband, {"max_epochs": 4, "hyperband_iterations": 1, "seed": 1}),
            marks=pytest.mark.thorough,
        ),
        pytest.param(
            *(keras_tuner.BayesianOptimization, {"max_trials": 4, "num_initial_points": 2, "seed": 1}),
            marks=pytest.mark.thorough,
        ),
        pytest.param(keras_tuner.GridSearch, {"max_trials": 4, "seed": 1}, marks=pytest.mark.thorough),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.filterwarnings("ignore:The optimal value found")  # of scikit-learn, for so few points
def test_stock_tuners_run_it(tuner, more, classes, tiny, options, monkeypatch):
    monkeypatch.setattr("gc.collect", lambda *given: 0)  # KerasTuner collects before each trial, all of a long test run
    search = tuner(recipes.hypermodel(classes, tiny(learning_rate=None), **FACTORS), **more, **options)
    search.search(classes.train, validation_data=classes.validation, epochs=2, verbose=0)
    trials = list(search.oracle.trials.values())
    assert len(trials) >= 4
    for trial in trials:
        assert trial.status == "COMPLETED"
        assert 0.0 <= trial.score <= 1.0
        assert tuned(trial) >= expected(trial)
    if tuner is keras_tuner.RandomSearch:  # the others fill in what is inactive
        assert all(tuned(trial) == expected(trial) for trial in trials)
        assert {trial.hyperparameters.values["optimizer"] for trial in trials} == {"momentum", "adam"}


def test_what_it_builds_is_the_recipe_at_these_values(classes, tiny):
    hypermodel = recipes.hypermodel(classes, tiny(learning_rate=None), **FACTORS, activations=["relu", "tanh"])
    hp = keras_tuner.HyperParameters()
    hypermodel.build(hp)
    hp.values |= {"optimizer": "adam", "regularizer": "l2", "activation": "tanh"}
    hp.values |= {"adam.learning_rate": 0.0125, "l2.strength": 0.5}
    model = hypermodel.build(hp)
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.0125)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense) and layer.trainable]
    assert all(layer.kernel_regularizer.l2 == pytest.approx(0.25) for layer in dense)
    assert any(
        "tanh" in layer.get_config().get("activation", "") for layer in model.layers if hasattr(layer, "activation")
    )


def test_the_schedule_of_the_recipe_is_followed(classes, tiny):
    hypermodel = recipes.hypermodel(classes, tiny(schedule="linear"), optimizers=["sgd"])
    hp = keras_tuner.HyperParameters()
    model = hypermodel.build(hp)
    history = hypermodel.fit(hp, model, classes.train, validation_data=classes.validation, epochs=3, verbose=0)
    rates = history.history["learning_rate"]
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < rates[0] <= hp.values["sgd.learning_rate"]


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        ({"optimizers": []}, "optimizers must be a list of at least one name"),
        ({"optimizers": ["adm"]}, "did you mean 'adam'"),
        ({"regularizers": ["augmentation"]}, "acts in the input pipeline"),
        ({"layers": ["dense"]}, "unknown factor 'layers'"),
        ({"batch_size": [16, 32]}, "batch_size must be left out"),
    ],
)
def test_what_is_refused(classes, factors, message):
    with pytest.raises(InvalidArgument, match=message):
        recipes.hypermodel(classes, **factors)
