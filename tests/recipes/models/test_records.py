import keras
import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Spec
from recipes.data.feature import Feature
from recipes.models import mlp
from recipes.models.blocks import Style
from recipes.models.inputs import model_input
from recipes.regularization.l2 import L2
from recipes.regularization.max_norm import MaxNorm

NAN = np.nan
RANDOM = np.random.default_rng(0)


def number(name="n", dtype="float32", mean=3.0, variance=4.0, missing=None):
    return Feature(name, "number", (), dtype, (mean,), (variance,), missing=missing)


def category(values, name="c", dtype="string"):
    return Feature(name, "category", (), dtype, vocabulary=tuple(values))


TRACK = Feature("s", "sequence", (None, 2), "float32", (1.0, 10.0), (4.0, 25.0), length=4, padding=0.0)
STEPS = RANDOM.normal([1, 10], [2, 5], (3, 4, 2)).astype("float32")
WORDS = Feature("t", "text", (), "string", vocabulary=("film", "good", "bad"), length=4)


def of(spec):
    """The model from raw inputs to the preprocessed tensor."""
    inputs, x = model_input(spec, spec.input_shape, None, Style())
    return keras.Model(inputs, x)


def encoder(*features):
    """The same for records of these features."""
    return of(Spec("some", "mixed", "binary", (), "record", 1, class_names=("no", "yes"), features=features))


def encoded(features, **columns):
    """What becomes of these columns of a record, as NumPy."""
    model = encoder(*features)
    by_name = {each.name: each for each in features}
    raw = {name: tf.constant(values, by_name[name].dtype) for name, values in columns.items()}
    found = model(raw, training=False).numpy()
    assert found.dtype == np.float32
    return found


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8"])
def test_numbers_have_zero_mean_and_unit_variance(dtype):
    values = np.array([1, 3, 9], dtype)
    np.testing.assert_allclose(encoded([number(dtype=dtype)], n=values)[:, 0], (values.astype(float) - 3) / 2)


def test_booleans():
    feature = number(dtype="bool", mean=0.25, variance=0.1875)
    expected = (np.array([1.0, 0.0]) - 0.25) / np.sqrt(0.1875)
    np.testing.assert_allclose(encoded([feature], n=[True, False])[:, 0], expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("missing", "dtype", "value"),
    [("nan", "float32", NAN), ("nan", "float64", NAN), (-1.0, "int64", -1), (-999.0, "float32", -999.0)],
)
def test_the_mean_stands_for_missing_numbers_and_a_second_number_says_so(missing, dtype, value):
    found = encoded([number(dtype=dtype, missing=missing)], n=[5, value, 0])
    np.testing.assert_allclose(found, [[1.0, 0.0], [0.0, 1.0], [-1.5, 0.0]])


def test_categories_are_one_hot_in_the_order_of_their_frequency():
    found = encoded([category(["B", "A", ""])], c=["A", "", "B", "Z", "a"])
    unknown = [1, 0, 0, 0]
    np.testing.assert_array_equal(found, [[0, 0, 1, 0], [0, 0, 0, 1], [0, 1, 0, 0], unknown, unknown])


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_categories_of_whole_numbers(dtype):
    found = encoded([category([7, 0, 3], dtype=dtype)], c=[0, 7, 3, 9])
    np.testing.assert_array_equal(found, [[0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1], [1, 0, 0, 0]])


@pytest.mark.parametrize(("values", "width", "learned"), [(31, 32, False), (32, 11, True), (999, 50, True)])
def test_a_category_of_many_values_has_vectors(values, width, learned):
    names = [f"v{number}" for number in range(values)]
    model = encoder(category(names))
    found = model({"c": tf.constant([names[0], names[-1], "other", "another"])}).numpy()
    assert found.shape == (4, width)
    embeddings = [layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)]
    assert bool(embeddings) is learned
    np.testing.assert_array_equal(found[2], found[3])  # those that training has not shown
    if learned:
        (table,) = embeddings[0].get_weights()
        np.testing.assert_array_equal(found, table[[1, values, 0, 0]])
        assert len(table) == values + 1


