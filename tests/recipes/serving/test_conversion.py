import dataclasses

import numpy as np
import pandas
import pytest
import scipy.sparse

from callbacks.checks import InvalidArgument
from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.serving.conversion import fitted

NAN = np.nan
AGE = Feature("age", "number", (), "int64", (30.0,), (1.0,), missing=-1.0)
FARE = Feature("fare", "number", (), "float64", (3.0,), (1.0,), missing="nan")
SIZE = Feature("family.size", "number", (), "uint8", (3.0,), (1.0,))
ALONE = Feature("alone", "number", (), "bool", (0.5,), (1.0,))
DECK = Feature("deck", "category", (), "string", vocabulary=("B", "A"))
CLASS = Feature("class", "category", (), "int64", vocabulary=(2, 0, 1))
TRACK = Feature("track", "sequence", (None, 2), "float32", (0.0, 0.0), (1.0, 1.0), padding=-5.0)
BOX = Feature("box", "vector", (3,), "float32", (0.0,) * 3, (1.0,) * 3)
PHOTO = Feature("photo", "image", (2, 2, 1), "uint8", (0.0,), (1.0,))


def dtype(name):
    return np.dtype("object" if name == "string" else name)


def record(*features):
    """``record(AGE, ...)(inputs)``: what a model of such records takes."""
    spec = Spec("some", "mixed", "binary", (), "record", 1, class_names=("no", "yes"), features=features)
    taken = {each.name: (each.shape, dtype(each.dtype)) for each in features}
    return lambda inputs: fitted(inputs, taken, spec)


def spec_of(shape):
    """Of float images or of a table, of this shape; images have any size where it is None."""
    if len(shape) == 1:
        statistics = {"input_mean": (0.0,) * shape[0], "input_variance": (1.0,) * shape[0]}
        return Spec("some", "tabular", "binary", shape, "float32", 1, class_names=("no", "yes"), **statistics)
    channels = shape[-1]
    statistics = {"input_mean": (0.0,) * channels, "input_variance": (1.0,) * channels}
    any_size = {"class_names": ("no", "yes"), "resized": None in shape}
    return Spec("some", "image", "binary", (4, 5, channels), "float32", 1, **any_size, **statistics)


def values(arrays):
    return {name: array.tolist() for name, array in arrays.items()}


ROWS = {"age": [3, 4], "deck": ["B", "A"], "family.size": [2, 5]}


@pytest.mark.parametrize(
    "inputs",
    [
        ROWS,
        {name: np.array(column) for name, column in ROWS.items()},
        {"family": {"size": [2, 5]}, "deck": ["B", "A"], "age": [3.0, 4.0]},
        [{"age": 3, "deck": "B", "family.size": 2}, {"deck": "A", "family": {"size": "5"}, "age": "4"}],
        pandas.DataFrame(ROWS),
        {"age": ["3", " 4 "], "deck": (b"B", "A"), "family.size": (2, 5)},
    ],
)
def test_every_form_of_records(inputs):
    found = record(AGE, DECK, SIZE)(inputs)
    assert values(found) == ROWS
    assert list(found) == ["age", "deck", "family.size"]
    assert {name: array.dtype.name for name, array in found.items()} == {
        "age": "int64",
        "deck": "object",
        "family.size": "uint8",
    }


def test_a_single_record():
    expected = {"age": [3], "deck": ["B"], "box": [[1, 2, 3]]}
    assert values(record(AGE, DECK, BOX)({"age": 3, "deck": "B", "box": [1, 2, 3]})) == expected
    assert values(record(BOX)({"box": np.array([1, 2, 3])})) == {"box": [[1, 2, 3]]}
    assert values(record(BOX)({"box": np.array([[1, 2, 3]])})) == {"box": [[1, 2, 3]]}
    assert values(record(AGE)([{"age": 3}])) == {"age": [3]}


@pytest.mark.parametrize("gap", [None, NAN, "", " ", "?", "NA", "nan", "null"])
def test_missing_values_are_what_training_had(gap):
    found = record(AGE, FARE, DECK, CLASS)({"age": [gap, 5], "fare": [gap, 5], "deck": ["A", "B"], "class": [gap, 1]})
    assert found["age"].tolist() == [-1, 5]
    np.testing.assert_array_equal(found["fare"], [NAN, 5])
    unknown, known = found["class"].tolist()
    assert known == 1
    assert unknown not in CLASS.vocabulary


def test_words_for_missing_are_empty_where_training_has_empty_strings():
    deck = Feature("deck", "category", (), "string", vocabulary=("B", "", "na"))
    assert record(AGE, deck)({"age": [1] * 5, "deck": ["NA", "na", "B", None, "Z"]})["deck"].tolist() == [
        *("", "na", "B", "", "Z"),
    ]
    assert record(AGE, DECK)({"age": [1], "deck": ["NA"]})["deck"].tolist() == ["NA"]


