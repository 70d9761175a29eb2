"""Columns of every odd name, in one table, through every door: each must give the same answers."""

import csv
import json

import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit
from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.description import inference_table
from recipes.models import tabular
from recipes.serving.conversion import fitted
from recipes.serving.input_files import load_inputs

COUNT = 160
RANDOM = np.random.default_rng(0)
NUMBERS = [
    *(
        "pH",
        "Größe",
        "年龄",
        "x__",
        "🙂",
        "a/b",
        "a_b",
        "a.b",
        "nested.inner",
        "citric acid (g/l)",
        " lead",
        'say "a", b',
    ),
    *("lambda", "None", "Class", "self", "record", "outputs", "columns", "inputs", "training", "name", "dense", "sum"),
    *("age", "Age_embedding", "2nd", "_x", "%", "$", "loss", "tab\tx"),
    *("Ph", "5", "1.5", "args", "kwargs", "cancellation_manager", "mask", "probability", "n" * 300),
]
TEXTS = ["class", "Age"]
CLASSES = ("a/b, c", "年")


@pytest.fixture(scope="module")
def columns():
    """The raw table: numbers, a category that is one-hot and one of 40 values, which is embedded."""
    numbers = {name: RANDOM.normal(place, 2.0, COUNT) for place, name in enumerate(NUMBERS)}
    some = np.array(["B", "A", "ç"], object)[RANDOM.integers(0, 3, COUNT)]
    many = np.array([f"v{number % 40}" for number in RANDOM.permutation(COUNT)], object)
    return {"class": some, **numbers, "Age": many}


@pytest.fixture(scope="module")
def run(columns):
    y = np.array(CLASSES, object)[(columns["pH"] + RANDOM.normal(size=COUNT) > 0).astype(int)]
    data = Data.from_arrays(columns, y, batch_size=16)
    return fit(data, Recipe(model={"name": "tabular", "hidden": (4,)}, learning_rate=0.01), epochs=1, verbose=0)


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    return export(run, tmp_path_factory.mktemp("odd") / "out")


@pytest.fixture(scope="module")
def rows(columns):
    return {name: values[:6] for name, values in columns.items()}


@pytest.fixture(scope="module")
def expected(run, rows):
    """The model's own answers, its inputs by place instead of by name."""
    raw = {
        feature.key: tf.constant(rows[name], feature.dtype)
        for name, feature in zip(rows, run.data.spec.features, strict=True)
    }
    answers = np.asarray(run.model(raw, training=False))[:, 0]
    assert np.ptp(answers) > 0.01
    return answers


def check(answers, expected):
    found = [each["probability"] if each["class"] == CLASSES[1] else 1 - each["probability"] for each in answers]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_spec_has_the_users_names_and_json_both(run, exported, columns):
    spec = run.data.spec
    assert [feature.name for feature in spec.features] == list(columns)
    assert spec.class_names == CLASSES
    with open(f"{exported}/spec.json", encoding="utf-8") as file:
        config = json.load(file)
    assert [each["name"] for each in config["features"]] == list(columns)
    assert {each["name"]: each["input"] for each in config["features"]} == spec.names.inner
    assert Spec.from_config(config) == spec


def test_a_data_frame_is_the_same_as_a_dictionary(run, columns):
    y = np.arange(COUNT) % 2
    for frame in (pandas.DataFrame(columns), pandas.DataFrame(columns)[list(columns)[::-1]]):
        spec = Data.from_arrays(frame, y).spec
        assert [feature.name for feature in spec.features] == list(frame.columns)
        assert set(spec.names.inner) == set(run.data.spec.names.inner)


