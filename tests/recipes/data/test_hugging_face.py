"""Folders in the form in which Hugging Face's ``datasets`` (5.2) saves them, written here by pyarrow."""

import datetime
import io
import json
import warnings

import numpy as np
import pytest
from PIL import Image

import recipes
from callbacks.checks import InvalidArgument
from recipes.saved_run import SavedRun, data_of

pyarrow = pytest.importorskip("pyarrow")

N = 40
LABEL = {"names": ["no", "yes"], "_type": "ClassLabel"}


def value(dtype):
    return {"dtype": dtype, "_type": "Value"}


def save(folder, columns, features, types=None):
    """Writes a Dataset: two Arrow files, the features and the list of the files."""
    folder.mkdir(parents=True)
    table = pyarrow.table(columns) if types is None else pyarrow.table(columns, schema=pyarrow.schema(types))
    names = ["data-00000-of-00002.arrow", "data-00001-of-00002.arrow"]
    half = table.num_rows // 2
    for name, part in zip(names, (table.slice(0, half), table.slice(half)), strict=True):
        with pyarrow.ipc.new_stream(folder / name, table.schema) as stream:
            stream.write_table(part)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
    return folder


def save_splits(folder, splits, features):
    for name, columns in splits.items():
        save(folder / name, columns, features)
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": [*splits]}))
    return folder


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def reviews(first, count, labels=(0, 1)):
    numbers = np.arange(first, first + count)
    return {"text": [f"review number {n}" for n in numbers], "stars": numbers, "label": np.resize(labels, count)}


FEATURES = {"text": value("string"), "stars": value("int64"), "label": LABEL}


def test_a_dataset_is_as_the_arrays_of_its_columns(tmp_path, capfd):
    columns = reviews(0, N)
    folder = save(tmp_path / "My Reviews", columns, FEATURES)
    data = recipes.load(folder)
    x = {"stars": columns["stars"], "text": np.array(columns["text"], object)}
    expected = recipes.Data.from_arrays(x, columns["label"], class_names=["no", "yes"])
    assert data.fingerprint == expected.fingerprint
    assert (data.spec.name, data.spec.class_names, data.settings["folder"]) == (
        "My Reviews",
        ("no", "yes"),
        str(folder),
    )
    saved = SavedRun(None, None, data.spec, {}, {"data": data.settings, "fingerprints": data.fingerprints})
    assert data_of(saved).fingerprint == data.fingerprint
    assert recipes.load(str(folder), split="train[:50%]").settings["counts"]["train"] == 13
    assert capfd.readouterr() == ("", "")


def test_splits_by_name_and_a_test_split_without_labels(tmp_path):
    splits = {"train": reviews(0, N), "dev": reviews(100, 10), "test": reviews(200, 10, [-1])}
    folder = save_splits(tmp_path / "glue", splits, FEATURES)
    with pytest.warns(UserWarning, match="split 'test' has no labels; the test examples are of 'validation'"):
        data = recipes.load(folder, exclude=["text"])
    assert sorted(data.arrays("test")[0]["stars"].tolist()) == list(range(100, 110))


def test_missing_values_and_other_types(tmp_path):
    day = datetime.datetime(2020, 1, 1, 12)
    columns = {
        "whole": [None if n % 4 == 0 else n for n in range(N)],
        "flag": [None if n % 5 == 0 else n % 2 == 0 for n in range(N)],
        "word": [None if n % 5 == 0 else "ab"[n // 2 % 2] for n in range(N)],
        "when": [day + datetime.timedelta(days=n) for n in range(N)],
        "steps": [[float(k) for k in range(1 + n % 3)] for n in range(N)],
        "nested": [{"inner": n / 2, "face": {"bytes": b"", "path": None}} for n in range(N)],
        "tags": [["a"] * (n % 2) for n in range(N)],
        "span": [datetime.timedelta(1)] * N,
        "label": [n // 2 % 2 for n in range(N)],
    }
    features = {
        "whole": value("int32"),
        "flag": value("bool"),
        "word": value("string"),
        "when": value("timestamp[us]"),
        "steps": {"feature": value("float64"), "_type": "List"},
        "nested": {"inner": value("float32"), "face": {"_type": "Image"}},
        "tags": [value("string")],
        "span": value("duration[us]"),
        "label": LABEL,
    }
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = recipes.load(save(tmp_path / "odd", columns, features))
    said = [str(warning.message) for warning in caught if issubclass(warning.category, UserWarning)]
    unusable = (
        "'nested.face' (an image within another feature), 'span' (of type duration[us], which no model here takes)"
    )
    assert f"dataset 'odd': left out {unusable}" in said
    assert "dataset 'odd': left out 'tags' (several texts an example)" in said
    kinds = {feature.name: (feature.kind, feature.missing) for feature in data.spec.features}
    assert kinds == {
        "flag": ("number", "nan"),
        "nested.inner": ("number", None),
        "steps": ("sequence", None),
        "when": ("date", None),
        "whole": ("number", "nan"),
        "word": ("category", None),
    }


def picture(number, shape):
    buffer = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, shape).astype("uint8")
    Image.fromarray(pixels).save(buffer, "png")
    return {"bytes": buffer.getvalue(), "path": None}


IMAGES = {"image": {"_type": "Image"}, "label": LABEL}


@pytest.mark.parametrize(("shape", "channels"), [((4, 5), 1), ((4, 5, 3), 3)])
@pytest.mark.ordinarily("shape0")
def test_images(tmp_path, shape, channels):
    columns = {"image": [picture(n, shape) for n in range(N)], "label": np.arange(N) % 2}
    data = recipes.load(save(tmp_path / "images", columns, IMAGES))
    assert (data.spec.input_shape, data.spec.resized) == ((4, 5, channels), False)
    expected = [np.random.default_rng(n).integers(0, 256, shape).astype("uint8").tobytes() for n in range(N)]
    seen = [image.tobytes() for split in ("train", "validation", "test") for image in data.arrays(split)[0]]
    assert sorted(seen) == sorted(expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image": {"bytes": b"<html>", "path": None}}, r"column 'image' in row 3 is broken \(it is no PNG"),
        ({"image": None}, "column 'image' has none in row 3"),
        ({"image": picture(0, (6, 6))}, r"image_size must be \(height, width\), since images vary in size"),
    ],
)
def test_images_that_are_refused(tmp_path, change, message):
    columns = {"image": [picture(n, (4, 5)) for n in range(N)], "label": np.arange(N) % 2}
    columns["image"][3] = change["image"]
    with pytest.raises(InvalidArgument, match=message) as error:
        recipes.load(save(tmp_path / "images", columns, IMAGES))
    assert "\n" not in str(error.value)


def test_a_file_that_was_cut(tmp_path):
    folder = save(tmp_path / "cut", reviews(0, N), FEATURES)
    file = folder / "data-00000-of-00002.arrow"
    file.write_bytes(file.read_bytes()[:-300])
    with pytest.raises(InvalidArgument, match="a folder of readable Arrow files"):
        recipes.load(folder)


def test_what_was_converted_is_used_again_until_it_changes(tmp_path):
    folder = save(tmp_path / "reviews", reviews(0, N), FEATURES)
    recipes.load(folder)
    recipes.load(folder, seed=1)
    converted = tmp_path / "cache" / "keras-training-recipes" / "hugging_face"
    assert len(list(converted.iterdir())) == 1
    (folder / "data-00000-of-00002.arrow").touch()
    recipes.load(folder)
    assert len(list(converted.iterdir())) == 2
