"""One answer through every door: kinds of model and data x ways to hand over the same raw inputs, each cell a test."""

import base64
import contextlib
import io
import json
import re

import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.cli import main
from recipes.serving.answers import score_columns, score_names

from . import rest
from .served_models import served

GRID = """
                    python csv tsv parquet json jsonl npy txt folder command raw records images
record, binary         +    +   +     +      +    +    -   -     -      +     +     +       .
record, multilabel     +    +   +     +      +    +    -   -     -      +     +     +       .
record, regression     +    +   +     +      +    +    -   -     -      +     +     +       .
table, multiclass      +    +   +     +      +    +    +   -     -      +     +     +       .
table, values          +    +   +     +      +    +    +   -     -      +     +     +       .
numbers, binary        +    +   +     +      +    +    +   -     -      +     +     .       .
images, multiclass     +    -   -     -      +    +    +   -     +      +     +     .       +
floats, binary         +    -   -     -      +    +    +   -     +      +     +     .       +
sizes, binary          +    -   -     -      -    -    -   -     +      -     +     .       +
texts, multiclass      +    -   -     -      +    +    +   +     -      +     +     .       .
sequences, binary      +    -   -     -      +    +    -   -     -      +     +     .       .
mixed, multilabel      +    +   +     -      +    +    -   -     -      +     +     +       .
"""
"""+ the same scores; - refused in one line, which names the input; . there is no such signature."""

HEADER, *LINES = GRID.strip("\n").splitlines()
DOORS = HEADER.split()
CELLS = [
    (line[:19].strip(), door, word)
    for line in LINES
    for door, word in zip(DOORS, line[19:].split(), strict=True)
    if word != "."
]
ORDINARY = [f"{kind}-{door}-" for kind in ("record, multilabel", "table, multiclass") for door in DOORS]
SERVER = ("raw", "records", "images")


def as_frame(x):
    """Raw inputs as the table that a user would have, without names where there are none."""
    if isinstance(x, pandas.DataFrame):
        return x, True
    if isinstance(x, dict):
        return pandas.DataFrame({name: list(values) for name, values in x.items()}), True
    # of images and sequences a few numbers
    return pandas.DataFrame([np.ravel(item)[:4] for item in x] if not isinstance(x[0], str) else {"text": x}), False


def as_json(x):
    """Raw inputs as values of JSON, one for each example; null for a missing number."""
    if isinstance(x, (pandas.DataFrame, dict)):
        frame, _ = as_frame(x)
        frame = frame.astype(object).where(frame.notna(), None)
        return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return [_plain(item) for item in x]


def _plain(value):
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


def png(image):
    image = np.round(image * 255).astype("uint8") if image.dtype == np.float32 else image
    return tf.io.encode_png(image).numpy()


def write(x, door, place):
    """The file or folder with the raw inputs that goes through a door."""
    path = place / f"rows.{door}"
    if door == "command":
        path = place / "rows.json"
    if door in ("csv", "tsv", "parquet"):
        frame, named = as_frame(x)
        if "photo" in frame and door != "parquet":
            for k, image in enumerate(frame["photo"]):
                (place / f"{k}.png").write_bytes(png(image))
            frame = frame.assign(photo=[f"{k}.png" for k in range(len(frame))])
        if door == "parquet":
            frame = frame.map(_plain) if "photo" in frame else frame
            frame.set_axis(list(map(str, frame.columns)), axis=1).to_parquet(path)
        else:
            frame.to_csv(path, index=False, header=named, sep="," if door == "csv" else "\t")
    elif door in ("json", "command"):
        path.write_text(json.dumps(as_json(x)))
    elif door == "jsonl":
        path.write_text("\n".join(map(json.dumps, as_json(x))))
    elif door == "npy":
        frame = isinstance(x, (pandas.DataFrame, dict))
        np.save(path, as_frame(x)[0].select_dtypes("number").to_numpy() if frame else _stacked(x))
    elif door == "txt":
        path.write_text("\n".join(map(str, x)))
    elif door == "folder":
        path = place / "folder"
        path.mkdir()
        for k, item in enumerate(x if isinstance(x, list) or getattr(x, "ndim", 0) == 4 else []):
            if getattr(item, "ndim", 0) == 3:
                (path / f"{k}.png").write_bytes(png(item))
    return path


def _stacked(x):
    try:
        return np.array(x)
    except ValueError:  # of unlike sizes: the numbers alone
        return np.concatenate([np.ravel(item) for item in x])


