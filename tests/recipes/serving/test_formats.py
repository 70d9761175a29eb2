"""Other formats than a SavedModel: the same answers, in each format's own runtime, or one line that says why not."""

import functools
import json
import re
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, Recipe, export, fit, load_run
from recipes.environment import install_command
from recipes.serving import export as exporting
from recipes.serving.agreement import changed
from recipes.serving.formats import catalogue, litert, onnx
from recipes.serving.formats.catalogue import FORMATS
from recipes.serving.formats.refusal import Refused

X = np.random.default_rng(0).normal(5.0, [3.0, 0.1, 20.0, 1.0], (300, 4)).astype("float32")
Z = (X - X.mean(axis=0)) / X.std(axis=0)
N = np.arange(300)
TOWNS = np.array(["Ulm", "Köln", "Bonn"])[N % 3]


def table():
    """With missing values, and columns in unlike units."""
    x = X.copy()
    x[::7, 1] = np.nan
    return Data.from_arrays(x, Z[:, :3].argmax(axis=1), class_names=("a", "b", "c"), feature_names=tuple("pqrs"))


def pictures():
    x = np.random.default_rng(1).integers(0, 90, (300, 8, 8, 1)).astype("uint8")
    x[::2, :4] += 100
    return Data.from_arrays(x, N % 2, class_names=("below", "above"))


def records():
    """Strings, integers as categories, a column whose name is no identifier."""
    x = {"age": X[:, 0].astype(float), "home town": TOWNS, "code": N % 5 * 10**9}
    y = np.stack([Z[:, 0] + Z[:, 1] > 0, (N % 3 == 0) ^ (N % 10 == 0), (N % 5 > 2) ^ (N % 7 == 0)], axis=1).astype(int)
    return Data.from_arrays(x, y, class_names=("old", "from Ulm", "high"))


def units():
    """Three targets of very unlike scales."""
    y = (Z[:, :3] + Z[:, 1:]) * [1e-5, 1.0, 1e6] + [3e-5, 50.0, 1e7]
    return Data.from_arrays(X, y, feature_names=tuple("pqrs"))


def sequences():
    x = np.random.default_rng(2).normal(size=(300, 6, 3)).astype("float32")
    return Data.from_arrays(x, (x[:, :, 0].mean(axis=1) > 0).astype(int))


def walks():
    """Sequences of unlike lengths."""
    random = np.random.default_rng(2)
    return Data.from_arrays([random.normal(size=(4 + i % 3, 3)).astype("float32") for i in range(300)], N % 2)


def texts():
    return Data.from_arrays([f"{'good' if i % 2 else 'bad'} film {i % 7}" for i in range(300)], N % 2)


KINDS = {
    "table": table,
    "pictures": pictures,
    "records": records,
    "units": units,
    "sequences": sequences,
    "walks": walks,
    "texts": texts,
}
MODELS = {"pictures": {"name": "cnn", "filters": (4,)}, "sequences": {"name": "rnn", "units": (4,)}}
MODELS |= {"walks": MODELS["sequences"], "texts": {"name": "text"}, "records": {"name": "tabular", "hidden": (8,)}}
REFUSED = {
    ("walks", "litert"): "it has no loops over a number of steps that varies",
    ("walks", "litert_int8"): "it has no loops over a number of steps that varies",
    **{("texts", name): "the inputs are texts, which are taken apart by operations that only" for name in FORMATS},
}


@pytest.fixture(scope="module")
def run_on():
    """``run_on("table")``: a short training on data of this kind."""

    @functools.cache
    def train(kind):
        recipe = Recipe(model=MODELS.get(kind, {"name": "mlp", "hidden": (8,)}), learning_rate=0.05)
        return fit(KINDS[kind](), recipe, epochs=4, verbose=0)

    return train


def written(run, folder, *formats):
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(exporting, "warn", lambda text: None)
        return json.loads(Path(export(run, folder, formats=("saved_model", *formats)), "export.json").read_text())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.ordinarily("table-onnx", "units-litert_int8")
