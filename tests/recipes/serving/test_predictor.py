import dataclasses
import json
import shutil

import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, Run, export, fit, load
from recipes.serving.input_files import load_inputs


@pytest.fixture(scope="module")
def predictor(exported):
    return Predictor(exported)


@pytest.fixture(scope="module")
def small_predictor(tmp_path_factory):
    """``small_predictor(data)``: a Predictor of a network trained on it."""

    def make(data):
        run = fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.1), epochs=2, verbose=0)
        folder = export(run, tmp_path_factory.mktemp("small") / "out")
        predictor = Predictor(folder)
        predictor.folder = f"{folder}/1"
        return run, predictor

    return make


def test_classes_with_their_probabilities(predictor, digits_run, digits):
    x, _ = digits.arrays("test")
    answers = predictor(x)
    expected = digits_run.model.predict(x, verbose=0)
    assert [answer["class"] for answer in answers] == [str(k) for k in expected.argmax(axis=1)]
    np.testing.assert_allclose([a["probability"] for a in answers], expected.max(axis=1), atol=1e-6)
    assert set(answers[0]) == {"class", "probability"}


@pytest.mark.parametrize(
    "reshape",
    [
        lambda x: x[..., 0],  # without the channel
        lambda x: x[:1],
        lambda x: x[0],  # a single one
        lambda x: x[0, ..., 0],
        lambda x: x.astype("int64"),
        lambda x: x[:8],  # as many as rows
        lambda x: x[:8, ..., 0],
    ],
)
def test_shapes_that_are_understood(predictor, digits, reshape):
    x, _ = digits.arrays("test")
    given = reshape(x)
    answers = predictor(given)
    assert len(answers) == given.size // 64
    assert answers == predictor(x[: len(answers)])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros((2, 9, 8, 1), "uint8"), r"\(2, 9, 8, 1\)"),
        (np.zeros((2, 8, 8, 3), "uint8"), r"\(2, 8, 8, 3\)"),
        (np.zeros((2, 64), "uint8"), r"\(2, 64\)"),
        (np.zeros((0, 8, 8, 1), "uint8"), r"\(0, 8, 8, 1\)"),
        (np.uint8(3), r"input=\(\)"),
        (np.zeros((2, 8, 8, 1), "float32"), "float32 from 0.0 to 0.0"),
        (np.full((2, 8, 8, 1), 256), "int64 from 256 to 256"),
        (np.full((2, 8, 8, 1), -1), "int64 from -1 to -1"),
        (np.full((2, 8, 8, 1), "a"), "input='str"),
        (np.zeros((2, 8, 8, 1), bool), "input='bool'"),
    ],
)
def test_inputs_that_do_not_fit(predictor, inputs, message):
    with pytest.raises(InvalidArgument, match=rf"uint8 values of shape \(None, 8, 8, 1\).*{message}"):
        predictor(inputs)


@pytest.mark.thorough
def test_class_names(small_predictor, classes):
    run, predictor = small_predictor(classes)
    x, _ = classes.arrays("test")
    best = run.model.predict(x, verbose=0).argmax(axis=1)
    assert [answer["class"] for answer in predictor(x)] == [("red", "green", "blue")[k] for k in best]
    assert predictor(x[0]) == predictor(x[:1])
    assert predictor(x[0].astype("float64").tolist()) == predictor(x[:1])


@pytest.mark.thorough
def test_binary(small_predictor, binary):
    run, predictor = small_predictor(binary)
    x, _ = binary.arrays("test")
    yes = run.model.predict(x, verbose=0)[:, 0]
    answers = predictor(x)
    assert [answer["class"] for answer in answers] == ["yes" if p > 0.5 else "no" for p in yes]
    assert {answer["class"] for answer in answers} == {"yes", "no"}
    np.testing.assert_allclose([a["probability"] for a in answers], np.maximum(yes, 1 - yes), atol=1e-6)