def from_file(one, door, place):
    """The columns of the scores, by way of a file of them."""
    path = write(one.x, door, place)
    if door == "command":
        printed = io.StringIO()
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(io.StringIO()) as said,
            pytest.raises(SystemExit) as left,
        ):
            main(["predict", one.folder, str(path), "--json"])
        if left.value.code:
            assert left.value.code == 2
            raise InvalidArgument("input", said.getvalue(), "right")
        lines = printed.getvalue().splitlines()
    else:
        one.predictor.predict_files(path, place / "scores.jsonl")
        lines = (place / "scores.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return [[row[name] for row in rows] for name in score_names(one.predictor.spec)]


def from_server(one, door):
    """The labels or numbers of the rows, and the probability of each class where the answer has it."""
    spec, x, arguments = one.predictor.spec, one.x, one.predictor.spec.names.arguments
    if door == "images":
        instances = [{"b64": base64.b64encode(png(image)).decode()} for image in x]
    elif isinstance(x, (pandas.DataFrame, dict)):
        frame, _ = as_frame(x)
        rows = frame.to_dict("records")  # a missing number is NaN, a missing string ""
        instances = [{arguments[name]: _plain(value) for name, value in row.items()} for row in rows]
        if door == "records" and "photo" in frame:
            for instance, image in zip(instances, frame["photo"], strict=True):
                del instance["photo"]
                instance["photo_bytes"] = {"b64": base64.b64encode(png(image)).decode()}
        if door == "raw" and not spec.record:
            instances = frame.to_numpy().tolist()
    else:
        instances = as_json(x)
    if door == "raw" and isinstance(x, list) and not isinstance(x[0], str):
        instances = instances[:1]  # a batch has one shape
    name = {"raw": "labels" if spec.class_names else "serving_default"}.get(door, door)
    answer = json.loads(rest.post(one.predictor, json.dumps({"signature_name": name, "instances": instances})))
    return answer["predictions"]


@pytest.mark.parametrize(("kind", "door", "word"), CELLS)
@pytest.mark.ordinarily(*(f"{kind}-{door}-{word}" for kind, door, word in CELLS if f"{kind}-{door}-" in ORDINARY))
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_every_door_gives_the_same_answer(served_folder, kind, door, word, tmp_path):
    one = served(kind, served_folder)
    outputs = one.predictor.scores(one.x)
    expected = score_columns(outputs, one.predictor.spec)
    if door in SERVER:
        pytest.importorskip("tensorflow_serving")
        check_answers(one, expected, from_server(one, door))
    elif word == "-":
        with pytest.raises(InvalidArgument, match=r"input|rows\.|folder") as caught:
            from_file(one, door, tmp_path)
        assert "\n" not in str(caught.value).strip()
        assert not re.search(r"Traceback|<\w+ object", str(caught.value))
    elif door == "python":
        table = one.predictor.predict_table(one.x)
        check_columns(expected, [table[name].tolist() for name in table])
        assert answered(one, one.predictor(one.x)) == labels(expected)
    else:
        check_columns(expected, from_file(one, door, tmp_path))


def check_columns(expected, columns):
    for value, column in zip(expected, columns, strict=True):
        if isinstance(value, list):
            assert column == value
        else:
            np.testing.assert_allclose(column, value, rtol=2e-6, atol=1e-12)


def labels(expected):
    return expected[0] if isinstance(expected[0], list) else [list(row) for row in np.stack(expected, axis=1).tolist()]


def answered(one, answers):
    """The labels or values of the Predictor's answers."""
    if one.predictor.spec.task == "regression":
        return [answer.get("values", [answer.get("value")]) for answer in answers]
    return [answer.get("class", answer.get("classes")) for answer in answers]


def check_answers(one, expected, predictions):
    spec, count = one.predictor.spec, len(predictions)
    if spec.task == "regression":
        values = [row if isinstance(row, list) else [row] for row in predictions]
        np.testing.assert_allclose(values, np.stack(expected, axis=1), rtol=2e-6)
        return
    scores = np.stack(expected[1:], axis=1)[:count]
    for row, (answer, label) in enumerate(zip(predictions, expected[0], strict=False)):
        places = [spec.class_names.index(name) for name in answer["classes"]]
        assert places[0] == scores[row].argmax()
        np.testing.assert_allclose(answer["scores"], scores[row][places], rtol=2e-6)
        assert answer["scores"] == sorted(answer["scores"], reverse=True)
        if spec.task == "multilabel":
            assert {n for n, chosen in zip(answer["classes"], answer["chosen"], strict=True) if chosen} == set(label)
            assert len(places) == len(spec.class_names)
        else:
            assert answer["prediction"] == label
            assert answer["probability"] == answer["scores"][0]
            assert len(places) == min(5, len(spec.class_names))


@pytest.mark.thorough
def test_images_of_unlike_sizes_and_colours_are_converted_as_files_are(served_folder, tmp_path):
    one = served("images, multiclass", served_folder)
    random = np.random.default_rng(0)
    contents = {"rgb.png": png(random.integers(0, 256, (6, 5, 3)).astype("uint8"))}
    contents["deep.png"] = tf.io.encode_png(random.integers(0, 2**16, (6, 5, 1)).astype("uint16")).numpy()
    contents["x.jpg"] = tf.io.encode_jpeg(random.integers(0, 256, (6, 5, 3)).astype("uint8")).numpy()
    keras.utils.save_img(tmp_path / "x.gif", random.integers(0, 256, (6, 5, 3)), scale=False)
    keras.utils.save_img(tmp_path / "x.webp", random.integers(0, 256, (6, 5, 3)), scale=False)
    contents |= {name: (tmp_path / name).read_bytes() for name in ("x.gif", "x.webp")}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        (place := tmp_path / f"of {name}").mkdir()
        (place / name).write_bytes(content)
        one.predictor.predict_files(place, place / "scores.jsonl")
        row = json.loads((place / "scores.jsonl").read_text())
        answer = one.predictor.signatures["images"](image_bytes=tf.constant([content]))
        assert answer["prediction"].numpy()[0].decode() == row["prediction"]
        np.testing.assert_allclose(answer["probability"].numpy()[0], row[row["prediction"]], rtol=1e-6)
    bitmap = b"BM" + bytes(60)
    for wrong in (b"", b"no image", bitmap, png(np.zeros((7, 5, 1), "uint8"))):
        with pytest.raises(tf.errors.OpError):
            one.predictor.signatures["images"](image_bytes=tf.constant([wrong]))
