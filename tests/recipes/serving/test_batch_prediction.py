"""Files are scored in parts: every column right, any fault one line with its place, nothing half-written."""

import json
import tracemalloc
from types import SimpleNamespace

import keras
import numpy as np
import pandas
import pytest

from callbacks.checks import InvalidArgument
from recipes import Data, Predictor, Recipe, export, fit
from recipes.data.feature import Feature
from recipes.serving import batch_prediction
from recipes.serving.score_files import cells, json_lines
from recipes.serving.unknown_categories import UnknownCategories

N = np.arange(90)
FRAME = pandas.DataFrame({"age": N % 40 + 0.5, "home town": np.array(["Ulm", "Köln, West", "Bonn"])[N % 3], "n": N % 7})
ROWS = FRAME[:11].assign(id=[f"{k:03}" for k in range(11)], note="x")


def trained(x, y, folder, **options):
    data = Data.from_arrays(x, y, batch_size=32, **options)
    run = fit(data, Recipe(model={"name": "mlp", "hidden": ()}, learning_rate=0.05), epochs=1, verbose=0)
    return Predictor(export(run, folder / "out"))


@pytest.fixture(scope="module")
def binary(tmp_path_factory):
    return trained(FRAME, np.array(["no", "1"])[(N > 40).astype(int)], tmp_path_factory.mktemp("binary"))


@pytest.fixture
def parts(monkeypatch):
    """Files are read four rows at a time."""
    monkeypatch.setattr(batch_prediction, "rows_of_block", lambda spec: 4)


