"""What is spoiled on purpose is named, what is sound is not, and nothing is changed by looking."""

import random

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from callbacks.inside.loss_facts import chance_losses, data_loss
from callbacks.inside.state import training_state
from recipes.cli import main
from recipes.diagnosis.subject import subject_of

from .patients import SOUND, SPOILED, compiled, dense, digits, network, sound_regression

TIME = 300.0
"""Seconds: a busy machine does not decide what is found."""


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.ordinarily("labels_from_1", "softmax_twice", "cut_off", "raw_pixels", "nan_weights")
@pytest.mark.parametrize("name", SPOILED)
def test_what_is_spoiled_is_named_first(name):
    make, symptom = SPOILED[name]
    diagnosis = recipes.diagnose(*make(), seconds=TIME)
    assert [found.name for found in diagnosis.symptoms][:1] == [symptom], diagnosis


@pytest.mark.thorough
@pytest.mark.parametrize("name", SOUND)
def test_what_is_sound_has_no_symptoms(name):
    diagnosis = recipes.diagnose(*SOUND[name](), seconds=TIME)
    assert diagnosis.healthy, diagnosis
    assert not diagnosis.untried
    assert str(diagnosis).startswith("healthy: nothing was found\nmeasured: first loss ")


def test_the_loss_by_chance_is_the_entropy_with_penalties_or_without():
    x, y = digits()
    model = compiled(network(dense(kernel_regularizer="l2")))
    batch = tuple(map(keras.ops.convert_to_tensor, (x, y)))
    best, even = chance_losses(model, [(*batch, None)])
    shares = np.bincount(y) / len(y)
    assert (best, even) == (pytest.approx(-np.sum(shares * np.log(shares)), rel=1e-5), pytest.approx(np.log(10)))
    output = keras.ops.convert_to_numpy(model(x))
    assert data_loss(model, (*batch, None)) == pytest.approx(-np.log(output[np.arange(len(y)), y]).mean(), rel=1e-4)


def _flat(state):
    leaves = keras.tree.flatten({key: value for key, value in state.items() if key != "random"})
    return [np.asarray(leaf) for leaf in leaves if not isinstance(leaf, str)]


def test_nothing_is_changed():
    model, x, y = sound_regression()
    model.fit(x, y, epochs=1, verbose=0)
    before, settings = training_state(model), (model.steps_per_execution, model.train_function, model.history)
    drawn = random.getstate(), np.random.get_state()[1].tolist()
    diagnosis = recipes.diagnose(model, x, y, seconds=TIME)
    assert diagnosis.healthy, diagnosis
    assert diagnosis.facts["one batch by heart"] < 0.6 * diagnosis.facts["loss by chance"]
    after = training_state(model)
    assert list(after["variables"]) == list(before["variables"])
    assert all(map(np.array_equal, _flat(before), _flat(after)))
    assert (random.getstate(), np.random.get_state()[1].tolist()) == drawn
    assert (model.steps_per_execution, model.train_function, model.history) == settings


