import numpy as np
import pandas
import pytest
import tensorflow as tf

import recipes
from callbacks.checks import InvalidArgument
from recipes.data import Data

from .parts import NAN, Y, features, record


def test_records():
    data = Data.from_arrays(record(), Y, batch_size=8)
    assert (data.spec.kind, data.spec.task, data.spec.input_shape, data.spec.input_dtype) == (
        *("tabular", "binary", ()),
        "record",
    )
    assert repr(data) == "<Data arrays: binary, 3 inputs, train 38, validation 10, test 12>"
    found = features(data)
    assert {name: (each.kind, each.dtype, each.missing) for name, each in found.items()} == {
        "age": ("number", "int64", -1.0),
        "fare": ("number", "float64", "nan"),
        "deck": ("category", "string", None),
    }
    x, y = data.arrays("train")
    present = x["age"][x["age"] >= 0]
    assert found["age"].mean == pytest.approx((present.mean(),))
    assert found["fare"].variance == pytest.approx((np.nanvar(x["fare"]),))
    assert set(found["deck"].vocabulary) == {"A", "B", "C", ""}
    batch, labels = next(iter(data.train))
    assert {name: (values.dtype.name, values.shape) for name, values in batch.items()} == {
        "age": ("int64", (8,)),
        "fare": ("float64", (8,)),
        "deck": ("string", (8,)),
    }
    whole = {(age, deck): label for age, deck, label in zip(x["age"], x["deck"], y, strict=True)}
    for age, deck, label in zip(*(batch[name].numpy() for name in ("age", "deck")), labels.numpy(), strict=True):
        assert whole[age, deck.decode()] == label
    assert data.validation.element_spec[0]["deck"].dtype == tf.string


def test_columns_have_the_users_names_and_arrays_the_models():
    data = Data.from_arrays({"two words": np.arange(60.0), "c-d (e)": np.arange(60.0) % 7}, Y)
    assert list(features(data)) == ["two words", "c-d (e)"]
    assert list(data.arrays("test")[0]) == list(data.train.element_spec[0]) == ["two_words", "c_d__e_"]
    folds = data.folds(3)
    assert [list(features(fold)) for fold in folds] == [["two words", "c-d (e)"]] * 3
    x = data.spec.names.to_user(folds[0].arrays("train")[0])
    assert set(x["c-d (e)"]) == set(range(7))


def test_a_data_frame_with_gaps():
    frame = pandas.DataFrame(
        {
            "name": [f"passenger {i}" for i in range(60)],
            "deck": ["A", None, NAN, "B", "A"] * 12,
            "age": [3.0, NAN, 5.0, 6.0, 9.0] * 12,
            "sex": pandas.Categorical(["f", "m", None] * 20),
            "alone": [True, False, False] * 20,
            "married": pandas.array([True, None, False] * 20, "boolean"),
            "ports called at": [1, 2, 3] * 20,
        }
    )
    with pytest.warns(UserWarning, match="dataset 'arrays': left out 'name', strings of which hardly two are equal"):
        data = Data.from_arrays(frame, pandas.Series(["no", "yes", "yes", "no"] * 15))
    found = features(data)
    assert {name: (each.kind, each.dtype, each.missing) for name, each in found.items()} == {
        "deck": ("category", "string", None),
        "age": ("number", "float64", "nan"),
        "sex": ("category", "string", None),
        "alone": ("number", "bool", None),
        "married": ("number", "float64", "nan"),
        "ports called at": ("number", "int64", None),
    }
    assert (data.spec.class_names, data.spec.feature_names) == (("no", "yes"), ())
    assert set(found["deck"].vocabulary) == {"", "A", "B"}
    assert set(found["sex"].vocabulary) == {"", "f", "m"}
    x, y = data.arrays("train")
    assert list(data.spec.names.to_user(x)) == list(found)
    assert np.array_equal(np.isnan(x["age"]), (x["deck"] == "") & (x["age"] != 5))
    seen = {str(row) for row in zip(*(values.tolist() for values in (*x.values(), y)), strict=True)}
    rows = {name.replace(" ", "_"): frame[name] for name in frame if name != "name"}
    rows["deck"], rows["sex"] = rows["deck"].fillna(""), rows["sex"].astype(object).fillna("")
    rows["married"] = rows["married"].astype(float)
    rows["y"] = pandas.Series([0, 1, 1, 0] * 15)
    assert seen <= {str(row) for row in zip(*(values.tolist() for values in rows.values()), strict=True)}