def test_a_mask_hides_missing_values_in_columns_and_is_refused_elsewhere():
    columns = {"age": np.ma.masked_array([7, 5], [1, 0]), "deck": np.ma.masked_array(["A", "B"], [0, 1])}
    assert values(record(AGE, DECK)(columns)) == {"age": [-1, 5], "deck": ["A", ""]}
    with pytest.raises(InvalidArgument, match=r"input\['box'\] must be without a mask, but 1 of 3 values are masked"):
        record(BOX)({"box": np.ma.masked_array([[1, 2, 3]], [[0, 1, 0]])})
    with pytest.raises(InvalidArgument, match=r"input\['1'\] must be given in every row, as in training"):
        fitted(np.ma.masked_array([1, 2, 3], [0, 1, 0]), {"inputs": ((3,), np.dtype("float32"))}, spec_of((3,)))


def test_missing_strings_are_empty():
    gaps = [None, NAN, pandas.NA, pandas.NaT, "", "A"]
    assert record(DECK)({"deck": gaps})["deck"].tolist() == ["", "", "", "", "", "A"]
    assert record(DECK)(pandas.DataFrame({"deck": pandas.array(["A", None], "string")}))["deck"].tolist() == ["A", ""]


def test_keys_that_some_records_lack_are_missing_values():
    found = record(AGE, DECK)([{"age": 3}, {"deck": "A"}])
    assert values(found) == {"age": [3, -1], "deck": ["", "A"]}


def test_truth_and_strings_of_numbers():
    assert record(ALONE)({"alone": [True, "false", "TRUE", 0, "1", "no"]})["alone"].tolist() == [
        *(True, False, True, False, True, False),
    ]
    assert record(ALONE)({"alone": [True]})["alone"].dtype == bool
    assert record(DECK)({"deck": [3, 2.5, True]})["deck"].tolist() == ["3", "2.5", "True"]
    assert record(AGE)({"age": ["True", "false", None, "3"]})["age"].tolist() == [1, 0, -1, 3]  # booleans with gaps


def test_arrays_in_records():
    x = {"track": [[[1, 2]], [[3, 4], [5, 6]]], "box": [[1, 2, 3], [4, 5, 6]], "photo": np.ones((2, 2, 2, 1), "uint8")}
    found = record(TRACK, BOX, PHOTO)(x)
    assert found["track"].tolist() == [[[1, 2], [-5, -5]], [[3, 4], [5, 6]]]
    assert {name: array.dtype.name for name, array in found.items()} == {
        "track": "float32",
        "box": "float32",
        "photo": "uint8",
    }


@pytest.mark.parametrize(
    ("features", "inputs", "message"),
    [
        (
            [AGE, DECK],
            {"age": [3]},
            "input must be records with age, deck, in any order, and nothing else. Received: .*missing: deck",
        ),
        (
            [AGE, DECK],
            {"age": [3], "deck": ["A"], "id": [1]},
            "and nothing else; predict_table takes a DataFrame with other columns too. Received: input='unknown: id'",
        ),
        (
            [AGE, DECK],
            [{"age": 3, "decks": "A", "colour": 1}],
            "nothing else; 'decks' may be 'deck'. Received: input='missing: deck; unknown: decks, colour'",
        ),
        ([AGE], {"age": [3], "boat": [4]}, "Received: input='unknown: boat'"),
        ([AGE], np.zeros((2, 1)), "records with age, by name. Received: input='float64 of shape .2, 1.'"),
        ([AGE], "3", "records with age, by name. Received: input='str'"),
        ([AGE], [], "records with age, by name"),
        (
            [AGE, DECK],
            {"age": [3], "deck": ["A", "B"]},
            "columns of the same length, at least 1. Received: .*'deck': 2",
        ),
        ([AGE, DECK], {"age": 3, "deck": ["A", "B"]}, "columns of the same length, at least 1"),
        ([AGE], {"age": []}, "input must be at least one example"),
        ([AGE], {"age": ["three", 4, "five"]}, r"input\['age'\] must be numbers, but 2 of 3 are none. .*='three'"),
        ([AGE], {"age": [[3], [4]]}, r"input\['age'\] must be numbers, but 2 of 2 are none"),
        ([AGE], {"age": [3.5]}, r"input\['age'\] must be int64 values of shape \(None,\)"),
        ([SIZE], {"family.size": [300]}, r"input\['family.size'\] must be uint8 values .*int64 from 300 to 300"),
        (
            [SIZE],
            {"family.size": [None, 3]},
            "given in every row, as in training; it is missing in 1 of 2, the first in row 1",
        ),
        ([ALONE], {"alone": [None]}, "it is missing in 1 of 1"),
        ([Feature("n", "number", (), "float32", (0.0,), (1.0,))], {"n": [NAN, 1]}, "it is missing in 1 of 2"),
        ([FARE], {"fare": [1, np.inf]}, r"input\['fare'\] must be finite, but 1 of 2 are infinite"),
        ([FARE], {"fare": [1e300]}, "too large for float32"),
        ([BOX], {"box": [[1, 2], [3, 4]]}, r"input\['box'\] must be float32 values of shape \(None, 3\)"),
        ([BOX], {"box": [[1, 2, 3], [3, 4]]}, r"input\['box'\] must be float32 values of shape \(None, 3\)"),
        ([PHOTO], {"photo": np.ones((1, 2, 2, 1))}, r"input\['photo'\] must be uint8 values of shape"),
        (
            [TRACK],
            {"track": [[[1, 2, 3]]]},
            r"input\['track'\] must be float32 values of shape \(None, None, 2\), or a",
        ),
        ([TRACK], {"track": [[[1, NAN]]]}, r"input\['track'\] must be finite"),
        ([TRACK], {"track": [[]]}, r"input\['track'\] must be float32 values"),
    ],
)
def test_records_that_do_not_fit(features, inputs, message):
    with pytest.raises(InvalidArgument, match=message) as error:
        record(*features)(inputs)
    assert "\n" not in str(error.value)


