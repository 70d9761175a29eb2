import json

import keras
import numpy as np
import pytest

from callbacks.checks import InvalidArgument
from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.serving.conversion import fitted
from recipes.serving.input_files import load_inputs

FEATURES = (
    Feature("age", "number", (), "int64", (30.0,), (1.0,), missing=-1.0),
    Feature("citric acid", "number", (), "float32", (3.0,), (1.0,), missing="nan"),
    Feature("nested.deck", "category", (), "string", vocabulary=("B", "A")),
)
COMMON = {"name": "some", "task": "binary", "outputs": 1, "class_names": ("no", "yes")}
RECORD = Spec(kind="tabular", input_shape=(), input_dtype="record", features=FEATURES, **COMMON)
WORDS = Feature("inputs", "text", (), "string", vocabulary=("film",), length=4)
TEXT = Spec(kind="text", input_shape=(), input_dtype="string", features=(WORDS,), **COMMON)
STEPS = Feature("inputs", "sequence", (None, 2), "float32", (0.0,) * 2, (1.0,) * 2, padding=0.0)
SEQUENCE = Spec(kind="sequence", input_shape=(None, 2), input_dtype="float32", features=(STEPS,), **COMMON)
STATISTICS = {"input_mean": (0.0, 0.0), "input_variance": (1.0, 1.0)}
TABLE = Spec(
    kind="tabular",
    input_shape=(2,),
    input_dtype="float32",
    feature_names=("mean radius", "area"),
    **STATISTICS,
    **COMMON,
)
MIXED = Spec(
    kind="mixed",
    input_shape=(),
    input_dtype="record",
    features=(
        FEATURES[0],
        Feature("photo", "image", (2, 3, 1), "uint8", (0.0,), (1.0,)),
        Feature("box", "vector", (2,), "float32", (0.0,) * 2, (1.0,) * 2),
    ),
    **COMMON,
)

GREY = Spec(
    *("some", "image", "binary", (8, 8, 1), "uint8", 1), (0.0,), (1.0,), class_names=("no", "yes"), resized=True
)


@pytest.fixture
def load(tmp_path):
    """``load("x.csv", content, spec)``: what is read from such a file."""

    def make(name, content, spec):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return load_inputs(tmp_path / name, spec)

    return make


def test_npy(tmp_path):
    for x in (np.arange(6, dtype="uint8").reshape(2, 3), np.zeros((2, 5, 2), "float32"), np.array(["a film", "x"])):
        np.save(tmp_path / "x.npy", x)
        read = load_inputs(tmp_path / "x.npy", TABLE)
        assert read.dtype == x.dtype
        assert np.array_equal(read, x)


@pytest.mark.parametrize(("text", "expected"), [("1,2.5\n3,4\n", [[1, 2.5], [3, 4]]), ("1,2", [[1, 2]])])
def test_a_table_without_names(load, text, expected):
    read = load("x.CSV", text, TABLE)
    assert read.dtype == np.float32
    assert read.tolist() == expected


@pytest.mark.parametrize("text", ["area,mean radius\n2,1\n4,3\n", '"mean radius", "area"\n1,2\n3,4\n'])
def test_a_table_with_names(load, text):
    read = load("x.csv", text, TABLE)
    assert read.dtype == np.float32
    assert read.tolist() == [[1, 2], [3, 4]]


YEARS = Spec(
    kind="tabular",
    input_shape=(2,),
    input_dtype="float32",
    feature_names=("2019", "2020"),
    **STATISTICS,
    **COMMON,
)
NAMELESS = Spec(kind="tabular", input_shape=(2,), input_dtype="float32", **STATISTICS, **COMMON)


@pytest.mark.parametrize("text", ["2020,2019\n2,1\n", '\ufeff"2020", "2019"\n2,1\n', "1,2\n"])
def test_numbers_are_a_header_where_they_are_the_names(load, text):
    assert load("x.csv", text, YEARS).tolist() == [[1, 2]]


def test_a_table_of_booleans(load):
    assert load("x.csv", "area,mean radius\nTrue,1\nfalse, 2\n", TABLE).tolist() == [[1, 1], [2, 0]]


@pytest.mark.parametrize(
    ("text", "spec", "message"),
    [
        ("area,mean radius\n,1\nNA,2\n3,4\n", TABLE, r"input\['area'\] must be given in every row, .* 2 of 3"),
        ("area,radius\n1,2\n", TABLE, "input='missing: mean radius; unknown: radius'"),
        ("area,area\n1,2\n", TABLE, "columns 1 and 2 are both 'area'"),
        ("a,b\n1,2\n", NAMELESS, "numbers without a header, since the model was trained on .*='a, b'"),
    ],
)
def test_tables_that_do_not_fit(load, text, spec, message):
    with pytest.raises(InvalidArgument, match=message):
        load("x.csv", text, spec)


def test_rows_by_name_of_a_table():
    taken = {"inputs": ((2,), np.dtype("float32"))}
    with pytest.raises(InvalidArgument, match=r"input\['area'\] must be given in every row, .* missing in 1 of 2"):
        fitted([{"area": 1, "mean radius": 2}, {"mean radius": 3}], taken, TABLE)
    with pytest.raises(
        InvalidArgument, match=r"numbers of shape \(n, 2\), since the model was trained on columns with"
    ):
        fitted([{"area": 1, "mean radius": 2}], taken, NAMELESS)


def test_records_from_csv(load):
    read = load("x.csv", 'nested.deck,age,citric acid\nB,3,0.5\n"a, b",,\n?, 4,NA\n', RECORD)
    assert read == {
        "nested.deck": ["B", "a, b", "?"],
        "age": ["3", "", " 4"],
        "citric acid": ["0.5", "", "NA"],
    }


