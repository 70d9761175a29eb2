import numpy as np
import pytest
import tensorflow_datasets as tfds

from callbacks.checks import InvalidArgument
from recipes.data import Data, load

from .parts import Y, features, record

TEXTS = np.array(
    [f"{'good' if label else 'bad'} film number {i} " + "and so on " * (i % 5) for i, label in enumerate(Y)]
)


def folded(count=4, **more):
    """Records of which each has a number of its own, as Data and in folds."""
    data = Data.from_arrays(record(number=np.arange(60) * 1.5, **more), Y, seed=3, batch_size=8)
    return data, data.folds(count)


def test_every_example_validates_once():
    data, folds = folded()
    whole = np.concatenate([data.arrays(split)[0]["number"] for split in ("train", "validation")])
    held = [fold.arrays("validation")[0]["number"] for fold in folds]
    assert sorted(np.concatenate(held).tolist()) == sorted(whole.tolist())
    for number, fold in enumerate(folds):
        x, y = fold.arrays("train")
        assert sorted([*x["number"].tolist(), *held[number].tolist()]) == sorted(whole.tolist())
        assert np.array_equal(y, Y[(x["number"] / 1.5).astype(int)])
        assert np.array_equal(fold.arrays("test")[0]["number"], data.arrays("test")[0]["number"])
        assert abs(np.bincount(fold.arrays("validation")[1]) - 6).max() <= 1
        assert fold.settings["validation"] == f"fold {number} of 4"
        assert (fold.settings["test"], fold.settings["seed"], fold.batch_size) == (0.2, 3, 8)
        assert fold.settings["counts"] == {"train": 36, "validation": 12, "test": 12}
    assert len({fold.fingerprint for fold in folds}) == 4


def test_a_fold_has_the_statistics_of_its_own_training():
    data, folds = folded(code=np.array([5, 0, 0, 7, 0] * 12), review=TEXTS)
    assert len({features(fold)["number"].mean for fold in folds}) == 4
    for fold in folds:
        x, found = fold.arrays("train")[0], features(fold)
        assert found["number"].mean == pytest.approx((x["number"].mean(),))
        assert found["fare"].mean == pytest.approx((np.nanmean(x["fare"]),))
        assert found["age"].mean == pytest.approx((x["age"][x["age"] >= 0].mean(),))
        assert (found["age"].missing, found["fare"].missing) == (-1.0, "nan")
        numbers = {word for text in x["review"] for word in text.split()}
        assert set(found["review"].vocabulary) == numbers
        assert {name: (each.kind, each.dtype) for name, each in found.items()} == {
            name: (each.kind, each.dtype) for name, each in features(data).items()
        }


def test_folds_keep_categories_of_whole_numbers(prepare):
    kinds = {"a": tfds.features.ClassLabel(num_classes=4), "b": tfds.features.Scalar(np.int64)}
    kinds["y"] = tfds.features.ClassLabel(num_classes=2)
    rows = [{"a": i % 3, "b": (0, 5, 0, 7)[i % 4], "y": i // 3 % 2} for i in range(60)]
    folder = prepare("codes", kinds, {"train": rows})
    for data in load("codes", data_dir=folder, target="y", features={"a": "category", "b": "category"}).folds(3):
        assert features(data)["a"].vocabulary == (0, 1, 2, 3)  # as the dataset says, whatever training has
        assert set(features(data)["b"].vocabulary) == {0, 5, 7}


def test_folds_keep_padding():
    random = np.random.default_rng(0)
    ragged = [random.normal(size=(1 + i % 5, 2)) for i in range(60)]
    ragged[7][0] = 0.0  # so that 0 cannot be the filling
    data = Data.from_arrays(ragged, Y)
    padding = data.spec.features[0].padding
    assert padding < min(each.min() for each in ragged)
    for fold in data.folds(3):
        (feature,) = fold.spec.features
        train = fold.arrays("train")[0]
        assert (feature.padding, feature.shape, feature.length) == (padding, (None, 2), 5)
        real = train[(train != padding).any(axis=2)]
        np.testing.assert_allclose(feature.mean, real.mean(axis=0, dtype="float64"), rtol=1e-6)
    nested = Data.from_arrays({"s": ragged, "n": np.arange(60.0)}, Y)
    assert {features(fold)["s"].padding for fold in nested.folds(3)} == {padding}


def test_folds_of_images_texts_and_numbers(digits):
    first, second = digits.folds(2)
    assert (first.spec.kind, first.spec.class_names) == ("image", digits.spec.class_names)
    assert first.settings["version"] == "1.0.0"
    assert first.spec.input_mean == pytest.approx((first.arrays("train")[0].mean(dtype="float64"),))
    assert first.spec.input_mean != second.spec.input_mean
    x, y = np.arange(60.0)[:, None], np.arange(60.0) / 7
    numbers = Data.from_arrays(x, y, feature_names=["n"])
    assert [len(fold.arrays("validation")[1]) for fold in numbers.folds(5)] == [10, 10, 10, 9, 9]
    assert numbers.folds(5)[0].spec.feature_names == ("n",)
    several = Data.from_arrays(x, np.stack([Y, 1 - Y, Y * 0 + 1], axis=1)).folds(2)[1]
    assert (several.spec.task, several.spec.outputs) == ("multilabel", 3)
    assert Data.from_arrays(TEXTS, Y).folds(2)[1].spec.kind == "text"


@pytest.mark.parametrize("count", [1, 0, 2.0, 25])
def test_impossible_folds(count):
    with pytest.raises(InvalidArgument, match=r"^folds must be"):
        Data.from_arrays(record(), Y).folds(count)