WORDS = Feature("inputs", "text", (), "string", vocabulary=("film",), length=4)
SPECS = {
    each.kind: Spec(
        *("some", each.kind, "binary", each.shape, "string" if each.kind == "text" else "float32", 1),
        class_names=("no", "yes"),
        features=(Feature(**{**each.to_config(), "name": "inputs"}),),
    )
    for each in (WORDS, TRACK)
}


def alone(kind, inputs, padding=-5.0, shape=(None, 2)):
    """What the only input of a model of texts or sequences becomes."""
    taken = {"inputs": ((), np.dtype(object)) if kind == "text" else (shape, np.dtype("float32"))}
    spec = SPECS[kind]
    if kind == "sequence" and (padding, shape) != (-5.0, (None, 2)):
        size = shape[-1]
        feature = Feature("inputs", "sequence", shape, "float32", (0.0,) * size, (1.0,) * size, padding=padding)
        spec = Spec("some", kind, "binary", shape, "float32", 1, class_names=("no", "yes"), features=(feature,))
    return fitted(inputs, taken, spec)["inputs"]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("a film", ["a film"]),
        (["a film", "", None], ["a film", "", ""]),
        (np.array(["a film", "x"]), ["a film", "x"]),
        (np.array([["a film"], ["x"]], object), ["a film", "x"]),
        ([b"caf\xc3\xa9"], ["café"]),
        (pandas.Series(["a film", NAN]), ["a film", ""]),
        ({"inputs": "a film"}, ["a film"]),
    ],
)
def test_texts(inputs, expected):
    assert alone("text", inputs).tolist() == expected


@pytest.mark.parametrize(
    ("inputs", "message"), [(5, "input must be texts. Received: input=5"), ([], "at least one text")]
)
def test_what_is_no_text(inputs, message):
    with pytest.raises(InvalidArgument, match=message):
        alone("text", inputs)


TWO = [[[1, 2]], [[3, 4], [5, 6]]]


@pytest.mark.parametrize(
    ("inputs", "options", "expected"),
    [
        (TWO, {}, [[[1, 2], [-5, -5]], TWO[1]]),
        ([np.array(each) for each in TWO], {}, [[[1, 2], [-5, -5]], TWO[1]]),
        (np.array([TWO[1]]), {}, [TWO[1]]),
        (np.array(TWO[1]), {}, [TWO[1]]),
        (TWO[1], {}, [TWO[1]]),  # the steps of a single one
        (np.array([TWO[1]]), {"padding": None, "shape": (2, 2)}, [TWO[1]]),
        ([TWO[1], TWO[1]], {"padding": None, "shape": (2, 2)}, [TWO[1], TWO[1]]),
        ([[1, 2, 3], [4]], {"padding": 0.0, "shape": (None, 1)}, [[[1], [2], [3]], [[4], [0], [0]]]),
        ([[1], [2], [3]], {"padding": 0.0, "shape": (None, 1)}, [[[1], [2], [3]]]),
        (np.array([[1, 2], [3, 4]]), {"padding": 0.0, "shape": (None, 1)}, [[[1], [2]], [[3], [4]]]),
    ],
)
def test_sequences(inputs, options, expected):
    found = alone("sequence", inputs, **options)
    assert found.dtype == np.float32
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("inputs", "options"),
    [
        (TWO, {"padding": None}),  # of different lengths, for which the model has no filling
        ([TWO[0]], {"padding": None, "shape": (2, 2)}),
        ([[[1, 2, 3]]], {}),
        (np.zeros((2, 3, 4)), {}),
        (np.zeros(3), {}),
        ([["a", "b"]], {}),
        ([], {}),
        (5, {}),
        ([np.zeros((0, 2))], {}),
    ],
)
def test_sequences_that_do_not_fit(inputs, options):
    with pytest.raises(
        InvalidArgument, match=r"input must be float32 values of shape .*, or a list of arrays of shape"
    ):
        alone("sequence", inputs, **options)


