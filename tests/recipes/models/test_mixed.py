import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.models import mixed

COUNT = 60
RANDOM = np.random.default_rng(0)
Y = np.arange(COUNT) // 3 % 2
X = {
    "nested.age": np.where(np.arange(COUNT) % 7 == 0, -1, np.arange(COUNT)),
    "fare": np.where(np.arange(COUNT) % 9 == 0, np.nan, RANDOM.normal(size=COUNT)),
    "deck": np.array(["A", "B", "é", ""])[np.arange(COUNT) % 4],
    "review": np.array([f"{'good' if y else 'bad'} film number {i}" for i, y in enumerate(Y)]),
    "track": [RANDOM.normal(size=(1 + i % 4, 2)) for i in range(COUNT)],
    "photo": RANDOM.integers(0, 256, (COUNT, 9, 8, 3)).astype("uint8"),
    "box": RANDOM.normal(size=(COUNT, 4)),
}


@pytest.fixture(scope="module")
def data():
    return Data.from_arrays(X, Y, batch_size=16, class_names=("sad", "glad"))


def test_a_branch_for_each_input(data):
    model = mixed(data.spec)
    assert {name: (each.dtype, each.shape) for name, each in model.input.items()} == {
        "nested.age": ("int64", (None,)),
        "fare": ("float64", (None,)),
        "deck": ("string", (None,)),
        "review": ("string", (None,)),
        "track": ("float32", (None, None, 2)),
        "photo": ("uint8", (None, 9, 8, 3)),
        "box": ("float32", (None, 4)),
    }
    assert (model.name, model.output_shape, model.compiled) == ("mixed", (None, 1), False)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert (kinds.count("LSTM"), kinds.count("Conv2D"), kinds.count("Embedding")) == (1, 3, 1)
    dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    assert [layer.units for layer in dense] == [128, 64, 1, 1]
    assert [layer.name for layer in dense if not layer.trainable] == ["linear_part"]
    (review,) = [feature for feature in data.spec.features if feature.kind == "text"]
    assert dense[-1].input.shape == (None, 2 + 2 + 5 + 4 + 2 + len(review.vocabulary))
    assert model.get_layer("record").output.shape == (None, 2 + 2 + 5 + 16 + 32 + 64 + 4)
    assert np.isfinite(model.predict(data.test, verbose=0)).all()


def test_every_input_counts(data):
    model = mixed(data.spec)
    raw = {name: tf.constant(values[:4]) for name, values in data.arrays("test")[0].items()}
    raw["track"] = tf.ones_like(raw["track"])
    before = model(raw).numpy()
    changes = {name: tf.reverse(values, [0]) for name, values in raw.items()}
    changes["track"] = tf.constant(RANDOM.normal(size=raw["track"].shape), tf.float32)
    for name, values in changes.items():
        assert np.abs(model({**raw, name: values}).numpy() - before).max() > 1e-6, name


def test_more_filling_changes_nothing(data):
    raw = {name: tf.constant(values[:5]) for name, values in data.arrays("test")[0].items()}
    padding = next(each.padding for each in data.spec.features if each.name == "track")
    model = mixed(data.spec)
    longer = tf.pad(raw["track"], [[0, 0], [0, 3], [0, 0]], constant_values=padding)
    np.testing.assert_allclose(model({**raw, "track": longer}), model(raw), atol=1e-6)


@pytest.mark.parametrize(("side", "poolings"), [(3, 0), (4, 1), (8, 2), (16, 3), (40, 3)])
def test_images_of_every_size(side, poolings):
    x = {"photo": np.zeros((20, side, side, 1), "uint8"), "n": np.arange(20.0)}
    model = mixed(Data.from_arrays(x, np.arange(20) // 2 % 2).spec)
    assert sum(isinstance(layer, keras.layers.MaxPooling2D) for layer in model.layers) == poolings


def test_regularizers_and_normalization(data):
    model = mixed(data.spec, regularizer="l2+dropout", normalization="batch", hidden=(8, 8))
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("BatchNormalization") == 3 + 2
    hidden = [kind for kind in kinds if kind not in ("Concatenate", "Dense", "Add")]
    assert hidden[-2:] == ["Dropout", "Activation"]  # none before a batch normalization
    assert len(model.losses) == 3 + 2 + 3  # convolutions, both kernels of the LSTM, dense layers


def test_only_records():
    accepted = "of records: several inputs by name. Received: spec='tabular'"
    with pytest.raises(InvalidArgument, match=f"spec must be {accepted}"):
        mixed(Data.from_arrays(np.zeros((20, 2)), np.arange(20) % 2).spec)
    with pytest.raises(InvalidArgument, match=r"spec must be a recipes\.Spec\. Received: spec=None"):
        mixed(None)


ALONE = """
import json, sys
import tensorflow as tf

def show(answers):
    print(json.dumps(answers.numpy().tolist()))

folder = sys.argv[1]
raw = json.load(open(folder + "/raw.json"))
dtypes = {"nested.age": "int64", "fare": "float64", "photo": "uint8", "deck": "string", "review": "string"}
raw = {name: tf.constant(values, dtypes.get(name, "float32")) for name, values in raw.items()}
served = tf.saved_model.load(folder + "/saved_model")
show(served.serve(raw))
named = {name.replace(".", "_"): values for name, values in raw.items()}
show(served.signatures["serving_default"](**named)["output_0"])
import keras
show(keras.models.load_model(folder + "/model.keras")(raw))
print([name for name in sys.modules if name.split(".")[0] in ("recipes", "callbacks")])
"""


@pytest.mark.thorough
def test_raw_records_are_served_without_this_package(data, python, tmp_path):
    model = mixed(data.spec, hidden=(8,))
    model.export(tmp_path / "saved_model", verbose=False)
    model.save(tmp_path / "model.keras")
    raw = {name: values[:9] for name, values in data.arrays("test")[0].items()}
    (tmp_path / "raw.json").write_text(json.dumps({name: values.tolist() for name, values in raw.items()}))
    expected = model({name: tf.constant(values) for name, values in raw.items()}).numpy()
    *answers, ours = python(ALONE, tmp_path, cwd=tmp_path).splitlines()[-4:]
    assert ours == "[]"
    for answer in answers:
        np.testing.assert_allclose(json.loads(answer), expected, atol=1e-6)
    assert len(answers) == 3
