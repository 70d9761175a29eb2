import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.data.strings.date_strings import PARTS, dates_in
from recipes.data.strings.number_strings import numbers_in
from recipes.models.string_values import date_of, number_of

NUMBERS = [
    "12.5",
    " 7",
    "1,200",
    "$1,200.25",
    "-3e-5",
    "12 %",
    "",
    "NA",
    "1" * 41,
    "1.2.3",
    "12345678901234567890",
    "٣",
    "3e38",
    "-1e39",
    "1e400",
]
DATES = [
    "5 Jan 2020 1:30 PM",
    "05 December 1999 12:00 am",
    "29-feb-2020",
    "",
    "soon",
    "31 Dec 2020 11:59 pm",
    "5 x 2020",
    "5 Jan 2020 x",
    "5 Jan 2020 13:30",
]
FORMAT = "%d %b %Y %I:%M %p"


@pytest.fixture(scope="module")
def model():
    first, second = keras.Input((1,), dtype="string"), keras.Input((1,), dtype="string")
    days, parts = date_of(second, FORMAT, PARTS)
    return keras.Model([first, second], [number_of(first, "."), days, *parts])


def column(texts):
    return tf.constant([[text] for text in (texts + NUMBERS)[: len(NUMBERS)]])


def test_a_model_reads_what_numpy_reads(model):
    numbers, days, *parts = (np.asarray(values) for values in model([column(NUMBERS), column(DATES)]))
    expected = numbers_in(NUMBERS, ".")
    expected[-2:] = np.nan  # too large for float32
    np.testing.assert_allclose(numbers[:, 0], expected, rtol=1e-15)
    texts = [text[0].decode() for text in column(DATES).numpy().tolist()]
    expected, positions = dates_in(texts, FORMAT)
    np.testing.assert_array_equal(days[:, 0], expected)
    for part, values in zip(PARTS, parts, strict=True):
        angle = 2 * np.pi * positions[part]
        np.testing.assert_allclose(values, np.stack([np.sin(angle), np.cos(angle)], axis=1), atol=1e-6)


def test_files_of_the_model_read_the_same(model, tmp_path):
    inputs = [column(NUMBERS), column(DATES)]
    expected = [np.asarray(values) for values in model(inputs)]
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "saved", verbose=False)
    loaded = keras.models.load_model(tmp_path / "model.keras")  # which needs no class of this package
    for answers in (loaded(inputs), tf.saved_model.load(tmp_path / "saved").serve(inputs)):
        for values, right in zip(answers, expected, strict=True):
            np.testing.assert_array_equal(np.asarray(values), right)
