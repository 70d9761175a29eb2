"""Exported files in processes that have one runtime alone: the labels of ``recipes predict`` for 100 raw records."""

import csv
import json
import subprocess
import sys

import numpy as np
import pytest

import recipes
from recipes import Data, Recipe

BLOCKED = "import sys; sys.modules.update(dict.fromkeys({}))\n"
"""Modules that the process cannot import."""

READ = """
import csv, json
import numpy as np

with open("rows.csv", newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
TYPES = {"age": float, "rooms": int, "home town": str}
columns = {
    name: np.array([kind(row[name]) for row in rows], object if kind is str else kind) for name, kind in TYPES.items()
}
"""

ALONE = {
    "tensorflow": """
import tensorflow as tf

served = tf.saved_model.load("out/1")
described = {name: value.numpy() for name, value in served.signatures["describe"]().items()}
names = [name.decode() for name in described["class_names"]]
columns_of, arguments_of = ([name.decode() for name in described[part]] for part in ("columns", "arguments"))
arguments = dict(zip(columns_of, arguments_of))
(probabilities,) = served.signatures["serving_default"](
    **{arguments[name]: tf.constant(column) for name, column in columns.items()}
).values()
probabilities = probabilities.numpy()
""",
    "onnxruntime": """
import onnxruntime

session = onnxruntime.InferenceSession("out/model.onnx")
described = {name: value for name, value in session.get_modelmeta().custom_metadata_map.items()}
names = json.loads(described["class_names"])
arguments = dict(zip(json.loads(described["columns"]), json.loads(described["arguments"])))
(probabilities,) = session.run(None, {arguments[name]: column for name, column in columns.items()})
""",
    "ai_edge_litert": """
import zipfile
from ai_edge_litert.interpreter import Interpreter

described = json.loads(zipfile.ZipFile("out/FILE").read("description.json"))
names = described["class_names"]
arguments = dict(zip(described["columns"], described["arguments"]))
runner = Interpreter("out/FILE").get_signature_runner("serving_default")
columns["home town"] = np.array([text.encode() for text in columns["home town"]])
probabilities = runner(**{arguments[name]: column for name, column in columns.items()})["probabilities"]
""",
}
ANSWER = """
print(json.dumps([names[place] for place in np.argmax(probabilities, axis=1).tolist()]))
print(sorted({name.split(".")[0] for name in sys.modules if sys.modules[name] is not None} & set(KNOWN)))
"""
KNOWN = ["recipes", "callbacks", "keras_recipes", "keras", "tensorflow", "onnxruntime", "ai_edge_litert"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An export, ``rows.csv`` with 100 raw test records, and what `recipes predict` says of them."""
    folder = tmp_path_factory.mktemp("alone")
    random = np.random.default_rng(0)
    n = 600
    x = {
        "age": random.normal(40, 10, n).round(2),
        "rooms": random.integers(1, 6, n),
        "home town": random.choice(["Ulm", "Köln", "Bonn"], n),
    }
    worth = (x["age"] - 40) / 10 + x["rooms"] - 3 + 2 * (x["home town"] == "Köln") + random.normal(0, 0.5, n)
    data = Data.from_arrays(x, np.digitize(worth, [-0.5, 1.5]), class_names=("cheap", "fair", "dear"))
    run = recipes.fit(data, Recipe(model="tabular", learning_rate=0.02), epochs=8, verbose=0)
    recipes.export(run, folder / "out", formats=("saved_model", "litert", "litert_int8", "onnx"))
    columns = data.spec.names.to_user({key: column[:100] for key, column in data.arrays("test")[0].items()})
    with open(folder / "rows.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*(column.tolist() for column in columns.values()), strict=True))
    command = [sys.executable, "-m", "recipes.cli", "predict", str(folder / "out"), str(folder / "rows.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    labels = [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert len(labels) == 100
    assert set(labels) == {"cheap", "fair", "dear"}
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("module", "file"),
    [
        ("tensorflow", "1"),
        ("onnxruntime", "model.onnx"),
        ("ai_edge_litert", "model.tflite"),
        ("ai_edge_litert", "model_int8.tflite"),
    ],
)
def test_one_runtime_alone_gives_the_labels_of_recipes_predict(folder, module, file, python):
    blocked = [name for name in KNOWN if name != module and (name, module) != ("keras", "tensorflow")]
    source = BLOCKED.format(blocked) + f"KNOWN = {KNOWN}\n" + READ + ALONE[module].replace("FILE", file) + ANSWER
    labels, loaded = python(source, cwd=folder).splitlines()[-2:]
    expected = json.loads((folder / "labels.json").read_text())
    same = np.mean(np.array(json.loads(labels)) == expected)
    assert same >= 0.98 if "int8" in file else same == 1.0
    assert eval(loaded) in ([module], ["keras", module])