def test_what_is_refused(classes):
    x, y = digits()
    for arguments, message in (
        ((network(dense()), x, y), "model must be a compiled Keras model, a recipes.Recipe or a recipes.Run"),
        ((recipes.Recipe(), x, y), "data must be a recipes.Data for a recipe"),
        ((compiled(network(dense())), 3), "data must be"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            recipes.diagnose(*arguments)
    with pytest.raises(InvalidArgument, match="seconds must be a number > 0"):
        recipes.diagnose(recipes.Recipe(), classes, seconds=0)


@pytest.mark.thorough
def test_a_recipe_and_a_run(classes, tiny, saved_run, digits):
    diagnosis = recipes.diagnose(tiny(learning_rate=50.0), classes, seconds=TIME)
    assert [found.name for found in diagnosis.symptoms] == ["learning rate too high"]
    run = recipes.Run.load(saved_run, data=digits)
    assert recipes.diagnose(run, seconds=TIME).healthy
    with pytest.raises(InvalidArgument, match="data must be None for a run"):
        recipes.diagnose(run, digits)


def test_leaks_are_looked_for_by_the_names_of_the_user():
    size = np.arange(200.0)
    columns = {"Größe (cm)": size, "Art": np.where(size % 3, "a", "b")}
    with pytest.warns(UserWarning, match="Größe"):
        data = recipes.Data.from_arrays(columns, np.where(size > 99, "groß", "klein"))
    (leak,) = subject_of(recipes.Recipe(model="tabular"), data, None, None, None, 32).symptoms
    assert leak.name == "column leaks"
    assert "'Größe (cm)' alone predicts the target" in leak.sentence


@pytest.fixture(scope="module")
def with_gaps():
    """A table of people in which numbers are missing, which the default model fills in, and a column is constant."""
    rng = np.random.default_rng(0)
    age, area = rng.normal(50, 15, 300), np.where(rng.random(300) < 0.1, np.nan, rng.normal(50, 10, 300))
    columns = {"Area (m²)": area, "age": age, "kind": np.full(300, "x"), "City": rng.choice(["a", "b"], 300)}
    return columns, np.where(age + rng.normal(0, 5, 300) > 50, "old", "young")


def test_missing_numbers_that_the_model_fills_in_are_no_symptom(with_gaps):
    data = recipes.Data.from_arrays(*with_gaps)
    diagnosis = recipes.diagnose(recipes.Recipe(), data, seconds=1)
    assert [found.name for found in diagnosis.symptoms] == ["constant input"]
    assert "input 'kind' is the same for all" in diagnosis.symptoms[0].sentence
    assert "first loss" in diagnosis.facts  # what comes after the data was looked at


def test_missing_numbers_that_a_model_does_not_take_are_named_as_the_user_does(with_gaps):
    columns, y = with_gaps
    data = recipes.Data.from_arrays(columns, y)
    inputs = {feature.key: keras.Input((1,), name=feature.key, dtype=feature.dtype) for feature in data.spec.features}
    numbers = [value for value in inputs.values() if value.dtype != "string"]
    model = keras.Model(inputs, keras.layers.Dense(1, "sigmoid")(keras.layers.Concatenate()(numbers)))
    model.compile("sgd", "binary_crossentropy")
    diagnosis = recipes.diagnose(model, data, seconds=1)
    named = [found.sentence for found in diagnosis.symptoms if found.name == "NaN in the data"]
    assert len(named) == 1
    assert "input 'Area (m²)' are NaN" in named[0]
    targets = np.where(np.arange(64) == 7, np.nan, np.linspace(0, 1, 64)).astype("float32")[:, None]
    filled = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(keras.ops.nan_to_num)])
    filled.add(keras.layers.Dense(1))
    filled.compile("sgd", "mse")
    x = np.where(np.arange(128).reshape(64, 2) % 9, 1.0, np.nan).astype("float32")
    assert (
        recipes.diagnose(filled, x, targets, seconds=1).symptoms[0].sentence
        == "1 values of the targets are NaN or infinite"
    )


@pytest.mark.thorough
def test_the_command(tmp_path, monkeypatch, capsys, saved_run, data_dir):
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(0).normal(size=(400, 3))
    rows = [f"{a:.3f},{b:.3f},{c:.3f},{'yes' if a + b > 0 else 'no'}" for a, b, c in values]
    (tmp_path / "sums.csv").write_text("a,b,c,large\n" + "\n".join(rows) + "\n")
    for arguments, text in (
        (["sums.csv", "--target", "large"], "0 findings\nmeasured: first loss "),
        (["sums.csv", "--target", "large", "--learning-rate", "900"], "learning rate too high: it is 900, a range"),
        ([str(saved_run), "--data-dir", data_dir], "0 findings\nmeasured: first loss "),
    ):
        with pytest.raises(SystemExit) as left:
            main(["doctor", *arguments, "--seconds", "300"])
        captured = capsys.readouterr()
        assert (left.value.code, captured.err) == (0, "")
        assert text in captured.out
    with pytest.raises(SystemExit) as left:
        main(["doctor", str(saved_run), "--target", "large"])
    assert (left.value.code, "a run has its data and its recipe" in capsys.readouterr().err) == (2, True)