def test_regression(small_predictor, regression):
    run, predictor = small_predictor(regression)
    x, _ = regression.arrays("test")
    answers = predictor(x)
    np.testing.assert_allclose([a["value"] for a in answers], run.model.predict(x, verbose=0)[:, 0], rtol=1e-5)
    assert set(answers[0]) == {"value"}
    with pytest.raises(InvalidArgument, match=r"float32 values of shape \(None, 5\)"):
        predictor(x[:, :4])


def test_a_saved_model_that_was_copied_elsewhere(exported, digits, tmp_path):
    shutil.copytree(f"{exported}/1", tmp_path / "alone")
    x = digits.arrays("test")[0][:3]
    alone = Predictor(tmp_path / "alone")
    assert alone.spec == digits.spec
    assert alone(x) == Predictor(f"{exported}/1")(x) == Predictor(exported)(x)


def foreign(folder):
    """A SavedModel that this package has not written."""
    module = tf.Module()
    module.double = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None, 2])])
    tf.saved_model.save(module, str(folder), signatures=module.double)


@pytest.mark.parametrize("name", ["nothing", "file", "foreign", "cut", "no variables", "no pb", "cut variables"])
@pytest.mark.ordinarily("nothing", "foreign", "cut", "no variables")
def test_no_saved_model(exported, tmp_path, name):
    path = tmp_path / name
    if name == "file":
        path.write_text("")
    elif name == "foreign":
        foreign(path)
    elif name != "nothing":
        shutil.copytree(f"{exported}/1", path)
    if name == "cut":
        (path / "saved_model.pb").write_bytes((path / "saved_model.pb").read_bytes()[:5000])
    elif name == "no pb":
        (path / "saved_model.pb").unlink()
    elif name == "no variables":
        shutil.rmtree(path / "variables")
    elif name == "cut variables":
        (variables,) = (path / "variables").glob("*data*")
        variables.write_bytes(variables.read_bytes()[:50])
    with pytest.raises(
        InvalidArgument, match=r"^saved_model must be (a directory that recipes|one that TensorFlow)"
    ) as e:
        Predictor(path)
    assert "\n" not in str(e.value)


def test_an_export_of_version_0_1_has_its_spec_beside(digits_run, digits, tmp_path):
    digits_run.model.export(tmp_path / "saved_model", verbose=False)
    (tmp_path / "spec.json").write_text(json.dumps(digits.spec.to_config()))
    x = digits.arrays("test")[0][:3]
    expected = digits_run.model.predict(x, verbose=0)
    assert [answer["class"] for answer in Predictor(tmp_path)(x)] == [str(k) for k in expected.argmax(axis=1)]


def test_many_inputs_are_answered_in_batches(predictor, digits, monkeypatch):
    x = np.concatenate([digits.arrays("train")[0]] * 2)
    sizes = []
    outputs = predictor.outputs
    monkeypatch.setattr(predictor, "outputs", lambda batch: sizes.append(len(batch)) or outputs(batch))
    answers = predictor(x)
    assert sizes == [1024, 1024, len(x) - 2048]
    assert [answer["class"] for answer in answers[:1150]] == [answer["class"] for answer in answers[1150:]]


@pytest.mark.thorough
def test_more_rows_than_answers_that_fit_in_memory_are_refused_at_once(small_predictor):
    x = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
    _, predictor = small_predictor(Data.from_arrays(x, x[:, 0], validation=0.5, task="regression"))
    with pytest.raises(InvalidArgument, match=f"inputs must be fewer rows: .* Received: inputs='{2**45} rows'"):
        predictor(np.broadcast_to(np.float32(0), (2**45, 3)))