def test_messages_and_tables_have_the_users_names(run, exported, rows):
    table = inference_table(run.data)
    assert [*table.columns[0].cells][:-1] == list(rows)
    with pytest.raises(InvalidArgument, match=r"x\['citric acid \(g/l\)'\] must be finite"):
        Data.from_arrays({"citric acid (g/l)": [1.0, np.inf]}, [0, 1])
    odd = {**rows, "Größe": ["tall"] * 6}
    with pytest.raises(InvalidArgument, match=r"input\['Größe'\] must be numbers"):
        Predictor(exported)(odd)
    with pytest.raises(InvalidArgument, match=r"missing: 年龄; unknown: 年齢"):
        Predictor(exported)({name.replace("龄", "齢"): values for name, values in rows.items()})


def test_a_saved_run(run, rows, expected, tmp_path):
    folder = run.save(tmp_path / "run")
    with open(f"{folder}/spec.json", encoding="utf-8") as file:
        spec = Spec.from_config(json.load(file))
    model = keras.models.load_model(f"{folder}/model.keras")
    raw = {name: tf.constant(values) for name, values in spec.names.to_model(rows).items()}
    np.testing.assert_allclose(np.asarray(model(raw, training=False))[:, 0], expected, atol=1e-6)


def test_a_plain_saved_model(run, exported, rows, expected):
    served = tf.saved_model.load(f"{exported}/1")
    names = run.data.spec.names
    kinds = {feature.name: feature.dtype for feature in run.data.spec.features}
    raw = {name: tf.constant(values, kinds[name]) for name, values in rows.items()}
    np.testing.assert_allclose(np.asarray(served.serve(names.to_model(raw)))[:, 0], expected, atol=1e-6)
    signature = served.signatures["serving_default"]
    assert set(signature.structured_input_signature[1]) == set(names.arguments.values())
    (answers,) = signature(**{names.arguments[name]: values for name, values in raw.items()}).values()
    np.testing.assert_allclose(np.asarray(answers)[:, 0], expected, atol=1e-6)
    with open(f"{exported}/export.json", encoding="utf-8") as file:
        assert json.load(file)["arguments"] == names.arguments


def test_python_values(run, exported, rows, expected):
    predictor = Predictor(exported)
    records = [{name: values[place] for name, values in rows.items()} for place in range(6)]
    nested = [{**record, "nested": {"inner": record["nested.inner"]}} for record in records]
    for record in nested:
        del record["nested.inner"]
    check(predictor(rows), expected)
    check(predictor(records), expected)
    check(predictor(nested), expected)
    check(predictor(records[2]), expected[2:3])
    check(predictor(pandas.DataFrame(rows)), expected)
    check(predictor(dict(reversed(rows.items()))), expected)
    check(predictor(run.data.spec.names.to_model(rows)), expected)


@pytest.mark.parametrize("reverse", [pytest.param(False, marks=pytest.mark.thorough), True])
@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl"])
@pytest.mark.ordinarily(".csv")
def test_files(exported, rows, expected, tmp_path, suffix, reverse):
    file = tmp_path / f"rows{suffix}"
    names = list(reversed(rows)) if reverse else list(rows)
    records = [{name: rows[name][place] for name in names} for place in range(6)]
    with open(file, "w", encoding="utf-8-sig" if suffix == ".csv" and reverse else "utf-8", newline="") as out:
        if suffix == ".csv":
            writer = csv.DictWriter(out, names)
            writer.writeheader()
            writer.writerows(records)
        elif suffix == ".json":
            json.dump(records, out, ensure_ascii=reverse)
        else:
            out.writelines(json.dumps(record) + "\n" for record in records)
    predictor = Predictor(exported)
    check(predictor(load_inputs(file, predictor.spec)), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/b,a/b\n1,2\n", "columns 1 and 2 are both 'a/b'"),
        ("a/b,\n1,2\n", "a name in every column, but column 2 has none"),
    ],
)
def test_a_column_that_is_there_twice_or_has_no_name(exported, tmp_path, text, message):
    predictor = Predictor(exported)
    assert predictor.spec.names.inner["a/b"] == "a_b_3"
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(InvalidArgument, match=message):
        load_inputs(tmp_path / "x.csv", predictor.spec)