def test_the_same_answers_or_a_reason(run_on, kind, name, tmp_path):
    facts = written(run_on(kind), tmp_path / "out", name)
    if (kind, name) in REFUSED:
        assert facts["refused"][name].startswith(REFUSED[kind, name])
        assert not (tmp_path / "out" / FORMATS[name].file).exists()
        assert (tmp_path / "out" / "1" / "saved_model.pb").exists()
        return
    assert not facts["refused"]
    found = facts["checked"]["formats"][name]
    assert found.get("largest_difference", 0) < 2e-5
    assert found.get("changed", 0) <= 0.02


@pytest.mark.thorough
def test_a_file_alone_says_what_it_answers(run_on, tmp_path):
    """What the guide shows, with the runtimes and NumPy alone, against ``predict``."""
    import onnxruntime
    from ai_edge_litert.interpreter import Interpreter

    run = run_on("records")
    written(run, tmp_path / "out", "litert", "onnx")
    raw = {
        "age": np.array([61.5, 4.0]),
        "home_town": np.array(["Ulm", "Rome"], object),
        "code": np.array([0, 4 * 10**9]),
    }
    expected = run.model.predict_on_batch({name: keras.ops.convert_to_tensor(raw[name]) for name in raw})

    session = onnxruntime.InferenceSession(tmp_path / "out" / "model.onnx")
    meta = session.get_modelmeta().custom_metadata_map
    assert json.loads(meta["class_names"]) == ["old", "from Ulm", "high"]
    assert (
        dict(zip(json.loads(meta["columns"]), json.loads(meta["arguments"]), strict=True))["home town"] == "home_town"
    )
    assert (meta["task"], session.get_inputs()[0].shape, session.get_outputs()[0].name) == (
        *("multilabel", ["batch"], "probabilities"),
    )
    np.testing.assert_allclose(session.run(["probabilities"], raw)[0], expected, atol=1e-6)

    file = tmp_path / "out" / "model.tflite"
    with zipfile.ZipFile(file) as archive:
        assert archive.read("labels.txt").decode().splitlines() == ["old", "from Ulm", "high"]
        assert json.loads(archive.read("description.json"))["task"] == "multilabel"
    runner = Interpreter(str(file)).get_signature_runner("serving_default")
    raw["home_town"] = np.array([b"Ulm", b"Rome"])
    np.testing.assert_allclose(runner(**raw)["probabilities"], expected, atol=1e-6)


@pytest.mark.thorough
def test_small_probabilities_are_right_in_onnx(tmp_path):
    """ONNX Runtime's own Sigmoid gives 6.1e-6 for 6.2e-6, and 0 below 1.5e-8."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Activation("sigmoid")])
    logits = np.arange(-40, 40, dtype="float32")[:, None]
    data = Data.from_arrays(np.tile(logits, (3, 1)), np.tile(logits[:, 0] > 3, 3).astype(int), duplicates="ignore")
    onnx.write_onnx(model, data.spec, tmp_path / "model.onnx", None)
    answers = onnx.Onnx(tmp_path / "model.onnx").outputs(logits)
    np.testing.assert_allclose(answers, 1 / (1 + np.exp(-logits.astype(float))), rtol=1e-5)


@pytest.mark.thorough
def test_scales_are_no_part_of_int8_kernels(tmp_path):
    """The converter would merge them with the last layer, whose two smaller outputs then are constant."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Normalization(mean=X.mean(axis=0), variance=X.var(axis=0)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dense(3),
            keras.layers.Rescaling([1e-5, 1.0, 1e6]),
        ]
    )
    spec = units().spec
    litert.write_litert_int8(model, spec, tmp_path / "model.tflite", X[:100])
    answers = litert.LiteRT.read(tmp_path / "model.tflite").outputs(X)
    assert changed(answers, model.predict_on_batch(X), "regression") < 0.005


