import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import load, reading

F = tfds.features
LABEL = F.ClassLabel(num_classes=3)


def select(features, keys=None):
    with tfds.core.registered.skip_registration():

        class Anything(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                return tfds.core.DatasetInfo(builder=self, features=features, supervised_keys=keys)

            def _split_generators(self, _):
                return {}

            def _generate_examples(self):
                yield 0, {}

    return reading.select("some", Anything(data_dir="/nowhere").info)


def test_selects_images():
    features = F.FeaturesDict({"id": F.Text(), "image": F.Image(shape=(4, 5, 3)), "label": LABEL})
    for keys in (None, ("image", "label")):
        found = select(features, keys)
        assert (found.inputs, found.target, found.shape, found.image) == ((("image",),), ("label",), (4, 5, 3), True)
        assert found.class_names == ("0", "1", "2")


def test_selects_tables():
    vector = F.Tensor(shape=(4,), dtype=np.int64)
    found = select(F.FeaturesDict({"f": vector, "label": LABEL}))
    assert (found.inputs, found.shape, found.feature_names) == ((("f",),), (4,), ())
    scalars = {"b": F.Scalar(np.float64), "a": F.Scalar(np.bool_), "y": F.Scalar(np.float32)}
    found = select(F.FeaturesDict(scalars), ({"b": "b", "a": "a"}, "y"))
    assert (found.inputs, found.feature_names, found.class_names) == ((("a",), ("b",)), ("a", "b"), ())
    found = select(
        F.FeaturesDict({"x": F.FeaturesDict({"q": np.int32, "p": np.float32}), "label": LABEL}), ("x", "label")
    )
    assert (found.inputs, found.feature_names) == ((("x", "p"), ("x", "q")), ("p", "q"))


@pytest.mark.parametrize(
    ("features", "keys", "reason"),
    [
        ({"image": F.Image(shape=(None, None, 3)), "label": LABEL}, ("image", "label"), "varying size"),
        ({"image": F.Image(shape=(4, 4, 1), dtype=np.uint16), "label": LABEL}, ("image", "label"), "not uint8"),
        ({"image": F.Image(shape=(4, 4, 1)), "y": F.Scalar(np.float32)}, ("image", "y"), "number as target"),
        ({"text": F.Text(), "label": LABEL}, ("text", "label"), "'text' is a Text"),
        ({"a": np.float32, "text": F.Text(), "label": LABEL}, None, "'text' is a Text"),
        ({"a": F.ClassLabel(num_classes=2), "label": LABEL}, ("a", "label"), "'a' is a ClassLabel"),
        ({"f": F.Tensor(shape=(None,), dtype=np.float32), "label": LABEL}, ("f", "label"), "no fixed length"),
        ({"f": F.Tensor(shape=(2, 2), dtype=np.float32), "label": LABEL}, ("f", "label"), "'f' is a Tensor"),
        ({"f": F.Sequence(F.Scalar(np.float32)), "label": LABEL}, ("f", "label"), "'f' is a Sequence"),
        ({"f": {"g": {"h": np.float32}}, "label": LABEL}, ("f", "label"), "'f/g' is a FeaturesDict"),
        ({"f": np.float32}, None, "names no target and has 0 ClassLabels"),
        ({"f": np.float32, "one": LABEL, "two": LABEL}, None, "names no target and has 2 ClassLabels"),
        ({"f": np.float32, "y": np.int32}, ("f", "y"), "neither a ClassLabel nor a float"),
        ({"f": np.float32, "y": F.ClassLabel(num_classes=1)}, ("f", "y"), "1 classes"),
        ({"f": np.float32, "y": LABEL, "w": np.float32}, ("f", "y", "w"), "supervised keys"),
    ],
)
def test_refuses_the_rest_naming_the_dataset_and_its_features(features, keys, reason):
    with pytest.raises(
        InvalidArgument, match=f"^name must be a dataset with .*{reason}.* The features of 'some' are "
    ) as e:
        select(F.FeaturesDict(features), keys)
    assert all(f"{key}: " in str(e.value) for key in features)
    assert "\n" not in str(e.value)


def test_memory_is_checked_before_reading(data_dir, monkeypatch):
    load("digits", data_dir=data_dir)
    monkeypatch.setattr(reading, "read", lambda *_: pytest.fail("read before the check"))
    monkeypatch.setattr(reading, "available_memory", lambda: 1797 * 72 * 2 - 1)
    with pytest.raises(
        InvalidArgument, match=r"half of the available memory: its arrays take 0.00 GiB and 0.00 GiB are"
    ):
        load("digits", data_dir=data_dir)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "available_memory", lambda: 1797 * 72 * 2)
    load("digits", data_dir=data_dir)


def test_available_memory_is_plausible():
    assert 2**20 < reading.available_memory() < 2**50