def number(name):
    return {"name": name, "kind": "number", "shape": [], "dtype": "float32", "mean": [0.0], "variance": [1.0]}


@pytest.mark.thorough
def test_an_export_of_before(tmp_path):
    """Its spec.json has the names that a SavedModel could have, and nothing of what they were made of."""
    features = [number("citric_acid__g_l_"), number("a.b"), number("pH"), number("2nd"), number("x_y")]
    config = {"name": "some", "kind": "tabular", "task": "regression", "input_shape": [], "input_dtype": "record"}
    config |= {"outputs": 1, "target_mean": 0.0, "target_variance": 1.0, "features": features}
    inputs = {each["name"]: keras.Input((), name=each["name"]) for each in features}
    x = keras.layers.Add()([2.0**place * tensor for place, tensor in enumerate(inputs.values())])
    keras.Model(inputs, keras.ops.expand_dims(x, -1)).export(tmp_path / "saved_model", verbose=False)
    (tmp_path / "spec.json").write_text(json.dumps(config))
    (tmp_path / "rows.csv").write_text("2nd,_y,a.b,citric acid (g/l),pH\n1,1,1,1,1\n1,0,0,1,0\n")
    predictor = Predictor(tmp_path)
    for inputs in (
        load_inputs(tmp_path / "rows.csv", predictor.spec),
        [
            dict.fromkeys(["citric_acid__g_l_", "a.b", "pH", "2nd", "x_y"], 1),
            {"a": {"b": 0}, "2nd": 1, "pH": 0} | dict(zip(["citric acid [g/l]", "_y"], [1, 0], strict=True)),
        ],
    ):
        assert [answer["value"] for answer in predictor(inputs)] == [31.0, 9.0]
    tabular(predictor.spec)  # a model of the same inputs
    assert set(tabular(predictor.spec).input) == {each["name"] for each in features}


@pytest.mark.thorough
def test_data_for_a_model_of_before():
    data = Data.from_arrays(
        {"a b": np.arange(40.0), "9 c": np.arange(40.0) % 7, "class": np.arange(40.0) % 5}, np.arange(40) % 2
    )
    old = data.spec.to_config()
    for each, name in zip(old["features"], ["a_b", "9_c", "class"], strict=True):
        each["name"] = name
        del each["input"]
    same = data.with_names(Spec.from_config(old))
    assert list(same.arrays("test")[0]) == ["a_b", "9_c", "class"]
    assert [feature.name for feature in same.spec.features] == ["a b", "9 c", "class"]
    assert same.fingerprint == data.fingerprint
    assert data.with_names(data.spec) is data
    other = Spec.from_config({**old, "features": old["features"][:2]})
    with pytest.raises(InvalidArgument, match="spec must be one of records with a b, 9 c, class"):
        data.with_names(other)
    assert Feature("a", "number", mean=(0,), variance=(1,)).key == "a"


@pytest.mark.thorough
def test_a_table_of_numbers_goes_by_names_at_every_door():
    x = RANDOM.normal([0, 5, -5], 1.0, (60, 3)).astype("float32")
    frame = pandas.DataFrame(x, columns=["a/b", "a_b", "年龄"])
    other = frame[["年龄", "a/b", "a_b"]]
    data = Data.from_arrays(frame, np.arange(60) % 2, x_test=other[:9], y_test=np.arange(9) % 2, duplicates="ignore")
    np.testing.assert_array_equal(data.arrays("test")[0], x[:9])
    with pytest.raises(InvalidArgument, match=r"x_test must be columns a/b, a_b, .*='missing: a/b; unknown: c'"):
        Data.from_arrays(frame, np.arange(60) % 2, x_test=other.rename(columns={"a/b": "c"}), y_test=np.arange(60) % 2)
    taken = {"inputs": ((3,), np.dtype("float32"))}
    for inputs in (frame, other, other.to_dict("records"), other.to_dict("list"), x, pandas.DataFrame(x)):
        np.testing.assert_array_equal(fitted(inputs, taken, data.spec)["inputs"], x)
    np.testing.assert_array_equal(fitted(other.to_dict("records")[0], taken, data.spec)["inputs"], x[:1])
    with pytest.raises(InvalidArgument, match="missing: a/b; unknown: c"):
        fitted(frame.rename(columns={"a/b": "c"}), taken, data.spec)
    with pytest.raises(InvalidArgument, match=r"input\['a_b'\] must be numbers"):
        fitted({"a/b": 1, "a_b": "many", "年龄": 2}, taken, data.spec)


