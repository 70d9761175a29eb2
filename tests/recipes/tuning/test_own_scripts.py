"""Scripts in the style of public examples: each repeat of a compiled candidate is what a plain Keras loop gives."""

import importlib
import warnings

import keras
import numpy as np
import pytest

import recipes
from callbacks.checks import InvalidArgument
from recipes import Recipe
from recipes.tuning.compare import candidate_arms

pytestmark = pytest.mark.usefixtures("catalogues_restored")

OPTIONS = {"epochs": 2, "trials": 1, "repeats": 2, "tunings": "once", "resplit": False, "verbose": 0}


def script(name):
    return importlib.import_module(f".own_scripts.{name}", __package__)


@pytest.fixture
def compared(monkeypatch, tmp_path):
    """``compared(module)`` runs a script; returns its comparison, candidates and data."""

    def run(module, **options):
        passed = []
        compare = recipes.compare
        monkeypatch.setattr(
            recipes, "compare", lambda *arguments, **rest: passed.extend(arguments) or compare(*arguments, **rest)
        )
        comparison = module.main(**OPTIONS, **options, directory=tmp_path / "search")
        return comparison, *passed

    return run


def plain_score(build, data, seed, one_hot):
    """The test score of a plain Keras script."""
    keras.utils.set_random_seed(seed)
    model = build()
    batches = data.batches("train", seed=seed)
    if one_hot:
        batches = batches.map(lambda x, y: (x, keras.ops.one_hot(y, data.spec.outputs)))
    model.fit(batches, epochs=OPTIONS["epochs"], shuffle=False, verbose=0)
    x, y = data.arrays("test")
    answers = model.predict(x if data.spec.kind != "text" else keras.ops.convert_to_tensor(x.tolist()), verbose=0)
    if data.spec.task == "regression":
        return np.sqrt(np.mean((answers[:, 0] - y) ** 2))
    return np.mean((answers.argmax(axis=1) if answers.shape[1] > 1 else answers[:, 0] > 0.5) == y)


SCRIPTS = {
    "convolutions": {},
    "lstm_texts": {},
    "two_inputs": {},
    "two_outputs": {},
    "subclassed": {},
    "custom_losses": {},
    "pretrained": {},
    "masked": {},
    "sklearn_style": {},
    "py_dataset": {},
    "pipeline": {},
}


@pytest.mark.thorough
@pytest.mark.parametrize("name", SCRIPTS)
def test_repeats_are_those_of_a_plain_loop(name, compared):
    with warnings.catch_warnings():
        if name == "subclassed":
            warnings.filterwarnings("ignore", "the decision was not exported")
        comparison, candidates, data = compared(script(name))
    repeats = comparison.results.stage("confirm")
    assert list(repeats["status"]) == ["finished"] * 2 * len(candidates)
    assert any(sentence.startswith(("Decision", "The reference")) for sentence in comparison.verdict)
    for label, build in candidates.items():
        if isinstance(build, Recipe):
            continue
        row = repeats[repeats["arm"] == label].iloc[1]  # its compiled step is shared with the first
        score = plain_score(build, data, int(row["seed"]), one_hot=name == "convolutions")
        assert row["test_score"] == pytest.approx(score, rel=1e-4), label
    assert (comparison.directory / "best" / "export.json").is_file() == (name != "subclassed")


@pytest.mark.thorough
def test_hyperparameters_of_its_own(compared):
    comparison, *_ = compared(script("hyper_model"))
    assert set(comparison.table()["arm"]) == {"class", "function"}
    assert set(comparison.results.stage("confirm")["status"]) == {"finished"}


@pytest.mark.parametrize(
    ("name", "candidate", "message"),
    [
        ("two_outputs", "two_outputs", "a model with one output for 'arrays', not 2: compare them one at a time"),
        ("sklearn_style", "KerasClassifier", "must be the function that makes its keras.Model"),
    ],
)
def test_what_is_refused_in_a_line(name, candidate, message):
    module = script(name)
    mine = getattr(module, candidate)
    mine = mine() if isinstance(mine, type) else mine
    with pytest.raises(InvalidArgument, match=message) as refused:
        module.main({"mine": mine, "default": Recipe()}, **OPTIONS)
    assert "\n" not in str(refused.value)


def test_a_py_dataset_is_read_by_a_pipeline():
    with pytest.raises(InvalidArgument, match=r"tf\.data\.Dataset") as refused:
        script("py_dataset").main("dataset", **OPTIONS)
    assert "\n" not in str(refused.value)


def test_two_inputs_of_any_names(monkeypatch):
    module, passed = script("two_inputs"), []
    monkeypatch.setattr(recipes, "compare", lambda *arguments: passed.extend(arguments))
    module.main()
    _, data = passed

    def build(image=(8, 8, 1), **names):
        inputs = [keras.Input((4,)), keras.Input(image, name=names.get("name"))]
        joined = keras.layers.Concatenate()([inputs[0], keras.layers.Flatten()(inputs[1])])
        model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(joined))
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    candidates = {"other order": build, "no channel": lambda: build(image=(8, 8))}
    assert [arm.compiled for arm in candidate_arms(candidates, data, Recipe(), False)] == [True, True]
    accepted = (
        r"inputs of shape \{'image': \(8, 8, 1\), 'numbers': \(4,\)\} of 'arrays', not \{.*\(4,\), .*\(9, 9, 1\)\}"
    )
    with pytest.raises(InvalidArgument, match=accepted):
        candidate_arms({"a": build, "b": lambda: build(image=(9, 9, 1))}, data, Recipe(), False)