def test_a_text_is_the_average_of_its_words():
    model = encoder(WORDS)
    (table,) = next(layer for layer in model.layers if isinstance(layer, keras.layers.Embedding)).get_weights()
    assert table.shape == (3 + 2, 16)
    texts = ["good film", "Good, FILM!", "film", "odd film", "good bad film good bad bad bad", "", "?"]
    found = model({"t": tf.constant(texts)}).numpy()
    film, good, bad, unknown = table[2], table[3], table[4], table[1]
    expected = [
        *((good + film) / 2, (good + film) / 2, film, (unknown + film) / 2),
        *((good + bad + film + good) / 4, 0 * film, 0 * film),  # four words are read; without words it is 0, not NaN
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_vectors():
    feature = Feature("v", "vector", (2,), "float32", (1.0, 10.0), (4.0, 25.0))
    np.testing.assert_allclose(encoded([feature], v=[[3, 0], [1, 15]]), [[1, -2], [0, 1]])


def test_the_parts_of_a_record_stand_side_by_side():
    vector = Feature("v", "vector", (2,), "float32", (1.0, 10.0), (4.0, 25.0))
    features = [vector, category(["B", "A"]), number("a.b", missing=-1.0), number("z")]
    found = encoded(features, v=[[3, 0]], c=["A"], z=[5], **{"a.b": [-1]})
    np.testing.assert_allclose(found, [[0, 0, 1, 0, 1, 1, 1, -2]])  # columns in their order, then the rest
    model = encoder(*features)
    assert {name: (each.dtype, each.shape) for name, each in model.input.items()} == {
        "v": ("float32", (None, 2)),
        "c": ("string", (None,)),
        "a.b": ("float32", (None,)),
        "z": ("float32", (None,)),
    }


def test_what_fills_up_a_sequence_is_not_read():
    model = encoder(TRACK)
    short = STEPS[:, :2]
    filled = np.concatenate([short, np.zeros((3, 5, 2), "float32")], axis=1)
    expected = model({"s": short}).numpy()
    np.testing.assert_allclose(model({"s": filled}).numpy(), expected, atol=1e-6)
    assert np.abs(model({"s": STEPS}).numpy() - expected).max() > 1e-3


@pytest.fixture
def recorded():
    """A Spec of records of a sequence and a number."""
    return Spec("some", "mixed", "binary", (), "record", 1, class_names=("no", "yes"), features=(TRACK, number()))


def test_penalties_and_constraints_act_on_both_kernels_of_what_reads_a_sequence(recorded):
    model = mlp(recorded, hidden=(5,), regularizer=[L2(1.0), MaxNorm(0.1)])
    (lstm,) = (layer for layer in model.layers if isinstance(layer, keras.layers.LSTM))
    kernels = [lstm.cell.kernel, lstm.cell.recurrent_kernel]
    kernels += [layer.kernel for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    expected = 0.5 * sum((kernel.numpy() ** 2).sum() for kernel in kernels)
    np.testing.assert_allclose(sum(float(loss) for loss in model.losses), expected, rtol=1e-5)
    for kernel in kernels[:2]:
        assert kernel.constraint is not None
        assert np.linalg.norm(kernel.constraint(kernel), axis=0).max() == pytest.approx(0.1, rel=1e-4)


def test_dropout_stands_after_what_reads_a_sequence(recorded):
    model = mlp(recorded, hidden=(), regularizer="dropout")
    (lstm,) = (layer for layer in model.layers if isinstance(layer, keras.layers.LSTM))
    (after,) = (layer for layer in model.layers if layer.input is lstm.output)
    assert isinstance(after, keras.layers.Dropout)


def test_without_regularizers_a_sequence_is_read_by_keras_own_lstm(recorded):
    """With the same start: a seed gives the same model as plain Keras would."""
    keras.utils.set_random_seed(0)
    plain = keras.layers.LSTM(32)
    plain.build((None, None, 2))
    keras.utils.set_random_seed(0)
    model = mlp(recorded, hidden=())
    (lstm,) = (layer for layer in model.layers if isinstance(layer, keras.layers.LSTM))
    for ours, theirs in zip(lstm.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