ONE = {"age": 3, "citric acid": 0.5, "nested": {"deck": "é"}}
COLUMNS = {"age": [3, None], "citric acid": [0.5, 2], "nested.deck": ["é", "A"]}
TWO = [ONE, {"citric acid": 2, "nested.deck": "A", "age": None}]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("x.json", json.dumps(TWO), COLUMNS),
        ("x.json", json.dumps(TWO, ensure_ascii=False, indent=2), COLUMNS),
        ("x.jsonl", "\r\n".join(map(json.dumps, TWO)) + "\n\n", COLUMNS),
        ("x.json", json.dumps(ONE), {name: values[:1] for name, values in COLUMNS.items()}),
        ("x.jsonl", json.dumps(ONE), {name: values[:1] for name, values in COLUMNS.items()}),
        ("x.json", json.dumps({**COLUMNS, "age": [3, None]}), COLUMNS),
    ],
)
def test_records_from_json(load, name, content, expected):
    assert load(name, content, RECORD) == expected


def test_json_of_other_data(load):
    assert load("x.json", '["a film", "x"]', TEXT) == ["a film", "x"]
    assert load("x.jsonl", '"a film"\n"x"', TEXT) == ["a film", "x"]
    assert load("x.json", "[[[1, 2]], [[3, 4], [5, 6]]]", SEQUENCE) == [[[1, 2]], [[3, 4], [5, 6]]]
    assert load("x.json", "[[1, 2]]", TABLE) == [[1, 2]]


def test_a_text_a_line(load):
    assert load("x.txt", "a good film\n\nça\u2028va\r\nno end", TEXT) == ["a good film", "", "ça\u2028va", "no end"]
    assert load("x.txt", "a good film\n", TEXT) == ["a good film"]


def test_pictures(tmp_path):
    image = np.arange(64, dtype="uint8").reshape(8, 8, 1)
    keras.utils.save_img(tmp_path / "x.png", image, scale=False)
    assert np.array_equal(load_inputs(tmp_path / "x.png", GREY), image)


def test_records_name_the_files_of_their_pictures(tmp_path):
    image = np.arange(6, dtype="uint8").reshape(2, 3, 1)
    keras.utils.save_img(tmp_path / "one.png", image, scale=False)
    (tmp_path / "x.csv").write_text('age,photo,box\n3,one.png,"[1, 2]"\n')
    read = load_inputs(tmp_path / "x.csv", MIXED)
    assert (read["age"], read["box"]) == (["3"], [[1, 2]])
    assert np.array_equal(read["photo"][0], image)
    (tmp_path / "x.jsonl").write_text(json.dumps({"age": 3, "photo": image.tolist(), "box": [1, 2]}))
    assert np.array_equal(load_inputs(tmp_path / "x.jsonl", MIXED)["photo"][0], image)
    (tmp_path / "in").mkdir()
    for other in ("two.png", "../one.png", str(tmp_path / "one.png")):  # nor any picture on the disk
        (tmp_path / "in" / "x.json").write_text(json.dumps([{"age": 3, "photo": other, "box": [1, 2]}]))
        with pytest.raises(InvalidArgument, match=r"input must be the name of a file in .*/in\. Received: input='"):
            load_inputs(tmp_path / "in" / "x.json", MIXED)


@pytest.mark.parametrize(
    ("name", "content", "spec", "message"),
    [
        ("nothing.npy", None, TABLE, "a file: .npy, .csv, .tsv, .parquet, .json, .jsonl, .txt, .png"),
        ("x.npy", b"no array", TABLE, "a readable .npy file"),
        ("x.csv", b"1,2\n3\n", TABLE, "a table of 2 cells in every row, but line 2 has 1"),
        ("x.csv", b"", TABLE, "a table, but the file is empty"),
        ("x.csv", b"", RECORD, "a table, but the file is empty"),
        ("x.csv", b"age\n1,2,3\n4,5,6,7\n", RECORD, "a table of 1 cells in every row, but line 2 has 3"),
        ("x.csv", b"area,age\n1,2\n", TABLE, "Received: input='missing: mean radius; unknown: age'"),
        (
            "x.csv",
            b"area,mean radius\n1,many\n",
            TABLE,
            r"input\['mean radius'\] must be numbers, .*line 2 of x.csv.*many",
        ),
        ("x.json", b"{", RECORD, "a readable .json file"),
        ("x.jsonl", b'{"age": 3}\n{', RECORD, "a readable .jsonl file"),
        ("x.jsonl", b'{"age": 3, "boat": 4}', RECORD, "missing: citric acid, nested.deck; unknown: boat"),
        ("x.json", b"[3, 4]", RECORD, "input must be records with age, citric acid, nested.deck, by name"),
        ("x.json", b"\xff", TEXT, "a readable .json file"),
        ("x.png", b"no picture", GREY, "a readable .png file"),
        ("x.png", b"no picture", TABLE, "a file with tabular inputs, as in training, not an image"),
        ("x.txt", b"1,2", RECORD, "a .npy, .csv, .tsv, .parquet, .json, .jsonl, .txt, .png"),
        ("x.dat", b"1,2", TABLE, "a .npy, .csv, .tsv, .parquet, .json, .jsonl, .txt, .png"),
        ("folder", "folder", TABLE, "a file: .npy, .csv"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, name, content, spec, message):
    if content == "folder":
        (tmp_path / name).mkdir()
    elif content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidArgument, match=message) as caught:
        load_inputs(tmp_path / name, spec)
    assert "\n" not in str(caught.value)


def test_pickles_are_not_opened(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidArgument, match="a readable"):
        load_inputs(tmp_path / "x.npy", TABLE)