@pytest.fixture(scope="module")
def table_run():
    """A table of numbers, of every odd name, and a training on it."""
    names = [*NUMBERS, *TEXTS]
    frame = pandas.DataFrame(RANDOM.normal(range(len(names)), 2.0, (COUNT, len(names))), columns=names)
    y = np.array(CLASSES, object)[(frame["pH"] + RANDOM.normal(size=COUNT) > 0).astype(int)]
    shuffled = frame[RANDOM.permutation(names)]
    data = Data.from_arrays(frame, y, x_test=shuffled[:40], y_test=y[:40], duplicates="ignore", batch_size=16)
    return frame, fit(data, Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.01), epochs=1, verbose=0)


def test_a_table_of_every_odd_name_from_arrays_to_served_predictions(table_run, tmp_path):
    frame, run = table_run
    raw = frame.to_numpy("float32")
    np.testing.assert_array_equal(run.data.arrays("test")[0], raw[:40])
    expected = np.asarray(run.model(raw[:6], training=False))[:, 0]
    assert np.ptp(expected) > 0.01
    saved = run.save(tmp_path / "run")
    with open(f"{saved}/spec.json", encoding="utf-8") as file:
        assert Spec.from_config(json.load(file)).feature_names == tuple(frame.columns)
    model = keras.models.load_model(f"{saved}/model.keras")
    np.testing.assert_allclose(np.asarray(model(raw[:6], training=False))[:, 0], expected, atol=1e-6)
    folder = export(run, tmp_path / "out")
    with open(f"{folder}/export.json", encoding="utf-8") as file:
        order = json.load(file)["columns"]
    rows = frame[:6][RANDOM.permutation(frame.columns)]
    served = tf.saved_model.load(f"{folder}/1")  # as a process without this package does
    answers = served.serve(tf.constant(rows[order].to_numpy("float32")))
    np.testing.assert_allclose(np.asarray(answers)[:, 0], expected, atol=1e-5)
    predictor = Predictor(folder)
    for inputs in (rows, rows.to_dict("list"), rows.to_dict("records"), raw[:6], pandas.DataFrame(raw[:6])):
        check(predictor(inputs), expected)
    check(predictor(rows.iloc[2].to_dict()), expected[2:3])
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows.to_json(tmp_path / "rows.json", orient="records", double_precision=15)
    for name in ("rows.csv", "rows.json"):
        check(predictor(load_inputs(tmp_path / name, predictor.spec)), expected)
    with pytest.raises(InvalidArgument, match="input='missing: 年龄; unknown: 年齢'"):
        predictor(rows.rename(columns={"年龄": "年齢"}))


def test_a_model_name_beside_the_users_is_unknown():
    frame = pandas.DataFrame({"a/b": [1.0], "c": [2.0]})
    data = Data.from_arrays(pandas.concat([frame] * 40), np.arange(40) % 2)
    taken = {"inputs": ((2,), np.dtype("float32"))}
    with pytest.raises(InvalidArgument, match="input='unknown: a_b'"):
        fitted(frame.assign(a_b=3.0), taken, data.spec)


def test_class_names_are_unique():
    with pytest.raises(InvalidArgument, match="class_names must be 2 strings, all different"):
        Data.from_arrays(np.arange(40.0)[:, None], np.arange(40) % 2, class_names=["a", "a"])