@pytest.fixture
def rows(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    return tmp_path / "rows.csv"


def expected_of(predictor, inputs=FRAME[:11]):
    return predictor.scores(inputs)[:, 0]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("suffix", ["csv", "tsv", "parquet", "jsonl"])
def test_a_column_a_class_beside_the_label(binary, rows, tmp_path, suffix):
    to = tmp_path / f"scores.{suffix}"
    with pytest.warns(UserWarning, match="rows.csv: ignored columns that the model does not take: 'note'$") as caught:
        assert binary.predict_files(rows, to, keep=["id", "n"]) == 11
    assert len(caught) == 1
    readers = {"csv": pandas.read_csv, "tsv": pandas.read_table}
    if suffix == "parquet":
        table = pandas.read_parquet(to)
    elif suffix == "jsonl":
        table = pandas.DataFrame([json.loads(line) for line in to.read_text().splitlines()])
    else:
        table = readers[suffix](to, dtype={"id": str, "n": str, "prediction": str})
    assert list(table) == ["id", "n", "prediction", "1", "no"]
    assert table["id"].tolist() == ROWS["id"].tolist()
    assert table["n"].tolist() == ROWS["n"].astype(str).tolist()
    expected = expected_of(binary)
    np.testing.assert_allclose(table["no"], expected, rtol=1e-6)
    np.testing.assert_allclose(table["1"], 1 - expected, atol=1e-7)
    assert table["prediction"].tolist() == ["no" if p > 0.5 else "1" for p in expected]


@pytest.mark.usefixtures("parts")
def test_columns_of_a_parquet_file_keep_their_types(binary, tmp_path):
    days = pandas.date_range("2020-01-01", periods=11).astype("datetime64[us]")
    ROWS.assign(day=days, n=ROWS["n"]).to_parquet(tmp_path / "rows.parquet")
    with pytest.warns(UserWarning, match="ignored columns"):
        binary.predict_files(tmp_path / "rows.parquet", tmp_path / "scores.parquet", keep=["day", "n"])
    table = pandas.read_parquet(tmp_path / "scores.parquet")
    assert table["day"].tolist() == days.tolist()
    assert table["n"].dtype == ROWS["n"].dtype
    np.testing.assert_allclose(table["no"], expected_of(binary), rtol=1e-6)


@pytest.mark.usefixtures("parts")
def test_records_of_json_lines(binary, tmp_path):
    records = [{**row, "more": [1]} for row in ROWS.drop(columns="note").to_dict("records")]
    records[7] = {**records[7], "id": None}
    (tmp_path / "rows.jsonl").write_text("\n\n".join(map(json.dumps, records)), encoding="utf-8-sig")
    with pytest.warns(UserWarning, match="rows.jsonl: ignored columns that the model does not take: 'more'$"):
        binary.predict_files(tmp_path / "rows.jsonl", tmp_path / "scores.jsonl", keep=["id"])
    answers = [json.loads(line) for line in (tmp_path / "scores.jsonl").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == [*ROWS["id"][:7], None, *ROWS["id"][8:]]
    np.testing.assert_allclose([answer["no"] for answer in answers], expected_of(binary), rtol=1e-6)


def test_numbers_are_written_with_all_their_digits(binary):
    scores = binary.scores(FRAME)[:, 0]
    assert np.float32(cells(scores)).tolist() == scores.tolist()
    assert np.float32([json.loads(line)["p"] for line in json_lines(["p"], [scores])]).tolist() == scores.tolist()


def test_a_frame(binary):
    frame = ROWS.set_index(pandas.Index(range(100, 111)))
    with pytest.warns(UserWarning, match="the DataFrame: ignored columns that the model does not take: 'note'"):
        table = binary.predict_table(frame, keep=["id"], prefix="p_")
    assert list(table) == ["id", "prediction", "p_1", "p_no"]
    assert table.index.equals(frame.index)
    np.testing.assert_array_equal(table["p_no"], expected_of(binary))
    assert binary.predict_table(FRAME[:2].to_dict("records")).index.tolist() == [0, 1]


def test_the_threshold_is_that_of_the_second_class(binary):
    expected = expected_of(binary)
    middle = float(np.median(expected))
    table = binary.predict_table(FRAME[:11], threshold=middle)
    assert table["prediction"].tolist() == ["no" if p > np.float32(middle) else "1" for p in expected]
    assert set(table["prediction"]) == {"no", "1"}
    for wrong in (1.5, "half", True):
        with pytest.raises(InvalidArgument, match="threshold must be a number >= 0 and <= 1"):
            binary.predict_table(FRAME[:2], threshold=wrong)


FAULTS = [
    ("n", 9, "x", r"input\['n'\] must be numbers, but 1 of 3 are none, the first in line 11 of r.csv \(among lines 10"),
    ("n", 5, "", r"input\['n'\] must be given in every row, .* the first in line 7 of r.csv"),
    ("age", 2, "1e999", r"input\['age'\] must be finite, .* in line 4 of r.csv"),
]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(("column", "row", "value", "message"), FAULTS)
def test_a_fault_is_named_by_file_row_column_and_value(binary, tmp_path, column, row, value, message):
    frame = ROWS.drop(columns="note").astype(object)
    frame.loc[row, column] = value
    frame.to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(InvalidArgument, match=message) as caught:
        binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv", keep=["id"])
    assert "\n" not in str(caught.value)
    assert [file.name for file in tmp_path.iterdir()] == ["r.csv"]  # not even a temporary file


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"age,home town,n\n" + b"1,Ulm,2\n" * 9 + b"1,Ulm\n", "cells in every row, but line 11 has 2"),
        (b"age,home town,n\n" + b"1,Ulm,2\n" * 9 + b"1,K\xf6ln,2\n", "line 11, column 'home town' has the byte 0xf6"),
        (b"age;home town;n\n" + b"1,5;Ulm;2\n" * 9 + b"1.5;Ulm;2\n", "one decimal mark, but column 'age' has '1,5'"),
        (b",age,home town,n\n" + b"".join(b"%d,1,Ulm,2\n" % k for k in (*range(9), 11)), "does not count the rows"),
    ],
)
def test_what_holds_for_a_whole_file_is_checked_across_its_parts(binary, tmp_path, content, message):
    (tmp_path / "r.csv").write_bytes(content)
    with pytest.raises(InvalidArgument, match=message):
        binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv")
    assert not (tmp_path / "scores.csv").exists()