@pytest.mark.parametrize("gaps", ["train", "test"])
def test_gaps_in_one_split_only(gaps):
    plain, holed = {"a": [1, 2] * 30, "b": [1, 2, 3] * 20}, {"a": [1, None] * 30, "b": [1, 2, 3] * 20}
    train, test = (pandas.DataFrame(holed if split == gaps else plain) for split in ("train", "test"))
    data = Data.from_arrays(train, np.arange(60) // 3 % 2, x_test=test, y_test=Y)
    assert {name: (each.dtype, each.missing) for name, each in features(data).items()} == {
        "a": ("float64", "nan"),
        "b": ("int64", None),
    }
    assert {data.arrays(split)[0]["a"].dtype.name for split in ("train", "validation", "test")} == {"float64"}
    assert np.isnan(data.arrays(gaps)[0]["a"]).any()


TEXTS = np.array(
    [f"{'good' if label else 'bad'} film number {i} " + "and so on " * (i % 5) for i, label in enumerate(Y)]
)


@pytest.mark.parametrize(
    "x", [TEXTS, TEXTS.tolist(), TEXTS.astype(object), np.char.encode(TEXTS), pandas.Series(TEXTS)]
)
def test_texts(x):
    data = Data.from_arrays(x, Y, batch_size=8)
    assert (data.spec.kind, data.spec.input_dtype, data.spec.features[0].kind) == ("text", "string", "text")
    assert data.train.element_spec[0] == tf.TensorSpec((8,), tf.string)
    found = {text: label for split in ("train", "test") for text, label in zip(*data.arrays(split), strict=True)}
    assert all(("good" in text) == bool(label) for text, label in found.items())
    assert data.fingerprint == Data.from_arrays(TEXTS, Y, batch_size=8).fingerprint


def test_sequences():
    random = np.random.default_rng(0)
    steps = random.normal(3, 2, (60, 5, 2))
    data = Data.from_arrays(steps, Y)
    assert (data.spec.kind, data.spec.input_shape, data.spec.features[0].padding) == ("sequence", (5, 2), None)
    train = data.arrays("train")[0]
    np.testing.assert_allclose(data.spec.input_mean, train.mean(axis=(0, 1)), rtol=1e-5)
    ragged = [each[: 1 + i % 5] for i, each in enumerate(steps)]
    data = Data.from_arrays(ragged, Y)
    (feature,) = data.spec.features
    assert (data.spec.input_shape, feature.padding, feature.length) == ((None, 2), 0.0, 5)
    train = data.arrays("train")[0]
    assert train.shape == (38, 5, 2)
    real = np.concatenate([row[(row != 0).any(axis=1)] for row in train])
    np.testing.assert_allclose(feature.mean, real.mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(feature.variance, real.var(axis=0), rtol=1e-5)
    originals = {each.astype("float32").tobytes() for each in ragged}
    assert all(row[(row != 0).any(axis=1)].tobytes() in originals for row in train)


def test_sequences_whose_test_split_alone_varies():
    train, test = [np.ones((3, 1))] * 60, [np.ones((2, 1)), np.ones((4, 1))] * 30
    data = Data.from_arrays(train, Y, x_test=test, y_test=Y)
    assert (data.spec.input_shape, data.spec.features[0].padding, data.arrays("train")[0].shape) == (
        *((None, 1), 0.0),
        (38 + 10, 4, 1),
    )


def test_several_kinds_at_once():
    random = np.random.default_rng(0)
    x = record(
        photo=random.integers(0, 255, (60, 6, 5)).astype("uint8"),
        track=[random.normal(size=(1 + i % 3, 2)) for i in range(60)],
        review=TEXTS,
        box=random.normal(size=(60, 4)),
    )
    data = Data.from_arrays(x, Y)
    assert data.spec.kind == "mixed"
    kinds = {"photo": "image", "track": "sequence", "review": "text", "box": "vector"}
    assert {name: each.kind for name, each in features(data).items() if name in kinds} == kinds
    assert features(data)["track"].padding == 0.0
    assert {name: values.shape[1:] for name, values in data.arrays("test")[0].items()} == {
        **dict.fromkeys(["age", "fare", "deck", "review"], ()),
        "photo": (6, 5, 1),
        "track": (3, 2),
        "box": (4,),
    }


@pytest.mark.thorough
def test_two_of_each_kind(tmp_path):
    random = np.random.default_rng(0)

    def two(name, make):
        return {f"{name} {number}": make() for number in (1, 2)}

    x = {
        **two("photo", lambda: [random.integers(0, 256, (4 + n % 3, 5, 3)).astype("uint8") for n in range(60)]),
        **two("track", lambda: [random.normal(size=(1 + n % 3, 2)) for n in range(60)]),
        **two("text", lambda: [f"the {random.choice(['red', 'blue'])} one of {n} things" for n in range(60)]),
        **two("box", lambda: random.normal(size=(60, 4))),
    }
    data = Data.from_arrays(x, Y, image_size=(4, 4))
    kinds = {"photo": "image", "track": "sequence", "text": "text", "box": "vector"}
    expected = {name: kinds[name.split()[0]] for name in x}
    assert {name: feature.kind for name, feature in features(data).items()} == expected
    recipe = recipes.Recipe(model={"name": "mixed", "hidden": (4,)}, learning_rate=0.01, regularizer="none")
    run = recipes.fit(data, recipe, epochs=1, verbose=0)
    predictor = recipes.Predictor(recipes.export(run, tmp_path / "out"))
    together = predictor({name: values[:3] for name, values in x.items()})
    alone = [predictor({name: values[n] for name, values in x.items()})[0] for n in range(3)]
    assert [answer["class"] for answer in together] == [answer["class"] for answer in alone]
    probabilities = [[answer["probability"] for answer in answers] for answers in (together, alone)]
    np.testing.assert_allclose(*probabilities, atol=1e-5)


def test_several_targets():
    y = np.random.default_rng(0).normal([5, -5], [1, 2], (60, 2))
    data = Data.from_arrays(np.arange(60.0)[:, None], y, batch_size=8)
    assert (data.spec.task, data.spec.outputs) == ("regression", 2)
    train = data.arrays("train")[1].astype("float64")
    assert data.spec.target_mean == pytest.approx(tuple(train.mean(axis=0)))
    assert data.spec.target_variance == pytest.approx(tuple(train.var(axis=0)))
    assert data.train.element_spec[1] == tf.TensorSpec((8, 2), tf.float32)
    data = Data.from_arrays(np.arange(60.0)[:, None], [[i % 3] if i % 2 else [0, 2] for i in range(60)], batch_size=8)
    assert (data.spec.task, data.spec.outputs, data.spec.class_names) == ("multilabel", 3, ("0", "1", "2"))
    x, y = data.arrays("test")
    assert [np.flatnonzero(row).tolist() for row in y] == [[i % 3] if i % 2 else [0, 2] for i in x[:, 0].astype(int)]


def test_fingerprints_of_records():
    first, again = Data.from_arrays(record(), Y), Data.from_arrays(record(), Y)
    assert first.fingerprint == again.fingerprint
    changed = record()
    changed["deck"][0] = "Z"
    renamed = {"old" if name == "age" else name: values for name, values in record().items()}
    narrower = {**record(), "age": record()["age"].astype("int32")}
    prints = [Data.from_arrays(x, Y).fingerprint for x in (changed, renamed, narrower)]
    joined = []
    for pair in (["a", "bc"], ["ab", "c"]):  # the same letters in the same order
        x, y = {"a": np.array(pair * 30), "b": np.arange(60)}, np.arange(60) // 3 % 2
        data = Data.from_arrays(x, y, x_test=x, y_test=y, x_validation=x, y_validation=y)
        joined.append(data.fingerprint)
    assert len({first.fingerprint, *prints, *joined}) == 6


def test_records_are_not_shared_with_the_caller():
    x = record()
    data = Data.from_arrays(x, Y)
    kept = {name: values.copy() for name, values in data.arrays("test")[0].items()}
    x["age"][:] = 0
    assert np.array_equal(data.arrays("test")[0]["age"], kept["age"])
    with pytest.raises(ValueError, match="read-only"):
        data.arrays("train")[0]["fare"][0] = 0
    given = Data.from_arrays(x, Y, x_test=x, y_test=Y)
    x["fare"][:] = 0
    assert np.isnan(given.arrays("test")[0]["fare"]).any()


def test_another_training_split_of_records():
    data = Data.from_arrays(record(review=TEXTS), Y)
    x, y = data.arrays("train")
    half = data.with_train({name: values[::2] for name, values in x.items()}, y[::2], how="every other")
    assert half.spec == data.spec
    assert half.settings["counts"] == {"train": 19, "validation": 10, "test": 12}
    assert half.arrays("train")[0]["review"].tolist() == x["review"][::2].tolist()
    assert half.fingerprint != data.fingerprint
    assert len(list(half.train)) == half.steps_per_epoch
    for wrong in ({**x, "age": x["age"].astype(float)}, {"age": x["age"]}, x["age"]):
        with pytest.raises(InvalidArgument, match=r"^x must be"):
            data.with_train(wrong, y, how="changed")
    with pytest.raises(InvalidArgument, match="x, y must be arrays of the same length"):
        data.with_train(x, y[1:], how="changed")
