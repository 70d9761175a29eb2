import keras
import numpy as np
import pytest
import tensorflow as tf

from callbacks.checks import InvalidArgument
from recipes.data import Data
from recipes.models import MODELS, tabular

RANDOM = np.random.default_rng(0)


def columns(count=60):
    return {
        "age": np.where(np.arange(count) % 7 == 0, -1, np.arange(count)),
        "fare": np.where(np.arange(count) % 9 == 0, np.nan, RANDOM.normal(size=count)),
        "deck": np.array(["A", "B", "C", ""])[np.arange(count) % 4],
        "alone": np.arange(count) % 5 == 0,
    }


@pytest.fixture(scope="module")
def data():
    return Data.from_arrays(columns(), np.arange(60) // 3 % 3, batch_size=16)


def dense(model):
    return [layer.units for layer in model.layers if isinstance(layer, keras.layers.Dense) and layer.trainable]


def test_a_dictionary_of_raw_columns_in_and_probabilities_out(data):
    model = tabular(data.spec)
    assert {name: each.shape for name, each in model.input.items()} == dict.fromkeys(columns(), (None,))
    assert model.output_shape == (None, 3)
    assert (model.name, model.compiled, dense(model)) == ("tabular", False, [64, 32, 3])
    answers = model.predict(data.test, verbose=0)
    np.testing.assert_allclose(answers.sum(axis=1), 1.0, rtol=1e-5)
    assert model.get_layer("record").output.shape == (None, 2 + 2 + 5 + 1)  # two indicators, and one for unknown decks


def test_what_is_missing_or_unknown_has_an_answer(data):
    raw = {"age": [-1, 3], "fare": [np.nan, np.nan], "deck": ["never seen", ""], "alone": [True, False]}
    tensors = {each.name: tf.constant(raw[each.name], each.dtype) for each in data.spec.features}
    assert np.isfinite(tabular(data.spec)(tensors)).all()


@pytest.mark.parametrize(("count", "units"), [(4, (64, 32)), (20, (64, 32)), (21, (128, 64)), (101, (300, 100))])
def test_the_sizes_by_default(count, units):
    assert dense(tabular(input_shape=(count,), outputs=3)) == [*units, 3]


def test_sizes_of_a_table_and_of_a_record():
    table = Data.from_arrays(RANDOM.normal(size=(30, 25)), np.arange(30) % 2)
    assert dense(tabular(table.spec)) == [128, 64, 1]
    record = Data.from_arrays({f"n{i}": RANDOM.normal(size=30) for i in range(21)}, np.arange(30) % 2)
    assert dense(tabular(record.spec)) == [128, 64, 1]
    assert dense(tabular(record.spec, hidden=(7,))) == [7, 1]
    assert MODELS.build("tabular", spec=table.spec, hidden=()).output_shape == (None, 1)


@pytest.mark.parametrize(
    ("y", "last", "outputs"),
    [
        (np.arange(60) // 3 % 2, "probability", 1),
        (np.stack([np.arange(60) // 3 % 2, np.arange(60) // 5 % 2, np.ones(60, int)], axis=1), "probabilities", 3),
        (100 + RANDOM.normal(size=60), "target_scale", 1),
        (RANDOM.normal([5, 100], [1, 20], (60, 2)), "target_scale", 2),
    ],
)
def test_every_task(y, last, outputs):
    model = tabular(Data.from_arrays(columns(), y).spec)
    assert (model.layers[-1].name, model.output_shape) == (last, (None, outputs))


def test_answers_start_around_the_targets():
    y = RANDOM.normal([5, 100], [1, 20], (60, 2))
    data = Data.from_arrays(columns(), y)
    answers = tabular(data.spec).predict(data.test, verbose=0)
    assert (np.abs(answers.mean(axis=0) - [5, 100]) < [3, 60]).all()


def test_regularizers_and_normalization(data):
    model = tabular(data.spec, regularizer="l2+dropout", normalization="batch")
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("BatchNormalization") == 2
    assert "Dropout" in kinds
    assert len(model.losses) == 3


def test_it_learns_from_categories_and_gaps():
    random = np.random.default_rng(1)
    deck, fare = random.integers(0, 4, 400), random.normal(size=400)
    fare[random.random(400) < 0.3] = np.nan
    y = ((deck % 2 == 0) ^ np.isnan(fare)).astype(int)  # neither alone says anything
    data = Data.from_arrays({"deck": np.array(["A", "B", "C", ""])[deck], "fare": fare}, y)
    keras.utils.set_random_seed(0)
    model = tabular(data.spec)
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    model.fit(data.train, epochs=8, shuffle=False, verbose=0)
    assert model.evaluate(data.test, verbose=0)[1] > 0.9


def test_other_data_are_refused():
    photo = np.zeros((30, 6, 6), "uint8")
    y = np.arange(30) % 2
    for x, received in (
        (photo, "'image'"),
        ({"photo": photo, "n": np.arange(30) // 2}, r"\['photo'\]"),
        (["some words here"] * 30, "'text'"),
    ):
        with pytest.raises(InvalidArgument, match=rf"spec must be of a table: .* Received: spec={received}"):
            tabular(Data.from_arrays(x, y).spec)