@pytest.mark.usefixtures("parts")
def test_row_numbers_and_decimal_commas_are_read_in_parts(binary, tmp_path):
    FRAME[:11].to_csv(tmp_path / "r.csv", sep=";", decimal=",")
    binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv")
    np.testing.assert_allclose(pandas.read_csv(tmp_path / "scores.csv")["no"], expected_of(binary), rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": ["ID"]}, "keep must be columns of rows.csv: age, home town, n, id, note. Received: keep='ID'"),
        ({"keep": "id"}, "keep must be a sequence of strings"),
        ({"keep": ["id", "id"]}, "keep must be names of different columns"),
        ({"keep": ["id"], "to": "scores.txt"}, r"to must be a file whose name ends in \.csv"),
        ({"to": "rows.csv"}, "to must be a file that does not exist yet"),
        ({"to": "rows.csv", "overwrite": True}, "to must be another file than those of the inputs"),
        ({"to": "no/scores.csv"}, "to must be a file in a directory that exists"),
        ({"overwrite": "no"}, "overwrite must be True or False"),
        ({"prefix": 3}, "prefix must be a string"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*ignored columns")
def test_what_cannot_be_written(binary, rows, tmp_path, options, message):
    before = rows.read_bytes()
    with pytest.raises(InvalidArgument, match=message):
        binary.predict_files(rows, **{"to": tmp_path / "scores.csv", **options, **_within(tmp_path, options)})
    assert [file.name for file in tmp_path.iterdir()] == ["rows.csv"]
    assert rows.read_bytes() == before


def _within(folder, options):
    return {"to": folder / options["to"]} if "to" in options else {}


@pytest.mark.filterwarnings("ignore:.*ignored columns")
def test_a_file_is_replaced_if_that_is_asked_for(binary, rows, tmp_path):
    (tmp_path / "scores.csv").write_text("old")
    binary.predict_files(rows, tmp_path / "scores.csv", overwrite=True)
    assert (tmp_path / "scores.csv").read_text().startswith("prediction,1,no\n")


def test_columns_that_would_be_named_alike(binary, tmp_path):
    frame = FRAME[:3].assign(**{"1": 5, "prediction": 6})
    messages = {
        "1": "prefix must be one for which no two columns are named alike: '1' is also the column of a class",
        "prediction": "keep must be names other than 'prediction', the column of the predictions",
    }
    for name, message in messages.items():
        frame.drop(columns=set(messages) - {name}).to_csv(tmp_path / "r.csv", index=False)
        with pytest.raises(InvalidArgument, match=message):
            binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv", keep=[name])
    frame.drop(columns="prediction").to_csv(tmp_path / "r.csv", index=False)
    binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv", keep=["1"], prefix="p ")
    assert (tmp_path / "scores.csv").read_text().splitlines()[0] == "1,prediction,p 1,p no"


def test_odd_names_of_classes(tmp_path):
    names = np.array(["", 'a "b", c\n', "prediction"])
    predictor = trained(FRAME, names[N // 2 % 3], tmp_path)
    FRAME[:5].to_csv(tmp_path / "r.csv", index=False)
    with pytest.raises(InvalidArgument, match="prefix must be one that names the column of the class ''"):
        predictor.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv")
    predictor.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv", prefix="p:")
    table = pandas.read_csv(tmp_path / "scores.csv", keep_default_na=False)
    assert list(table) == ["prediction", "p:", 'p:a "b", c\n', "p:prediction"]
    np.testing.assert_array_equal(table.iloc[:, 1:].to_numpy("float32"), predictor.scores(FRAME[:5]))
    best = table.iloc[:, 1:].to_numpy().argmax(axis=1)
    assert table["prediction"].tolist() == [predictor.spec.class_names[k] for k in best]


@pytest.mark.filterwarnings("ignore:.*ignored columns")
def test_several_files_and_folders(binary, tmp_path):
    folder = tmp_path / "in"
    (folder / "below").mkdir(parents=True)
    ROWS[:6].to_csv(folder / "below" / "a.csv", index=False)
    ROWS[6:].to_parquet(folder / "b.parquet")
    (folder / "notes.md").write_text("no inputs")
    shares = []
    binary.predict_files(folder, tmp_path / "scores.csv", keep=["id"], progress=shares.append)
    table = pandas.read_csv(tmp_path / "scores.csv", dtype={"id": str})
    assert table["file"].tolist() == ["b.parquet"] * 5 + ["below/a.csv"] * 6
    assert sorted(table["id"]) == ROWS["id"].tolist()
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    (tmp_path / "empty").mkdir()
    with pytest.raises(InvalidArgument, match="input must be a folder with files of inputs"):
        binary.predict_files(tmp_path / "empty", tmp_path / "more.csv")
    with pytest.raises(InvalidArgument, match="keep must be names other than 'file'"):
        binary.predict_files(folder, tmp_path / "more.csv", keep=["file"])


def test_a_folder_of_images(exported, digits, tmp_path):
    predictor = Predictor(exported)
    images = digits.arrays("test")[0][:5]
    for k, image in enumerate(images):
        (tmp_path / "in" / str(k % 2)).mkdir(parents=True, exist_ok=True)
        keras.utils.save_img(tmp_path / "in" / str(k % 2) / f"{k}.png", image, scale=False)
    assert predictor.predict_files(tmp_path / "in", tmp_path / "scores.csv") == 5
    table = pandas.read_csv(tmp_path / "scores.csv")
    assert table["file"].tolist() == ["0/0.png", "0/2.png", "0/4.png", "1/1.png", "1/3.png"]
    order = [0, 2, 4, 1, 3]
    np.testing.assert_array_equal(table.iloc[:, 2:].to_numpy("float32"), predictor.scores(images[order]))
    keras.utils.save_img(tmp_path / "in" / "big.png", np.zeros((9, 9, 1)), scale=False)
    with pytest.raises(InvalidArgument, match=r"image of shape \(8, 8, 1\), but it is of \(9, 9, 1\).*'big.png'"):
        predictor.predict_files(tmp_path / "in", tmp_path / "more.csv")
    (tmp_path / "in" / "big.png").write_bytes(b"\x89PNG")
    with pytest.raises(InvalidArgument, match=r"readable image \(it .*'big.png'"):
        predictor.predict_files(tmp_path / "in", tmp_path / "more.csv")


def test_a_parquet_file_has_one_type_in_a_column(binary, tmp_path):
    ids = [[None, None], [7, None], ["seven"]]
    for k, values in enumerate(ids):
        rows = [{**row, "id": value} for row, value in zip(FRAME[:2].to_dict("records"), values, strict=False)]
        (tmp_path / f"{k}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    files = [tmp_path / f"{k}.jsonl" for k in range(3)]
    binary.predict_files(files[1:2], tmp_path / "scores.parquet", keep=["id"])
    assert pandas.read_parquet(tmp_path / "scores.parquet")["id"].tolist()[0] == 7
    for mixed in (files[1:], files[:2]):
        with pytest.raises(
            InvalidArgument, match=r"keep must be columns with values of one type, .*a .jsonl file has no"
        ):
            binary.predict_files(mixed, tmp_path / "more.parquet", keep=["id"])
    binary.predict_files(files, tmp_path / "all.jsonl", keep=["id"])
    read = [json.loads(line)["id"] for line in (tmp_path / "all.jsonl").read_text().splitlines()]
    assert read == [None, None, 7, None, "seven"]


@pytest.mark.thorough
def test_memory_does_not_grow_with_the_file(binary, tmp_path):
    peaks = []
    for count in (10_000, 60_000):
        pandas.concat([FRAME] * (count // 90)).to_csv(tmp_path / "r.csv", index=False)
        tracemalloc.start()
        binary.predict_files(tmp_path / "r.csv", tmp_path / "scores.csv", overwrite=True)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_categories_that_the_model_does_not_know_are_said_once(binary, tmp_path, suffix):
    towns = ["Ulm", "ULM", "Bonn", None, "Rome", "Ulm", "Ulm", "Rome", "Bonn", "Ulm", "Bonn"]
    rows = FRAME[:11].assign(**{"home town": towns})
    file = tmp_path / f"rows.{suffix}"
    if suffix == "csv":
        rows.to_csv(file, index=False)
    else:
        rows.to_json(file, orient="records", lines=True)
    told = "the model does not know some values: 'home town' 3 of 11, such as 'ULM'$"
    with pytest.warns(UserWarning, match=f"^rows.{suffix}: {told}") as caught:
        assert binary.predict_files(file, tmp_path / "scores.csv") == 11
    assert len(caught) == 1
    with pytest.warns(UserWarning, match=f"^the DataFrame: {told}"):
        binary.predict_table(rows)


def test_integers_and_many_columns_that_the_model_does_not_know():
    features = [Feature(name, "category", dtype="int64", vocabulary=(0, 1, 2)) for name in "abcdefg"]
    x, spec = [feature.name for feature in features], SimpleNamespace(features=features)
    unknown = UnknownCategories(spec)
    unknown.add({name: np.array([0, 2, 7, np.iinfo("int64").min]) for name in x})
    unknown.add({name: np.array([[8], [1]]) for name in x})
    each = [f"'{name}' 2 of 6, such as 7" for name in "abcde"]
    with pytest.warns(
        UserWarning, match=f"^rows: the model does not know some values: {'; '.join(each)}; and 2 more columns$"
    ):
        unknown.warn("rows")
    UnknownCategories(spec).warn("nothing")  # is no warning