def test_images_of_any_size(small_predictor):
    raw = np.random.default_rng(0).integers(0, 256, (30, 6, 5, 1)).astype("uint8")
    data = Data.from_arrays(raw, np.arange(30) // 2 % 2)
    data.spec = dataclasses.replace(data.spec, resized=True)
    run, predictor = small_predictor(data)
    assert run.model.input_shape == (None, None, None, 1)
    yes = run.model.predict(raw[:1], verbose=0)[0, 0]
    for given in (raw[0], raw[0, ..., 0], raw[:1]):
        (answer,) = predictor(given)
        assert answer["probability"] == pytest.approx(max(yes, 1 - yes), abs=1e-6)
    assert len(predictor(np.repeat(np.repeat(raw[:2], 2, axis=1), 2, axis=2))) == 2
    with pytest.raises(InvalidArgument, match=r"uint8 values of shape \(None, None, None, 1\)"):
        predictor(np.zeros((2, 6, 5, 3), "uint8"))


N = np.arange(60)
PASSENGERS = {
    "age": np.where(N % 7 == 0, -1, N),
    "fare": np.where(N % 9 == 0, np.nan, N / 7),
    "home town": np.array(["Ulm", "Köln", ""])[N % 3],
    "alone": N % 5 == 0,
}


@pytest.fixture(scope="module")
def passengers(small_predictor):
    """A run on records, and its Predictor."""
    y = np.stack([N // 2 % 2, np.ones(60, int), N * 0], axis=1)
    return small_predictor(Data.from_arrays(PASSENGERS, y, class_names=("glad", "here", "never")))


def test_several_classes_from_records(passengers):
    run, predictor = passengers
    x, _ = run.data.arrays("test")
    expected = run.model.predict({name: tf.constant(values) for name, values in x.items()}, verbose=0)
    answers = predictor(x)
    for answer, row in zip(answers, expected, strict=True):
        assert set(answer) == {"classes", "probabilities"}
        assert answer["classes"] == [name for name, p in zip(("glad", "here", "never"), row, strict=True) if p > 0.5]
        np.testing.assert_allclose(list(answer["probabilities"].values()), row, atol=1e-6)
        assert list(answer["probabilities"]) == ["glad", "here", "never"]
    one = {name: values[0] for name, values in x.items()}
    assert same(predictor(one), answers[:1])
    assert same(predictor([one, one]), answers[:1] * 2)
    assert same(predictor(pandas.DataFrame(x)), answers)


def same(first, second):
    """Whether answers are the same, but for the rounding that differs with the size of the batch."""
    return all(
        one["classes"] == other["classes"] and one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)
        for one, other in zip(first, second, strict=True)
    )


def test_records_from_files(passengers, tmp_path):
    run, predictor = passengers
    x, _ = run.data.arrays("test")
    expected = predictor(x)
    frame = pandas.DataFrame(x)[["alone", "home_town", "fare", "age"]]
    frame["age"] = frame["age"].where(frame["age"] >= 0, None)
    frame.rename(columns={"home_town": "home town"}).to_csv(tmp_path / "x.csv", index=False)
    assert ",," in (tmp_path / "x.csv").read_text()
    assert same(predictor(load_inputs(tmp_path / "x.csv", predictor.spec)), expected)
    frame.to_json(tmp_path / "x.jsonl", orient="records", lines=True)
    assert "null" in (tmp_path / "x.jsonl").read_text()
    assert same(predictor(load_inputs(tmp_path / "x.jsonl", predictor.spec)), expected)
    frame.drop(columns="age").assign(boat=1).to_csv(tmp_path / "y.csv", index=False)
    with pytest.raises(InvalidArgument, match="Received: input='missing: age; unknown: boat'"):
        predictor(load_inputs(tmp_path / "y.csv", predictor.spec))


def test_records_from_a_saved_model_that_was_copied_elsewhere(passengers, tmp_path):
    run, predictor = passengers
    shutil.copytree(predictor.folder, tmp_path / "alone")
    x, _ = run.data.arrays("test")
    assert same(Predictor(tmp_path / "alone")(x), predictor(x))


DESCRIBE = """
import sys
import tensorflow as tf

facts = tf.saved_model.load(sys.argv[1]).signatures["describe"]()
print(facts["task"].numpy().decode(), *([name.decode() for name in facts[key].numpy()] for key in sys.argv[2:]))
print([name for name in sys.modules if name.split(".")[0] in ("recipes", "callbacks")])
"""


def test_tensorflow_alone_reads_task_classes_and_columns(passengers, python, tmp_path):
    _, predictor = passengers
    printed = python(DESCRIBE, predictor.folder, "class_names", "columns", "arguments", cwd=tmp_path)
    columns = "['age', 'fare', 'home town', 'alone'] ['age', 'fare', 'home_town', 'alone']"
    assert printed.splitlines()[-2:] == [f"multilabel ['glad', 'here', 'never'] {columns}", "[]"]


@pytest.mark.thorough
def test_several_numbers(small_predictor):
    y = np.stack([N * 2.0, 500 - N], axis=1)
    run, predictor = small_predictor(Data.from_arrays({"n": N, "m": N[::-1]}, y))
    x, _ = run.data.arrays("test")
    answers = predictor(x)
    expected = run.model.predict({name: tf.constant(values) for name, values in x.items()}, verbose=0)
    np.testing.assert_allclose([answer["values"] for answer in answers], expected, rtol=1e-5)
    assert {tuple(answer) for answer in answers} == {("values",)}


@pytest.mark.thorough
def test_texts(small_predictor, tmp_path):
    texts = [f"{'good' if i % 2 else 'bad'} film, number {i}" for i in range(60)]
    run, predictor = small_predictor(Data.from_arrays(texts, N % 2, class_names=("no", "yes")))
    answers = predictor(texts[:2])
    yes = run.model.predict(tf.constant(texts[:2]), verbose=0)[:, 0]
    np.testing.assert_allclose([answer["probability"] for answer in answers], np.maximum(yes, 1 - yes), atol=1e-6)
    (tmp_path / "x.txt").write_text("\n".join(texts[:2]) + "\n")
    assert predictor(load_inputs(tmp_path / "x.txt", predictor.spec)) == answers
    assert predictor(texts[0])[0]["class"] == answers[0]["class"]
    assert np.isfinite(predictor([""])[0]["probability"])


@pytest.mark.thorough
def test_sequences(small_predictor, tmp_path):
    random = np.random.default_rng(0)
    steps = [random.normal(size=(1 + i % 4, 2)).astype("float32") for i in range(60)]
    run, predictor = small_predictor(Data.from_arrays(steps, N / 7))
    assert run.data.spec.features[0].padding == 0.0
    answers = np.array([answer["value"] for answer in predictor(steps[:8])])
    by_one = np.array([predictor(each)[0]["value"] for each in steps[:8]])
    np.testing.assert_allclose(answers, by_one, rtol=1e-4, atol=1e-4)
    np.save(tmp_path / "x.npy", np.stack([each for each in steps if len(each) == 3][:2]))
    (tmp_path / "x.json").write_text(json.dumps([each.tolist() for each in steps if len(each) == 3][:2]))
    read = [predictor(load_inputs(tmp_path / name, predictor.spec)) for name in ("x.npy", "x.json")]
    assert read[0] == read[1]
    assert len(read[0]) == 2


@pytest.mark.parametrize("options", [{"image_size": (4, 5)}, {"folds": 3}, {"target": "label", "validation": 0.25}])
@pytest.mark.ordinarily("options2")
def test_a_saved_run_gets_its_data_back(options, data_dir, tmp_path):
    folds = options.get("folds")
    options = {name: value for name, value in options.items() if name != "folds"}
    data = load("digits", data_dir=data_dir, seed=2, batch_size=64, **options)
    data = data if folds is None else data.folds(folds)[1]
    run = fit(data, Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.01), epochs=1, verbose=0)
    again = Run.load(run.save(tmp_path / "run"), data_dir=data_dir)
    assert again.data.fingerprint == data.fingerprint
    assert again.data.settings == data.settings
    assert again.data.spec == data.spec
    assert again.evaluate() == pytest.approx(run.evaluate())
