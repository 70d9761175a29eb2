"""No record that is validated or tested on is trained on, and nothing of it is in what the Spec says."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from recipes.data import Data, load

COUNT = 60
Y = np.arange(COUNT) // 2 % 3
"""Three classes, each of 20 examples."""
random = np.random.default_rng(0)
IMAGES = random.integers(0, 256, (COUNT, 5, 4)).astype("uint8")
STEPS = [random.normal(size=(1 + i % 4, 2)).astype("float32") for i in range(COUNT)]
NUMBERS = random.permutation(COUNT) * 1.5
CODES = np.array([f"c{number}" for number in random.permutation(COUNT) // 2], object)
"""30 values, each of two examples."""
TEXTS = np.array([f"some film and own{i} words" for i in range(COUNT)], object)
"""Each has a word that no other has."""

KINDS = {
    "image": IMAGES,
    "record": {"number": NUMBERS, "code": CODES},
    "text": TEXTS,
    "sequence": STEPS,
    "mixed": {"number": NUMBERS, "code": CODES, "text": TEXTS, "track": STEPS},
}


def contents(x):
    """What each example holds, as something that can be compared."""
    if isinstance(x, dict):
        return list(zip(*(contents(values) for values in x.values()), strict=True))
    return [each if isinstance(each, str) else np.asarray(each).tobytes() for each in x]


def check_disjoint(data, whole=COUNT):
    splits = {split: contents(data.arrays(split)[0]) for split in ("train", "validation", "test")}
    for split, found in splits.items():
        assert len(found) == data.settings["counts"][split] > 0
    together = [each for found in splits.values() for each in found]
    assert len(together) == len(set(together)) == whole


def check_statistics(data):
    """All that a Spec says is of the training split: means, variances, words and categories."""
    spec, train = data.spec, data.arrays("train")[0]
    if spec.kind == "image":
        assert spec.input_mean == pytest.approx((train.mean(),), rel=1e-9)
        assert spec.input_variance == pytest.approx((train.var(),), rel=1e-9)
        assert spec.input_max == train.max()
    for feature in spec.features:
        values = train[feature.name] if spec.record else train
        if feature.kind == "category":
            assert set(feature.vocabulary) == set(values)
        elif feature.kind == "text":
            assert set(feature.vocabulary) == {word for text in values for word in text.split()}
        else:
            real = values[(values != 0).any(axis=-1)] if values.ndim > 1 else values[:, np.newaxis]
            np.testing.assert_allclose(feature.mean, real.mean(axis=0, dtype="float64"), rtol=1e-9)
            np.testing.assert_allclose(feature.variance, real.var(axis=0, dtype="float64"), rtol=1e-9)


@pytest.mark.parametrize("kind", ["image", "record", "text", "sequence"])
def test_several_seeds(kind):
    unseen = 0
    for seed in range(8):
        data = Data.from_arrays(KINDS[kind], Y, seed=seed)
        check_disjoint(data)
        check_statistics(data)
        if kind == "record":
            unseen += len(set(data.arrays("validation")[0]["code"]) - set(data.arrays("train")[0]["code"]))
    assert kind != "record" or unseen > 8  # or the vocabularies would say nothing


@pytest.mark.parametrize("kind", ["image", "sequence", "mixed"])
def test_folds(kind):
    held = []
    for fold in Data.from_arrays(KINDS[kind], Y, seed=1).folds(4):
        check_disjoint(fold)
        check_statistics(fold)
        held += contents(fold.arrays("validation")[0])
    assert len(held) == len(set(held)) == COUNT - 12  # each once


def test_with_a_test_split_that_is_given():
    for seed in range(8):
        x = {"number": NUMBERS, "code": CODES}
        first = {name: values[:50] for name, values in x.items()}
        last = {name: values[50:] for name, values in x.items()}
        data = Data.from_arrays(first, Y[:50], x_test=last, y_test=Y[50:], seed=seed)
        check_disjoint(data)
        check_statistics(data)
        assert contents(data.arrays("test")[0]) == contents(last)


@pytest.mark.ordinarily("columns3")
@pytest.mark.parametrize(
    ("columns", "kind"),
    [(["image"], "image"), (["text"], "text"), (["track"], "sequence"), (["code", "number", "text", "track"], "mixed")],
)
def test_as_a_dataset_of_tfds(prepare, columns, kind):
    features = {
        "image": tfds.features.Image(shape=(5, 4, 1)),
        "text": tfds.features.Text(),
        "track": tfds.features.Tensor(shape=(None, 2), dtype=np.float32),
        "code": tfds.features.Text(),
        "number": tfds.features.Scalar(np.float64),
        "label": tfds.features.ClassLabel(num_classes=3),
    }
    rows = zip(IMAGES[..., np.newaxis], TEXTS, STEPS, CODES, NUMBERS, Y, strict=True)
    examples = [dict(zip(features, row, strict=True)) for row in rows]
    folder = prepare(f"some_{kind}", features, {"train": examples[:50], "test": examples[50:]})
    options = {"name": f"some_{kind}", "data_dir": folder, "features": columns}
    for data in (load(**options, seed=2), *load(**options).folds(2)):
        assert data.spec.kind == kind
        check_disjoint(data)
        check_statistics(data)