@pytest.mark.thorough
def test_a_saved_run_holds_what_int8_needs(run_on, tmp_path):
    directory = run_on("units").save(tmp_path / "run")
    facts = written(directory, tmp_path / "out", "litert_int8")
    assert facts["checked"]["formats"]["litert_int8"]["changed"] < 0.02
    (tmp_path / "run" / "calibration.npz").unlink()
    with pytest.raises(
        InvalidArgument, match="litert_int8: it needs training inputs, which the saved run does not hold"
    ):
        export(directory, tmp_path / "old", formats="litert_int8")
    assert not (tmp_path / "old").exists()


@pytest.mark.thorough
def test_what_answers_otherwise_is_not_left_behind(run_on, tmp_path, monkeypatch):
    convert = onnx.converted

    def without_scale(folder):
        proto = convert(folder)
        for node in proto.graph.node:
            if node.op_type == "IsNaN":
                node.op_type = "IsInf"
        return proto

    monkeypatch.setattr(onnx, "converted", without_scale)
    with pytest.warns(UserWarning, match="not exported as onnx: onnx differs from the trained model in output of 'a'"):
        export(run_on("table"), tmp_path / "out", formats=("onnx", "saved_model"))
    assert not (tmp_path / "out" / "model.onnx").exists()
    assert (tmp_path / "out" / "1").exists()
    with pytest.raises(InvalidArgument, match=r"formats must be one that can hold the model; onnx: onnx differs"):
        export(run_on("table"), tmp_path / "none", formats=["onnx"])
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "'tf.UnicodeDecode' op is neither\n'tf.Bincount' op is neither",
            "it lacks the operations Bincount, UnicodeDecode",
        ),
        ("loc(callsite): something else", "its converter fails: something else"),
    ],
)
def test_a_converter_that_lacks_an_operation_is_told_in_a_line(text, message):
    def fail():
        raise RuntimeError(text)

    with pytest.raises(Refused, match=f"^{message}$"):
        litert.in_refusals(fail)


def test_mixed_precision_is_refused(tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    run = fit(pictures(), Recipe(model={"name": "mlp", "hidden": (4,)}, learning_rate=0.05), epochs=1, verbose=0)
    reason = "litert, onnx: the model computes in bfloat16, which its runtime rounds in other places"
    with pytest.warns(UserWarning, match=f"^not exported as {reason}"):
        export(run, tmp_path / "out", formats=("saved_model", "litert", "onnx"))


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        ("onxx", "formats must be one of 'saved_model', 'litert', 'litert_int8', 'onnx'"),
        ([], "at least one of saved_model, litert, litert_int8, onnx"),
    ],
)
def test_unknown_formats(run_on, formats, message, tmp_path):
    with pytest.raises(InvalidArgument, match=message):
        export(run_on("table"), tmp_path / "out", formats=formats)


def test_what_is_notis_installed_is_named_with_its_command(run_on, tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "is_installed", lambda module: module != "tf2onnx")
    with pytest.raises(InvalidArgument, match=re.escape(install_command("onnx"))):
        export(run_on("table"), tmp_path / "out", formats=("saved_model", "onnx"))
    assert not list(tmp_path.iterdir())


@pytest.mark.thorough
def test_the_trained_model_is_not_changed(run_on, tmp_path):
    run = run_on("sequences")
    written(run, tmp_path / "out", "litert")
    (layer,) = [layer for layer in run.model.layers if isinstance(layer, keras.layers.RNN)]
    assert not layer.unroll
    assert "call" not in vars(layer)


@pytest.mark.thorough
def test_the_answers_of_a_run_that_was_loaded(run_on, tmp_path):
    data = table()
    run_on("table").save(tmp_path / "run")
    facts = written(load_run(tmp_path / "run", data=data), tmp_path / "out", "litert", "onnx")
    assert not facts["refused"]