@pytest.mark.parametrize(
    ("shape", "inputs", "expected"),
    [
        ((None, None, 3), (7, 9, 3), (1, 7, 9, 3)),
        ((None, None, 3), (2, 7, 9, 3), (2, 7, 9, 3)),
        ((None, None, 1), (7, 9), (1, 7, 9, 1)),
        ((None, None, 1), (2, 7, 9, 1), (2, 7, 9, 1)),
        ((4, 5, 1), (4, 5), (1, 4, 5, 1)),
        ((4, 5, 1), (4, 4, 5), (4, 4, 5, 1)),
        ((3,), (3,), (1, 3)),
        ((1,), (6,), (6, 1)),
    ],
)
def test_shapes(shape, inputs, expected):
    x = np.arange(np.prod(inputs)).reshape(inputs)
    found = fitted(x, {"inputs": (shape, np.dtype("float32"))}, spec_of(shape))["inputs"]
    assert (found.shape, found.dtype) == (expected, np.float32)
    assert found.ravel().tolist() == x.ravel().tolist()


def test_a_table_of_whole_numbers_takes_whole_floats_and_no_fractions():
    statistics = {"input_mean": (2.0**60, 0.0), "input_variance": (1.0, 1.0), "feature_names": ("a", "b")}
    task = {"task": "binary", "outputs": 1, "class_names": ("no", "yes")}
    spec = Spec("some", "tabular", input_shape=(2,), input_dtype="int64", **task, **statistics)
    taken = {"inputs": ((2,), np.dtype("int64"))}
    large = 2**60 + 1  # as a float, it would be 2^60
    for inputs in ({"b": [2.0], "a": [large]}, [{"a": str(large), "b": " 2"}], np.array([[large, 2]])):
        assert fitted(inputs, taken, spec)["inputs"].tolist() == [[large, 2]]
    assert fitted(np.array([[3.0, 2.0]]), taken, spec)["inputs"].tolist() == [[3, 2]]
    assert fitted(scipy.sparse.csr_array(np.eye(2)), taken, spec)["inputs"].tolist() == [[1, 0], [0, 1]]
    for inputs in ({"a": [3], "b": [2.7]}, np.array([[3, 2.7]])):
        with pytest.raises(InvalidArgument, match=r"must be (whole numbers, .*=2.7|int64 values of shape)"):
            fitted(inputs, taken, spec)


NUMBERS = Spec(
    kind="tabular",
    input_shape=(2,),
    input_dtype="float32",
    input_mean=(0.0, 0.0),
    input_variance=(1.0, 1.0),
    name="some",
    task="binary",
    outputs=1,
    class_names=("no", "yes"),
)
NAMED = dataclasses.replace(NUMBERS, feature_names=("a", "b"))


@pytest.mark.parametrize("value", [NAN, np.inf, -np.inf, 1e300, None])
@pytest.mark.parametrize("form", ["rows", "array", "by name", "objects", "frame"])
def test_what_is_not_finite_is_refused_however_it_comes(form, value):
    """One rule: missing values are for columns that had some in training, and infinite ones for none."""
    if form in ("rows", "array"):
        rows = [[1.0, 2.0], [3.0, NAN if value is None else value]]
        inputs, spec = rows if form == "rows" else np.array(rows), NUMBERS
    else:
        columns = {"a": [1.0, 3.0], "b": [2.0, value]}
        objects = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        inputs = {"by name": columns, "objects": objects, "frame": pandas.DataFrame(columns)}[form]
        spec = NAMED
    with pytest.raises(InvalidArgument, match=r"(finite|given in every row),.* the first in row 2") as caught:
        fitted(inputs, {"inputs": ((2,), np.dtype("float32"))}, spec)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("value", [NAN, np.inf, 1e300])
def test_what_is_not_finite_is_refused_within_vectors_and_images(value):
    photo = Feature("photo", "image", (1, 2, 1), "float32", (0.0,), (1.0,))
    inputs = {"box": [[1.0, 2.0, 3.0], [4.0, 5.0, value]], "photo": np.array([0, 0, 0, value]).reshape(2, 1, 2, 1)}
    for feature in (BOX, photo):
        with pytest.raises(InvalidArgument, match=r"finite, but 1 of 2 have .* the first in row 2"):
            record(feature)({feature.name: inputs[feature.name]})
