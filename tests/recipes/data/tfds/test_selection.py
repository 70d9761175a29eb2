import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data.tfds import selection

F = tfds.features
LABEL = F.ClassLabel(num_classes=3)


def select(of, keys=None, **choices):
    with tfds.core.registered.skip_registration():

        class Anything(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version("1.0.0")

            def _info(self):
                return tfds.core.DatasetInfo(builder=self, features=of, supervised_keys=keys)

            def _split_generators(self, _):
                return {}

            def _generate_examples(self):
                yield 0, {}

    return selection.select("some", Anything(data_dir="/nowhere").info, **choices)


def names(found):
    return [(source.name, source.kind) for source in found.inputs], [source.name for source in found.targets]


def test_a_single_image_is_one_array():
    features = F.FeaturesDict({"id": F.Text(), "image": F.Image(shape=(4, 5, 3)), "label": LABEL})
    found = select(features, ("image", "label"))
    assert names(found) == ([("image", "image")], ["label"])
    assert not found.record
    assert (found.inputs[0].shape, found.inputs[0].dtype, found.targets[0].names) == (
        (4, 5, 3),
        "uint8",
        ("0", "1", "2"),
    )


def test_without_supervised_keys_all_but_the_only_class_label_is_input():
    features = {"id": F.Text(), "image": F.Image(shape=(4, 5, 3)), "label": LABEL, "n": np.int16}
    found = select(F.FeaturesDict(features))
    assert names(found) == ([("id", "string"), ("image", "image"), ("n", "number")], ["label"])
    assert found.record
    assert found.inputs[2].dtype == "int16"
    assert names(select(F.FeaturesDict(features), exclude=["id", "n"])) == ([("image", "image")], ["label"])


@pytest.mark.parametrize(
    ("feature", "kind", "shape"),
    [
        (F.Tensor(shape=(4,), dtype=np.int64), "vector", (4,)),
        (F.BBoxFeature(), "vector", (4,)),
        (F.Tensor(shape=(None, 3), dtype=np.float64), "sequence", (None, 3)),
        (F.Tensor(shape=(7, 3), dtype=np.float32), "sequence", (7, 3)),
        (F.Tensor(shape=(None,), dtype=np.float32), "sequence", (None, 1)),
        (F.Sequence(F.Tensor(shape=(2,), dtype=np.float32)), "sequence", (None, 2)),
        (F.Sequence(F.Scalar(np.int32)), "sequence", (None, 1)),
        (F.Sequence(F.Scalar(np.int32), length=5), "vector", (5,)),
        (F.Tensor(shape=(9, 9, 2), dtype=np.float32), "image", (9, 9, 2)),
        (F.Image(shape=(None, None, 1), dtype=np.uint16), "image", (None, None, 1)),
        (F.Text(), "string", ()),
        (F.ClassLabel(num_classes=2), "category", ()),
        (F.Scalar(np.bool_), "number", ()),
    ],
)
def test_kinds_of_features(feature, kind, shape):
    found = select(F.FeaturesDict({"f": feature, "y": LABEL}), ("f", "y"))
    assert (found.inputs[0].kind, found.inputs[0].shape) == (kind, shape)
    assert found.record is (kind in ("category", "number"))


def test_nested_features_are_flattened():
    features = F.FeaturesDict({"x": F.FeaturesDict({"q r": np.int32, "p": {"s": np.float32}}), "label": LABEL})
    for keys in (("x", "label"), None):
        assert names(select(features, keys)) == ([("x.p.s", "number"), ("x.q r", "number")], ["label"])
    assert names(select(features, exclude=["x.p"])) == ([("x.q r", "number")], ["label"])
    assert names(select(features, features=["x.q_r"])) == ([("x.q r", "number")], ["label"])  # the model's name
    assert names(select(features, features=["x.q r"])) == ([("x.q r", "number")], ["label"])
    assert select(features).inputs[1].path == ("x", "q r")


def test_nested_supervised_keys():
    scalars = {"b": F.Scalar(np.float64), "a": F.Scalar(np.bool_), "y": F.Scalar(np.float32)}
    found = select(F.FeaturesDict(scalars), ({"b": "b", "a": "a"}, "y"))
    assert names(found) == ([("a", "number"), ("b", "number")], ["y"])


def test_the_user_decides():
    features = F.FeaturesDict({"a": np.float32, "b": np.float32, "c": F.Text(), "one": LABEL, "two": LABEL})
    found = select(features, target="a", features={"c": "category", "one": "number"})
    assert names(found) == ([("c", "string"), ("one", "category")], ["a"])
    assert [source.declared_kind for source in found.inputs] == ["category", "number"]
    assert names(select(features, target=["a", "b"], features=["c"])) == ([("c", "string")], ["a", "b"])
    assert names(select(features, ("c", "one"), target="two"))[1] == ["two"]


def test_texts_in_two_languages_are_inputs():
    found = select(F.FeaturesDict({"t": F.Translation(("de", "en")), "y": LABEL}))
    assert names(found) == ([("t.de", "string"), ("t.en", "string")], ["y"])


@pytest.mark.parametrize(("given", "record"), [("number", True), ("category", True), ("text", False)])
def test_a_single_string_is_a_record_if_it_is_no_text(given, record):
    found = select(F.FeaturesDict({"c": F.Text(), "y": LABEL}), features={"c": given})
    assert names(found) == ([("c", "string")], ["y"])
    assert found.record is record


def test_a_single_number_beside_an_image_is_the_target():
    features = F.FeaturesDict({"image": F.Image(shape=(4, 4, 1)), "age": np.float32})
    assert names(select(features)) == ([("image", "image")], ["age"])


def test_what_cannot_be_used_is_left_out_with_a_warning():
    features = F.FeaturesDict({"f": np.float32, "sound": F.Audio(), "label": LABEL})
    with pytest.warns(UserWarning, match=r"dataset 'some': left out 'sound' \(audio; compute spectrograms"):
        assert names(select(features)) == ([("f", "number")], ["label"])
    select(features, exclude=["sound"])
    select(features, features=["f"])


def test_sample_weights_are_not_used_and_that_is_said():
    with pytest.warns(UserWarning, match="the sample weights 'w' of dataset 'some' are not used"):
        found = select(F.FeaturesDict({"f": np.float32, "y": LABEL, "w": np.float32}), ("f", "y", "w"))
    assert names(found) == ([("f", "number")], ["y"])


@pytest.mark.parametrize(
    ("features", "keys", "choices", "message"),
    [
        ({"f": np.float32}, None, {}, "target must be given; it names no target and has 0 ClassLabels. Candidates: f"),
        (
            {"f": np.float32, "a": LABEL, "b": LABEL},
            None,
            {},
            "has 2 ClassLabels. Candidates: a, b, f. The features of",
        ),
        ({"f": np.float32, "y": LABEL}, None, {"target": "z"}, "target must be one of 'f', 'y'. Received: target='z'"),
        ({"f": np.float32, "y": LABEL}, None, {"features": ["z"]}, "features must be one of 'f', 'y'"),
        ({"f": np.float32, "y": LABEL}, None, {"features": {"f": "image"}}, "features must be one of 'number', 'cat"),
        ({"f": np.float32, "y": LABEL}, None, {"features": {"f": "text"}}, "a kind that suits a number of float32"),
        ({"f": np.float32, "y": LABEL}, None, {"exclude": "f"}, "exclude must be a list of names"),
        ({"f": np.float32, "y": LABEL}, None, {"exclude": ["f"]}, "given; none is left as input. Candidates: f. The"),
        (
            {"s": F.Audio(), "y": LABEL},
            ("s", "y"),
            {},
            "an input that a model here takes; its own 's' is audio; compute",
        ),
        ({"s": F.Audio(), "y": LABEL}, None, {"features": ["s"]}, "features must be another feature: it is audio"),
        ({"f": F.Sequence({"g": np.float32}), "y": LABEL}, ("f", "y"), {}, "several objects an example, each with g"),
        (
            {"f": np.float32, "s": F.Audio(), "y": LABEL},
            ("s", "y"),
            {},
            "features must be given; .* Candidates: f. The",
        ),
        ({"f": np.float32, "s": F.Audio()}, ("f", "s"), {}, "target must be given; its own is 's', which is audio"),
        ({"t": F.Text()}, ("t", "t"), {}, "its own input 't' is the target, too"),
        ({"i": F.Image(), "m": F.Image()}, ("i", "m"), {}, "a target to predict; 'm' is of kind image, while models"),
        (
            {"s": F.Sequence(np.int32), "t": F.Sequence(np.int32)},
            ("s", "t"),
            {},
            "'t' is of kind sequence, while models",
        ),
        (F.Translation(("de", "en")), ("de", "en"), {}, "'en' is a text in another language, while models here"),
        (
            {"t": F.Translation(("de", "en")), "y": LABEL},
            None,
            {"target": "t.en"},
            "in another language.* Candidates: y.",
        ),
        ({"f": F.Sequence(LABEL), "y": LABEL}, ("f", "y"), {}, "'f' is a list of labels, which cannot be an input"),
    ],
)
def test_what_cannot_be_decided_is_an_error_that_lists_the_candidates(features, keys, choices, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        select(features if isinstance(features, F.FeaturesDict) else F.FeaturesDict(features), keys, **choices)
    assert "\n" not in str(error.value)
